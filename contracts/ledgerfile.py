"""The file of a followed ledger: its tables, and which files are taken for one.

Decides the tables and their version. Refuses a file of another ledger or version and a file that is
no database of ours. What is written and read, ``contracts/ledgerstore.py`` decides.
"""

import sqlite3
from pathlib import Path
from typing import Final

from core.errors import FormatError, Refused, Unavailable
from core.events import DAILY_KINDS
from core.runtime.paths import private_file

_VERSION: Final = 2
_BUSY_SECONDS: Final = 10.0
REGISTRY: Final = "kind NOT IN ({})".format(", ".join(f"'{kind}'" for kind in sorted(DAILY_KINDS)))
"""Which rows of ``event`` count for the version of the registry; the index is partial to it."""

_SCHEMA: Final = f"""
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE block (number INTEGER PRIMARY KEY, hash BLOB NOT NULL, time INTEGER NOT NULL);
CREATE TABLE event (
    block INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    time INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (block, idx)
) WITHOUT ROWID;
CREATE INDEX event_key ON event (key, block, idx);
CREATE TABLE member (
    did TEXT PRIMARY KEY, id INTEGER NOT NULL, block INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX member_block ON member (block);
CREATE TABLE text (
    digest BLOB PRIMARY KEY,
    size INTEGER NOT NULL,
    block INTEGER NOT NULL,
    tx BLOB NOT NULL,
    body BLOB
);
CREATE INDEX text_missing ON text (block) WHERE body IS NULL;
CREATE INDEX event_registry ON event (block, idx) WHERE {REGISTRY};
"""


def connect(path: Path) -> sqlite3.Connection:
    """Return a connection to the file, which is made where there is none.

    Raises:
        Unavailable: it cannot be opened.
        FormatError: it is no database.
    """
    private_file(path)
    try:
        connection = sqlite3.connect(
            path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
    except sqlite3.Error as error:
        raise Unavailable(
            "ledger_store", f"the followed ledger cannot be opened: {error}"
        ) from None
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")  # a mirror: lost blocks are fetched again
    except sqlite3.DatabaseError as error:
        connection.close()
        if isinstance(error, sqlite3.OperationalError):
            raise Unavailable(
                "ledger_store", f"the followed ledger cannot be opened: {error}"
            ) from None
        raise FormatError(
            "ledger_store", "the followed ledger: expected a database of ours"
        ) from None
    return connection


def create(connection: sqlite3.Connection, origin: str) -> None:
    """Make the tables of a ledger in an empty file."""
    for statement in filter(str.strip, _SCHEMA.split(";")):
        connection.execute(statement)
    connection.executemany(
        "INSERT INTO meta (name, value) VALUES (?, ?)",
        (("version", str(_VERSION)), ("origin", origin)),
    )


def require_ours(connection: sqlite3.Connection, origin: str) -> None:
    """Raise unless the file is that of this ledger and of this version.

    Raises:
        FormatError: it is no ledger store.
        Refused: ``ledger_store_version``, ``other_ledger``.
    """
    try:
        meta = dict(connection.execute("SELECT name, value FROM meta"))
    except sqlite3.OperationalError:
        meta = {}
    if "origin" not in meta:
        raise FormatError("ledger_store", "the followed ledger: expected a database of ours")
    if meta.get("version") != str(_VERSION):
        raise Refused(
            "ledger_store_version",
            f"followed ledger: expected version {_VERSION}, got {meta.get('version')}",
            "remove the file; it is fetched again",
        )
    if meta["origin"] != origin:
        raise Refused(
            "other_ledger",
            f"followed ledger: expected {origin}, got {meta['origin']}",
            "give each ledger a file of its own",
        )
