"""The format of a key file: a public header, and the private key sealed under a passphrase.

Decides what a key file is: the RFC 8785 bytes of one JSON object of version 1. Refuses unknown
members, every other spelling, sizes and work factors out of bounds, and a public half that is
malformed. Nothing is decrypted here.

The 32-byte private key is sealed with AES-256-GCM; everything else in the file, public half and
work factor included, is its associated data, so that nothing in it can be changed unnoticed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from core.encoding import (
    b64url,
    b64url_decode,
    canonical_json,
    parse_canonical_json,
    require_integer,
    require_members,
    require_text,
)
from core.errors import FormatError
from keys.public import AccountPublic, DocumentPublic, Public
from keys.purposes import ALGORITHMS, Algorithm, Purpose

KEY_FILE_BYTES: Final = 4 * 1024
VERSION: Final = 1
SECRET_BYTES: Final = 32  # a P-256 or secp256k1 scalar, or an Ed25519 seed
SALT_BYTES: Final = 16
NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16

# scrypt: 2^16 blocks of 1 KiB are 64 MiB and 0.2 s for each guess. A file from elsewhere may ask
# for more, up to what a small machine can still give, but not for less.
WORK: Final = 1 << 16
MAXIMUM_WORK: Final = 1 << 18
BLOCK: Final = 8
PARALLEL: Final = 1

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Sealing:
    """How the private key is sealed: scrypt's salt and work factor, and the GCM nonce."""

    salt: bytes
    nonce: bytes
    work: int = WORK


@dataclass(frozen=True, slots=True)
class KeyHeader:
    """Everything in a key file that is not secret, and is authenticated with the secret."""

    purpose: Purpose
    public: Public
    created: datetime  # UTC, whole seconds
    sealing: Sealing = field(repr=False)

    @property
    def algorithm(self) -> Algorithm:
        """The algorithm the key signs with."""
        return self.public.algorithm

    @property
    def fingerprint(self) -> str:
        """Thumbprint of a document key, address of an account."""
        return self.public.fingerprint

    def associated_bytes(self) -> bytes:
        """Return the associated data of the sealed key: the file without its ciphertext."""
        return canonical_json(self.dump())

    def dump(self) -> dict[str, Any]:
        """Return the file's JSON object without the ciphertext."""
        return {
            "v": VERSION,
            "purpose": self.purpose.value,
            "algorithm": self.algorithm.value,
            "public": self.public.dump(),
            "created": self.created.strftime(_TIME_FORMAT),
            "kdf": {
                "name": "scrypt",
                "n": self.sealing.work,
                "p": PARALLEL,
                "r": BLOCK,
                "salt": b64url(self.sealing.salt),
            },
            "cipher": {"name": "AES-256-GCM", "nonce": b64url(self.sealing.nonce)},
        }


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A whole key file. ``parse`` and ``dump`` are exact inverses."""

    header: KeyHeader
    ciphertext: bytes = field(repr=False)

    def dump(self) -> bytes:
        """Return the bytes of the file."""
        value = self.header.dump()
        value["cipher"]["text"] = b64url(self.ciphertext)
        return canonical_json(value)

    @classmethod
    def parse(cls, raw: bytes) -> "KeyFile":
        """Return the key file in ``raw``.

        Raises:
            LimitError: too large, or a work factor out of bounds.
            FormatError: anything else but the canonical bytes of a key file.
        """
        value = parse_canonical_json(raw, what="key file", max_bytes=KEY_FILE_BYTES)
        names = {"v", "purpose", "algorithm", "public", "created", "kdf", "cipher"}
        members = require_members(value, names, what="key file")
        require_integer(members["v"], what="key file v", low=VERSION, high=VERSION)
        purpose, algorithm = _parse_purpose(members)
        public: Public
        if algorithm is Algorithm.SECP256K1:
            public = AccountPublic.parse(members["public"])
        else:
            public = DocumentPublic.parse(algorithm, members["public"])
        salt, work = _parse_kdf(members["kdf"])
        nonce, ciphertext = _parse_cipher(members["cipher"])
        created = _parse_time(members["created"])
        return cls(KeyHeader(purpose, public, created, Sealing(salt, nonce, work)), ciphertext)


def _parse_purpose(members: Mapping[str, Any]) -> tuple[Purpose, Algorithm]:
    try:
        purpose, algorithm = Purpose(members["purpose"]), Algorithm(members["algorithm"])
    except ValueError:
        # ``from None``: what stands there is not repeated
        raise FormatError("key_file", "key file: unknown purpose or algorithm") from None
    if algorithm not in ALGORITHMS[purpose]:
        raise FormatError("key_file", f"key file: {purpose} keys do not use {algorithm}")
    return purpose, algorithm


def _parse_kdf(value: object) -> tuple[bytes, int]:
    kdf = require_members(value, {"name", "n", "p", "r", "salt"}, what="key file kdf")
    if kdf["name"] != "scrypt":
        raise FormatError("key_file", "key file kdf: expected scrypt")
    work = require_integer(kdf["n"], what="key file kdf n", low=WORK, high=MAXIMUM_WORK)
    if work & (work - 1):
        raise FormatError("key_file", "key file kdf n: expected a power of two")
    require_integer(kdf["r"], what="key file kdf r", low=BLOCK, high=BLOCK)
    require_integer(kdf["p"], what="key file kdf p", low=PARALLEL, high=PARALLEL)
    return b64url_decode(kdf["salt"], what="key file kdf salt", size=SALT_BYTES), work


def _parse_cipher(value: object) -> tuple[bytes, bytes]:
    cipher = require_members(value, {"name", "nonce", "text"}, what="key file cipher")
    if cipher["name"] != "AES-256-GCM":
        raise FormatError("key_file", "key file cipher: expected AES-256-GCM")
    nonce = b64url_decode(cipher["nonce"], what="key file cipher nonce", size=NONCE_BYTES)
    size = SECRET_BYTES + _TAG_BYTES
    return nonce, b64url_decode(cipher["text"], what="key file cipher text", size=size)


def _parse_time(value: object) -> datetime:
    text = require_text(value, what="key file created", max_chars=20, pattern=_TIME)
    try:
        return datetime.strptime(text, _TIME_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        raise FormatError("key_file", "key file created: no such time") from None
