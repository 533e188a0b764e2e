"""Rows of acts: what the body does in the network, on its way to the ledger."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, case, func, select, update

from core.events import Position
from node.states import ActKind, ActState
from node.store.schema import AnyRow, act

_OPEN = (ActState.RECEIVED.value, ActState.SENT.value)


class NewAct(NamedTuple):
    """An act about to be kept."""

    public_id: str
    kind: ActKind
    arguments: bytes
    digest: bytes
    sentence: str
    target: str
    call: bytes
    expected: bytes
    after_block: int


class OpenAct(NamedTuple):
    """An act that the ledger has not recorded for good yet."""

    id: int
    public_id: str
    kind: ActKind
    target: str
    call: bytes
    expected: bytes
    after_block: int
    state: ActState
    outgoing_id: int | None


def keep(connection: Connection, new: NewAct, received_ms: int) -> None:
    """Keep an act."""
    connection.execute(
        act.insert().values(
            **{**new._asdict(), "kind": new.kind.value},
            state=ActState.RECEIVED.value,
            received_ms=received_ms,
        )
    )


def oldest_open(connection: Connection) -> OpenAct | None:
    """Return the act that is next, or under way; None when nothing waits."""
    row = connection.execute(
        select(
            act.c.id, act.c.public_id, act.c.kind, act.c.target, act.c.call, act.c.expected,
            act.c.after_block, act.c.state, act.c.outgoing_id,
        )
        .where(act.c.state.in_(_OPEN))
        .order_by(act.c.id)
        .limit(1)
    ).first()  # fmt: skip
    if row is None:
        return None
    return OpenAct(*row[:2], ActKind(row.kind), *row[3:7], ActState(row.state), row.outgoing_id)


def count_open(connection: Connection) -> int:
    """Return how many acts have no end yet."""
    query = select(func.count()).select_from(act).where(act.c.state.in_(_OPEN))
    return connection.execute(query).scalar_one()


def open_with_digest(connection: Connection, digest: bytes) -> str | None:
    """Return the public id of the open act with this digest, None when there is none."""
    found: str | None = connection.execute(
        select(act.c.public_id).where(act.c.digest == digest, act.c.state.in_(_OPEN)).limit(1)
    ).scalar()
    return found


def refusals_of(connection: Connection, digest: bytes) -> set[str]:
    """Return the codes with which acts of this digest were refused."""
    query = select(act.c.refusal).where(act.c.digest == digest, act.c.refusal.is_not(None))
    return set(connection.execute(query).scalars())


def mark_sent(connection: Connection, act_id: int, outgoing_id: int) -> None:
    """Say which transaction carries the act."""
    _set(connection, act_id, state=ActState.SENT.value, outgoing_id=outgoing_id)


def mark_received(connection: Connection, act_id: int) -> None:
    """Take an act back whose transaction came to nothing."""
    _set(connection, act_id, state=ActState.RECEIVED.value, outgoing_id=None)


def mark_refused(connection: Connection, act_id: int, code: str) -> None:
    """End an act with a refusal."""
    _set(connection, act_id, state=ActState.REFUSED.value, refusal=code)


def mark_recorded(connection: Connection, act_id: int, position: Position) -> None:
    """Say where the ledger recorded an act for good."""
    _set(
        connection, act_id, state=ActState.RECORDED.value,
        recorded_block=position.block, recorded_index=position.index,
    )  # fmt: skip


def reopen(connection: Connection, block: int) -> None:
    """Take back what was recorded after a block that the chain no longer has.

    Those without a transaction of ours to send again are sent anew.
    """
    again = case((act.c.outgoing_id.is_(None), ActState.RECEIVED.value), else_=ActState.SENT.value)
    connection.execute(
        update(act)
        .where(act.c.recorded_block > block)
        .values(state=again, recorded_block=None, recorded_index=None)
    )
    connection.execute(update(act).where(act.c.after_block > block).values(after_block=block))


_TOLD = select(
    act.c.public_id,
    act.c.kind,
    act.c.arguments,
    act.c.sentence,
    act.c.state,
    act.c.refusal,
    act.c.received_ms,
    act.c.recorded_block,
    act.c.recorded_index,
)


def told(connection: Connection, public_id: str) -> AnyRow | None:
    """Return one act as its author may see it, or None."""
    return connection.execute(_TOLD.where(act.c.public_id == public_id)).first()


def newest(connection: Connection, count: int) -> Sequence[AnyRow]:
    """Return the newest acts, newest first."""
    return connection.execute(_TOLD.order_by(act.c.id.desc()).limit(count)).all()


def _set(connection: Connection, act_id: int, **values: object) -> None:
    connection.execute(update(act).where(act.c.id == act_id).values(**values))
