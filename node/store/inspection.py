"""Reading everything the node keeps, row by row, for whoever compares it with its source.

Decides nothing. Long tables are streamed, so that a register of any size fits into memory.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, func, or_, select, text

from node.states import Envelope, ReceiptState
from node.store.schema import (
    AnyRow,
    act,
    batch,
    credential,
    decision,
    declaration,
    idempotency,
    leaf,
    outgoing,
    receipt,
    record,
    status_list,
)

_ROWS_AT_ONCE: Final = 500
_TOKENS: Final = {Envelope.SELECTIVE: credential.c.selective, Envelope.PLAIN: credential.c.plain}


def damage(connection: Connection) -> list[str]:
    """Return what the database itself finds wrong with its file; empty where nothing, or no file.

    Only SQLite can be asked; PostgreSQL checks its pages as it reads them.
    """
    if connection.dialect.name != "sqlite":
        return []
    found = [row[0] for row in connection.execute(text("PRAGMA integrity_check(10)"))]
    broken = [f"{row[0]}: no {row[2]}" for row in connection.execute(text(_FOREIGN_KEYS))]
    return [line for line in found if line != "ok"] + broken


_FOREIGN_KEYS: Final = "PRAGMA foreign_key_check"


def leaves(connection: Connection, batch_id: int | None) -> Iterator[AnyRow]:
    """Yield (credential_id, envelope, salt, hash, position, token) of a batch's own leaves.

    Args:
        batch_id: None for those in no batch yet.
    """
    where = (
        credential.c.batch_id.is_(None) if batch_id is None else credential.c.batch_id == batch_id
    )
    for envelope, token in _TOKENS.items():
        query = (
            select(
                leaf.c.credential_id,
                leaf.c.envelope,
                leaf.c.salt,
                leaf.c.hash,
                leaf.c.position,
                token.label("token"),
            )
            .join(credential, credential.c.id == leaf.c.credential_id)
            .where(where, leaf.c.envelope == envelope.value)
        )
        yield from _streamed(connection, query)


def credentials_in(connection: Connection, batch_id: int) -> int:
    """Return how many credentials name this batch."""
    query = select(func.count()).where(credential.c.batch_id == batch_id)
    return connection.execute(query).scalar_one()


def batches(connection: Connection) -> Sequence[AnyRow]:
    """Return every batch without its leaves."""
    columns = [column for column in batch.c if column is not batch.c.leaves]
    return connection.execute(select(*columns).order_by(batch.c.id)).all()


def records(connection: Connection) -> Iterator[AnyRow]:
    """Yield (id, number, content, digest) of every record."""
    columns = (record.c.id, record.c.number, record.c.content, record.c.digest)
    yield from _streamed(connection, select(*columns))


def credentials(connection: Connection) -> Iterator[AnyRow]:
    """Yield every credential, its tokens, its list's address and its record's number."""
    query = (
        select(
            credential.c.id,
            credential.c.list_index,
            credential.c.slot,
            credential.c.selective,
            credential.c.plain,
            credential.c.thumbprint,
            status_list.c.url,
            record.c.number,
        )
        .outerjoin(status_list, status_list.c.number == credential.c.list_number)
        .outerjoin(record, record.c.id == credential.c.record_id)
    )
    yield from _streamed(connection, query)


def transactions(connection: Connection) -> Iterator[AnyRow]:
    """Yield every transaction that was ever signed."""
    yield from _streamed(connection, select(outgoing))


def declarations(connection: Connection) -> Iterator[AnyRow]:
    """Yield every declaration."""
    yield from _streamed(connection, select(declaration))


def acts(connection: Connection) -> Iterator[AnyRow]:
    """Yield every act, with kind, target and call of the transaction that carries it."""
    carrying = (
        outgoing.c.kind.label("carried_kind"),
        outgoing.c.target.label("carried_to"),
        outgoing.c.call.label("carried_call"),
    )
    query = select(act, *carrying).outerjoin(outgoing, outgoing.c.id == act.c.outgoing_id)
    yield from _streamed(connection, query)


def signed_lists(connection: Connection) -> Sequence[AnyRow]:
    """Return the status lists that are signed."""
    return connection.execute(select(status_list).where(status_list.c.token.is_not(None))).all()


def records_without_receipt(connection: Connection) -> list[int]:
    """Return the records for which no receipt stands."""
    query = select(record.c.id).outerjoin(receipt, receipt.c.record_id == record.c.id)
    return list(connection.execute(query.where(receipt.c.id.is_(None))).scalars())


def contradictory_receipts(connection: Connection) -> list[str]:
    """Return the receipts that are in no state, or in two.

    Received and refused have no credential, issued has one; refused alone has a reason.
    """
    has_credential = credential.c.id.is_not(None)
    states = [state.value for state in (ReceiptState.RECEIVED, ReceiptState.ISSUED)]
    is_issued = receipt.c.state == ReceiptState.ISSUED.value
    is_refused = receipt.c.state == ReceiptState.REFUSED.value
    query = (
        select(receipt.c.public_id)
        .outerjoin(credential, credential.c.record_id == receipt.c.record_id)
        .where(
            or_(
                receipt.c.state.not_in([*states, ReceiptState.REFUSED.value]),
                is_issued != has_credential,
                is_refused != receipt.c.refusal.is_not(None),
                and_(is_refused, has_credential),
            )
        )
    )
    return list(connection.execute(query).scalars())


def slots_given_twice(connection: Connection) -> list[bytes]:
    """Return slots that more than one credential has, whatever the index says."""
    query = select(credential.c.slot).group_by(credential.c.slot).having(func.count() > 1)
    return list(connection.execute(query).scalars())


def leaves_kept_twice(connection: Connection) -> list[bytes]:
    """Return leaf hashes that more than one envelope has."""
    query = select(leaf.c.hash).group_by(leaf.c.hash).having(func.count() > 1)
    return list(connection.execute(query).scalars())


def credentials_without_both_leaves(connection: Connection) -> list[int]:
    """Return the credentials that do not have exactly two leaves."""
    query = (
        select(credential.c.id)
        .outerjoin(leaf, leaf.c.credential_id == credential.c.id)
        .group_by(credential.c.id)
        .having(func.count(leaf.c.envelope) != len(Envelope))
    )
    return list(connection.execute(query).scalars())


def answers_to_nothing(connection: Connection, besides: str) -> int:
    """Return how many kept answers name no receipt, declaration or decision; ``besides`` may."""
    query = (
        select(func.count())
        .select_from(idempotency)
        .outerjoin(receipt, receipt.c.public_id == idempotency.c.answer)
        .outerjoin(declaration, declaration.c.public_id == idempotency.c.answer)
        .outerjoin(decision, decision.c.public_id == idempotency.c.answer)
        .where(
            receipt.c.id.is_(None),
            declaration.c.id.is_(None),
            decision.c.id.is_(None),
            idempotency.c.answer != besides,
        )
    )
    return connection.execute(query).scalar_one()


def known_slots(connection: Connection, slots: Sequence[bytes]) -> set[bytes]:
    """Return which of these slots belong to credentials of this node."""
    known: set[bytes] = set()
    for start in range(0, len(slots), _ROWS_AT_ONCE):
        some = slots[start : start + _ROWS_AT_ONCE]
        query = select(credential.c.slot).where(credential.c.slot.in_(some))
        known.update(connection.execute(query).scalars())
    return known


def _streamed(connection: Connection, query: Select[Any]) -> Iterator[AnyRow]:
    yield from connection.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE})
