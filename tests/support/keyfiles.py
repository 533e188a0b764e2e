"""Key files for tests: recognisable private keys, and a source of randomness that gives them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from core.encoding import b64url
from keys.key_file import KeyHeader
from keys.purposes import ALGORITHMS, Algorithm, Purpose

WORDS = "gull lantern quartz meadow"
CREATED = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)
KINDS = tuple((purpose, algorithm) for purpose in Purpose for algorithm in ALGORITHMS[purpose])


class Made(NamedTuple):
    """A key file, its public part and the private key that was put in."""

    path: Path
    header: KeyHeader
    secret: bytes


def random_giving(secret: bytes) -> Callable[[int], bytes]:
    """Return a source of randomness that answers ``secret`` when asked for so many bytes."""
    return lambda size: secret if size == len(secret) else bytes(range(size))


def secret_of(purpose: Purpose, algorithm: Algorithm) -> bytes:
    """Return a private key that is recognisable in any output."""
    return f"PRIVATE-{purpose:_<12}-{algorithm:_<11}".encode()


def forms_of(secret: bytes) -> tuple[str, ...]:
    """Return the ways in which a secret could show in a text."""
    number = int.from_bytes(secret, "big")
    escaped = repr(secret)[2:-1]
    return (
        escaped,
        secret.hex(),
        secret.hex().upper(),
        b64url(secret),
        str(number),
        str(list(secret)),
    )
