"""Strict JSON, canonical JSON (RFC 8785) and canonical base64url.

Refuses what different readers would read differently: duplicate names, NaN and Infinity, numbers
that are not safe integers or doubles, lone surrogates, a byte order mark, bytes after the value,
nesting and counts above ``core/limits.py``, and base64url with padding, other alphabets or
non-zero trailing bits. One value has one spelling.
"""

import binascii
import json
import re
import struct
from typing import Any, Final, NoReturn

import orjson
import pybase64
import rfc8785

from core import limits
from core.errors import FormatError, LimitError

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

_SAFE_INTEGER = 2**53 - 1
_PADDING: Final = ("", "!", "==", "=")  # one character alone is no base64
# What may stand last where the last character holds bits of no byte; a whole one ends with any.
_LAST_CHARACTERS: Final = ("", "", "AQgw", "AEIMQUYcgkosw048")
_HASH_BYTES: Final = 32
_HASH_CHARACTERS: Final = 43
_TO_BASE64URL = bytes.maketrans(b"+/", b"-_")
_SURROGATE = re.compile("[\ud800-\udfff]")
# A text without end is one token too: else each quote in it would be tried as a beginning.
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[{]|[\]}]|,', re.DOTALL)
_DIGITS_AS_ZEROS = bytes(ord("0") if byte in b"0123456789" else ord(" ") for byte in range(256))
_LONG_NUMBER: Final = b"0" * limits.JSON_INTEGER_DIGITS
_DEEP_LINE: Final = b"\n" + b"  " * limits.JSON_DEPTH
_TOO_SHORT_TO_NEST: Final = 2 * limits.JSON_DEPTH
_INDENTED: Final = orjson.OPT_INDENT_2
_COMPACT: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_PLAIN_TYPES: Final = frozenset({str, int, bool, type(None)})
_FOUR_BYTES = re.compile(rb"[\xf0-\xf7]")
_SORTED: Final = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER
_UNDECIDED: Final = object()


def b64url(value: bytes) -> str:
    """Return unpadded base64url."""
    text = binascii.b2a_base64(value, newline=False).translate(_TO_BASE64URL)
    return text.rstrip(b"=").decode("ascii")


def b64url_decode(text: Any, *, what: str = "value", size: int | None = None) -> bytes:
    """Return the bytes of canonical unpadded base64url, of exactly ``size`` bytes if given.

    Raises:
        FormatError: another alphabet, padding, non-zero trailing bits, or another size.
    """
    if not isinstance(text, str) or "+" in text or "/" in text or "=" in text:
        raise FormatError("base64url", f"{what}: expected unpadded base64url")
    rest = len(text) % 4
    try:
        value = pybase64.b64decode(text + _PADDING[rest], b"-_", validate=True)
    except ValueError:
        raise FormatError("base64url", f"{what}: expected unpadded base64url") from None
    if rest and text[-1] not in _LAST_CHARACTERS[rest]:
        raise FormatError("base64url", f"{what}: base64url with non-zero trailing bits")
    if size is not None and len(value) != size:
        raise FormatError("base64url", f"{what}: expected {size} bytes, got {len(value)}")
    return value


def b64url_decode_hashes(texts: list[Any], *, what: str) -> tuple[bytes, ...]:
    """Return the 32 bytes of each text, in one go; the same refusals as :func:`b64url_decode`.

    43 characters hold 32 bytes and two bits that must be zero. One more "A", six zero bits, makes
    44 characters and 33 bytes, the last of which is zero exactly if those two bits are.
    """
    try:
        if set(map(len, texts)) == {_HASH_CHARACTERS}:
            raw = b64url_decode("A".join([*texts, ""]), what=what)
            if not any(raw[_HASH_BYTES :: _HASH_BYTES + 1]):
                return struct.unpack(f"{_HASH_BYTES}sx" * len(texts), raw)
    except (TypeError, FormatError):  # not text, or not base64url: which one, is found below
        pass
    return tuple(b64url_decode(text, what=what, size=_HASH_BYTES) for text in texts)


def parse_json(raw: bytes | str, *, what: str, max_bytes: int) -> Any:
    """Return the JSON value in ``raw``, read strictly.

    Args:
        raw: UTF-8 bytes, or text.
        what: the thing's name for error messages; never its content.
        max_bytes: the largest size accepted.

    Raises:
        LimitError: too large, too deep, too many members.
        FormatError: anything else that is not one unambiguous JSON value.
    """
    if len(raw) > max_bytes:
        raise LimitError("too_large", f"{what}: larger than {max_bytes} bytes")
    if isinstance(raw, str):
        raw = raw.encode("utf-8", "surrogatepass")
        if len(raw) > max_bytes:
            raise LimitError("too_large", f"{what}: larger than {max_bytes} bytes")
    value = _parse_plainly(raw)
    return _parse_slowly(raw, what) if value is _UNDECIDED else value


def _parse_plainly(raw: bytes) -> Any:
    """Return the value if it is beyond doubt that ``_parse_slowly`` would return the same.

    Much faster, for reading is most of what a check does beside its signature. Whoever writes the
    value again and gets the same bytes has overlooked nothing: a writer repeats no name, and ours
    raises at unsafe integers. Other spellings are judged by their colons: each member has one, each
    text keeps its own, and writing the value again loses those of members that were overwritten. An
    escaped colon (\\u003a) would hide that. Depth shows in the indentation, for a line break inside
    a text is written as an escape; a short text cannot nest too deep.
    """
    if len(raw) > limits.JSON_MEMBERS and raw.count(b",") > limits.JSON_MEMBERS:
        return _UNDECIDED
    try:
        value = orjson.loads(raw)
        again = orjson.dumps(value, option=orjson.OPT_STRICT_INTEGER)
        if len(raw) > _TOO_SHORT_TO_NEST and _DEEP_LINE in orjson.dumps(value, option=_INDENTED):
            return _UNDECIDED
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return _UNDECIDED
    is_complete = again == raw or (
        b"\\u003" not in raw
        and again.count(b":") == raw.count(b":")
        and _LONG_NUMBER not in raw.translate(_DIGITS_AS_ZEROS)
    )
    return value if is_complete else _UNDECIDED


def _parse_slowly(raw: bytes, what: str) -> Any:
    """Return the value, or say precisely why these bytes are refused."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise FormatError("not_utf8", f"{what}: not UTF-8") from None
    _require_shape(text, what)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object_without_duplicates,
            parse_int=_safe_integer,
            parse_float=_finite_float,
            parse_constant=_no_constant,
        )
    except FormatError as error:
        raise type(error)(error.code, f"{what}: {error.message}") from None
    except (ValueError, RecursionError):
        raise FormatError("not_json", f"{what}: not JSON") from None
    if "\\u" in text:
        _require_scalar_values(value, what)
    return value


def compact_json(value: Any) -> bytes:
    """Return JSON without white space, members in the order given; for bytes that get signed.

    Raises:
        FormatError: a number that is not finite, half a character, or another type.
    """
    try:
        text = _written_by_orjson(value, orjson.OPT_STRICT_INTEGER)
        if text is not None and _is_plain(value):
            return text
        return _COMPACT.encode(value).encode("utf-8")
    except (ValueError, TypeError, RecursionError):
        raise FormatError("not_json", "the value has no JSON form") from None


def canonical_json(value: Any) -> bytes:
    """Return the RFC 8785 bytes of a JSON value.

    Raises:
        FormatError: the value has no canonical form (unsafe number, lone surrogate, other type).
    """
    try:
        text = _written_by_orjson(value, _SORTED)
        if text is not None:
            if _is_plain(value) and _has_one_order(text):
                return text
            _require_safe_floats(value)
        return rfc8785.dumps(value)
    except (
        rfc8785.CanonicalizationError,
        UnicodeEncodeError,
        RecursionError,
        TypeError,
    ):
        raise FormatError("not_canonical", "the value has no canonical JSON form") from None


def _written_by_orjson(value: Any, option: int) -> bytes | None:
    try:
        return orjson.dumps(value, option=option)
    except orjson.JSONEncodeError:
        return None


def _has_one_order(text: bytes) -> bool:
    """Tell whether names sort alike as UTF-8 and as UTF-16, as all do without 4-byte characters."""
    return text.isascii() or not _FOUR_BYTES.search(text)


def _is_plain(value: Any) -> bool:
    """Tell whether orjson, ten times as fast, writes each part of this value as others do.

    They differ in floats and in types that are not of JSON. What nests deeper than is read anywhere
    is left to others as well.
    """
    level = [value]
    for _ in range(limits.JSON_DEPTH):
        below: list[Any] = []
        for item in level:
            kind = type(item)
            if kind is dict:
                below += item.values()
            elif kind is list:
                below += item
            elif kind not in _PLAIN_TYPES:
                return False
        if not below:
            return True
        level = below
    return False


def _require_safe_floats(value: Any) -> None:
    """Refuse a float whose canonical form is digits that ``parse_json`` would refuse."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            pending.extend(item.values())
        elif isinstance(item, list | tuple):
            pending.extend(item)
        elif isinstance(item, float) and abs(item) > _SAFE_INTEGER:
            raise FormatError("not_canonical", "a number is too large to be read everywhere")


def parse_canonical_json(raw: bytes, *, what: str, max_bytes: int) -> Any:
    """Return the JSON value in ``raw`` and refuse every spelling but the canonical one."""
    value = _parse_canonically(raw) if len(raw) <= max_bytes else _UNDECIDED
    if value is not _UNDECIDED:
        return value
    value = parse_json(raw, what=what, max_bytes=max_bytes)
    if canonical_json(value) != raw:
        raise FormatError(
            "not_canonical",
            f"{what}: these are not the canonical bytes (RFC 8785) of the value",
        )
    return value


def _parse_canonically(raw: bytes) -> Any:
    """Return the value if it is beyond doubt that ``raw`` is canonical.

    Whoever writes a value again and gets the same bytes has overlooked no repeated name.
    """
    if len(raw) > limits.JSON_MEMBERS and raw.count(b",") > limits.JSON_MEMBERS:
        return _UNDECIDED
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return _UNDECIDED
    if _written_by_orjson(value, _SORTED) == raw and _has_one_order(raw) and _is_plain(value):
        return value
    return _UNDECIDED


def require_members(
    value: Any,
    names: "frozenset[str] | set[str]",
    *,
    what: str,
    optional: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """Return ``value`` if it is an object with exactly ``names`` and at most ``optional`` more."""
    if not isinstance(value, dict):
        raise FormatError("not_an_object", f"{what}: expected an object")
    if value.keys() == names:
        return value
    missing = names - value.keys()
    if missing:
        raise FormatError("missing_member", f"{what}: missing {', '.join(sorted(missing))}")
    if value.keys() - names - optional:
        # the unknown name itself is outside input and is not repeated
        raise FormatError("unknown_member", f"{what}: has a member that is not defined")
    return value


def require_text(
    value: Any, *, what: str, max_chars: int, pattern: re.Pattern[str] | None = None
) -> str:
    """Return ``value`` if it is text of 1 to ``max_chars`` characters matching ``pattern``."""
    if not isinstance(value, str) or not value:
        raise FormatError("not_text", f"{what}: expected text")
    if len(value) > max_chars:
        raise LimitError("too_large", f"{what}: longer than {max_chars} characters")
    if pattern is not None and not pattern.fullmatch(value):
        raise FormatError("wrong_form", f"{what}: not of the expected form")
    return value


def require_integer(value: Any, *, what: str, low: int, high: int) -> int:
    """Return ``value`` if it is an integer (not a boolean) from ``low`` to ``high``."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise FormatError("not_an_integer", f"{what}: expected an integer")
    if not low <= value <= high:
        raise LimitError("out_of_range", f"{what}: expected {low} to {high}")
    return value


def require_list(value: Any, *, what: str, max_items: int) -> list[Any]:
    """Return ``value`` if it is an array of at most ``max_items``."""
    if not isinstance(value, list):
        raise FormatError("not_an_array", f"{what}: expected an array")
    if len(value) > max_items:
        raise LimitError("too_many", f"{what}: more than {max_items} items")
    return value


def _require_shape(text: str, what: str) -> None:
    """Bound depth and count before the recursive parser sees the text."""
    depth = members = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        token = match.group()
        if token in "[{":
            depth += 1
            if depth > limits.JSON_DEPTH:
                raise LimitError("too_deep", f"{what}: nested deeper than {limits.JSON_DEPTH}")
        elif token in "]}":
            depth -= 1
        elif token == ",":
            members += 1
            if members > limits.JSON_MEMBERS:
                raise LimitError("too_many", f"{what}: more than {limits.JSON_MEMBERS} members")


def _object_without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise FormatError("duplicate_member", "a member name occurs twice")
    return value


def _safe_integer(digits: str) -> int:
    if len(digits) > limits.JSON_INTEGER_DIGITS + 1 or abs(int(digits)) > _SAFE_INTEGER:
        raise LimitError("unsafe_number", "a number is too large to be read alike everywhere")
    return int(digits)


def _finite_float(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise LimitError("unsafe_number", "a number is too large to be read alike everywhere")
    return value


def _no_constant(_name: str) -> NoReturn:
    raise FormatError("not_json", "NaN and Infinity are not JSON")


def _require_scalar_values(value: Any, what: str) -> None:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            if _SURROGATE.search(item):
                raise FormatError("lone_surrogate", f"{what}: text with half a character")
        elif isinstance(item, list):
            pending.extend(item)
        elif isinstance(item, dict):
            pending.extend(item)
            pending.extend(item.values())
