"""Days and moments as people write them on a command line or in a request.

Decides that a bare day begins at 00:00:00 and ends at 23:59:59 UTC, so that "until 31 March"
includes 31 March everywhere. Refuses moments without an offset, and every other spelling.
"""

import re
from datetime import UTC, date, datetime, time
from typing import Final

from core.errors import UsageError

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})", re.ASCII
)
_LAST_SECOND: Final = time(23, 59, 59)


def beginning(text: str, *, what: str) -> datetime:
    """Return the moment that ``text`` names; of a day its first.

    Raises:
        UsageError: neither a day nor a moment.
    """
    return _moment(text, time(), what)


def end(text: str, *, what: str) -> datetime:
    """Return the moment that ``text`` names; of a day its last second."""
    return _moment(text, _LAST_SECOND, what)


def day(text: str, *, what: str) -> date:
    """Return the day that ``text`` names."""
    if _DAY.fullmatch(text):
        return _moment(text, time(), what).date()
    raise UsageError("date_form", f"{what}: expected a day such as 2027-03-31")


def _moment(text: str, of_day: time, what: str) -> datetime:
    try:
        if _DAY.fullmatch(text):
            return datetime.combine(date.fromisoformat(text), of_day, UTC)
        if _MOMENT.fullmatch(text):
            return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise UsageError(
        "date_form", f"{what}: expected a day such as 2027-03-31, or a moment with its offset"
    )
