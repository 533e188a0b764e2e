"""A batch computed again from its source: salts and tokens give leaves, leaves give the root.

Decides whether a stored batch still is what its credentials say, before anything about it is
signed and whenever somebody asks. One flipped bit in one stored leaf would otherwise be anchored,
and the certificate could never be proven.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from core.batch import Batch
from core.errors import FormatError
from core.hashing import HASH_BYTES
from core.leaf import leaf_hash
from node.states import Envelope
from node.store import batches, inspection
from node.store.schema import AnyRow


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it must be.

    Args:
        code: names the kind; stable.
        at: which thing, by identifier or hash, never by content.
        message: what was found, and its likely cause.
        hint: what to do.
    """

    code: str
    at: str
    message: str
    hint: str

    def dump(self) -> dict[str, Any]:
        """Return the finding as ``--json`` shows it."""
        return {"code": self.code, "at": self.at, "message": self.message, "hint": self.hint}


RESTORE = "stop the node and restore its database from the newest copy; ask for help before"


def check_leaf(row: AnyRow) -> bool:
    """Return whether a leaf is the hash of its salt and its token."""
    token = str(row.token).partition("~")[0]
    try:
        return leaf_hash(row.salt, token) == bytes(row.hash)
    except (FormatError, TypeError):
        return False


def findings_of_batch(
    connection: Connection, batch_id: int, root: bytes, size: int
) -> Iterator[Finding]:
    """Compute a batch again and yield what does not agree."""
    at = f"batch {batch_id}"
    raw = batches.leaves_of(connection, batch_id)
    stored = [raw[i : i + HASH_BYTES] for i in range(0, len(raw), HASH_BYTES)]
    try:
        agrees = Batch.restore(stored).root == root and len(stored) == size
    except FormatError:
        agrees = False
    if not agrees:
        yield Finding("batch_damaged", at, "its leaves do not give its root", RESTORE)
    places: set[int] = set()
    for row in inspection.leaves(connection, batch_id):
        of = f"{at}, credential {row.credential_id}, {row.envelope}"
        if not check_leaf(row):
            yield Finding("leaf_damaged", of, "salt and token do not give the leaf", RESTORE)
        elif row.position is None or stored[row.position : row.position + 1] != [row.hash]:
            yield Finding("leaf_misplaced", of, "the batch has another leaf in its place", RESTORE)
        else:
            places.add(row.position)
    own = inspection.credentials_in(connection, batch_id) * len(Envelope)
    if len(places) != own:
        yield Finding(
            "leaves_incomplete", at, f"{len(places)} of its {own} leaves stand in it", RESTORE
        )
