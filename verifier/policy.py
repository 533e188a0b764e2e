"""What this verifier insists on by itself, and the acceptance policies it was given by hand.

Decides which of a reader's own policy files stands for a market. They need no signature, for the
reader chose them; a report says that they were used.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from core import limits
from core.acceptance import Acceptance
from core.recognition import Published


@dataclass(frozen=True, eq=False)
class LocalPolicies:
    """Policies of the reader's own; compared by identity, for they are read once.

    Args:
        by_economy: policies of each economy.
    """

    by_economy: dict[str, tuple[Published, ...]] = field(default_factory=dict)

    @classmethod
    def given(cls, policies: Iterable[Acceptance]) -> "LocalPolicies":
        """Return these policies, sorted by economy."""
        found: dict[str, tuple[Published, ...]] = {}
        for policy in policies:
            found[policy.economy] = (*found.get(policy.economy, ()), Published(policy))
        return cls(found)

    def of(self, economy: str) -> tuple[Published, ...]:
        """Return the policies of an economy, in the order given."""
        return self.by_economy.get(economy, ())


NO_LOCAL_POLICIES: Final = LocalPolicies()


@dataclass(frozen=True, slots=True)
class Policy:
    """What the verifier itself insists on.

    Args:
        max_evidence_age: seconds since the newest block the evidence rests on; older evidence
            answers lines 3 and 5 with "Could not be checked".
        clock_skew: seconds a block may lie ahead of this verifier's clock before the clock, not
            the ledger, is taken to be wrong.
        local: acceptance policies of the reader's own; for their markets they come before those
            on the ledger.
    """

    max_evidence_age: int = limits.EVIDENCE_AGE_LIVE
    clock_skew: int = limits.CLOCK_SKEW
    local: LocalPolicies = NO_LOCAL_POLICIES


LIVE = Policy()
OFFLINE = Policy(max_evidence_age=limits.EVIDENCE_AGE_OFFLINE)
