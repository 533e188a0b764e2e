"""The tokens printed in RFC 9901's text, and the claim cases of sd-jwt-js, read and made by us."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.crypto.jose import PublicKey
from core.errors import ProofError
from core.sdjwt import Path as ClaimPath
from core.sdjwt import SdJwt
from core.sdjwt_binding import KeyBinding
from core.sdjwt_issue import issue
from tests.support.tokens import CountedRandomness, es256_signer

pytestmark = pytest.mark.vectors

# RFC 9901 7.1 leaves an object empty where all its members stay hidden; this case leaves it out.
_EMPTIED = {"array_none_disclosed": {"is_over": {}}}
SIGNER = es256_signer("js cases")


@pytest.fixture(scope="module")
def published(vectors_dir: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((vectors_dir / "sd-jwt/spec-examples.json").read_text())
    assert len(value["vectors"]) == 8
    return value


def test_the_published_tokens_verify_and_say_what_is_stated(published: dict[str, Any]) -> None:
    key = PublicKey.from_jwk(published["issuer_jwk"])
    for vector in published["vectors"]:
        token = SdJwt.parse(vector["sd_jwt"])
        token.jws.verify(key)
        assert token.claims() == vector["processed_payload"], vector["name"]
        assert token.payload == vector["issuer_payload"]
        assert token.jws.header == vector["header"]
        assert token.dump() == vector["sd_jwt"]
        shown = [(part.encoded, part.digest) for part in token.disclosures]
        assert shown == [(part["encoded"], part["digest"]) for part in vector["disclosures"]]


def test_the_published_key_bindings_hold(published: dict[str, Any]) -> None:
    bound = 0
    for vector in published["vectors"]:
        token = SdJwt.parse(vector["sd_jwt"])
        if token.key_binding is None:
            continue
        bound += 1
        binding = KeyBinding.parse(token.key_binding)
        binding.require_bound_to(token)
        binding.jws.verify(PublicKey.from_jwk(token.claims()["cnf"]["jwk"]))
        assert (binding.audience, binding.nonce) == (
            vector["kb_payload"]["aud"],
            vector["kb_payload"]["nonce"],
        )
        fewer = SdJwt(token.jws, token.disclosures[1:], token.key_binding, token.payload)
        with pytest.raises(ProofError) as refused:
            binding.require_bound_to(fewer)
        assert refused.value.code == "sd_hash_mismatch"
    assert bound == 3


def test_a_published_token_fails_with_another_key(published: dict[str, Any]) -> None:
    for vector in published["vectors"]:
        with pytest.raises(ProofError) as refused:
            SdJwt.parse(vector["sd_jwt"]).jws.verify(SIGNER.public)
        assert refused.value.code == "signature_invalid"


def test_the_js_cases_are_issued_and_presented_as_stated(vectors_dir: Path) -> None:
    files = sorted((vectors_dir / "sd-jwt/js-cases").glob("*.json"))
    assert len(files) == 17
    for file in files:
        case = json.loads(file.read_text())
        frame = _framed(case["claims"], case["disclosureFrame"], ())
        token = SdJwt.parse(
            issue(case["claims"], frame, {}, SIGNER, "assertion", CountedRandomness())
        )
        token.jws.verify(SIGNER.public)
        opened = token.process()
        assert opened.claims == case["claims"], file.name
        assert opened.disclosed.keys() == frame
        chosen = _chosen(case["claims"], case["presentationFrames"] or {}, ())
        presented = token.select(lambda path, chosen=chosen: path in chosen)  # type: ignore[misc]
        assert SdJwt.parse(presented.dump()) == presented
        expected = {**case["presentedClaims"], **_EMPTIED.get(file.stem, {})}
        assert presented.claims() == expected, file.name


def _framed(claims: Any, frame: dict[str, Any], path: ClaimPath) -> set[ClaimPath]:
    """The paths a disclosure frame of sd-jwt-js names (decoys left aside)."""
    paths = {(*path, name) for name in frame.get("_sd", [])}
    for name, inner in frame.items():
        if not name.startswith("_sd"):
            step = int(name) if isinstance(claims, list) else name
            paths |= _framed(claims[step], inner, (*path, step))
    return paths


def _chosen(claims: Any, frame: dict[str, Any], path: ClaimPath) -> set[ClaimPath]:
    """The paths a presentation frame of sd-jwt-js names; it may name what does not exist."""
    paths = set()
    for name, inner in frame.items():
        step = int(name) if isinstance(claims, list) else name
        if isinstance(step, int) and step >= len(claims):
            continue
        paths.add((*path, step))
        if isinstance(inner, dict):
            paths |= _chosen(claims[step], inner, (*path, step))
    return paths
