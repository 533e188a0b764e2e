"""Declaring: a body changes a certificate's status.

Keeps what ``node/planning.py`` decides, for the worker to send: one declaration, or with a
successor the pair that points both ways and, in the same commit, the successor's record. The same
order again gets the first declaration. The same planning, without keeping anything, gives the
preview: the sentences that readers abroad will see.

Refuses all that planning refuses; a refusal writes nothing.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection

from core.encoding import canonical_json
from core.errors import NotFound, Refused
from core.events import Position, State
from core.reasons import REASONS
from core.registry import LedgerEvidence
from core.report import timestamp
from core.runtime.steps import Step
from core.status_reasons import BY_NUMBER
from node.identifiers import Random, milliseconds, moment
from node.intake import require_idempotency_key, take_in
from node.lifecycle import Outcome
from node.order import Order
from node.planning import Planned, plan
from node.refusals import Refusal, refusal
from node.states import DeclarationState
from node.store import declarations, records
from node.store.engine import Store
from node.store.schema import AnyRow


@dataclass(frozen=True, slots=True)
class Preview:
    """What an order would do: the sentences readers see on line 5, its effect, and the way back.

    Args:
        sentence: of the certificate; None where readers see no difference.
        successor_sentence: of the certificate that takes its place, if one does.
    """

    sentence: str | None
    successor_sentence: str | None
    effect: str
    undo: str


@dataclass(frozen=True, slots=True)
class Declaration:
    """A declaration as it stands; it holds no certificate content.

    Args:
        linked: where the other half of its pair stands, as (member, SHA-256 of the slot).
        successor_receipt: of the record that takes the place, where one was ordered.
    """

    id: str
    state: DeclarationState
    status: State
    reason: str | None
    effective_at: datetime
    until: datetime | None
    received_at: datetime
    position: Position | None
    refusal: Refusal | None
    linked: tuple[int, bytes] | None = None
    successor_receipt: str | None = None

    @property
    def is_final(self) -> bool:
        """Whether the state will change no more."""
        return self.state in (DeclarationState.RECORDED, DeclarationState.REFUSED)

    def dump(self) -> dict[str, Any]:
        """Return the declaration as API and command line show it."""
        linked = self.linked
        return {
            "id": self.id,
            "state": self.state.value,
            "status": self.status.name.lower(),
            "reason": self.reason,
            "effective_at": timestamp(self.effective_at),
            "until": timestamp(self.until) if self.until else None,
            "linked": {"member": linked[0], "slot": linked[1].hex()} if linked else None,
            "successor_receipt": self.successor_receipt,
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
    """Keep what carries out an order, for the worker to send; return it once it is durable.

    Args:
        evidence: the followed ledger, as new as it is known.
        member: this body.

    Raises:
        NotFound: this body has no such certificate.
        Refused: the change is not allowed.
        UsageError: the reason does not fit, or something is missing.
    """
    digest = request_digest(order)
    with store.writing(Step.ORDER_KEPT) as connection:
        answer = first_answer(connection, idempotency_key, digest)
        if answer is None:
            planned = plan(connection, evidence, member, order, now, random)
            answer = planned.repeats or _keep(connection, planned, now)
            if idempotency_key is not None:
                received_ms = milliseconds(now)
                records.keep_answer(connection, idempotency_key, digest, answer, received_ms)
        return _told(connection, answer)


def preview(
    store: Store, evidence: LedgerEvidence, member: int, order: Order, *, now: datetime
) -> Preview:
    """Return what an order would do; raises as ``declare`` does, and keeps nothing."""
    with store.reading() as connection:
        planned = plan(connection, evidence, member, order, now, bytes)
    ahead = planned.effective_at > now
    effect, undo = _EFFECTS[planned.move.state or State.IN_FORCE]
    successor = None
    if planned.move.outcome is Outcome.SUCCEEDED:
        since = planned.suspended_since
        code = "suspended" if since is not None else "no_status_event"
        successor = _sentence(code, since or planned.effective_at)
    code = _reason_code(planned.move.state or State.IN_FORCE, ahead)
    if not planned.is_mutual:
        code = "superseded_unconfirmed"
    return Preview(_sentence(code, planned.effective_at), successor, effect, undo)


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


def request_digest(order: Order) -> bytes:
    """Return what tells one order from another that came with the same idempotency key."""
    return sha256(canonical_json(order.stated())).digest()


def first_answer(connection: Connection, key: str | None, digest: bytes) -> str | None:
    """Return the answer that a request with this idempotency key got, None for a new one.

    Raises:
        Refused: the key came before, with another order.
        LimitError: it cannot serve as a key.
    """
    if key is None:
        return None
    require_idempotency_key(key)
    answered = records.answered(connection, key)
    if answered is not None and answered.body_digest != digest:
        raise Refused(
            "idempotency_mismatch", "this Idempotency-Key came before, with another body",
            "use a new key for a new request",
        )  # fmt: skip
    return answered.answer if answered is not None else None


def _keep(connection: Connection, planned: Planned, now: datetime) -> str:
    received_ms = milliseconds(now)
    rows = planned.rows
    if planned.record is not None:
        take_in(connection, planned.record, received_ms)
        record_id = records.id_of(connection, planned.record.certificate)
        rows = tuple(row._replace(successor_id=record_id) for row in rows)
    for row in rows:
        declarations.keep(connection, row, received_ms, planned.state)
    return rows[-1].public_id


def _sentence(code: str, effective_at: datetime) -> str:
    return REASONS[code].sentence(date=effective_at.astimezone(UTC).date().isoformat())


def _reason_code(state: State, ahead: bool) -> str:
    if state is State.IN_FORCE:
        return "restored"
    if ahead:
        return "suspension_announced" if state is State.SUSPENDED else "end_announced"
    return state.name.lower()


_FINAL_UNDO: Final = (
    "It cannot be undone. Within 30 days the recovery account can annul it; both stay shown."
)
_FOR_EVER: Final = "Every check answers Not valid from then on, for ever."
_EFFECTS: Final = {
    State.SUSPENDED: (
        "Every check answers Not valid from then on.",
        "comity restore ends the suspension.",
    ),
    State.IN_FORCE: (
        "Checks answer by its other lines again; the suspension stays in its history.",
        "It can be suspended again.",
    ),
    State.WITHDRAWN: (_FOR_EVER, _FINAL_UNDO),
    State.CANCELLED: (_FOR_EVER, _FINAL_UNDO),
    State.SUPERSEDED: (
        "Every check of the old certificate answers Not valid and points to the new one.",
        _FINAL_UNDO,
    ),
}


def _told(connection: Connection, public: str) -> Declaration:
    row = declarations.told(connection, public)
    if row is None:
        raise NotFound("no_such_declaration", "there is no such declaration")
    return _from(row)


def _from(row: AnyRow) -> Declaration:
    reason = BY_NUMBER.get(row.reason)
    is_linked = row.linked_member and row.linked_slot != declarations.NO_SLOT
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
        linked=(row.linked_member, row.linked_slot) if is_linked else None,
        successor_receipt=row.successor_receipt,
    )
