"""Moments on the wire: ``YYYY-MM-DDTHH:MM:SSZ`` and no other of the spellings of ISO 8601."""

import re
from datetime import UTC, datetime
from typing import Any, Final

from core.errors import FormatError

INSTANT_PATTERN: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"
# Newer Pythons take 24:00:00 for the next day's start, and others 23:59:60 for a leap second.
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z")


def instant(moment: datetime) -> str:
    """Return an aware moment as ``YYYY-MM-DDTHH:MM:SSZ``."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def require_instant(value: Any, *, what: str) -> datetime:
    """Return the aware moment that ``value`` spells.

    Raises:
        FormatError: missing, or in another spelling.
    """
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            pass
    raise FormatError("not_an_instant", f"{what}: expected a moment YYYY-MM-DDTHH:MM:SSZ")
