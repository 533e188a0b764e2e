"""Files that somebody might present and that must never be believed, each with what must happen.

``FORMAT``: none of our formats: exit 4, HTTP 400 or 413. ``NOT_VALID``: parses, but its
cryptography fails: exit 1, HTTP 200.
"""

from __future__ import annotations

import hmac
import json
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any

from core.bundle import Bundle
from core.crypto.jose import PublicKey
from core.encoding import b64url, b64url_decode, canonical_json

FORMAT, NOT_VALID = "format", "not_valid"


def bad_files(bundle: Bundle, key: PublicKey) -> Iterator[tuple[str, bytes, str]]:
    """Yield (name, bytes, what must happen) made from a good bundle and its issuer's key."""
    good = bundle.dump()
    yield from _not_json(good)
    yield from _wrong_json(good)
    yield from _wrong_members(bundle)
    yield from _forged_tokens(bundle, key)
    yield from _moved_parts(bundle)


def _not_json(good: bytes) -> Iterator[tuple[str, bytes, str]]:
    yield "empty", b"", FORMAT
    yield "one byte", b"{", FORMAT
    yield "truncated by one", good[:-1], FORMAT
    yield "truncated to half", good[: len(good) // 2], FORMAT
    yield "first byte missing", good[1:], FORMAT
    yield "huge", b'{"a":"' + b"x" * 900_000 + b'"}', FORMAT
    yield "deep arrays", b"[" * 100_000 + b"]" * 100_000, FORMAT
    yield "deep objects", b'{"a":' * 50_000 + b"1" + b"}" * 50_000, FORMAT
    yield "many members", b"[" + b",".join([b"0"] * 200_000) + b"]", FORMAT
    yield "byte order mark", b"\xef\xbb\xbf" + good, FORMAT
    yield "not UTF-8", good.replace(b"comity", b"\xff\xfe\xfd\xfc\xfb\xfa", 1), FORMAT
    yield "UTF-16", good.decode().encode("utf-16"), FORMAT
    yield "compressed", zlib.compress(good), FORMAT
    yield "base64", b64encode(good), FORMAT
    yield "a PDF", b"%PDF-1.7\n" + good, FORMAT
    yield "a zip", b"PK\x03\x04" + bytes(200), FORMAT
    yield "HTML", b"<html><script>alert(1)</script></html>", FORMAT
    yield "zero bytes", bytes(10_000), FORMAT


def _wrong_json(good: bytes) -> Iterator[tuple[str, bytes, str]]:
    value = json.loads(good)
    yield "trailing line end", good + b"\n", FORMAT
    yield "two values", good + good, FORMAT
    yield "indented", json.dumps(value, indent=1).encode(), FORMAT
    yield "members in another order", _dump(dict(reversed(value.items()))), FORMAT
    yield "duplicate name", good.replace(b'"v":1', b'"v":1,"v":1'), FORMAT
    yield "duplicate name, other value", good.replace(b'{"anchor"', b'{"v":2,"anchor"'), FORMAT
    yield "NaN", good.replace(b'"v":1', b'"v":NaN'), FORMAT
    yield "a number of 4301 digits", good.replace(b'"v":1', b'"v":' + b"1" * 4301), FORMAT
    yield "version as decimal", good.replace(b'"v":1', b'"v":1.0'), FORMAT
    yield "lone surrogate", good.replace(b'"comity/', b'"\\ud800comity/'), FORMAT
    yield "an array", b"[" + good + b"]", FORMAT
    yield "null", b"null", FORMAT


def _wrong_members(bundle: Bundle) -> Iterator[tuple[str, bytes, str]]:
    def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
        value = bundle.to_json()
        change(value)
        return canonical_json(value)

    yield "another version", changed(lambda v: v.update(v=3)), FORMAT
    yield "version true", changed(lambda v: v.update(v=True)), FORMAT
    yield "unknown member", changed(lambda v: v.update(verdict="verified")), FORMAT
    yield "prototype member", changed(lambda v: v.update(__proto__={"v": 1})), FORMAT
    for name in ("ledger", "presentation", "leaf", "anchor"):
        yield f"{name} stripped", changed(lambda v, name=name: v.pop(name)), FORMAT
    yield "ledger is an address", changed(lambda v: v.update(ledger="http://127.0.0.1/")), FORMAT
    yield "size no power of two", changed(lambda v: v["anchor"].update(size=65)), FORMAT
    yield "negative index", changed(lambda v: v["leaf"].update(index=-1)), FORMAT
    yield "salt too short", changed(lambda v: v["leaf"].update(salt=b64url(bytes(16)))), FORMAT
    yield (
        "salt with padding",
        changed(lambda v: v["leaf"].update(salt=b64url(bytes(32)) + "=")),
        (FORMAT),
    )
    yield (
        "path of 10,000 steps",
        changed(lambda v: v["leaf"].update(path=[b64url(bytes(32))] * 10_000)),
        FORMAT,
    )
    yield "root too long", changed(lambda v: v["anchor"].update(root=b64url(bytes(33)))), FORMAT


def _forged_tokens(bundle: Bundle, key: PublicKey) -> Iterator[tuple[str, bytes, str]]:
    token, _, disclosures = bundle.presentation.partition("~")
    header, payload, signature = token.split(".")
    fields = json.loads(b64url_decode(header))

    def with_token(text: str) -> bytes:
        return _bundle(bundle, f"{text}~{disclosures}")

    def signed(algorithm: str, secret: bytes) -> str:
        head = b64url(canonical_json({**fields, "alg": algorithm}))
        made = hmac.digest(secret, f"{head}.{payload}".encode(), sha256)
        return f"{head}.{payload}.{b64url(made)}"

    for name in ("none", "None", "NONE"):
        head = b64url(canonical_json({**fields, "alg": name}))
        yield f"alg {name}, no signature", with_token(f"{head}.{payload}."), NOT_VALID
        yield f"alg {name}, old signature", with_token(f"{head}.{payload}.{signature}"), NOT_VALID
    yield "HS256 with the public key", with_token(signed("HS256", key.canonical)), NOT_VALID
    yield "HS256 with an empty key", with_token(signed("HS256", b"")), NOT_VALID
    yield "signature removed", with_token(f"{header}.{payload}."), NOT_VALID
    yield "signature of zeros", with_token(f"{header}.{payload}.{b64url(bytes(64))}"), NOT_VALID
    claims = json.loads(b64url_decode(payload))
    claims["credentialSubject"]["certification"]["certificateNumber"] = "FORGED-1"
    other = b64url(canonical_json(claims))
    yield "another number", with_token(f"{header}.{other}.{signature}"), NOT_VALID
    claims["credentialSubject"]["issuedToParty"]["name"] = "<script>alert(1)</script>"
    other = b64url(canonical_json(claims))
    yield "script as a name", with_token(f"{header}.{other}.{signature}"), NOT_VALID
    yield "two segments", with_token(f"{header}.{payload}"), FORMAT
    yield "header no JSON", with_token(f"{b64url(b'no')}.{payload}.{signature}"), FORMAT
    keyed = {**fields, "jwk": key.jwk}
    yield "own key in the header", with_token(_head(keyed, payload, signature)), NOT_VALID
    fetched = {**fields, "jku": "http://127.0.0.1/keys"}
    yield "key address in the header", with_token(_head(fetched, payload, signature)), NOT_VALID
    path = {**fields, "kid": "../../etc/passwd"}
    yield "kid is a path", with_token(_head(path, payload, signature)), FORMAT
    bare = {name: value for name, value in claims.items() if name != "credentialStatus"}
    stripped = f"{header}.{b64url(canonical_json(bare))}.{signature}"
    yield "status entry stripped", with_token(stripped), FORMAT


def _moved_parts(bundle: Bundle) -> Iterator[tuple[str, bytes, str]]:
    token, *disclosures, _ = bundle.presentation.split("~")
    twice = "~".join([token, disclosures[0], *disclosures, ""])
    yield "a disclosure twice", _bundle(bundle, twice), NOT_VALID
    invented = b64url(canonical_json([b64url(bytes(16)), "scopeStatement", {"en": "all"}]))
    added = "~".join([token, invented, *disclosures, ""])
    yield "a disclosure invented", _bundle(bundle, added), NOT_VALID
    yield "no closing tilde", _bundle(bundle, "~".join([token, *disclosures])), FORMAT
    value = bundle.to_json()
    value["leaf"]["index"] ^= 1
    yield "leaf index moved", canonical_json(value), NOT_VALID
    value = bundle.to_json()
    value["leaf"]["path"].reverse()
    yield "path reversed", canonical_json(value), NOT_VALID
    value = bundle.to_json()
    value["leaf"]["path"].pop()
    yield "path shortened", canonical_json(value), NOT_VALID
    value = bundle.to_json()
    value["anchor"]["root"] = b64url(bytes(32))
    yield "another root", canonical_json(value), NOT_VALID


def _bundle(bundle: Bundle, presentation: str) -> bytes:
    return canonical_json({**bundle.to_json(), "presentation": presentation})


def _head(fields: dict[str, Any], payload: str, signature: str) -> str:
    return f"{b64url(canonical_json(fields))}.{payload}.{signature}"


def _dump(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
