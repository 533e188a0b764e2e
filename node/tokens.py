"""Tokens of the node's API: made once, shown once, kept as a hash.

Decides the scopes: ``read`` looks, ``issue`` sends records, ``declare`` changes statuses; none
includes another. Refuses unknown scopes and unnamed tokens.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final

from core.encoding import b64url
from core.errors import Forbidden, NotFound, Unauthorized, UsageError
from node.identifiers import Random, milliseconds, moment, public_id
from node.store import tokens
from node.store.engine import Store

_PREFIX: Final = "comity_"  # so that scanners for leaked secrets can know one
_SECRET_BYTES: Final = 32
_NAME_CHARS: Final = 100


class Scope(StrEnum):
    """What a token allows."""

    READ = "read"
    ISSUE = "issue"
    DECLARE = "declare"


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token, which is everything but the token."""

    id: str
    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the token's id, and what it allows."""

    token_id: str
    scopes: frozenset[Scope]

    def require(self, scope: Scope) -> None:
        """Raise ``Forbidden`` unless the token has ``scope``."""
        if scope not in self.scopes:
            raise Forbidden("scope_missing", f"this token does not have the scope {scope}")


def make_token(
    store: Store, name: str, scopes: frozenset[Scope], *, now: datetime, random: Random
) -> tuple[str, str]:
    """Make a token and return (its id, the token); it is never shown again.

    Raises:
        UsageError: no scope, or no usable name.
    """
    if not scopes:
        raise UsageError("scope_missing", f"name at least one scope of {', '.join(Scope)}")
    if not 0 < len(name) <= _NAME_CHARS or not name.isprintable():
        raise UsageError("token_name", f"a token's name has 1 to {_NAME_CHARS} characters")
    token = _PREFIX + b64url(random(_SECRET_BYTES))
    new = tokens.NewToken(public_id(random), _digest(token), name, " ".join(sorted(scopes)))
    with store.writing() as connection:
        tokens.keep(connection, new, milliseconds(now))
    return new.public_id, token


def caller(store: Store, token: str) -> Caller:
    """Return who presents this token.

    Raises:
        Unauthorized: unknown, or revoked; which of the two is not said.
    """
    with store.reading() as connection:
        row = tokens.standing(connection, _digest(token))
    if row is None:
        raise Unauthorized("token_unknown", "this token is not known here")
    return Caller(row.public_id, _scopes(row.scopes))


def list_tokens(store: Store) -> list[Token]:
    """Return every token ever made."""
    with store.reading() as connection:
        rows = tokens.listed(connection)
    return [
        Token(
            row.public_id,
            row.name,
            _scopes(row.scopes),
            moment(row.created_ms),
            moment(row.revoked_ms) if row.revoked_ms is not None else None,
        )
        for row in rows
    ]


def revoke_token(store: Store, token_id: str, *, now: datetime) -> None:
    """Revoke a token, from the next request on.

    Raises:
        NotFound: no token with this id stands.
    """
    with store.writing() as connection:
        if not tokens.revoke(connection, token_id, milliseconds(now)):
            raise NotFound("token_unknown", "no token with this id stands", "see comity token list")


def _digest(token: str) -> bytes:
    # the token holds 256 random bits: a plain hash is enough, nothing can be guessed
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


def _scopes(text: str) -> frozenset[Scope]:
    return frozenset(Scope(word) for word in text.split())
