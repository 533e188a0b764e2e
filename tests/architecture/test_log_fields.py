"""Every field that our code logs is on the list: one that is not would be dropped, unseen."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from core.runtime.logs import FIELDS

ROOT = Path(__file__).resolve().parents[2]
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}


def _logged_fields() -> Iterator[tuple[str, str]]:
    for package in ("core", "contracts", "keys", "node", "verifier"):
        for file in sorted((ROOT / package).rglob("*.py")):
            if "node_modules" in file.parts:
                continue
            text = file.read_text()
            if "core.runtime.logs import" not in text:
                continue
            for node in ast.walk(ast.parse(text)):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and node.func.attr in LEVELS
                ):
                    where = f"{file.relative_to(ROOT)}:{node.lineno}"
                    yield from ((where, word.arg) for word in node.keywords if word.arg)


def test_every_logged_field_is_listed() -> None:
    fields = list(_logged_fields())
    assert fields
    assert [pair for pair in fields if pair[1] not in {*FIELDS, "exc_info"}] == []
