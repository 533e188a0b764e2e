"""The verdict for every combination of outcomes, against the table of the design, section 6."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta, timezone
from itertools import combinations_with_replacement, product

import pytest

from core.report import (
    EXIT_CODES,
    LINES,
    QUESTIONS,
    Check,
    Outcome,
    Question,
    Report,
    Verdict,
    group_outcome,
    timestamp,
    verdict_of,
)

OUTCOMES = tuple(Outcome)


def expected(outcomes: tuple[Outcome, ...], market: str | None) -> tuple[str, int]:
    """The table of the design, row by row; the first that matches wins."""
    told = [str(outcome) for outcome in outcomes]
    one_to_five, six_to_nine = told[:5], told[5:]
    rows = (
        ("no" in one_to_five, "not_valid", 1),
        ("could_not_be_checked" in one_to_five, "could_not_be_checked", 3),
        ("no" in six_to_nine, "not_for_this_use", 5),
        ("could_not_be_checked" in six_to_nine, "could_not_be_checked", 3),
        (any(word in ("condition", "not_shared") for word in told), "verified_with_conditions", 2),
        (not market, "genuine_and_in_force", 0),
        (True, "verified", 0),
    )
    return next((verdict, exit_code) for matches, verdict, exit_code in rows if matches)


def given(outcomes: tuple[Outcome, ...], market: str | None) -> tuple[str, int]:
    by_line = dict(zip(LINES, outcomes, strict=True))
    verdict = verdict_of(by_line, Question(market=market))
    return verdict.value, EXIT_CODES[verdict]


@pytest.mark.parametrize("market", [None, "DE"])
def test_every_combination_of_outcomes_gives_the_verdict_of_the_table(market: str | None) -> None:
    """All of them but for the order within lines 1 to 5 and within lines 6 to 9."""
    count = 0
    for first in combinations_with_replacement(OUTCOMES, 5):
        for rest in combinations_with_replacement(OUTCOMES, 4):
            outcomes = (*first, *rest)
            assert given(outcomes, market) == expected(outcomes, market)
            count += 1
    assert count == 252 * 126


@pytest.mark.parametrize("market", [None, "DE"])
def test_the_line_on_which_an_outcome_stands_decides_only_by_its_group(
    market: str | None, randomness: random.Random
) -> None:
    for _ in range(5_000):
        outcomes = tuple(randomness.choice(OUTCOMES) for _ in LINES)
        assert given(outcomes, market) == expected(outcomes, market)
    good = [Outcome.YES] * 9
    for line, outcome in product(LINES, OUTCOMES):
        told = tuple(outcome if at == line else have for at, have in zip(LINES, good, strict=True))
        assert given(told, market) == expected(told, market)


def test_no_evidence_is_never_green_and_never_red() -> None:
    """A line that could not be checked never helps, and alone never condemns."""
    for line in LINES:
        outcomes = [Outcome.YES] * 9
        outcomes[line - 1] = Outcome.COULD_NOT_BE_CHECKED
        assert given(tuple(outcomes), "DE") == ("could_not_be_checked", 3)


def test_every_verdict_has_an_exit_code() -> None:
    assert {verdict.value: EXIT_CODES[verdict] for verdict in Verdict} == {
        "verified": 0,
        "genuine_and_in_force": 0,
        "not_valid": 1,
        "verified_with_conditions": 2,
        "could_not_be_checked": 3,
        "not_for_this_use": 5,
    }


def test_each_question_covers_its_lines_and_all_lines_are_covered() -> None:
    covered = [line for lines in QUESTIONS.values() for line in lines]
    assert covered == list(LINES)
    assert {name: (lines[0], lines[-1]) for name, lines in QUESTIONS.items()} == {
        "genuine": (1, 3), "in_force": (4, 5), "recognised_here": (6, 9),
    }  # fmt: skip


def test_a_group_is_as_grave_as_its_gravest_line() -> None:
    gravity = ["no", "could_not_be_checked", "condition", "not_shared", "yes", "not_asked"]
    for size in (1, 2, 3, 4):
        for outcomes in product(OUTCOMES, repeat=size):
            gravest = min(gravity.index(str(outcome)) for outcome in outcomes)
            assert str(group_outcome(outcomes)) == gravity[gravest]


def test_a_report_is_dumped_with_every_member() -> None:
    seen = datetime(2026, 3, 2, 12, 0, 5, 999_999, tzinfo=timezone(timedelta(hours=8)))
    checks = tuple(
        Check(line, f"code_{line}", Outcome.YES, "Reason.", "ledger", seen if line == 3 else None)
        for line in LINES
    )
    report = Report(Question(market="DE", at=seen), checks, {"holder": "A"}, ("scope",))
    dumped = report.dump()
    assert list(dumped) == [
        "v", "verdict", "exit", "question", "questions", "checks", "disclosed", "not_shared",
        "ladder", "conditions", "status_history",
    ]  # fmt: skip
    assert (dumped["v"], dumped["verdict"], dumped["exit"]) == (1, "verified", 0)
    assert dumped["question"] == {
        "standard": None, "sector": None, "site": None, "market": "DE",
        "at": "2026-03-02T04:00:05Z",
    }  # fmt: skip
    assert dumped["questions"] == dict.fromkeys(QUESTIONS, "yes")
    assert dumped["checks"][2] == {
        "line": 3, "code": "code_3", "outcome": "yes", "reason": "Reason.", "source": "ledger",
        "evidence_at": "2026-03-02T04:00:05Z",
    }  # fmt: skip
    assert dumped["checks"][0]["evidence_at"] is None
    assert (dumped["disclosed"], dumped["not_shared"]) == ({"holder": "A"}, ["scope"])


def test_a_moment_is_told_in_utc_to_the_second() -> None:
    assert timestamp(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00Z"
