"""What this verifier accepts without an acceptance policy of a market.

Only limits on evidence for now; the acceptance policies of economies are a later step and will be
read here too.
"""

from dataclasses import dataclass

from core import limits


@dataclass(frozen=True, slots=True)
class Policy:
    """What the verifier itself insists on.

    Args:
        max_evidence_age: seconds since the newest block the evidence rests on; older evidence
            answers lines 3 and 5 with "Could not be checked".
        clock_skew: seconds a block may lie ahead of this verifier's clock before the clock, not
            the ledger, is taken to be wrong.
    """

    max_evidence_age: int = limits.EVIDENCE_AGE_LIVE
    clock_skew: int = limits.CLOCK_SKEW


LIVE = Policy()
OFFLINE = Policy(max_evidence_age=limits.EVIDENCE_AGE_OFFLINE)
