"""`kill -9` of worker, web, supervisor and anvil at every named step, in both forms.

Every receipt that was promised ends anchored, once; `comity doctor --ledger` finds nothing; what
was killed is ready again within 30 s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from core.runtime.faults import Form
from core.runtime.steps import Step
from tests.support.killing import ELSEWHERE, OWNERS, READY_SECONDS, VICTIMS, Case, Stage, stage

RUNS = 20
HOURS = 3600


@pytest.fixture(scope="module")
def everything(anvil_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    del anvil_program
    with stage(tmp_path_factory.mktemp("stage")) as made:
        yield made


def cases(victim: str) -> list[Case]:
    return [
        Case(victim, step, form, seed) for seed in range(RUNS) for step in OWNERS for form in Form
    ]


def test_every_step_is_killed_at_here_or_tested_elsewhere() -> None:
    assert set(OWNERS) | set(ELSEWHERE) == set(Step)


@pytest.mark.long
@pytest.mark.timeout(12 * HOURS)
@pytest.mark.parametrize("victim", VICTIMS)
def test_a_kill_at_a_step_loses_nothing_and_doubles_nothing(
    everything: Stage, sample: Callable[[Sequence[Case]], Sequence[Case]], victim: str
) -> None:
    chosen = sample(cases(victim))
    if len(chosen) < len(cases(victim)):
        chosen = sample(chosen)  # each run takes seconds: a slice has a few
    for case in chosen:
        print(case, flush=True)
        everything.run(case)
    assert everything.slowest_start <= READY_SECONDS


@pytest.mark.timeout(180)
def test_the_kill_that_matters_most(everything: Stage) -> None:
    """The worker, when the chain node has taken a transaction and nothing here says so."""
    everything.run(Case("worker", Step.TRANSACTION_SENT, Form.PERSISTED, 0))
