"""The code lists are whole, and known standards are found however they are spelled."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core import codes

FOLDER = Path(codes.__file__).parent


def test_the_lists_have_as_many_entries_as_they_say() -> None:
    assert len(codes.economies()) == 249
    assert codes.economies()["CN"].names["en"] == "China"
    assert {economy.alpha3 for economy in codes.economies().values()} >= {"CHN", "DEU", "BRA"}
    assert list(codes.sectors()) == [f"{n:02}" for n in range(1, 40)]
    assert len(codes.lifecycle()["events"]) == 13
    for name in ("countries-iso3166.json", "iaf-sectors.json"):
        listed = json.loads((FOLDER / name).read_bytes())
        assert listed["count"] == len(listed.get("countries", listed.get("sectors")))


@pytest.mark.parametrize(
    "text", ["ISO 9001:2015", "iso9001:2015", "ISO  9001-2015", "ISO 9001 : 2015"]
)
def test_a_known_standard_is_found_however_it_is_spelled(text: str) -> None:
    known = codes.known_standard(text)
    assert known is not None
    assert (known.name, known.kind) == ("ISO 9001:2015", "QMS")


@pytest.mark.parametrize("text", ["ISO 9001", "ISO 9001:2008", "EN ISO 9001:2015", ""])
def test_another_edition_or_adoption_is_another_standard(text: str) -> None:
    assert codes.known_standard(text) is None


@pytest.mark.parametrize(
    ("asked", "stated"),
    [
        ("ISO 9001", "ISO 9001:2015"),
        ("iso9001", "ISO 9001:2008"),
        ("ISO 9001", "ISO 9001"),
        ("ISO 9001:2015", "ISO9001-2015"),
        ("ISO 9001", "ISO 9001:2015/Amd 1:2024"),
        ("ISO 14064-1", "ISO 14064-1:2018"),
        ("GB/T 19001", "GB/T 19001-2016"),
        ("House rule", "house rule"),
    ],
)
def test_a_standard_is_covered_by_its_name_with_or_without_the_year(
    asked: str, stated: str
) -> None:
    assert codes.same_standard(asked, stated)


@pytest.mark.parametrize(
    ("asked", "stated"),
    [
        ("ISO 9001:2015", "ISO 9001:2008"),
        ("ISO 9001:2015", "ISO 9001"),
        ("ISO 9001:2015", "ISO 9001:2015/Amd 1:2024"),
        ("ISO 9001", "ISO 9004"),
        ("ISO 9001", "ISO 90011:2015"),
        ("ISO 9001", "EN ISO 9001:2015"),
        ("ISO 14064", "ISO 14064-1:2018"),
        ("ISO 9001", "ISO 9001:20155"),
        ("", "ISO 9001:2015"),
    ],
)
def test_another_standard_or_edition_is_not_covered(asked: str, stated: str) -> None:
    assert not codes.same_standard(asked, stated)


@pytest.mark.parametrize(
    ("standard", "scope"),
    [
        ("ISO 9001:2015", "MSC/QMS"),
        ("ISO 9001:2008", "MSC/QMS"),
        ("iso 9001", "MSC/QMS"),
        ("ISO/IEC 27001:2022", "MSC/ISMS"),
        ("ISO 37001:2025", "MSC/ABMS"),
        ("ISO 14064-1:2018", None),
        ("EN ISO 9001:2015", None),
        ("", None),
    ],
)
def test_a_standard_falls_under_the_sub_scope_that_is_titled_with_it(
    standard: str, scope: str | None
) -> None:
    assert codes.scope_of_standard(standard) == scope


def test_a_main_scope_covers_its_sub_scopes_and_nothing_else() -> None:
    assert codes.covers_scope("MSC", "MSC")
    assert codes.covers_scope("MSC", "MSC/QMS")
    assert not codes.covers_scope("MSC/QMS", "MSC")
    assert not codes.covers_scope("MSC/QMS", "MSC/EMS")
    assert not codes.covers_scope("MS", "MSC")
    assert codes.main_scopes().keys() >= {"MSC", "PC", "TEST"}
    assert all("/" not in name for name in codes.main_scopes())
    assert all(codes.covers_scope("MSC", name) for name in codes.sub_scopes())
    assert codes.scopes().keys() == codes.main_scopes().keys() | codes.sub_scopes().keys()
    assert all(len(name.encode("ascii")) <= 32 for name in codes.scopes())  # as on the ledger


def test_user_assigned_codes_are_economies_of_members_and_of_no_real_economy() -> None:
    for code in ("AA", "QM", "QZ", "XA", "XE", "XZ", "ZZ", "CN"):
        assert codes.known_economy(code)
    for code in ("QL", "QN ", "xa", "AB", "ZY", "", "XAA"):
        assert not codes.known_economy(code)
    assert len(codes.economy_codes()) == 249 + 2 + 14 + 26
    assert (codes.economy_name("CN", "zh"), codes.economy_name("XA")) == ("中国", "XA")


def test_every_standard_has_an_address_and_every_system_a_topic() -> None:
    for standard in codes.standards().values():
        assert standard.uri.startswith(("https://www.iso.org/standard/", "urn:iso:std:"))
    assert codes.management_systems().keys() <= {s.kind for s in codes.standards().values()}
    assert all(system.topic for system in codes.management_systems().values())


def test_every_file_says_where_it_comes_from_and_stands_in_the_source_notes() -> None:
    notes = (FOLDER / "SOURCE.md").read_text("utf-8")
    for file in FOLDER.glob("*.json"):
        assert json.loads(file.read_bytes())["source"], file.name
        assert file.name in notes


def test_the_example_is_a_fresh_copy_with_purpose_suspension() -> None:
    example = codes.ecert_example()
    assert example["credentialStatus"]["statusPurpose"] == "suspension"
    example.clear()
    assert codes.ecert_example()["@context"][2] == codes.ECERT_CONTEXT_URL
    assert json.loads(codes.ecert_context())["@context"]["@protected"] is True
