"""Rows of decisions: what a body decides of a certificate and no ledger is told."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, select

from node.store.schema import AnyRow, decision

_NUMBERS_AT_ONCE: Final = 500


class NewDecision(NamedTuple):
    """A decision about to be kept; ``decided_on`` is the first second of its day."""

    public_id: str
    number: str
    revision: int | None
    change: str
    reason: int
    decided_on: int


def keep(connection: Connection, new: NewDecision, received_ms: int) -> None:
    """Keep a decision."""
    connection.execute(decision.insert().values(**new._asdict(), received_ms=received_ms))


def told(connection: Connection, public_id: str) -> AnyRow | None:
    """Return one decision, or None."""
    return connection.execute(select(decision).where(decision.c.public_id == public_id)).first()


def told_of(connection: Connection, number: str) -> Sequence[AnyRow]:
    """Return all decisions under a certificate number, oldest first."""
    query = select(decision).where(decision.c.number == number).order_by(decision.c.id)
    return connection.execute(query).all()


def numbers_with(connection: Connection, numbers: Sequence[str], change: str) -> set[str]:
    """Return under which of these numbers a decision of one kind stands."""
    found: set[str] = set()
    for start in range(0, len(numbers), _NUMBERS_AT_ONCE):
        query = select(decision.c.number).where(
            decision.c.number.in_(numbers[start : start + _NUMBERS_AT_ONCE]),
            decision.c.change == change,
        )
        found.update(connection.execute(query).scalars())
    return found
