"""Progress is for terminals, and for steps that take long."""

from __future__ import annotations

import io
import time

from core.runtime import progress


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_nothing_for_a_pipe() -> None:
    stream = io.StringIO()
    with progress.step("importing", 10, stream, patience=0) as advance:
        advance(10)
    assert stream.getvalue() == ""


def test_nothing_for_a_quick_step() -> None:
    stream = _Terminal()
    with progress.step("importing", 10, stream, patience=30) as advance:
        advance(10)
    assert stream.getvalue() == ""


def test_a_bar_for_a_long_step() -> None:
    stream = _Terminal()
    with progress.step("importing", 10, stream, patience=0) as advance:
        advance(5)
        until = time.monotonic() + 10
        while "importing" not in stream.getvalue() and time.monotonic() < until:
            time.sleep(0.05)
    assert "importing" in stream.getvalue()
