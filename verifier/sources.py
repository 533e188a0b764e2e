"""Where evidence comes from: the ledger states that this verifier's follower keeps on disk.

Decides which evidence belongs to a document. A ledger that is not configured gives none; one that
is configured but has no state yet, or whose file cannot be opened, gives evidence without a head.
None of these is an error: all lead to "Could not be checked". A state that turns out to be damaged
while it is read is ``Unavailable``, for it says nothing about the document.
"""

import sqlite3
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from core.credential import did_of_endpoint
from core.errors import ComityError, Unavailable
from core.events import Event
from core.reasons import SOURCE_LEDGER
from core.registry import Head, LedgerEvidence
from core.runtime.logs import logger
from core.runtime.paths import ledger_file

if TYPE_CHECKING:
    from contracts.ledgerstore import LedgerStore

_Found = TypeVar("_Found")


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

    def keys(self, _prefix: str, /) -> Sequence[str]:
        """Return nothing: there is no state."""
        return ()

    def text(self, _digest: bytes, /) -> bytes | None:
        """Return nothing: there is no state."""
        return None

    @property
    def registry_version(self) -> Hashable | None:
        """None: there is no state."""
        return None


class _Stored:
    """Evidence from a file, whose damage is never taken for a fault of the document."""

    __slots__ = ("_evidence", "head", "origin", "source")

    def __init__(self, evidence: LedgerEvidence) -> None:
        self._evidence = evidence
        self.origin = evidence.origin
        self.source = evidence.source
        self.head = evidence.head

    def history(self, key: str, /) -> Sequence[Event]:
        return self._read(self._evidence.history, key)

    def member_of(self, did: str, /) -> int | None:
        return self._read(self._evidence.member_of, did)

    def keys(self, prefix: str, /) -> Sequence[str]:
        return self._read(self._evidence.keys, prefix)

    def text(self, digest: bytes, /) -> bytes | None:
        return self._read(self._evidence.text, digest)

    @property
    def registry_version(self) -> Hashable | None:
        return self._read(lambda: self._evidence.registry_version)

    def _read(self, ask: Callable[..., _Found], *about: Any) -> _Found:
        try:
            return ask(*about)
        except (ComityError, sqlite3.Error, ValueError) as error:
            raise _damaged() from error


def _damaged() -> Unavailable:
    return Unavailable(
        "ledger_state_damaged",
        "this verifier's ledger state cannot be read, so nothing can be said of the document",
        "remove the file in the folder 'ledgers'; it is fetched again",
    )


class Sources:
    """The evidence of one verifier folder; open one for each process."""

    def __init__(self, folder: Path, origins: Sequence[str]) -> None:
        self._files = {origin: ledger_file(folder, origin) for origin in origins}
        self._open: dict[str, tuple[int, LedgerStore]] = {}  # with the file's identity

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
        with ExitStack() as held:
            yield self._snapshot(origin, held)

    def _snapshot(self, origin: str, held: ExitStack) -> LedgerEvidence:
        try:
            store = self._store(origin)
            if store is not None:
                return _Stored(held.enter_context(store.snapshot()))
        except ComityError as error:
            logger("sources").warning("ledger_state_not_opened", ledger=origin, code=error.code)
        return NoState(origin)

    def _store(self, origin: str) -> "LedgerStore | None":
        from contracts.ledgerstore import LedgerStore

        file = self._files[origin]
        try:
            identity = file.stat().st_ino
        except OSError:
            return None
        known, store = self._open.get(origin, (None, None))
        if store is not None and known == identity:
            return store
        if store is not None:  # the file was removed and is followed anew
            store.close()
        store = LedgerStore.open(file, origin, did_of_endpoint)
        self._open[origin] = (identity, store)
        return store

    def close(self) -> None:
        """Close all files."""
        for _, store in self._open.values():
            store.close()
        self._open.clear()
