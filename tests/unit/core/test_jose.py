import hmac
import json
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from hashlib import sha256
from typing import Any

import pytest

from core import limits
from core.crypto.jose import ALGORITHMS, CompactJws, PublicKey, sign_compact
from core.encoding import b64url, b64url_decode, compact_json
from core.errors import FormatError, LimitError, ProofError, Refused
from tests.support.tokens import WordSigner, ed25519_signer, es256_signer

ES256 = es256_signer("jose")
ED25519 = ed25519_signer("jose")
BOTH = pytest.mark.parametrize("signer", [ES256, ED25519], ids=ALGORITHMS)

# RFC 8037 A.3: an Ed25519 key and its thumbprint
RFC8037_JWK = {
    "kty": "OKP",
    "crv": "Ed25519",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
}
RFC8037_THUMBPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
# RFC 8037 A.4: a signature by that key
RFC8037_JWS = (
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
)


def _token(signer: WordSigner, header: dict[str, Any] | None = None) -> str:
    return sign_compact(header or {"typ": "vc+jwt"}, b'{"a":1}', signer, "assertion")


def _with_header(signer: WordSigner, header: dict[str, Any]) -> str:
    """A token whose header ``sign_compact`` would not write."""
    signing_input = f"{b64url(compact_json(header))}.{b64url(b'{}')}"
    return f"{signing_input}.{b64url(signer.sign(signing_input.encode(), use='assertion'))}"


def _refusal(act: Callable[[], object], error: type[Exception] = ProofError) -> str:
    with pytest.raises(error) as refused:
        act()
    return str(refused.value.code)  # type: ignore[attr-defined]


# ---------------------------------------------------------------- keys


@BOTH
def test_a_key_has_one_spelling_and_one_thumbprint(signer: WordSigner) -> None:
    key = signer.public
    assert json.loads(key.canonical) == key.jwk
    assert key.thumbprint == sha256(key.canonical).digest()
    assert PublicKey.from_canonical(key.canonical) == key
    assert PublicKey.from_jwk(dict(reversed(key.jwk.items()))) == key
    assert PublicKey.from_jwk({**key.jwk, "kid": "any", "use": "sig", "key_ops": ["verify"]}) == key
    with pytest.raises(FrozenInstanceError):
        key.algorithm = "none"  # type: ignore[misc]


def test_the_thumbprint_and_signature_of_rfc_8037() -> None:
    key = PublicKey.from_jwk(RFC8037_JWK)
    assert key.thumbprint_text == RFC8037_THUMBPRINT
    CompactJws.parse(RFC8037_JWS).verify(key)


def _ec(**members: Any) -> dict[str, Any]:
    return {name: v for name, v in {**ES256.public.jwk, **members}.items() if v is not None}


def _okp(**members: Any) -> dict[str, Any]:
    return {name: v for name, v in {**ED25519.public.jwk, **members}.items() if v is not None}


_X = ES256.public.jwk["x"]


@pytest.mark.parametrize(
    ("jwk", "code"),
    [
        ({"kty": "oct", "k": "AAAA"}, "key_private"),
        (_ec(d=_X), "key_private"),
        (_okp(d=_X), "key_private"),
        ({"kty": "RSA", "n": "AQAB", "e": "AQAB"}, "key_type"),
        (_ec(kty=None), "key_type"),
        (_ec(kty="ec"), "key_type"),
        (_ec(crv="P-384"), "key_curve"),
        (_ec(crv="secp256k1"), "key_curve"),
        (_okp(crv="X25519"), "key_curve"),
        (_okp(crv="Ed448"), "key_curve"),
        (_okp(crv=None), "key_curve"),
        (_ec(y=None), "key_form"),
        (_ec(y=5), "key_form"),
        (_ec(x5c=["MIIB"]), "key_form"),
        (_okp(y=_X), "key_form"),
        (_ec(use="enc"), "key_use"),
        (_ec(alg="ES384"), "key_use"),
        (_ec(alg="EdDSA"), "key_use"),
        (_ec(key_ops=["sign"]), "key_use"),
        (_okp(alg="ES256"), "key_use"),
        (_ec(y=_X), "key_point"),
        (_ec(x=b64url(b"\xff" * 32)), "key_point"),
        (_ec(x=b64url(bytes(32)), y=b64url(bytes(32))), "key_point"),
        (_ec(x=_X + "AA"), "base64url"),
        (_ec(x=b64url(b64url_decode(_X)[1:])), "base64url"),
        (_ec(x=_X + "="), "base64url"),
        (_okp(x=b64url(bytes(31))), "base64url"),
    ],
)
def test_every_other_key_is_refused(jwk: dict[str, Any], code: str) -> None:
    assert _refusal(lambda: PublicKey.from_jwk(jwk), FormatError) == code


@pytest.mark.parametrize(
    "point",
    [
        "0100000000000000000000000000000000000000000000000000000000000000",  # order 1
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  # order 2
        "0000000000000000000000000000000000000000000000000000000000000000",  # order 4
        "0000000000000000000000000000000000000000000000000000000000000080",  # order 4
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",  # order 8
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",  # order 8
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",  # order 8
        "0100000000000000000000000000000000000000000000000000000000000080",  # x = 0, negative
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  # y = p + 1
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  # y = p
        "0200000000000000000000000000000000000000000000000000000000000000",  # no point
    ],
)
def test_an_ed25519_key_of_small_order_or_no_point_is_refused(point: str) -> None:
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64url(bytes.fromhex(point))}
    assert _refusal(lambda: PublicKey.from_jwk(jwk), FormatError) == "key_point"


@pytest.mark.parametrize("count", range(20))
def test_ordinary_ed25519_keys_are_points(count: int) -> None:
    assert ed25519_signer(f"key {count}").public.algorithm == "Ed25519"


def test_another_spelling_of_a_key_is_refused() -> None:
    spaced = json.dumps(ES256.public.jwk).encode()
    assert _refusal(lambda: PublicKey.from_canonical(spaced), FormatError) == "not_canonical"
    more = compact_json({"alg": "ES256", **ES256.public.jwk})
    assert _refusal(lambda: PublicKey.from_canonical(more), FormatError) == "key_form"
    for raw in (b"", b"[]", b"1", b"{}", b"\xff", b"null"):
        with pytest.raises(FormatError):
            PublicKey.from_canonical(raw)


# ---------------------------------------------------------------- tokens


@BOTH
def test_what_is_signed_verifies_and_reads_back(signer: WordSigner) -> None:
    text = _token(signer, {"typ": "vc+jwt", "kid": f"did:web:x#{signer.thumbprint}"})
    jws = CompactJws.parse(text)
    jws.verify(signer.public)
    assert jws.dump() == text
    assert jws.header["alg"] == jws.algorithm == signer.algorithm
    assert jws.payload == b'{"a":1}'
    assert "payload" not in repr(jws)


@BOTH
def test_any_changed_part_is_refused(signer: WordSigner) -> None:
    head, body, signature = _token(signer).split(".")
    other_head = b64url(compact_json({"alg": signer.algorithm, "typ": "vc+sd-jwt"}))
    changed = bytearray(b64url_decode(signature))
    changed[40] ^= 1
    for text in (
        f"{other_head}.{body}.{signature}",
        f"{head}.{b64url(b'{}')}.{signature}",
        f"{head}.{body}.{b64url(bytes(changed))}",
        f"{head}.{body}.",
        f"{head}.{body}.{b64url(bytes(64))}",
        f"{head}.{body}.{b64url(b64url_decode(signature)[:-1])}",
        f"{head}.{body}.{b64url(b64url_decode(signature) + bytes(1))}",
    ):
        jws = CompactJws.parse(text)
        assert _refusal(lambda jws=jws: jws.verify(signer.public)) == "signature_invalid"  # type: ignore[misc]


@BOTH
def test_another_key_of_the_same_kind_is_refused(signer: WordSigner) -> None:
    other = {"ES256": es256_signer, "Ed25519": ed25519_signer}[signer.algorithm]("another")
    jws = CompactJws.parse(_token(signer))
    assert _refusal(lambda: jws.verify(other.public)) == "signature_invalid"


def test_the_key_decides_the_algorithm() -> None:
    assert _refusal(lambda: CompactJws.parse(_token(ES256)).verify(ED25519.public)) == (
        "algorithm_mismatch"
    )
    assert _refusal(lambda: CompactJws.parse(_token(ED25519)).verify(ES256.public)) == (
        "algorithm_mismatch"
    )
    CompactJws.parse(_with_header(ED25519, {"alg": "EdDSA"})).verify(ED25519.public)


@pytest.mark.parametrize(
    "alg", ["none", "None", "", "HS256", "RS256", "ES384", "ES256K", "es256", "Ed448", "EdDSA "]
)
def test_every_other_algorithm_is_read_and_refused(alg: str) -> None:
    jws = CompactJws.parse(_with_header(ES256, {"alg": alg}))
    assert _refusal(lambda: jws.verify(ES256.public)) == "algorithm_refused"


def test_a_mac_with_the_public_key_is_refused() -> None:
    signing_input = f"{b64url(compact_json({'alg': 'HS256'}))}.{b64url(b'{}')}"
    mac = hmac.digest(ES256.public.canonical, signing_input.encode(), "sha256")
    jws = CompactJws.parse(f"{signing_input}.{b64url(mac)}")
    assert _refusal(lambda: jws.verify(ES256.public)) == "algorithm_refused"


@pytest.mark.parametrize(
    "members",
    [
        {"crit": ["b64"], "b64": False},
        {"crit": []},
        {"b64": True},
        {"jwk": {}},
        {"jku": "https://x.example"},
        {"x5u": "https://x.example"},
        {"x5c": []},
    ],
)
def test_a_header_that_brings_a_key_or_changes_the_reading_is_refused(
    members: dict[str, Any],
) -> None:
    jws = CompactJws.parse(_with_header(ES256, {"alg": "ES256", **members}))
    assert _refusal(lambda: jws.verify(ES256.public)) == "header_refused"
    assert _refusal(lambda: _token(ES256, members), Refused) == "header_refused"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "jws_segments"),
        ("a.b", "jws_segments"),
        ("a.b.c.d", "jws_segments"),
        ("..", "not_json"),
        ("e30.e30.AAAA", "jws_header"),
        ("W10.e30.AAAA", "jws_header"),
        (b64url(b'{"alg":null}') + ".e30.", "jws_header"),
        (b64url(b'{"alg":"a","alg":"b"}') + ".e30.", "duplicate_member"),
        ("e30=.e30.AAAA", "base64url"),
        (b64url(b'{"alg":"a"}') + ".e3 0.AAAA", "base64url"),
        (b64url(b'{"alg":"a"}') + ".e30.AAAA\n", "base64url"),
        (b64url(b'{"alg":"a"}') + ".e31.", "base64url"),
        (b64url(b'{"alg":"a"}') + ".e30.é", "base64url"),
    ],
)
def test_what_is_not_a_compact_jws_is_refused(text: str, code: str) -> None:
    assert _refusal(lambda: CompactJws.parse(text), FormatError) == code


def test_limits_hold() -> None:
    head = b64url(compact_json({"alg": "ES256"}))
    long_head = b64url(compact_json({"alg": "ES256", "kid": "k" * limits.JWS_HEADER_BYTES}))
    for text in (
        f"{long_head}.e30.",
        f"{head}.{b64url(bytes(limits.JWS_PAYLOAD_BYTES + 1))}.",
        f"{head}.e30.{b64url(bytes(limits.JWS_SIGNATURE_BYTES + 1))}",
        "a" * (limits.PRESENTATION_BYTES + 1),
    ):
        with pytest.raises(LimitError):
            CompactJws.parse(text)
    CompactJws.parse(f"{head}.{b64url(bytes(limits.JWS_PAYLOAD_BYTES - 4096))}.")
    with pytest.raises(LimitError):
        sign_compact({}, bytes(limits.JWS_PAYLOAD_BYTES + 1), ES256, "assertion")


def test_a_signer_signs_only_as_itself() -> None:
    assert _refusal(lambda: _token(ES256, {"alg": "ES256"}), Refused) == "header_refused"
    foreign = {"kid": f"did:web:x#{ED25519.thumbprint}"}
    assert _refusal(lambda: _token(ES256, foreign), Refused) == "key_mismatch"


def test_both_halves_of_a_malleable_signature_verify() -> None:
    """(r, n - s) is as good as (r, s): a credential is known by its slot, never by its bytes."""
    head, body, signature = _token(ES256).split(".")
    raw = b64url_decode(signature)
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    turned = raw[:32] + (order - int.from_bytes(raw[32:])).to_bytes(32)
    CompactJws.parse(f"{head}.{body}.{b64url(turned)}").verify(ES256.public)
