"""Sealing: issued leaves become a batch with a root.

Decides when (enough leaves wait, or the oldest has waited long enough) and what goes in: whole
credentials only, both leaves of a slot into the same batch, so that a suspended certificate cannot
have a second life in another one. The batch, its root and every leaf's place are one commit; a
crash before it leaves the credentials waiting, one after it the batch.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core import limits
from core.batch import Batch
from core.runtime.steps import Step
from node.identifiers import Random, milliseconds
from node.store import batches, credentials
from node.store.engine import Store

LEAVES_PER_CREDENTIAL: Final = 2


@dataclass(frozen=True, slots=True)
class Sealed:
    """A batch that was just sealed; ``credentials`` counts what is in it, padding aside."""

    batch_id: int
    root: bytes
    size: int
    credentials: int


def is_due(store: Store, *, now: datetime, seconds: float, leaves: int) -> bool:
    """Return whether waiting leaves should be sealed now."""
    with store.reading() as connection:
        count, oldest_ms = credentials.unsealed(connection)
    if oldest_ms is None:
        return False
    waited = milliseconds(now) - oldest_ms
    # less than nothing: the clock was set back since
    return count * LEAVES_PER_CREDENTIAL >= leaves or not 0 <= waited < seconds * 1000


def seal(store: Store, *, now: datetime, random: Random) -> Sealed | None:
    """Seal the credentials that have waited longest, at most one batch; None if none wait."""
    most = limits.BATCH_LEAVES_MAX // LEAVES_PER_CREDENTIAL
    with store.writing(Step.BATCH_KEPT) as connection:
        rows = credentials.unsealed_leaves(connection, most)
        if not rows:
            return None
        batch = Batch.seal([row.hash for row in rows], random)
        batch_id = batches.keep(
            connection,
            root=batch.root,
            leaves=batch.leaves,
            placed=list(zip(rows, batch.positions, strict=True)),
            sealed_ms=milliseconds(now),
        )
    return Sealed(batch_id, batch.root, batch.size, len(rows) // LEAVES_PER_CREDENTIAL)
