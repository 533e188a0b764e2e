"""Opening the database, and its two kinds of transactions.

Decides durability: SQLite runs in WAL mode with ``synchronous=FULL``, so that a commit that
returned survives a power cut. A writing transaction takes the write lock at its start
(``BEGIN IMMEDIATE``), so what it has read still holds when it writes; a reading one sees one
consistent state. Refuses to work on a database that another version has laid out. Whatever the
database cannot do now (busy, disk full, gone) is ``Unavailable``: nothing was written.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, OperationalError

from core.errors import Unavailable, UsageError
from core.runtime import faults
from core.runtime.paths import private_file
from core.runtime.steps import Step
from node.store import schema

BUSY_SECONDS: Final = 20
_WRITE: Final = "comity_write"


class Store:
    """The node's database. Safe to share between threads; each transaction has a connection."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = engine.execution_options(**{_WRITE: True})

    @classmethod
    def open(cls, url: str) -> Self:
        """Open the database at ``url`` and check that this version can work with it.

        Raises:
            UsageError: not a database URL, or of a kind this installation has no driver for.
            Unavailable: it cannot be reached, or ``comity node`` has not prepared it yet.
        """
        store = cls(engine_for(url))
        try:
            store.require_revision()
        except BaseException:
            store.close()
            raise
        return store

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection that sees one consistent state and writes nothing."""
        with _named_errors(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self, step: Step | None = None) -> Iterator[Connection]:
        """Yield a connection whose changes are durable once this block has ended.

        Args:
            step: what its commit is on the way from a record to its anchor.
        """
        with _named_errors():
            with self._writing.begin() as connection:
                yield connection
                faults.failing(step)
            faults.persisted(step)

    def require_revision(self) -> None:
        """Raise ``Unavailable`` unless the tables are those of this version."""
        try:
            with self.reading() as connection:
                found = connection.execute(text("select version_num from alembic_version"))
                revision = found.scalar()
        except Unavailable:
            revision = None
        if revision != schema.REVISION:
            raise Unavailable(
                "database_not_ready",
                "the node's database is not laid out for this version",
                "start the worker once: it prepares the database",
            )

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def engine_for(url: str) -> Engine:
    """Return an engine with our settings; opens nothing yet."""
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() != "sqlite":
            return create_engine(parsed, pool_pre_ping=True, hide_parameters=True)
        # hide_parameters: no exception's text holds a row
        engine = create_engine(parsed, connect_args={"timeout": BUSY_SECONDS}, hide_parameters=True)
    except (ArgumentError, ImportError):
        # the URL may hold a password: it is not repeated
        raise UsageError(
            "database_url", "the database URL is not one this installation can open",
            "write sqlite:////folder/node.db, or install the driver of the other database",
        ) from None  # fmt: skip
    event.listen(engine, "do_connect", _make_private)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_private(_dialect: Any, _record: Any, arguments: Any, _named: Any) -> None:
    """Records are nobody else's to read; SQLite gives its other files the same mode."""
    if arguments[0] != ":memory:":
        private_file(Path(arguments[0]))


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions are ours: see _begin_sqlite
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={BUSY_SECONDS * 1000}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _named_errors() -> Iterator[None]:
    """Turn what the database cannot do now into ``Unavailable``, without its text: it may quote."""
    try:
        yield
    except OSError:
        raise _no_answer() from None
    except OperationalError as error:
        raise _unavailable(error) from None
    except DatabaseError as error:
        if type(error) is DatabaseError or error.connection_invalidated:
            raise _unavailable(error) from None
        raise
    except UnicodeEncodeError:  # from a command line, where any bytes are an argument
        raise UsageError("not_text", "what was asked for is no text in UTF-8") from None


def _unavailable(error: DBAPIError) -> Unavailable:
    told = str(error.orig).lower()
    if "locked" in told or "busy" in told:
        return Unavailable("database_busy", "the node's database is busy", retry_after=1)
    if "full" in told:
        return Unavailable(
            "database_full", "the disk of the node's database is full", "make room on it", 60
        )
    return _no_answer()


def _no_answer() -> Unavailable:
    return Unavailable("database_unavailable", "the node's database does not answer", "", 10)
