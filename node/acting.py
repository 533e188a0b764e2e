"""Acting in the network: what a body declares beside the status of its certificates.

Decides how an act is drafted, kept and told. A *draft* says what was asked for, the call that does
it, the event by which the ledger will record it, and the sentence readers will see; the modules
``node/accrediting.py``, ``arranging.py``, ``noticing.py`` and ``voting.py`` make drafts from the
followed ledger. Kept, a draft is an *act*: received → sent → recorded, or refused with a reason
that its author can read; ``node/enacting.py`` is the worker's part. What the ledger says already
is not asked of it again, and an act that waits is not kept twice.

Holds no key and sends nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, Self

from sqlalchemy import Connection

from contracts.calls import Call, Calls
from core.encoding import canonical_json, parse_json, require_members
from core.errors import NotFound
from core.events import ContractSet, Event, Position
from core.report import timestamp
from core.runtime.steps import Step
from node.act_refusals import act_refusal
from node.identifiers import Random, milliseconds, moment, public_id
from node.membership import Evidence, Membership
from node.refusals import Refusal
from node.states import ActKind, ActState
from node.store import acts
from node.store.acts import NewAct
from node.store.engine import Store
from node.store.schema import AnyRow

SHOWN: Final = 50
"""How many acts are listed, the newest ones."""
_ROW_BYTES: Final = 64 * 1024  # of our own JSON, read back


@dataclass(frozen=True, slots=True)
class Ground:
    """What an act is drafted on.

    Args:
        evidence: the followed ledger, as new as it is known.
        body: which member of it this body is.
        now: the time.
    """

    evidence: Evidence
    body: Membership
    now: datetime

    @property
    def member(self) -> int:
        """This body's number."""
        return self.body.member

    @property
    def calls(self) -> Calls:
        """Builds calls to the contracts that the ledger names now."""
        return Calls(contracts_of(self.evidence))


@dataclass(frozen=True, slots=True)
class Expected:
    """The event by which the ledger records an act.

    Args:
        key: its registry key; ends with a slash where the ledger chooses the number behind it.
        kind: which kind of event.
        body: the members that it has, as JSON; the others are the ledger's to choose.
    """

    key: str
    kind: str
    body: Mapping[str, Any]

    def dump(self) -> bytes:
        """Return the RFC 8785 bytes that :meth:`parse` reads."""
        return canonical_json({"key": self.key, "kind": self.kind, "body": dict(self.body)})

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Return what :meth:`dump` has written.

        Raises:
            FormatError: it is something else.
        """
        value = parse_json(raw, what="expected event", max_bytes=_ROW_BYTES)
        value = require_members(value, {"key", "kind", "body"}, what="expected event")
        return cls(value["key"], value["kind"], value["body"])

    def is_met_by(self, event: Event) -> bool:
        """Return whether this is such an event."""
        if event.kind != self.kind:
            return False
        body = event.body()
        return all(body.get(name) == value for name, value in self.body.items())

    def found_in(self, evidence: Evidence, after_block: int = -1) -> Event | None:
        """Return the newest such event that the ledger recorded after a block, None for none."""
        later = [one for one in self.events_in(evidence) if one.position.block > after_block]
        return max(later, key=lambda event: event.position, default=None)

    def events_in(self, evidence: Evidence) -> list[Event]:
        """Return all such events."""
        keys = evidence.keys(self.key) if self.key.endswith("/") else [self.key]
        return [one for key in keys for one in evidence.history(key) if self.is_met_by(one)]


@dataclass(frozen=True, slots=True)
class Draft:
    """An act as it could be kept.

    Args:
        stated: what was asked for, as JSON. Equal acts are told by it, so "now" stays None here.
        call: what does it.
        expected: what records it.
        sentence: what readers will see once it is recorded.
        undo: the way back.
        standing: the event by which it is so already, None when it is not.
    """

    kind: ActKind
    stated: Mapping[str, Any]
    call: Call
    expected: Expected
    sentence: str
    undo: str
    standing: Event | None = None

    @property
    def digest(self) -> bytes:
        """What makes two acts the same."""
        return digest_of(self.kind.value, canonical_json(dict(self.stated)))


@dataclass(frozen=True, slots=True)
class Act:
    """An act as it stands."""

    id: str
    kind: ActKind
    state: ActState
    arguments: Mapping[str, Any]
    sentence: str
    received_at: datetime
    position: Position | None
    refusal: Refusal | None

    @property
    def is_final(self) -> bool:
        """Whether the state will change no more."""
        return self.state in (ActState.RECORDED, ActState.REFUSED)

    def dump(self) -> dict[str, Any]:
        """Return the act as the command line shows it."""
        return {
            "id": self.id,
            "kind": self.kind.value,
            "state": self.state.value,
            "act": dict(self.arguments),
            "sentence": self.sentence,
            "received_at": timestamp(self.received_at),
            "position": self.position.dump() if self.position else None,
            "refusal": self.refusal.dump() if self.refusal else None,
        }


def digest_of(kind: str, arguments: bytes) -> bytes:
    """Return what makes two acts the same, from their RFC 8785 arguments."""
    return sha256(kind.encode() + b"\n" + arguments).digest()


def contracts_of(evidence: Evidence) -> dict[str, str]:
    """Return the addresses of the contracts that the ledger names, by name."""
    named = {}
    for key in evidence.keys("code/"):
        last = evidence.history(key)[-1]
        if isinstance(last, ContractSet):
            named[last.name] = last.address
    return named


def keep(store: Store, draft: Draft, ground: Ground, *, random: Random) -> Act:
    """Keep an act for the worker; return it once it is durable.

    The same act, waiting already, is returned as it stands.
    """
    head = ground.evidence.head
    with store.writing(Step.ACT_KEPT) as connection:
        known = acts.open_with_digest(connection, draft.digest)
        if known is None:
            known = public_id(random)
            new = NewAct(
                public_id=known,
                kind=draft.kind,
                arguments=canonical_json(dict(draft.stated)),
                digest=draft.digest,
                sentence=draft.sentence,
                target=draft.call.to,
                call=draft.call.data,
                expected=draft.expected.dump(),
                after_block=-1 if head is None else head.block,
            )
            acts.keep(connection, new, milliseconds(ground.now))
        return _told(connection, known)


def waiting_act(store: Store, draft: Draft) -> Act | None:
    """Return the act that this draft would be, if it waits already."""
    with store.reading() as connection:
        known = acts.open_with_digest(connection, draft.digest)
        return None if known is None else _told(connection, known)


def anything_waits(store: Store) -> bool:
    """Return whether an act has been kept that the ledger has not recorded yet."""
    with store.reading() as connection:
        return acts.oldest_open(connection) is not None


def act_of(store: Store, public: str) -> Act:
    """Return an act as it stands now.

    Raises:
        NotFound: there is no such act.
    """
    with store.reading() as connection:
        return _told(connection, public)


def newest_acts(store: Store, count: int = SHOWN) -> list[Act]:
    """Return the newest acts, newest first."""
    with store.reading() as connection:
        return [_from(row) for row in acts.newest(connection, count)]


def _told(connection: Connection, public: str) -> Act:
    row = acts.told(connection, public)
    if row is None:
        raise NotFound("no_such_act", "there is no such act", "comity acts")
    return _from(row)


def _from(row: AnyRow) -> Act:
    return Act(
        id=row.public_id,
        kind=ActKind(row.kind),
        state=ActState(row.state),
        arguments=parse_json(row.arguments, what="act", max_bytes=_ROW_BYTES),
        sentence=row.sentence,
        received_at=moment(row.received_ms),
        position=Position(row.recorded_block, row.recorded_index)
        if row.recorded_block is not None
        else None,
        refusal=act_refusal(row.refusal) if row.refusal else None,
    )
