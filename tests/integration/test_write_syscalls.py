"""The worker is killed, or its disk fails or is full, at each of its writing system calls in turn.

The calls of one run, from the start to the last anchor, are counted with strace; then the run is
made again for each of them, and broken there.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from node.receipt import receipt_of
from tests.support.killing import Killing, campaign
from tests.support.launching import Child, from_command
from tests.support.stage import READY_SECONDS, SETTLED_SECONDS, Stage, stage

CALLS = (
    *("write", "pwrite64", "writev", "pwritev", "fsync", "fdatasync", "ftruncate"),
    *("rename", "renameat", "renameat2", "unlink", "unlinkat"),
)
HOURS = 3600
BREAKS = ("signal=SIGKILL", "error=EIO", "error=ENOSPC")


class Broken(NamedTuple):
    """The ``count``-th call of this name, and what happens there."""

    call: str
    count: int
    how: str


@pytest.fixture
def strace(anvil_program: str) -> None:
    del anvil_program
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")


@contextmanager
def tracing(on: Stage, child: Child, *words: str) -> Iterator[None]:
    """Trace a process that is halted, and let it go on."""

    def is_traced() -> bool:
        told = Path(f"/proc/{child.pid}/status").read_text()
        return re.search(r"^TracerPid:\t[1-9]", told, re.MULTILINE) is not None

    on.wait(lambda: child.is_halted, READY_SECONDS, "it does not halt")
    command = ["strace", "-f", "-qq", *words, "-p", str(child.pid)]
    strace = from_command(command, os.environ, on.folder / "strace.log")
    try:
        on.wait(is_traced, READY_SECONDS, "strace does not begin")
        child.signal(signal.SIGCONT)
        yield
    finally:
        child.kill()
        strace.wait(5)
        strace.kill()


def run_traced(on: Stage, is_reached: Callable[[], bool], *words: str) -> None:
    """Let a worker under strace work off load, until it is dead or has done so by itself.

    Args:
        is_reached: what is to happen meanwhile has happened; until then there is more load.
    """
    on.kill("worker")
    on.load(random.Random(0))
    with (
        tracing(on, on.begin("worker", halted=True), *words),
        on.store() as store,
    ):

        def is_done() -> bool:
            if on.is_dead("worker"):
                return True
            if not all(receipt_of(store, receipt).is_final for receipt in on.pending):
                return False
            if not is_reached():
                on.load(random.Random(0))
                return False
            return True

        on.wait(is_done, SETTLED_SECONDS, "it hangs")


def calls_of_a_run(folder: Path) -> Counter[str]:
    log = folder / "calls"
    with stage(folder / "counted", fast=True) as on:
        run_traced(on, lambda: True, "-o", str(log), "-e", f"trace={','.join(CALLS)}")
    return Counter(re.findall(r"^(?:\d+ +)?(\w+)\(", log.read_text(), re.MULTILINE))


def run_broken(killing: Killing, broken: Broken) -> None:
    """Make the run again, broken at one call; see that nothing is lost, doubled or damaged."""
    on = killing.stage
    log = on.folder / "calls"
    log.unlink(missing_ok=True)
    rule = f"inject={broken.call}:{broken.how}:when={broken.count}"
    run_traced(
        on, lambda: "(INJECTED)" in log.read_text(),
        "-o", str(log), "-e", f"trace={broken.call}", "-e", rule,
    )  # fmt: skip
    on.restart()
    killing.see_the_ends()


@pytest.mark.long
@pytest.mark.timeout(2 * HOURS)
@pytest.mark.usefixtures("strace")
@pytest.mark.parametrize("how", BREAKS)
def test_every_writing_call_may_be_the_last(
    tmp_path: Path, sample: Callable[[Sequence[Broken]], Sequence[Broken]], how: str
) -> None:
    counted = calls_of_a_run(tmp_path)
    print(counted)
    assert counted["pwrite64"] > 10
    every = [
        Broken(call, count, how)
        for call, times in sorted(counted.items())
        for count in range(1, times + 1)
    ]
    done = campaign(sample(every), tmp_path, run_broken)
    print(done)
    assert not done.failures, "\n".join(done.failures)
    assert done.slowest_start <= READY_SECONDS
