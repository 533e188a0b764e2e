"""A report as JSON: what is read back equals what was written, and nothing else is read."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from core.errors import FormatError
from core.events import State
from core.report import Outcome, Question, Report
from core.report_details import RUNGS
from tests.support.network import body_with_certificate
from tests.support.recognition import CB, Scene
from verifier.verify import check


def a_report(question: Question = Question()) -> Report:  # noqa: B008 - frozen
    body, issued = body_with_certificate()
    bundle = body.bundle(issued, fields=("scope",))
    return check(bundle, body.ledger.state, question=question, now=body.ledger.now)


@pytest.mark.parametrize("question", [Question(), Question(market="DE", standard="ISO 9001:2015")])
def test_parse_and_dump_are_inverses(question: Question) -> None:
    report = a_report(question)
    assert Report.parse(report.dump()) == report
    assert Report.parse(report.dump()).dump() == report.dump()


def a_full_report() -> Report:
    """Return a report with a ladder, a condition and a history."""
    scene = Scene().play("grant@1 ab+MSC@1 home+MSC@1 conditions@2")
    assert scene.issued is not None
    scene.bodies[CB].declare(scene.issued.slot, State.SUSPENDED)
    return scene.ask(at=50)


def test_ladder_conditions_and_history_are_read_back() -> None:
    report = a_full_report()
    assert [rung.kind for rung in report.ladder] == list(RUNGS)
    assert report.conditions[0].dump() == {
        "id": "registration",
        "text": {"en": "Register first.", "zh": "先登记。"},
    }
    assert [entry.state for entry in report.status_history] == ["suspended"]
    assert Report.parse(report.dump()) == report
    assert Report.parse(report.dump()).dump() == report.dump()


DETAIL_CHANGES: tuple[Callable[[dict[str, Any]], object], ...] = (
    lambda r: r.pop("ladder"),
    lambda r: r["question"].update(market=None),
    lambda r: r["ladder"].extend(r["ladder"]),
    lambda r: r["ladder"][0].update(kind="step"),
    lambda r: r["ladder"][0].update(outcome="perhaps"),
    lambda r: r["ladder"][0].update(outcome=[]),
    lambda r: r["ladder"][0].update(member=-1),
    lambda r: r["ladder"][0].update(member="1"),
    lambda r: r["ladder"][0].update(name=None),
    lambda r: r["ladder"][0].update(extra=1),
    lambda r: r["ladder"][0].update({"from": "2026-03-02"}),
    lambda r: r["ladder"][0].update(scope=5),
    lambda r: r["conditions"][0].update(text={}),
    lambda r: r["conditions"][0].update(text={"en": 5}),
    lambda r: r["conditions"][0].pop("id"),
    lambda r: r["status_history"][0].update(certificate="another"),
    lambda r: r["status_history"][0].update(annulled=0),
    lambda r: r["status_history"][0].update(effective_at=None),
    lambda r: r["status_history"][0].update(state=2),
    lambda r: r["status_history"][0].update(linked_member=2**32),
)


@pytest.mark.parametrize("change", DETAIL_CHANGES)
def test_anything_but_what_explains_a_report_is_refused(
    change: Callable[[dict[str, Any]], object],
) -> None:
    value = deepcopy(a_full_report().dump())
    change(value)
    with pytest.raises(FormatError):
        Report.parse(value)


def test_a_question_with_a_day_is_read_back() -> None:
    question = Question(at=datetime(2026, 3, 2, 1, 2, 3, tzinfo=UTC))
    assert Question.parse(question.dump()) == question


CHANGES: tuple[Callable[[dict[str, Any]], object], ...] = (
    lambda r: r.update(verdict="verified"),
    lambda r: r.update(verdict="not_valid"),
    lambda r: r.update(exit=1),
    lambda r: r.update(exit=False),
    lambda r: r.update(v=2),
    lambda r: r.update(extra=1),
    lambda r: r.pop("not_shared"),
    lambda r: r["questions"].update(genuine="no"),
    lambda r: r["checks"].pop(),
    lambda r: r["checks"].reverse(),
    lambda r: r["checks"].append(r["checks"][-1]),
    lambda r: r["checks"][0].update(outcome="perhaps"),
    lambda r: r["checks"][0].update(outcome=[]),
    lambda r: r["checks"][0].update(outcome="no"),
    lambda r: r["checks"][0].update(line=2),
    lambda r: r["checks"][0].update(evidence_at="2026-03-02"),
    lambda r: r["checks"][0].update(evidence_at=5),
    lambda r: r["checks"][0].update(evidence_at="2026-3-2T1:2:3Z"),
    lambda r: r["checks"][0].pop("reason"),
    lambda r: r["question"].update(market=5),
    lambda r: r["question"].pop("at"),
    lambda r: r.update(disclosed=[]),
    lambda r: r.update(not_shared=[5]),
)


@pytest.mark.parametrize("change", CHANGES)
def test_anything_but_a_report_is_refused(change: Callable[[dict[str, Any]], object]) -> None:
    value = deepcopy(a_report().dump())
    change(value)
    with pytest.raises(FormatError):
        Report.parse(value)


def test_a_report_that_shows_what_does_not_stand_is_refused() -> None:
    report = a_report()
    forged = replace(report.checks[0], outcome=Outcome.NO)
    value = replace(report, checks=(forged, *report.checks[1:])).dump()
    assert value["disclosed"]
    with pytest.raises(FormatError) as refused:
        Report.parse(value)
    assert refused.value.code == "report_disclosed"
    bare = {**value, "disclosed": {}, "not_shared": [], "status_history": []}
    assert Report.parse(bare).dump() == bare
