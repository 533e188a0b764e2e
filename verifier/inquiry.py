"""What is asked of the network as a whole, and which moment and which standards are meant.

Decides what a name of a standard without a year means: every listed edition. Refuses a standard
that no list and no accreditation knows, for a misspelled question must not read as a No; markets,
sectors and moments are refused as in a question about a certificate.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from core import accreditation, codes, limits
from core.asking import question_of
from core.codes import same_standard
from core.errors import UsageError
from core.instants import instant
from core.plaintext import text_finding
from core.recognition import Facts
from core.registry import Head, LedgerEvidence
from verifier.policy import Policy


@dataclass(frozen=True, slots=True)
class NetworkQuestion:
    """What is asked of the network.

    Args:
        standard: with or without a year; None asks nothing about acceptance.
        sector: a two-digit code; None for every sector.
        market: an economy's code; None for every market with a policy.
        at: the moment asked about; None for now.
    """

    standard: str | None = None
    sector: str | None = None
    market: str | None = None
    at: datetime | None = None

    def dump(self) -> dict[str, Any]:
        """Return the question as answers repeat it."""
        return {
            "standard": self.standard,
            "sector": self.sector,
            "market": self.market,
            "at": instant(self.at) if self.at is not None else None,
        }


class Moment(NamedTuple):
    """The moment asked about, as a check would take it.

    Attributes:
        at: Unix seconds.
        is_past: whether another moment than now is asked about.
        usable: whether the evidence may be relied on: recent enough, and not ahead of our clock.
        age: of the evidence, in seconds.
    """

    at: int
    is_past: bool
    usable: bool
    age: float


def network_question(
    standard: str | None = None,
    sector: str | None = None,
    market: str | None = None,
    at: str | None = None,
    *,
    now: datetime,
) -> NetworkQuestion:
    """Return the question that these words put.

    Raises:
        UsageError: it cannot be asked.
    """
    asked = question_of(standard, sector, None, market, at, now=now)
    if standard is None and (sector is not None or market is not None):
        raise UsageError(
            "standard_missing", "name a standard too: who is accepted differs from one to another",
            "a standard as ISO 9001, or one edition as ISO 9001:2015",
        )  # fmt: skip
    if standard is not None and text_finding(standard, limits.NAME_CHARS) is not None:
        raise UsageError("unknown_standard", "standard: not a name that a standard can have")
    return NetworkQuestion(standard, sector, market, asked.at)


def moment_of(question: NetworkQuestion, head: Head, policy: Policy, now: datetime) -> Moment:
    """Return the moment a question is about, as a check would take it."""
    seconds = now.timestamp()
    asked = question.at.timestamp() if question.at is not None else seconds
    is_past = asked < int(seconds)
    age = seconds - head.time
    usable = -policy.clock_skew <= age <= policy.max_evidence_age
    return Moment(int(asked if is_past else max(seconds, head.time)), is_past, usable, age)


def editions(facts: Facts, evidence: LedgerEvidence, asked: str) -> tuple[str, ...]:
    """Return the standards that a question means: each listed edition of a name without a year.

    Raises:
        UsageError: no list and no accreditation knows it; misspelled, it must not read as a No.
    """
    known = codes.known_standard(asked)
    if known is not None:
        return (known.name,)
    listed = tuple(name for name in codes.standards() if same_standard(asked, name))
    if listed:
        return listed
    families = {*codes.standard_families(), *_covered(facts, evidence)}
    if not any(same_standard(one, asked) or same_standard(asked, one) for one in families):
        raise UsageError(
            "unknown_standard", "standard: on no list, and covered by no accreditation",
            "a standard as ISO 9001, or one edition as ISO 9001:2015",
        )  # fmt: skip
    return (asked,)


def _covered(facts: Facts, evidence: LedgerEvidence) -> frozenset[str]:
    """Return the standards that any accreditation ever covered, as its body wrote them."""

    def read() -> frozenset[str]:
        found: set[str] = set()
        for key in evidence.keys("accreditation/"):
            for event in evidence.history(key):
                coverage = accreditation.coverage_of(getattr(event, "coverage", ""))
                found.update(coverage.standards if coverage is not None else ())
        return frozenset(found)

    return facts.once(("covered standards",), read)
