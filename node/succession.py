"""A certificate takes another's place: the declarations of a pair that points both ways.

Decides what is declared: the successor is granted in the old one's place, the old one superseded by
it; where the old one is suspended and only an error is corrected, the successor is suspended just
so. What has to be declared of a successor that is not issued yet is kept with its slot open, and
closed in the commit that issues it. A certificate that came from another body declares its own half
alone; the other half is that body's, and neither waits for the other.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection

from core.events import State
from core.record import Record
from core.slot import Slot
from core.status_reasons import BY_WORD
from node.allowed import Standing, end_of, start_of
from node.identifiers import Random, milliseconds, public_id
from node.store import declarations
from node.store.credentials import NewCredential, Replaced
from node.store.declarations import NO_SLOT, NewDeclaration

_FIRST_SECOND: Final = 1  # of the ledger's time


class Successor(NamedTuple):
    """The certificate that takes the place.

    Args:
        record: what it says.
        record_id: its record's; None while it is not kept.
        credential_id, slot: what was issued from it; None and ``NO_SLOT`` before that.
        is_granted: whether the ledger has it already in the old one's place.
    """

    record: Record
    record_id: int | None = None
    credential_id: int | None = None
    slot: bytes = NO_SLOT
    is_granted: bool = False


def pair(
    own: NewDeclaration,
    successor: Successor,
    member: int,
    carried: Standing | None,
    random: Random,
) -> list[NewDeclaration]:
    """Return all that is to be declared, in order; the last is the old certificate's own.

    Args:
        own: that the old certificate is superseded, without the link.
        member: this body.
        carried: a suspension that the successor is under as well.
    """
    of_successor = own._replace(
        slot=successor.slot,
        credential_id=successor.credential_id or own.credential_id,
        successor_id=successor.record_id,
    )
    rows = []
    if not successor.is_granted:
        rows.append(
            of_successor._replace(
                public_id=public_id(random), code=State.IN_FORCE.value,
                linked_member=member, linked_slot=own.slot,
            )
        )  # fmt: skip
    if carried is not None:
        rows.append(_carried(of_successor, successor.record, carried, random))
    own = own._replace(
        linked_member=member, linked_slot=successor.slot, successor_id=successor.record_id
    )
    return [*rows, own]


def _carried(
    row: NewDeclaration, record: Record, suspension: Standing, random: Random
) -> NewDeclaration:
    latest = min(suspension.until or end_of(record.dates), end_of(record.dates))
    since = int(suspension.since.timestamp()) if suspension.since else row.effective_at
    return row._replace(
        public_id=public_id(random), code=State.SUSPENDED.value, reason=suspension.reason,
        effective_at=since, until=max(int(latest.timestamp()), since + 1),
    )  # fmt: skip


def replaced_elsewhere(record: Record, now: datetime) -> Replaced | None:
    """Return the certificate of another member in whose place a record's stands, if any."""
    before = record.predecessor
    if before is None or before.member is None:
        return None
    since = min(start_of(record.dates.effective), now)
    effective_at = max(int(since.timestamp()), _FIRST_SECOND)
    return Replaced(before.member, Slot.parse(before.slot).digest, effective_at)


def take_places(
    connection: Connection,
    issued: Sequence[tuple[int, NewCredential]],
    *,
    now: datetime,
    random: Random,
) -> None:
    """Let go what waited for these credentials, and declare whose place others stand in."""
    awaited = declarations.awaited(connection, [new.record_id for _, new in issued])
    for credential_id, new in issued:
        if new.record_id in awaited:
            declarations.place(connection, new.record_id, credential_id, new.slot)
        elif new.replaces is not None:
            name = public_id(random)
            row = NewDeclaration(
                public_id=name, credential_id=credential_id, slot=new.slot,
                code=State.IN_FORCE.value, reason=BY_WORD["transferred"].number,
                effective_at=new.replaces.effective_at, until=0,
                linked_member=new.replaces.member, linked_slot=new.replaces.slot, order_id=name,
            )  # fmt: skip
            declarations.keep(connection, row, milliseconds(now))
