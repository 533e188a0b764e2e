"""The table of reasons: complete, used, short, and without a place for certificate content."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

from core import reasons
from core.reasons import LINE_TITLES, REASONS, SOURCES, Reason
from core.report import LINES, Outcome

CHECKS = Path(__file__).resolve().parents[3] / "verifier" / "checks"
WORDS = 35
ALL = list(REASONS.values())


def every(*outcomes: Outcome) -> list[Reason]:
    return [reason for reason in ALL if reason.outcome in outcomes]


def _codes_in(source: str) -> set[str]:
    """Return every text in a module that could be a code; f-strings with every known ending."""
    tree = ast.parse(source)
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
            stem = str(node.values[0].value)
            found |= {f"{stem}{end}" for end in ("not_asked", "not_checked") if stem.endswith("_")}
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    return found


def _given_by_checks() -> set[str]:
    """Return the codes that the lines can give: what a finding is made of."""
    texts = set().union(*(_codes_in(file.read_text()) for file in CHECKS.glob("*.py")))
    return {text for text in texts if re.fullmatch(r"[a-z]+(_[a-z]+)*", text)}


def test_every_code_that_a_check_gives_exists() -> None:
    findings = set()
    for file in CHECKS.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            is_finding = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding"
            if is_finding and isinstance(node.args[0], ast.Constant):  # type: ignore[attr-defined]
                findings.add(node.args[0].value)  # type: ignore[attr-defined]
    assert len(findings) > 20
    assert findings <= set(REASONS)


def test_every_reason_can_be_given() -> None:
    assert set(REASONS) <= _given_by_checks()


def test_no_code_is_there_twice() -> None:
    assert len(REASONS) == len(reasons._ALL)
    assert all(REASONS[reason.code] is reason for reason in reasons._ALL)


@pytest.mark.parametrize("reason", ALL, ids=lambda reason: reason.code)
def test_a_reason_is_one_short_text_without_content(reason: Reason) -> None:
    assert reason.line in LINES
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", reason.code)
    sentence = reason.sentence(date="2026-03-02", body="Body")
    assert len(sentence.split()) <= WORDS
    for part in filter(None, (reason.found, reason.means, reason.advice)):
        assert part.endswith(".")
        assert part[0].isupper() or part.startswith("{body}")
    places = {name for _, name, _, _ in Formatter().parse(sentence) if name}
    assert places == set()
    named = Formatter().parse(f"{reason.found} {reason.means} {reason.advice}")
    assert {name for _, name, _, _ in named if name is not None} <= {"date", "body"}


def test_a_value_in_a_place_is_text_and_no_pattern() -> None:
    sentence = REASONS["registered"].sentence(body="{date.__class__} {0}", date="2026-03-02")
    assert sentence == "Registered on 2026-03-02 by {date.__class__} {0}."


def test_whoever_is_refused_or_not_answered_is_told_what_to_do() -> None:
    for reason in every(Outcome.NO, Outcome.COULD_NOT_BE_CHECKED, Outcome.CONDITION):
        assert reason.advice, reason.code
    for reason in every(Outcome.YES, Outcome.NOT_ASKED):
        assert not reason.advice, reason.code


def test_a_missing_answer_never_speaks_against_the_certificate() -> None:
    for reason in every(Outcome.COULD_NOT_BE_CHECKED):
        text = reason.sentence(date="", body="").lower()
        assert not re.search(r"forged|invalid|not valid|do not rely|fake", text), reason.code


def test_a_no_is_never_blamed_on_an_outage() -> None:
    for reason in every(Outcome.NO):
        text = reason.sentence(date="", body="").lower()
        assert not re.search(r"try again|reach|later|verifier", text), reason.code


@pytest.mark.parametrize(
    ("line", "outcomes"),
    [
        (1, {Outcome.YES, Outcome.NO, Outcome.COULD_NOT_BE_CHECKED}),
        (2, {Outcome.YES, Outcome.NO, Outcome.COULD_NOT_BE_CHECKED}),
        (3, {Outcome.YES, Outcome.NO, Outcome.COULD_NOT_BE_CHECKED}),
        (4, {Outcome.YES, Outcome.NO, Outcome.COULD_NOT_BE_CHECKED}),
        (5, {Outcome.YES, Outcome.NO, Outcome.COULD_NOT_BE_CHECKED, Outcome.CONDITION}),
        *[(line, {Outcome.NOT_ASKED, Outcome.COULD_NOT_BE_CHECKED}) for line in (6, 7, 8, 9)],
    ],
)
def test_each_line_has_the_outcomes_that_it_can_have(line: int, outcomes: set[Outcome]) -> None:
    assert {reason.outcome for reason in ALL if reason.line == line} == outcomes


def test_a_code_says_its_outcome_where_it_ends_in_one() -> None:
    for reason in ALL:
        if reason.code.endswith("_not_asked"):
            assert reason.outcome is Outcome.NOT_ASKED
        if reason.code.endswith(("_not_checked", "_too_old", "_behind", "clock_wrong", "_open")):
            assert reason.outcome is Outcome.COULD_NOT_BE_CHECKED


def test_every_line_and_every_source_has_words() -> None:
    assert list(LINE_TITLES) == list(LINES)
    sources = {value for name, value in vars(reasons).items() if name.startswith("SOURCE_")}
    assert set(SOURCES) == sources


def test_a_line_that_sends_to_another_is_never_the_only_one_without_an_answer() -> None:
    deferring = [reason for reason in every(Outcome.COULD_NOT_BE_CHECKED) if reason.defers]
    assert {"issuer_not_checked", "content_not_checked"} <= {reason.code for reason in deferring}
    for reason in deferring:
        assert str(reason.line) not in reason.advice, reason.code
    assert not [reason.code for reason in every(Outcome.NO) if reason.defers]
