"""Rows of declarations: status changes on their way to the ledger."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, select, update

from core.events import Position
from node.states import DeclarationState
from node.store.schema import AnyRow, credential, declaration, record


class NewDeclaration(NamedTuple):
    """A status change about to be kept; times are Unix seconds, ``until`` 0 is open."""

    public_id: str
    credential_id: int
    slot: bytes
    code: int
    reason: int
    effective_at: int
    until: int
    linked_member: int
    linked_slot: bytes


class OpenDeclaration(NamedTuple):
    """A declaration that the ledger has not recorded for good yet."""

    id: int
    slot: bytes
    code: int
    reason: int
    effective_at: int
    until: int
    linked_member: int
    linked_slot: bytes
    state: DeclarationState
    outgoing_id: int | None


_OPEN = (
    declaration.c.id,
    declaration.c.slot,
    declaration.c.code,
    declaration.c.reason,
    declaration.c.effective_at,
    declaration.c.until,
    declaration.c.linked_member,
    declaration.c.linked_slot,
    declaration.c.state,
    declaration.c.outgoing_id,
)
_UNDER_WAY = [DeclarationState.RECEIVED.value, DeclarationState.SENT.value]


def keep(connection: Connection, new: NewDeclaration, received_ms: int) -> None:
    """Keep a declaration."""
    connection.execute(
        declaration.insert().values(
            **new._asdict(), state=DeclarationState.RECEIVED.value, received_ms=received_ms
        )
    )


def under_way(connection: Connection) -> list[OpenDeclaration]:
    """Return all declarations without an end, oldest first."""
    return _open(connection.execute(_under_way_query()).all())


def under_way_of(connection: Connection, slots: Sequence[bytes]) -> list[OpenDeclaration]:
    """Return the declarations without an end that concern these slots, oldest first."""
    return _open(connection.execute(_under_way_query().where(declaration.c.slot.in_(slots))).all())


def mark_sent(connection: Connection, ids: Sequence[int], outgoing_id: int) -> None:
    """Say which transaction carries these declarations."""
    connection.execute(
        update(declaration)
        .where(declaration.c.id.in_(ids))
        .values(state=DeclarationState.SENT.value, outgoing_id=outgoing_id)
    )


def mark_received(connection: Connection, ids: Sequence[int]) -> None:
    """Take declarations back whose transaction came to nothing."""
    connection.execute(
        update(declaration)
        .where(declaration.c.id.in_(ids))
        .values(state=DeclarationState.RECEIVED.value, outgoing_id=None)
    )


def mark_refused(connection: Connection, ids: Sequence[int], code: str) -> None:
    """End declarations with a refusal."""
    connection.execute(
        update(declaration)
        .where(declaration.c.id.in_(ids))
        .values(state=DeclarationState.REFUSED.value, refusal=code)
    )


def mark_recorded(connection: Connection, declaration_id: int, position: Position) -> None:
    """Say where the ledger recorded a declaration for good."""
    connection.execute(
        update(declaration)
        .where(declaration.c.id == declaration_id)
        .values(
            state=DeclarationState.RECORDED.value,
            recorded_block=position.block,
            recorded_index=position.index,
        )
    )


def reopen(connection: Connection, after_block: int) -> None:
    """Take back what was recorded after a block that the chain no longer has."""
    connection.execute(
        update(declaration)
        .where(declaration.c.recorded_block > after_block)
        .values(state=DeclarationState.SENT.value, recorded_block=None, recorded_index=None)
    )


def recorded_positions(connection: Connection, slot: bytes) -> set[Position]:
    """Return where the ledger recorded earlier declarations of a slot."""
    rows = connection.execute(
        select(declaration.c.recorded_block, declaration.c.recorded_index).where(
            declaration.c.slot == slot, declaration.c.recorded_block.is_not(None)
        )
    )
    return {Position(block, index) for block, index in rows}


_TOLD = select(
    declaration.c.public_id,
    declaration.c.code,
    declaration.c.reason,
    declaration.c.effective_at,
    declaration.c.until,
    declaration.c.state,
    declaration.c.refusal,
    declaration.c.received_ms,
    declaration.c.recorded_block,
    declaration.c.recorded_index,
)


def told(connection: Connection, public_id: str) -> AnyRow | None:
    """Return one declaration as its sender may see it, or None."""
    return connection.execute(_TOLD.where(declaration.c.public_id == public_id)).first()


def told_of(connection: Connection, number: str, revision: int) -> Sequence[AnyRow]:
    """Return all declarations of one certificate, oldest first."""
    return connection.execute(
        _TOLD.join(credential, credential.c.id == declaration.c.credential_id)
        .join(record, record.c.id == credential.c.record_id)
        .where(record.c.number == number, record.c.revision == revision)
        .order_by(declaration.c.id)
    ).all()


def _under_way_query() -> Any:
    return select(*_OPEN).where(declaration.c.state.in_(_UNDER_WAY)).order_by(declaration.c.id)


def _open(rows: Sequence[AnyRow]) -> list[OpenDeclaration]:
    return [OpenDeclaration._make((*row[:8], DeclarationState(row[8]), row[9])) for row in rows]
