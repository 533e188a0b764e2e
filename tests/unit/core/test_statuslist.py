"""The Bitstring list is W3C's, bounded while it is unpacked, and signed as our documents are."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core import limits
from core.encoding import b64url, b64url_decode, compact_json
from core.errors import ComityError, FormatError, LimitError, ProofError
from core.statuslist import (
    STATUS_PURPOSE,
    StatusBits,
    StatusList,
    issue_status_list,
    status_list_claims,
)
from tests.support.certificates import ENDPOINT, ISSUER, SLOT
from tests.support.tokens import es256_signer

SIGNER = es256_signer("north")
NOW = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)
BITS = StatusBits.of([0, 7, 8, 94_567, 131_071])


def test_entry_zero_is_the_left_most_bit() -> None:
    assert StatusBits.of([0]).raw[:2] == b"\x80\x00"
    assert StatusBits.of([7, 8]).raw[:2] == b"\x01\x80"
    assert BITS.is_set(94_567)
    assert not BITS.is_set(94_566)


@pytest.mark.parametrize("index", [-1, 131_072])
def test_an_index_outside_the_list_is_refused(index: int) -> None:
    with pytest.raises(FormatError):
        StatusBits.of([index])
    with pytest.raises(FormatError):
        BITS.is_set(index)


def test_bits_come_back_as_they_went_and_always_in_the_same_text() -> None:
    assert StatusBits.decode(BITS.encode()) == BITS
    assert BITS.encode() == StatusBits.of([131_071, 94_567, 8, 7, 0]).encode()


def packed(raw: bytes) -> str:
    return "u" + b64url(gzip.compress(raw, mtime=0))


@pytest.mark.parametrize(
    "encoded",
    [
        "",
        "u",
        BITS.encode()[1:],
        "z" + BITS.encode()[1:],
        BITS.encode() + "=",
        BITS.encode()[:-8],
        packed(bytes(16_383)),
        packed(bytes(16_385)),
        packed(bytes(64 * 1024 * 1024)),
        "u" + b64url(b64url_decode(BITS.encode()[1:]) + b"more"),
        "u" + b64url(b64url_decode(BITS.encode()[1:]) * 2),
        "u" + b64url(bytes(16_384)),
        "u" + "A" * 40_000,
    ],
)
def test_what_is_not_one_list_of_its_length_is_refused(encoded: str) -> None:
    with pytest.raises(FormatError):
        StatusBits.decode(encoded)


def test_a_bomb_is_stopped_while_it_unpacks() -> None:
    bomb = packed(bytes(16 * 1024 * 1024))
    assert len(bomb) < limits.STATUS_LIST_ENTRIES // 4
    with pytest.raises(LimitError):
        StatusBits.decode(bomb)


def test_the_signed_list_comes_back_with_its_bits_and_dates() -> None:
    claims = status_list_claims(ISSUER, SLOT.list_url, BITS, NOW)
    token = issue_status_list(claims, SIGNER)
    read = StatusList.parse(token)
    assert read.bits == BITS
    assert read.list_url == SLOT.list_url
    assert read.kid.did == ISSUER.did
    assert read.in_date(NOW)
    assert not read.in_date(NOW - timedelta(seconds=1))
    assert not read.in_date(NOW + timedelta(days=1, seconds=1))
    read.jws.verify(SIGNER.public)
    with pytest.raises(ProofError):
        read.jws.verify(es256_signer("another").public)


def test_the_claims_are_those_of_the_recommendation() -> None:
    claims = status_list_claims(ISSUER, SLOT.list_url, BITS, NOW)
    assert claims["type"] == ["VerifiableCredential", "BitstringStatusListCredential"]
    assert claims["id"] == f"{ENDPOINT}/status/7"
    subject = claims["credentialSubject"]
    assert subject["type"] == "BitstringStatusList"
    assert subject["statusPurpose"] == STATUS_PURPOSE == "suspension"
    assert subject["ttl"] == 300_000
    assert subject["encodedList"].startswith("u")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("type",), ["VerifiableCredential"]),
        (("issuer",), ISSUER.did),
        (("issuer", "id"), "did:web:node.other.example"),
        (("validUntil",), None),
        (("id",), "https://node.north-cert.example"),
        (("credentialSubject",), []),
        (("credentialSubject", "type"), "BitstringStatusListEntry"),
        (("credentialSubject", "statusPurpose"), "revocation"),
        (("credentialSubject", "encodedList"), "u"),
    ],
)
def test_another_document_is_no_list_of_ours(place: tuple[str, ...], value: Any) -> None:
    claims = status_list_claims(ISSUER, SLOT.list_url, BITS, NOW)
    target: Any = claims
    for step in place[:-1]:
        target = target[step]
    target[place[-1]] = value
    kid = f"{ISSUER.did}#{SIGNER.thumbprint}"
    head = b64url(compact_json({"alg": "ES256", "typ": "vc+jwt", "cty": "vc", "kid": kid}))
    text = f"{head}.{b64url(compact_json(claims))}"
    token = f"{text}.{b64url(SIGNER.sign(text.encode(), use='assertion'))}"
    with pytest.raises(FormatError):
        StatusList.parse(token)


def test_a_list_at_no_address_of_ours_is_not_made() -> None:
    with pytest.raises(ComityError):
        status_list_claims(ISSUER, "http://node.example/1", BITS, NOW)


@pytest.mark.vectors
def test_the_published_list_and_the_derived_ones_read_alike(vectors_dir: Path) -> None:
    vectors = json.loads((vectors_dir / "status" / "bitstring-status-list.json").read_bytes())
    published = StatusBits.decode(vectors["example_encodedList"])
    assert published.raw == bytes(vectors["example_decoded_length_bytes"])
    assert vectors["min_entries"] == limits.STATUS_LIST_ENTRIES
    for case in vectors["derived_cases"]:
        bits = StatusBits.decode(case["encodedList"])
        assert bits == StatusBits.of(case["set_indexes"])
        assert bits.raw[:4].hex() == case["first_bytes_hex"]
        assert StatusBits.decode(bits.encode()) == bits
    assert len(vectors["derived_cases"]) == 6
