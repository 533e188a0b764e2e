"""What this verifier insists on, and the acceptance policies it holds itself.

What an economy accepts is published on the ledger. A policy that this verifier holds as a local
file takes precedence over those published for the same economy while it is in effect: whoever runs
it answers for it, signed or not, and the report says that it is local.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from core import limits
from core.acceptance import Acceptance
from core.recognition import Published


@dataclass(frozen=True, eq=False)
class LocalPolicies:
    """Policies of the reader's own; compared by identity, for they are read once.

    Args:
        held: of any economies, in any number of versions.
    """

    held: tuple[Acceptance, ...] = ()

    @classmethod
    def given(cls, policies: Iterable[Acceptance]) -> "LocalPolicies":
        """Return these policies."""
        return cls(tuple(policies))

    def of(self, economy: str, origin: str) -> tuple[Published, ...]:
        """Return the policies of an economy for a ledger, in the order given.

        One that names another ledger means other members and arrangements by the same numbers.
        """
        return tuple(
            Published(policy)
            for policy in self.held
            if policy.economy == economy and policy.ledger in (None, origin)
        )


NO_LOCAL_POLICIES: Final = LocalPolicies()


@dataclass(frozen=True, slots=True)
class Policy:
    """What the verifier itself insists on.

    Args:
        max_evidence_age: seconds since the newest block the evidence rests on; older evidence
            answers lines 3 and 5 with "Could not be checked".
        clock_skew: seconds a block may lie ahead of this verifier's clock before the clock, not
            the ledger, is taken to be wrong.
        local: acceptance policies held here; they come before those on the ledger.
    """

    max_evidence_age: int = limits.EVIDENCE_AGE_LIVE
    clock_skew: int = limits.CLOCK_SKEW
    local: LocalPolicies = NO_LOCAL_POLICIES


LIVE = Policy()
OFFLINE = Policy(max_evidence_age=limits.EVIDENCE_AGE_OFFLINE)
