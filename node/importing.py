"""Taking in a register, or one record, and telling what became of each row.

Decides the answer that API and command line give alike: how many rows were accepted, were there
already, or were refused, with the faults of the refused and a receipt for each of the others. A
row number is that of the spreadsheet; a single record is row 1.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from core.errors import Invalid, Refused
from core.record import Record
from core.runtime.steps import Step
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
    """What became of all rows."""

    accepted: int
    duplicates: int
    refused: tuple[RefusedRow, ...]
    receipts: tuple[ReceivedRow, ...]

    def dump(self) -> dict[str, Any]:
        """Return the answer of ``POST /v1/registers`` and of ``comity issue --json``."""
        return {
            "accepted": self.accepted,
            "duplicates": self.duplicates,
            "refused": [refused.dump() for refused in self.refused],
            "receipts": [received.dump() for received in self.receipts],
        }


def import_rows(
    store: Store,
    rows: Iterable[Row],
    *,
    now: datetime,
    random: Random,
    advance: Callable[[int], None] = lambda _rows: None,
) -> Imported:
    """Take in rows, in one commit for each thousand.

    Args:
        advance: is called with the number of rows just done.
    """
    names: dict[int, Certificate] = {}
    refused: list[RefusedRow] = []
    received: list[tuple[str, Certificate]] = []
    accepted = 0
    for result in accept_rows(store, _naming(rows, names), now=now, random=random):
        name = names.pop(result.number, None)
        if result.receipt is None or name is None:
            refused.append(RefusedRow(result.number, result.faults))
        else:
            accepted += result.outcome is RowOutcome.ACCEPTED
            received.append((result.receipt, name))
        advance(1)
    return Imported(accepted, len(received) - accepted, tuple(refused), _received(store, received))


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
        faults = (RowFault(f.pointer, f.code, f.message) for f in invalid.faults)
        return Row(1, None, tuple(faults))


def _naming(rows: Iterable[Row], names: dict[int, Certificate]) -> Iterator[Row]:
    for row in rows:
        if row.record is not None:
            names[row.number] = Certificate(row.record.certificate_number, row.record.revision)
        yield row


def _received(store: Store, received: list[tuple[str, Certificate]]) -> tuple[ReceivedRow, ...]:
    with store.reading() as connection:
        states = journeys.states(connection, [receipt for receipt, _ in received])
    return tuple(ReceivedRow(receipt, name, states[receipt]) for receipt, name in received)
