"""The node's counter: what API and command line ask of it, over one database and one ledger view.

Decides how a certificate and the node itself are described to their own body. Holds no key: what
has to be signed is kept for the worker. Refuses what needs the ledger as long as the node is not
connected to one, or the worker has not followed it far enough to know this body.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import IntegrityError

from contracts.ledgerstore import LedgerStore
from core.errors import NotFound, Unavailable
from core.events import MemberAdmitted, MemberExpelled, member_key
from core.issuer import did_of_endpoint
from core.record import Record
from core.report import timestamp
from node.accredited import Gate
from node.backlog import Backlog
from node.config import NodeConfig
from node.decide import Decision, decide, decisions_of, preview_decision
from node.declare import Declaration, Preview, declarations_of, declare, preview
from node.history import life_of
from node.identifiers import Clock, Random
from node.intake import held_receipt, new_record
from node.issue import list_url
from node.lifecycle import MOVES, Change, Outcome
from node.membership import Evidence, Membership, open_followed
from node.order import Order
from node.places import NodePlaces
from node.planning import standing_of
from node.receipt import receipt_from
from node.states import BatchState
from node.store import acts, batches, credentials, records
from node.store.engine import Store

if TYPE_CHECKING:
    from node.wakeups import Bell


@dataclass(frozen=True, slots=True)
class LedgerView:
    """One consistent view of the followed ledger, and which member of it this body is."""

    evidence: Evidence
    body: Membership


class Desk:
    """What one process of a node works with. Threads may share it.

    Args:
        config: the node's settings.
        places: where its files lie.
        store: its database.
        clock: the time now.
        random: a cryptographic source of bytes.
    """

    def __init__(
        self, config: NodeConfig, places: NodePlaces, store: Store, clock: Clock, random: Random
    ) -> None:
        self.config = config
        self.places = places
        self.store = store
        self.clock = clock
        self.random = random
        self._followed: LedgerStore | None = None
        self._bell: Bell | None = None
        self._opening = Lock()
        self._backlog = Backlog(store, config.backlog, clock)

    def close(self) -> None:
        """Close what was opened here, and the database."""
        if self._followed is not None:
            self._followed.close()
        if self._bell is not None:
            self._bell.close()
        self.store.close()

    def require_room(self) -> None:
        """Raise ``Unavailable`` when too much waits already."""
        self._backlog.require_room()

    def gate(self) -> Gate:
        """Return what judges records by the ledger as it is known now."""
        mode, now = self.config.intake, self.clock()
        try:
            with self.ledger() as view:
                return Gate.over(mode, view.evidence, view.body.member, now)
        except Unavailable:
            return Gate.blind(mode, now)

    def wake_worker(self) -> None:
        """Tell the worker that something waits; it finds it anyway, but later."""
        if self._bell is None and self.config.redis:
            from node.wakeups import Bell

            self._bell = Bell(self.places.redis_url(self.config), self.config.endpoint)
        if self._bell is not None:
            self._bell.ring()

    @contextmanager
    def ledger(self) -> Iterator[LedgerView]:
        """Yield the followed ledger as it is known now.

        Raises:
            Unavailable: there is none, or it does not know this body yet.
        """
        with self._snapshot() as evidence:
            body = _body(evidence, self.config.endpoint)
            if body is None:
                raise Unavailable(
                    "ledger_not_followed",
                    "the ledger has not been followed far enough to know this body",
                    "keep comity node run going; it follows the ledger",
                    retry_after=5,
                )
            yield LedgerView(evidence, body)

    def certificate(self, number: str) -> dict[str, Any]:
        """Return all that the body knows of one certificate's way, newest revision first.

        Raises:
            NotFound: this body has no such certificate.
        """
        with self.store.reading() as connection:
            rows = records.journeys(connection, number)
            decided = decisions_of(connection, number)
        refused = [one.dump() for one in decided if one.change is Change.REFUSE]
        if not rows and not refused:
            raise NotFound("no_such_certificate", "this body has no such certificate")
        revisions = [
            {
                "revision": row.revision,
                "receipt": receipt_from(row).dump(),
                **self._life(number, row.revision),
                "declarations": [
                    one.dump() for one in declarations_of(self.store, number, row.revision)
                ],
            }
            for row in rows
        ]
        return {"number": number, "revisions": revisions, "refused": refused}

    def carry_out(self, order: Order, key: str | None = None) -> Declaration | Decision:
        """Keep what carries out an order, on the ledger or at home, and wake the worker.

        Raises:
            ComityError: as ``declare`` and ``decide`` do; or nothing more is taken in now.
        """
        if order.successor is not None:
            self.require_room()
            self._require_accredited(order.successor)
        try:
            done = self._carry_out(order, key)
        except IntegrityError:  # a database that lets two writers in at once: the other was first
            done = self._carry_out(order, key)
        self.wake_worker()
        return done

    def _carry_out(self, order: Order, key: str | None) -> Declaration | Decision:
        act = decide if MOVES[order.change].outcome is Outcome.KEPT else declare
        with self.ledger() as view:
            return act(
                self.store, view.evidence, view.body.member, order,
                now=self.clock(), random=self.random, idempotency_key=key,
            )  # fmt: skip

    def preview(self, order: Order) -> Preview:
        """Return what an order would do; raises as ``carry_out`` does, and keeps nothing."""
        if order.successor is not None:
            self._require_accredited(order.successor)
        look = preview_decision if MOVES[order.change].outcome is Outcome.KEPT else preview
        with self.ledger() as view:
            return look(self.store, view.evidence, view.body.member, order, now=self.clock())

    def overview(self) -> dict[str, Any]:
        """Return how the node stands: backlog, last anchor, ledger, worker."""
        with self.store.reading() as connection:
            counts = records.counts(connection)
            newest = batches.newest_anchored(connection)
            open_acts = acts.count_open(connection)
            open_batches = sum(
                batches.count(connection, state) for state in (BatchState.SEALED, BatchState.SENT)
            )
        return {
            "endpoint": self.config.endpoint,
            "receipts": counts,
            "backlog": sum(counts[state] for state in ("received", "issued", "sealed", "sent")),
            "open_batches": open_batches,
            "open_acts": open_acts,
            "last_anchor": None
            if newest is None
            else {
                "root": newest.root.hex(),
                "size": newest.size,
                "block": newest.anchored_block,
                "time": newest.anchored_time,
            },
            "ledger": self._ledger_overview(),
            "worker": self.worker(),
        }

    def worker(self) -> dict[str, Any] | None:
        """Return what the worker last said of itself, with its age; None if it never did."""
        try:
            told = json.loads(self.places.worker_health.read_text("utf-8"))
            age = (self.clock() - datetime.fromisoformat(told["at"])).total_seconds()
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return {
            "age_seconds": max(0, int(age)),
            **{name: told.get(name) for name in ("pid", "member", "fence", "held", "failing")},
        }

    def _require_accredited(self, successor: Record) -> None:
        """Raise where intake refuses a successor, unless it is held; the pointers start at it."""
        refused = self.gate().judge(successor).error()
        if refused is not None:
            with self.store.reading() as connection:
                if held_receipt(connection, new_record(successor, bytes)) is None:
                    raise refused

    @contextmanager
    def _snapshot(self) -> Iterator[Evidence]:
        settings = self.config.ledger
        if settings is None:
            raise Unavailable(
                "not_connected", "this node is connected to no ledger",
                "comity node connect --rpc URL --origin ORIGIN",
            )  # fmt: skip
        with self._opening:
            if self._followed is None:
                self._followed = open_followed(self.places.followed_ledger, settings.origin)
        with self._followed.snapshot() as snapshot:
            yield snapshot

    def _life(self, number: str, revision: int) -> dict[str, Any]:
        """Return a revision's slot, where it stands, and its events, as far as they are known."""
        told: dict[str, Any] = {"slot": None, "status": None, "events": []}
        with self.store.reading() as connection:
            held = credentials.held(connection, number, revision)
            if held is None:
                return told
            told["slot"] = f"{list_url(self.config.endpoint, held.list_number)}#{held.list_index}"
            try:
                with self.ledger() as view:
                    evidence, member = view.evidence, view.body.member
                    life = life_of(connection, evidence, member, held, self.clock())
                    standing = standing_of(connection, evidence, member, held.slot)
            except Unavailable:
                life = life_of(connection, None, 0, held, self.clock())
            else:
                state = standing.at(Record.read(held.content).dates, self.clock())
                since = timestamp(standing.since) if standing.since else None
                told["status"] = {"state": state.value, "since": since}
        told["events"] = [event.dump() for event in life]
        return told

    def _ledger_overview(self) -> dict[str, Any] | None:
        settings = self.config.ledger
        if settings is None:
            return None
        with self._snapshot() as evidence:
            head, body = evidence.head, _body(evidence, self.config.endpoint)
        age = None if head is None else max(0, int(self.clock().timestamp()) - head.time)
        return {
            "origin": settings.origin,
            "member": body.member if body else None,
            "block": head.block if head else None,
            "age_seconds": age,
        }


def _body(evidence: Evidence, endpoint: str) -> Membership | None:
    """Return the member with this endpoint, which on the ledger has one member for ever."""
    member = evidence.member_of(did_of_endpoint(endpoint) or "")
    history = evidence.history(member_key(member)) if member is not None else ()
    admitted = next((event for event in history if isinstance(event, MemberAdmitted)), None)
    if admitted is None:
        return None
    expelled = any(isinstance(event, MemberExpelled) for event in history)
    return Membership(admitted.member, admitted.endpoint, admitted.name(), expelled)
