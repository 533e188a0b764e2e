"""The JWS and JWK cases of Wycheproof: no wrong acceptance, and every refusal for a stated reason.

Only P-256 and Ed25519 signatures are ours to accept. Valid RSA, HMAC and P-521 cases are refused
because of their key, before a signature is looked at.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from core.crypto.jose import CompactJws, PublicKey
from core.errors import ComityError, FormatError

pytestmark = pytest.mark.vectors

KEY_REFUSALS = {"key_type", "key_curve", "key_private", "key_use", "key_point", "key_form"}
TOKEN_REFUSALS = {
    "jws_segments",
    "jws_header",
    "base64url",
    "not_json",
    "not_utf8",
    "too_large",
    "algorithm_refused",
    "algorithm_mismatch",
    "header_refused",
    "signature_invalid",
}


def _groups(folder: Path, name: str) -> list[dict[str, Any]]:
    packed = json.loads((folder / f"sd-jwt/wycheproof_{name}_test.json").read_text())
    groups: list[dict[str, Any]] = packed["testGroups"]
    return groups


def _key(jwk: dict[str, Any]) -> PublicKey | str:
    """The key, or the code it was refused with."""
    try:
        return PublicKey.from_jwk(jwk)
    except FormatError as error:
        return error.code


def _verdict(token: Any, key: PublicKey) -> str:
    try:
        # the JSON serialization comes as an object or as text; as neither is it a compact JWS
        text = token if isinstance(token, str) else json.dumps(token)
        CompactJws.parse(text).verify(key)
    except ComityError as error:
        return error.code
    return "accepted"


def test_every_case_of_ours_is_judged_as_stated(vectors_dir: Path) -> None:
    accepted = 0
    for group in _groups(vectors_dir, "json_web_signature"):
        key = _key(group.get("public") or group["private"])
        if isinstance(key, str):
            continue
        for case in group["tests"]:
            verdict = _verdict(case["jws"], key)
            expected = {"accepted"} if case["result"] == "valid" else TOKEN_REFUSALS
            assert verdict in expected, (case["tcId"], case["comment"], verdict)
            accepted += verdict == "accepted"
    assert accepted == 2  # all the valid P-256 cases; the file has none with Ed25519


def test_the_keys_of_all_other_groups_are_refused(vectors_dir: Path) -> None:
    codes: Counter[str] = Counter()
    for group in _groups(vectors_dir, "json_web_signature"):
        jwk = group.get("public") or group["private"]
        key = _key(jwk)
        ours = jwk.get("crv") == "P-256" and group["comment"] != "ec_key_for_encryption"
        assert isinstance(key, PublicKey) is ours, group["comment"]
        assert isinstance(key, PublicKey) or key in KEY_REFUSALS
        codes[key if isinstance(key, str) else "accepted"] += 1
    assert codes["accepted"] == 2
    assert codes["key_use"] == 2
    assert codes["key_curve"] == 2


def test_tokens_of_other_keys_never_verify_with_ours(vectors_dir: Path) -> None:
    groups = _groups(vectors_dir, "json_web_signature")
    jwk = next(group["public"] for group in groups if group["comment"] == "es256")
    key = PublicKey.from_jwk(jwk)
    cases = 0
    for group in groups:
        if (group.get("public") or {}).get("x") == jwk["x"]:
            continue
        for case in group["tests"]:
            cases += 1
            assert _verdict(case["jws"], key) in TOKEN_REFUSALS, case["tcId"]
    assert cases == 360


def test_no_key_set_case_is_accepted(vectors_dir: Path) -> None:
    """Every case of this file that is not HMAC or RSA is about a key that must not be taken."""
    cases = 0
    for group in _groups(vectors_dir, "json_web_key"):
        keys = [_key(jwk) for jwk in (group.get("public") or group["private"])["keys"]]
        for case in group["tests"]:
            cases += 1
            for key in keys:
                if isinstance(key, PublicKey):
                    assert _verdict(case["jws"], key) in TOKEN_REFUSALS, case["tcId"]
            if case["result"] == "valid":
                assert set(keys) <= {"key_type", "key_private"}, case["tcId"]
    assert cases == 26
