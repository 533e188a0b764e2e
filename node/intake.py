"""Intake: a record comes in, a receipt goes out.

Decides what a duplicate is: the same certificate number and revision. With an equal record it gets
the first receipt again, however often and in parallel; with an unequal one it is refused. A
request that repeats an ``Idempotency-Key`` gets the first answer again, and is refused if its body
is another one. Refuses numbers under which the body has refused certification. Record, receipt
(which is the outbox row) and idempotency key are one commit, and the receipt is returned only after
it. A refusal writes nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from itertools import islice
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from core import limits
from core.errors import ComityError, Fault, LimitError, Refused
from core.record import Record
from core.runtime.steps import Step
from node.identifiers import Random, milliseconds, public_id, public_ids
from node.lifecycle import CertificateState, Change, barred
from node.receipt import Receipt, receipt_of
from node.store import decisions, records
from node.store.engine import Store
from node.store.records import Certificate, NewRecord

ROWS_PER_COMMIT: Final = 1_000
_RACES: Final = 3


@dataclass(frozen=True, slots=True)
class Accepted:
    """Intake's answer; ``is_new`` says whether this request made the receipt."""

    receipt: Receipt
    is_new: bool


class RowOutcome(StrEnum):
    """What became of one row of a register."""

    ACCEPTED = "accepted"
    ALREADY = "already"  # an equal record was received before
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class RowFault:
    """One fault of one row: which column or member, which rule; never the value."""

    column: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a register, read: its record, or what is wrong with it."""

    number: int
    record: Record | None
    faults: tuple[RowFault, ...] = ()
    refused: tuple[RowFault, ...] = ()  # why a sound record is not taken in, unless it was before


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of one row: a receipt, or faults."""

    number: int
    outcome: RowOutcome
    receipt: str | None
    faults: tuple[RowFault, ...] = ()


def accept(
    store: Store,
    record: Record,
    *,
    now: datetime,
    random: Random,
    idempotency_key: str | None = None,
    refused: ComityError | None = None,
) -> Accepted:
    """Take in one record and return its receipt, once both are durable.

    Args:
        refused: why it is not taken in, unless it was before.
        idempotency_key: names the request; the web process puts its client's identifier before it,
            so that two clients cannot meet.

    Raises:
        Refused: ``unequal_duplicate``, ``certification_refused``, or ``idempotency_mismatch``.
        ComityError: ``refused``.
        LimitError: the idempotency key is empty or too long.
        Unavailable: the database cannot write now; nothing was kept.
    """
    new = new_record(record, random)
    if idempotency_key is not None:
        require_idempotency_key(idempotency_key)
    for attempt in range(_RACES):
        try:
            answer = _accept_one(store, new, milliseconds(now), idempotency_key, refused)
            break
        except IntegrityError:  # a database that lets two writers in at once: the other was first
            if attempt == _RACES - 1:
                raise
    return Accepted(receipt_of(store, answer), answer == new.receipt)


def accept_rows(
    store: Store,
    rows: Iterable[Row],
    *,
    now: datetime,
    random: Random,
    rows_per_commit: int = ROWS_PER_COMMIT,
) -> Iterator[RowResult]:
    """Take in the good rows of a register and name the bad ones.

    Each group of rows is one commit, and its results are yielded only after it. Running the same
    register again gives the same receipts.
    """
    pending = iter(rows)
    while group := list(islice(pending, rows_per_commit)):
        yield from _accept_group(store, group, milliseconds(now), random)


def require_idempotency_key(key: str) -> None:
    """Raise ``LimitError`` unless ``key`` can serve as an idempotency key."""
    longest = limits.IDEMPOTENCY_KEY_CHARS
    if not 0 < len(key) <= longest + _CLIENT_CHARS or not key.isprintable():
        raise LimitError(
            "idempotency_key", f"Idempotency-Key: expected 1 to {longest} printable characters"
        )


_CLIENT_CHARS: Final = 32  # what the web process may put before a client's own key


def new_record(record: Record, random: Random) -> NewRecord:
    """Return a record as it would be kept, with the receipt that it would get."""
    return _new_record(record, public_id(random))


def held_receipt(connection: Connection, new: NewRecord) -> str | None:
    """Return the receipt of an equal record that is held already, None where there is none.

    Raises:
        Refused: another record has its number and revision, or the number is refused.
    """
    held = records.known(connection, [new.certificate]).get(new.certificate)
    if held is not None:
        if held.digest != new.digest:
            raise barred(Change.GRANT, CertificateState.IN_FORCE)
        return held.receipt
    if decisions.numbers_with(connection, [new.certificate.number], Change.REFUSE):
        raise barred(Change.GRANT, CertificateState.REFUSED)
    return None


def take_in(connection: Connection, new: NewRecord, received_ms: int) -> str:
    """Keep a record unless it is held already; return its receipt. Raises as above."""
    held = held_receipt(connection, new)
    if held is None:
        records.keep(connection, [new], received_ms)
    return held or new.receipt


def _new_record(record: Record, receipt: str) -> NewRecord:
    content = record.canonical()
    certificate = Certificate(record.certificate_number, record.revision)
    return NewRecord(certificate, content, sha256(content).digest(), receipt)


def _accept_one(
    store: Store,
    new: NewRecord,
    received_ms: int,
    key: str | None,
    refused: ComityError | None,
) -> str:
    with store.writing(Step.RECEIPT_KEPT) as connection:
        if key is not None:
            answered = records.answered(connection, key)
            if answered is not None:
                if answered.body_digest != new.digest:
                    raise Refused(
                        "idempotency_mismatch",
                        "this Idempotency-Key came before, with another body",
                        "use a new key for a new request",
                    )
                return str(answered.answer)
        if refused is not None and held_receipt(connection, new) is None:
            raise refused
        answer = take_in(connection, new, received_ms)
        if key is not None:
            records.keep_answer(connection, key, new.digest, answer, received_ms)
    return answer


def _accept_group(
    store: Store, rows: Sequence[Row], received_ms: int, random: Random
) -> list[RowResult]:
    drawn = public_ids(len(rows), random)
    proposed = [
        (row, _new_record(row.record, receipt) if row.record is not None else None)
        for row, receipt in zip(rows, drawn, strict=True)
    ]
    for attempt in range(_RACES):
        try:
            return _keep_group(store, proposed, received_ms)
        except IntegrityError:
            if attempt == _RACES - 1:
                raise
    raise AssertionError("the loop above returns or raises")


def _keep_group(
    store: Store, proposed: Sequence[tuple[Row, NewRecord | None]], received_ms: int
) -> list[RowResult]:
    results, fresh = [], []
    with store.writing(Step.RECEIPT_KEPT) as connection:
        wanted = [new.certificate for _, new in proposed if new is not None]
        held = records.known(connection, wanted)
        numbers = sorted({certificate.number for certificate in wanted})
        refused = decisions.numbers_with(connection, numbers, Change.REFUSE)
        for row, new in proposed:
            if new is None:
                results.append(RowResult(row.number, RowOutcome.REFUSED, None, row.faults))
                continue
            first = held.get(new.certificate)
            if first is None and new.certificate.number in refused:
                results.append(_not_taken(row, CertificateState.REFUSED))
            elif first is None and row.refused:
                results.append(RowResult(row.number, RowOutcome.REFUSED, None, row.refused))
            elif first is None:
                held[new.certificate] = records.Known(new.digest, new.receipt)
                fresh.append(new)
                results.append(RowResult(row.number, RowOutcome.ACCEPTED, new.receipt))
            elif first.digest == new.digest:
                results.append(RowResult(row.number, RowOutcome.ALREADY, first.receipt))
            else:
                results.append(_not_taken(row, CertificateState.IN_FORCE))
        records.keep(connection, fresh, received_ms)
    return results


def _not_taken(row: Row, state: CertificateState) -> RowResult:
    why = barred(Change.GRANT, state)
    return RowResult(row.number, RowOutcome.REFUSED, None, (RowFault("", why.code, why.message),))


def row_faults(faults: Iterable[Fault], column_of: "dict[str, str]") -> tuple[RowFault, ...]:
    """Return a record's faults as faults of a row, by the columns that ``column_of`` names."""
    return tuple(
        RowFault(_column(fault.pointer, column_of), fault.code, fault.message) for fault in faults
    )


def _column(pointer: str, column_of: "dict[str, str]") -> str:
    """Return the column a member came from: its own, else that of the nearest member around it."""
    place = pointer
    while place:
        if place in column_of:
            return column_of[place]
        place = place.rpartition("/")[0]
    return pointer
