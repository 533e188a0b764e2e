"""What this verifier insists on, and the acceptance policies it holds itself.

What an economy accepts is published on the ledger. A policy that this verifier holds as a local
file takes precedence over those published for the same economy: whoever runs it answers for it,
signed or not, and the report says that it is local.
"""

from dataclasses import dataclass
from datetime import datetime

from core import limits
from core.acceptance import Acceptance, in_force


@dataclass(frozen=True, slots=True)
class Policy:
    """What the verifier itself insists on.

    Args:
        max_evidence_age: seconds since the newest block the evidence rests on; older evidence
            answers lines 3 and 5 with "Could not be checked".
        clock_skew: seconds a block may lie ahead of this verifier's clock before the clock, not
            the ledger, is taken to be wrong.
        local: acceptance policies held here, of any economies, in any number of versions.
    """

    max_evidence_age: int = limits.EVIDENCE_AGE_LIVE
    clock_skew: int = limits.CLOCK_SKEW
    local: tuple[Acceptance, ...] = ()

    def local_policy(self, economy: str, at: datetime) -> Acceptance | None:
        """Return the local policy of an economy in force at a moment; None where there is none.

        Then what is published counts, also when a local one takes effect only later.
        """
        return in_force([policy for policy in self.local if policy.economy == economy], at)


LIVE = Policy()
OFFLINE = Policy(max_evidence_age=limits.EVIDENCE_AGE_OFFLINE)
