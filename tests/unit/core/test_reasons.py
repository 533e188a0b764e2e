"""The table of reasons: complete, used, short, and without a place for certificate content."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

from core import reasons
from core.reasons import LINE_TITLES, REASONS, SOURCES, Reason, deciding
from core.report import LINES, Check, Outcome, Question, Report

CHECKS = Path(__file__).resolve().parents[3] / "verifier" / "checks"
WORDS = 35  # of the whole English sentence
CHARACTERS = 70  # of the whole Chinese one
PLACES = {"date": "2026-03-02", "body": "Body", "publisher": "Body", "market": "XA"}
_ENDINGS = ("left", "suspended", "expelled", "active")
ALL = list(REASONS.values())


def every(*outcomes: Outcome) -> list[Reason]:
    return [reason for reason in ALL if reason.outcome in outcomes]


def _codes_in(source: str) -> set[str]:
    """Return every text in a module that could be a code; f-strings with every known ending."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            head = node.values[0]
            stems = (
                {head.value}
                if isinstance(head, ast.Constant)
                else {f"{side}_" for side in ("arrangement", "arrangement_home")}
            )
            found |= {f"{stem}{end}" for stem in stems for end in _ENDINGS}
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


def _places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("reason", ALL, ids=lambda reason: reason.code)
def test_a_reason_is_one_short_text_without_content(reason: Reason) -> None:
    assert reason.line in LINES
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", reason.code)
    assert len(reason.sentence(**PLACES).split()) <= WORDS
    for part in reason.en.parts:
        assert part.endswith(".")
        assert part[0].isupper() or part.startswith("{")
    assert _places(reason.sentence(**PLACES)) == set()
    assert _places(" ".join(reason.en.parts)) <= set(PLACES)


@pytest.mark.parametrize("reason", ALL, ids=lambda reason: reason.code)
def test_a_reason_says_the_same_in_chinese(reason: Reason) -> None:
    assert len(reason.sentence("zh", **PLACES)) <= CHARACTERS
    assert len(reason.zh.parts) == len(reason.en.parts)
    for chinese, english in zip(reason.zh.parts, reason.en.parts, strict=True):
        assert chinese.endswith("。")
        assert not re.search("[A-Za-z.,;]", re.sub("{[a-z]+}", "", chinese))
        assert _places(chinese) == _places(english)
    numbers = set(re.findall("[1-9]", reason.en.advice))
    assert set(re.findall("[1-9]", reason.zh.advice)) == numbers


def test_a_value_in_a_place_is_text_and_no_pattern() -> None:
    sentence = REASONS["registered"].sentence(body="{date.__class__} {0}", date="2026-03-02")
    assert sentence == "Registered on 2026-03-02 by {date.__class__} {0}."


def test_whoever_is_refused_or_not_answered_is_told_what_to_do() -> None:
    for reason in ALL:
        needed = reason.outcome not in (Outcome.YES, Outcome.NOT_ASKED)
        assert bool(reason.en.advice) is needed, reason.code


def test_a_missing_answer_never_speaks_against_the_certificate() -> None:
    for reason in every(Outcome.COULD_NOT_BE_CHECKED):
        text = reason.sentence(**PLACES).lower()
        assert not re.search(r"forged|invalid|not valid|do not rely|fake", text), reason.code


def test_a_no_is_never_blamed_on_an_outage() -> None:
    for reason in every(Outcome.NO):
        text = reason.sentence(**PLACES).lower()
        assert not re.search(r"try again|reach|\blater\b|verifier", text), reason.code


@pytest.mark.parametrize(
    ("line", "outcomes"),
    [
        (1, {Outcome.YES, Outcome.NO, Outcome.COULD_NOT_BE_CHECKED}),
        (2, {Outcome.YES, Outcome.NO, Outcome.COULD_NOT_BE_CHECKED}),
        (3, {Outcome.YES, Outcome.NO, Outcome.COULD_NOT_BE_CHECKED, Outcome.CONDITION}),
        (4, {Outcome.YES, Outcome.NO, Outcome.COULD_NOT_BE_CHECKED}),
        (5, {Outcome.YES, Outcome.NO, Outcome.COULD_NOT_BE_CHECKED, Outcome.CONDITION}),
        (8, set(Outcome) - {Outcome.NOT_SHARED}),
        *[(line, set(Outcome)) for line in (6, 7, 9)],
    ],
)
def test_each_line_has_the_outcomes_that_it_can_have(line: int, outcomes: set[Outcome]) -> None:
    assert {reason.outcome for reason in ALL if reason.line == line} == outcomes


def test_a_code_says_its_outcome_where_it_ends_in_one() -> None:
    for reason in ALL:
        if reason.code.endswith("_not_asked"):
            assert reason.outcome is Outcome.NOT_ASKED
        if reason.code.endswith(
            ("_not_checked", "_too_old", "_behind", "clock_wrong", "_open", "_not_understood")
        ):
            assert reason.outcome is Outcome.COULD_NOT_BE_CHECKED


def test_every_line_and_every_source_has_words() -> None:
    assert list(LINE_TITLES) == list(LINES)
    sources = {value for name, value in vars(reasons).items() if name.startswith("SOURCE_")}
    assert set(SOURCES) == sources


def test_a_line_that_sends_to_another_is_never_the_only_one_without_an_answer() -> None:
    deferring = [reason for reason in every(Outcome.COULD_NOT_BE_CHECKED) if reason.defers]
    assert {"issuer_not_checked", "content_not_checked"} <= {reason.code for reason in deferring}
    for reason in deferring:
        assert str(reason.line) not in reason.en.advice, reason.code
    broken_below = [reason for reason in every(Outcome.NO) if reason.defers]
    assert {reason.code for reason in broken_below} == {
        "arrangement_no_accreditation",
        "market_ladder_broken",
    }
    for reason in broken_below:  # to the line below, which has the No that explains it
        assert reason.en.advice == f"See line {reason.line - 1}."


_YES = "issuer_confirmed"


@pytest.mark.parametrize(
    ("codes", "market", "decided"),
    [
        ({}, None, None),
        ({5: "suspended", 9: "market_no_policy"}, "XA", "suspended"),
        ({1: "issuer_not_checked", 3: "ledger_unknown"}, None, "ledger_unknown"),
        ({3: "ledger_too_old", 8: "arrangement_unilateral"}, "XA", "ledger_too_old"),
        ({7: "accreditation_none", 8: "arrangement_no_accreditation"}, "XA", "accreditation_none"),
        ({8: "arrangement_unilateral", 9: "market_ladder_broken"}, "XA", "arrangement_unilateral"),
        ({9: "market_disclosure_missing"}, "XA", "market_disclosure_missing"),
        ({9: "market_accepts"}, "XA", None),
    ],
)
def test_the_line_that_explains_a_verdict(
    codes: dict[int, str], market: str | None, decided: str | None
) -> None:
    def line(number: int) -> Check:
        code = codes.get(number, _YES)
        outcome = REASONS[code].outcome
        return Check(number, code, outcome, "a sentence", "document")

    report = Report(Question(market=market), tuple(map(line, LINES)), {}, ())
    found = deciding(report)
    assert (found.code if found else None) == decided
