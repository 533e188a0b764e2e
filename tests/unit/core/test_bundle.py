"""A proof bundle is exactly its canonical bytes; everything else is refused with a code."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core import limits
from core.anchor import Anchor
from core.bundle import Bundle
from core.encoding import b64url, canonical_json
from core.errors import FormatError, LimitError
from core.events import Position
from core.leaf import Leaf

HASH = bytes(range(32))
BUNDLE = Bundle(
    ledger="comity/31337/0x" + "ab" * 20,
    presentation="aGVhZA.cGF5.c2ln~ZGlz~",
    leaf=Leaf(HASH, 5, (HASH,) * 6),
    anchor=Anchor(2, HASH, 64, Position(9, 1)),
)


def changed(where: str, **members: Any) -> bytes:
    value = BUNDLE.to_json()
    (value[where] if where else value).update(members)
    return canonical_json(value)


def refused(raw: bytes) -> str:
    with pytest.raises(FormatError) as error:
        Bundle.parse(raw)
    return error.value.code


def test_the_bytes_are_these() -> None:
    text = b64url(HASH)
    path = ",".join([f'"{text}"'] * 6)
    assert (
        BUNDLE.dump()
        == (
            f'{{"anchor":{{"member":2,"position":[9,1],"root":"{text}","size":64}},'
            f'"leaf":{{"index":5,"path":[{path}],"salt":"{text}"}},'
            f'"ledger":"comity/31337/0x{"ab" * 20}","presentation":"aGVhZA.cGF5.c2ln~ZGlz~","v":1}}'
        ).encode()
    )
    assert Bundle.parse(BUNDLE.dump()) == BUNDLE


def test_any_other_spelling_of_the_same_value_is_refused() -> None:
    raw, value = BUNDLE.dump(), BUNDLE.to_json()
    for other in (
        raw + b"\n", b" " + raw, json.dumps(value).encode(), raw.replace(b"aGVh", b"\\u0061GVh"),
        raw.replace(b'"v":1', b'"v":1.0'), raw.replace(b"comity", b"\\u0063omity"),
        json.dumps(dict(reversed(value.items())), separators=(",", ":")).encode(),
    ):  # fmt: skip
        assert refused(other) == "not_canonical"
    assert refused(raw.replace(b'"v":1', b'"v":1,"v":1')) == "duplicate_member"
    assert refused(b"\xef\xbb\xbf" + raw) == "not_json"


@pytest.mark.parametrize("version", [0, 2, 3, 2**53 - 1])
def test_another_version_is_named_as_such(version: int) -> None:
    assert refused(changed("", v=version)) == "bundle_version"


@pytest.mark.parametrize("version", [None, "1", True, [], {}, 1.5])
def test_a_version_is_an_integer(version: object) -> None:
    assert refused(changed("", v=version)) == "not_an_integer"


@pytest.mark.parametrize(
    "ledger",
    [
        "comity/31337", "comity/0/0x" + "ab" * 20, "comity/031/0x" + "ab" * 20,
        "comity/1/0x" + "AB" * 20, "comity/1/0x" + "ab" * 19, "Comity/1/0x" + "ab" * 20,
        "comity/1/0x" + "ab" * 20 + "\n", "comity/1/0x" + "ab" * 20 + "/", "http://127.0.0.1/",
        "comity/" + "9" * 17 + "/0x" + "ab" * 20,
    ],
)  # fmt: skip
def test_a_ledger_is_an_origin_in_its_one_spelling(ledger: str) -> None:
    assert refused(changed("", ledger=ledger)) == "wrong_form"


@pytest.mark.parametrize("presentation", ["a b", "é", "a\n", 'a"', "a+b", "a/b=", "<b>"])
def test_a_presentation_has_the_characters_of_a_token(presentation: str) -> None:
    assert refused(changed("", presentation=presentation)) == "wrong_form"


@pytest.mark.parametrize(
    ("where", "members", "code"),
    [
        ("", {"more": 1}, "unknown_member"),
        ("leaf", {"more": 1}, "unknown_member"),
        ("anchor", {"more": 1}, "unknown_member"),
        ("", {"leaf": []}, "not_an_object"),
        ("", {"anchor": None}, "not_an_object"),
        ("", {"presentation": ""}, "not_text"),
        ("", {"ledger": 7}, "not_text"),
        ("leaf", {"salt": b64url(HASH[:-1])}, "base64url"),
        ("leaf", {"salt": b64url(HASH) + "="}, "base64url"),
        ("leaf", {"path": [b64url(HASH + HASH)]}, "base64url"),
        ("leaf", {"path": "x"}, "not_an_array"),
        ("leaf", {"path": [b64url(HASH)] * (limits.PATH_STEPS + 1)}, "too_many"),
        ("leaf", {"index": -1}, "out_of_range"),
        ("leaf", {"index": limits.BATCH_LEAVES_MAX}, "out_of_range"),
        ("leaf", {"index": True}, "not_an_integer"),
        ("anchor", {"member": 0}, "out_of_range"),
        ("anchor", {"member": 2**32}, "out_of_range"),
        ("anchor", {"size": 32}, "out_of_range"),
        ("anchor", {"size": 65}, "batch_size"),
        ("anchor", {"size": 2**18}, "out_of_range"),
        ("anchor", {"position": [1]}, "anchor_position"),
        ("anchor", {"position": [1, 2, 3]}, "too_many"),
        ("anchor", {"position": [-1, 2]}, "out_of_range"),
        ("anchor", {"position": [1, "2"]}, "not_an_integer"),
        ("anchor", {"root": b64url(HASH)[:-1] + "B"}, "base64url"),
    ],
)
def test_a_member_of_another_form_is_refused(
    where: str, members: dict[str, Any], code: str
) -> None:
    assert refused(changed(where, **members)) == code


@pytest.mark.parametrize(("where", "count"), [("", 5), ("leaf", 3), ("anchor", 4)])
def test_no_member_may_be_missing(where: str, count: int) -> None:
    whole = BUNDLE.to_json()
    names = list(whole[where] if where else whole)
    assert len(names) == count
    for name in names:
        value = BUNDLE.to_json()
        del (value[where] if where else value)[name]
        assert refused(canonical_json(value)) == "missing_member"


def test_larger_than_allowed_is_refused_before_it_is_read() -> None:
    with pytest.raises(LimitError):
        Bundle.parse(b"[" * (limits.BUNDLE_BYTES + 1))
    assert refused(changed("", presentation="A" * (limits.PRESENTATION_BYTES + 1))) == "too_large"


def test_a_refusal_repeats_nothing_of_the_file() -> None:
    for raw in (changed("", SECRET="SECRET"), changed("", ledger="SECRET"), b'{"SECRET":SECRET}'):
        with pytest.raises(FormatError) as error:
            Bundle.parse(raw)
        assert "SECRET" not in f"{error.value.message}{error.value.hint}{error.value.pointer}"
