"""Builds sdjwt-refusals.json, the refusal vectors for SD-JWT.

For every refusal rule of RFC 9901 and of our profile, a token that breaks this rule and no other,
with the code it must be refused with; and the tokens they were made from, which are accepted.

Run ``python -m tests.vectors.generate_sdjwt`` to write the file again; a test compares the two.
Every token is signed anew (Ed25519, so the bytes are always the same), except where the signature
is what the vector is about.
"""

from __future__ import annotations

import hmac
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from core.encoding import b64url, b64url_decode, compact_json
from tests.support.tokens import ed25519_signer

FILE = Path(__file__).with_name("sdjwt-refusals.json")
SIGNER = ed25519_signer("issuer of the SD-JWT refusal vectors")
HEADER = {"alg": "Ed25519", "typ": "vc+sd-jwt"}


def salt(number: int) -> str:
    return b64url(sha256(f"salt {number}".encode()).digest()[:16])


def encode(content: Any) -> str:
    return b64url(compact_json(content))


def digest(encoded: str) -> str:
    return b64url(sha256(encoded.encode()).digest())


def join(jws: str, *disclosures: str) -> str:
    return "~".join([jws, *disclosures, ""])


def sign(payload: Any, header: dict[str, Any] = HEADER, *, raw: bytes | None = None) -> str:
    body = compact_json(payload) if raw is None else raw
    signing_input = f"{encode(header)}.{b64url(body)}"
    return f"{signing_input}.{b64url(SIGNER.sign(signing_input.encode(), use='assertion'))}"


MEMBER = encode([salt(1), "scope", "LED drivers"])
OTHER = encode([salt(2), "sector", ["19"]])
ELEMENT = encode([salt(3), {"name": "Plant 1"}])
PAYLOAD: dict[str, Any] = {
    "iss": "https://node.example",
    "_sd": [digest(MEMBER), digest(OTHER)],
    "site": [{"...": digest(ELEMENT)}],
    "_sd_alg": "sha-256",
}
GOOD = join(sign(PAYLOAD), MEMBER, OTHER, ELEMENT)


def changed(**members: Any) -> str:
    """The payload with some members replaced, or left out where None; all disclosures follow."""
    payload = {name: v for name, v in {**PAYLOAD, **members}.items() if v is not None}
    return join(sign(payload), MEMBER, OTHER, ELEMENT)


def with_member(content: Any, **more: Any) -> str:
    """A token whose one hidden member has this content."""
    return _with_raw_member(encode(content), **more)


def _with_raw_member(encoded: str, **more: Any) -> str:
    return join(sign({"iss": "https://node.example", "_sd": [digest(encoded)], **more}), encoded)


def with_element(content: Any) -> str:
    """A token whose one hidden array element has this content."""
    encoded = encode(content)
    return join(sign({"site": [{"...": digest(encoded)}]}), encoded)


def nested(depth: int) -> str:
    """Disclosures inside disclosures, ``depth`` of them."""
    encoded = [encode([salt(100), "a", 1])]
    for number in range(1, depth):
        encoded.append(encode([salt(100 + number), "a", {"_sd": [digest(encoded[-1])]}]))
    return join(sign({"_sd": [digest(encoded[-1])]}), *encoded)


def accepted() -> dict[str, tuple[str, Any]]:
    site = [{"name": "Plant 1"}]
    full = {"iss": "https://node.example", "site": site, "scope": "LED drivers", "sector": ["19"]}
    jws = sign(PAYLOAD)
    without_algorithm = {name: v for name, v in PAYLOAD.items() if name != "_sd_alg"}
    return {
        "everything shown": (GOOD, full),
        "nothing shown": (join(jws), {"iss": "https://node.example", "site": []}),
        "other order": (join(jws, ELEMENT, OTHER, MEMBER), full),
        "no _sd_alg means sha-256": (
            join(sign(without_algorithm), MEMBER, OTHER, ELEMENT),
            full,
        ),
        "header named EdDSA": (
            join(sign(PAYLOAD, {"alg": "EdDSA"}), MEMBER, OTHER, ELEMENT),
            full,
        ),
        "a nested disclosure": (nested(3), {"a": {"a": {"a": 1}}}),
        "white space in a disclosure": (
            _with_raw_member(b64url(f'["{salt(1)}" , "scope" , 1]'.encode())),
            {"iss": "https://node.example", "scope": 1},
        ),
    }


def format_refusals() -> list[tuple[str, str, str]]:
    jws = sign(PAYLOAD)
    head, body, signature = jws.split(".")
    padded = b64url(b'["' + salt(1).encode() + b'","scope","LED "]')
    return [
        ("sdjwt_parts", "no ~", jws),
        ("sdjwt_parts", "an empty part before the last", join(jws, "", MEMBER, OTHER, ELEMENT)),
        ("sdjwt_parts", "empty text", ""),
        ("jws_segments", "the signature left out", join(f"{head}.{body}", MEMBER)),
        ("jws_segments", "a fourth segment", join(f"{jws}.{body}", MEMBER)),
        ("jws_segments", "a key binding that is no JWS", GOOD + "kb"),
        ("jws_header", "a header without alg", join(sign(PAYLOAD, {"typ": "vc+sd-jwt"}))),
        ("jws_header", "a header whose alg is a number", join(sign(PAYLOAD, {"alg": 1}))),
        ("base64url", "a padded disclosure", _with_raw_member(padded + "=")),
        ("base64url", "a disclosure in plain base64", _with_raw_member(MEMBER[:-1] + "+")),
        (
            "base64url",
            "non-zero trailing bits in a disclosure",
            _with_raw_member(b64url(b'["' + salt(1).encode() + b'","s",1]')[:-1] + "R"),
        ),
        ("base64url", "a space in the payload", join(f"{head}. {body}.{signature}", MEMBER)),
        ("not_json", "a disclosure that is not JSON", _with_raw_member(b64url(b'["a"'))),
        ("not_json", "a disclosure with NaN", _with_raw_member(b64url(b'["a","b",NaN]'))),
        (
            "duplicate_member",
            "a name twice in the payload",
            join(sign(None, raw=b'{"iss":"a","iss":"b"}')),
        ),
        (
            "duplicate_member",
            "a name twice in a disclosure",
            _with_raw_member(b64url(f'["{salt(1)}","scope",{{"en":1,"en":2}}]'.encode())),
        ),
        ("sdjwt_payload", "a payload that is an array", join(sign([1]))),
        ("disclosure_arity", "a disclosure of one item", with_member([salt(1)])),
        ("disclosure_arity", "a disclosure of four items", with_member([salt(1), "a", 1, 2])),
        ("disclosure_arity", "a disclosure that is an object", with_member({"scope": 1})),
        ("disclosure_salt", "a salt that is a number", with_member([12345, "scope", 1])),
        ("disclosure_name", "a claim name that is a number", with_member([salt(1), 7, 1])),
        ("disclosure_name", "a claim name that is null", with_member([salt(1), None, 1])),
        ("too_many", "513 disclosures", join(jws, *["W10"] * 513)),
        ("too_deep", "a payload nested too deep", join(sign(None, raw=b"[" * 40 + b"]" * 40))),
        ("too_deep", "disclosures nested too deep", nested(40)),
    ]


def digest_refusals() -> list[tuple[str, str, str]]:
    jws = sign(PAYLOAD)
    outside = encode([salt(9), "extra", 1])
    hidden = digest(outside)
    holder = encode([salt(8), "inner", {"_sd": [digest(MEMBER)]}])
    nested_holder = encode([salt(8), "inner", {"_sd_alg": "sha-256"}])
    return [
        ("disclosure_repeated", "a disclosure twice", join(jws, MEMBER, MEMBER, OTHER, ELEMENT)),
        ("disclosure_unreferenced", "a disclosure too many", GOOD + outside + "~"),
        ("disclosure_unreferenced", "its digest removed", changed(_sd=[digest(OTHER)])),
        (
            "disclosure_unreferenced",
            "its parent not shown",
            join(sign({"_sd": [digest(holder)]}), MEMBER),
        ),
        ("disclosure_misplaced", "an element's in an object", with_member([salt(1), "LED"])),
        ("disclosure_misplaced", "a member's in an array", with_element([salt(1), "a", 1])),
        (
            "digest_repeated",
            "a digest twice in one object",
            changed(_sd=[digest(MEMBER), digest(OTHER), digest(MEMBER)]),
        ),
        (
            "digest_repeated",
            "an undisclosed digest twice",
            changed(site=[{"...": digest(ELEMENT)}, {"...": hidden}, {"...": hidden}]),
        ),
        (
            "digest_repeated",
            "an undisclosed digest in an object and in an array",
            changed(
                _sd=[digest(MEMBER), digest(OTHER), hidden],
                site=[{"...": digest(ELEMENT)}, {"...": hidden}],
            ),
        ),
        (
            "digest_repeated",
            "a digest again inside a disclosure",
            join(sign({"_sd": [digest(MEMBER), digest(holder)]}), MEMBER, holder),
        ),
        ("claim_collision", "a visible claim overwritten", changed(scope="anything")),
        (
            "claim_collision",
            "two disclosures of one name",
            changed(_sd=[digest(MEMBER), digest(OTHER), digest(encode([salt(7), "scope", 2]))])
            + encode([salt(7), "scope", 2])
            + "~",
        ),
        ("reserved_name", "a claim named _sd", with_member([salt(1), "_sd", []])),
        ("reserved_name", "a claim named ...", with_member([salt(1), "...", hidden])),
        ("reserved_name", "a claim named _sd_alg", with_member([salt(1), "_sd_alg", "sha-256"])),
        ("sd_form", "_sd is text", changed(_sd=digest(MEMBER))),
        ("sd_form", "_sd is an object", changed(_sd={"a": digest(MEMBER)})),
        ("sd_form", "_sd holds a number", changed(_sd=[digest(MEMBER), digest(OTHER), 1])),
        ("sd_form", "_sd holds a short digest", changed(_sd=[digest(MEMBER), digest(OTHER)[:-1]])),
        (
            "sd_form",
            "_sd inside a disclosure is text",
            with_member([salt(1), "scope", {"_sd": "x"}]),
        ),
        ("ellipsis_form", "... holds a number", changed(site=[{"...": 1}])),
        ("ellipsis_form", "... holds an array", changed(site=[{"...": [digest(ELEMENT)]}])),
        (
            "ellipsis_siblings",
            "... beside a member",
            changed(site=[{"...": digest(ELEMENT), "name": "Plant 1"}]),
        ),
        ("ellipsis_misplaced", "... in an object", changed(party={"...": hidden})),
        ("ellipsis_misplaced", "... at the top", changed(**{"...": hidden})),
        (
            "ellipsis_misplaced",
            "... as a disclosed element",
            with_element([salt(1), {"...": hidden}]),
        ),
        ("sd_alg_form", "_sd_alg is a number", changed(_sd_alg=256)),
        ("sd_alg_weak", "_sd_alg is sha-1", changed(_sd_alg="sha-1")),
        ("sd_alg_weak", "_sd_alg is cut short", changed(_sd_alg="sha-256-32")),
        ("sd_alg_unknown", "_sd_alg is sha-512", changed(_sd_alg="sha-512")),
        ("sd_alg_unknown", "_sd_alg is in capitals", changed(_sd_alg="SHA-256")),
        ("sd_alg_misplaced", "_sd_alg in an inner object", changed(party={"_sd_alg": "sha-256"})),
        (
            "sd_alg_misplaced",
            "_sd_alg inside a disclosure",
            join(sign({"_sd": [digest(nested_holder)]}), nested_holder),
        ),
        ("salt_too_short", "a salt of 126 bits", with_member([salt(1)[:-1], "scope", 1])),
        ("salt_too_short", "an empty salt", with_member(["", "scope", 1])),
        ("salt_too_short", "a salt that is a sentence", with_member(["a " * 20, "scope", 1])),
        (
            "salt_repeated",
            "one salt in two disclosures",
            join(
                sign({"_sd": [digest(MEMBER), digest(encode([salt(1), "sector", 1]))]}),
                MEMBER,
                encode([salt(1), "sector", 1]),
            ),
        ),
    ]


def signature_refusals() -> list[tuple[str, str, str]]:
    head, body, signature = sign(PAYLOAD).split(".")
    shown = [MEMBER, OTHER, ELEMENT]
    public = Ed25519PublicKey.from_public_bytes(b64url_decode(SIGNER.public.jwk["x"]))
    spki = PublicFormat.SubjectPublicKeyInfo
    secrets = {
        "JWK": SIGNER.public.canonical,
        "PEM": public.public_bytes(Encoding.PEM, spki),
        "DER": public.public_bytes(Encoding.DER, spki),
    }

    def unsigned(alg: str) -> str:
        return join(f"{encode({**HEADER, 'alg': alg})}.{body}.", *shown)

    def symmetric(secret: bytes) -> str:
        signing_input = f"{encode({**HEADER, 'alg': 'HS256'})}.{body}"
        mac = hmac.digest(secret, signing_input.encode(), "sha256")
        return join(f"{signing_input}.{b64url(mac)}", *shown)

    def headed(**members: Any) -> str:
        return join(sign(PAYLOAD, {**HEADER, **members}), *shown)

    turned = bytearray(b64url_decode(signature))
    turned[0] ^= 1
    edited = encode({**PAYLOAD, "iss": "https://other.example"})
    return [
        *(("algorithm_refused", f"alg {alg}", unsigned(alg)) for alg in ("none", "None", "NONE")),
        *(
            ("algorithm_refused", f"HS256 with the public key as {name}", symmetric(secret))
            for name, secret in secrets.items()
        ),
        ("algorithm_refused", "alg RS256", join(sign(PAYLOAD, {"alg": "RS256"}), *shown)),
        ("algorithm_refused", "alg ES256K", join(sign(PAYLOAD, {"alg": "ES256K"}), *shown)),
        ("algorithm_mismatch", "alg ES256", join(sign(PAYLOAD, {"alg": "ES256"}), *shown)),
        ("header_refused", "crit", headed(crit=["exp"], exp=1)),
        ("header_refused", "b64", headed(b64=False)),
        ("header_refused", "jwk", headed(jwk=SIGNER.public.jwk)),
        ("header_refused", "jku", headed(jku="https://other.example/keys")),
        ("header_refused", "x5u", headed(x5u="https://other.example/chain")),
        ("header_refused", "x5c", headed(x5c=["MIIB"])),
        ("signature_invalid", "no signature", join(f"{head}.{body}.", *shown)),
        ("signature_invalid", "one bit turned", join(f"{head}.{body}.{b64url(turned)}", *shown)),
        (
            "signature_invalid",
            "one byte more",
            join(f"{head}.{body}.{b64url(bytes(turned) + b'0')}", *shown),
        ),
        ("signature_invalid", "another payload", join(f"{head}.{edited}.{signature}", *shown)),
        (
            "signature_invalid",
            "another header",
            join(f"{encode({**HEADER, 'typ': 'JWT'})}.{body}.{signature}", *shown),
        ),
    ]


def build() -> dict[str, Any]:
    """Return the whole file as a JSON value."""
    groups = [
        ("format", format_refusals()),
        ("proof", digest_refusals()),
        ("proof", signature_refusals()),
    ]
    return {
        "about": "SD-JWTs that a verifier must refuse, each for one reason, and some it must take",
        "key": SIGNER.public.jwk,
        "accepted": [
            {"name": name, "token": token, "claims": claims}
            for name, (token, claims) in accepted().items()
        ],
        "refused": [
            {"code": code, "name": name, "error": error, "token": token}
            for error, group in groups
            for code, name, token in group
        ],
    }


def render() -> str:
    """Return the file's text."""
    return json.dumps(build(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(render(), encoding="utf-8")
