"""The report: the answer to one check, and the rule that turns nine lines into one verdict.

Decides the verdict and the exit code from the outcomes of the lines (first match wins, design
section 6). No evidence is never green and never red: a line that could not be checked leads to
"Could not be checked", whatever the other lines say, unless one of lines 1 to 5 is a plain No.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, TypeVar

from core import limits
from core.encoding import require_integer, require_list, require_members, require_text
from core.errors import FormatError
from core.outcome import Outcome as Outcome
from core.report_details import RUNGS, MarketCondition, Rung, StatusEntry

VERSION: Final = 1
_TIMESTAMP: Final = "%Y-%m-%dT%H:%M:%SZ"

T = TypeVar("T")


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

    @classmethod
    def parse(cls, value: Any) -> "Question":
        """Return the question a JSON object states.

        Raises:
            FormatError: other members, or values of another type.
        """
        names = {"standard", "sector", "site", "market", "at"}
        members = require_members(value, names, what="question")
        for name in names:
            if members[name] is not None:
                require_text(members[name], what=f"question {name}", max_chars=limits.NAME_CHARS)
        at = members["at"]
        return cls(**{**members, "at": None if at is None else moment_of(at)})

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

    @classmethod
    def parse(cls, value: Any) -> "Check":
        """Return the line a JSON object states.

        Raises:
            FormatError: other members, or values out of range.
        """
        names = {"line", "code", "outcome", "reason", "source", "evidence_at"}
        members = require_members(value, names, what="report line")
        for name in ("code", "reason", "source"):
            require_text(members[name], what=f"report {name}", max_chars=limits.TEXT_CHARS)
        if members["outcome"] not in [outcome.value for outcome in Outcome]:
            raise FormatError("report_outcome", "report line: an outcome that is not defined")
        seen = members["evidence_at"]
        return cls(
            line=require_integer(members["line"], what="report line", low=1, high=9),
            code=members["code"],
            outcome=Outcome(members["outcome"]),
            reason=members["reason"],
            source=members["source"],
            evidence_at=None if seen is None else moment_of(seen),
        )

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
        ladder: the rungs from the certificate to the market; empty when none was asked for.
        conditions: on which the market accepts.
        status_history: every declaration about it, oldest first; as ``disclosed``.
    """

    question: Question
    checks: tuple[Check, ...]
    disclosed: Mapping[str, Any]
    not_shared: tuple[str, ...]
    ladder: tuple[Rung, ...] = ()
    conditions: tuple[MarketCondition, ...] = ()
    status_history: tuple[StatusEntry, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The verdict that follows from the lines."""
        return verdict_of({check.line: check.outcome for check in self.checks}, self.question)

    @property
    def exit(self) -> int:
        """The exit code of the verdict."""
        return EXIT_CODES[self.verdict]

    @classmethod
    def parse(cls, value: Any) -> "Report":
        """Return the report a JSON object states.

        Verdict, exit code and the three questions follow from the lines; a report that states
        others is refused.

        Raises:
            FormatError: not what :meth:`dump` gives for any report.
        """
        members = require_members(value, _MEMBERS, what="report")
        checks = _each(members, "checks", Check.parse, len(LINES))
        if [check.line for check in checks] != list(LINES):
            raise FormatError("report_lines", "report: expected the nine lines in order")
        if not isinstance(members["disclosed"], dict):
            raise FormatError("not_an_object", "disclosed: expected an object")
        held = require_list(members["not_shared"], what="not_shared", max_items=limits.DISCLOSURES)
        for name in held:
            require_text(name, what="not_shared", max_chars=limits.NAME_CHARS)
        report = cls(
            Question.parse(members["question"]), checks, members["disclosed"], tuple(held),
            _each(members, "ladder", Rung.parse, len(RUNGS)),
            _each(members, "conditions", MarketCondition.parse, limits.POLICY_ENTRIES),
            _each(members, "status_history", StatusEntry.parse, limits.STATUS_ENTRIES),
        )  # fmt: skip
        report._require_shown_with_reason()
        stated = {name: members[name] for name in ("v", "verdict", "exit", "questions")}
        own = report.dump()
        if any(
            type(own[name]) is not type(told) or own[name] != told for name, told in stated.items()
        ):
            raise FormatError(
                "report_verdict", "report: its verdict does not follow from its lines"
            )
        return report

    def dump(self) -> dict[str, Any]:
        """Return the report as ``comity check --json`` and ``POST /v1/checks`` give it."""
        by_line = {check.line: check.outcome for check in self.checks}
        verdict = verdict_of(by_line, self.question)
        return {
            "v": VERSION,
            "verdict": verdict.value,
            "exit": EXIT_CODES[verdict],
            "question": self.question.dump(),
            "questions": {
                name: group_outcome([by_line[line] for line in lines]).value
                for name, lines in QUESTIONS.items()
            },
            "checks": [check.dump() for check in self.checks],
            "disclosed": dict(self.disclosed),
            "not_shared": list(self.not_shared),
            "ladder": [rung.dump() for rung in self.ladder],
            "conditions": [condition.dump() for condition in self.conditions],
            "status_history": [entry.dump() for entry in self.status_history],
        }

    def _require_shown_with_reason(self) -> None:
        """Refuse content where lines 1 and 2 do not stand, and a ladder that nobody asked for."""
        trusted = all(check.outcome is Outcome.YES for check in self.checks[:2])
        if not trusted and (self.disclosed or self.not_shared or self.status_history):
            raise FormatError(
                "report_disclosed", "report: shows content though issuer or content do not stand"
            )
        if self.question.market is None and (self.ladder or self.conditions):
            raise FormatError("report_ladder", "report: a ladder, and no market was asked for")


_MEMBERS: Final = frozenset(
    {"v", "verdict", "exit", "question", "questions", "checks", "disclosed", "not_shared"}
    | {"ladder", "conditions", "status_history"}
)


def _each(
    members: Mapping[str, Any], name: str, parse: Callable[[Any], T], most: int
) -> tuple[T, ...]:
    return tuple(map(parse, require_list(members[name], what=name, max_items=most)))


def verdict_of(outcomes: Mapping[int, Outcome], question: Question) -> Verdict:
    """Return the verdict for the outcomes of lines 1 to 9; the first rule that matches wins."""
    every = [outcomes[line] for line in LINES]
    first, rest = every[:5], every[5:]
    if Outcome.NO in first:
        return Verdict.NOT_VALID
    if Outcome.COULD_NOT_BE_CHECKED in first:
        return Verdict.COULD_NOT_BE_CHECKED
    if Outcome.NO in rest:
        return Verdict.NOT_FOR_THIS_USE
    if Outcome.COULD_NOT_BE_CHECKED in rest:
        return Verdict.COULD_NOT_BE_CHECKED
    if Outcome.CONDITION in every or Outcome.NOT_SHARED in every:
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
    for outcome in _GROUP_ORDER:
        if outcome in outcomes:
            return outcome
    return Outcome.NOT_ASKED


def moment_of(text: Any) -> datetime:
    """Return the moment that :func:`timestamp` wrote.

    Raises:
        FormatError: another spelling.
    """
    try:
        moment = datetime.strptime(text, _TIMESTAMP).replace(tzinfo=UTC)
    except (TypeError, ValueError):
        moment = None
    if moment is None or timestamp(moment) != text:  # also read: 2026-3-2T1:2:3Z
        raise FormatError("not_an_instant", "expected a moment as YYYY-MM-DDThh:mm:ssZ")
    return moment


@lru_cache(maxsize=1024)  # the lines of one report share a few moments, and so do reports
def timestamp(moment: datetime) -> str:
    """Return a moment as RFC 3339 in UTC, to the second."""
    return moment.astimezone(UTC).strftime(_TIMESTAMP)
