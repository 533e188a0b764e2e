"""A report as text for a terminal: the verdict, the three questions, the nine lines.

The same words as the page. Registered names come from others, so control characters are taken out
before anything reaches a terminal.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from core.reasons import LINE_TITLES, SOURCE_CLOCK, SOURCES
from core.report import QUESTIONS, Check, Outcome, Report, Verdict, group_outcome, timestamp

VERDICT_WORDS: Final = {
    Verdict.VERIFIED: "Verified",
    Verdict.VERIFIED_WITH_CONDITIONS: "Verified with conditions",
    Verdict.GENUINE_AND_IN_FORCE: "Genuine and in force",
    Verdict.NOT_FOR_THIS_USE: "Not for this use",
    Verdict.COULD_NOT_BE_CHECKED: "Could not be checked",
    Verdict.NOT_VALID: "Not valid",
}
OUTCOME_WORDS: Final = {
    Outcome.YES: "Yes",
    Outcome.CONDITION: "Yes, with a condition",
    Outcome.NO: "No",
    Outcome.COULD_NOT_BE_CHECKED: "Could not be checked",
    Outcome.NOT_SHARED: "Not shared",
    Outcome.NOT_ASKED: "Not asked",
}
QUESTION_WORDS: Final = {
    "genuine": "Genuine?",
    "in_force": "In force?",
    "recognised_here": "Recognised here?",
}
SIGNS: Final = {
    Outcome.YES: "✔",
    Outcome.CONDITION: "!",
    Outcome.NO: "✖",
    Outcome.COULD_NOT_BE_CHECKED: "?",
    Outcome.NOT_SHARED: "–",
    Outcome.NOT_ASKED: "·",
}
VERDICT_SIGNS: Final = {
    Verdict.VERIFIED: "✔",
    Verdict.VERIFIED_WITH_CONDITIONS: "!",
    Verdict.GENUINE_AND_IN_FORCE: "✔",
    Verdict.NOT_FOR_THIS_USE: "✖",
    Verdict.COULD_NOT_BE_CHECKED: "?",
    Verdict.NOT_VALID: "✖",
}


def report_text(report: Report, now: datetime) -> str:
    """Return the report as lines of text."""
    lines = [f"{VERDICT_SIGNS[report.verdict]} {VERDICT_WORDS[report.verdict]}", ""]
    by_line = {check.line: check for check in report.checks}
    for question, numbers in QUESTIONS.items():
        outcome = group_outcome([by_line[number].outcome for number in numbers])
        lines.append(f"{QUESTION_WORDS[question]:<18}{OUTCOME_WORDS[outcome]}")
        lines += [row for number in numbers for row in _check_rows(by_line[number], now)]
        lines.append("")
    if report.disclosed:
        lines += ["Shared by the exporter", *_disclosed_rows(report.disclosed), ""]
    if report.not_shared:
        lines += ["Not shared by the exporter", *_hidden_rows(report.not_shared), ""]
    lines.append(f"Checked {timestamp(now)}")
    return "\n".join(map(printable, lines))


def printable(line: str) -> str:
    """Return one line of text: without control and direction-changing characters or line ends.

    What others wrote must not be able to add a line that looks like an answer of ours.
    """
    return "".join(c if c.isprintable() else " " if c.isspace() else "" for c in line)


def evidence_words(check: Check, now: datetime) -> str:
    """Return where the evidence of a line came from and how old it is; empty where it has no age.

    A reading of our own clock is always of now, so it is not given an age.
    """
    if check.outcome is Outcome.NOT_ASKED or check.evidence_at is None:
        return ""
    if check.source == SOURCE_CLOCK:
        return SOURCES[check.source]
    return f"{SOURCES[check.source]}, {age(check.evidence_at, now)}"


def age(moment: datetime, now: datetime) -> str:
    """Return in words how long before ``now`` a moment was."""
    seconds = max(0, int((now - moment.astimezone(UTC)).total_seconds()))
    for size, unit in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' if count != 1 else ''} ago"
    return f"{seconds} second{'s' if seconds != 1 else ''} ago"


def _check_rows(check: Check, now: datetime) -> list[str]:
    title = f"  {SIGNS[check.outcome]} {check.line} {LINE_TITLES[check.line]}"
    rows = [title] if check.outcome is Outcome.NOT_ASKED else [title, f"      {check.reason}"]
    told = evidence_words(check, now)
    return [*rows, f"      {told}"] if told else rows


def _hidden_rows(names: Sequence[str]) -> list[str]:
    from core.credential_fields import title_of

    return [f"  {title_of(name)}" for name in names]


def _disclosed_rows(claims: Mapping[str, Any]) -> list[str]:
    from core.credential_fields import summary

    return [f"  {title}: {text}" for title, text in summary(claims)]
