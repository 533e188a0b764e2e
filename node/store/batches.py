"""Rows of batches."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, func, select, update

from core.events import Position
from node.states import BatchState
from node.store.credentials import LeafRow
from node.store.schema import AnyRow, batch, credential, leaf


class OpenBatch(NamedTuple):
    """A batch that is not final on the ledger yet."""

    id: int
    root: bytes
    size: int
    state: BatchState
    outgoing_id: int | None


def keep(
    connection: Connection,
    *,
    root: bytes,
    leaves: Sequence[bytes],
    placed: Sequence[tuple[LeafRow, int]],
    sealed_ms: int,
) -> int:
    """Keep a frozen batch, and of each of our leaves its place; return the batch's id."""
    batch_id: int = connection.execute(
        batch.insert()
        .values(
            root=root,
            size=len(leaves),
            leaves=b"".join(leaves),
            state=BatchState.SEALED.value,
            sealed_ms=sealed_ms,
        )
        .returning(batch.c.id)
    ).scalar_one()
    connection.execute(
        update(leaf)
        .where(leaf.c.credential_id == bindparam("of"), leaf.c.envelope == bindparam("as_"))
        .values(position=bindparam("at")),
        [{"of": row.credential_id, "as_": row.envelope, "at": place} for row, place in placed],
    )
    connection.execute(
        update(credential)
        .where(credential.c.id == bindparam("of"))
        .values(batch_id=bindparam("into")),
        [
            {"of": credential_id, "into": batch_id}
            for credential_id in sorted({row.credential_id for row, _ in placed})
        ],
    )
    return batch_id


def open_batches(connection: Connection) -> list[OpenBatch]:
    """Return all batches that are sealed or sent, oldest first."""
    rows = connection.execute(
        select(batch.c.id, batch.c.root, batch.c.size, batch.c.state, batch.c.outgoing_id)
        .where(batch.c.state.in_([BatchState.SEALED.value, BatchState.SENT.value]))
        .order_by(batch.c.id)
    )
    return [OpenBatch(i, root, size, BatchState(state), out) for i, root, size, state, out in rows]


def mark_sent(connection: Connection, batch_id: int, outgoing_id: int) -> None:
    """Say which transaction anchors a batch."""
    _set(connection, batch_id, state=BatchState.SENT.value, outgoing_id=outgoing_id)


def mark_sealed(connection: Connection, batch_id: int) -> None:
    """Take a batch back whose transaction came to nothing."""
    _set(connection, batch_id, state=BatchState.SEALED.value, outgoing_id=None)


def mark_refused(connection: Connection, batch_id: int, code: str) -> None:
    """End a batch, and with it its receipts, with a refusal."""
    _set(connection, batch_id, state=BatchState.REFUSED.value, refusal=code)


def mark_anchored(connection: Connection, batch_id: int, position: Position, time: int) -> None:
    """Say where the ledger recorded a batch for good."""
    _set(
        connection,
        batch_id,
        state=BatchState.ANCHORED.value,
        anchored_block=position.block,
        anchored_index=position.index,
        anchored_time=time,
    )


def reopen(connection: Connection, after_block: int) -> int:
    """Take back the anchors recorded after a block that the chain no longer has; how many."""
    changed = connection.execute(
        update(batch)
        .where(batch.c.anchored_block > after_block)
        .values(
            state=BatchState.SENT.value,
            anchored_block=None,
            anchored_index=None,
            anchored_time=None,
        )
    )
    return changed.rowcount


def leaves_of(connection: Connection, batch_id: int) -> bytes:
    """Return all leaf hashes of a batch, one after the other."""
    found: bytes = connection.execute(
        select(batch.c.leaves).where(batch.c.id == batch_id)
    ).scalar_one()
    return found


def newest_anchored(connection: Connection) -> AnyRow | None:
    """Return (root, size, anchored_block, anchored_time) of the batch anchored last, or None."""
    return connection.execute(
        select(batch.c.root, batch.c.size, batch.c.anchored_block, batch.c.anchored_time)
        .where(batch.c.state == BatchState.ANCHORED.value)
        .order_by(batch.c.anchored_block.desc(), batch.c.anchored_index.desc())
        .limit(1)
    ).first()


def count(connection: Connection, state: BatchState) -> int:
    """Return how many batches are in this state."""
    return connection.execute(
        select(func.count()).select_from(batch).where(batch.c.state == state.value)
    ).scalar_one()


def _set(connection: Connection, batch_id: int, **values: Any) -> None:
    connection.execute(update(batch).where(batch.c.id == batch_id).values(**values))
