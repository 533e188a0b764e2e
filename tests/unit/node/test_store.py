"""The database: its lay-out, forward and back, and what a commit promises."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError

from core.errors import Unavailable, UsageError
from node.store import facts, migrate, schema
from node.store.engine import Store, engine_for


def test_migrations_lead_to_the_schema(store: Store) -> None:
    assert migrate.differences(store) == []


def test_a_difference_is_seen(store: Store) -> None:
    with store.writing() as connection:
        connection.execute(text("alter table meta add column more text"))
    assert migrate.differences(store) != []


def test_the_code_names_the_newest_migration() -> None:
    folder = Path(migrate.__file__).parent / "migrations"
    assert ScriptDirectory(str(folder)).get_current_head() == schema.REVISION


def test_down_and_up_again(store: Store) -> None:
    migrate.downgrade(store, "base")
    with store.reading() as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
    migrate.upgrade(store)
    assert migrate.differences(store) == []


def test_an_unprepared_database_is_not_opened(database_url: str) -> None:
    with pytest.raises(Unavailable) as refused:
        Store.open(database_url)
    assert refused.value.code == "database_not_ready"


def test_a_database_url_is_never_repeated() -> None:
    with pytest.raises(UsageError) as refused:
        engine_for("mysterious://user:secret@host/db")
    assert "secret" not in str(refused.value)


def test_sqlite_is_durable(store: Store) -> None:
    with store.reading() as connection:
        read = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert read == {
        "journal_mode": "wal",
        "synchronous": 2,  # FULL
        "foreign_keys": 1,
        "busy_timeout": 20_000,
    }


def test_the_database_is_nobody_elses_to_read(tmp_path: Path) -> None:
    former = os.umask(0o022)
    try:
        made = Store(engine_for(f"sqlite:///{tmp_path / 'new.db'}"))
        with made.writing() as connection:
            connection.execute(text("create table t (a integer)"))
            modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.glob("new.db*")}
        made.close()
    finally:
        os.umask(former)
    assert modes == dict.fromkeys(("new.db", "new.db-wal", "new.db-shm"), 0o600)


def test_no_error_of_the_database_holds_a_row(store: Store) -> None:
    row = {"name": "x" * 8, "value": "of a certificate"}
    with pytest.raises(IntegrityError) as refused, store.writing() as connection:
        connection.execute(schema.meta.insert(), [row, row])
    assert row["value"] not in str(refused.value)


def test_a_failed_transaction_writes_nothing(store: Store) -> None:
    def fail_after_writing() -> None:
        with store.writing() as connection:
            facts.keep_fact(connection, "fence", "7")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_writing()
    with store.reading() as connection:
        assert facts.fact(connection, "fence") is None


def test_a_fact_is_replaced(store: Store) -> None:
    for value in ("7", "8"):
        with store.writing() as connection:
            facts.keep_fact(connection, "fence", value)
    with store.reading() as connection:
        assert facts.fact(connection, "fence") == "8"


def test_a_reading_transaction_sees_one_state(store: Store) -> None:
    with store.reading() as reader:
        assert facts.fact(reader, "fence") is None
        with store.writing() as writer:
            facts.keep_fact(writer, "fence", "7")
        assert facts.fact(reader, "fence") is None


def test_foreign_keys_hold(store: Store) -> None:
    with pytest.raises(IntegrityError), store.writing() as connection:
        connection.execute(
            schema.leaf.insert().values(credential_id=99, envelope="plain", salt=b"", hash=b"")
        )


def test_busy_is_unavailable(store: Store, database_url: str) -> None:
    other = Store(engine_for(database_url))
    with store.writing(), other.reading() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=1")
        raw = connection.connection.dbapi_connection
        assert raw is not None
        raw.execute("ROLLBACK")
        with pytest.raises(Exception, match="locked"):
            raw.execute("BEGIN IMMEDIATE")
        raw.execute("BEGIN")
    other.close()
