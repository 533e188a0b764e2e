"""`kill -9` of worker, web, supervisor and anvil at every named step, in both forms.

Every receipt that was promised ends anchored, once; `comity doctor --ledger` finds nothing; what
was killed is ready again within 30 s.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

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


def doctor(on: Stage, *words: str) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "core", "doctor", "--node", str(on.node), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.timeout(180)
def test_doctor_tells_what_is_damaged_and_what_could_not_be_asked(everything: Stage) -> None:
    code, out, _ = doctor(everything, "--ledger", "--json")
    assert (code, json.loads(out)) == (0, {"faults": [], "chain": "compared"})
    assert doctor(everything)[0] == 4
    turn = "UPDATE leaf SET salt = (SELECT zeroblob(32)) WHERE rowid = 1"
    with closing(sqlite3.connect(everything.node / "node.db")) as database:
        (salt,) = database.execute("SELECT salt FROM leaf WHERE rowid = 1").fetchone()
        database.execute(turn)
        database.commit()
        code, out, err = doctor(everything, "--ledger")
        database.execute("UPDATE leaf SET salt = ? WHERE rowid = 1", (salt,))
        database.commit()
    assert (code, err) == (1, "")
    assert "(leaf_damaged)" in out
    assert "  hint: " in out
    everything.kill("supervisor")
    code, out, err = doctor(everything, "--ledger")
    assert (code, out) == (3, "")
    assert "chain_unreachable" in err
    everything.restart()


@pytest.mark.timeout(180)
def test_the_kill_that_matters_most(everything: Stage) -> None:
    """The worker, when the chain node has taken a transaction and nothing here says so."""
    everything.run(Case("worker", Step.TRANSACTION_SENT, Form.PERSISTED, 0))
