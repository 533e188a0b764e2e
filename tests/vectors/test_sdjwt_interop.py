"""Our tokens in the PyPI reference implementation `sd-jwt`, and its tokens in ours."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from jwcrypto.jwk import JWK
from sd_jwt.common import SDObj
from sd_jwt.holder import SDJWTHolder
from sd_jwt.issuer import SDJWTIssuer
from sd_jwt.verifier import SDJWTVerifier

from core.crypto.jose import PublicKey
from core.errors import ProofError
from core.sdjwt import SdJwt
from core.sdjwt_binding import KeyBinding
from core.sdjwt_issue import issue
from tests.support.tokens import CountedRandomness, es256_signer

SIGNER = es256_signer("interoperability")
CERTIFICATION = ("credentialSubject", "certification")
FRAME = {
    ("renderMethod",),
    ("credentialSubject", "authorisation"),
    ("credentialSubject", "conformityAssessment", 0),
    ("credentialSubject", "conformityCertificate"),
    ("credentialSubject", "issuedToParty", "registeredId"),
    ("credentialSubject", "issuedToParty", "idScheme"),
    (*CERTIFICATION, "originalIssueDate"),
    (*CERTIFICATION, "certificationDecisionDate"),
    (*CERTIFICATION, "scopeStatement"),
    (*CERTIFICATION, "sectorCode"),
    (*CERTIFICATION, "accreditationNumber"),
    (*CERTIFICATION, "issuerApprovalNumber"),
    (*CERTIFICATION, "site", 0),
    (*CERTIFICATION, "site", 1),
}
CLAIMS = {
    "iss": "https://node.example",
    "name": "例",
    "scope": {"en": "LED drivers", "zh": "LED驱动电源"},
    "site": [{"name": "Plant 1", "country": "CN"}, {"name": "Office"}],
}


def _reference_claims(text: str) -> Any:
    jwk = JWK.from_json(json.dumps(SIGNER.public.jwk))
    return SDJWTVerifier(text, lambda _issuer, _header: jwk).get_verified_payload()


@pytest.mark.vectors
def test_the_example_and_its_presentations_agree_in_both(
    vectors_dir: Path, randomness: random.Random
) -> None:
    example = json.loads((vectors_dir / "example/ecert-example.json").read_text())
    text = issue(example, FRAME, {"typ": "vc+sd-jwt"}, SIGNER, "assertion", CountedRandomness())
    token = SdJwt.parse(text)
    assert token.claims() == example == _reference_claims(text)
    paths = sorted(FRAME, key=str)
    for count in range(len(paths)):
        shown = token.select(set(randomness.sample(paths, count)))
        assert len(shown.disclosures) == count
        assert shown.claims() == _reference_claims(shown.dump())


def test_nested_disclosures_agree_in_both() -> None:
    frame = {("scope",), ("scope", "zh"), ("site", 0), ("site", 0, "country"), ("site", 1)}
    text = issue(CLAIMS, frame, {"typ": "vc+sd-jwt"}, SIGNER, "assertion", CountedRandomness())
    token = SdJwt.parse(text)
    assert token.claims() == CLAIMS == _reference_claims(text)
    shown = token.select({("scope", "zh"), ("site", 0)})
    assert shown.claims() == _reference_claims(shown.dump())
    assert shown.claims()["scope"] == CLAIMS["scope"]
    assert shown.claims()["site"] == [{"name": "Plant 1"}]


def test_a_changed_token_is_refused_by_both() -> None:
    text = issue(CLAIMS, {("name",)}, {}, SIGNER, "assertion", CountedRandomness())
    doubled = text + text.split("~")[1] + "~"
    with pytest.raises(ProofError):
        SdJwt.parse(doubled).claims()
    with pytest.raises(ValueError, match=r"[Dd]uplicate"):
        _reference_claims(doubled)


def test_tokens_of_the_reference_open_in_ours() -> None:
    key = JWK.generate(kty="EC", crv="P-256")
    holder_key = JWK.generate(kty="EC", crv="P-256")
    claims = {
        SDObj("name"): "例",
        "iss": "https://node.example",
        "site": [SDObj({"name": "Plant 1"}), {SDObj("name"): "Office"}],
    }
    issuer = SDJWTIssuer(claims, key, holder_key, add_decoy_claims=True)
    plain = {
        "iss": "https://node.example",
        "name": "例",
        "site": [{"name": "Plant 1"}, {"name": "Office"}],
        "cnf": {"jwk": holder_key.export_public(as_dict=True)},
    }
    public = PublicKey.from_jwk(key.export_public(as_dict=True))
    token = SdJwt.parse(issuer.sd_jwt_issuance)
    token.jws.verify(public)
    assert token.claims() == plain

    holder = SDJWTHolder(issuer.sd_jwt_issuance)
    holder.create_presentation({"site": [True, {}]}, "nonce", "https://buyer.example", holder_key)
    shown = SdJwt.parse(holder.sd_jwt_presentation)
    shown.jws.verify(public)
    assert shown.claims()["site"] == [{"name": "Plant 1"}, {}]
    assert "name" not in shown.claims()
    assert shown.hidden()[("site", 1)] >= 1
    assert shown.key_binding is not None
    binding = KeyBinding.parse(shown.key_binding)
    binding.require_bound_to(shown)
    binding.jws.verify(PublicKey.from_jwk(plain["cnf"]["jwk"]))
    assert (binding.audience, binding.nonce) == ("https://buyer.example", "nonce")
