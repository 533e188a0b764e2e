"""Bodies of all roles on a ledger in memory, and the ground they draft acts on."""

from __future__ import annotations

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
from node.acting import Draft, Ground
from node.membership import membership
from tests.support.network import Body, MemoryLedger

ADDRESSES = {name: f"0x{number:040x}" for number, name in enumerate(CONTRACTS, start=1)}
ROLES = {
    1: (Role.CERTIFICATION_BODY, "XA"),
    2: (Role.ACCREDITATION_BODY, "XB"),
    3: (Role.ACCREDITATION_BODY, "XC"),
    4: (Role.AUTHORITY, "XA"),
}


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
