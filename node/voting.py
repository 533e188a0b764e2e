"""Votes: what members propose, who has voted how, and what a proposal still needs.

Decides what the followed ledger says of a proposal, counted over the members that may vote now, the
subject left out. Drafts proposals, votes and the carrying out. A proposal that equals an open one
is that one; a vote cannot be changed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from contracts.calls import Action, Call
from core import limits
from core.errors import NotFound, Refused
from core.events import Event, Executed, Proposed, Voted
from core.tally import Tally
from node.acting import Draft, Expected, Ground
from node.membership import Evidence
from node.naming import Member, members_of, time_of
from node.proposing import described, parts_of
from node.states import ActKind


class ProposalState(StrEnum):
    """Where a proposal stands. None is ever rejected: it runs out of time."""

    OPEN = "open"
    PASSED = "passed"  # enough have said yes; waits to be carried out
    CARRIED_OUT = "carried_out"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposal, its votes, and who may vote on it at the evidence's head.

    Args:
        ballots: what each member that voted said, in the order of their votes.
        voters: who may vote now.
        head_time: the time of the newest block.
        carried_out: the event of it, None before.
    """

    made: Proposed
    ballots: Mapping[int, Voted]
    voters: Mapping[int, Member]
    members: Mapping[int, Member] = field(repr=False)
    head_time: int
    carried_out: Event | None

    @property
    def number(self) -> int:
        """Its number on the ledger."""
        return self.made.proposal

    @property
    def proposer(self) -> int:
        """The member that made it."""
        return self.made.proposer

    @property
    def expires_at(self) -> int:
        """When it runs out of time, Unix seconds."""
        return self.made.time + limits.PROPOSAL_SECONDS

    @property
    def tally(self) -> Tally:
        """The count."""
        return Tally(
            {number: one.economy for number, one in self.voters.items()},
            {number: ballot.yes for number, ballot in self.ballots.items()},
        )

    @property
    def state(self) -> ProposalState:
        """Where it stands."""
        if self.carried_out is not None:
            return ProposalState.CARRIED_OUT
        if self.head_time > self.expires_at:
            return ProposalState.EXPIRED
        return ProposalState.PASSED if self.tally.passes else ProposalState.OPEN

    @property
    def passes(self) -> bool:
        """Whether it could be carried out now."""
        return self.state is ProposalState.PASSED

    def asks(self) -> str:
        """Return what it asks for, as one phrase."""
        return described(self.made.action, self.made.subject, self.made.payload, self.members)

    def standing(self) -> str:
        """Return the count in one line, as ``2 of 3 needed; XX, YY yes; ZZ not yet``."""
        tally, parts = self.tally, [self.count()]
        groups = ((tally.in_favour, "yes"), (tally.against, "no"), (tally.silent, "not yet"))
        for group, word in groups:
            if group:
                parts.append(f"{', '.join(self.voters[one].name for one in group)} {word}")
        return "; ".join(parts)

    def count(self) -> str:
        """Return how many said yes, as ``2 of 3 needed; 1 of 2 economies``."""
        tally = self.tally
        count = f"{len(tally.in_favour)} of {tally.needed} needed"
        have, need = len(tally.economies_in_favour), tally.economies_needed
        return count if have >= need else f"{count}; {have} of {need} economies"

    def dump(self) -> dict[str, Any]:
        """Return the proposal as ``--json`` shows it."""
        subject = self.members.get(self.made.subject)
        proposer = self.members.get(self.proposer)
        tally = self.tally
        return {
            "proposal": self.number,
            "state": self.state.value,
            "action": _action_word(self.made.action),
            "asks": self.asks(),
            "subject": subject.dump() if subject else None,
            "proposer": proposer.dump() if proposer else None,
            "proposed_at": time_of(self.made.time),
            "expires_at": time_of(self.expires_at),
            "carried_out_at": time_of(self.carried_out.time) if self.carried_out else None,
            "yes": [self.voters[one].dump() for one in tally.in_favour],
            "no": [self.voters[one].dump() for one in tally.against],
            "not_yet": [self.voters[one].dump() for one in tally.silent],
            "needed": tally.needed,
            "economies": tally.economies_in_favour,
            "economies_needed": tally.economies_needed,
        }


def proposals(evidence: Evidence) -> list[Proposal]:
    """Return all proposals ever made, oldest first."""
    keys = evidence.keys("proposal/")
    if not keys:
        return []
    members = members_of(evidence)
    head_time = evidence.head.time if evidence.head is not None else 0
    found = [_proposal(evidence.history(key), members, head_time) for key in keys]
    return sorted((one for one in found if one is not None), key=lambda one: one.number)


def proposal_numbered(evidence: Evidence, number: int) -> Proposal:
    """Return one proposal.

    Raises:
        NotFound: there is none with this number.
    """
    head_time = evidence.head.time if evidence.head is not None else 0
    history = evidence.history(f"proposal/{number}")
    found = _proposal(history, members_of(evidence), head_time) if history else None
    if found is None:
        raise NotFound("proposal_unknown", f"there is no proposal {number}", "comity proposals")
    return found


def proposing(ground: Ground, call: Call) -> Draft:
    """Draft a proposal; equal to one that is open, it is that one.

    Args:
        call: as ``contracts.calls`` builds it.
    """
    action, subject, payload = parts_of(call)
    asks = described(action, subject, payload, members_of(ground.evidence))
    body = {"action": int(action), "subject": subject, "payload": payload.hex()}
    return Draft(
        kind=ActKind.PROPOSAL,
        stated={"action": _action_word(action), "subject": subject, "payload": payload.hex()},
        call=call,
        expected=Expected("proposal/", Proposed.kind, {**body, "proposer": ground.member}),
        sentence=f"{ground.body.name} proposes to {asks}.",
        undo="A proposal cannot be taken back; without enough votes it ends after 90 days.",
        standing=_open_equal(ground.evidence, (action, subject, payload)),
    )


def voting(ground: Ground, number: int, yes: bool) -> Draft:
    """Draft a vote.

    Raises:
        NotFound: there is no such proposal.
        Refused: this body has voted otherwise, or the proposal has ended.
    """
    proposal = proposal_numbered(ground.evidence, number)
    cast = proposal.ballots.get(ground.member)
    word = "yes" if yes else "no"
    if cast is not None and cast.yes != yes:
        raise Refused("already_voted", f"this body has voted {'yes' if cast.yes else 'no'} on it",
                      "a vote cannot be changed")  # fmt: skip
    if cast is None:
        _require_open(proposal)
    ballots = {**proposal.ballots, ground.member: _ballot(proposal, ground.member, yes)}
    then = replace(proposal, ballots=ballots)
    count = "It then passes." if then.passes else f"It then has {then.count()}."
    return Draft(
        kind=ActKind.VOTE,
        stated={"proposal": number, "vote": word},
        call=ground.calls.vote(number, yes),
        expected=Expected(f"proposal/{number}", Voted.kind, {"member": ground.member, "yes": yes}),
        sentence=f"{ground.body.name} votes {word} on proposal {number}: {proposal.asks()}. "
        f"{count}",
        undo="A vote cannot be changed.",
        standing=cast,
    )


def carrying_out(ground: Ground, proposal: Proposal) -> Draft:
    """Draft the carrying out of a proposal, which anybody may do once it passes."""
    return Draft(
        kind=ActKind.CARRYING_OUT,
        stated={"proposal": proposal.number},
        call=ground.calls.execute(proposal.number),
        expected=Expected(f"proposal/{proposal.number}", Executed.kind, {}),
        sentence=f"Proposal {proposal.number} is carried out: {proposal.asks()}.",
        undo="Only another vote undoes it.",
        standing=proposal.carried_out,
    )


def carrying_out_numbered(ground: Ground, number: int) -> Draft:
    """Draft the carrying out of one proposal.

    Raises:
        NotFound: there is no such proposal.
        Refused: it does not pass, or its time is over.
    """
    proposal = proposal_numbered(ground.evidence, number)
    if proposal.carried_out is None:
        _require_open(proposal)
        if not proposal.passes:
            raise Refused("not_passed", f"proposal {number} does not pass: {proposal.standing()}",
                          "comity proposals")  # fmt: skip
    return carrying_out(ground, proposal)


def _open_equal(evidence: Evidence, parts: tuple[int, int, bytes]) -> Proposed | None:
    for one in proposals(evidence):
        is_equal = (one.made.action, one.made.subject, one.made.payload) == parts
        if is_equal and one.state in (ProposalState.OPEN, ProposalState.PASSED):
            return one.made
    return None


def _ballot(proposal: Proposal, member: int, yes: bool) -> Voted:
    """Return a vote as it would be recorded, for counting alone."""
    return Voted(proposal.made.position, 0, proposal.number, member, yes)


def _require_open(proposal: Proposal) -> None:
    if proposal.state is ProposalState.CARRIED_OUT:
        raise Refused("proposal_executed", f"proposal {proposal.number} is carried out already")
    if proposal.state is ProposalState.EXPIRED:
        raise Refused(
            "proposal_expired", f"proposal {proposal.number} has run out of time",
            "comity propose makes a new one",
        )  # fmt: skip


def _proposal(
    history: Sequence[Event], members: Mapping[int, Member], head_time: int
) -> Proposal | None:
    made = next((event for event in history if isinstance(event, Proposed)), None)
    if made is None:
        return None
    return Proposal(
        made=made,
        ballots={event.member: event for event in history if isinstance(event, Voted)},
        voters={n: one for n, one in members.items() if one.is_voter and n != made.subject},
        members=members,
        head_time=head_time,
        carried_out=next((event for event in history if isinstance(event, Executed)), None),
    )


def _action_word(action: int) -> str:
    known = action in Action._value2member_map_
    return Action(action).name.lower() if known else f"action {action}"
