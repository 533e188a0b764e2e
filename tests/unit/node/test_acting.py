"""Acts as they are kept, and as the worker takes them to the ledger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection

from contracts.calls import Call
from contracts.interfaces import LedgerRefused
from core.errors import NotFound
from core.events import Executed, Position, Voted
from node import acting
from node.acting import Act, Draft, Expected, act_of
from node.anchoring import Fenced
from node.enacting import Enacting
from node.states import ActState, OutgoingKind, OutgoingState
from node.store import acts, outbox
from node.store.engine import Store
from node.store.outbox import Signed
from node.voting import proposing, voting
from tests.support.acting import ADDRESSES, ActingNetwork

OPERATING = f"0x{1:040x}"


class ScriptedSender:
    """A sender that stores what it is given, or refuses as the ledger would."""

    account = OPERATING

    def __init__(self, store: Store) -> None:
        self.store = store
        self.calls: list[Call] = []
        self.refuse: Callable[[Call], str | None] = lambda _call: None

    def prepare(
        self,
        kind: OutgoingKind,
        call: Call,
        *,
        now: datetime,
        attach: Callable[[Connection, int], None],
        fence: int | None = None,
    ) -> int:
        code = self.refuse(call)
        if code is not None:
            raise LedgerRefused(code, {})
        self.calls.append(call)
        row = Signed(
            OPERATING, len(self.calls), kind, fence, call.to, call.data, b"raw",
            len(self.calls).to_bytes(32),
        )  # fmt: skip
        with self.store.writing() as connection:
            outgoing_id = outbox.keep(connection, row, 0)
            attach(connection, outgoing_id)
        return outgoing_id


class Scene:
    """Member 1's worker, on a network whose ledger records what the test says."""

    def __init__(self, store: Store, random: Callable[[int], bytes]) -> None:
        self.store, self.random = store, random
        self.network = ActingNetwork()
        self.sender = ScriptedSender(store)
        self.contracts = dict(ADDRESSES)
        ledger: Any = SimpleNamespace(contracts=self.contracts)
        sender: Any = self.sender
        self.enacting = Enacting(store, ledger, sender, random)

    def draft(self, name: str = "some", value: int = 1) -> Draft:
        ground = self.network.ground(1)
        return proposing(ground, ground.calls.propose_parameter(name, value))

    def keep(self, draft: Draft) -> Act:
        return acting.keep(self.store, draft, self.network.ground(1), random=self.random)

    def submit(self) -> bool:
        return self.enacting.submit(now=self.network.ledger.now)

    def observe(self) -> int:
        return self.enacting.observe(self.network.evidence)

    def carry_out(self) -> None:
        ground = self.network.ground(1)
        self.enacting.carry_out(ground.body, ground.evidence, now=ground.now)

    def end(self, state: OutgoingState) -> None:
        """Let the newest transaction end."""
        with self.store.writing() as connection:
            outbox.mark(connection, len(self.sender.calls), state)

    def state(self, act: Act) -> ActState:
        return act_of(self.store, act.id).state

    def refusal(self, act: Act) -> str | None:
        refusal = act_of(self.store, act.id).refusal
        return refusal.code if refusal else None


@pytest.fixture
def scene(store: Store, random: Callable[[int], bytes]) -> Scene:
    return Scene(store, random)


# ------------------------------------------------------------------ keeping


def test_the_expected_event_is_read_as_it_was_written() -> None:
    expected = Expected("proposal/", "proposed", {"action": 6, "payload": "00ff"})
    assert Expected.parse(expected.dump()) == expected


def test_an_event_is_met_only_with_all_that_was_stated() -> None:
    expected = Expected("proposal/7", "voted", {"member": 2, "yes": True})
    assert expected.is_met_by(Voted(Position(1, 0), 1, 7, 2, True))
    assert not expected.is_met_by(Voted(Position(1, 0), 1, 7, 2, False))
    assert not expected.is_met_by(Executed(Position(1, 0), 1, 7))


def test_the_same_act_is_kept_once_while_it_waits(scene: Scene) -> None:
    first = scene.keep(scene.draft())
    assert scene.keep(scene.draft()).id == first.id
    assert scene.keep(scene.draft("other")).id != first.id
    assert acting.waiting_act(scene.store, scene.draft()) == first
    assert len(acting.newest_acts(scene.store)) == 2
    with scene.store.reading() as connection:
        assert acts.count_open(connection) == 2


def test_an_act_that_has_ended_can_be_asked_for_again(scene: Scene) -> None:
    first = scene.keep(scene.draft())
    scene.sender.refuse = lambda _call: "not_open"
    scene.submit()
    assert scene.refusal(first) == "not_open"
    assert scene.keep(scene.draft()).id != first.id


def test_what_was_not_asked_for_is_not_here(scene: Scene) -> None:
    with pytest.raises(NotFound):
        act_of(scene.store, "nothing")


# ------------------------------------------------------------------ the worker's part


def test_one_act_goes_at_a_time_and_the_next_when_it_is_recorded(scene: Scene) -> None:
    first, second = scene.keep(scene.draft("a")), scene.keep(scene.draft("b"))
    assert scene.submit()
    assert not scene.submit()
    assert (scene.state(first), scene.state(second)) == (ActState.SENT, ActState.RECEIVED)
    assert scene.observe() == 0
    scene.network.propose(scene.draft("a"), 1)
    assert scene.observe() == 1
    assert scene.state(first) is ActState.RECORDED
    assert scene.submit()
    assert len(scene.sender.calls) == 2


def test_what_was_recorded_before_it_was_asked_for_does_not_count(scene: Scene) -> None:
    scene.network.propose(scene.draft(), 1)
    act = scene.keep(scene.draft())
    assert scene.observe() == 0
    scene.network.propose(scene.draft(), 1)
    assert scene.observe() == 1
    assert scene.state(act) is ActState.RECORDED


def test_a_refused_act_holds_nothing_up(scene: Scene) -> None:
    bad, good = scene.keep(scene.draft("bad")), scene.keep(scene.draft("good"))
    wrong = scene.draft("bad").call
    scene.sender.refuse = lambda call: "not_open" if call == wrong else None
    assert scene.submit()
    assert scene.refusal(bad) == "not_open"
    assert scene.state(good) is ActState.SENT


@pytest.mark.parametrize("state", [OutgoingState.FAILED, OutgoingState.REPLACED])
def test_an_act_whose_transaction_came_to_nothing_is_sent_anew(
    scene: Scene, state: OutgoingState
) -> None:
    act = scene.keep(scene.draft())
    scene.submit()
    scene.end(state)
    scene.observe()
    assert scene.state(act) is ActState.RECEIVED
    assert scene.submit()


def test_a_transaction_that_recorded_nothing_ends_its_act(scene: Scene) -> None:
    act = scene.keep(scene.draft())
    scene.submit()
    scene.observe()
    assert scene.state(act) is ActState.SENT
    scene.end(OutgoingState.DONE)
    scene.observe()
    assert scene.refusal(act) == "nothing_recorded"


def test_an_act_drafted_for_a_contract_that_was_replaced_is_not_sent_to_it(scene: Scene) -> None:
    act = scene.keep(scene.draft())
    scene.contracts["members"] = f"0x{77:040x}"
    assert not scene.submit()
    assert scene.refusal(act) == "contract_replaced"
    assert scene.sender.calls == []


def test_a_worker_whose_account_was_replaced_stops(scene: Scene) -> None:
    act = scene.keep(scene.draft())
    scene.sender.refuse = lambda _call: "not_operating"
    with pytest.raises(Fenced):
        scene.submit()
    assert scene.state(act) is ActState.RECEIVED


def test_what_the_chain_took_back_is_looked_for_again(scene: Scene) -> None:
    act = scene.keep(scene.draft())
    scene.submit()
    scene.network.propose(scene.draft(), 1)
    scene.observe()
    position = act_of(scene.store, act.id).position
    assert position is not None
    with scene.store.writing() as connection:
        acts.reopen(connection, position.block)
    assert scene.state(act) is ActState.RECORDED
    with scene.store.writing() as connection:
        acts.reopen(connection, position.block - 1)
    assert scene.state(act) is ActState.SENT
    assert scene.observe() == 1


# ------------------------------------------------------------------ carrying out


def test_what_passes_is_carried_out_once_by_its_proposer(scene: Scene) -> None:
    network = scene.network
    number = network.propose(scene.draft(), 1)
    scene.carry_out()
    assert not acting.anything_waits(scene.store)
    for member in (2, 3):
        network.vote(number, member)
    scene.carry_out()
    scene.carry_out()
    [act] = acting.newest_acts(scene.store)
    assert act.arguments == {"proposal": number}
    network.carry_out(number)
    assert scene.observe() == 1
    scene.carry_out()
    assert len(acting.newest_acts(scene.store)) == 1


def test_what_cannot_be_carried_out_is_tried_once_and_after_too_few_votes_again(
    scene: Scene,
) -> None:
    network = scene.network
    number = network.propose(scene.draft(), 1)
    for member in (2, 3):
        network.vote(number, member)
    for code, tries in (("not_passed", 2), ("address_used", 3), ("not_passed", 3)):
        scene.sender.refuse = lambda _call, code=code: code  # type: ignore[misc]
        scene.carry_out()
        scene.submit()
        network.freeze(4)  # something else in the registry changes
        scene.carry_out()
        scene.submit()
        assert len(acting.newest_acts(scene.store)) == tries


def test_others_proposals_are_theirs_to_carry_out(scene: Scene) -> None:
    ground = scene.network.ground(2)
    draft = proposing(ground, ground.calls.propose_parameter("theirs", 1))
    number = scene.network.propose(draft, 2)
    for member in (1, 3):
        scene.network.vote(number, member)
    scene.carry_out()
    assert not acting.anything_waits(scene.store)


def test_a_vote_is_the_same_act_whatever_the_time(scene: Scene) -> None:
    number = scene.network.propose(scene.draft(), 2)
    first = scene.keep(voting(scene.network.ground(1), number, True))
    scene.network.ledger.idle(50)
    assert scene.keep(voting(scene.network.ground(1), number, True)).id == first.id
