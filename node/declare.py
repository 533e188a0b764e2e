"""Declaring: a body changes a certificate's status.

Decides whether the change is allowed, by the life cycle and by where the certificate stands on the
ledger with the changes that are under way, and keeps the declaration for the worker to send. The
same decision, without keeping anything, gives the preview: the sentence that readers abroad will
see. Superseding declares a pair that points both ways, for only such a pair is followed.

Refuses certificates that are not issued yet, reasons that do not fit, and all that
``node/lifecycle.py`` refuses; a refusal writes nothing.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection

from core.encoding import canonical_json
from core.errors import NotFound, Refused, UsageError
from core.events import Position, State, status_key
from core.reasons import REASONS
from core.record import Record
from core.registry import LedgerEvidence, slot_state
from core.report import timestamp
from core.runtime.steps import Step
from core.status_reasons import BY_NUMBER, status_reason
from node.identifiers import Random, milliseconds, moment, public_id
from node.intake import require_idempotency_key
from node.lifecycle import STATE_AFTER, Change, Plan, Standing, require_allowed
from node.refusals import Refusal, refusal
from node.states import DeclarationState
from node.store import credentials, declarations, records
from node.store.declarations import NewDeclaration
from node.store.engine import Store
from node.store.schema import AnyRow

_REASON_NEEDED: Final = frozenset({Change.SUSPEND, Change.WITHDRAW, Change.SUPERSEDE})
_DEFAULT_REASONS: Final = {Change.CANCEL: "holder_request"}
_NO_SLOT: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class Order:
    """What a body wants to declare.

    Args:
        change: what.
        number, revision: the certificate; None for its newest revision.
        reason: word of ``core/status_reasons.py``; needed to suspend, withdraw and supersede.
        effective_at: from when; None for now.
        until: for a suspension, when it ends at the latest.
        announced: whether ``effective_at`` may lie ahead.
        successor: to supersede, (number, revision) of the certificate that takes its place.
    """

    change: Change
    number: str
    revision: int | None = None
    reason: str | None = None
    effective_at: datetime | None = None
    until: datetime | None = None
    announced: bool = False
    successor: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What an order would do: the sentence readers see on line 5, its effect, and the way back."""

    sentence: str
    effect: str
    undo: str


@dataclass(frozen=True, slots=True)
class Declaration:
    """A declaration as it stands; it holds no certificate content."""

    id: str
    state: DeclarationState
    status: State
    reason: str | None
    effective_at: datetime
    until: datetime | None
    received_at: datetime
    position: Position | None
    refusal: Refusal | None

    @property
    def is_final(self) -> bool:
        """Whether the state will change no more."""
        return self.state in (DeclarationState.RECORDED, DeclarationState.REFUSED)

    def dump(self) -> dict[str, Any]:
        """Return the declaration as API and command line show it."""
        return {
            "id": self.id,
            "state": self.state.value,
            "status": self.status.name.lower(),
            "reason": self.reason,
            "effective_at": timestamp(self.effective_at),
            "until": timestamp(self.until) if self.until else None,
            "received_at": timestamp(self.received_at),
            "position": self.position.dump() if self.position else None,
            "refusal": self.refusal.dump() if self.refusal else None,
        }


def declare(
    store: Store,
    evidence: LedgerEvidence,
    member: int,
    order: Order,
    *,
    now: datetime,
    random: Random,
    idempotency_key: str | None = None,
) -> Declaration:
    """Keep a declaration for the worker to send; return it once it is durable.

    Args:
        evidence: the followed ledger, as new as it is known.
        member: this body.

    Raises:
        NotFound: this body has no such certificate.
        Refused: the change is not allowed.
        UsageError: the reason does not fit, or something is missing.
    """
    digest = sha256(canonical_json(_stated(order))).digest()
    if idempotency_key is not None:
        require_idempotency_key(idempotency_key)
    with store.writing(Step.ORDER_KEPT) as connection:
        if idempotency_key is not None:
            answered = records.answered(connection, idempotency_key)
            if answered is not None:
                if answered.body_digest != digest:
                    raise Refused(
                        "idempotency_mismatch",
                        "this Idempotency-Key came before, with another body",
                        "use a new key for a new request",
                    )
                return _told(connection, answered.answer)
        planned = _plan(connection, evidence, member, order, now, random)
        for new in planned:
            declarations.keep(connection, new, milliseconds(now))
        answer = planned[-1].public_id
        if idempotency_key is not None:
            records.keep_answer(connection, idempotency_key, digest, answer, milliseconds(now))
        return _told(connection, answer)


def preview(
    store: Store, evidence: LedgerEvidence, member: int, order: Order, *, now: datetime
) -> Preview:
    """Return what an order would do; raises as ``declare`` does, and keeps nothing."""
    with store.reading() as connection:
        _plan(connection, evidence, member, order, now, bytes)
    effective = order.effective_at or now
    sentence = REASONS[_reason_code(order.change, effective > now)].sentence(
        date=effective.astimezone(UTC).date().isoformat()
    )
    effect, undo = _EFFECTS[order.change]
    return Preview(sentence, effect, undo)


def declaration_of(store: Store, public: str) -> Declaration:
    """Return a declaration as it stands now.

    Raises:
        NotFound: there is no such declaration.
    """
    with store.reading() as connection:
        return _told(connection, public)


def declarations_of(store: Store, number: str, revision: int) -> list[Declaration]:
    """Return all declarations of a certificate that this node made, oldest first."""
    with store.reading() as connection:
        return [_from(row) for row in declarations.told_of(connection, number, revision)]


def standing_of(
    connection: Connection, evidence: LedgerEvidence, member: int, slot: bytes
) -> Standing:
    """Return where a slot stands: on the ledger, then by what is under way from here."""
    under_way = declarations.under_way_of(connection, [slot])
    if under_way:
        last = under_way[-1]
        return Standing(State(last.code), datetime.fromtimestamp(last.effective_at, UTC))
    recorded = slot_state(evidence.history(status_key(member, slot))).standing
    if recorded:
        event = recorded[-1]
        return Standing(State(event.state), datetime.fromtimestamp(event.effective_at, UTC))
    return Standing(State.IN_FORCE)


def _plan(
    connection: Connection,
    evidence: LedgerEvidence,
    member: int,
    order: Order,
    now: datetime,
    random: Random,
) -> list[NewDeclaration]:
    """Return the rows that carry out an order; the last one is the order's own."""
    held = _held(connection, order.number, order.revision)
    reason = _reason(order)
    effective = order.effective_at or now
    plan = Plan(order.change, reason, effective, order.until, order.announced)
    dates = Record.read(held.content).dates
    standing = standing_of(connection, evidence, member, held.slot)
    require_allowed(plan, standing, dates, now=now)
    state = STATE_AFTER[order.change]
    own = NewDeclaration(
        public_id=public_id(random),
        credential_id=held.id,
        slot=held.slot,
        code=state.value,
        reason=status_reason(reason, state).number if reason else 0,
        effective_at=int(effective.timestamp()),
        until=int(order.until.timestamp()) if order.until else 0,
        linked_member=0,
        linked_slot=_NO_SLOT,
    )
    if order.change is not Change.SUPERSEDE:
        return [own]
    return _pair(connection, evidence, member, order, own, random)


def _pair(
    connection: Connection,
    evidence: LedgerEvidence,
    member: int,
    order: Order,
    own: NewDeclaration,
    random: Random,
) -> list[NewDeclaration]:
    if order.successor is None:
        raise UsageError("successor_missing", "name the certificate that takes its place")
    successor = _held(connection, *order.successor)
    if successor.slot == own.slot:
        raise Refused("link_invalid", "a certificate does not succeed itself")
    has_events = bool(evidence.history(status_key(member, successor.slot)))
    if has_events or declarations.under_way_of(connection, [successor.slot]):
        raise Refused(
            "link_invalid", "the successor has a status of its own already",
            "only a certificate without any status change can take another's place",
        )  # fmt: skip
    granted = own._replace(
        public_id=public_id(random),
        credential_id=successor.id,
        slot=successor.slot,
        code=State.IN_FORCE.value,
        linked_member=member,
        linked_slot=own.slot,
    )
    return [granted, own._replace(linked_member=member, linked_slot=successor.slot)]


def _held(connection: Connection, number: str, revision: int | None) -> AnyRow:
    held = credentials.held(connection, number, revision)
    if held is not None:
        return held
    if records.journeys(connection, number):
        raise Refused(
            "not_issued_yet", "this certificate is received but not issued yet",
            "try again in a few seconds",
        )  # fmt: skip
    raise NotFound("no_such_certificate", "this body has no such certificate")


def _reason(order: Order) -> str:
    reason = order.reason or _DEFAULT_REASONS.get(order.change, "")
    if order.change is Change.RESTORE and reason:
        raise UsageError("reason_unexpected", "a restoration has no reason")
    if order.change in _REASON_NEEDED and not reason:
        raise UsageError("reason_missing", f"to {order.change} needs a reason")
    if reason:
        status_reason(reason, STATE_AFTER[order.change])
    if order.successor is not None and order.change is not Change.SUPERSEDE:
        raise UsageError("successor_unexpected", "only superseding names a successor")
    return reason


def _reason_code(change: Change, ahead: bool) -> str:
    if change is Change.RESTORE:
        return "restored"
    if ahead:
        return "suspension_announced" if change is Change.SUSPEND else "end_announced"
    return STATE_AFTER[change].name.lower()


_FINAL_UNDO: Final = (
    "It cannot be undone. Within 30 days the recovery account can annul it; both stay shown."
)
_EFFECTS: Final = {
    Change.SUSPEND: (
        "Every check answers Not valid from then on.",
        "comity restore ends the suspension.",
    ),
    Change.RESTORE: (
        "Checks answer by its other lines again; the suspension stays in its history.",
        "It can be suspended again.",
    ),
    Change.WITHDRAW: ("Every check answers Not valid from then on, for ever.", _FINAL_UNDO),
    Change.CANCEL: ("Every check answers Not valid from then on, for ever.", _FINAL_UNDO),
    Change.SUPERSEDE: (
        "Every check of the old certificate answers Not valid and points to the new one.",
        _FINAL_UNDO,
    ),
}


def _stated(order: Order) -> dict[str, Any]:
    return {
        "change": order.change.value,
        "number": order.number,
        "revision": order.revision,
        "reason": order.reason,
        "effective_at": timestamp(order.effective_at) if order.effective_at else None,
        "until": timestamp(order.until) if order.until else None,
        "announced": order.announced,
        "successor": list(order.successor) if order.successor else None,
    }


def _told(connection: Connection, public: str) -> Declaration:
    row = declarations.told(connection, public)
    if row is None:
        raise NotFound("no_such_declaration", "there is no such declaration")
    return _from(row)


def _from(row: AnyRow) -> Declaration:
    reason = BY_NUMBER.get(row.reason)
    return Declaration(
        id=row.public_id,
        state=DeclarationState(row.state),
        status=State(row.code),
        reason=reason.word if reason else None,
        effective_at=datetime.fromtimestamp(row.effective_at, UTC),
        until=datetime.fromtimestamp(row.until, UTC) if row.until else None,
        received_at=moment(row.received_ms),
        position=Position(row.recorded_block, row.recorded_index)
        if row.recorded_block is not None
        else None,
        refusal=refusal(row.refusal) if row.refusal else None,
    )
