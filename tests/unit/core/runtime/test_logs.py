"""Logs hold identifiers and hashes, whatever is thrown at them."""

from __future__ import annotations

import errno
import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from core.errors import FormatError
from core.runtime import logs

SECRET = "Acme Widgets GmbH & Co"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level, ours = root.handlers[:], root.level, structlog.get_config()
    written = io.StringIO()
    logs.configure(written)
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**ours)


def _last(stream: io.StringIO) -> dict[str, Any]:
    line: dict[str, Any] = json.loads(stream.getvalue().splitlines()[-1])
    return line


def test_identifiers_and_hashes_pass(stream: io.StringIO) -> None:
    root = "0x" + "ab" * 32
    logs.logger("seal").info("batch_sealed", batch_id=7, root=root, leaves=64)
    line = _last(stream)
    assert line["event"] == "batch_sealed"
    assert (line["component"], line["batch_id"], line["root"]) == ("seal", 7, root)
    assert "dropped" not in line


def test_an_unlisted_field_is_dropped_and_named(stream: io.StringIO) -> None:
    logs.logger("seal").info("batch_sealed", holder=SECRET)
    assert SECRET not in stream.getvalue()
    assert _last(stream)["dropped"] == ["holder"]


EARLY = logs.logger("early")


def test_a_logger_made_before_the_configuration_keeps_to_it(stream: io.StringIO) -> None:
    EARLY.info("batch_sealed", holder=SECRET)
    assert _last(stream)["dropped"] == ["holder"]


def test_the_rules_hold_without_any_configuration() -> None:
    code = f"from core.runtime import logs; logs.logger('x').info('y', holder={SECRET!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert json.loads(done.stderr)["dropped"] == ["holder"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("root", SECRET),
        ("code", SECRET),
        ("leaves", SECRET),
        ("record_id", SECRET),
        ("route", f"/v1/certificates?number={SECRET}"),
        ("account", "0x12"),
        ("size", {"nested": SECRET}),
    ],
)
def test_a_value_of_another_shape_is_masked(stream: io.StringIO, field: str, value: object) -> None:
    logs.logger("seal").info("batch_sealed", **{field: value})
    assert SECRET not in stream.getvalue()
    assert _last(stream)[field] == "?"


def test_an_event_is_a_name_and_no_sentence(stream: io.StringIO) -> None:
    logs.logger("seal").info(f"sealed for {SECRET}")
    assert SECRET not in stream.getvalue()
    assert _last(stream)["event"] == "?"


def test_a_template_that_was_filled_in_already_is_none(stream: io.StringIO) -> None:
    server = logging.getLogger("gunicorn.error")
    own = io.StringIO()
    server.addHandler(logging.StreamHandler(own))
    server.propagate = False
    logs.configure(stream)
    server.warning(f"Invalid request from ip=127.0.0.1: Invalid HTTP Header: '{SECRET}'")
    assert SECRET not in own.getvalue() + stream.getvalue()
    assert "template" not in _last(stream)
    assert _last(stream)["logger"] == "gunicorn.error"


def test_an_exception_is_told_by_code_and_place(stream: io.StringIO) -> None:
    try:
        raise FormatError("not_json", SECRET)
    except FormatError:
        logs.logger("intake").exception("intake_failed")
    assert SECRET not in stream.getvalue()
    line = _last(stream)
    assert (line["error"], line["code"]) == ("FormatError", "not_json")
    assert line["at"].startswith("runtime/test_logs.py:")


def test_other_libraries_are_told_without_their_values(stream: io.StringIO) -> None:
    logging.getLogger("some.library").warning("cannot parse %s", SECRET)
    logging.getLogger("some.library").warning(f"cannot parse {SECRET}")
    try:
        raise ValueError(SECRET)
    except ValueError:
        logging.getLogger("gunicorn.error").exception("Error handling request %s", SECRET)
    assert SECRET not in stream.getvalue()
    line = _last(stream)
    assert line["template"] == "Error handling request %s"
    assert line["error"] == "ValueError"


def test_a_log_that_cannot_be_written_stops_no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "no space left on device")

    broken = io.StringIO()
    monkeypatch.setattr(broken, "write", full)
    monkeypatch.setattr(broken, "flush", full)
    ours = structlog.get_config()
    monkeypatch.setattr("sys.stderr", broken)
    try:
        logs.configure()
        logs.logger("worker").info("batch_sealed")
        logging.getLogger("library").warning("something")
    finally:
        structlog.configure(**ours)
