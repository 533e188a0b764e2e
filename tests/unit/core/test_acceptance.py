"""An acceptance policy is read strictly, all its faults are named, and its signature holds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from core import limits, schemas
from core.acceptance import Acceptance, Accepted, KeyAssurance, Through
from core.encoding import b64url, b64url_decode, canonical_json
from core.errors import Fault, FormatError, Invalid, LimitError, ProofError, Refused
from core.recognition_events import Assurance
from core.signed import Kid
from tests.support.policies import full_policy, least_policy, policies, policy
from tests.support.tokens import ed25519_signer, es256_signer
from tests.unit.core.test_record import changed as changed_in

SCHEMA = Draft202012Validator(
    json.loads((schemas.FOLDER / "policy.schema.json").read_text("utf-8"))
)
DID = "did:web:authority.example"
SIGNER = es256_signer("authority")


def changed(pointer: str, value: Any) -> dict[str, Any]:
    """Return the full policy with one member set, or removed where ``value`` is ``...``."""
    return changed_in(pointer, value, full_policy())


def faults_of(value: Any) -> tuple[Fault, ...]:
    with pytest.raises(Invalid) as caught:
        Acceptance.parse(value)
    assert caught.value.code == "policy_invalid"
    return caught.value.faults


# ------------------------------------------------------------ reading


@pytest.mark.parametrize("value", [full_policy(), least_policy()])
def test_parse_and_dump_are_inverses(value: dict[str, Any]) -> None:
    parsed = Acceptance.parse(value)
    assert parsed.dump() == value
    assert Acceptance.parse(parsed.dump()) == parsed
    assert Acceptance.read(parsed.file_bytes()) == parsed
    assert SCHEMA.is_valid(value)


def test_the_full_policy_has_every_member_there_is() -> None:
    def members(shape: dict[str, Any], value: Any) -> None:
        if shape.get("type") == "array":
            members(shape["items"], value[0])
        elif "properties" in shape:
            assert value.keys() == shape["properties"].keys() - {"signature"}
            for name, below in value.items():
                members(shape["properties"][name], below)

    members(SCHEMA.schema, full_policy())


def test_the_file_is_for_people_to_read() -> None:
    lines = policy().file_bytes().decode().splitlines()
    assert lines[0] == "{"
    assert '  "economy": "XA",' in lines
    assert any("进口商须登记" in line for line in lines)


@pytest.mark.parametrize(
    ("pointer", "value", "code"),
    [
        ("/v", 2, "unknown_value"),
        ("/v", True, "unknown_value"),
        ("/v", 1.0, "unknown_value"),
        ("/kind", "comity-policy", "unknown_value"),
        ("/kind", ..., "missing_member"),
        ("/economy", "XX1", "unknown_economy"),
        ("/economy", "QL", "unknown_economy"),
        ("/economy", "cn", "unknown_economy"),
        ("/version", 0, "out_of_range"),
        ("/version", "1", "not_an_integer"),
        ("/effective_at", "2026-01-01", "not_an_instant"),
        ("/effective_at", "2026-01-01T00:00:00+00:00", "not_an_instant"),
        ("/effective_at", "2026-02-30T00:00:00Z", "not_an_instant"),
        ("/effective_at", "2026-01-01T24:00:00Z", "not_an_instant"),
        ("/effective_at", 1, "not_an_instant"),
        ("/ledger", "comity/1/0x00", "wrong_form"),
        ("/home_bodies", [], "empty_list"),
        ("/home_bodies/0", 0, "out_of_range"),
        ("/home_bodies", [4, 4], None),
        ("/home_bodies", ..., "missing_member"),
        ("/accepts/0/arrangement", 0, "out_of_range"),
        ("/accepts/0/through", "both", "unknown_value"),
        ("/accepts/0/scopes", [], "empty_list"),
        ("/accepts/0/scopes", ..., "missing_member"),
        ("/accepts/0/scopes/0", "MSC/XMS", "unknown_scope"),
        ("/accepts/0/scopes/0", "QMS", "unknown_scope"),
        ("/accepts/0/scopes/0", "msc", "unknown_scope"),
        ("/accepts/0/standards/0", "ISO 9002", "unknown_standard"),
        ("/accepts/0/standards/0", "ISO9001", "unknown_standard"),
        ("/accepts/0/standards/0", "ISO 9001:15", "unknown_standard"),
        ("/accepts/0/standards/0", "ISO 9001:2015/Amd 1:2024", "unknown_standard"),
        ("/accepts/0/standards/0", "ISO 9001:", "unknown_standard"),
        ("/accepts/0/standards/0", "ISO 45001", "outside_scopes"),
        ("/accepts/0/standards", None, "not_an_array"),
        ("/accepts/0/sectors/0", "40", "unknown_sector"),
        ("/accepts/0/conditions/0", "importer", None),
        ("/accepts/0/conditions/0", "Importer", "wrong_form"),
        ("/own_accreditation", 1, "not_a_flag"),
        ("/own_accreditation", "true", "not_a_flag"),
        ("/signatures/algorithms", [], "empty_list"),
        ("/signatures/algorithms/0", "EdDSA", "unknown_algorithm"),
        ("/signatures/algorithms/0", "RS256", "unknown_algorithm"),
        ("/signatures/key_assurance", "paper", "unknown_value"),
        ("/max_evidence_age/live", 29, "out_of_range"),
        ("/max_evidence_age/offline", 367 * 86_400, "out_of_range"),
        ("/max_evidence_age/offline", ..., "missing_member"),
        ("/required_disclosures/0", "sector", "unknown_field"),
        ("/required_disclosures/0", "standard", "unknown_field"),
        ("/conditions/0/text", {"zh": "进口商须登记。"}, None),
        ("/conditions/0/text/en", "", "empty_text"),
        ("/conditions/0/text/en", "x" * 1001, "too_long"),
        ("/conditions/0/id", "a--b", "wrong_form"),
        ("/title", {"en-GB": "What XA accepts"}, None),
        ("/signature", "", "empty_text"),
        ("/signature", "e30..AA", "signature_form"),
        ("/signature", "a.b.c", "wrong_form"),
    ],
)
def test_the_smallest_change_that_must_fail(pointer: str, value: Any, code: str | None) -> None:
    faults = faults_of(changed(pointer, value))
    if code is not None:
        assert [(fault.pointer, fault.code) for fault in faults] == [(pointer, code)]


@pytest.mark.parametrize("pointer", ["", "/accepts/0", "/signatures", "/conditions/0", "/title"])
def test_unknown_members_are_refused_everywhere(pointer: str) -> None:
    (fault,) = faults_of(changed(f"{pointer}/surprise", 1))
    assert (fault.pointer, fault.code) in {
        (pointer, "unknown_member"),
        (pointer, "language_tag"),
        (f"{pointer}/surprise", "not_text"),
    }


def test_what_stands_between_members_is_judged_too() -> None:
    value = changed("/accepts/0/conditions", ["registration"])
    assert [(fault.pointer, fault.code) for fault in faults_of(value)] == [
        ("/accepts/0/conditions/0", "unknown_condition"),
        ("/conditions/0/id", "unused_condition"),
    ]
    value = full_policy()
    value["conditions"] *= 2
    assert [(f.pointer, f.code) for f in faults_of(value)] == [("/conditions/1/id", "twice")]
    value = full_policy()
    value["accepts"] *= 2
    assert [f.pointer for f in faults_of(value)] == ["/accepts/2", "/accepts/3"]


@pytest.mark.parametrize(
    ("pointer", "at"),
    [("/title", "/title/en"), ("/conditions/0/text", "/conditions/0/text/en")],
)
def test_a_text_without_english_is_refused(pointer: str, at: str) -> None:
    (fault,) = faults_of(changed(pointer, {"zh": "文本", "en-GB": "text"}))
    assert (fault.pointer, fault.code) == (at, "missing_language")
    assert not SCHEMA.is_valid(changed(pointer, {"zh": "文本"}))


def test_a_policy_of_its_own_accreditation_needs_a_home_body_and_one_of_nothing_does_not() -> None:
    Acceptance.parse(least_policy())
    (fault,) = faults_of(least_policy() | {"own_accreditation": True})
    assert (fault.pointer, fault.code) == ("/home_bodies", "missing_member")


@pytest.mark.parametrize("standard", ["ISO 9001", "ISO 9001:2015", "ISO 9001:2008", "ISO 14067"])
def test_standards_with_and_without_a_year_are_taken(standard: str) -> None:
    value = changed("/accepts/0/standards", [standard])
    assert Acceptance.parse(value).dump() == value


def large_policy(chars: int) -> dict[str, Any]:
    """Return a policy with 24 texts of so many characters."""
    ids = ["one", "two", "three"]
    texts = dict.fromkeys(("en", "zh", "de", "fr", "es", "pt", "ru", "ar"), "x" * chars)
    entry = {"arrangement": 1, "through": "direct", "scopes": ["MSC"], "conditions": ids}
    told = [{"id": name, "text": texts} for name in ids]
    return least_policy() | {"home_bodies": [1], "accepts": [entry], "conditions": told}


def test_more_than_24_kib_is_refused() -> None:
    spare = limits.LEDGER_TEXT_BYTES - len(Acceptance.parse(large_policy(1)).file_bytes())
    fitting = Acceptance.parse(large_policy(1 + spare // 24))
    (fault,) = faults_of(large_policy(2 + spare // 24))
    assert (fault.pointer, fault.code) == ("", "too_large")
    with pytest.raises(Invalid):
        fitting.signed_by(SIGNER, DID)
    with pytest.raises(LimitError):
        Acceptance.read(b" " * limits.LEDGER_TEXT_BYTES + policy().file_bytes())


def test_a_file_is_read_strictly() -> None:
    with pytest.raises(FormatError, match="twice"):
        Acceptance.read(policy().file_bytes().replace(b'"version"', b'"economy"'))
    with pytest.raises(FormatError):
        Acceptance.read(policy().file_bytes()[:-3])


@given(policies())
def test_every_policy_comes_back_as_it_went(value: dict[str, Any]) -> None:
    parsed = Acceptance.parse(value)
    assert parsed.dump() == value
    assert Acceptance.read(parsed.file_bytes()) == parsed
    assert SCHEMA.is_valid(value)


# ------------------------------------------------------------ what it says


def test_an_entry_takes_what_its_lists_cover() -> None:
    entry, direct = policy().accepts
    assert (entry.through, direct.through) == (Through.ACCREDITATION, Through.DIRECT)
    assert entry.takes_scope("MSC/QMS")
    assert not entry.takes_scope("MSC/OHSMS")
    assert not entry.takes_scope("MSC")
    assert direct.takes_scope("MSC/OHSMS")
    assert entry.takes_standard("ISO 9001:2008")
    assert entry.takes_standard("ISO 14001:2015")
    assert not entry.takes_standard("ISO 14001:2004")
    assert entry.takes_sector("19")
    assert not entry.takes_sector("20")
    everything = Accepted(arrangement=1, through=Through.DIRECT, scopes=("MSC",))
    assert everything.takes_standard("House rule")
    assert everything.takes_sector("39")


def test_assurance_has_the_numbers_of_the_ledger() -> None:
    assert {one.name: one.level for one in KeyAssurance} == {
        one.name: one.value for one in Assurance
    }


# ------------------------------------------------------------ signatures


@pytest.mark.parametrize("signer", [SIGNER, ed25519_signer("authority")])
def test_a_signed_policy_verifies_and_names_its_key(signer: Any) -> None:
    signed = policy().signed_by(signer, DID)
    signed.verify(signer.public)
    assert signed.signer == Kid(DID, signer.public.thumbprint)
    assert Acceptance.read(signed.file_bytes()) == signed
    assert SCHEMA.is_valid(signed.dump())
    head, _, tail = (signed.signature or "").partition("..")
    assert json.loads(b64url_decode(head)) == {
        "alg": signer.algorithm,
        "kid": f"{DID}#{signer.thumbprint}",
        "typ": "comity-policy+jws",
    }
    # any JOSE library can check it: RFC 7515 appendix F over RFC 8785 bytes
    unsigned = {name: value for name, value in signed.dump().items() if name != "signature"}
    content = f"{head}.{b64url(canonical_json(unsigned))}".encode()
    signer.public.verify(signer.algorithm, content, b64url_decode(tail))


def test_white_space_and_order_of_members_are_free_under_a_signature() -> None:
    signed = policy().signed_by(SIGNER, DID)
    turned = Acceptance.read(json.dumps(signed.dump(), sort_keys=True).encode())
    turned.verify(SIGNER.public)
    assert turned == signed


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/version", 2),
        ("/economy", "XB"),
        ("/effective_at", "2025-01-01T00:00:00Z"),
        ("/accepts/0/scopes/0", "MSC"),
        ("/signatures/key_assurance", "hsm"),
        ("/own_accreditation", True),
        ("/ledger", ...),
    ],
)
def test_any_change_breaks_the_signature(pointer: str, value: Any) -> None:
    signed = policy().signed_by(SIGNER, DID).dump()
    altered = Acceptance.parse(changed_in(pointer, value, signed))
    with pytest.raises(ProofError) as caught:
        altered.verify(SIGNER.public)
    assert caught.value.code == "signature_invalid"


def test_another_key_and_no_signature_are_refused() -> None:
    signed = policy().signed_by(SIGNER, DID)
    with pytest.raises(ProofError):
        signed.verify(es256_signer("another").public)
    with pytest.raises(ProofError) as caught:
        signed.verify(ed25519_signer("authority").public)
    assert caught.value.code == "algorithm_mismatch"
    assert policy().signer is None
    with pytest.raises(FormatError) as unsigned:
        policy().verify(SIGNER.public)
    assert unsigned.value.code == "policy_unsigned"


def test_signing_again_takes_the_place_of_the_first_signature() -> None:
    other = es256_signer("another")
    signed = policy().signed_by(SIGNER, DID).signed_by(other, DID)
    signed.verify(other.public)
    assert signed.signer == Kid(DID, other.public.thumbprint)


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "ES256", "typ": "comity-policy+jws"},
        {"alg": "ES256", "kid": f"{DID}#{'A' * 43}", "typ": "vc+jwt"},
        {"alg": "ES256", "kid": f"{DID}#{'A' * 43}"},
        {"alg": "ES256", "kid": 1, "typ": "comity-policy+jws"},
        {"alg": "ES256", "kid": f"mailto:a#{'A' * 43}", "typ": "comity-policy+jws"},
        {"alg": "ES256", "kid": f"{DID}#{'A' * 43}", "typ": "comity-policy+jws", "jwk": {}},
        {"alg": "ES256", "kid": f"{DID}#{'A' * 43}", "typ": "comity-policy+jws", "crit": ["b64"]},
        {"kid": f"{DID}#{'A' * 43}", "typ": "comity-policy+jws"},
    ],
)
def test_any_other_header_is_no_signature_of_a_policy(header: dict[str, Any]) -> None:
    text = f"{b64url(canonical_json(header))}..{'A' * 86}"
    (fault,) = faults_of(full_policy() | {"signature": text})
    assert (fault.pointer, fault.code) == ("/signature", "signature_form")


def test_only_an_assertion_key_signs() -> None:
    from keys.purposes import Purpose
    from tests.support.ledger import document_signer

    share = document_signer(Purpose.SHARE, "authority")
    with pytest.raises(Refused):
        policy().signed_by(share, DID, Purpose.ASSERTION)
