import base64
import json
import time
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from core import encoding, limits
from core.encoding import (
    b64url,
    b64url_decode,
    b64url_decode_hashes,
    canonical_json,
    compact_json,
    parse_canonical_json,
    parse_json,
    require_integer,
    require_list,
    require_members,
    require_text,
)
from core.errors import ComityError, FormatError, LimitError
from tests.support.json_strategy import edited

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
LEAF = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(-(2**53) + 1, 2**53 - 1)
    | TEXT
)
JSON = st.recursive(
    LEAF,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


def _parse(raw: bytes | str) -> Any:
    return parse_json(raw, what="thing", max_bytes=limits.BUNDLE_BYTES)


def _code(raw: bytes | str) -> str:
    with pytest.raises(FormatError) as refused:
        _parse(raw)
    assert refused.value.message.startswith("thing: ")
    return refused.value.code


# ---------------------------------------------------------------- base64url


@given(
    st.lists(
        st.binary(min_size=32, max_size=32).map(b64url)
        | st.text("AQgwBZaz09-_+/=\n é", min_size=42, max_size=44)
        | st.sampled_from(["A" * 42 + "B", "A" * 43, "A" * 42 + "=", "", None, 7]),
        max_size=4,
    )
)
def test_hashes_are_read_at_once_as_one_by_one(texts: list[Any]) -> None:
    try:
        expected: Any = tuple(b64url_decode(text, what="thing", size=32) for text in texts)
    except FormatError as error:
        expected = error.code
    try:
        found: Any = b64url_decode_hashes(texts, what="thing")
    except FormatError as error:
        found = error.code
    assert found == expected


@given(st.binary(max_size=200))
def test_base64url_is_its_own_inverse_and_has_no_padding(value: bytes) -> None:
    text = b64url(value)
    assert text == base64.urlsafe_b64encode(value).decode().rstrip("=")
    assert b64url_decode(text) == value
    assert b64url_decode(text, size=len(value)) == value


@given(st.text(max_size=12) | st.text("AQgw-_+/=\n 9", max_size=12))
@example("AA==")
@example("AA=")
@example("A")
@example("AB")
@example("AAB")
@example("AA\n")
@example("AA-/")
@example("AAAA=AAA")
def test_base64url_has_one_spelling(text: str) -> None:
    try:
        value = b64url_decode(text, what="thing")
    except FormatError:
        return
    assert b64url(value) == text


@pytest.mark.parametrize("text", ["A", "AB", "AAB", "AA=", "AA==", "AA\n", "+A", "/A", "é", "A A"])
def test_other_spellings_of_base64url_are_refused(text: str) -> None:
    with pytest.raises(FormatError) as refused:
        b64url_decode(text)
    assert refused.value.code == "base64url"


def test_base64url_of_another_size_or_type_is_refused() -> None:
    for value in (None, 1, b"AA", ["AA"]):
        with pytest.raises(FormatError):
            b64url_decode(value)
    with pytest.raises(FormatError, match="expected 2 bytes, got 1"):
        b64url_decode("AA", size=2)


# ---------------------------------------------------------------- strict JSON


@given(JSON)
def test_every_json_value_reads_back_from_any_writer(value: Any) -> None:
    for raw in (
        compact_json(value),
        json.dumps(value).encode(),
        json.dumps(value, indent=2, ensure_ascii=False),
    ):
        read = _parse(raw)
        assert read == value
        assert json.dumps(read) == json.dumps(value)  # 1 is not 1.0, true is not 1


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"{} {}", "not_json"),
        (b"\xef\xbb\xbf{}", "not_json"),
        (b"{'a':1}", "not_json"),
        (b'{"a":1,}', "not_json"),
        (b"[01]", "not_json"),
        (b"[1.]", "not_json"),
        (b"[+1]", "not_json"),
        (b"NaN", "not_json"),
        (b"[Infinity]", "not_json"),
        (b"[-Infinity]", "not_json"),
        (b'"a\nb"', "not_json"),
        (b'"\\x"', "not_json"),
        (b'"\\"', "not_json"),
        (b'"' + b'\\"' * 9, "not_json"),
        (b"\xff", "not_utf8"),
        (b'"\xed\xa0\x80"', "not_utf8"),
        (b'"\xc0\xaf"', "not_utf8"),
        (b'{"a":1,"a":1}', "duplicate_member"),
        (b'{"a" :1,"a" :1}', "duplicate_member"),
        (b'{"a":1,"\\u0061":1}', "duplicate_member"),
        (b'{"a":1,"a":2,"b":":"}', "duplicate_member"),
        (b'{"a":1,"a":2,"b":"\\u003a"}', "duplicate_member"),
        (b'{"a":1,"a":2,"b":"\\u003A"}', "duplicate_member"),
        (b'{"a":1,"a":2,"b":"\\\\u003a"}', "duplicate_member"),
        (b'[{"x":{"a":{"b":1,"b":2}}}]', "duplicate_member"),
        (b'{"a:b":1,"a:b":2}', "duplicate_member"),
        (b'{"__proto__":1,"__proto__":2}', "duplicate_member"),
        (b'"\\ud800"', "lone_surrogate"),
        (b'{"\\udc00":1}', "lone_surrogate"),
        (b'["\\udc00\\ud800"]', "lone_surrogate"),
        (b"[9007199254740992]", "unsafe_number"),
        (b"[-9007199254740992]", "unsafe_number"),
        (b"[" + b"9" * 4301 + b"]", "unsafe_number"),
        (b"[18446744073709551616]", "unsafe_number"),
        (b"[1e999]", "unsafe_number"),
        (b"[-1e999]", "unsafe_number"),
        (b"[" * 33 + b"]" * 33, "too_deep"),
        (b'{"a":' * 33 + b"1" + b"}" * 33, "too_deep"),
        (b"[" * 32 + b"1,[]" + b"]" * 32, "too_deep"),
        (b"[" * 10**5, "too_deep"),
        (b"[" + b"1," * 20_001 + b"1]", "too_many"),
        (b'"' + b"a" * limits.BUNDLE_BYTES + b'"', "too_large"),
        ('"' + "é" * (limits.BUNDLE_BYTES // 2) + '"', "too_large"),
        ('"\ud800"', "not_utf8"),
    ],
)
def test_what_readers_would_read_differently_is_refused(raw: bytes | str, code: str) -> None:
    assert _code(raw) == code


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"9007199254740991", 9007199254740991),
        (b"-9007199254740991", -9007199254740991),
        (b'{"a":1,"b":":"}', {"a": 1, "b": ":"}),
        (b'{"a":1,"b":"\\u003a"}', {"a": 1, "b": ":"}),
        (b'["a:1,a:2{[",{"}]":1}]', ["a:1,a:2{[", {"}]": 1}]),
        (b'"\\ud83d\\ude00"', "😀"),
        (b'"9999999999999999999999"', "9999999999999999999999"),
        (b"[0.12345678901234567]", [0.12345678901234567]),
        (b"[-0]", [0]),
        (b" [ ] ", []),
        (b"[" * 32 + b"]" * 32, json.loads("[" * 32 + "]" * 32)),
        (b"[" * 32 + b"1" + b"]" * 32, json.loads("[" * 32 + "1" + "]" * 32)),
        (b'{"a":"\\n' + b" " * 99 + b'"}', {"a": "\n" + " " * 99}),
    ],
)
def test_what_only_looks_wrong_is_read(raw: bytes, value: Any) -> None:
    assert _parse(raw) == value
    assert _parse(raw.decode()) == value


@given(st.binary(max_size=60) | st.text('{}[]",:\\u0039ae.- ', max_size=60).map(str.encode))
def test_reading_agrees_with_the_plain_reader_or_refuses(raw: bytes) -> None:
    try:
        value = _parse(raw)
    except ComityError:
        return
    assert value == json.loads(raw)


def _outcome(raw: bytes) -> str:
    """Return what is read, with 1, 1.0 and true apart; or the refusal."""
    try:
        return json.dumps(_parse(raw))
    except ComityError as error:
        return error.code


@given(
    st.text('{}[]",:\\u003ae.-19 ', max_size=80).map(str.encode)
    | JSON.map(lambda value: json.dumps(value).encode())
    | JSON.flatmap(lambda value: edited(compact_json(value).decode())).map(
        lambda text: text.encode("utf-8", "surrogatepass")
    )
)
@example(b'{"a":9007199254740992,"b":":"}')
@example(b'{"a":1.0,"a":1.0}')
@example(b'{"a":18446744073709551616}')
@example(b'[{"a":' * 20 + b"1" + b"}]" * 20)
def test_the_fast_reader_says_what_the_strict_one_says(raw: bytes) -> None:
    fast = _outcome(raw)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("core.encoding._parse_plainly", lambda _raw: encoding._UNDECIDED)
        assert _outcome(raw) == fast


@pytest.mark.parametrize(
    "raw",
    [
        b'"' + b'\\"' * 130_000,
        b"[" + b'"' * 200_001,
        b'"\\u' * 100_000,
        b"[1e" + b"9" * 400_000 + b"]",
        b"1" * 500_000,
        b'{"a":' * 80_000,
    ],
)
def test_hostile_bytes_are_refused_in_time_that_grows_with_their_size(raw: bytes) -> None:
    started = time.perf_counter()
    with pytest.raises(FormatError):
        _parse(raw)
    assert time.perf_counter() - started < 1.0


# ---------------------------------------------------------------- writing


@given(JSON)
@example({"\U0001f600": 1, "\uffee": 2})
@example({"é": '\u007f\u0000\u001f\n\t\b\f\r/\\"', "a": [1.0, -0.0, 1e-7, 5e-324, 1.5]})
def test_canonical_bytes_are_those_of_rfc_8785(value: Any) -> None:
    raw = canonical_json(value)
    assert raw == rfc8785.dumps(value)
    read = parse_canonical_json(raw, what="thing", max_bytes=10**6)
    assert read == value
    assert canonical_json(read) == raw


@pytest.mark.parametrize(
    "raw", [b'{"b":1,"a":2}', b'{"a": 1}', b"[1.0]", b"[-0]", b'"\\u0061"', b"[1]\n", b"[1e2]"]
)
def test_every_other_spelling_is_not_canonical(raw: bytes) -> None:
    with pytest.raises(FormatError) as refused:
        parse_canonical_json(raw, what="thing", max_bytes=100)
    assert refused.value.code == "not_canonical"


@pytest.mark.parametrize(
    "value",
    [2**53, 2.0**53, -1e21, float("nan"), float("inf"), "\ud800", {1: 2}, {1}, b"a", object()],
)
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:
    with pytest.raises(FormatError) as refused:
        canonical_json([value])
    assert refused.value.code == "not_canonical"


def test_a_value_that_contains_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    for write in (canonical_json, compact_json):
        with pytest.raises(FormatError):
            write(endless)


def test_compact_json_keeps_the_order_and_refuses_what_is_not_json() -> None:
    assert compact_json({"b": ["é", None], "a": 1.5}) == '{"b":["é",null],"a":1.5}'.encode()
    for value in (float("nan"), "\ud800", {1, 2}, b"a"):
        with pytest.raises(FormatError):
            compact_json([value])


# ---------------------------------------------------------------- shapes


def test_members_are_exactly_those_named() -> None:
    value = {"a": 1, "b": 2}
    assert require_members(value, {"a", "b"}, what="thing") is value
    assert require_members(value, {"a"}, what="thing", optional=frozenset({"b", "c"})) is value
    for wrong, code in (([], "not_an_object"), ({"a": 1}, "missing_member")):
        with pytest.raises(FormatError) as refused:
            require_members(wrong, {"a", "b"}, what="thing")
        assert refused.value.code == code
    with pytest.raises(FormatError) as refused:
        require_members({**value, "Shenzhen": 1}, {"a", "b"}, what="thing")
    assert refused.value.code == "unknown_member"
    assert "Shenzhen" not in str(refused.value)


def test_integers_are_not_booleans_and_stay_within_bounds() -> None:
    assert require_integer(0, what="thing", low=0, high=9) == 0
    for wrong in (True, 1.0, "1", None):
        with pytest.raises(FormatError) as refused:
            require_integer(wrong, what="thing", low=0, high=9)
        assert refused.value.code == "not_an_integer"
    for outside in (-1, 10):
        with pytest.raises(LimitError):
            require_integer(outside, what="thing", low=0, high=9)


def test_texts_and_lists_have_limits() -> None:
    assert require_text("ab", what="thing", max_chars=2) == "ab"
    assert require_list([1], what="thing", max_items=1) == [1]
    for act in (
        lambda: require_text("", what="thing", max_chars=2),
        lambda: require_text(5, what="thing", max_chars=2),
        lambda: require_text("abc", what="thing", max_chars=2),
        lambda: require_list((), what="thing", max_items=1),
        lambda: require_list([1, 2], what="thing", max_items=1),
    ):
        with pytest.raises(FormatError):
            act()
