"""Acts on a real chain: proposed, voted and carried out by three workers; refused with a reason."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contracts.calls import Call, Calls
from core.errors import Unavailable
from core.runtime import faults
from core.runtime.faults import Form
from core.runtime.steps import Step
from node import acting
from node.acting import Act, Draft, act_of
from node.states import ActState
from node.voting import (
    ProposalState,
    carrying_out,
    carrying_out_numbered,
    proposal_numbered,
    proposing,
    voting,
)
from node.worker import Worker
from tests.support.acting import DraftOf, ask, asking, ground_of, times_recorded
from tests.support.anchored import assert_sound
from tests.support.ledger import MadeLedger
from tests.support.node import RunningNode, make_node, work_until


@pytest.fixture(scope="module")
def bodies(made: MadeLedger, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Acting]]:
    """The three founding bodies, each with a node and a worker."""
    folder = tmp_path_factory.mktemp("bodies")
    nodes = [make_node(made, folder / str(n), member=n) for n in range(3)]
    acting_bodies = [Acting(node) for node in nodes]
    try:
        yield acting_bodies
        for node in nodes:
            assert_sound(node)
    finally:
        for node in nodes:
            node.close()


class Acting:
    """A body's node and worker, and what it asks of them."""

    def __init__(self, node: RunningNode) -> None:
        self.node = node
        self.worker: Worker = node.worker()
        work_until(self.worker, lambda: self.worker.fence is not None)

    def draft(self, draft_of: DraftOf) -> Draft:
        with self.node.evidence() as evidence:
            return draft_of(ground_of(self.node, evidence))

    def act(self, draft_of: DraftOf) -> Act:
        """Keep an act and work until it has ended."""
        known = ask(self.node, draft_of).id
        work_until(self.worker, lambda: act_of(self.node.store, known).is_final)
        return act_of(self.node.store, known)

    def restart(self) -> None:
        """Leave the worker as it is, and go on with a new one."""
        self.worker = self.node.worker()

    def propose(self, call_of: Callable[[Calls], Call]) -> tuple[int, Act]:
        """Put something to the vote; return the proposal's number."""
        done = self.act(lambda ground: proposing(ground, call_of(ground.calls)))
        assert done.position is not None
        with self.node.evidence() as evidence:
            (number,) = [
                event.proposal
                for key in evidence.keys("proposal/")
                for event in evidence.history(key)
                if event.position == done.position
            ]
        return number, done

    def vote(self, number: int, yes: bool = True) -> Act:
        work_until(self.worker, lambda: self.knows(number))
        return self.act(lambda ground: voting(ground, number, yes))

    def knows(self, number: int) -> bool:
        with self.node.evidence() as evidence:
            return bool(evidence.history(f"proposal/{number}"))

    def state(self, number: int) -> ProposalState:
        with self.node.evidence() as evidence:
            return proposal_numbered(evidence, number).state


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    faults.arm({})


def test_what_passes_is_carried_out_by_the_proposers_worker(
    made: MadeLedger, bodies: list[Acting]
) -> None:
    first, *others = bodies
    number, proposed = first.propose(lambda calls: calls.propose_parameter("interval", 9))
    assert proposed.state is ActState.RECORDED
    again = first.draft(
        lambda ground: proposing(ground, ground.calls.propose_parameter("interval", 9))
    )
    assert again.standing is not None
    assert again.standing.position == proposed.position
    for one in others:
        assert one.vote(number).state is ActState.RECORDED
    work_until(first.worker, lambda: first.state(number) is ProposalState.CARRIED_OUT)
    assert made.ledger.parameter("interval") == 9
    work_until(first.worker, lambda: not acting.anything_waits(first.node.store))
    kinds = [one.kind.value for one in acting.newest_acts(first.node.store)]
    assert kinds.count("carrying_out") == 1


def test_another_body_carries_out_what_passes_where_the_proposers_worker_does_not(
    made: MadeLedger, bodies: list[Acting]
) -> None:
    first, *others = bodies
    number, _ = first.propose(lambda calls: calls.propose_parameter("without_proposer", 7))
    for one in others:
        one.vote(number)
    work_until(others[0].worker, lambda: others[0].state(number) is ProposalState.PASSED)
    done = others[0].act(lambda ground: carrying_out_numbered(ground, number))
    assert done.state is ActState.RECORDED
    assert made.ledger.parameter("without_proposer") == 7
    work_until(first.worker, lambda: first.state(number) is ProposalState.CARRIED_OUT)
    assert not acting.anything_waits(first.node.store)


def test_acts_are_carried_out_in_the_order_they_were_asked_for(
    bodies: list[Acting],
) -> None:
    one = bodies[1]
    names = [f"in_order_{n}" for n in range(3)]
    asked = [ask(one.node, asking(name)) for name in names]
    work_until(one.worker, lambda: all(act_of(one.node.store, a.id).is_final for a in asked))
    ended = [act_of(one.node.store, a.id).position for a in asked]
    assert None not in ended
    assert ended == sorted(ended)  # type: ignore[type-var]


def test_what_the_ledger_refuses_ends_with_its_reason_and_holds_nothing_up(
    bodies: list[Acting],
) -> None:
    one = bodies[1]
    number, _ = one.propose(lambda calls: calls.propose_parameter("not_enough", 1))
    bad = ask(
        one.node, lambda ground: carrying_out(ground, proposal_numbered(ground.evidence, number))
    )
    good = ask(one.node, asking("enough"))
    work_until(one.worker, lambda: act_of(one.node.store, good.id).is_final)
    refused = act_of(one.node.store, bad.id)
    assert refused.state is ActState.REFUSED
    assert refused.refusal is not None
    assert refused.refusal.code == "not_passed"
    assert act_of(one.node.store, good.id).state is ActState.RECORDED


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize(
    "step",
    [
        Step.ACT_KEPT, Step.TRANSACTION_SIGNED, Step.TRANSACTION_KEPT, Step.TRANSACTION_SENT,
        Step.SENDING_KEPT, Step.ENDING_KEPT, Step.RECORDING_KEPT, Step.BLOCKS_KEPT,
    ],
)  # fmt: skip
def test_an_act_is_recorded_once_whatever_fails(
    bodies: list[Acting], step: Step, form: Form
) -> None:
    one = bodies[0]
    draft = asking(f"{step}_{form}"[:32])
    faults.arm({faults.VARIABLE: f"tests only: {step}/{form}/error"}, io.StringIO())
    try:
        asked = ask(one.node, draft)
    except Unavailable:
        asked = ask(one.node, draft)  # whoever got no answer asks again
    assert ask(one.node, draft).id == asked.id
    work_until(one.worker, lambda: act_of(one.node.store, asked.id).is_final)
    assert act_of(one.node.store, asked.id).state is ActState.RECORDED
    assert times_recorded(one.node, draft) == 1


@pytest.mark.parametrize("form", Form)
def test_an_act_whose_nonce_was_taken_goes_into_a_new_transaction(
    made: MadeLedger, tmp_path: Path, bodies: list[Acting], form: Form
) -> None:
    one = bodies[2]
    never = {faults.VARIABLE: f"tests only: {Step.TRANSACTION_SENT}/failed/error/*"}
    faults.arm(never, io.StringIO())
    asked = ask(one.node, asking(f"taken_{form}"))
    work_until(one.worker, lambda: act_of(one.node.store, asked.id).state is ActState.SENT)
    faults.arm({})
    one.node.member.operating.forget_nonce()
    one.node.member.operating.transact(made.calls.propose_parameter(f"other_{form}", 1))
    faults.arm({faults.VARIABLE: f"tests only: {Step.RETURN_KEPT}/{form}/error"}, io.StringIO())
    work_until(one.worker, lambda: act_of(one.node.store, asked.id).is_final)
    assert act_of(one.node.store, asked.id).state is ActState.RECORDED


@pytest.mark.parametrize(
    ("step", "form"),
    [
        (Step.TRANSACTION_KEPT, Form.FAILED),
        (Step.TRANSACTION_KEPT, Form.PERSISTED),
        (Step.TRANSACTION_SENT, Form.PERSISTED),
        (Step.RECORDING_KEPT, Form.FAILED),
    ],
)
def test_a_new_worker_goes_on_where_the_last_one_was_cut_off(
    bodies: list[Acting], capfd: pytest.CaptureFixture[str], step: Step, form: Form
) -> None:
    one = bodies[2]
    draft = asking(f"cut_off_{step}_{form}"[:32])
    faults.arm({faults.VARIABLE: f"tests only: {step}/{form}/error"}, io.StringIO())
    asked = ask(one.node, draft)
    work_until(one.worker, lambda: faults.BROKEN in capfd.readouterr().err)
    one.restart()  # nothing of what the last one had in memory is left
    work_until(one.worker, lambda: act_of(one.node.store, asked.id).is_final)
    assert act_of(one.node.store, asked.id).state is ActState.RECORDED
    assert times_recorded(one.node, draft) == 1
