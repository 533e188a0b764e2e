"""Fixtures and rules for every test.

Third-party vectors come from the folder that COMITY_VECTORS names. Where it is not set, tests
marked `vectors` skip, and their number is printed: the one skip that is no failure. With CI=true
any other skip fails the run, because there a missing dependency is a defect.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import pytest

VECTORS_VARIABLE = "COMITY_VECTORS"
SEED_VARIABLE = "COMITY_SEED"
SLICE_VARIABLE = "COMITY_SLICE"
SLICE_SHARE = 20

Item = TypeVar("Item")


def _vectors_folder() -> Path | None:
    named = os.environ.get(VECTORS_VARIABLE)
    if not named:
        return None
    folder = Path(named)
    if not folder.is_dir():
        raise pytest.UsageError(f"{VECTORS_VARIABLE} names no folder: {named}")
    return folder


def _under_ci() -> bool:
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if _vectors_folder() is not None:
        return
    skip = pytest.mark.skip(reason=f"{VECTORS_VARIABLE} is not set")
    for item in items:
        if item.get_closest_marker("vectors") is not None:
            item.add_marker(skip)


def _skipped_reports(reporter: object, *, vectors: bool) -> list[pytest.TestReport]:
    reports = getattr(reporter, "stats", {}).get("skipped", [])
    return [report for report in reports if ("vectors" in report.keywords) is vectors]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    waiting = len(_skipped_reports(terminalreporter, vectors=True))
    terminalreporter.write_line(f"skipped for want of {VECTORS_VARIABLE}: {waiting}")
    if not _under_ci():
        return
    for report in _skipped_reports(terminalreporter, vectors=False):
        place = getattr(report, "nodeid", "?")
        terminalreporter.write_line(f"FAILED (skipped under CI) {place}", red=True)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if not _under_ci() or exitstatus not in (
        pytest.ExitCode.OK,
        pytest.ExitCode.NO_TESTS_COLLECTED,
    ):
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and _skipped_reports(reporter, vectors=False):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def vectors_dir() -> Path:
    """The folder of third-party vectors; the test must carry the marker `vectors`."""
    folder = _vectors_folder()
    if folder is None:
        pytest.skip(f"{VECTORS_VARIABLE} is not set")
    return folder


@pytest.fixture(scope="session")
def seed() -> int:
    """The seed of every randomised test: COMITY_SEED, else 1."""
    return int(os.environ.get(SEED_VARIABLE, "1"))


@pytest.fixture
def randomness(seed: int, request: pytest.FixtureRequest) -> random.Random:
    """A generator that is the same in every run of one test with one seed."""
    return random.Random(f"{seed}/{request.node.nodeid}")


@pytest.fixture(scope="session")
def sample(seed: int) -> Callable[[Sequence[Item]], Sequence[Item]]:
    """A function from the cases of a long test to those to run now.

    All of them; with COMITY_SLICE=n a twentieth, at least one, drawn anew for each n.
    """
    number = os.environ.get(SLICE_VARIABLE)

    def draw(cases: Sequence[Item]) -> Sequence[Item]:
        if not number or not cases:
            return cases
        generator = random.Random(f"{seed}/{number}")
        return generator.sample(cases, max(1, len(cases) // SLICE_SHARE))

    return draw


@pytest.fixture(autouse=True)
def own_state_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep every test out of the state folder of whoever runs it."""
    monkeypatch.setenv("COMITY_HOME", str(tmp_path / "home"))
