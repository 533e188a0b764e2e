"""An accreditation's history: what it says of a moment, and how coverage is read."""

from __future__ import annotations

from typing import Any

import pytest

from core import limits
from core.accreditation import ALL_SECTORS, AccreditationStanding, Coverage, accreditation_at
from core.encoding import canonical_json
from core.errors import FormatError
from core.events import AccreditationAction, AccreditationDeclared, Position
from core.spans import held_since, held_until, period

ISO_9001 = '{"ISO 9001":["19","28"]}'


def history(*told: tuple[str | int, int, int, int, str]) -> list[AccreditationDeclared]:
    """Return a history of (action, recorded, takes effect, until, coverage)."""
    return [
        AccreditationDeclared(
            Position(time, 0), time, 2, 1, "MSC",
            AccreditationAction[action].value if isinstance(action, str) else action,
            0, coverage, effective, until, place,
        )
        for place, (action, time, effective, until, coverage) in enumerate(told)
    ]  # fmt: skip


GRANT = ("GRANT", 10, 10, 0, ISO_9001)


@pytest.mark.parametrize(
    ("told", "moment", "standing", "begins"),
    [
        ((), 50, "none", 0),
        ((GRANT,), 9, "not_yet", 10),
        ((GRANT,), 10, "in_effect", 10),
        ((("GRANT", 10, 10, 20, ISO_9001),), 19, "in_effect", 10),
        ((("GRANT", 10, 10, 20, ISO_9001),), 20, "ended", 20),
        ((GRANT, ("SUSPEND", 20, 25, 30, "")), 24, "in_effect", 10),
        ((GRANT, ("SUSPEND", 20, 25, 30, "")), 40, "suspended", 25),
        ((GRANT, ("SUSPEND", 20, 20, 0, ""), ("RESTORE", 30, 30, 0, "")), 35, "in_effect", 30),
        ((GRANT, ("WITHDRAW", 20, 20, 0, "")), 35, "withdrawn", 20),
        ((("REDUCE", 10, 10, 0, ISO_9001),), 35, "not_yet", 10),
        ((("RESTORE", 10, 10, 0, ""),), 35, "not_yet", 10),
        ((("GRANT", 10, 40, 0, ISO_9001), ("SUSPEND", 20, 20, 0, "")), 30, "suspended", 20),
        ((("GRANT", 10, 10, 40, ISO_9001), ("REDUCE", 20, 20, 0, ISO_9001)), 40, "ended", 40),
        ((("GRANT", 10, 10, 40, ISO_9001), ("REDUCE", 20, 20, 60, ISO_9001)), 50, "ended", 40),
        ((("GRANT", 10, 10, 0, ISO_9001), ("REDUCE", 20, 20, 30, ISO_9001)), 50, "ended", 30),
        (
            (
                ("GRANT", 10, 10, 40, ISO_9001),
                ("REDUCE", 20, 20, 30, ISO_9001),
                ("GRANT", 25, 25, 0, ISO_9001),
            ),
            50,
            "in_effect",
            25,
        ),
        ((GRANT, (9, 20, 20, 0, "")), 30, "not_understood", 0),
        ((GRANT, (9, 20, 40, 0, "")), 30, "in_effect", 10),
        ((("GRANT", 10, 10, 0, "all of it"),), 30, "not_understood", 10),
        ((("GRANT", 10, 10, 0, "all of it"), ("SUSPEND", 20, 20, 0, "")), 30, "suspended", 20),
    ],
)
def test_the_state_at_a_moment(
    told: tuple[tuple[str | int, int, int, int, str], ...], moment: int, standing: str, begins: int
) -> None:
    state = accreditation_at(history(*told), moment)
    assert (state.standing, state.begins) == (AccreditationStanding(standing), begins)


@pytest.mark.parametrize(
    ("wide", "narrow", "left"),
    [
        ({"ISO 9001": ["03", "19"]}, {"ISO 9001": ["19"]}, {"ISO 9001": ["19"]}),
        ({"ISO 9001": ["03"]}, {"ISO 9001": ["03", "19"]}, {"ISO 9001": ["03"]}),
        ({"ISO 9001": ["03"]}, {"ISO 9001": ["19"]}, {}),
        ({"ISO 9001": ["03"]}, {"ISO 9001": "all"}, {"ISO 9001": ["03"]}),
        ({"ISO 9001": "all"}, {"ISO 14001": "all"}, {}),
        ({"ISO 9001": "all"}, {"ISO 9001:2015": ["19"]}, {"ISO 9001:2015": ["19"]}),
        ({"ISO 9001:2015": ["19"]}, {"ISO 9001": "all"}, {"ISO 9001:2015": ["19"]}),
        ({"ISO 9001:2015": "all"}, {"ISO 9001:2008": "all"}, {}),
        (
            {"ISO 9001": ["03"], "ISO 9001:2015": ["19"]},
            {"ISO 9001:2015": "all"},
            {"ISO 9001:2015": ["03", "19"]},
        ),
    ],
)
def test_a_reduction_takes_away_and_adds_nothing(
    wide: dict[str, Any], narrow: dict[str, Any], left: dict[str, Any]
) -> None:
    told = history(
        ("GRANT", 10, 10, 0, canonical_json(wide).decode()),
        ("REDUCE", 20, 20, 0, canonical_json(narrow).decode()),
    )
    coverage = accreditation_at(told, 30).coverage
    assert coverage is not None
    expected = {name: frozenset([s] if s == "all" else s) for name, s in left.items()}
    assert coverage.standards == expected


def test_more_reductions_than_anybody_needs_are_not_understood() -> None:
    sectors = [f"{number:02}" for number in range(1, limits.REDUCTIONS + 3)]
    told = [
        GRANT,
        *(
            ("REDUCE", 20, 20, 0, canonical_json({"ISO 9001": sectors[:last]}).decode())
            for last in range(len(sectors) - 1, 0, -1)
        ),
    ]
    assert accreditation_at(history(*told[:-1]), 30).standing == "in_effect"
    assert accreditation_at(history(*told), 30).standing == "not_understood"
    anew = [*told, ("GRANT", 30, 30, 0, ISO_9001)]
    assert accreditation_at(history(*anew), 30).standing == "in_effect"


def test_what_was_recorded_later_does_not_count_where_it_is_not_to() -> None:
    told = history(GRANT, ("SUSPEND", 50, 20, 0, ""))
    assert accreditation_at(told, 30).standing == "suspended"
    assert accreditation_at(told, 30, known_by=30).standing == "in_effect"
    assert accreditation_at(told, 30, known_by=9).standing == "none"


def test_coverage_says_standards_and_sectors() -> None:
    coverage = Coverage.parse('{"ISO 14001":"all","ISO 9001":["19"],"ISO 9001:2015":["28"]}')
    assert coverage.sectors_of("ISO 9001:2015") == {"19", "28"}
    assert coverage.sectors_of("ISO 9001:2008") == {"19"}
    assert coverage.sectors_of("ISO 14001:2015") == ALL_SECTORS
    assert coverage.sectors_of("ISO 45001:2018") == frozenset()


@pytest.mark.parametrize(
    "text",
    [
        "", "{}", "[]", '"all"', "null", '{"ISO 9001":[]}', '{"ISO 9001":["99"]}',
        '{"ISO 9001":["28","19"]}', '{"ISO 9001":["19","19"]}', '{"ISO 9001":"19"}',
        '{"ISO 9001":[19]}', '{"ISO 9001": ["19"]}', '{"":"all"}', '{"ISO\\n9001":"all"}',
        '{"ISO 9001":"all","ISO 14001":"all"}', '{"ISO 9001":[["19"]]}',
        '{"' + "A" * 4096 + '":"all"}',
    ],
)  # fmt: skip
def test_any_other_coverage_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        Coverage.parse(text)


def test_spans_begin_and_end_where_something_changes() -> None:
    moments = [10, 20, 30, 40]
    assert [period(moments, m) for m in (9, 10, 19, 20, 99)] == [0, 1, 1, 2, 4]
    on = {10, 20, 40}.__contains__
    assert held_since(moments, 25, on) == 10
    assert held_since(moments, 45, on) == 40
    assert held_until(moments, 15, on) == 30
    assert held_until(moments, 40, on) == 0
