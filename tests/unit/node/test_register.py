"""The CSV register: our header, others' headers, and every fault with its row and column."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from core.errors import FormatError
from node.intake import Row
from node.register import Register
from node.register_columns import FIXED, column, parse_mapping

HEADER = (
    "certificate_number,revision,standard,holder_name_en,holder_name_zh-Hans,holder_address,"
    "holder_economy,scope_en,sectors,effective_date,expiry_date,"
    "site_1_name,site_1_economy,site_3_name,site_3_economy,audit_1_kind,audit_1_date\r\n"
)
GOOD = (
    '01526Q3,1,ISO 9001:2015,"Sample, Ltd.",样品有限公司, 1 Example Road ,CN,Pumps,19; 18,'
    "2026-03-02,2029-03-01,Plant,CN,Office,CN,initial,2026-02-12\r\n"
)


def rows_of(text: str | bytes, mapping: str | None = None) -> list[Row]:
    raw = text.encode() if isinstance(text, str) else text
    parsed = parse_mapping(mapping.encode()) if mapping is not None else None
    return list(Register(io.BytesIO(raw), parsed))


def test_a_good_row_becomes_a_record() -> None:
    (row,) = rows_of(HEADER + GOOD)
    assert row.number == 2
    assert row.record is not None
    assert row.record.dump() == {
        "kind": "management_system",
        "certificate_number": "01526Q3",
        "revision": 1,
        "standard": "ISO 9001:2015",
        "holder": {
            "names": {"en": "Sample, Ltd.", "zh-Hans": "样品有限公司"},
            "address": {"und": "1 Example Road"},
            "economy": "CN",
        },
        "scope": {"en": "Pumps"},
        "sectors": ["19", "18"],
        "dates": {"effective": "2026-03-02", "expiry": "2029-03-01"},
        "sites": [{"name": "Plant", "economy": "CN"}, {"name": "Office", "economy": "CN"}],
        "audits": [{"kind": "initial", "date": "2026-02-12"}],
    }


def test_a_byte_order_mark_is_tolerated() -> None:
    assert len(rows_of(b"\xef\xbb\xbf" + (HEADER + GOOD).encode())) == 1


def test_blank_rows_are_passed_over_and_still_counted() -> None:
    register = Register(io.BytesIO((HEADER + ",,\r\n" + "\r\n" + GOOD).encode()))
    assert [row.number for row in register] == [4]
    assert register.row_count == 1


def test_a_row_may_span_lines() -> None:
    text = HEADER + GOOD.replace("Pumps", '"Pumps\nand more"') + GOOD
    rows = rows_of(text)
    assert [row.number for row in rows] == [2, 3]
    assert [fault.column for fault in rows[0].faults] == ["scope_en"]


def test_formula_cells_are_just_text() -> None:
    (row,) = rows_of(HEADER + GOOD.replace("Pumps", "=1+1"))
    assert row.record is not None
    assert row.record.dump()["scope"] == {"en": "=1+1"}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("ISO 9001:2015", "ISO9001:2015", ("standard", "standard_spelling")),
        (",CN,Pumps", ",XX,Pumps", ("holder_economy", "unknown_economy")),
        ("2029-03-01", "01.03.2029", ("expiry_date", "wrong_form")),
        ("2029-03-01", "2020-03-01", ("expiry_date", "date_order")),
        ("19; 18", "19; 77", ("sectors", "unknown_sector")),
        ("Office,CN", "Office,", ("site_3_name", "missing_member")),
        ("01526Q3,1", "01526Q3,one", ("revision", "not_an_integer")),
    ],
)
def test_a_fault_names_row_and_column(old: str, new: str, expected: tuple[str, str]) -> None:
    assert old in GOOD
    rows = rows_of(HEADER + GOOD + GOOD.replace(old, new, 1))
    assert rows[0].record is not None
    assert rows[1].record is None
    assert rows[1].number == 3
    faults = {(fault.column, fault.code) for fault in rows[1].faults}
    assert expected[0] in {column for column, _ in faults}
    assert expected in faults or expected[1] in {"wrong_form", "missing_member", "not_an_integer"}


def test_no_fault_repeats_a_value() -> None:
    (row,) = rows_of(HEADER + GOOD.replace("ISO 9001:2015", "ISO9001:2015").replace("CN", "QQ"))
    assert row.faults
    assert not any("QQ" in fault.message for fault in row.faults)


def test_a_row_of_another_length_is_named() -> None:
    rows = rows_of(HEADER + "a,b\r\n" + GOOD)
    assert [fault.code for fault in rows[0].faults] == ["cell_count"]
    assert rows[1].record is not None


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "register_empty"),
        (HEADER.replace("scope_en", "scoop_en").encode(), "register_column"),
        (HEADER.replace("scope_en", "standard").encode(), "register_column_twice"),
        (HEADER.replace("certificate_number,", "cycle,").encode(), "register_column_missing"),
        ((HEADER + GOOD).encode() + b"\xff\xfe", "not_utf8"),
        ((HEADER + GOOD + '"open').encode(), "register_csv"),
    ],
)
def test_a_file_that_is_not_sound_is_refused_whole(raw: bytes, code: str) -> None:
    with pytest.raises(FormatError) as refused:
        Register(io.BytesIO(raw))
    assert refused.value.code == code


MAPPING = """
delimiter = ";"
date_format = "%d.%m.%Y"
ignore = ["Bemerkung"]
[columns]
"Zertifikat" = "certificate_number"
"Firma" = "holder_name_de"
"Land" = "holder_economy"
"Geltungsbereich" = "scope_de"
"gültig ab" = "effective_date"
"gültig bis" = "expiry_date"
[constants]
standard = "ISO 9001:2015"
[values.holder_economy]
"Deutschland" = "DE"
"""
THEIRS = (
    "Zertifikat;Firma;Land;Geltungsbereich;gültig ab;gültig bis;Bemerkung\n"
    "RZ-1;Muster GmbH;Deutschland;Pumpen;02.03.2026;01.03.2029;intern\n"
)


def test_a_mapping_reads_another_header() -> None:
    (row,) = rows_of(THEIRS, MAPPING)
    assert row.record is not None
    assert row.record.dump() == {
        "kind": "management_system",
        "certificate_number": "RZ-1",
        "revision": 0,
        "standard": "ISO 9001:2015",
        "holder": {"names": {"de": "Muster GmbH"}, "economy": "DE"},
        "scope": {"de": "Pumpen"},
        "dates": {"effective": "2026-03-02", "expiry": "2029-03-01"},
    }


def test_faults_name_their_columns_not_ours() -> None:
    (row,) = rows_of(THEIRS.replace("Deutschland", "Nirgendwo"), MAPPING)
    assert [fault.column for fault in row.faults] == ["Land"]


@pytest.mark.parametrize(
    "mapping",
    [
        "colums = 1",
        '[columns]\nA = "scoop"',
        '[constants]\nscoop = "x"',
        'delimiter = "x"',
        "ignore = 3",
        "not toml",
    ],
)
def test_a_mapping_with_a_mistake_is_refused(mapping: str) -> None:
    with pytest.raises(FormatError):
        parse_mapping(mapping.encode())


def test_a_mapped_column_that_is_not_there_is_refused() -> None:
    with pytest.raises(FormatError) as refused:
        rows_of(HEADER + GOOD, '[columns]\nElse = "cycle"')
    assert refused.value.code == "register_column_missing"


@pytest.mark.parametrize("name", ["site_0_name", "site_1_size", "holder_name_", "scope_ENGLISH"])
def test_names_that_are_no_columns(name: str) -> None:
    assert column(name) is None


DOCUMENT = Path(__file__).parents[3] / "docs" / "formats" / "register.md"


def test_the_document_lists_every_column() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z_N]+(?:_LANG)?)`", text))
    assert set(FIXED) <= named
    for stem in ("holder_name", "holder_address", "scope"):
        assert f"{stem}_LANG" in named
    for name in ("site_N_name", "site_N_economy", "site_N_address", "site_N_scope"):
        assert name in named
    assert {"audit_N_kind", "audit_N_date"} <= named


def test_the_documents_examples_are_read() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    example, mapping = re.findall(r"```(?:csv|toml)\n(.*?)```", text, re.DOTALL)
    (row,) = rows_of(example)
    assert row.faults == ()
    (theirs,) = rows_of(THEIRS, mapping)
    assert theirs.record is not None
