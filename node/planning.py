"""Planning a change: from an order to the declarations that carry it out.

Decides whether the change is allowed: by the life cycle, by where the certificate stands on the
ledger with the changes that are under way, and by what takes its place. An order that repeats one
which is carried out already leads to that one. Reads only; a refusal is the same for the preview
as for the order.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection

from core.errors import NotFound, Refused, UsageError
from core.events import MemberAdmitted, State, member_key, status_key
from core.record import Record
from core.registry import LedgerEvidence, slot_state
from core.slot import Slot
from core.status_reasons import BY_NUMBER, status_reason
from node.allowed import Plan, Standing, require_allowed
from node.identifiers import Random, public_id
from node.intake import held_receipt, new_record
from node.issue import list_url
from node.lifecycle import (
    MOVES,
    RESTORED_BY_SUCCESSOR,
    CertificateState,
    Change,
    Move,
    against,
    barred,
)
from node.order import Order
from node.states import BatchState, DeclarationState, ReceiptState
from node.store import credentials, decisions, declarations, records
from node.store.declarations import NO_SLOT, NewDeclaration
from node.store.records import Certificate, NewRecord
from node.store.schema import AnyRow
from node.succession import Successor, pair
from node.successor import require_successor

_STANDS: Final = frozenset({CertificateState.IN_FORCE, CertificateState.SUSPENDED})


@dataclass(frozen=True, slots=True)
class Planned:
    """What carries an order out.

    Args:
        rows: the declarations, in order; the last is the order's own.
        state: that in which they are kept.
        record: the successor's, where it is not held yet.
        repeats: the declaration that carries out the same order already; there are no rows then.
        move: what the order is.
        effective_at: from when.
        suspended_since: since when the successor is under the same suspension as the old one.
        is_mutual: whether readers will find both halves of a pair.
    """

    rows: tuple[NewDeclaration, ...]
    state: DeclarationState
    record: NewRecord | None
    repeats: str | None
    move: Move
    effective_at: datetime
    suspended_since: datetime | None = None
    is_mutual: bool = True


def plan(
    connection: Connection,
    evidence: LedgerEvidence,
    member: int,
    order: Order,
    now: datetime,
    random: Random,
) -> Planned:
    """Return what carries an order out.

    Raises:
        NotFound: this body has no such certificate.
        Refused: the change is not allowed.
        UsageError: the reason does not fit, or something is missing.
    """
    order.reason_for(MOVES[order.change])
    if order.change is not Change.RESTORE:  # what that needs depends on the certificate's state
        order.require_parts(MOVES[order.change])
    held = held_certificate(connection, evidence, member, order, now)
    effective = order.effective_at or now
    standing = standing_of(connection, evidence, member, held.slot)
    repeated = _repeated(connection, held, order)
    if repeated is not None and standing.state is State.SUPERSEDED:  # not annulled since
        move = RESTORED_BY_SUCCESSOR if order.change is Change.RESTORE else MOVES[order.change]
        return Planned((), DeclarationState.RECEIVED, None, repeated, move, effective)
    old = Record.read(held.content)
    dated = Plan(order.change, effective, order.until, order.announced)
    move = require_allowed(dated, standing, old.dates, now=now)
    order.require_parts(move)
    own = _own(held, order, move, effective, random)
    base = Planned((own,), DeclarationState.RECEIVED, None, None, move, effective)
    if order.link is not None:
        other, slot = _elsewhere(evidence, member, order.link)
        own = own._replace(linked_member=other, linked_slot=slot.digest)
        grant = slot_state(evidence.history(status_key(other, slot.digest))).predecessor
        named = (grant.linked_member, grant.linked_slot) if grant is not None else None
        return replace(base, rows=(own,), is_mutual=named == (member, held.slot))
    if order.successor is None:
        return base
    state = standing.at(old.dates, now)
    require_successor(order.change, state, old, order.successor, effective_at=effective, now=now)
    record, successor = _successor(connection, evidence, member, held, order.successor, random)
    carries = order.change is Change.CORRECT and state is CertificateState.SUSPENDED
    rows = pair(own, successor, member, standing if carries else None, random)
    waits = successor.credential_id is None
    return replace(
        base,
        rows=tuple(rows),
        state=DeclarationState.WAITING if waits else DeclarationState.RECEIVED,
        record=record,
        suspended_since=standing.since if carries else None,
    )


def standing_of(
    connection: Connection, evidence: LedgerEvidence, member: int, slot: bytes
) -> Standing:
    """Return where a slot stands: on the ledger, then by what is under way from here."""
    under_way = declarations.under_way_of(connection, [slot])
    if under_way:
        last = under_way[-1]
        return _standing(last.code, last.effective_at, last.until, last.reason)
    recorded = slot_state(evidence.history(status_key(member, slot))).standing
    if recorded:
        event = recorded[-1]
        return _standing(event.state, event.effective_at, event.until, event.reason)
    return Standing(State.IN_FORCE)


def held_certificate(
    connection: Connection, evidence: LedgerEvidence, member: int, order: Order, now: datetime
) -> AnyRow:
    """Return the certificate that an order is about.

    Raises:
        NotFound: this body has no such certificate.
        Refused: it is not issued yet, or certification was refused.
        UsageError: more than one revision stands, and none is named.
    """
    revision, successor = order.revision, order.successor
    if revision is None and successor is not None and successor.certificate_number == order.number:
        before = credentials.held(connection, order.number, successor.revision - 1)
        if before is not None:
            return before
    held = credentials.held(connection, order.number, revision)
    journeys = records.journeys(connection, order.number)
    if held is not None:
        if revision is None and len(journeys) > 1:
            _require_one(connection, evidence, member, journeys, now)
        return held
    if journeys:
        raise Refused(
            "not_issued_yet", "this certificate is received but not issued yet",
            "try again in a few seconds",
        )  # fmt: skip
    if decisions.numbers_with(connection, [order.number], Change.REFUSE):
        raise barred(order.change, CertificateState.REFUSED)
    nothing = barred(Change.WITHDRAW, CertificateState.NONE)
    raise NotFound(nothing.code, nothing.message)


def _require_one(
    connection: Connection,
    evidence: LedgerEvidence,
    member: int,
    journeys: Sequence[AnyRow],
    now: datetime,
) -> None:
    """Raise ``UsageError`` where "the newest" could be another one than is meant.

    A successor can be issued before its day; until then the one before it is in force.
    """
    standing = []
    for journey in journeys:
        held = credentials.held(connection, journey.number, journey.revision)
        if held is not None:
            now_at = standing_of(connection, evidence, member, held.slot)
            state = now_at.at(Record.read(held.content).dates, now)
            standing += [held.revision] * (state in _STANDS)
    if len(standing) > 1:
        raise UsageError(
            "revision_open", f"{len(standing)} revisions of this certificate stand",
            f"name one: --revision {min(standing)}",
        )  # fmt: skip


def _own(
    held: AnyRow, order: Order, move: Move, effective: datetime, random: Random
) -> NewDeclaration:
    assert move.state is not None, "only what the ledger is told is planned"
    reason = order.reason_for(move)
    name = public_id(random)
    return NewDeclaration(
        public_id=name,
        credential_id=held.id,
        slot=held.slot,
        code=move.state.value,
        reason=status_reason(reason, move.state).number if reason else 0,
        effective_at=int(effective.timestamp()),
        until=int(order.until.timestamp()) if order.until else 0,
        linked_member=0,
        linked_slot=NO_SLOT,
        order_id=name,
    )


def _repeated(connection: Connection, held: AnyRow, order: Order) -> str | None:
    """Return the declaration that carries out an equal order, if there is one."""
    if order.successor is None and order.link is None:
        return None
    row = declarations.superseding(connection, held.id)
    word = (RESTORED_BY_SUCCESSOR if order.change is Change.RESTORE else MOVES[order.change]).reason
    if row is None or BY_NUMBER[row.reason].word != word:
        return None
    if order.link is not None:
        same = (row.linked_member, row.linked_slot) == (order.link[0], order.link[1].digest)
    else:
        assert order.successor is not None
        name = _certificate(order.successor)
        same = row.successor_id == records.id_of(connection, name)
        same = same and records.content_of(connection, name) == order.successor.canonical()
    return row.public_id if same else None


def _successor(
    connection: Connection,
    evidence: LedgerEvidence,
    member: int,
    old: AnyRow,
    record: Record,
    random: Random,
) -> tuple[NewRecord | None, Successor]:
    """Return the certificate that takes the place, and its record where that is not held yet."""
    before = record.predecessor
    if before is not None and (
        Slot.parse(before.slot).digest != old.slot or before.member not in (None, member)
    ):
        raise against("predecessor_differs")
    new = new_record(record, random)
    if held_receipt(connection, new) is None:
        return new, Successor(record)
    record_id = records.id_of(connection, new.certificate)
    held = credentials.held(connection, *new.certificate)
    if held is None:
        journeys = records.journeys(connection, new.certificate.number)
        states = {row.revision: row.state for row in journeys}
        if states[new.certificate.revision] == ReceiptState.REFUSED:
            raise against("successor_refused")
        if record_id is not None and declarations.awaited(connection, [record_id]):
            raise against("successor_has_status")
        return None, Successor(record, record_id)
    if held.batch_state == BatchState.REFUSED:
        raise against("successor_refused")
    is_granted = _is_granted(connection, evidence, member, held.slot, old.slot)
    return None, Successor(record, record_id, held.id, held.slot, is_granted)


def _is_granted(
    connection: Connection, evidence: LedgerEvidence, member: int, slot: bytes, old: bytes
) -> bool:
    """Return whether a slot is granted in the old one's place already, and nothing else.

    Raises:
        Refused: it has a status of its own.
    """
    links = [
        (event.state, event.linked_member, event.linked_slot)
        for event in slot_state(evidence.history(status_key(member, slot))).standing
    ]
    links += [
        (one.code, one.linked_member, one.linked_slot)
        for one in declarations.under_way_of(connection, [slot])
    ]
    if not links:
        return False
    if links != [(State.IN_FORCE, member, old)]:
        raise against("successor_has_status")
    return True


def _elsewhere(evidence: LedgerEvidence, member: int, link: tuple[int, Slot]) -> tuple[int, Slot]:
    """Return where a transferred certificate goes on, which is in a list of that member."""
    other, slot = link
    if other == member:
        raise against("transfer_to_itself")
    history = evidence.history(member_key(other))
    admitted = next((event for event in history if isinstance(event, MemberAdmitted)), None)
    if admitted is None:
        raise against("no_such_member")
    if not slot.list_url.startswith(list_url(admitted.endpoint, 0).removesuffix("0")):
        raise against("slot_of_another")
    return other, slot


def _standing(state: int, effective_at: int, until: int, reason: int) -> Standing:
    return Standing(
        State(state),
        datetime.fromtimestamp(effective_at, UTC),
        datetime.fromtimestamp(until, UTC) if until else None,
        reason,
    )


def _certificate(record: Record) -> Certificate:
    return Certificate(record.certificate_number, record.revision)
