"""The founder file: read strictly, written so that it reads back equal."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from contracts.calls import Admission
from contracts.founders import assertion_and_share, dump_founder, names_text, parse_founder
from core.errors import FormatError
from core.events import Role

ASSERTION = {
    "kty": "EC",
    "crv": "P-256",
    "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
    "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
}
SHARE = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
FOUNDER = Admission(
    names_text({"zh": "华信认证", "en": "Huaxin Certification"}),
    "CN",
    int(Role.CERTIFICATION_BODY | Role.AUTHORITY),
    "https://cn.example",
    "0x" + "ab" * 20,
    "0x" + "cd" * 20,
    assertion_and_share(ASSERTION, SHARE),
)


def test_it_reads_back_equal() -> None:
    raw = dump_founder(FOUNDER)
    assert parse_founder(raw) == FOUNDER
    assert dump_founder(parse_founder(raw)) == raw
    value = json.loads(raw)
    assert value["roles"] == ["certification_body", "authority"]
    assert value["names"] == {"en": "Huaxin Certification", "zh": "华信认证"}


def change(**members: Any) -> Callable[[dict[str, Any]], None]:
    return lambda value: value.update(members)


@pytest.mark.parametrize(
    "spoil",
    [
        change(v=2),
        change(more=1),
        lambda value: value.pop("economy"),
        change(economy="cn"),
        change(economy="CHN"),
        change(names={}),
        change(names={"zh": "华信认证"}),
        change(names={"en": 5}),
        change(names={"en": "A" * 499, "de": "A" * 499, "fr": "A" * 499}),
        change(names="Huaxin"),
        change(roles=[]),
        change(roles=["certification_body", "certification_body"]),
        change(roles=["king"]),
        change(roles=[1]),
        change(endpoint="https://cn.example/"),
        change(endpoint="http://cn.example"),
        change(endpoint="https://CN.example"),
        change(operating="0x12"),
        change(recovery=5),
        change(keys=[{"purpose": "assertion", "jwk": {**ASSERTION, "d": "AAAA"}}]),
        change(keys=[{"purpose": "cosign", "jwk": ASSERTION}]),
        change(keys=[{"purpose": [], "jwk": ASSERTION}]),
        change(keys=[{"purpose": "share"}]),
        change(keys=[{"purpose": "share", "jwk": ASSERTION}] * 9),
    ],
)
def test_anything_else_is_refused(spoil: Callable[[dict[str, Any]], None]) -> None:
    value = json.loads(dump_founder(FOUNDER))
    spoil(value)
    with pytest.raises(FormatError):
        parse_founder(json.dumps(value).encode())


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b'{"v":1,"v":1}', b" " * 70_000])
def test_what_is_no_object_is_refused(raw: bytes) -> None:
    with pytest.raises(FormatError):
        parse_founder(raw)
