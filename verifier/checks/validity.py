"""Line 4: does the certificate cover this day?

Answered from the signed dates, so only once the signature stands.
"""

from verifier.checks.case import Case, Finding


def check_dates(case: Case, *, content_trusted: bool) -> Finding:
    """Return the finding of line 4.

    Args:
        case: the document under examination.
        content_trusted: whether lines 1 and 2 are Yes.
    """
    if not content_trusted:
        return Finding("dates_not_checked")
    credential = case.credential
    if case.now < credential.valid_from:
        return Finding("not_yet_in_force", _on(credential.valid_from.date().isoformat()), case.now)
    if case.now > credential.valid_until:
        return Finding("expired", _on(credential.valid_until.date().isoformat()), case.now)
    return Finding("within_dates", _on(case.now.date().isoformat()), case.now)


def _on(day: str) -> dict[str, str]:
    return {"date": day}
