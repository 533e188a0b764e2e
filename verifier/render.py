"""A report as text for a terminal: the verdict, the three questions, the nine lines, the ladder.

The same words as the page. Registered names come from others, so control characters are taken out
before anything reaches a terminal.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from core.reasons import LINE_TITLES, SOURCE_CLOCK, SOURCES
from core.report import QUESTIONS, Check, Outcome, Report, Verdict, group_outcome, timestamp
from core.report_details import PREDECESSOR, SUCCESSOR, THIS, StatusEntry
from core.status_reasons import BY_WORD

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
RUNG_WORDS: Final = {
    "organization": "Certified organization",
    "certification_body": "Certification body",
    "accreditation_body": "Accreditation body",
    "arrangement": "Arrangement",
    "home_body": "Your accreditation body",
    "market": "Your market",
}
CERTIFICATE_WORDS: Final = {
    THIS: "",
    PREDECESSOR: "The certificate before it: ",
    SUCCESSOR: "The certificate after it: ",
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
    if report.ladder:
        lines += ["Recognition, rung by rung", *_ladder_rows(report), ""]
    if report.conditions:
        lines += [f"Conditions of {report.question.market}", *_condition_rows(report), ""]
    if report.status_history:
        lines += ["What was declared about it", *_history_rows(report.status_history), ""]
    if report.disclosed:
        lines += ["Shared by the exporter", *_disclosed_rows(report.disclosed), ""]
    if report.not_shared:
        lines += ["Not shared by the exporter", *_hidden_rows(report.not_shared), ""]
    asked = report.question.at
    if asked is not None:
        lines.append(f"As of {timestamp(asked)}, by all that is known now")
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


def broken_rung(report: Report) -> int | None:
    """Return the place of the rung that breaks the ladder, None when it is whole."""
    bad = (Outcome.NO, Outcome.COULD_NOT_BE_CHECKED)
    return next((i for i, rung in enumerate(report.ladder) if rung.outcome in bad), None)


def reason_of(report: Report, code: str) -> str:
    """Return the sentence of the line that a rung's code is of."""
    return next((check.reason for check in report.checks if check.code == code), "")


def span_words(begins: datetime | None, until: datetime | None) -> str:
    """Return from when until when something holds, as days; empty where neither is known."""
    words = [f"from {begins.date()}"] if begins is not None else []
    return " ".join(words + ([f"until {until.date()}"] if until is not None else []))


def status_words(entry: StatusEntry) -> str:
    """Return one declaration as a sentence without a full stop."""
    known = BY_WORD.get(entry.reason or "")
    reason = known.title if known is not None else entry.reason
    parts = [
        f"{entry.effective_at.date()}: {entry.state.replace('_', ' ')}",
        f"until {entry.until.date()}" if entry.until is not None else "",
        f"({reason})" if reason else "",
        f"declared on {entry.recorded_at.date()}",
        "taken back by the body" if entry.annulled else "",
        f"naming a certificate of member {entry.linked_member}" if entry.linked_member else "",
    ]
    told = " ".join(parts[:3]).replace("  ", " ").strip()
    return "; ".join([told, *filter(None, parts[3:])])


def _ladder_rows(report: Report) -> list[str]:
    """Return the rungs, each one step further in."""
    broken = broken_rung(report)
    rows = []
    for depth, rung in enumerate(report.ladder):
        name = rung.name or "not known"
        details = ", ".join(filter(None, (rung.scope, span_words(rung.begins, rung.until))))
        row = f"{SIGNS[rung.outcome]} {RUNG_WORDS[rung.kind]}: {name}"
        indent = "  " * (depth + 1)
        rows.append(f"{indent}{row}" + (f" ({details})" if details else ""))
        if depth == broken:
            rows.append(f"{indent}  {reason_of(report, rung.code)}")
    return rows


def _condition_rows(report: Report) -> list[str]:
    return [
        f"  {condition.id} ({language}): {words}"
        for condition in report.conditions
        for language, words in condition.text.items()
    ]


def _history_rows(entries: Sequence[StatusEntry]) -> list[str]:
    rows = []
    for entry in entries:
        of = CERTIFICATE_WORDS[entry.certificate]
        rows.append(f"  {of}{status_words(entry)}")
    return rows


def _hidden_rows(names: Sequence[str]) -> list[str]:
    from core.credential_fields import title_of

    return [f"  {title_of(name)}" for name in names]


def _disclosed_rows(claims: Mapping[str, Any]) -> list[str]:
    from core.credential_fields import summary

    return [f"  {title}: {text}" for title, text in summary(claims)]
