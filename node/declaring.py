"""Declaring, the worker's part: declarations go to the ledger through the one sender.

Decides grouping (many orders in one transaction, all or none; one at a time for each slot, in
order; the declarations of one order never apart) and the end: a declaration is recorded when the
follower has seen the ledger's own event. A certificate takes another's place only once it is
anchored: until then its order waits. When a group is refused its orders are tried one by one, so
that a bad one does not hold up the rest. What the ledger refuses for now waits; what it refuses for
good ends with a refusal.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import chain
from typing import Final

from contracts import calls
from contracts.interfaces import LedgerRefused
from contracts.reader import Ledger
from core.errors import ComityError, FormatError
from core.events import StatusDeclared, status_key
from core.registry import LedgerEvidence
from core.runtime.logs import logger
from core.runtime.steps import Step
from node.anchoring import Fenced
from node.membership import Membership
from node.sending import Sender
from node.states import BatchState, DeclarationState, OutgoingKind, OutgoingState
from node.store import declarations, outbox
from node.store.declarations import OpenDeclaration
from node.store.engine import Store

GROUP: Final = 100  # far below what one block's gas allows
Order = tuple[OpenDeclaration, ...]
"""The declarations that were ordered together, and go together."""

_WAITS: Final = frozenset({"member_not_active", "member_is_frozen"})
_REFUSALS: Final = {
    "move_forbidden": "move_forbidden",
    "restored_before_suspension": "restored_before_suspension",
    "effective_time_out_of_range": "time_out_of_range",
    "until_out_of_range": "time_out_of_range",
    "link_invalid": "link_invalid",
    "role_missing": "role_missing",  # no member ever changes its role
}


class Declaring:
    """One worker's declaring.

    Args:
        member: the body on the ledger.
        sender: the one sender of its operating account.
    """

    def __init__(self, store: Store, ledger: Ledger, sender: Sender, member: int) -> None:
        self._store = store
        self._sender = sender
        self._member = member
        self._calls = calls.Calls(ledger.contracts)
        self._log = logger("declaring")
        self.held: str | None = None

    def observe(self, evidence: LedgerEvidence) -> int:
        """Mark what the ledger has recorded; take back what came to nothing.

        Returns:
            how many declarations are recorded now that were not before.
        """
        with self._store.reading() as connection:
            sent = [
                one
                for one in declarations.under_way(connection)
                if one.state is DeclarationState.SENT
            ]
            ids = sorted({one.outgoing_id for one in sent if one.outgoing_id is not None})
            ends = outbox.states(connection, ids) if ids else {}
        return sum(self._observe_one(one, evidence, ends) for one in sent)

    def submit(self, body: Membership, *, now: datetime) -> int:
        """Sign and store transactions for the declarations that may go; return how many go."""
        with self._store.reading() as connection:
            under_way = declarations.under_way(connection)
        orders = _first_of_each_slot(under_way)
        self._refuse_lost(orders)
        group = _at_most(GROUP, [order for order in orders if _may_go(order)])
        if not group:
            return 0
        refused = self._send(list(chain(*group)), now)
        if refused is None:
            return sum(map(len, group))
        if len(group) == 1:
            self._judge(group[0], body, refused)
            return 0
        sent = 0
        for order in group:
            refused = self._send(order, now)
            if refused is None:
                sent += len(order)
            else:
                self._judge(order, body, refused)
        return sent

    def _send(self, group: Sequence[OpenDeclaration], now: datetime) -> ComityError | None:
        stated = [
            calls.Declaration(
                one.slot, one.code, one.reason, one.effective_at, one.until,
                one.linked_member, one.linked_slot,
            )
            for one in group
        ]  # fmt: skip
        ids = [one.id for one in group]
        try:
            call = (
                self._calls.declare(stated[0])
                if len(stated) == 1
                else self._calls.declare_many(stated)
            )
            self._sender.prepare(
                OutgoingKind.DECLARE,
                call,
                now=now,
                attach=lambda connection, outgoing_id: declarations.mark_sent(
                    connection, ids, outgoing_id
                ),
            )
        except (LedgerRefused, FormatError) as refused:  # the latter: no contract could be asked
            return refused
        self.held = None
        return None

    def _refuse_lost(self, orders: Iterable[Order]) -> None:
        """End the orders whose successor will never be anchored."""
        for order in orders:
            if any(one.grants and one.batch_state is BatchState.REFUSED for one in order):
                self._refuse(order, "successor_refused")

    def _judge(self, order: Order, body: Membership, refused: ComityError) -> None:
        if refused.code == "not_operating":
            raise Fenced(
                "not_operating", "the operating account is not this body's any more"
            ) from None
        if refused.code in _WAITS and not body.is_expelled:
            if self.held != refused.code:
                self._log.warning("declaring_held", code=refused.code)
            self.held = refused.code
            return
        code = _REFUSALS.get(refused.code, "ledger_refused")
        if refused.code in _WAITS:
            code = "member_expelled"
        self._refuse(order, code)
        self._log.warning("declaration_refused", slot=order[0].slot.hex(), code=refused.code)

    def _refuse(self, order: Order, code: str) -> None:
        with self._store.writing(Step.REFUSAL_KEPT) as connection:
            declarations.mark_refused(connection, [one.id for one in order], code)

    def _observe_one(
        self,
        one: OpenDeclaration,
        evidence: LedgerEvidence,
        ends: dict[int, tuple[OutgoingState, str | None]],
    ) -> bool:
        with self._store.reading() as connection:
            taken = declarations.recorded_positions(connection, one.slot)
        history = evidence.history(status_key(self._member, one.slot))
        event = next((e for e in history if _is_of(e, one) and e.position not in taken), None)
        if event is not None:
            with self._store.writing(Step.RECORDING_KEPT) as connection:
                declarations.mark_recorded(connection, one.id, event.position)
            self._log.info("declaration_recorded", slot=one.slot.hex())
            return True
        state, _ = ends.get(one.outgoing_id or 0, (OutgoingState.SIGNED, None))
        if state in (OutgoingState.FAILED, OutgoingState.REPLACED):
            with self._store.writing(Step.RETURN_KEPT) as connection:
                declarations.mark_received(connection, [one.id])
        return False


def _first_of_each_slot(under_way: Sequence[OpenDeclaration]) -> list[Order]:
    """Return the orders that are received whole and have none before them for any of their slots.

    The halves of a pair concern two slots, so they are one order.
    """
    orders: dict[str, list[OpenDeclaration]] = {}
    first: dict[bytes, str] = {}
    for one in under_way:
        orders.setdefault(one.order_id, []).append(one)
        first.setdefault(one.slot, one.order_id)
    return [
        tuple(order)
        for name, order in orders.items()
        if all(one.state is DeclarationState.RECEIVED and first[one.slot] == name for one in order)
    ]


def _may_go(order: Order) -> bool:
    """Return whether what takes another's place is anchored, so that there is no gap."""
    return all(one.batch_state is BatchState.ANCHORED for one in order if one.grants)


def _at_most(count: int, orders: Sequence[Order]) -> list[Order]:
    """Return the orders that come first and have together no more than ``count`` declarations."""
    taken: list[Order] = []
    for order in orders:
        count -= len(order)
        if count < 0:
            break
        taken.append(order)
    return taken


def _is_of(event: object, one: OpenDeclaration) -> bool:
    return (
        isinstance(event, StatusDeclared)
        and (event.state, event.reason) == (one.code, one.reason)
        and (event.effective_at, event.until) == (one.effective_at, one.until)
        and (event.linked_member, event.linked_slot) == (one.linked_member, one.linked_slot)
    )
