"""Faults break what a test named, in the form it named, and nothing otherwise."""

from __future__ import annotations

import io
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import UsageError
from core.runtime import faults
from core.runtime.commands import run
from core.runtime.steps import Step

ROOT = Path(__file__).resolve().parents[4]
DYING = """
import os, sys
from core.runtime import faults
from core.runtime.steps import Step
faults.arm(os.environ)
with faults.at(Step.BATCH_KEPT):
    print("effect", flush=True)
print("told", flush=True)
"""


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    faults.arm({})


def arm(text: str) -> str:
    said = io.StringIO()
    faults.arm({faults.VARIABLE: f"tests only: {text}"}, said)
    return said.getvalue()


def broken(step: Step) -> list[str]:
    """Take a step; return what happened in it."""
    seen = []
    try:
        with faults.at(step):
            seen.append("effect")
        seen.append("told")
    except OSError:
        seen.append("error")
    return seen


def test_nothing_breaks_unless_armed() -> None:
    faults.arm({})
    assert broken(Step.BATCH_KEPT) == ["effect", "told"]


@pytest.mark.parametrize(
    ("form", "expected"), [("failed", ["error"]), ("persisted", ["effect", "error"])]
)
def test_both_forms_at_the_named_step_once(form: str, expected: list[str]) -> None:
    said = arm(f"batch_kept/{form}/error/2")
    assert "breaks on purpose" in said
    assert broken(Step.BATCH_KEPT) == ["effect", "told"]
    assert broken(Step.ANCHOR_KEPT) == ["effect", "told"]
    assert broken(Step.BATCH_KEPT) == expected
    assert broken(Step.BATCH_KEPT) == ["effect", "told"]


def test_a_fault_can_last() -> None:
    arm("chain_asked/failed/error/*")
    assert [broken(Step.CHAIN_ASKED) for _ in range(3)] == [["error"]] * 3


@pytest.mark.parametrize(("form", "out"), [("failed", b""), ("persisted", b"effect\n")])
def test_kill_is_kill_9(form: str, out: bytes) -> None:
    environment = {faults.VARIABLE: f"tests only: batch_kept/{form}/kill"}
    done = subprocess.run(
        [sys.executable, "-c", DYING], cwd=ROOT, env=environment, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, out)
    assert done.stderr.startswith(b"warning: COMITY_FAULTS is set")


@pytest.mark.parametrize(
    "text",
    ["", "1", "batch_kept/failed/kill", "tests only:", "tests only: batch_kept",
     "tests only: batch_kept/failed/explode", "tests only: no_step/failed/kill",
     "tests only: batch_kept/failed/kill/x"],
)  # fmt: skip
def test_anything_else_is_refused_and_arms_nothing(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError):
        faults.arm({faults.VARIABLE: text})
    assert broken(Step.BATCH_KEPT) == ["effect", "told"]
    monkeypatch.setenv(faults.VARIABLE, text)
    said = io.StringIO()
    assert run(["keys", "--help"], io.StringIO(), said) == 4  # no command starts half armed
    assert faults.VARIABLE in said.getvalue()


def test_every_step_has_its_place_in_the_code() -> None:
    named: set[str] = set()
    for package in ("contracts", "keys", "node"):
        for file in (ROOT / package).rglob("*.py"):
            named |= set(re.findall(r"\bStep\.([A-Z_]+)\b", file.read_text("utf-8")))
    assert named == set(Step.__members__)
