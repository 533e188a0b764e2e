"""Public keys and compact signatures (JWS) of the two algorithms Comity accepts.

Decides whether a compact JWS was signed by a *given* key. The key always comes from the ledger or
from the caller, never from the token, and it alone decides the algorithm: the token's `alg` must
agree with it.

Refused while reading (``FormatError``: these are not our bytes)

====================  =====================================================================
code                  what was read
====================  =====================================================================
jws_segments          not exactly three segments
base64url             padding, another alphabet, non-zero trailing bits
not_json …            the header is not strict JSON (codes of ``core.encoding``)
jws_header            the header is not an object, or has no textual `alg`
too_large             header, payload or signature above ``core.limits``
key_type, key_curve   a JWK that is neither EC P-256 nor OKP Ed25519
key_private           a JWK with a private or symmetric member
key_use               a JWK meant for something other than verifying this algorithm
key_point             coordinates that are no point of the curve, or one of small order
key_form              a JWK with missing, unknown or ill-typed members
====================  =====================================================================

Refused by ``verify`` (``ProofError``: well formed, but it proves nothing)

====================  =====================================================================
header_refused        `crit`, `b64`, or a key or key address inside the token
algorithm_refused     any `alg` but ES256, Ed25519 and EdDSA (its older name): none, HS256, …
algorithm_mismatch    an accepted `alg`, but not the one of the registered key
signature_invalid     the signature does not verify
====================  =====================================================================
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final, Protocol

from core import limits
from core.encoding import b64url, b64url_decode, canonical_json, parse_canonical_json, parse_json
from core.errors import FormatError, LimitError, ProofError, Refused

ALGORITHMS: Final = ("ES256", "Ed25519")

_READ_AS: Final = {"ES256": "ES256", "Ed25519": "Ed25519", "EdDSA": "Ed25519"}
_COORDINATE_BYTES: Final = 32
_SIGNATURE_BYTES: Final = 64  # of both algorithms
_JWK_BYTES: Final = 512
_PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})
_OPTIONAL_MEMBERS: Final = frozenset({"kid", "use", "alg", "key_ops"})
# A key or an address of a key in the token would let its maker choose the key; `crit` and `b64`
# change what the other parts mean (RFC 7515 4.1.2-4.1.6, 4.1.11; RFC 7797).
_REFUSED_HEADERS: Final = frozenset({"crit", "b64", "jku", "jwk", "x5u", "x5c"})


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key in its one spelling, the RFC 7638 canonical JSON.

    Attributes:
        algorithm: ``ES256`` or ``Ed25519``; nothing else is ever verified with this key.
        canonical: RFC 7638 bytes, which is also what the ledger holds.
        thumbprint: SHA-256 of them, 32 bytes.
    """

    algorithm: str
    canonical: bytes
    thumbprint: bytes
    _fits: "Fits" = field(repr=False, compare=False)

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Any]) -> "PublicKey":
        """Return the key of a JWK and refuse all but a public P-256 or Ed25519 signing key.

        `kid` is ignored: a key is known by its thumbprint.

        Raises:
            FormatError: see the table above.
        """
        return _load(canonical_json(_required_members(jwk)))

    @classmethod
    def from_canonical(cls, canonical: bytes) -> "PublicKey":
        """Return the key of RFC 7638 bytes; parsed keys are cached.

        Raises:
            FormatError: see the table above; ``not_canonical`` for any other spelling.
        """
        return _load(canonical)

    @property
    def jwk(self) -> dict[str, str]:
        """The members RFC 7638 requires, and no others."""
        members: dict[str, str] = parse_json(self.canonical, what="key", max_bytes=_JWK_BYTES)
        return members

    @property
    def thumbprint_text(self) -> str:
        """The thumbprint as base64url, the way it ends a `kid`."""
        return b64url(self.thumbprint)

    def verify(self, algorithm: str, signing_input: bytes, signature: bytes) -> None:
        """Raise ``ProofError`` unless this key made ``signature`` over ``signing_input``.

        Args:
            algorithm: the `alg` of the token's header, as read.
        """
        named = _READ_AS.get(algorithm)
        if named is None:
            raise ProofError(
                "algorithm_refused", f"the signature algorithm must be {' or '.join(ALGORITHMS)}"
            )
        if named != self.algorithm:
            raise ProofError(
                "algorithm_mismatch",
                f"the token names {named}, the registered key is for {self.algorithm}",
            )
        if len(signature) != _SIGNATURE_BYTES or not self._fits(signing_input, signature):
            raise ProofError(
                "signature_invalid", "the signature does not belong to this content and key"
            )


@dataclass(frozen=True, slots=True)
class CompactJws:
    """A compact JWS as read; ``verify`` says whether it means anything."""

    header: Mapping[str, Any]
    payload: bytes = field(repr=False)  # certificate content stays out of logs
    signature: bytes
    text: str = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> "CompactJws":
        """Return the parts of ``header.payload.signature``; no signature is checked.

        Raises:
            FormatError: see the table of the module.
        """
        if len(text) > limits.PRESENTATION_BYTES:
            raise LimitError("too_large", f"token: larger than {limits.PRESENTATION_BYTES} bytes")
        segments = text.split(".")
        if len(segments) != 3:
            raise FormatError("jws_segments", "token: expected header.payload.signature")
        header = _header(segments[0])
        payload = b64url_decode(segments[1], what="token payload")
        signature = b64url_decode(segments[2], what="token signature")
        if len(payload) > limits.JWS_PAYLOAD_BYTES or len(signature) > limits.JWS_SIGNATURE_BYTES:
            raise LimitError("too_large", "token: payload or signature above the limit")
        return cls(header, payload, signature, text)

    def dump(self) -> str:
        """Return the text that ``parse`` read."""
        return self.text

    @property
    def signing_input(self) -> bytes:
        """What is signed: ``header.payload``."""
        return self.text[: self.text.rindex(".")].encode("ascii")

    @property
    def algorithm(self) -> str:
        """The `alg` of the header, as read and not yet judged."""
        name: str = self.header["alg"]
        return name

    def verify(self, key: PublicKey) -> None:
        """Raise ``ProofError`` unless ``key`` signed these bytes under a header we understand."""
        if not _REFUSED_HEADERS.isdisjoint(self.header):
            raise ProofError(
                "header_refused",
                "the token's header brings its own key or changes how the token is read",
            )
        key.verify(self.algorithm, self.signing_input, self.signature)


@lru_cache(maxsize=256)  # all tokens that one key signed have the same header
def _header(segment: str) -> Mapping[str, Any]:
    value = parse_json(
        b64url_decode(segment, what="token header"),
        what="token header",
        max_bytes=limits.JWS_HEADER_BYTES,
    )
    if not isinstance(value, dict) or not isinstance(value.get("alg"), str):
        raise FormatError("jws_header", "token header: expected an object with a textual alg")
    return MappingProxyType(value)


class JwsSigner(Protocol):
    """What signs: an algorithm, the thumbprint of its public key, and one method."""

    @property
    def algorithm(self) -> str:
        """``ES256`` or ``Ed25519``."""

    @property
    def thumbprint(self) -> str:
        """RFC 7638 thumbprint of the public key, base64url."""

    def sign(self, signing_input: bytes, *, use: Any) -> bytes:
        """Return the raw signature, 64 bytes, or raise if the key is not meant for ``use``."""


def sign_compact(header: Mapping[str, Any], payload: bytes, signer: JwsSigner, use: Any) -> str:
    """Return a compact JWS of ``payload``.

    Args:
        header: without `alg`, which is the signer's to state.
        use: the purpose the signer must be meant for.

    Raises:
        Refused: `alg` or a refused header is given, or `kid` does not end in the signer's
            thumbprint.
        LimitError: the header or payload would not be read back.
    """
    if "alg" in header or not _REFUSED_HEADERS.isdisjoint(header):
        raise Refused("header_refused", "the signer states alg; keys and crit are never written")
    kid = header.get("kid")
    if kid is not None and not str(kid).endswith(signer.thumbprint):
        raise Refused("key_mismatch", "kid must end in the thumbprint of the signing key")
    if signer.algorithm not in ALGORITHMS:
        raise Refused("algorithm_refused", f"the signer must be {' or '.join(ALGORITHMS)}")
    head = canonical_json({"alg": str(signer.algorithm), **header})
    if len(head) > limits.JWS_HEADER_BYTES or len(payload) > limits.JWS_PAYLOAD_BYTES:
        raise LimitError("too_large", "token: header or payload above the limit")
    signing_input = f"{b64url(head)}.{b64url(payload)}"
    signature = signer.sign(signing_input.encode("ascii"), use=use)
    return f"{signing_input}.{b64url(signature)}"


def _required_members(jwk: Mapping[str, Any]) -> dict[str, str]:
    """Return the members RFC 7638 hashes, having judged all the others."""
    if not _PRIVATE_MEMBERS.isdisjoint(jwk):
        raise FormatError("key_private", "key: has a private member; only public keys belong here")
    kty, crv = jwk.get("kty"), jwk.get("crv")
    names: tuple[str, ...]
    if kty == "EC":
        algorithm, curve, names = "ES256", "P-256", ("crv", "kty", "x", "y")
    elif kty == "OKP":
        algorithm, curve, names = "Ed25519", "Ed25519", ("crv", "kty", "x")
    else:
        raise FormatError("key_type", "key: expected kty EC or OKP")
    if crv != curve:
        raise FormatError("key_curve", f"key: expected the curve {curve}")
    if jwk.keys() - set(names) - _OPTIONAL_MEMBERS:
        raise FormatError("key_form", "key: has a member that is not defined")
    if (
        jwk.get("use", "sig") != "sig"
        or jwk.get("key_ops", ["verify"]) != ["verify"]
        or _READ_AS.get(str(jwk.get("alg", algorithm))) != algorithm
    ):
        raise FormatError("key_use", f"key: not meant for verifying {algorithm}")
    members = {name: jwk.get(name) for name in names}
    texts = {name: value for name, value in members.items() if isinstance(value, str)}
    if len(texts) != len(members):
        raise FormatError("key_form", "key: a required member is missing or not text")
    return texts


@lru_cache(maxsize=4096)
def _load(canonical: bytes) -> PublicKey:
    value = parse_canonical_json(canonical, what="key", max_bytes=_JWK_BYTES)
    if not isinstance(value, dict) or _required_members(value) != value:
        raise FormatError("key_form", "key: expected exactly the members of RFC 7638")
    for coordinate in ("x", "y"):
        if coordinate in value:
            b64url_decode(value[coordinate], what="key coordinate", size=_COORDINATE_BYTES)
    algorithm = "ES256" if value["kty"] == "EC" else "Ed25519"
    if algorithm == "Ed25519":
        _require_ed25519_point(b64url_decode(value["x"]))
    # joserfc costs 0.2 s to import, and whoever asks for help need not wait for it
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, OKPKey

    try:
        key: ECKey | OKPKey = (ECKey if algorithm == "ES256" else OKPKey).import_key(value)
        verifier = key.get_op_key("verify")  # the point is checked here, not at a first signature
    except (JoseError, ValueError):
        raise FormatError("key_point", "key: the coordinates are no point of the curve") from None
    fits = (_es256 if algorithm == "ES256" else _ed25519)(verifier)
    return PublicKey(algorithm, canonical, sha256(canonical).digest(), fits)


Fits = Callable[[bytes, bytes], bool]
"""Tells whether a signature (second) over some bytes (first) was made with one certain key.

Straight to cryptography: the way through joserfc's models takes as long as reading a bundle."""


def _es256(key: Any) -> Fits:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
    from cryptography.hazmat.primitives.hashes import SHA256

    method = ECDSA(SHA256())

    def fits(signing_input: bytes, signature: bytes) -> bool:
        r = int.from_bytes(signature[:_COORDINATE_BYTES], "big")  # raw: RFC 7518 3.4
        s = int.from_bytes(signature[_COORDINATE_BYTES:], "big")
        try:
            key.verify(encode_dss_signature(r, s), signing_input, method)
        except InvalidSignature:
            return False
        return True

    return fits


def _ed25519(key: Any) -> Fits:
    from cryptography.exceptions import InvalidSignature

    def fits(signing_input: bytes, signature: bytes) -> bool:
        try:
            key.verify(signature, signing_input)
        except InvalidSignature:
            return False
        return True

    return fits


_ED25519_PRIME: Final = 2**255 - 19
_ED25519_D: Final = -121665 * pow(121666, -1, _ED25519_PRIME) % _ED25519_PRIME


def _require_ed25519_point(encoded: bytes) -> None:
    """Refuse what is no point, is spelled non-canonically, or has small order (RFC 8032 5.1.3).

    OpenSSL loads all of these; under a key of small order one signature fits many messages.
    """
    prime = _ED25519_PRIME
    y = int.from_bytes(encoded, "little") & (2**255 - 1)  # the top bit is the sign of x
    y2 = y * y % prime
    numerator, denominator = (y2 - 1) % prime, (_ED25519_D * y2 + 1) % prime
    x2 = numerator * pow(denominator, -1, prime) % prime
    on_curve = y < prime and (x2 == 0 or pow(x2, (prime - 1) // 2, prime) == 1)
    # Small order: x = 0 (order 1, 2), y = 0 (order 4), and order 8, where doubling gives y = 0,
    # that is y² + x² = 0 (the curve is -x² + y² = 1 + d x² y²).
    if not on_curve or x2 == 0 or y == 0 or (x2 + y2) % prime == 0:
        raise FormatError("key_point", "key: the coordinate is no point fit for a key")
