"""The life of one certificate as its body sees it: every event, oldest first.

Decides nothing; it puts together what the record says of the grant, what the ledger has recorded
(annulled events stay, and are marked), what is under way, what was decided at home, and the expiry,
which nobody declares.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection

from core.events import State, StatusDeclared, status_key
from core.record import Record
from core.registry import LedgerEvidence, slot_state
from core.report import timestamp
from core.status_reasons import BY_NUMBER
from node.allowed import end_of, start_of
from node.identifiers import moment
from node.lifecycle import MOVES, RESTORED_BY_SUCCESSOR, Change
from node.store import decisions, declarations
from node.store.declarations import OpenDeclaration
from node.store.schema import AnyRow

_CHANGE_TO: Final = {
    State.SUSPENDED: Change.SUSPEND,
    State.IN_FORCE: Change.RESTORE,
    State.WITHDRAWN: Change.WITHDRAW,
    State.CANCELLED: Change.CANCEL,
}
_CHANGE_FOR: Final = {
    move.reason: move.change for move in (*MOVES.values(), RESTORED_BY_SUCCESSOR) if move.reason
}


@dataclass(frozen=True, slots=True)
class LifeEvent:
    """One event.

    Args:
        event: a word of ``Change``; of the state where a later version has written a new one.
        effective_at: from when.
        known_at: when it was recorded, on the ledger or at home; None while under way and for the
            expiry.
        source: ``ledger``, ``under_way``, ``record`` or ``home``.
        linked: the other half of its pair, as (member, SHA-256 of the slot).
        is_annulled: whether the recovery account has taken it back.
    """

    event: str
    effective_at: datetime
    known_at: datetime | None
    source: str
    reason: str | None = None
    until: datetime | None = None
    linked: tuple[int, bytes] | None = None
    is_annulled: bool = False

    def dump(self) -> dict[str, Any]:
        """Return the event as API and command line show it."""
        linked = self.linked
        return {
            "event": self.event,
            "reason": self.reason,
            "effective_at": timestamp(self.effective_at),
            "until": timestamp(self.until) if self.until else None,
            "known_at": timestamp(self.known_at) if self.known_at else None,
            "source": self.source,
            "linked": {"member": linked[0], "slot": linked[1].hex()} if linked else None,
            "annulled": self.is_annulled,
        }


def life_of(
    connection: Connection,
    evidence: LedgerEvidence | None,
    member: int,
    held: AnyRow,
    now: datetime,
) -> list[LifeEvent]:
    """Return all events of a certificate, oldest first.

    Args:
        evidence: the followed ledger; None where there is none, and then nothing of it is told.
        held: the certificate, a row of ``credentials.held``.
    """
    dates = Record.read(held.content).dates
    granted = LifeEvent(Change.GRANT, start_of(dates.effective), moment(held.issued_ms), "record")
    events = [granted, *_at_home(connection, held)]
    if evidence is not None:
        events += _on_ledger(evidence, status_key(member, held.slot))
    events.sort(key=lambda event: event.known_at or now)
    events += map(_under_way, declarations.under_way_of(connection, [held.slot]))
    if now >= end_of(dates):
        events.append(LifeEvent(Change.EXPIRE, end_of(dates), None, "record"))
    return events


def _on_ledger(evidence: LedgerEvidence, key: str) -> Iterator[LifeEvent]:
    history = evidence.history(key)
    annulled = slot_state(history).annulled
    for event in history:
        if isinstance(event, StatusDeclared):
            yield LifeEvent(
                _word(event.state, event.reason, event.linked_member),
                datetime.fromtimestamp(event.effective_at, UTC),
                datetime.fromtimestamp(event.time, UTC),
                "ledger",
                _reason(event.reason),
                datetime.fromtimestamp(event.until, UTC) if event.until else None,
                (event.linked_member, event.linked_slot) if event.linked_member else None,
                event.sequence in annulled,
            )


def _under_way(one: OpenDeclaration) -> LifeEvent:
    linked = one.linked_member and one.linked_slot != declarations.NO_SLOT
    return LifeEvent(
        _word(one.code, one.reason, one.linked_member),
        datetime.fromtimestamp(one.effective_at, UTC),
        None,
        "under_way",
        _reason(one.reason),
        datetime.fromtimestamp(one.until, UTC) if one.until else None,
        (one.linked_member, one.linked_slot) if linked else None,
    )


def _at_home(connection: Connection, held: AnyRow) -> Iterator[LifeEvent]:
    for row in decisions.told_of(connection, held.number):
        if row.revision == held.revision:
            yield LifeEvent(
                row.change,
                datetime.fromtimestamp(row.decided_on, UTC),
                moment(row.received_ms),
                "home",
                _reason(row.reason),
            )


def _word(state: int, reason: int, linked_member: int) -> str:
    """Return the event that a declaration is."""
    if state == State.IN_FORCE and linked_member:
        return "take_place"
    known = _reason(reason)
    if state == State.SUPERSEDED and known in _CHANGE_FOR:
        return _CHANGE_FOR[known]
    return _CHANGE_TO[State(state)] if state in _CHANGE_TO else f"state_{state}"


def _reason(number: int) -> str | None:
    if number == 0:
        return None
    return BY_NUMBER[number].word if number in BY_NUMBER else str(number)
