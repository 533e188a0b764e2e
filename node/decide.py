"""Deciding at home: what a body decides of a certificate, and no ledger is told.

A certificate is *maintained* when surveillance was passed; certification is *refused* when the body
decides not to certify, and under that number nothing is ever issued. Both need the day of the
decision. Nothing of either leaves home. The same decision again gets the first answer.

Refuses what the life cycle refuses, a day in the future and, to maintain, one before the grant; a
refusal writes nothing.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from sqlalchemy import Connection

from core.errors import NotFound
from core.events import State
from core.record import Record
from core.registry import LedgerEvidence
from core.report import timestamp
from core.runtime.steps import Step
from core.status_reasons import BY_NUMBER, status_reason
from node.allowed import Plan, require_allowed, start_of
from node.declare import Preview, first_answer, request_digest
from node.identifiers import Random, milliseconds, moment, public_id
from node.lifecycle import MOVES, CertificateState, Change, against, barred
from node.order import Order
from node.planning import held_certificate, standing_of
from node.store import credentials, decisions, records
from node.store.decisions import NewDecision
from node.store.engine import Store
from node.store.schema import AnyRow

_NO_UNDO: Final = "It cannot be undone; another certification has another number."


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision as it was taken; it holds no certificate content."""

    id: str
    change: Change
    revision: int | None
    reason: str | None
    decided_on: date
    received_at: datetime

    def dump(self) -> dict[str, Any]:
        """Return the decision as API and command line show it."""
        return {
            "id": self.id,
            "event": self.change.value,
            "revision": self.revision,
            "reason": self.reason,
            "decided_on": self.decided_on.isoformat(),
            "received_at": timestamp(self.received_at),
        }


def decide(
    store: Store,
    evidence: LedgerEvidence,
    member: int,
    order: Order,
    *,
    now: datetime,
    random: Random,
    idempotency_key: str | None = None,
) -> Decision:
    """Keep a decision; return it once it is durable.

    Raises:
        NotFound: this body has no such certificate.
        Refused: the life cycle does not allow it.
        UsageError: the day or the reason is missing, or something does not belong here.
    """
    digest = request_digest(order)
    with store.writing(Step.ORDER_KEPT) as connection:
        answer = first_answer(connection, idempotency_key, digest)
        if answer is None:
            new, answer = _plan(connection, evidence, member, order, now, random)
            if answer is None:
                decisions.keep(connection, new, milliseconds(now))
                answer = new.public_id
            if idempotency_key is not None:
                received_ms = milliseconds(now)
                records.keep_answer(connection, idempotency_key, digest, answer, received_ms)
        row = decisions.told(connection, answer)
    if row is None:
        raise NotFound("no_such_decision", "there is no such decision")
    return _from(row)


def preview_decision(
    store: Store, evidence: LedgerEvidence, member: int, order: Order, *, now: datetime
) -> Preview:
    """Return what an order would do; raises as ``decide`` does, and keeps nothing."""
    with store.reading() as connection:
        _plan(connection, evidence, member, order, now, bytes)
    effect = "Readers abroad see no difference."
    if order.change is Change.REFUSE:
        return Preview(None, None, f"{effect} Nothing is issued under this number.", _NO_UNDO)
    return Preview(None, None, effect, "It stays in the certificate's history.")


def decisions_of(connection: Connection, number: str) -> list[Decision]:
    """Return all decisions under a certificate number, oldest first."""
    return [_from(row) for row in decisions.told_of(connection, number)]


def _plan(
    connection: Connection,
    evidence: LedgerEvidence,
    member: int,
    order: Order,
    now: datetime,
    random: Random,
) -> tuple[NewDecision, str | None]:
    """Return the decision, and the one that was taken already if that is equal."""
    move = MOVES[order.change]
    order.require_parts(move)
    assert order.decided_on is not None, "required above"
    reason = order.reason_for(move)
    held = None
    if order.change is Change.MAINTAIN:
        held = held_certificate(connection, evidence, member, order, now)
    new = NewDecision(
        public_id=public_id(random),
        number=order.number,
        revision=held.revision if held is not None else None,
        change=order.change.value,
        reason=status_reason(reason, State.WITHDRAWN).number if reason else 0,
        decided_on=int(start_of(order.decided_on).timestamp()),
    )
    equal = next((o for o in decisions.told_of(connection, order.number) if _same(o, new)), None)
    if equal is not None:
        return new, equal.public_id
    if held is None:
        _require_nothing(connection, evidence, member, order, now)
    else:
        standing = standing_of(connection, evidence, member, held.slot)
        dates = Record.read(held.content).dates
        require_allowed(Plan(order.change, start_of(order.decided_on)), standing, dates, now=now)
    return new, None


def _require_nothing(
    connection: Connection, evidence: LedgerEvidence, member: int, order: Order, now: datetime
) -> None:
    """Raise ``Refused`` unless nothing is known of a certificate with this number."""
    assert order.decided_on is not None
    if decisions.numbers_with(connection, [order.number], Change.REFUSE):
        raise barred(Change.REFUSE, CertificateState.REFUSED)
    held = credentials.held(connection, order.number, None)
    if held is not None:
        standing = standing_of(connection, evidence, member, held.slot)
        raise barred(Change.REFUSE, standing.at(Record.read(held.content).dates, now))
    if records.journeys(connection, order.number):
        raise barred(Change.REFUSE, CertificateState.IN_FORCE)
    if start_of(order.decided_on) > now:
        raise against("decision_in_future")


def _same(row: AnyRow, new: NewDecision) -> bool:
    return (row.revision, row.change, row.reason, row.decided_on) == (
        new.revision, new.change, new.reason, new.decided_on,
    )  # fmt: skip


def _from(row: AnyRow) -> Decision:
    reason = BY_NUMBER.get(row.reason)
    return Decision(
        id=row.public_id,
        change=Change(row.change),
        revision=row.revision,
        reason=reason.word if reason else None,
        decided_on=datetime.fromtimestamp(row.decided_on, UTC).date(),
        received_at=moment(row.received_ms),
    )
