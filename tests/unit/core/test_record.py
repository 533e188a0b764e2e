"""A record is read strictly, all its faults are named at once, and dump is parse's inverse."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from core import codes, schemas
from core.encoding import canonical_json
from core.errors import Fault, FormatError, Invalid
from core.record import Record
from core.shape import Texts
from tests.support.certificates import full_record, least_record
from tests.support.record_strategy import RECORDS

SCHEMA = Draft202012Validator(
    json.loads((schemas.FOLDER / "record.schema.json").read_text("utf-8"))
)


def changed(pointer: str, value: Any, record: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the full record with one member set, or removed where ``value`` is ``...``."""
    built = copy.deepcopy(record or full_record())
    *above, last = pointer.strip("/").split("/")
    place: Any = built
    for step in above:
        place = place[int(step)] if isinstance(place, list) else place[step]
    key: Any = int(last) if isinstance(place, list) else last
    if value is ...:
        del place[key]
    else:
        place[key] = value
    return built


def faults_of(record: Any) -> tuple[Fault, ...]:
    with pytest.raises(Invalid) as caught:
        Record.parse(record)
    return caught.value.faults


@pytest.mark.parametrize("record", [full_record(), least_record()])
def test_parse_and_dump_are_inverses(record: dict[str, Any]) -> None:
    parsed = Record.parse(record)
    assert parsed.dump() == record
    assert Record.parse(parsed.dump()) == parsed
    assert parsed.canonical() == canonical_json(record)


def test_the_full_record_has_every_member_there_is() -> None:
    def members(shape: dict[str, Any], value: Any) -> None:
        if shape.get("type") == "array":
            members(shape["items"], value[0])
        elif "properties" in shape:
            assert value.keys() == shape["properties"].keys()
            for name, below in shape["properties"].items():
                members(below, value[name])

    members(SCHEMA.schema, full_record())


def test_two_orders_of_members_are_one_record() -> None:
    turned = json.loads(json.dumps(full_record(), sort_keys=True))
    turned["holder"]["names"] = dict(reversed(turned["holder"]["names"].items()))
    assert Record.parse(turned) == Record.parse(full_record())
    assert Record.parse(turned).canonical() == Record.parse(full_record()).canonical()


@pytest.mark.parametrize(
    ("pointer", "value", "code"),
    [
        ("/kind", "product", "reserved"),
        ("/kind", "carbon_statement", "reserved"),
        ("/kind", "certificate", "unknown_value"),
        ("/kind", None, "unknown_value"),
        ("/certificate_number", ..., "missing_member"),
        ("/certificate_number", "", "empty_text"),
        ("/certificate_number", 1526, "not_text"),
        ("/certificate_number", "x" * 61, "too_long"),
        ("/certificate_number", " 1526", "edge_space"),
        ("/certificate_number", "15\n26", "control_character"),
        ("/certificate_number", "15\u200b26", "control_character"),
        ("/certificate_number", "15\u202826", "control_character"),
        ("/certificate_number", "15\U000e004126", "control_character"),
        ("/certificate_number", "15\x8526", "control_character"),
        ("/certificate_number", "15\u202e26", "direction_mark"),
        ("/certificate_number", "Nu\u0308mmer", "not_nfc"),
        ("/standard", "ISO9001:2015", "standard_spelling"),
        ("/standard", "iso 9001: 2015", "standard_spelling"),
        ("/standard_uri", "ISO 9001", "wrong_form"),
        ("/scheme/uri", "nowhere", "wrong_form"),
        ("/accreditation/body_uri", "javascript:alert(1)", "wrong_form"),
        ("/accreditation/body_uri", "data:text/html,x", "wrong_form"),
        ("/holder/names", {}, "languages"),
        ("/holder/names", "Sample", "not_an_object"),
        ("/holder/names/en", "a\u2066b", "direction_mark"),
        ("/holder/names/en", None, "not_text"),
        ("/holder/economy", "XX", "unknown_economy"),
        ("/holder/economy", "cn", "unknown_economy"),
        ("/holder/identifier/value", "91440300MA5EXAMP0D", "identifier_invalid"),
        ("/holder/identifier/scheme", "duns", "unknown_scheme"),
        ("/scope", ..., "missing_member"),
        ("/dates/effective", "2026-02-30", "not_a_date"),
        ("/dates/effective", "20260302", "not_a_date"),
        ("/dates/effective", "2026-W10-1", "not_a_date"),
        ("/dates/expiry", "2026-03-02", "date_order"),
        ("/dates/decision", "2026-03-03", "date_order"),
        ("/dates/original", "2026-03-03", "date_order"),
        ("/revision", -1, "out_of_range"),
        ("/revision", True, "not_an_integer"),
        ("/revision", 1.0, "not_an_integer"),
        ("/cycle", "1", "not_an_integer"),
        ("/sectors", [], "empty_list"),
        ("/sectors", "19", "not_an_array"),
        ("/sectors/0", "40", "unknown_sector"),
        ("/sectors/0", 19, "unknown_sector"),
        ("/sectors", ["01"] * 41, "too_many"),
        ("/sites/0/name", ..., "missing_member"),
        ("/sites/1", "Office", "not_an_object"),
        ("/accreditation/number", ..., "missing_member"),
        ("/accreditation/level", "no-endorsement", "unknown_value"),
        ("/accreditation/evidence/url", "http://node.ab.example/x", "wrong_form"),
        ("/accreditation/evidence/url", "javascript:alert(1)", "wrong_form"),
        ("/accreditation/evidence/digest", "zQm", "wrong_form"),
        ("/audits/0/kind", "annual", "unknown_value"),
        ("/predecessor/slot", "https://node.example/status/7", "wrong_form"),
        ("/predecessor/slot", "https://node.example/status/7#131072", "slot"),
        ("/predecessor/member", 0, "out_of_range"),
        ("/certificate_link/url", "https://x/\u00e9", "wrong_form"),
        ("/render/media_type", "html", "wrong_form"),
        ("/evidence_root", "A" * 42, "base64url"),
        ("/evidence_root", "A" * 42 + "B", "base64url"),
    ],
)
def test_the_smallest_change_that_must_fail(pointer: str, value: Any, code: str) -> None:
    (fault,) = faults_of(changed(pointer, value))
    assert (fault.pointer, fault.code) == (pointer, code)


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/certificate_number", "№ 15/26 (B) – 证书"),
        ("/certificate_number", "x" * 60),
        ("/standard", "VDA 6.1:2016"),
        ("/standard", "EN ISO 9001:2015"),
        ("/holder/names", {"ar": "شركة المثال", "he": "חברה"}),
        ("/holder/names", {"sr-Latn-RS": "Primer", "es-419": "Ejemplo", "de-1996": "Muster"}),
        ("/holder/identifier", {"scheme": "lei", "value": "5493001KJTIIGC8Y1R12"}),
        ("/holder/identifier", {"scheme": "gln", "value": "9506000140445"}),
        ("/holder/identifier", {"scheme": "vat", "value": "DE136695976"}),
        ("/holder/identifier", {"scheme": "cnpj", "value": "16727230000197"}),
        ("/holder/identifier", {"scheme": "other", "value": "HRB 4711"}),
        ("/dates/expiry", "2036-03-01"),
        ("/dates/decision", "2026-03-02"),
        ("/dates/original", "2026-03-02"),
        ("/dates/decision", ...),
        ("/accreditation", ...),
        ("/certificate_link/url", "http://localhost:8080/x.pdf"),
    ],
)
def test_what_occurs_in_the_world_is_accepted(pointer: str, value: Any) -> None:
    record = changed(pointer, value)
    assert Record.parse(record).dump() == record
    assert SCHEMA.is_valid(record)


def test_all_faults_are_found_at_once() -> None:
    record = changed("/dates/effective", "2030-01-01")
    record["holder"]["identifier"]["value"] = "91440300MA5EXAMP0D"
    record["sectors"] = ["40", "19", "41"]
    record["surprise"] = 1
    del record["certificate_number"]
    assert [(fault.pointer, fault.code) for fault in faults_of(record)] == [
        ("", "unknown_member"),
        ("/certificate_number", "missing_member"),
        ("/dates/expiry", "date_order"),
        ("/holder/identifier/value", "identifier_invalid"),
        ("/sectors/0", "unknown_sector"),
        ("/sectors/2", "unknown_sector"),
    ]


def test_a_misspelt_member_is_named_by_the_one_that_was_meant() -> None:
    (fault,) = faults_of({**full_record(), "evidence_rot": "A" * 43})
    assert fault.pointer == ""
    assert "evidence_root" in fault.message


def test_a_sector_twice_and_a_language_that_is_none_are_named() -> None:
    (twice,) = faults_of(changed("/sectors", ["19", "20", "19"]))
    assert (twice.pointer, twice.code) == ("/sectors/2", "twice")
    (tag,) = faults_of(changed("/scope", {"english": "x", "en": "y"}))
    assert (tag.pointer, tag.code) == ("/scope", "language_tag")


CANARY = "Zq7-canary-4f19"


def test_no_fault_repeats_a_value_or_a_name_from_outside() -> None:
    def spoilt(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: spoilt(below) for name, below in value.items()} | {CANARY: CANARY}
        if isinstance(value, list):
            return [spoilt(item) for item in value]
        return f" {CANARY}"

    record = spoilt(full_record())
    with pytest.raises(Invalid) as caught:
        Record.parse(record)
    told = "".join(map(repr, caught.value.faults)) + repr(caught.value) + str(caught.value)
    assert len(caught.value.faults) > 40
    assert CANARY not in told


@pytest.mark.parametrize("value", [None, [], "record", 1])
def test_what_is_no_object_is_no_record(value: Any) -> None:
    (fault,) = faults_of(value)
    assert (fault.pointer, fault.code) == ("", "not_an_object")


def test_a_record_that_is_too_large_altogether_is_refused() -> None:
    site = {"name": "n" * 500, "economy": "CN", "scope": "s" * 4000}
    (fault,) = faults_of(changed("/sites", [site] * 40))
    assert fault.code == "too_large"


def test_a_file_is_read_strictly() -> None:
    raw = json.dumps(full_record(), indent=4).encode()
    assert Record.read(raw).dump() == full_record()
    with pytest.raises(FormatError):
        Record.read(raw.replace(b'"cycle"', b'"revision"'))


@pytest.mark.parametrize("name", ["uscc-gb32100.json", "lei-iso17442.json"])
def test_check_digits_agree_with_the_lists(name: str) -> None:
    scheme = name.split("-")[0]
    listed = json.loads((Path(codes.__file__).parent / name).read_bytes())
    for value in listed["valid_real"] + listed["valid_fictional"]:
        Record.parse(changed("/holder/identifier", {"scheme": scheme, "value": value}))
    for value in listed["invalid"]:
        (fault,) = faults_of(changed("/holder/identifier", {"scheme": scheme, "value": value}))
        assert fault.code == "identifier_invalid"


@pytest.mark.parametrize(
    ("scheme", "value"),
    [
        ("gln", "9506000140446"),
        ("gln", "95060001404451"),
        ("gtin", "09520123456789"),
        ("vat", "DE136695977"),
        ("vat", "de 136695976"),
        ("cnpj", "16727230000198"),
        ("cnpj", "16.727.230/0001-97"),
        ("uscc", "91440300ma5examp0c"),
    ],
)
def test_a_wrong_check_digit_and_a_second_spelling_are_refused(scheme: str, value: str) -> None:
    (fault,) = faults_of(changed("/holder/identifier", {"scheme": scheme, "value": value}))
    assert fault.code == "identifier_invalid"


def test_the_schema_file_is_what_the_code_says() -> None:
    for name in schemas.SCHEMAS:
        assert (schemas.FOLDER / name).read_text("utf-8") == schemas.text(name), (
            "run: python -m core.schemas"
        )
    Draft202012Validator.check_schema(SCHEMA.schema)


def test_the_schema_takes_our_records_and_refuses_what_it_can_tell() -> None:
    assert SCHEMA.is_valid(full_record())
    assert SCHEMA.is_valid(least_record())
    for pointer, value in (
        ("/surprise", 1),
        ("/certificate_number", "x" * 61),
        ("/holder/economy", "XX"),
        ("/scope", {}),
        ("/scope/english", "x"),
        ("/sectors", ["19", "19"]),
        ("/dates/expiry", "tomorrow"),
        ("/kind", "product"),
    ):
        assert not SCHEMA.is_valid(changed(pointer, value)), pointer


# ------------------------------------------------------------ round trip


@given(RECORDS)
def test_every_record_comes_back_as_it_went(record: dict[str, Any]) -> None:
    parsed = Record.parse(record)
    assert parsed.dump() == record
    assert Record.parse(parsed.dump()) == parsed
    assert Record.read(parsed.canonical()) == parsed
    assert SCHEMA.is_valid(record)


def test_texts_prefer_the_languages_asked_for() -> None:
    texts = Texts.of({"zh-Hans": "简", "en-GB": "colour", "de": "Farbe"})
    assert texts.preferred("en") == "colour"
    assert texts.preferred("fr", "zh") == "简"
    assert texts.preferred("fr") == "Farbe"
    assert Texts.of(texts.to_dict()) == texts
