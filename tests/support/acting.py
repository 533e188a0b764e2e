"""Acts in tests: asked of a running node, or drafted by bodies on a ledger in memory."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from contracts.interfaces import CONTRACTS
from core.events import (
    ContractSet,
    Event,
    Executed,
    MemberFrozen,
    Proposed,
    Role,
    Voted,
)
from node.acting import Act, Draft, Ground, keep
from node.membership import membership
from node.voting import proposing
from tests.support.network import Body, MemoryLedger
from tests.support.node import RunningNode, utc_now

DraftOf = Callable[[Ground], Draft]

ADDRESSES = {name: f"0x{number:040x}" for number, name in enumerate(CONTRACTS, start=1)}
ROLES = {
    1: (Role.CERTIFICATION_BODY, "XA"),
    2: (Role.ACCREDITATION_BODY, "XB"),
    3: (Role.ACCREDITATION_BODY, "XC"),
    4: (Role.AUTHORITY, "XA"),
}


def ground_of(node: RunningNode, evidence: Any) -> Ground:
    """Return what a running node's body drafts on now."""
    body = membership(evidence, node.member.operating_signer.address)
    assert body is not None
    return Ground(evidence, body, utc_now())


def ask(node: RunningNode, draft_of: DraftOf) -> Act:
    """Keep an act, as a command would."""
    with node.evidence() as evidence:
        ground = ground_of(node, evidence)
        return keep(node.store, draft_of(ground), ground, random=os.urandom)


def times_recorded(node: RunningNode, draft_of: DraftOf) -> int:
    """Count how often the followed ledger has recorded an act."""
    with node.evidence() as evidence:
        return len(draft_of(ground_of(node, evidence)).expected.events_in(evidence))


def asking(parameter: str) -> DraftOf:
    """Propose a value of a ledger parameter: an act that any body may do."""
    return lambda ground: proposing(ground, ground.calls.propose_parameter(parameter, 1))


class ActingNetwork:
    """Four bodies: one certifies, two accredit, one is an authority."""

    def __init__(self) -> None:
        self.ledger = MemoryLedger()
        self.evidence = self.ledger.state
        for name, address in ADDRESSES.items():
            self.record(ContractSet(*self.ledger.next(), name, address, bytes(32)))
        self.bodies = {
            number: Body(self.ledger, number).join(int(role), economy)
            for number, (role, economy) in ROLES.items()
        }

    def ground(self, member: int) -> Ground:
        """Return what a member drafts on now."""
        body = membership(self.evidence, f"0x{member:040x}")
        assert body is not None
        return Ground(self.evidence, body, self.ledger.now)

    def record(self, event: Event) -> Event:
        return self.ledger.record(event)

    def propose(self, draft: Draft, proposer: int) -> int:
        """Let the ledger record a proposal, with its proposer's yes; return its number."""
        number = len(self.evidence.keys("proposal/")) + 1
        body = draft.expected.body
        self.record(
            Proposed(
                *self.ledger.next(), number, body["action"], body["subject"], proposer,
                bytes.fromhex(body["payload"]),
            )
        )  # fmt: skip
        self.vote(number, proposer)
        return number

    def vote(self, number: int, member: int, yes: bool = True) -> None:
        self.record(Voted(*self.ledger.next(), number, member, yes))

    def carry_out(self, number: int) -> None:
        self.record(Executed(*self.ledger.next(), number))

    def freeze(self, member: int) -> None:
        self.record(MemberFrozen(*self.ledger.next(), member))
