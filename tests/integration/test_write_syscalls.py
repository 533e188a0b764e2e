"""The worker is killed, or its disk fails, at each of its writing system calls, one after another.

The calls of one run, from the start to the last anchor, are counted with strace; then the run is
made again for each of them, and broken there.
"""

from __future__ import annotations

import random
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from node.receipt import receipt_of
from tests.support.killing import SETTLED_SECONDS, Stage, stage

CALLS = (
    *("write", "pwrite64", "writev", "pwritev", "fsync", "fdatasync", "ftruncate"),
    *("rename", "renameat", "renameat2", "unlink", "unlinkat"),
)
HOURS = 3600
BREAKS = ("signal=SIGKILL", "error=EIO")


class Broken(NamedTuple):
    """The ``count``-th call of this name, and what happens there."""

    call: str
    count: int
    how: str


@pytest.fixture(scope="module")
def traced(anvil_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    del anvil_program
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    with stage(tmp_path_factory.mktemp("traced")) as made:
        yield made


def have_ended(on: Stage) -> bool:
    with on.store() as store:
        return all(receipt_of(store, receipt).is_final for receipt in on.receipts)


def run_traced(on: Stage, *words: str) -> None:
    """Let a worker under strace work off some load, as far as it comes."""
    on.kill("worker")
    on.load(random.Random(0))
    on.start("worker", tracer=("strace", "-f", "--seccomp-bpf", "-qq", *words))
    on.wait(lambda: on.is_dead("worker") or have_ended(on), SETTLED_SECONDS, "it hangs")
    on.kill("worker")


def calls_of_a_run(on: Stage, log: Path) -> Counter[str]:
    run_traced(on, "-o", str(log), "-e", f"trace={','.join(CALLS)}")
    on.restart()
    on.settle()
    return Counter(re.findall(r"^(?:\d+ +)?(\w+)\(", log.read_text(), re.MULTILINE))


def run_broken(on: Stage, broken: Broken) -> None:
    """Make the run again, broken at one call; see that nothing is lost, doubled or damaged."""
    rule = f"inject={broken.call}:{broken.how}:when={broken.count}"
    run_traced(on, "-o", "/dev/null", "-e", f"trace={broken.call}", "-e", rule)
    on.restart()
    on.settle()


@pytest.mark.long
@pytest.mark.timeout(12 * HOURS)
@pytest.mark.parametrize("how", BREAKS)
def test_every_writing_call_may_be_the_last(
    traced: Stage, tmp_path: Path, sample: Callable[[Sequence[Broken]], Sequence[Broken]], how: str
) -> None:
    counted = calls_of_a_run(traced, tmp_path / "calls")
    assert counted["pwrite64"] > 10
    every = [
        Broken(call, count, how)
        for call, times in sorted(counted.items())
        for count in range(1, times + 1)
    ]
    chosen = sample(every)
    if len(chosen) < len(every):
        chosen = sample(chosen)
    for broken in chosen:
        print(broken, flush=True)
        run_broken(traced, broken)
