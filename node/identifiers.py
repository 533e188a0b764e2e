"""Identifiers that we hand out: random, and saying nothing."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from core.encoding import b64url

Random = Callable[[int], bytes]
"""A cryptographic source of bytes: ``random(n)`` returns n of them."""

Clock = Callable[[], datetime]
"""The time, aware."""

PUBLIC_ID_BYTES: Final = 16


def public_id(random: Random) -> str:
    """Return a new public identifier of 128 random bits, 22 characters."""
    return b64url(random(PUBLIC_ID_BYTES))


def public_ids(count: int, random: Random) -> list[str]:
    """Return ``count`` new public identifiers from one draw."""
    drawn = random(count * PUBLIC_ID_BYTES)
    step = PUBLIC_ID_BYTES
    return [b64url(drawn[i : i + step]) for i in range(0, len(drawn), step)]


def milliseconds(moment: datetime) -> int:
    """Return a moment as Unix milliseconds."""
    return int(moment.timestamp() * 1000)


def moment(unix_ms: int) -> datetime:
    """Return Unix milliseconds as an aware moment."""
    return datetime.fromtimestamp(unix_ms / 1000, UTC)
