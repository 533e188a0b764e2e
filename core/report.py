"""The report: the answer to one check, and the rule that turns nine lines into one verdict.

Decides the verdict and the exit code from the outcomes of the lines (first match wins, design
section 6). No evidence is never green and never red: a line that could not be checked leads to
"Could not be checked", whatever the other lines say, unless one of lines 1 to 5 is a plain No.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

VERSION: Final = 1


class Outcome(StrEnum):
    """The answer to one line."""

    YES = "yes"
    CONDITION = "condition"
    NO = "no"
    COULD_NOT_BE_CHECKED = "could_not_be_checked"
    NOT_SHARED = "not_shared"
    NOT_ASKED = "not_asked"


class Verdict(StrEnum):
    """The answer as a whole."""

    VERIFIED = "verified"
    VERIFIED_WITH_CONDITIONS = "verified_with_conditions"
    GENUINE_AND_IN_FORCE = "genuine_and_in_force"
    NOT_FOR_THIS_USE = "not_for_this_use"
    COULD_NOT_BE_CHECKED = "could_not_be_checked"
    NOT_VALID = "not_valid"


EXIT_CODES: Final[Mapping[Verdict, int]] = {
    Verdict.VERIFIED: 0,
    Verdict.GENUINE_AND_IN_FORCE: 0,
    Verdict.NOT_VALID: 1,
    Verdict.VERIFIED_WITH_CONDITIONS: 2,
    Verdict.COULD_NOT_BE_CHECKED: 3,
    Verdict.NOT_FOR_THIS_USE: 5,
}

LINES: Final = range(1, 10)
QUESTIONS: Final[Mapping[str, Sequence[int]]] = {
    "genuine": (1, 2, 3),
    "in_force": (4, 5),
    "recognised_here": (6, 7, 8, 9),
}


@dataclass(frozen=True, slots=True)
class Question:
    """What the reader wants to know beyond "genuine and in force".

    Args:
        standard: the standard the certificate must cover, such as ``ISO 9001:2015``.
        sector: a sector code it must cover.
        site: a site it must cover.
        market: economy (ISO 3166-1 alpha-2) it is to be used in.
        at: the day the answer is asked for; None for now.
    """

    standard: str | None = None
    sector: str | None = None
    site: str | None = None
    market: str | None = None
    at: datetime | None = None

    def dump(self) -> dict[str, Any]:
        """Return the question as a JSON object with all members."""
        return {
            "standard": self.standard,
            "sector": self.sector,
            "site": self.site,
            "market": self.market,
            "at": timestamp(self.at) if self.at else None,
        }


@dataclass(frozen=True, slots=True)
class Check:
    """The answer to one of the nine lines.

    Args:
        line: 1 to 9.
        code: a code of ``core/reasons.py``.
        outcome: what the code stands for on this line.
        reason: one sentence: what we found, what it means, what you can do.
        source: where the evidence came from.
        evidence_at: when the evidence was true, None where it has no age.
    """

    line: int
    code: str
    outcome: Outcome
    reason: str
    source: str
    evidence_at: datetime | None = None

    def dump(self) -> dict[str, Any]:
        """Return the line as a JSON object."""
        return {
            "line": self.line,
            "code": self.code,
            "outcome": self.outcome.value,
            "reason": self.reason,
            "source": self.source,
            "evidence_at": timestamp(self.evidence_at) if self.evidence_at else None,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The answer to one check.

    Args:
        question: what was asked.
        checks: the nine lines, in order.
        disclosed: what the exporter shared; empty unless lines 1 and 2 are Yes.
        not_shared: names of the fields that were held back.
    """

    question: Question
    checks: tuple[Check, ...]
    disclosed: Mapping[str, Any]
    not_shared: tuple[str, ...]

    @property
    def verdict(self) -> Verdict:
        """The verdict that follows from the lines."""
        return verdict_of({check.line: check.outcome for check in self.checks}, self.question)

    @property
    def exit(self) -> int:
        """The exit code of the verdict."""
        return EXIT_CODES[self.verdict]

    def dump(self) -> dict[str, Any]:
        """Return the report as ``comity check --json`` and ``POST /v1/checks`` give it."""
        by_line = {check.line: check.outcome for check in self.checks}
        return {
            "v": VERSION,
            "verdict": self.verdict.value,
            "exit": self.exit,
            "question": self.question.dump(),
            "questions": {
                name: group_outcome([by_line[line] for line in lines]).value
                for name, lines in QUESTIONS.items()
            },
            "checks": [check.dump() for check in self.checks],
            "disclosed": dict(self.disclosed),
            "not_shared": list(self.not_shared),
        }


def verdict_of(outcomes: Mapping[int, Outcome], question: Question) -> Verdict:
    """Return the verdict for the outcomes of lines 1 to 9; the first rule that matches wins."""
    first = [outcomes[line] for line in (1, 2, 3, 4, 5)]
    rest = [outcomes[line] for line in (6, 7, 8, 9)]
    if Outcome.NO in first:
        return Verdict.NOT_VALID
    if Outcome.COULD_NOT_BE_CHECKED in first:
        return Verdict.COULD_NOT_BE_CHECKED
    if Outcome.NO in rest:
        return Verdict.NOT_FOR_THIS_USE
    if Outcome.COULD_NOT_BE_CHECKED in rest:
        return Verdict.COULD_NOT_BE_CHECKED
    if {Outcome.CONDITION, Outcome.NOT_SHARED} & {*first, *rest}:
        return Verdict.VERIFIED_WITH_CONDITIONS
    if question.market is None:
        return Verdict.GENUINE_AND_IN_FORCE
    return Verdict.VERIFIED


_GROUP_ORDER = (
    Outcome.NO,
    Outcome.COULD_NOT_BE_CHECKED,
    Outcome.CONDITION,
    Outcome.NOT_SHARED,
    Outcome.YES,
)


def group_outcome(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the outcome of one of the three questions: the gravest of its lines."""
    return next((o for o in _GROUP_ORDER if o in outcomes), Outcome.NOT_ASKED)


def timestamp(moment: datetime) -> str:
    """Return a moment as RFC 3339 in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
