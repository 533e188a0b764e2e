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
