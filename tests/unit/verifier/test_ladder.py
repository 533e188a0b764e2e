"""The ladder as a report shows it: its rungs, where it breaks, and what it never shows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.encoding import b64url
from core.events import NoticeKind, SubjectKind
from core.reasons import REASONS
from core.report import Outcome, Question, Report
from core.report_details import RUNGS
from tests.support.recognition import AB, AUTHORITY, CB, HOME, MARKET, Scene
from verifier.render import report_text
from verifier.verify import check

IN = "grant@1<200 ab+MSC@1 home+MSC@1"
Y, C, N, OPEN, NOT_ASKED = (
    Outcome.YES,
    Outcome.CONDITION,
    Outcome.NO,
    Outcome.COULD_NOT_BE_CHECKED,
    Outcome.NOT_ASKED,
)


def rungs(report: Report) -> list[tuple[str, Outcome]]:
    return [(rung.kind, rung.outcome) for rung in report.ladder]


def test_a_whole_ladder_names_who_carries_it_for_what_and_how_long() -> None:
    report = Scene().play(f"{IN} plain@2").ask()
    assert rungs(report) == [(kind, Y) for kind in RUNGS]
    members = [rung.member for rung in report.ladder]
    assert members == [None, CB, AB, None, HOME, None]
    assert [rung.name for rung in report.ladder[1:]] == [
        "Body 1", "Body 2", "arrangement 1: Mutual recognition", "Body 3", "XB, policy 1",
    ]  # fmt: skip
    assert [rung.scope for rung in report.ladder] == [
        "ISO 9001:2015", "ISO 9001:2015", "MSC", "MSC/QMS", "MSC/QMS", "MSC/QMS",
    ]  # fmt: skip
    accreditation = report.ladder[2]
    assert accreditation.begins is not None
    assert accreditation.until is not None
    assert (accreditation.begins.date().isoformat(), accreditation.until.date().isoformat()) == (
        "2026-03-03",
        "2026-09-18",
    )


def test_without_a_market_there_is_no_ladder() -> None:
    assert Scene().play(f"{IN} plain@2").ask(market=None).ladder == ()


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ("grant@1 own@2", "organization certification_body accreditation_body home_body market"),
        (
            "cb+MSC@1 home+MSC@1 direct@2",
            "organization certification_body arrangement home_body market",
        ),
    ],
)
def test_what_is_not_needed_is_no_rung(events: str, expected: str) -> None:
    report = Scene().play(events).ask()
    assert rungs(report) == [(kind, Y) for kind in expected.split()]


@pytest.mark.parametrize(
    ("events", "outcomes"),
    [
        (f"{IN} suspend@20 plain@2", (Y, Y, N, NOT_ASKED, NOT_ASKED, NOT_ASKED)),
        (f"{IN} ab-MSC@20 plain@2", (Y, Y, Y, N, NOT_ASKED, NOT_ASKED)),
        (f"{IN} home-MSC@20 plain@2", (Y, Y, Y, N, N, NOT_ASKED)),
        (f"{IN} ed25519@2", (Y, Y, Y, Y, Y, N)),
        (f"{IN}", (Y, Y, Y, NOT_ASKED, NOT_ASKED, OPEN)),
        (f"{IN} plain@2 cb.suspended@20", (Y, C, Y, Y, Y, Y)),
    ],
)
def test_it_breaks_at_one_place_and_what_stands_on_it_is_not_asked(
    events: str, outcomes: tuple[Outcome, ...]
) -> None:
    report = Scene().play(events).ask()
    assert tuple(rung.outcome for rung in report.ladder) == outcomes
    reasons = {check.code: check.reason for check in report.checks}
    broken = [rung for rung in report.ladder if rung.outcome in (N, OPEN)]
    text = report_text(report, Scene().ledger.now)
    for rung in broken[:1]:
        assert text.count(reasons[rung.code]) == 2  # on its line, and in the ladder
    assert all(rung.code in reasons for rung in report.ladder)


def test_conditions_are_shown_where_they_apply_and_nowhere_else() -> None:
    whole = Scene().play(f"{IN} conditions@2").ask()
    assert [condition.id for condition in whole.conditions] == ["registration"]
    broken = Scene().play(f"{IN} conditions@2 home-MSC@20").ask()
    assert broken.conditions == ()
    assert Scene().play(f"{IN} conditions@2").ask(market=None).conditions == ()


def test_nothing_of_a_forged_certificate_is_in_the_ladder() -> None:
    scene = Scene().play(f"{IN} plain@2")
    assert scene.issued is not None
    bundle = scene.bodies[CB].bundle(scene.issued)
    head, _, rest = bundle.presentation.partition("~")
    forged = replace(bundle, presentation=f"{head.rpartition('.')[0]}.{b64url(bytes(64))}~{rest}")
    report = check(
        forged, scene.ledger.state, question=Question(market=MARKET), now=scene.ledger.now
    )
    codes = [check.code for check in report.checks[5:]]
    assert codes == [
        "scope_not_asked", "accreditation_not_checked", "arrangement_not_checked",
        "market_not_checked",
    ]  # fmt: skip
    assert [rung.outcome for rung in report.ladder[2:]] == [NOT_ASKED] * 4
    assert (report.ladder[0].name, report.ladder[0].scope, report.ladder[0].begins) == (
        "",
        None,
        None,
    )


@pytest.mark.parametrize("about", [SubjectKind.KEY, SubjectKind.ANCHOR])
def test_an_alert_about_key_or_batch_touches_what_rests_on_it_alone(about: SubjectKind) -> None:
    scene = Scene().play(f"{IN} plain@2")
    assert scene.issued is not None
    assert scene.issued.anchor is not None
    own = {
        SubjectKind.KEY: scene.bodies[CB].signer.public.thumbprint,
        SubjectKind.ANCHOR: scene.issued.anchor.root,
    }[about]
    authority = scene.bodies[AUTHORITY]
    authority.publish(NoticeKind.ALERT, b"Of others.", about, CB, bytes(32))
    authority.publish(NoticeKind.ALERT, b"Of another.", about, HOME, own)
    assert scene.ask().checks[2].outcome is Y
    authority.publish(NoticeKind.ALERT, b"Of this.", about, CB, own)
    line = scene.ask().checks[2]
    assert (line.code, line.outcome) == ("registered_with_alert", C)
    assert "Body 4" in line.reason


def test_lines_7_to_9_have_source_and_age() -> None:
    report = Scene().play(f"{IN} plain@2").ask(standard="ISO 9001")
    assert [line.source for line in report.checks[5:]] == ["document", *["ledger"] * 3]
    assert report.checks[5].evidence_at is None
    assert {line.evidence_at for line in report.checks[6:]} == {report.checks[2].evidence_at}
    late = Scene().play(f"{IN} plain@2").ask(late=3600)
    assert {line.source for line in late.checks[6:]} == {"none"}
    assert all(REASONS[line.code].defers for line in late.checks[6:])
