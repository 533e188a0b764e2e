"""The answer as of a moment: what held then by all that is known now, and what was said only later.

The certificate is registered on day 10 of the ledger and valid for three years; now is day 100.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.asking import moment_asked, question_of
from core.errors import UsageError
from core.events import State
from core.report import Outcome, Question, Report, Verdict
from tests.support.network import START
from tests.support.recognition import DAY, NOW, Scene
from verifier.verify import check

STATES = {
    "suspend": State.SUSPENDED,
    "restore": State.IN_FORCE,
    "withdraw": State.WITHDRAWN,
    "cancel": State.CANCELLED,
}


def declared(*told: tuple[str, int, int]) -> Scene:
    """Return a scene in which states were declared: (what, day recorded, day it takes effect)."""
    scene = Scene()
    scene.play_until(10, "anchor@10")
    body, issued = scene.bodies[1], scene.issued
    assert issued is not None
    for what, day, effective in told:
        scene.play_until(day)
        upcoming = scene.ledger.time + 20
        after = START + effective * DAY - upcoming if effective != day else 0
        body.declare(issued.slot, STATES[what], after=after)
    scene.play_until(NOW)
    return scene


def line(report: Report, number: int) -> tuple[str, Outcome]:
    found = report.checks[number - 1]
    return found.code, found.outcome


SUSPENDED = ("suspend", 20, 20)
RESTORED = ("restore", 40, 40)


@pytest.mark.parametrize(
    ("told", "day", "code", "outcome"),
    [
        ((), 15, "in_force_then", Outcome.YES),
        ((SUSPENDED,), 15, "in_force_then", Outcome.YES),
        ((SUSPENDED,), 20, "suspended_then", Outcome.NO),
        ((SUSPENDED, RESTORED), 30, "suspended_then", Outcome.NO),
        ((SUSPENDED, RESTORED), 50, "restored_then", Outcome.YES),
        ((SUSPENDED, RESTORED, ("suspend", 60, 60)), 50, "restored_then", Outcome.YES),
        ((("suspend", 60, 20),), 30, "suspended_declared_later", Outcome.NO),
        ((("suspend", 60, 20),), 15, "in_force_then", Outcome.YES),
        ((("suspend", 60, 20),), 70, "suspended_then", Outcome.NO),
        ((SUSPENDED, ("restore", 60, 25)), 30, "restored_declared_later", Outcome.CONDITION),
        ((SUSPENDED, ("restore", 60, 25)), 70, "restored_then", Outcome.YES),
        ((("withdraw", 60, 20),), 30, "withdrawn_declared_later", Outcome.NO),
        ((("withdraw", 20, 20),), 30, "withdrawn", Outcome.NO),
        ((("withdraw", 20, 20),), 15, "in_force_then", Outcome.YES),
        ((("cancel", 60, 20),), 30, "cancelled_declared_later", Outcome.NO),
        ((("cancel", 20, 20),), 30, "cancelled", Outcome.NO),
        ((("suspend", 20, 50),), 30, "suspension_announced", Outcome.CONDITION),
        ((("withdraw", 20, 50),), 30, "end_announced", Outcome.CONDITION),
        ((("suspend", 40, 50),), 30, "in_force_then", Outcome.YES),
        ((), 5, "status_before_registration", Outcome.COULD_NOT_BE_CHECKED),
        ((SUSPENDED,), 5, "status_before_registration", Outcome.COULD_NOT_BE_CHECKED),
    ],
)
def test_line_5_as_of_a_day(
    told: tuple[tuple[str, int, int], ...], day: int, code: str, outcome: Outcome
) -> None:
    assert line(declared(*told).ask(at=day, market=None), 5) == (code, outcome)


def test_before_the_registration_the_ledger_knows_nothing() -> None:
    report = declared().ask(at=9, market=None)
    assert report.verdict is Verdict.COULD_NOT_BE_CHECKED
    assert line(report, 3) == ("registered_here_since", Outcome.COULD_NOT_BE_CHECKED)
    assert "Registered here since 2026-03-12; what was before cannot be checked." in (
        report.checks[2].reason
    )
    assert report.disclosed  # issuer and content stand whatever the day


def test_what_was_taken_back_does_not_count_and_is_still_shown() -> None:
    scene = declared(("suspend", 20, 20))
    assert scene.issued is not None
    scene.bodies[1].annul(scene.issued.slot, 0)
    report = scene.ask(at=30, market=None)
    assert line(report, 5) == ("in_force_then", Outcome.YES)
    assert [(entry.state, entry.annulled) for entry in report.status_history] == [
        ("suspended", True)
    ]


def test_line_4_is_about_the_day_asked() -> None:
    scene = declared()
    assert line(scene.ask(at=15, market=None), 4) == ("within_dates", Outcome.YES)
    assert "2026-03-17" in scene.ask(at=15, market=None).checks[3].reason
    assert line(scene.ask(at=-1, market=None), 4) == ("not_yet_in_force_then", Outcome.NO)


def test_the_evidence_has_to_be_fresh_for_a_past_day_too() -> None:
    report = declared().ask(at=50, market=None, late=3600)
    assert report.verdict is Verdict.COULD_NOT_BE_CHECKED
    assert line(report, 5)[0] == "status_too_old"


def test_now_asked_for_by_name_is_now() -> None:
    scene = declared(SUSPENDED)
    assert scene.issued is not None
    now = scene.ledger.now
    bundle, evidence = scene.bodies[1].bundle(scene.issued), scene.ledger.state
    today = Question(at=moment_asked(now.date().isoformat(), now))
    report = check(bundle, evidence, question=today, now=now + timedelta(milliseconds=300))
    assert [c.code for c in report.checks] == [
        c.code for c in check(bundle, evidence, now=now).checks
    ]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01", "2026-03-01T23:59:59"),
        ("2026-03-02", "2026-03-02T12:00:05"),
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00"),
        ("2026-03-03", "2026-03-03T23:59:59"),
    ],
)
def test_a_date_means_its_last_second_and_today_means_now(text: str, moment: str) -> None:
    now = datetime(2026, 3, 2, 12, 0, 5, 400_000, tzinfo=UTC)
    assert moment_asked(text, now) == datetime.fromisoformat(moment).replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "2026", "2026-02-30", "2026-3-2", "2026-03-02T12:00", "now"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        moment_asked(text, datetime(2026, 3, 2, tzinfo=UTC))
    assert refused.value.code == "at_form"


def test_empty_words_ask_nothing_and_long_ones_are_refused() -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    assert question_of("", "", "", "", "", now=now) == Question()
    assert question_of(market="xa", now=now) == Question(market="XA")
    with pytest.raises(UsageError):
        question_of("ISO 9001" + " " * 500, now=now)
