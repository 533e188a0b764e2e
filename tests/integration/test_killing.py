"""`kill -9` of worker, web, supervisor and anvil at every named step, in both forms.

Every receipt that was promised ends anchored, once; `comity doctor --ledger` finds nothing; what
was killed is ready again within 30 s.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from contracts.calls import Calls
from core.runtime.faults import Form
from core.runtime.steps import Step
from tests.support.killing import ELSEWHERE, OWNERS, VICTIMS, Case, Killing, campaign
from tests.support.stage import READY_SECONDS, Stage, stage

RUNS = 20
HOURS = 3600


@pytest.fixture(scope="module")
def everything(anvil_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    del anvil_program
    with stage(tmp_path_factory.mktemp("stage"), fast=True) as made:
        yield made


@pytest.fixture(scope="module")
def killing(everything: Stage) -> Killing:
    return Killing(everything)


def cases(victim: str) -> list[Case]:
    return [
        Case(victim, step, form, seed) for seed in range(RUNS) for step in OWNERS for form in Form
    ]


def test_every_step_is_killed_at_here_or_tested_elsewhere() -> None:
    assert set(Step) - set(OWNERS) <= ELSEWHERE


@pytest.mark.long
@pytest.mark.timeout(2 * HOURS)
@pytest.mark.parametrize("victim", VICTIMS)
def test_a_kill_at_a_step_loses_nothing_and_doubles_nothing(
    anvil_program: str,
    tmp_path: Path,
    sample: Callable[[Sequence[Case]], Sequence[Case]],
    victim: str,
) -> None:
    del anvil_program
    done = campaign(sample(cases(victim)), tmp_path)
    print(done)
    assert not done.failures, "\n".join(done.failures)
    assert done.slowest_start <= READY_SECONDS


@pytest.mark.long
@pytest.mark.timeout(600)
def test_processes_that_their_own_commands_start(anvil_program: str, tmp_path: Path) -> None:
    """As above without a launcher: by a true clock, each command with its own imports."""
    del anvil_program
    with stage(tmp_path / "stage") as made:
        killing = Killing(made)
        for victim in VICTIMS:
            killing.run(Case(victim, Step.TRANSACTION_SENT, Form.PERSISTED, 0))
        killing.look(thoroughly=True)
        slowest = max(seconds for each in made.starts.values() for seconds in each)
    assert slowest <= READY_SECONDS


def doctor(on: Stage, *words: str) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "core", "doctor", "--node", str(on.node), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.timeout(180)  # the first on this stage, whose clock runs away from the command's
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
def test_the_kill_that_matters_most(killing: Killing) -> None:
    """The worker, when the chain node has taken a transaction and nothing here says so."""
    killing.run(Case("worker", Step.TRANSACTION_SENT, Form.PERSISTED, 0))


@pytest.mark.timeout(180)
def test_an_anchor_that_nobody_here_knows_of_is_noticed(killing: Killing) -> None:
    """As a second one would be. It stays on the chain: the last test of this stage."""
    killing.look(thoroughly=True)
    with killing.stage.ledger() as ledger:
        anchor = Calls(ledger.contracts).anchor(os.urandom(32), 64, ledger.fence_of(1))
        killing.account(ledger).transact(anchor)
    with pytest.raises(AssertionError, match="differ about anchors"):
        killing.look(thoroughly=False)
