"""Line 6, and what a certificate shows: what is held back is neither Yes nor No."""

from __future__ import annotations

from typing import Any

import pytest

from core.report import Question
from verifier.checks.scope import Shown, check_scope

SITES = [
    {"siteName": "Plant 1", "siteAddress": {"en": "1 Example Road", "zh": "示例路1号"}},
    {"siteName": "Bureau №2"},
]


@pytest.mark.parametrize(
    ("disclosed", "not_shared", "sectors"),
    [
        ({"sectors": ["19", "28"]}, (), ("19", "28")),
        ({}, (), ()),
        ({}, ("sectors",), None),
        ({}, ("other",), None),  # what has no name may be anything that is not there
        ({"sectors": ["19"]}, ("other",), ("19",)),
        ({}, ("scope",), ()),
        ({"sectors": ["19", 5]}, (), ("19", "?")),  # on no list, and not passed over
        ({"sectors": "19"}, (), ("19",)),
    ],
)
def test_the_sectors_that_are_shown(
    disclosed: dict[str, Any], not_shared: tuple[str, ...], sectors: tuple[str, ...] | None
) -> None:
    assert Shown(disclosed, not_shared).sectors() == sectors


@pytest.mark.parametrize(
    ("site", "not_shared", "code"),
    [
        ("Plant 1", (), "scope_covered"),
        ("  plant-1 ", (), "scope_covered"),
        ("1 example road", (), "scope_covered"),
        ("示例路1号", (), "scope_covered"),
        ("bureau no2", (), "scope_covered"),
        ("Plant", (), "scope_other_site"),
        ("!?", (), "scope_other_site"),
        ("Plant 9", ("site-3",), "scope_sites_not_shared"),
        ("Plant 9", ("other",), "scope_other_site"),
        ("Plant 1", ("site-3",), "scope_covered"),
    ],
)
def test_a_site_by_name_or_address(site: str, not_shared: tuple[str, ...], code: str) -> None:
    shown = Shown({"standard": "ISO 9001:2015", "sites": SITES}, not_shared)
    assert check_scope(Question(site=site), shown).code == code


def test_of_several_questions_the_gravest_answer_is_told() -> None:
    shown = Shown({"standard": "ISO 9001:2015", "sites": SITES}, ("sectors",))
    asked = {"standard": "ISO 9001", "sector": "19", "site": "Plant 1"}
    assert check_scope(Question(**asked), shown).code == "scope_sectors_not_shared"
    other = Question(**{**asked, "site": "Plant 9"})
    assert check_scope(other, shown).code == "scope_other_site"
    assert check_scope(other, None).code == "scope_not_checked"
    assert check_scope(Question(), None).code == "scope_not_asked"
