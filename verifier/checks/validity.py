"""Line 4: does the certificate cover this day?

Answered from the signed dates, so only once the signature stands, and by a clock that the ledger
does not prove wrong.
"""

from datetime import UTC

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
    now = case.now.astimezone(UTC).replace(microsecond=0)  # dates are signed to the second
    if now < credential.valid_from:
        return Finding("not_yet_in_force", _on(credential.valid_from.date().isoformat()), now)
    if now > credential.valid_until:
        return Finding("expired", _on(credential.valid_until.date().isoformat()), now)
    return Finding("within_dates", _on(now.date().isoformat()), now)


def _on(day: str) -> dict[str, str]:
    return {"date": day}
