"""Rows of API tokens. A token itself is never kept, only its SHA-256."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select, update

from node.store.schema import AnyRow, api_token


class NewToken(NamedTuple):
    """A token about to be kept; ``scopes`` are words with spaces between."""

    public_id: str
    digest: bytes
    name: str
    scopes: str


def keep(connection: Connection, new: NewToken, created_ms: int) -> None:
    """Keep a token's hash."""
    connection.execute(api_token.insert().values(**new._asdict(), created_ms=created_ms))


def standing(connection: Connection, digest: bytes) -> AnyRow | None:
    """Return (public_id, scopes) of the token with this hash, None if unknown or revoked."""
    return connection.execute(
        select(api_token.c.public_id, api_token.c.scopes).where(
            api_token.c.digest == digest, api_token.c.revoked_ms.is_(None)
        )
    ).first()


def listed(connection: Connection) -> Sequence[AnyRow]:
    """Return (public_id, name, scopes, created_ms, revoked_ms) of every token."""
    return connection.execute(
        select(
            api_token.c.public_id,
            api_token.c.name,
            api_token.c.scopes,
            api_token.c.created_ms,
            api_token.c.revoked_ms,
        ).order_by(api_token.c.id)
    ).all()


def revoke(connection: Connection, public_id: str, revoked_ms: int) -> bool:
    """Revoke a token; return False where none with this id stands."""
    changed = connection.execute(
        update(api_token)
        .where(api_token.c.public_id == public_id, api_token.c.revoked_ms.is_(None))
        .values(revoked_ms=revoked_ms)
    )
    return changed.rowcount == 1
