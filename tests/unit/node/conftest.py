"""A node's database in a temporary folder, and records to put into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random as Generator
from typing import Any

import pytest

from core.record import Record
from node.store import migrate
from node.store.engine import Store, engine_for

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


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    prepared = Store(engine_for(database_url))
    migrate.upgrade(prepared)
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
