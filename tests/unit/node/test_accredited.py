"""Intake asks the ledger whether the body is accredited for what a record states."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from core.errors import Fault, Invalid, Unavailable
from core.events import AccreditationAction, PartyAction, Role
from core.record import Record
from node.accredited import NOT_KNOWN, Gate, Judgement
from node.importing import import_rows, row_faults_of
from node.intake import Row, RowOutcome, accept
from node.states import IntakeMode
from node.store import schema
from node.store.engine import Store
from tests.support.network import START, Body, MemoryLedger

NOW = datetime.fromtimestamp(START, UTC) + timedelta(days=30)
DAY = 86_400
AB = {"body": "Example National Accreditation Body", "number": "C999-M"}
LEVELLED = AB | {"level": "authority-globalmra"}


class Scene:
    """Body 1 wants to issue; body 2 accredits."""

    def __init__(self) -> None:
        self.ledger = MemoryLedger()
        self.cb = Body(self.ledger, 1).join()
        self.ab = Body(self.ledger, 2).join(Role.ACCREDITATION_BODY)

    def judge(
        self, record: Record, mode: IntakeMode = IntakeMode.STRICT, now: datetime = NOW
    ) -> Judgement:
        return Gate.over(mode, self.ledger.state, 1, now).judge(record)


Make = Callable[..., Record]


@pytest.fixture
def make(make_record: Make) -> Make:
    def made(**changes: object) -> Record:
        given = {"accreditation": LEVELLED, "sectors": ["19"], **changes}
        return make_record(**{name: value for name, value in given.items() if value is not None})

    return made


def told(faults: tuple[Fault, ...]) -> list[tuple[str, str]]:
    return [(fault.pointer, fault.code) for fault in faults]


def test_what_the_body_is_accredited_for_comes_in(make: Make) -> None:
    scene = Scene()
    scene.ab.accredit(1, coverage='{"ISO 9001":["19","28"]}')
    assert scene.judge(make()) == Judgement()
    assert scene.judge(make(sectors=["19", "28"])) == Judgement()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"standard": "ISO 14001:2015"}, [("/standard", "not_accredited_for_standard")]),
        ({"sectors": ["19", "03", "28", "05"]}, [
            ("/sectors/1", "not_accredited_for_sector"),
            ("/sectors/3", "not_accredited_for_sector"),
        ]),
        ({"sectors": None}, [("/sectors", "accredited_sectors_only")]),
    ],
)  # fmt: skip
def test_what_it_is_not_accredited_for_is_named(
    make: Make, changes: dict[str, object], expected: list[tuple[str, str]]
) -> None:
    scene = Scene()
    scene.ab.accredit(1, coverage='{"ISO 9001":["19","28"]}')
    strict = scene.judge(make(**changes))
    assert told(strict.refused) == expected
    assert strict.warnings == ()
    warned = scene.judge(make(**changes), IntakeMode.WARN)
    assert warned == Judgement((), strict.refused)
    assert not any(str(value) in f.message for f in strict.refused for value in changes.values())


def test_of_several_accreditations_one_has_to_cover_all(make: Make) -> None:
    scene = Scene()
    scene.ab.accredit(1, coverage='{"ISO 9001":["19"]}')
    other = Body(scene.ledger, 3).join(Role.ACCREDITATION_BODY)
    other.accredit(1, coverage='{"ISO 9001":["03","28"]}')
    refused = scene.judge(make(sectors=["03", "28", "19"])).refused
    assert told(refused) == [("/sectors/2", "not_accredited_for_sector")], "by the better of two"
    other.accredit(1, coverage='{"ISO 9001":"all"}')
    assert scene.judge(make(sectors=["03", "19"])).refused == ()


@pytest.mark.parametrize("change", ["none", "suspended", "ended", "not yet", "body suspended"])
def test_an_accreditation_that_is_not_in_effect_is_none(make: Make, change: str) -> None:
    scene = Scene()
    ends = int(NOW.timestamp()) - 1 if change == "ended" else 0
    if change != "none":
        scene.ab.accredit(1, after=60 * DAY if change == "not yet" else 0, until=ends)
    if change == "suspended":
        scene.ab.accredit(1, AccreditationAction.SUSPEND, reason=1)
    if change == "body suspended":
        scene.ledger.suspend(2)
    assert told(scene.judge(make()).refused) == [("/accreditation", "not_accredited")]


def test_the_first_day_counts_and_now_where_it_has_passed(make: Make) -> None:
    scene = Scene()
    scene.ab.accredit(1, after=60 * DAY)
    later = (NOW + timedelta(days=90)).date().isoformat()
    dates = {"effective": later, "expiry": "2029-03-01"}
    assert scene.judge(make(dates=dates)).refused == ()
    assert scene.judge(make()).refused != ()
    assert scene.judge(make(), now=NOW + timedelta(days=60)).refused == ()


def test_a_record_that_says_it_is_not_accredited_is_not_judged(make: Make) -> None:
    assert Scene().judge(make(accreditation=None)) == Judgement()
    assert Gate.blind(IntakeMode.STRICT, NOW).judge(make(accreditation=None)) == Judgement()


def test_a_ledger_that_is_not_known_is_an_outage_and_no_fault(make: Make) -> None:
    strict = Gate.blind(IntakeMode.STRICT, NOW).judge(make())
    assert isinstance(strict.error(), Unavailable)
    warned = Gate.blind(IntakeMode.WARN, NOW).judge(make())
    assert told(warned.warnings) == [("/accreditation", NOT_KNOWN)]
    assert warned.error() is None


def test_an_assumed_level_that_no_arrangement_bears_out_is_a_warning_in_both_modes(
    make: Make,
) -> None:
    scene = Scene()
    scene.ab.accredit(1)
    for mode in IntakeMode:
        found = scene.judge(make(accreditation=AB), mode)
        assert (found.refused, told(found.warnings)) == (
            (), [("/accreditation/level", "assessment_level_assumed")],
        )  # fmt: skip
    Body(scene.ledger, 3).join(Role.ACCREDITATION_BODY, "XB")
    number = scene.ab.make_arrangement(2, 3)
    scene.ledger.of_party(number, 2, PartyAction.ACCEPTED, "MSC")
    assert scene.judge(make(accreditation=AB)).warnings != (), "one side alone is no arrangement"
    scene.ledger.of_party(number, 3, PartyAction.ACCEPTED, "MSC/QMS")
    assert scene.judge(make(accreditation=AB)) == Judgement()
    scene.ledger.expel(3)
    assert scene.judge(make(accreditation=AB)).warnings != ()


# ---------------------------------------------------------------- at the counter


def count(store: Store) -> int:
    with store.reading() as connection:
        return connection.execute(select(func.count()).select_from(schema.record)).scalar_one()


def test_strict_intake_keeps_nothing_it_refuses_and_still_knows_what_it_took(
    store: Store, make: Make, random: Callable[[int], bytes]
) -> None:
    record = make()
    refused = Scene().judge(record).error()
    assert isinstance(refused, Invalid)
    assert (refused.code, told(refused.faults)) == (
        "record_not_accredited", [("/accreditation", "not_accredited")],
    )  # fmt: skip
    with pytest.raises(Invalid):
        accept(store, record, now=NOW, random=random, refused=refused)
    assert count(store) == 0
    first = accept(store, record, now=NOW, random=random)
    again = accept(store, record, now=NOW, random=random, refused=refused)
    assert (again.is_new, again.receipt.id) == (False, first.receipt.id)


@pytest.mark.parametrize("mode", IntakeMode)
def test_rows_are_refused_or_warned_about_by_their_number(
    store: Store, make: Make, random: Callable[[int], bytes], mode: IntakeMode
) -> None:
    scene = Scene()
    scene.ab.accredit(1, coverage='{"ISO 9001":["19"]}')
    rows = [
        Row(2, make(certificate_number="A")),
        Row(3, make(certificate_number="B", sectors=["03"])),
        Row(4, make(certificate_number="C", accreditation=None)),
    ]
    gate = Gate.over(mode, scene.ledger.state, 1, NOW)
    done = import_rows(store, rows, now=NOW, random=random, gate=gate)
    named = done.refused if mode is IntakeMode.STRICT else done.warnings
    assert [(one.row, [f.code for f in one.faults]) for one in named] == [
        (3, ["not_accredited_for_sector"])
    ]
    assert done.accepted == (2 if mode is IntakeMode.STRICT else 3)
    assert done.dump()["warnings"] == [one.dump() for one in done.warnings]
    again = import_rows(store, rows, now=NOW, random=random, gate=gate)
    assert again.duplicates == done.accepted


def test_a_row_held_already_is_a_duplicate_whatever_the_ledger_says_now(
    store: Store, make: Make, random: Callable[[int], bytes]
) -> None:
    row = Row(2, make())
    import_rows(store, [row], now=NOW, random=random)
    faults = row_faults_of(Scene().judge(make()).refused)
    assert faults
    done = import_rows(store, [replace(row, refused=faults)], now=NOW, random=random)
    assert (done.duplicates, done.refused) == (1, ())
    assert RowOutcome.ALREADY.value == "already"
