"""Token parsers on hostile text: they return or raise one of our errors, and nothing is accepted.

Two kinds of text: anything at all, and a good token with one thing done to it.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.crypto.jose import CompactJws, PublicKey
from core.encoding import b64url, b64url_decode
from core.errors import ComityError, FormatError
from core.sdjwt import Disclosure, SdJwt
from core.sdjwt_binding import KeyBinding
from tests.vectors import generate_sdjwt

GOOD = generate_sdjwt.GOOD
KEY = generate_sdjwt.SIGNER.public
CLAIMS = SdJwt.parse(GOOD).claims()

TOKEN_TEXT = st.text("eyJhbGciOi~.-_=AQgw\n\x00é", max_size=80)
JSON_SEGMENT = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["_sd", "...", "_sd_alg", "alg", "kty", "crv", "x", "a"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
).map(lambda value: b64url(json.dumps(value).encode()))
MADE_TOKEN = st.builds(
    lambda head, body, parts: f"{head}.{body}.AAAA~" + "".join(f"{part}~" for part in parts),
    JSON_SEGMENT | st.just(b64url(b'{"alg":"none"}')),
    JSON_SEGMENT,
    st.lists(JSON_SEGMENT, max_size=4),
)


def _read_everything(text: str) -> None:
    for parse in (CompactJws.parse, Disclosure.parse, KeyBinding.parse, SdJwt.parse):
        _only_ours(parse, text)  # type: ignore[arg-type]


def _only_ours(parse: Callable[[str], Any], text: str) -> None:
    try:
        value = parse(text)
    except FormatError:
        return
    assert value.dump() == text
    if isinstance(value, SdJwt):
        try:
            value.process()
        except ComityError:
            return


@given(st.text(max_size=60) | TOKEN_TEXT | MADE_TOKEN)
def test_parsers_return_or_refuse(text: str) -> None:
    _read_everything(text)


@given(st.binary(max_size=80) | st.text(max_size=60).map(str.encode))
def test_keys_are_read_or_refused(raw: bytes) -> None:
    try:
        key = PublicKey.from_canonical(raw)
    except FormatError:
        return
    assert key.canonical == raw


@given(
    st.dictionaries(
        st.sampled_from(["kty", "crv", "x", "y", "d", "k", "alg", "use", "key_ops", "kid"]),
        st.sampled_from(["EC", "OKP", "P-256", "Ed25519", "AA", "A" * 43, "sig", "ES256", 1, None]),
    )
)
def test_key_objects_are_read_or_refused(jwk: dict[str, Any]) -> None:
    try:
        PublicKey.from_jwk(jwk)
    except FormatError:
        return


def _accepted(text: str) -> Any:
    """What the token says if it is taken, None if it is refused; any other error escapes."""
    try:
        token = SdJwt.parse(text)
        claims = token.claims()
        token.jws.verify(KEY)
    except ComityError:
        return None
    return claims


def _mutate(text: str, randomness: random.Random) -> str:
    position = randomness.randrange(len(text))
    action = randomness.randrange(6)
    if action == 0:
        return text[:position]
    if action == 1:
        return text[:position] + text[position + 1 :]
    if action == 2:
        return text[:position] + randomness.choice("A-_~.=é\n") + text[position + 1 :]
    if action == 3:
        end = position + randomness.randrange(1, 40)
        return text[:end] + text[position:end] + text[end:]
    parts = text.split("~")
    if action == 4:
        randomness.shuffle(parts)
        return "~".join(parts)
    return _flip_inside(parts, randomness)


def _flip_inside(parts: list[str], randomness: random.Random) -> str:
    """Turn one bit below the base64url of one part."""
    chosen = randomness.randrange(len(parts) - 1)
    segments = parts[chosen].split(".")
    place = randomness.randrange(len(segments))
    raw = bytearray(b64url_decode(segments[place]))
    raw[randomness.randrange(len(raw))] ^= 1 << randomness.randrange(8)
    segments[place] = b64url(bytes(raw))
    parts[chosen] = ".".join(segments)
    return "~".join(parts)


def _mutations(count: int, randomness: random.Random) -> None:
    shown = {part.encoded for part in SdJwt.parse(GOOD).disclosures}
    for _ in range(count):
        text = _mutate(GOOD, randomness)
        claims = _accepted(text)
        if claims is None:
            continue
        # Only leaving out whole disclosures, or their order, may pass: the rest is the holder's.
        token = SdJwt.parse(text)
        assert token.jws == SdJwt.parse(GOOD).jws
        assert {part.encoded for part in token.disclosures} <= shown
        for name, value in claims.items():
            assert value == CLAIMS[name] or name == "site"


def test_no_mutated_token_is_accepted(randomness: random.Random) -> None:
    assert _accepted(GOOD) == CLAIMS
    _mutations(2_000, randomness)


@pytest.mark.long
def test_no_mutated_token_is_accepted_in_a_long_run(randomness: random.Random) -> None:
    _mutations(100_000, randomness)
