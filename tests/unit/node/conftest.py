"""A node's database in a temporary folder, and records to put into it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Hashable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random as Generator
from typing import Any

import pytest
from sqlalchemy import func, select

from core.events import Anchored, Event, StatusDeclared, status_key
from core.record import Record
from core.registry import Head
from node.intake import accept
from node.issue import Issued, SlotSource, issue_waiting
from node.seal import Sealed, seal
from node.store import batches, declarations, migrate, schema
from node.store.engine import Store, engine_for
from tests.support.network import Body, MemoryLedger

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def record_json(number: str = "01526Q30012R1M", **changes: Any) -> dict[str, Any]:
    """Return a good record as JSON, with some members changed."""
    return {
        "kind": "management_system",
        "certificate_number": number,
        "standard": "ISO 9001:2015",
        "holder": {"names": {"en": "Sample Export Co., Ltd. (example)"}, "economy": "CN"},
        "scope": {"en": "Design and manufacture of LED drivers"},
        "dates": {"effective": "2026-03-02", "expiry": "2029-03-01"},
        "revision": 0,
        **changes,
    }


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'node.db'}"


@pytest.fixture(scope="session")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database with all tables, to be copied: migrating for every test takes too long."""
    file = tmp_path_factory.mktemp("laid_out") / "node.db"
    prepared = Store(engine_for(f"sqlite:///{file}"))
    migrate.upgrade(prepared)
    prepared.close()
    return file


@pytest.fixture
def store(laid_out: Path, tmp_path: Path, database_url: str) -> Iterator[Store]:
    shutil.copy(laid_out, tmp_path / "node.db")
    prepared = Store.open(database_url)
    yield prepared
    prepared.close()


@pytest.fixture
def random(randomness: Generator) -> Callable[[int], bytes]:
    return randomness.randbytes


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def make_record() -> Callable[..., Record]:
    return lambda *arguments, **changes: Record.parse(record_json(*arguments, **changes))


class ListedLedger:
    """A ledger in memory as evidence that can be listed, as a snapshot of a followed one can."""

    source = "ledger"

    def __init__(self, ledger: MemoryLedger) -> None:
        self.ledger = ledger

    @property
    def origin(self) -> str:
        return self.ledger.origin

    @property
    def head(self) -> Head | None:
        return self.ledger.state.head

    def history(self, key: str) -> Sequence[Event]:
        return self.ledger.state.history(key)

    def member_of(self, did: str) -> int | None:
        return self.ledger.state.member_of(did)

    @property
    def registry_version(self) -> Hashable | None:
        return self.ledger.state.registry_version

    def text(self, digest: bytes) -> bytes | None:
        return self.ledger.state.text(digest)

    def keys(self, prefix: str) -> list[str]:
        return sorted({e.key() for e in self.ledger.events if e.key().startswith(prefix)})


class UnitNode:
    """A node without worker and chain: a test moves what it wants, on a ledger in memory."""

    def __init__(self, store: Store, random: Callable[[int], bytes]) -> None:
        self.store = store
        self.random = random
        self.ledger = MemoryLedger(start=int(NOW.timestamp()) - 86_400)
        self.body = Body(self.ledger, 1).join()
        self.evidence = ListedLedger(self.ledger)
        self.slots = SlotSource(self.body.endpoint, random)

    @property
    def now(self) -> datetime:
        return self.ledger.now

    def accept(self, *numbers: str, **changes: Any) -> list[str]:
        """Take records in and return their receipts' ids."""
        records = [Record.parse(record_json(number, **changes)) for number in numbers]
        return [
            accept(self.store, one, now=self.now, random=self.random).receipt.id for one in records
        ]

    def issue(self) -> Issued:
        return issue_waiting(
            self.store,
            self.slots,
            self.body.issuer,
            self.body.signer,
            now=self.now,
            random=self.random,
        )

    def seal(self) -> Sealed:
        sealed = seal(self.store, now=self.now, random=self.random)
        assert sealed is not None
        return sealed

    def anchor(self) -> None:
        """Let the ledger record every open batch."""
        with self.store.writing() as connection:
            for batch in batches.open_batches(connection):
                position, time = self.ledger.next()
                self.ledger.record(Anchored(position, time, 1, batch.root, batch.size))
                batches.mark_anchored(connection, batch.id, position, time)

    def anchored(self, *numbers: str, **changes: Any) -> list[str]:
        """Take records all the way and return their receipts' ids."""
        receipts = self.accept(*numbers, **changes)
        self.issue()
        self.seal()
        self.anchor()
        return receipts

    def rows(self) -> dict[str, int]:
        """Return how many rows each table has."""
        with self.store.reading() as connection:
            return {
                name: connection.execute(select(func.count()).select_from(table)).scalar_one()
                for name, table in schema.metadata.tables.items()
            }

    def record_declarations(self) -> None:
        """Let the ledger record every declaration that waits."""
        with self.store.writing() as connection:
            for one in declarations.under_way(connection):
                position, time = self.ledger.next()
                history = self.ledger.state.history(status_key(1, one.slot))
                event = StatusDeclared(
                    position, time, 1, one.slot, one.code, one.reason, one.effective_at,
                    one.until, one.linked_member, one.linked_slot, len(history),
                )  # fmt: skip
                self.ledger.record(event)
                declarations.mark_recorded(connection, one.id, position)


@pytest.fixture
def node(store: Store, random: Callable[[int], bytes]) -> UnitNode:
    return UnitNode(store, random)
