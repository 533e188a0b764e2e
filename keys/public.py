"""The public halves of our keys: what may be shown, registered and compared.

Decides what a well-formed public half is: a point on its curve, written in one way, and for an
account the address that belongs to it. Refuses everything else. Nothing here can sign; the types
share no ancestor with the private halves in ``keys/signer.py``.
"""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

from core.encoding import b64url, b64url_decode, canonical_json, require_members, require_text
from core.errors import FormatError
from keys.purposes import Algorithm

_COORDINATE_BYTES = 32
_COMPRESSED_POINT_BYTES = 33
_ADDRESS_CHARS = 42


@dataclass(frozen=True, slots=True)
class DocumentPublic:
    """The public half of a key that signs documents. ``y`` is None exactly for Ed25519."""

    algorithm: Algorithm
    x: bytes
    y: bytes | None

    @property
    def jwk(self) -> dict[str, str]:
        """The members that RFC 7638 requires, and no others."""
        if self.y is None:
            return {"crv": "Ed25519", "kty": "OKP", "x": b64url(self.x)}
        return {"crv": "P-256", "kty": "EC", "x": b64url(self.x), "y": b64url(self.y)}

    @property
    def canonical_jwk(self) -> bytes:
        """The bytes that RFC 7638 hashes: what the ledger registers."""
        return canonical_json(self.jwk)

    @property
    def fingerprint(self) -> str:
        """The RFC 7638 thumbprint, base64url of SHA-256."""
        return _fingerprint(self)

    def dump(self) -> dict[str, Any]:
        """Return the JSON object that ``parse`` reads."""
        return {"jwk": self.jwk}

    @classmethod
    def parse(cls, algorithm: Algorithm, value: object) -> "DocumentPublic":
        """Return the public half written in ``value``; raise ``FormatError`` if it is none."""
        jwk = require_members(value, {"jwk"}, what="public key")["jwk"]
        on_curve = algorithm is Algorithm.ES256
        names = {"crv", "kty", "x", "y"} if on_curve else {"crv", "kty", "x"}
        members = require_members(jwk, names, what="public key")
        x = b64url_decode(members["x"], what="public key x", size=_COORDINATE_BYTES)
        y = None
        if on_curve:
            y = b64url_decode(members["y"], what="public key y", size=_COORDINATE_BYTES)
            _require_p256_point(x, y)
        public = cls(algorithm, x, y)
        if public.jwk != members:
            raise FormatError("public_key", f"public key: not a JWK for {algorithm}")
        return public


@lru_cache(maxsize=64)  # a signer is asked for it with every document
def _fingerprint(public: DocumentPublic) -> str:
    return b64url(sha256(public.canonical_jwk).digest())


@dataclass(frozen=True, slots=True)
class AccountPublic:
    """The public half of a ledger account: its compressed point and the address of that point."""

    key: bytes
    address: str

    @property
    def algorithm(self) -> Algorithm:
        """Accounts have one algorithm."""
        return Algorithm.SECP256K1

    @property
    def fingerprint(self) -> str:
        """The address, which is how an account is known on the ledger."""
        return self.address

    def dump(self) -> dict[str, Any]:
        """Return the JSON object that ``parse`` reads."""
        return {"address": self.address, "key": b64url(self.key)}

    @classmethod
    def of(cls, key: bytes) -> "AccountPublic":
        """Return the public half for a compressed point."""
        return cls(key, account_address(key))

    @classmethod
    def parse(cls, value: object) -> "AccountPublic":
        """Return the public half written in ``value``; raise ``FormatError`` if it is none."""
        members = require_members(value, {"address", "key"}, what="public key")
        address = require_text(members["address"], what="address", max_chars=_ADDRESS_CHARS)
        public = cls.of(
            b64url_decode(members["key"], what="public key", size=_COMPRESSED_POINT_BYTES)
        )
        if public.address != address:
            raise FormatError("public_key", "public key: the address is not that of the key")
        return public


Public = DocumentPublic | AccountPublic


def account_address(key: bytes) -> str:
    """Return the checksummed address (EIP-55) of a compressed secp256k1 point.

    Raises:
        FormatError: the bytes are not a point of the curve.
    """
    # Not at the top: pycryptodome takes 80 ms to import and only accounts need it. eth_hash brings
    # the same library and more besides; hashlib has no keccak before OpenSSL 3.2.
    import coincurve
    from Crypto.Hash import keccak

    try:
        point = coincurve.PublicKey(key).format(compressed=False)
    except ValueError:
        raise FormatError("public_key", "public key: not a point of secp256k1") from None
    plain = keccak.new(digest_bits=256, data=point[1:]).digest()[-20:].hex()
    checksum = keccak.new(digest_bits=256, data=plain.encode("ascii")).hexdigest()
    return "0x" + "".join(
        char.upper() if int(nibble, 16) >= 8 else char
        for char, nibble in zip(plain, checksum, strict=False)
    )


def _require_p256_point(x: bytes, y: bytes) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec

    numbers = ec.EllipticCurvePublicNumbers(
        int.from_bytes(x, "big"), int.from_bytes(y, "big"), ec.SECP256R1()
    )
    try:
        numbers.public_key()
    except ValueError:
        raise FormatError("public_key", "public key: not a point of P-256") from None
