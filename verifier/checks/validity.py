"""Line 4: does the certificate cover this day, or the day asked about?

Answered from the signed dates, so only once the signature stands, and by a clock that the ledger
does not prove wrong.
"""

from datetime import UTC, datetime

from verifier.checks.case import Case, Finding


def check_dates(case: Case, *, content_trusted: bool) -> Finding:
    """Return the finding of line 4.

    Args:
        case: the document under examination.
        content_trusted: whether lines 1 and 2 are Yes.
    """
    if not content_trusted:
        return Finding("dates_not_checked")
    if case.clock_wrong:
        return Finding("dates_clock_wrong")
    credential = case.credential
    day = datetime.fromtimestamp(case.at, UTC) if case.is_past else case.now.astimezone(UTC)
    day = day.replace(microsecond=0)  # dates are signed to the second
    if day < credential.valid_from:
        code = "not_yet_in_force_then" if case.is_past else "not_yet_in_force"
        return Finding(code, _on(credential.valid_from.date().isoformat()), day)
    if day > credential.valid_until:
        return Finding("expired", _on(credential.valid_until.date().isoformat()), day)
    return Finding("within_dates", _on(day.date().isoformat()), day)


def _on(day: str) -> dict[str, str]:
    return {"date": day}
