"""Endpoint and DID belong together one to one; a slot has one text and one hash."""

from __future__ import annotations

from hashlib import sha256

import pytest

from core.errors import FormatError
from core.issuer import Issuer, Slot, did_of_endpoint, endpoint_of_did
from tests.support.certificates import ENDPOINT, SLOT


@pytest.mark.parametrize(
    ("endpoint", "did"),
    [
        ("https://node.example", "did:web:node.example"),
        ("https://node.example:8443", "did:web:node.example%3A8443"),
        ("http://localhost:5001", "did:web:localhost%3A5001"),
        ("http://localhost", "did:web:localhost"),
    ],
)
def test_endpoint_and_did_give_each_other(endpoint: str, did: str) -> None:
    assert did_of_endpoint(endpoint) == did
    assert endpoint_of_did(did) == endpoint


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://node.example", "https://node.example/", "https://Node.example", "https://a_b",
        "https://node.example:0", "https://node.example:65536", "https://node.example:08",
        "https://u@node.example", "https://node..example", "https://-node.example",
        "https://node.example/path", "https://", "node.example", "https://node.example\n",
        "https://" + "a" * 200,
    ],
)  # fmt: skip
def test_what_can_be_no_members_endpoint_has_no_did(endpoint: str) -> None:
    assert did_of_endpoint(endpoint) is None
    with pytest.raises(FormatError):
        Issuer.at(endpoint, "x")


@pytest.mark.parametrize("did", ["did:web:Node.example", "did:web:a:b", "did:web:a%3a1", "did:web"])
def test_what_can_be_no_members_did_has_no_endpoint(did: str) -> None:
    assert endpoint_of_did(did) is None


def test_an_issuer_must_have_the_did_of_its_endpoint() -> None:
    with pytest.raises(FormatError):
        Issuer("did:web:node.other.example", "North", ENDPOINT)


def test_a_slot_is_known_by_the_hash_of_its_text() -> None:
    assert SLOT.text == f"{ENDPOINT}/status/7#48213"
    assert SLOT.digest == sha256(SLOT.text.encode()).digest()
    assert Slot.parse(SLOT.text) == SLOT
    assert Slot.parse(SLOT.dump()).digest == SLOT.digest


@pytest.mark.parametrize(
    "text",
    [
        "", "#", "https://x.example/1", "https://x.example/1#", "https://x.example/1#01",
        "https://x.example/1#-1", "https://x.example/1#131072", "https://x.example/1#1#2",
        "ftp://x.example/1#1", "https://x.example/1?a#1", "https://x.example#1",
    ],
)  # fmt: skip
def test_what_is_no_slot_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        Slot.parse(text)
