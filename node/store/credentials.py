"""Rows of credentials, of their leaves, and of the status lists their slots lie in."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, and_, bindparam, func, or_, select, update

from core.events import Position
from node.states import BatchState, Envelope
from node.store.records import Certificate
from node.store.schema import AnyRow, batch, credential, leaf, record, status_list

_SLOTS_AT_ONCE: Final = 500


class NewLeaf(NamedTuple):
    """The leaf of one envelope."""

    envelope: Envelope
    salt: bytes
    hash: bytes


class Replaced(NamedTuple):
    """The certificate of another body in whose place one stands, and since when (Unix seconds)."""

    member: int
    slot: bytes
    effective_at: int


class NewCredential(NamedTuple):
    """A record, signed, and not yet kept."""

    record_id: int
    list_number: int
    list_index: int
    slot: bytes
    selective: str
    plain: str
    thumbprint: str
    leaves: tuple[NewLeaf, NewLeaf]
    replaces: Replaced | None = None


class SlotOwner(NamedTuple):
    """The list entry that a slot is."""

    list_number: int
    list_index: int
    slot: bytes


def newest_list(connection: Connection) -> AnyRow | None:
    """Return (number, url) of the list opened last, or None."""
    return connection.execute(
        select(status_list.c.number, status_list.c.url)
        .order_by(status_list.c.number.desc())
        .limit(1)
    ).first()


def open_list(connection: Connection, number: int, url: str) -> None:
    """Open a status list; its signed form follows."""
    connection.execute(status_list.insert().values(number=number, url=url))


def used_indexes(connection: Connection, list_number: int) -> list[int]:
    """Return the indexes of a list that credentials have."""
    rows = connection.execute(
        select(credential.c.list_index).where(credential.c.list_number == list_number)
    )
    return list(rows.scalars())


def keep(
    connection: Connection, made: Sequence[NewCredential], issued_ms: int
) -> list[tuple[int, NewCredential]]:
    """Keep credentials and their leaves; return each with its id."""
    if not made:
        return []
    ids = connection.execute(
        credential.insert().returning(credential.c.id, sort_by_parameter_order=True),
        [
            {
                "record_id": new.record_id,
                "list_number": new.list_number,
                "list_index": new.list_index,
                "slot": new.slot,
                "selective": new.selective,
                "plain": new.plain,
                "thumbprint": new.thumbprint,
                "issued_ms": issued_ms,
            }
            for new in made
        ],
    ).scalars()
    kept = list(zip(ids, made, strict=True))
    connection.execute(
        leaf.insert(),
        [
            {
                "credential_id": credential_id,
                "envelope": part.envelope.value,
                "salt": part.salt,
                "hash": part.hash,
            }
            for credential_id, new in kept
            for part in new.leaves
        ],
    )
    return kept


def unsealed(connection: Connection) -> tuple[int, int | None]:
    """Return how many credentials are in no batch yet, and when the first of them was issued."""
    row = connection.execute(
        select(func.count(), func.min(credential.c.issued_ms)).where(
            credential.c.batch_id.is_(None)
        )
    ).one()
    return row[0], row[1]


class LeafRow(NamedTuple):
    """A leaf that waits for its batch."""

    credential_id: int
    envelope: str
    hash: bytes


def unsealed_leaves(connection: Connection, credentials: int) -> list[LeafRow]:
    """Return the leaves of the credentials that have waited longest; two for each."""
    first = (
        select(credential.c.id)
        .where(credential.c.batch_id.is_(None))
        .order_by(credential.c.id)
        .limit(credentials)
        .subquery()
    )
    rows = connection.execute(
        select(leaf.c.credential_id, leaf.c.envelope, leaf.c.hash)
        .join(first, first.c.id == leaf.c.credential_id)
        .order_by(leaf.c.credential_id, leaf.c.envelope)
    )
    return [LeafRow(*row) for row in rows]


def release(
    connection: Connection, thumbprint: str, revoked: Position, sound: Sequence[int]
) -> int:
    """Take a key's credentials out of every batch not recorded before a position; how many.

    Args:
        sound: open batches that the ledger has recorded before it all the same.
    """
    later = or_(
        batch.c.anchored_block > revoked.block,
        and_(batch.c.anchored_block == revoked.block, batch.c.anchored_index > revoked.index),
    )
    is_open = batch.c.state.in_([BatchState.SEALED.value, BatchState.SENT.value])
    unsound = (
        select(credential.c.id)
        .join(batch, batch.c.id == credential.c.batch_id)
        .where(
            credential.c.thumbprint == thumbprint,
            or_(later, and_(is_open, batch.c.id.not_in(sound))),
        )
    )
    ids = list(connection.execute(unsound).scalars())
    if ids:
        connection.execute(
            update(leaf).where(leaf.c.credential_id == bindparam("of")).values(position=None),
            [{"of": one} for one in ids],
        )
        connection.execute(
            update(credential).where(credential.c.id == bindparam("of")).values(batch_id=None),
            [{"of": one} for one in ids],
        )
    return len(ids)


def outdated(connection: Connection, thumbprints: Sequence[str], limit: int) -> Sequence[AnyRow]:
    """Return (id, content, url, list_index) of credentials in no batch that these keys signed."""
    return connection.execute(
        select(credential.c.id, record.c.content, status_list.c.url, credential.c.list_index)
        .join(record, record.c.id == credential.c.record_id)
        .join(status_list, status_list.c.number == credential.c.list_number)
        .where(credential.c.batch_id.is_(None), credential.c.thumbprint.in_(thumbprints))
        .order_by(credential.c.id)
        .limit(limit)
    ).all()


class Renewed(NamedTuple):
    """A credential that was signed again; its record and slot stay."""

    id: int
    selective: str
    plain: str
    leaves: tuple[NewLeaf, NewLeaf]
    thumbprint: str


def renew(connection: Connection, renewed: Sequence[Renewed], issued_ms: int) -> None:
    """Keep new tokens and leaves in place of those before."""
    connection.execute(
        update(credential)
        .where(credential.c.id == bindparam("of"))
        .values(
            selective=bindparam("sd"), plain=bindparam("jwt"), thumbprint=bindparam("by"),
            issued_ms=issued_ms,
        ),
        [
            {"of": new.id, "sd": new.selective, "jwt": new.plain, "by": new.thumbprint}
            for new in renewed
        ],
    )  # fmt: skip
    connection.execute(
        update(leaf)
        .where(leaf.c.credential_id == bindparam("of"), leaf.c.envelope == bindparam("as_"))
        .values(salt=bindparam("with_"), hash=bindparam("is_"), position=None),
        [
            {"of": new.id, "as_": part.envelope.value, "with_": part.salt, "is_": part.hash}
            for new in renewed
            for part in new.leaves
        ],
    )


def owners(connection: Connection, slots: Sequence[bytes]) -> list[SlotOwner]:
    """Return which list entries these slots are; unknown ones are left out."""
    found: list[SlotOwner] = []
    for start in range(0, len(slots), _SLOTS_AT_ONCE):
        rows = connection.execute(
            select(credential.c.list_number, credential.c.list_index, credential.c.slot).where(
                credential.c.slot.in_(slots[start : start + _SLOTS_AT_ONCE])
            )
        )
        found += [SlotOwner(*row) for row in rows]
    return found


class ListRow(NamedTuple):
    """When and with which bits a status list was signed; all None before the first time."""

    number: int
    url: str
    bits_digest: bytes | None
    next_change: int | None
    signed_ms: int | None


def lists(connection: Connection) -> list[ListRow]:
    """Return all status lists."""
    rows = connection.execute(
        select(
            status_list.c.number,
            status_list.c.url,
            status_list.c.bits_digest,
            status_list.c.next_change,
            status_list.c.signed_ms,
        ).order_by(status_list.c.number)
    )
    return [ListRow(*row) for row in rows]


def list_token(connection: Connection, number: int) -> str | None:
    """Return a list as it was last signed, or None."""
    return connection.execute(
        select(status_list.c.token).where(status_list.c.number == number)
    ).scalar()


def keep_list(connection: Connection, row: ListRow, token: str) -> None:
    """Keep a list as it is signed now."""
    connection.execute(
        update(status_list)
        .where(status_list.c.number == row.number)
        .values(
            token=token,
            bits_digest=row.bits_digest,
            next_change=row.next_change,
            signed_ms=row.signed_ms,
        )
    )


_HELD = (
    select(
        credential.c.id,
        credential.c.slot,
        credential.c.list_number,
        credential.c.list_index,
        credential.c.issued_ms,
        record.c.number,
        record.c.revision,
        record.c.content,
        batch.c.state.label("batch_state"),
    )
    .join(record, record.c.id == credential.c.record_id)
    .outerjoin(batch, batch.c.id == credential.c.batch_id)
)


def held(connection: Connection, number: str, revision: int | None) -> AnyRow | None:
    """Return the credential of a certificate (its newest revision if none is named), or None."""
    query = _HELD.where(record.c.number == number).order_by(record.c.revision.desc()).limit(1)
    if revision is not None:
        query = query.where(record.c.revision == revision)
    return connection.execute(query).first()


def presentable(
    connection: Connection, certificate: Certificate, envelope: Envelope
) -> AnyRow | None:
    """Return a certificate's token, leaf and batch, or None where it has no credential."""
    token = credential.c.selective if envelope is Envelope.SELECTIVE else credential.c.plain
    return connection.execute(
        select(
            token.label("token"),
            leaf.c.salt,
            leaf.c.position,
            batch.c.root,
            batch.c.size,
            batch.c.leaves,
            batch.c.anchored_block,
            batch.c.anchored_index,
        )
        .join(record, record.c.id == credential.c.record_id)
        .join(leaf, leaf.c.credential_id == credential.c.id)
        .outerjoin(batch, batch.c.id == credential.c.batch_id)
        .where(
            record.c.number == certificate.number,
            record.c.revision == certificate.revision,
            leaf.c.envelope == envelope.value,
        )
    ).first()


def newest_revision(connection: Connection, number: str) -> int | None:
    """Return the highest revision of a certificate that has a credential, or None."""
    return connection.execute(
        select(func.max(record.c.revision))
        .join(credential, credential.c.record_id == record.c.id)
        .where(record.c.number == number)
    ).scalar()
