"""Our own published vectors: every refusal rule with its own code (sdjwt-refusals.json)."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

import core.sdjwt
from core.crypto.jose import PublicKey
from core.errors import ComityError, FormatError, ProofError
from core.sdjwt import SdJwt
from tests.vectors import generate_sdjwt

VECTORS = json.loads(generate_sdjwt.FILE.read_text(encoding="utf-8"))
KEY = PublicKey.from_jwk(VECTORS["key"])
ERRORS = {"format": FormatError, "proof": ProofError}


def _judge(token: str) -> Any:
    parsed = SdJwt.parse(token)
    claims = parsed.claims()
    parsed.jws.verify(KEY)
    return claims


@pytest.mark.parametrize("vector", VECTORS["accepted"], ids=lambda vector: vector["name"])
def test_the_unchanged_token_is_accepted(vector: dict[str, Any]) -> None:
    assert _judge(vector["token"]) == vector["claims"]
    assert SdJwt.parse(vector["token"]).dump() == vector["token"]


@pytest.mark.parametrize(
    "vector", VECTORS["refused"], ids=lambda vector: f"{vector['code']}: {vector['name']}"
)
def test_each_rule_refuses_with_its_own_code(vector: dict[str, Any]) -> None:
    with pytest.raises(ComityError) as refused:
        _judge(vector["token"])
    assert refused.value.code == vector["code"]
    # too_deep by nested disclosures shows only in processing, and is still a limit
    assert isinstance(refused.value, ERRORS[vector["error"]])


def test_no_refusal_repeats_the_input() -> None:
    for vector in VECTORS["refused"]:
        with pytest.raises(ComityError) as refused:
            _judge(vector["token"])
        for content in ("LED", "Plant", "node.example", "other.example"):
            assert content not in str(refused.value)


def test_every_documented_code_has_a_vector() -> None:
    table = core.sdjwt.__doc__ or ""
    rows = re.findall(r"^([a-z_0-9, …]+?) {2,}(?:Format|Proof) ", table, re.MULTILINE)
    documented = {code.strip() for row in rows for code in row.split(",")} - {"…", "too_large"}
    assert len(documented) > 20
    assert documented <= {vector["code"] for vector in VECTORS["refused"]}


def test_the_file_is_what_the_generator_makes() -> None:
    assert generate_sdjwt.FILE.read_text(encoding="utf-8") == generate_sdjwt.render()
