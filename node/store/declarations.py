"""Rows of declarations: status changes on their way to the ledger."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, func, select, update

from core.events import Position, State
from node.states import BatchState, DeclarationState
from node.store.schema import AnyRow, batch, credential, declaration, receipt, record

NO_SLOT: Final = bytes(32)
"""The place of a slot that is not known yet, or of none."""


class NewDeclaration(NamedTuple):
    """A status change about to be kept; times are Unix seconds, ``until`` 0 is open.

    Those with one ``order_id`` go together. ``successor_id`` is the record of the certificate that
    takes the place, where a body has ordered one.
    """

    public_id: str
    credential_id: int
    slot: bytes
    code: int
    reason: int
    effective_at: int
    until: int
    linked_member: int
    linked_slot: bytes
    order_id: str
    successor_id: int | None = None


class OpenDeclaration(NamedTuple):
    """A declaration that the ledger has not recorded for good yet.

    ``batch_state`` is that of the batch in which its own certificate lies, None while in none.
    """

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
    order_id: str
    batch_state: BatchState | None

    @property
    def grants(self) -> bool:
        """Whether it grants a certificate in another's place."""
        return self.code == State.IN_FORCE and self.linked_member != 0


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
    func.coalesce(declaration.c.order_id, declaration.c.public_id),
    batch.c.state,
)
_UNDER_WAY = [DeclarationState.RECEIVED.value, DeclarationState.SENT.value]


def keep(
    connection: Connection,
    new: NewDeclaration,
    received_ms: int,
    state: DeclarationState = DeclarationState.RECEIVED,
) -> None:
    """Keep a declaration."""
    connection.execute(
        declaration.insert().values(**new._asdict(), state=state.value, received_ms=received_ms)
    )


def place(connection: Connection, record_id: int, credential_id: int, slot: bytes) -> bool:
    """Let the declarations go that waited for a record to be issued; whether there were any.

    Args:
        credential_id, slot: what was issued from it.
    """
    waiting = (
        declaration.c.successor_id == record_id,
        declaration.c.state == DeclarationState.WAITING.value,
    )
    replaced = connection.execute(
        update(declaration)
        .where(*waiting, declaration.c.slot != NO_SLOT)
        .values(linked_slot=slot, state=DeclarationState.RECEIVED.value)
    )
    connection.execute(
        update(declaration)
        .where(*waiting, declaration.c.slot == NO_SLOT)
        .values(slot=slot, credential_id=credential_id, state=DeclarationState.RECEIVED.value)
    )
    return replaced.rowcount > 0


def awaited(connection: Connection, record_ids: Sequence[int]) -> set[int]:
    """Return which of these records declarations wait for."""
    query = select(declaration.c.successor_id).where(
        declaration.c.successor_id.in_(record_ids),
        declaration.c.state == DeclarationState.WAITING.value,
    )
    return {found for found in connection.execute(query).scalars() if found is not None}


def refuse_waiting(connection: Connection, record_ids: Sequence[int], code: str) -> None:
    """End with a refusal what waited for records from which nothing can be issued."""
    if record_ids:
        connection.execute(
            update(declaration)
            .where(
                declaration.c.successor_id.in_(record_ids),
                declaration.c.state == DeclarationState.WAITING.value,
            )
            .values(state=DeclarationState.REFUSED.value, refusal=code)
        )


def superseding(connection: Connection, credential_id: int) -> AnyRow | None:
    """Return (public_id, reason, successor_id, linked_member, linked_slot) of what puts another
    certificate in this one's place, None where nothing does."""
    return connection.execute(
        select(
            declaration.c.public_id,
            declaration.c.reason,
            declaration.c.successor_id,
            declaration.c.linked_member,
            declaration.c.linked_slot,
        )
        .where(
            declaration.c.credential_id == credential_id,
            declaration.c.code == State.SUPERSEDED.value,
            declaration.c.state != DeclarationState.REFUSED.value,
        )
        .order_by(declaration.c.id.desc())
    ).first()


def under_way(connection: Connection) -> list[OpenDeclaration]:
    """Return all declarations without an end, oldest first."""
    return _open(connection.execute(_under_way_query(*_UNDER_WAY)).all())


def under_way_of(connection: Connection, slots: Sequence[bytes]) -> list[OpenDeclaration]:
    """Return the declarations without an end that concern these slots, oldest first.

    Those that wait for a successor are among them.
    """
    query = _under_way_query(DeclarationState.WAITING.value, *_UNDER_WAY)
    return _open(connection.execute(query.where(declaration.c.slot.in_(slots))).all())


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
    declaration.c.slot,
    declaration.c.code,
    declaration.c.reason,
    declaration.c.effective_at,
    declaration.c.until,
    declaration.c.linked_member,
    declaration.c.linked_slot,
    declaration.c.state,
    declaration.c.refusal,
    declaration.c.received_ms,
    declaration.c.recorded_block,
    declaration.c.recorded_index,
    receipt.c.public_id.label("successor_receipt"),
).outerjoin(receipt, receipt.c.record_id == declaration.c.successor_id)


def told(connection: Connection, public_id: str) -> AnyRow | None:
    """Return one declaration as its sender may see it, or None."""
    return connection.execute(_TOLD.where(declaration.c.public_id == public_id)).first()


def told_of(connection: Connection, number: str, revision: int) -> Sequence[AnyRow]:
    """Return all declarations of one certificate, oldest first."""
    return connection.execute(
        _TOLD.join(credential, credential.c.id == declaration.c.credential_id)
        .join(record, record.c.id == credential.c.record_id)
        .where(
            record.c.number == number,
            record.c.revision == revision,
            declaration.c.slot == credential.c.slot,
        )
        .order_by(declaration.c.id)
    ).all()


def _under_way_query(*states: str) -> Any:
    return (
        select(*_OPEN)
        .join(credential, credential.c.id == declaration.c.credential_id)
        .outerjoin(batch, batch.c.id == credential.c.batch_id)
        .where(declaration.c.state.in_(states))
        .order_by(declaration.c.id)
    )


def _open(rows: Sequence[AnyRow]) -> list[OpenDeclaration]:
    return [
        OpenDeclaration._make(
            (
                *row[:8],
                DeclarationState(row[8]),
                *row[9:11],
                BatchState(row[11]) if row[11] else None,
            )
        )
        for row in rows
    ]
