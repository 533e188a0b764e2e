"""Signers and paths for token tests: keys made from a word, so that every run has the same ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from core.crypto.jose import PublicKey
from core.encoding import b64url

_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True)
class WordSigner:
    """A ``JwsSigner`` whose key comes from a word; ``public`` is what a verifier holds."""

    algorithm: str
    public: PublicKey
    _sign: Callable[[bytes], bytes]

    @property
    def thumbprint(self) -> str:
        return self.public.thumbprint_text

    def sign(self, signing_input: bytes, *, use: Any) -> bytes:
        assert use == "assertion"
        return self._sign(signing_input)


def ed25519_signer(word: str) -> WordSigner:
    key = ed25519.Ed25519PrivateKey.from_private_bytes(sha256(word.encode()).digest())
    x = b64url(key.public_key().public_bytes_raw())
    public = PublicKey.from_jwk({"kty": "OKP", "crv": "Ed25519", "x": x})
    return WordSigner("Ed25519", public, key.sign)


def es256_signer(word: str) -> WordSigner:
    number = int.from_bytes(sha256(word.encode()).digest()) % (_P256_ORDER - 1) + 1
    key = ec.derive_private_key(number, ec.SECP256R1())
    point = key.public_key().public_numbers()
    x, y = (b64url(coordinate.to_bytes(32)) for coordinate in (point.x, point.y))
    public = PublicKey.from_jwk({"kty": "EC", "crv": "P-256", "x": x, "y": y})

    def sign(signing_input: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(signing_input, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)

    return WordSigner("ES256", public, sign)


class CountedRandomness:
    """Bytes that never repeat and are the same in every run."""

    def __init__(self, word: str = "randomness") -> None:
        self._word = word
        self._count = 0

    def __call__(self, size: int) -> bytes:
        self._count += 1
        return sha256(f"{self._word}/{self._count}".encode()).digest()[:size]
