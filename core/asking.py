"""The question a reader puts: which words are understood, and which moment is meant.

Decides the moment of ``at``: a moment in UTC as it is, a date alone its last second, and today now.
Refuses the future, for nobody has evidence of it; markets that are no economy; sectors that are on
no list. A misspelled question must not read as a No.
"""

import re
from datetime import UTC, datetime
from typing import Final

from core import limits
from core.codes import known_economy, sectors
from core.errors import FormatError, UsageError
from core.instants import require_instant
from core.report import Question

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_HINT: Final = "a date as 2026-03-02, or a moment as 2026-03-02T12:00:00Z"


def question_of(
    standard: str | None = None,
    sector: str | None = None,
    site: str | None = None,
    market: str | None = None,
    at: str | None = None,
    *,
    now: datetime,
) -> Question:
    """Return the question that these words put; empty ones ask nothing. A market may be lower case.

    Raises:
        UsageError: it cannot be asked.
    """
    moment = moment_asked(at, now) if at else None
    question = Question(
        standard or None, sector or None, site or None, market.upper() if market else None, moment
    )
    require_askable(question, now)
    return question


def moment_asked(text: str, now: datetime) -> datetime:
    """Return the moment that a date or a timestamp means.

    Raises:
        UsageError: it is neither.
    """
    now = now.astimezone(UTC).replace(microsecond=0)
    try:
        if not _DAY.fullmatch(text):
            return require_instant(text, what="at")
        last = require_instant(f"{text}T23:59:59Z", what="at")
    except FormatError:
        raise UsageError("at_form", f"at: expected {_HINT}") from None
    return now if last.date() == now.date() else last


def require_askable(question: Question, now: datetime) -> None:
    """Raise ``UsageError`` for a question that has no answer."""
    for asked in (question.standard, question.site):
        if asked is not None and len(asked) > limits.NAME_CHARS:
            raise UsageError("too_long", f"longer than {limits.NAME_CHARS} characters")
    if question.at is not None and question.at > now:
        raise UsageError("at_future", "at: lies in the future, of which nobody has evidence", _HINT)
    if question.market is not None and not known_economy(question.market):
        raise UsageError(
            "economy_form",
            "market: expected two letters of ISO 3166-1, as CN, or a user-assigned code, as XA",
        )
    if question.sector is not None and question.sector not in sectors():
        raise UsageError("unknown_sector", "sector: expected a two-digit sector code, 01 to 39")
