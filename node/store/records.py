"""Rows of records and of the receipts that were given for them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, func, select, update

from node.states import BatchState, ReceiptState
from node.store.schema import AnyRow, batch, credential, idempotency, receipt, record

_NUMBERS_AT_ONCE: Final = 500


class Certificate(NamedTuple):
    """What names a certificate within one body."""

    number: str
    revision: int


class Known(NamedTuple):
    """A certificate the node holds already."""

    digest: bytes
    receipt: str


class NewRecord(NamedTuple):
    """A record about to be kept, with the receipt to be given for it."""

    certificate: Certificate
    content: bytes
    digest: bytes
    receipt: str


class Waiting(NamedTuple):
    """A record for which nothing is signed yet."""

    record_id: int
    content: bytes
    digest: bytes


def known(connection: Connection, certificates: Sequence[Certificate]) -> dict[Certificate, Known]:
    """Return which of these certificates the node holds already."""
    numbers = sorted({certificate.number for certificate in certificates})
    found: dict[Certificate, Known] = {}
    for start in range(0, len(numbers), _NUMBERS_AT_ONCE):
        rows = connection.execute(
            select(record.c.number, record.c.revision, record.c.digest, receipt.c.public_id)
            .join(receipt, receipt.c.record_id == record.c.id)
            .where(record.c.number.in_(numbers[start : start + _NUMBERS_AT_ONCE]))
        )
        for number, revision, digest, public in rows:
            found[Certificate(number, revision)] = Known(digest, public)
    return found


def keep(connection: Connection, records: Sequence[NewRecord], received_ms: int) -> None:
    """Keep records and receipts; both or, when the caller's transaction fails, neither."""
    if not records:
        return
    ids = connection.execute(
        record.insert().returning(record.c.id, sort_by_parameter_order=True),
        [
            {
                "number": new.certificate.number,
                "revision": new.certificate.revision,
                "content": new.content,
                "digest": new.digest,
            }
            for new in records
        ],
    ).scalars()
    connection.execute(
        receipt.insert(),
        [
            {
                "public_id": new.receipt,
                "record_id": record_id,
                "state": ReceiptState.RECEIVED.value,
                "received_ms": received_ms,
            }
            for new, record_id in zip(records, ids, strict=True)
        ],
    )


def waiting(connection: Connection, limit: int) -> list[Waiting]:
    """Return the records that wait longest for being issued."""
    rows = connection.execute(
        select(record.c.id, record.c.content, record.c.digest)
        .join(receipt, receipt.c.record_id == record.c.id)
        .where(receipt.c.state == ReceiptState.RECEIVED.value)
        .order_by(receipt.c.id)
        .limit(limit)
    )
    return [Waiting(*row) for row in rows]


def mark_issued(connection: Connection, record_ids: Sequence[int]) -> None:
    """Say that these records are issued."""
    _mark(connection, [{"of": i, "to": ReceiptState.ISSUED.value, "why": None} for i in record_ids])


def mark_refused(connection: Connection, refusals: Mapping[int, str]) -> None:
    """End records with a refusal each."""
    _mark(
        connection,
        [
            {"of": record_id, "to": ReceiptState.REFUSED.value, "why": code}
            for record_id, code in refusals.items()
        ],
    )


def _mark(connection: Connection, changes: Sequence[Mapping[str, Any]]) -> None:
    if changes:
        connection.execute(
            update(receipt)
            .where(receipt.c.record_id == bindparam("of"))
            .values(state=bindparam("to"), refusal=bindparam("why")),
            list(changes),
        )


_JOURNEY = (
    select(
        receipt.c.public_id,
        receipt.c.state,
        receipt.c.refusal,
        receipt.c.received_ms,
        record.c.number,
        record.c.revision,
        credential.c.issued_ms,
        batch.c.state.label("batch_state"),
        batch.c.refusal.label("batch_refusal"),
        batch.c.root,
        batch.c.size,
        batch.c.sealed_ms,
        batch.c.anchored_block,
        batch.c.anchored_index,
        batch.c.anchored_time,
    )
    .select_from(receipt)
    .join(record, record.c.id == receipt.c.record_id)
    .outerjoin(credential, credential.c.record_id == record.c.id)
    .outerjoin(batch, batch.c.id == credential.c.batch_id)
)


def journey(connection: Connection, public_id: str) -> AnyRow | None:
    """Return all that is known of one receipt's way, or None."""
    return connection.execute(_JOURNEY.where(receipt.c.public_id == public_id)).first()


def journeys(connection: Connection, number: str) -> Sequence[AnyRow]:
    """Return the ways of all revisions of a certificate, newest revision first."""
    return connection.execute(
        _JOURNEY.where(record.c.number == number).order_by(record.c.revision.desc())
    ).all()


def numbers(connection: Connection, limit: int, after: str = "") -> list[str]:
    """Return certificate numbers in order, beginning after one of them."""
    return list(
        connection.execute(
            select(record.c.number)
            .where(record.c.number > after)
            .distinct()
            .order_by(record.c.number)
            .limit(limit)
        ).scalars()
    )


def content_of(connection: Connection, certificate: Certificate) -> bytes | None:
    """Return the bytes of a record, or None."""
    return connection.execute(
        select(record.c.content).where(
            record.c.number == certificate.number, record.c.revision == certificate.revision
        )
    ).scalar()


def id_of(connection: Connection, certificate: Certificate) -> int | None:
    """Return which record a certificate's is, or None."""
    return connection.execute(
        select(record.c.id).where(
            record.c.number == certificate.number, record.c.revision == certificate.revision
        )
    ).scalar()


def counts(connection: Connection) -> dict[str, int]:
    """Return how many receipts stand in each state."""
    found = {state.value: 0 for state in ReceiptState}
    ended = connection.execute(select(receipt.c.state, func.count()).group_by(receipt.c.state))
    found |= {state: count for state, count in ended}  # noqa: C416 - rows are no pairs to mypy
    batched = connection.execute(
        select(batch.c.state, func.count())
        .select_from(credential)
        .join(batch, batch.c.id == credential.c.batch_id)
        .group_by(batch.c.state)
    ).all()
    for state, count in batched:
        found[BatchState(state).value] += count
        found[ReceiptState.ISSUED.value] -= count
    return found


def without_end(connection: Connection) -> int:
    """Return how many receipts have come to no end yet."""
    received = select(func.count()).where(receipt.c.state == ReceiptState.RECEIVED.value)
    issued = select(func.count()).where(credential.c.batch_id.is_(None))
    open_states = [BatchState.SEALED.value, BatchState.SENT.value]
    batched = (
        select(func.count())
        .select_from(credential)
        .join(batch, batch.c.id == credential.c.batch_id)
        .where(batch.c.state.in_(open_states))
    )
    return sum(connection.execute(query).scalar_one() for query in (received, issued, batched))


def answered(connection: Connection, key: str) -> AnyRow | None:
    """Return (body_digest, answer) of the request that came with this key, or None."""
    return connection.execute(
        select(idempotency.c.body_digest, idempotency.c.answer).where(idempotency.c.key == key)
    ).first()


def keep_answer(
    connection: Connection, key: str, body_digest: bytes, answer: str, received_ms: int
) -> None:
    """Keep which answer a request with this key got."""
    connection.execute(
        idempotency.insert().values(
            key=key, body_digest=body_digest, answer=answer, received_ms=received_ms
        )
    )
