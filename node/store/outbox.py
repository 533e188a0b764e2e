"""Rows of transactions: signed, stored, sent as they are stored, and what became of them."""

from typing import NamedTuple

from sqlalchemy import Connection, func, select, update

from node.states import OutgoingKind, OutgoingState
from node.store.schema import outgoing


class Signed(NamedTuple):
    """A signed transaction, about to be stored."""

    account: str
    nonce: int
    kind: OutgoingKind
    fence: int | None
    target: str
    call: bytes
    raw: bytes
    hash: bytes


class Stored(NamedTuple):
    """A stored transaction whose end is not known."""

    id: int
    account: str
    nonce: int
    kind: OutgoingKind
    fence: int | None
    raw: bytes
    hash: bytes
    state: OutgoingState


def keep(connection: Connection, signed: Signed, signed_ms: int) -> int:
    """Store a signed transaction and return its id."""
    kept: int = connection.execute(
        outgoing.insert()
        .values(
            account=signed.account,
            nonce=signed.nonce,
            kind=signed.kind.value,
            fence=signed.fence,
            target=signed.target,
            call=signed.call,
            raw=signed.raw,
            hash=signed.hash,
            state=OutgoingState.SIGNED.value,
            signed_ms=signed_ms,
        )
        .returning(outgoing.c.id)
    ).scalar_one()
    return kept


def unfinished(connection: Connection, account: str) -> list[Stored]:
    """Return an account's transactions whose end is not known, lowest nonce first."""
    rows = connection.execute(
        select(
            outgoing.c.id,
            outgoing.c.account,
            outgoing.c.nonce,
            outgoing.c.kind,
            outgoing.c.fence,
            outgoing.c.raw,
            outgoing.c.hash,
            outgoing.c.state,
        )
        .where(
            outgoing.c.account == account,
            outgoing.c.state.in_([OutgoingState.SIGNED.value, OutgoingState.SENT.value]),
        )
        .order_by(outgoing.c.nonce)
    )
    return [
        Stored(i, who, nonce, OutgoingKind(kind), fence, raw, digest, OutgoingState(state))
        for i, who, nonce, kind, fence, raw, digest, state in rows
    ]


def next_nonce(connection: Connection, account: str) -> int:
    """Return the nonce after the highest one stored for this account."""
    highest: int | None = connection.execute(
        select(func.max(outgoing.c.nonce)).where(outgoing.c.account == account)
    ).scalar()
    return 0 if highest is None else highest + 1


def mark(
    connection: Connection, outgoing_id: int, state: OutgoingState, refusal: str | None = None
) -> None:
    """Say what became of a transaction."""
    connection.execute(
        update(outgoing)
        .where(outgoing.c.id == outgoing_id)
        .values(state=state.value, refusal=refusal)
    )


def reopen(connection: Connection, account: str, from_nonce: int) -> None:
    """Look at an account's transactions from a nonce on as if their end were not known."""
    connection.execute(
        update(outgoing)
        .where(outgoing.c.account == account, outgoing.c.nonce >= from_nonce)
        .values(state=OutgoingState.SENT.value, refusal=None)
    )


def states(connection: Connection, ids: "list[int]") -> dict[int, tuple[OutgoingState, str | None]]:
    """Return state and refusal of some transactions."""
    rows = connection.execute(
        select(outgoing.c.id, outgoing.c.state, outgoing.c.refusal).where(outgoing.c.id.in_(ids))
    )
    return {i: (OutgoingState(state), code) for i, state, code in rows}


def highest_fence(connection: Connection, account: str) -> int:
    """Return the highest fence this node ever signed a claim for, 0 when none."""
    found: int | None = connection.execute(
        select(func.max(outgoing.c.fence)).where(outgoing.c.account == account)
    ).scalar()
    return found or 0
