"""The pages on the record and the e-certificate say what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from core.acceptance import Acceptance, policy_schema
from core.credential import claims
from core.credential_fields import FIELDS
from core.examples import policies
from core.record import Record, record_schema
from core.signed import SELECTIVE_TYPE, Kid
from tests.support.certificates import ISSUER, SLOT

FORMATS = Path(__file__).resolve().parents[2] / "docs" / "formats"


def page(name: str) -> str:
    return (FORMATS / name).read_text("utf-8")


def examples(name: str) -> list[Any]:
    return [json.loads(block) for block in re.findall(r"```json\n(.*?)```", page(name), re.DOTALL)]


def test_the_record_of_the_page_is_a_record() -> None:
    (record,) = examples("record.md")
    assert Record.parse(record).dump() == record


def test_the_page_on_records_names_every_member_and_no_other() -> None:
    rows = re.findall(r"^\| (`[a-z_`, ]+`) \|", page("record.md"), re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"[a-z_]+", row)}
    schema = record_schema()
    assert named == schema["properties"].keys()
    required = re.findall(r"^\| `([a-z_]+)` \| yes \|", page("record.md"), re.MULTILINE)
    assert set(required) == set(schema["required"])


def test_the_claims_of_the_page_are_those_of_its_record() -> None:
    (record,) = examples("record.md")
    header, shown = examples("credential.md")
    assert shown == claims(Record.parse(record), ISSUER, SLOT)
    assert Kid.of_header(header, SELECTIVE_TYPE).did == ISSUER.did


def test_the_page_on_e_certificates_names_every_field_and_no_other() -> None:
    rows = re.findall(
        r"^\| `([a-z-]+)`(?:, `[a-z]+-1` …)? \| `([A-Za-z.]+)`", page("credential.md"), re.MULTILINE
    )
    paths = {
        field.name: ".".join(map(str, field.path)).removeprefix("credentialSubject.")
        for field in FIELDS
    }
    assert dict(rows) == paths


def test_the_policy_of_the_page_is_a_policy() -> None:
    (shown,) = examples("policy.md")
    assert Acceptance.parse(shown).dump() == shown


def test_the_page_on_policies_names_every_member_and_no_other() -> None:
    rows = re.findall(r"^\| (`[a-z_`, ]+`) \|( yes)?", page("policy.md"), re.MULTILINE)
    named = {name: must for row, must in rows for name in re.findall(r"[a-z_]+", row)}
    schema = policy_schema()
    assert named.keys() == schema["properties"].keys()
    assert {name for name, must in named.items() if must} == set(schema["required"])


def test_the_page_on_policies_names_every_example() -> None:
    rows = re.findall(r"^\| `(X[A-Z])` \|", page("policy.md"), re.MULTILINE)
    assert rows == list(policies())
