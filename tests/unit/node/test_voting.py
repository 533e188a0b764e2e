"""Votes counted as the contract counts them, and who is meant by a name."""

from __future__ import annotations

from datetime import timedelta

import pytest

from contracts.calls import Action
from core.errors import NotFound, Refused, UsageError
from core.events import MemberThawed, Role
from node.naming import Standing, member_named, members_of, role_words
from node.proposing import described, parameter
from node.voting import (
    Proposal,
    ProposalState,
    carrying_out_numbered,
    proposal_numbered,
    proposals,
    proposing,
    voting,
)
from tests.support.acting import ActingNetwork
from tests.support.network import BLOCK_SECONDS, Body


@pytest.fixture
def network() -> ActingNetwork:
    return ActingNetwork()


def about(network: ActingNetwork, member: int, proposer: int = 1) -> int:
    """Let a proposal to suspend a member be made; return its number."""
    ground = network.ground(proposer)
    return network.propose(proposing(ground, ground.calls.propose_suspension(member, 4)), proposer)


def seen(network: ActingNetwork, number: int) -> Proposal:
    return proposal_numbered(network.evidence, number)


def test_two_thirds_and_half_of_the_economies(network: ActingNetwork) -> None:
    ground = network.ground(1)
    number = network.propose(proposing(ground, ground.calls.propose_parameter("some", 1)), 1)
    tally = seen(network, number).tally
    assert (tally.needed, tally.economies_needed) == (3, 2)
    network.vote(number, 4)  # of the proposer's economy
    assert seen(network, number).standing() == (
        "2 of 3 needed; 1 of 2 economies; Body 1, Body 4 yes; Body 2, Body 3 not yet"
    )
    network.vote(number, 2, yes=False)
    assert seen(network, number).state is ProposalState.OPEN
    assert voting(network.ground(3), number, True).sentence.endswith("It then passes.")
    no = voting(network.ground(3), number, False)
    assert no.sentence.endswith("It then has 2 of 3 needed; 1 of 2 economies.")
    network.vote(number, 3)
    assert seen(network, number).state is ProposalState.PASSED
    assert "Body 2 no" in seen(network, number).standing()


def test_the_subject_does_not_count(network: ActingNetwork) -> None:
    number = about(network, 2)
    assert set(seen(network, number).voters) == {1, 3, 4}
    assert seen(network, number).tally.needed == 3


@pytest.mark.parametrize("how", ["freeze", "suspend", "expel"])
def test_whoever_lost_its_vote_is_not_counted(network: ActingNetwork, how: str) -> None:
    number = about(network, 2)
    network.vote(number, 3)
    assert not seen(network, number).passes
    gone = {"freeze": network.freeze, "suspend": network.ledger.suspend,
            "expel": network.ledger.expel}[how]  # fmt: skip
    gone(4)
    assert seen(network, number).passes
    gone(3)
    assert seen(network, number).tally.in_favour == [1]


def test_a_thawed_member_votes_again(network: ActingNetwork) -> None:
    network.freeze(3)
    assert not members_of(network.evidence)[3].is_voter
    network.record(MemberThawed(*network.ledger.next(), 3))
    assert members_of(network.evidence)[3].is_voter


def test_observers_do_not_count(network: ActingNetwork) -> None:
    Body(network.ledger, 5).join(int(Role.OBSERVER), "XD")
    assert 5 not in seen(network, about(network, 2)).voters


def test_a_proposal_runs_out_of_time(network: ActingNetwork) -> None:
    number = about(network, 2)
    seconds = timedelta(days=90).total_seconds()
    network.ledger.idle(int(seconds) // BLOCK_SECONDS - 1)  # its vote took a block
    assert seen(network, number).state is ProposalState.OPEN
    network.ledger.idle(2)
    assert seen(network, number).state is ProposalState.EXPIRED
    for act in (voting, carrying_out_numbered):
        arguments = (True,) if act is voting else ()
        with pytest.raises(Refused) as refused:
            act(network.ground(3), number, *arguments)
        assert refused.value.code == "proposal_expired"


def test_an_equal_open_proposal_is_that_one_and_an_ended_one_is_not(
    network: ActingNetwork,
) -> None:
    number = about(network, 2)
    ground = network.ground(3)
    same = proposing(ground, ground.calls.propose_suspension(2, 4))
    assert same.standing is seen(network, number).made
    other = proposing(ground, ground.calls.propose_suspension(2, 3))
    assert other.standing is None
    network.carry_out(number)
    again = proposing(network.ground(3), ground.calls.propose_suspension(2, 4))
    assert again.standing is None


def test_a_vote_stands_and_cannot_be_changed(network: ActingNetwork) -> None:
    number = about(network, 2)
    assert voting(network.ground(1), number, True).standing is not None  # the proposer's own
    assert voting(network.ground(3), number, True).standing is None
    with pytest.raises(Refused) as refused:
        voting(network.ground(1), number, False)
    assert refused.value.code == "already_voted"
    with pytest.raises(NotFound):
        voting(network.ground(1), number + 1, True)
    network.carry_out(number)
    with pytest.raises(Refused):
        voting(network.ground(3), number, True)
    assert voting(network.ground(1), number, True).standing is not None


def test_what_does_not_pass_is_not_carried_out(network: ActingNetwork) -> None:
    number = about(network, 2)
    with pytest.raises(Refused) as refused:
        carrying_out_numbered(network.ground(3), number)
    assert refused.value.code == "not_passed"
    assert "1 of 3 needed" in refused.value.message
    network.carry_out(number)
    assert carrying_out_numbered(network.ground(3), number).standing is not None


def test_proposals_are_listed_by_number_as_json(network: ActingNetwork) -> None:
    for _ in range(11):
        network.record(seen(network, about(network, 2)).made)
    numbers = [one.dump()["proposal"] for one in proposals(network.evidence)]
    assert numbers == sorted(numbers)
    told = seen(network, 1).dump()
    assert told["action"] == "suspend"
    assert told["asks"] == "suspend Body 2: obligations to the network or the other parties not met"
    assert [one["member"] for one in told["not_yet"]] == [3, 4]


def test_a_payload_that_cannot_be_read_is_told_by_kind_and_size() -> None:
    assert described(Action.SUSPEND, 2, b"x", {}) == (
        "do what kind 2 means, with 1 bytes that cannot be read"
    )
    assert "which this version does not know" in described(99, 0, b"", {})


@pytest.mark.parametrize("value", ["", "-1", "1.5", "x", "٣", str(2**64)])
def test_a_parameter_is_a_whole_number(network: ActingNetwork, value: str) -> None:
    with pytest.raises(UsageError):
        parameter(network.ground(1).calls, "finality_depth", value)


def test_who_is_meant(network: ActingNetwork) -> None:
    Body(network.ledger, 5, "again.example").join(int(Role.OBSERVER), "XD")
    members = members_of(network.evidence)
    for text in ("2", "node2.example", "https://node2.example", "Body 2", "body 2"):
        assert member_named(members, text).number == 2
    for text in ("9", "02", "nobody", "", "node2"):
        with pytest.raises(UsageError) as unknown:
            member_named(members, text)
        assert unknown.value.code == "member_unknown"
    twins = {**members, 7: members[2]}
    with pytest.raises(UsageError) as ambiguous:
        member_named(twins, "Body 2")
    assert ambiguous.value.code == "member_ambiguous"


def test_where_a_member_stands(network: ActingNetwork) -> None:
    network.ledger.suspend(2)
    assert members_of(network.evidence)[2].standing is Standing.SUSPENDED
    network.ledger.restore(2)
    assert members_of(network.evidence)[2].standing is Standing.ACTIVE
    network.ledger.expel(2)
    assert members_of(network.evidence)[2].standing is Standing.EXPELLED
    both = Role.CERTIFICATION_BODY | Role.AUTHORITY
    assert role_words(both) == "certification body, authority"
