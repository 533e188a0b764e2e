"""The followed ledger on disk: a mirror in SQLite, from which checks are answered.

Decides how blocks and events are kept and read: written by one follower in whole transactions,
read by any number of threads and processes, each through a snapshot that stays the same while it
is used. Not trusted beyond its file permissions and not precious: everything in it can be fetched
again. Refuses a file of another ledger or version, blocks that do not continue the last one, and
events outside the blocks they come with.

Texts that events name by their hash are kept beside them, where they could be had.

Every block that was followed moves the head, with or without events: its time is the evidence age.
Headers are kept for blocks with events, for the first block and for the last ``KEPT_HEADERS``; more
is not needed to find where a reorganised chain parted from ours.
"""

import hashlib
import os
import sqlite3
from collections import deque
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import orjson

from contracts.ledgerfile import REGISTRY, connect, create, require_ours
from contracts.texts import NamedText
from core.errors import FormatError, Refused, Unavailable
from core.events import Event, MemberAdmitted, Position, restore_event
from core.registry import DidOfEndpoint, Head
from core.runtime import faults
from core.runtime.steps import Step

KEPT_HEADERS: Final = 1024
NEWEST_OF_REGISTRY: Final = f"""
SELECT hash, idx FROM event JOIN block ON block.number = event.block
WHERE {REGISTRY} ORDER BY event.block DESC, idx DESC LIMIT 1
"""  # noqa: S608 - of our own words
_ASKED_AGAIN: Final = ("member/", "key/", "anchor/")
_RECALLED: Final = 10_000
_NAME_TEXT: Final = """
INSERT INTO text (digest, size, block, tx) VALUES (?, ?, ?, ?)
ON CONFLICT (digest) DO UPDATE SET tx = excluded.tx WHERE body IS NULL
"""
_DIRECTORY_CODE: Final = "SELECT value FROM meta WHERE name = 'directory_code'"
_HEAD: Final = "SELECT number, hash, time FROM block ORDER BY number DESC LIMIT 1"
_HELD: Final = "SELECT digest FROM text WHERE body IS NOT NULL ORDER BY digest"
_HISTORY: Final = "SELECT kind, block, idx, time, body FROM event WHERE key = ? ORDER BY block, idx"


class LedgerStore:
    """One ledger's mirror; use :meth:`open`.

    Threads and forked processes may share one: each use takes a connection of its own process.
    """

    def __init__(self, path: Path, origin: str, did_of_endpoint: DidOfEndpoint) -> None:
        self.path = path
        self.origin = origin
        self._did_of_endpoint = did_of_endpoint
        self._idle: deque[sqlite3.Connection] = deque()
        self._inherited: deque[sqlite3.Connection] = deque()
        self._process = os.getpid()
        self._recall = _Recall(None)

    @classmethod
    def open(cls, path: Path, origin: str, did_of_endpoint: DidOfEndpoint) -> "LedgerStore":
        """Open the mirror at ``path``; an absent file is made, with nothing followed yet.

        Args:
            origin: the ledger, ``comity/<chain id>/<address>``.
            did_of_endpoint: gives the DID under which a member's endpoint is looked up.

        Raises:
            Refused: ``other_ledger``, the file mirrors another one; ``ledger_store_version``.
            FormatError: the file is no ledger store.
            Unavailable: the file cannot be opened.
        """
        store = cls(path, origin, did_of_endpoint)
        try:
            with store._writing() as connection:
                if connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
                    create(connection, origin)
                require_ours(connection, origin)
        except BaseException:
            store.close()
            raise
        return store

    def close(self) -> None:
        """Close the connections that nobody uses."""
        while self._idle:
            self._idle.pop().close()

    def cursor(self) -> Head | None:
        """Return the last block followed, None before the first."""
        with self._reading() as connection:
            return _head(connection)

    def block_hash(self, number: int) -> bytes | None:
        """Return the hash of a followed block, None when its header is not kept."""
        with self._reading() as connection:
            row = connection.execute(
                "SELECT hash FROM block WHERE number = ?", (number,)
            ).fetchone()
        return None if row is None else bytes(row[0])

    def headers_below(self, number: int, count: int) -> list[Head]:
        """Return up to ``count`` kept headers below ``number``, newest first."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT number, hash, time FROM block WHERE number < ?"
                " ORDER BY number DESC LIMIT ?",
                (number, count),
            ).fetchall()
        return [Head(*row) for row in rows]

    def directory_code(self, code_hash: bytes) -> bytes:
        """Return the hash of the Directory's code as it was seen first; ``code_hash`` if never."""
        with self._reading() as connection:
            row = connection.execute(_DIRECTORY_CODE).fetchone()
        if row is None:
            with self._writing() as connection:
                connection.execute(
                    "INSERT INTO meta (name, value) VALUES ('directory_code', ?)",
                    (code_hash.hex(),),
                )
        return code_hash if row is None else bytes.fromhex(row[0])

    def missing_texts(self, limit: int) -> list[NamedText]:
        """Return texts that events name and that are not here yet, those named last first."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT digest, size, block, tx FROM text WHERE body IS NULL"
                " ORDER BY block DESC LIMIT ?",
                (limit,),
            ).fetchall()
        return [NamedText(*row) for row in rows]

    def append(
        self,
        blocks: Sequence[Head],
        events: Sequence[Event],
        named: Sequence[NamedText] = (),
        texts: Sequence[bytes] = (),
    ) -> None:
        """Add blocks that continue the last one, with their events in ledger order; all or nothing.

        Args:
            named: the texts that these events name.
            texts: texts that came with them, or that were missing so far; one that no event named
                is not kept.

        Raises:
            Refused: ``cursor_moved``, the blocks do not continue the last one; ``event_misplaced``.
        """
        if not blocks:
            return
        _require_consecutive(blocks)
        _require_inside(blocks, events)
        with self._writing(Step.BLOCKS_KEPT) as connection:
            head = _head(connection)
            if head is not None and blocks[0].block != head.block + 1:
                raise Refused(
                    "cursor_moved",
                    f"followed ledger: expected block {head.block + 1}, got {blocks[0].block}",
                )
            connection.executemany(
                "INSERT INTO block (number, hash, time) VALUES (?, ?, ?)",
                ((block.block, block.hash, block.time) for block in blocks),
            )
            connection.executemany(
                "INSERT INTO event (block, idx, key, kind, time, body) VALUES (?, ?, ?, ?, ?, ?)",
                map(_row, events),
            )
            self._add_members(connection, events)
            connection.executemany(
                _NAME_TEXT, ((t.digest, t.size, t.block, t.transaction) for t in named)
            )
            connection.executemany(
                "UPDATE text SET body = ? WHERE digest = ? AND body IS NULL",
                ((text, hashlib.sha256(text).digest()) for text in texts),
            )
            _prune(connection, blocks[0].block, blocks[-1].block)

    def rollback_to(self, block: int) -> None:
        """Forget every block after ``block`` and what it recorded.

        Raises:
            Refused: ``block_not_kept``, that block's header is not here to continue from.
        """
        with self._writing(Step.BLOCKS_KEPT) as connection:
            if not connection.execute("SELECT 1 FROM block WHERE number = ?", (block,)).fetchone():
                raise Refused("block_not_kept", f"block {block} is not among the headers kept")
            connection.execute("DELETE FROM event WHERE block > ?", (block,))
            connection.execute("DELETE FROM member WHERE block > ?", (block,))
            connection.execute("DELETE FROM text WHERE block > ?", (block,))
            connection.execute("DELETE FROM block WHERE number > ?", (block,))

    def snapshot(self) -> "_Reading":
        """Return, for a ``with``, evidence as of one moment; it does not change meanwhile."""
        return _Reading(self)

    def _add_members(self, connection: sqlite3.Connection, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, MemberAdmitted):
                did = self._did_of_endpoint(event.endpoint)
                if did is not None:  # the first to register an endpoint keeps it
                    connection.execute(
                        "INSERT INTO member (did, id, block) VALUES (?, ?, ?)"
                        " ON CONFLICT DO NOTHING",
                        (did, event.member, event.position.block),
                    )

    @contextmanager
    def _writing(self, step: Step | None = None) -> Iterator[sqlite3.Connection]:
        with self._reading() as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                faults.failing(step)
                connection.commit()
            except BaseException:
                connection.rollback()
                raise
            faults.persisted(step)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        connection = self._take()
        try:
            yield connection
        except (sqlite3.DatabaseError, OSError) as error:
            raise _unavailable(error) from error
        finally:
            self._idle.append(connection)

    def _take(self) -> sqlite3.Connection:
        if self._process != os.getpid():  # a forked child leaves its parent's connections alone
            self._inherited = self._idle  # not even collected, which would close them
            self._idle, self._process = deque(), os.getpid()
        try:
            return self._idle.pop()
        except IndexError:
            return connect(self.path)


class _Reading:
    """A snapshot for the time of a ``with``; a generator would take longer than what it does."""

    __slots__ = ("_connection", "_store")

    def __init__(self, store: LedgerStore) -> None:
        self._store = store

    def __enter__(self) -> "Snapshot":
        store = self._store
        self._connection = connection = store._take()
        try:
            connection.execute("BEGIN")
            head, recall = _head(connection), store._recall
            if recall.head != head:
                recall = store._recall = _Recall(head)
        except BaseException as error:
            self.__exit__(type(error), error, error.__traceback__)
            raise
        return Snapshot(store.origin, connection, recall)

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        try:
            self._connection.rollback()
        except sqlite3.DatabaseError as failure:
            error = error or failure
        finally:
            self._store._idle.append(self._connection)
        if isinstance(error, sqlite3.DatabaseError | OSError):
            raise _unavailable(error) from error


def _unavailable(error: Exception) -> Unavailable:
    if isinstance(error, sqlite3.OperationalError | OSError):
        return Unavailable(
            "ledger_store", f"the followed ledger cannot be read or written: {error}"
        )
    return Unavailable(
        "ledger_store_damaged",
        f"the followed ledger is damaged: {error}",
        "stop the follower and remove the file; it is fetched again",
    )


class _Recall:
    """What was read at one head of members, keys and anchors, which thousands of checks share.

    A head names all that is before it, so this holds as long as the store stands at that head;
    threads may share it. Only what was found is kept, so nobody can fill it with questions.
    """

    __slots__ = ("head", "histories", "members", "version")

    def __init__(self, head: Head | None) -> None:
        self.head = head
        self.histories: dict[str, tuple[Event, ...]] = {}
        self.members: dict[str, int] = {}
        self.version: Hashable | None = None

    @property
    def has_room(self) -> bool:
        return len(self.histories) + len(self.members) < _RECALLED


class Snapshot:
    """Evidence of one ledger up to one head; implements ``core.registry.LedgerEvidence``."""

    source = "ledger"

    __slots__ = ("_connection", "_head", "_origin", "_recall")

    def __init__(self, origin: str, connection: sqlite3.Connection, recall: "_Recall") -> None:
        self._origin = origin
        self._connection = connection
        self._head = recall.head
        self._recall = recall

    @property
    def origin(self) -> str:
        """``comity/<chain id>/<ledger address>``."""
        return self._origin

    @property
    def head(self) -> Head | None:
        """The newest block followed."""
        return self._head

    def history(self, key: str, /) -> Sequence[Event]:
        """Return the history of a registry key, oldest first."""
        known = self._recall.histories.get(key)
        if known is None:
            known = tuple(_event(*row) for row in self._connection.execute(_HISTORY, (key,)))
            if known and key.startswith(_ASKED_AGAIN) and self._recall.has_room:
                self._recall.histories[key] = known
        return list(known)

    def member_of(self, did: str, /) -> int | None:
        """Return the member whose endpoint gives this DID."""
        known = self._recall.members.get(did)
        if known is not None:
            return known
        row = self._connection.execute("SELECT id FROM member WHERE did = ?", (did,)).fetchone()
        if row is not None and self._recall.has_room:
            self._recall.members[did] = int(row[0])
        return None if row is None else int(row[0])

    def keys(self, prefix: str, /) -> list[str]:
        """Return the registry keys that start with ``prefix``, for example ``member/``, sorted."""
        rows = self._connection.execute(
            "SELECT DISTINCT key FROM event WHERE key >= ? AND key < ? ORDER BY key",
            (prefix, prefix + "\U0010ffff"),
        )
        return [row[0] for row in rows]

    def text(self, digest: bytes, /) -> bytes | None:
        """Return the text with this SHA-256, None when no event names it or it was not had."""
        row = self._connection.execute(
            "SELECT body FROM text WHERE digest = ?", (digest,)
        ).fetchone()
        return None if row is None or row[0] is None else bytes(row[0])

    @property
    def registry_version(self) -> Hashable | None:
        """Block hash and log index of the newest event that counts, and a hash of the texts held;
        None before the first."""
        if self._recall.version is None:
            newest = self._connection.execute(NEWEST_OF_REGISTRY).fetchone()
            held = hashlib.sha256()
            for (digest,) in self._connection.execute(_HELD):
                held.update(digest)
            self._recall.version = None if newest is None else (*newest, held.digest())
        return self._recall.version

    def parameter(self, name: str) -> int | None:
        """Return the value of a ledger parameter at the head, None when it was never set."""
        history = self.history(f"parameter/{name}")
        return history[-1].body()["value"] if history else None

    def events(self, after: Position | None = None, limit: int = 1000) -> list[Event]:
        """Return events in ledger order, those after ``after`` only, at most ``limit``."""
        after = after or Position(-1, -1)
        rows = self._connection.execute(
            "SELECT kind, block, idx, time, body FROM event WHERE (block, idx) > (?, ?)"
            " ORDER BY block, idx LIMIT ?",
            (after.block, after.index, limit),
        )
        return [_event(*row) for row in rows]


def _head(connection: sqlite3.Connection) -> Head | None:
    row = connection.execute(_HEAD).fetchone()
    return None if row is None else Head(*row)


def _row(event: Event) -> tuple[Any, ...]:
    at = event.position
    try:
        body = orjson.dumps(event.body())
    except TypeError:  # a number beyond 64 bits: no contract of ours records it
        raise FormatError(
            "event_members", f"a {event.kind} event holds an impossible value"
        ) from None
    return (at.block, at.index, event.key(), event.kind, event.time, body)


@lru_cache(maxsize=4096)  # the same few members, keys and batches are asked for again and again
def _event(kind: str, block: int, index: int, time: int, body: bytes) -> Event:
    """Return the event of a row; a row with other values than its kind has is no evidence."""
    try:
        return restore_event(kind, Position(block, index), time, orjson.loads(body))
    except (FormatError, ValueError, AttributeError):
        raise Unavailable(
            "ledger_store_damaged",
            "the followed ledger is damaged",
            "stop the follower and remove the file; it is fetched again",
        ) from None


def _add_texts(
    connection: sqlite3.Connection, named: Sequence[NamedText], texts: Sequence[bytes]
) -> None:
    connection.executemany(_NAME_TEXT, ((t.digest, t.size, t.block, t.transaction) for t in named))
    connection.executemany(
        "UPDATE text SET body = ? WHERE digest = ? AND body IS NULL",
        ((text, hashlib.sha256(text).digest()) for text in texts),
    )


def _require_consecutive(blocks: Sequence[Head]) -> None:
    first = blocks[0].block
    if any(block.block != first + step for step, block in enumerate(blocks)):
        raise Refused("blocks_apart", "followed ledger: expected consecutive blocks")


def _require_inside(blocks: Sequence[Head], events: Sequence[Event]) -> None:
    times = {block.block: block.time for block in blocks}
    last: Position | None = None
    for event in events:
        if times.get(event.position.block) != event.time or (last and event.position <= last):
            raise Refused(
                "event_misplaced", "followed ledger: expected events of these blocks, in order"
            )
        last = event.position


def _prune(connection: sqlite3.Connection, first: int, last: int) -> None:
    """Drop the headers that this append pushed out of the kept range."""
    connection.execute(
        "DELETE FROM block WHERE number > 0 AND number <= ? AND number > ?"
        " AND NOT EXISTS (SELECT 1 FROM event WHERE event.block = block.number)",
        (last - KEPT_HEADERS, first - KEPT_HEADERS - 1),
    )
