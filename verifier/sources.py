"""Where evidence comes from: the ledger states that this verifier's follower keeps on disk.

Decides which evidence belongs to a document. A ledger that is not configured gives none; one that
is configured but has no state yet gives evidence without a head. Neither is ever an error: both
lead to "Could not be checked".
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.credential import did_of_endpoint
from core.reasons import SOURCE_LEDGER
from core.registry import Event, Head, LedgerEvidence

if TYPE_CHECKING:
    from contracts.ledgerstore import LedgerStore

LEDGERS_FOLDER = "ledgers"


@dataclass(frozen=True, slots=True)
class NoState:
    """Evidence about a ledger that is followed but was never reached."""

    origin: str
    head: Head | None = None
    source: str = SOURCE_LEDGER

    def history(self, _key: str, /) -> Sequence[Event]:
        """Return nothing: there is no state."""
        return ()

    def member_of(self, _did: str, /) -> int | None:
        """Return nothing: there is no state."""
        return None


def state_file(folder: Path, origin: str) -> Path:
    """Return the file that holds the followed state of a ledger."""
    _, chain_id, address = origin.split("/")
    return folder / LEDGERS_FOLDER / f"{chain_id}-{address}.db"


class Sources:
    """The evidence of one verifier folder; open one for each process."""

    def __init__(self, folder: Path, origins: Sequence[str]) -> None:
        self._files = {origin: state_file(folder, origin) for origin in origins}
        self._open: dict[str, LedgerStore] = {}

    @property
    def origins(self) -> tuple[str, ...]:
        """The ledgers that are followed."""
        return tuple(self._files)

    @contextmanager
    def evidence(self, origin: str) -> Iterator[LedgerEvidence | None]:
        """Give one consistent view of a ledger; None when it is not followed here."""
        if origin not in self._files:
            yield None
            return
        store = self._store(origin)
        if store is None:
            yield NoState(origin)
            return
        with store.snapshot() as evidence:
            yield evidence

    def _store(self, origin: str) -> "LedgerStore | None":
        from contracts.ledgerstore import LedgerStore

        store = self._open.get(origin)
        if store is None and self._files[origin].exists():
            store = LedgerStore.open(self._files[origin], origin, did_of_endpoint)
            self._open[origin] = store
        return store

    def close(self) -> None:
        """Close all files."""
        for store in self._open.values():
            store.close()
        self._open.clear()
