"""Taking in a register, or one record, and telling what became of each row.

Decides the answer that API and command line give alike: how many rows were accepted, were there
already, or were refused, with the faults of the refused and a receipt for each of the others. A
row number is that of the spreadsheet; a single record is row 1.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from core.errors import Fault, Invalid, Refused
from core.record import Record
from core.runtime.steps import Step
from node.accredited import Gate
from node.identifiers import Random, milliseconds
from node.intake import Row, RowFault, RowOutcome, accept_rows
from node.states import ReceiptState
from node.store import journeys, records
from node.store.engine import Store
from node.store.records import Certificate

REGISTER_ANSWER: Final = "register"  # what a key stands for that came with one


@dataclass(frozen=True, slots=True)
class ReceivedRow:
    """A row that has a receipt."""

    receipt: str
    certificate: Certificate
    state: ReceiptState

    def dump(self) -> dict[str, Any]:
        """Return it as API and command line show it."""
        return {
            "receipt": self.receipt,
            "number": self.certificate.number,
            "revision": self.certificate.revision,
            "state": self.state.value,
        }


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that was not taken in, and why."""

    row: int
    faults: tuple[RowFault, ...]

    def dump(self) -> dict[str, Any]:
        """Return it as API and command line show it."""
        return {
            "row": self.row,
            "faults": [
                {"pointer": fault.column, "code": fault.code, "message": fault.message}
                for fault in self.faults
            ],
        }


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of all rows; ``warnings`` are about rows that have a receipt."""

    accepted: int
    duplicates: int
    refused: tuple[RefusedRow, ...]
    receipts: tuple[ReceivedRow, ...]
    warnings: tuple[RefusedRow, ...] = ()

    def dump(self) -> dict[str, Any]:
        """Return the answer of ``POST /v1/registers`` and of ``comity issue --json``."""
        return {
            "accepted": self.accepted,
            "duplicates": self.duplicates,
            "refused": [refused.dump() for refused in self.refused],
            "receipts": [received.dump() for received in self.receipts],
            "warnings": [warned.dump() for warned in self.warnings],
        }


def import_rows(
    store: Store,
    rows: Iterable[Row],
    *,
    now: datetime,
    random: Random,
    gate: Gate | None = None,
    advance: Callable[[int], None] = lambda _rows: None,
) -> Imported:
    """Take in rows, in one commit for each thousand.

    Args:
        gate: judges each record by the ledger; None judges none.
        advance: is called with the number of rows just done.
    """
    names: dict[int, Certificate] = {}
    told: dict[int, tuple[RowFault, ...]] = {}
    warnings: list[RefusedRow] = []
    refused: list[RefusedRow] = []
    received: list[tuple[str, Certificate]] = []
    accepted = 0
    judged = rows if gate is None else judging(rows, gate, told)
    for result in accept_rows(store, _naming(judged, names), now=now, random=random):
        name, warned = names.pop(result.number, None), told.pop(result.number, ())
        if result.receipt is None or name is None:
            refused.append(RefusedRow(result.number, result.faults))
        else:
            accepted += result.outcome is RowOutcome.ACCEPTED
            received.append((result.receipt, name))
            if warned:
                warnings.append(RefusedRow(result.number, warned))
        advance(1)
    return Imported(
        accepted, len(received) - accepted, tuple(refused), _received(store, received),
        tuple(warnings),
    )  # fmt: skip


def claim_key(store: Store, key: str, digest: bytes, *, now: datetime) -> None:
    """Keep that a request with this idempotency key brought the register with this digest.

    Sent again, an equal register is taken in again: its rows are duplicates, with their receipts.

    Raises:
        Refused: the key came before, with another body.
    """
    with store.writing(Step.CLAIM_KEPT) as connection:
        answered = records.answered(connection, key)
        if answered is None:
            records.keep_answer(connection, key, digest, REGISTER_ANSWER, milliseconds(now))
        elif answered.body_digest != digest:
            raise Refused(
                "idempotency_mismatch", "this Idempotency-Key came before, with another body",
                "use a new key for a new request",
            )  # fmt: skip


def record_row(raw: bytes) -> Row:
    """Return one JSON record as the only row of a register.

    Raises:
        FormatError: it is no JSON.
    """
    try:
        return Row(1, Record.read(raw))
    except Invalid as invalid:
        return Row(1, None, row_faults_of(invalid.faults))


def row_faults_of(faults: Iterable[Fault]) -> tuple[RowFault, ...]:
    """Return faults of a record as faults of its row, each by its JSON pointer."""
    return tuple(RowFault(fault.pointer, fault.code, fault.message) for fault in faults)


def judging(
    rows: Iterable[Row], gate: Gate, told: dict[int, tuple[RowFault, ...]]
) -> Iterator[Row]:
    """Yield rows with what the ledger says of their records; warnings go into ``told`` by row."""
    for row in rows:
        if row.record is None:
            yield row
            continue
        judgement = gate.judge(row.record)
        if judgement.warnings:
            told[row.number] = row_faults_of(judgement.warnings)
        yield replace(row, refused=row_faults_of(judgement.refused))


def _naming(rows: Iterable[Row], names: dict[int, Certificate]) -> Iterator[Row]:
    for row in rows:
        if row.record is not None:
            names[row.number] = Certificate(row.record.certificate_number, row.record.revision)
        yield row


def _received(store: Store, received: list[tuple[str, Certificate]]) -> tuple[ReceivedRow, ...]:
    with store.reading() as connection:
        states = journeys.states(connection, [receipt for receipt, _ in received])
    return tuple(ReceivedRow(receipt, name, states[receipt]) for receipt, name in received)
