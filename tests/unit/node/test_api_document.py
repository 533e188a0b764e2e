"""docs/formats/api.md says what the code says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args

from core import limits
from core.events import State
from core.record import Record
from core.status_reasons import BY_NUMBER
from node.app import create_app
from node.config import NodeConfig
from node.lifecycle import MOVES, RESTORED_BY_SUCCESSOR
from node.places import NodePlaces
from node.store.engine import Store
from node.tokens import Scope
from node.web.api import SCOPES
from node.web.requests import StatusRequest
from tests.support import lifecycle_page

TEXT = (Path(__file__).resolve().parents[3] / "docs" / "formats" / "api.md").read_text()
_EVENTS = {
    State.SUSPENDED: ("suspend",),
    State.WITHDRAWN: ("withdraw", "refuse"),
    State.CANCELLED: ("cancel",),
}
_OF_REASON = {
    move.reason: move.change.value
    for move in (*MOVES.values(), RESTORED_BY_SUCCESSOR)
    if move.reason
}


def test_every_reason_is_listed_with_what_it_is_for() -> None:
    listed = re.findall(r"^\| (\d+) \| `(\w+)` \| ([\w, ]+) \|$", TEXT, re.MULTILINE)
    expected = {}
    for number, reason in BY_NUMBER.items():
        uses = {event for state in reason.states for event in _EVENTS.get(state, ())}
        expected[str(number), reason.word] = uses or {_OF_REASON[reason.word]}
    assert {(n, word): set(uses.split(", ")) for n, word, uses in listed} == expected


def test_every_operation_is_described(store: Store, tmp_path: Path) -> None:
    config = NodeConfig(endpoint="https://north.example")
    app = create_app(config, NodePlaces(tmp_path), store, lambda: None, bytes)  # type: ignore[arg-type, return-value]
    for path, operations in app.api_doc["paths"].items():
        for method in operations:
            assert f"`{method.upper()} {path}`" in TEXT
    for name in StatusRequest.model_fields:
        assert f"| `{name}` |" in TEXT
    for event in get_args(StatusRequest.model_fields["event"].annotation):
        assert f"`{event}`" in TEXT


def test_every_scope_is_described() -> None:
    assert set(re.findall(r"^\| `(read|issue|declare)` \|", TEXT, re.MULTILINE)) == set(Scope)
    assert set(SCOPES.values()) == set(Scope)


def test_the_examples_are_json_and_the_record_is_one() -> None:
    blocks = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)]
    assert len(blocks) == 3
    Record.parse(blocks[0])


def test_the_limits_are_those_of_the_code() -> None:
    assert f"up to {limits.REGISTER_BYTES >> 20} MiB" in TEXT
    assert f"{limits.REQUEST_BYTES >> 20} MiB for all but registers" in TEXT
    assert f"1 to {limits.IDEMPOTENCY_KEY_CHARS} ASCII" in TEXT


def test_the_tables_of_the_life_cycle_are_fresh() -> None:
    text = lifecycle_page.PAGE.read_text("utf-8")
    assert lifecycle_page.page(text) == text, "run: python -m tests.support.lifecycle_page"
    assert lifecycle_page.tables() in text
