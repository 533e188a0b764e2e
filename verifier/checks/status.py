"""Line 5: has the body suspended, withdrawn, cancelled or replaced it?

Read from the ledger's whole history of the credential's slot under the issuing member, so every
envelope and every batch of one certificate gives the same answer. Of the events in effect the one
recorded last decides. Silence counts only where the evidence is fresh: an old state cannot say that
nothing happened since. A state this version does not know is never read as good.
"""

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter

from core.events import State, StatusDeclared, status_key
from core.registry import slot_state
from verifier.checks.case import Case, Finding, date

_ENDED = {
    State.SUSPENDED: "suspended",
    State.WITHDRAWN: "withdrawn",
    State.CANCELLED: "cancelled",
    State.SUPERSEDED: "superseded",
}
_KNOWN = frozenset(State)


def check_status(case: Case, *, content_trusted: bool) -> Finding:
    """Return the finding of line 5.

    Args:
        case: the document under examination.
        content_trusted: whether lines 1 and 2 are Yes; else the slot itself may be invented, and
            silence about that says nothing.
    """
    if case.head is None:
        return Finding("status_not_checked")
    seen = case.evidence_at
    if case.clock_wrong:
        return Finding("status_clock_wrong", evidence_at=seen)
    if case.too_old:
        return Finding("status_too_old", {"date": seen.date().isoformat() if seen else ""}, seen)
    if case.behind:
        return Finding("status_behind", evidence_at=seen)
    if case.issuer is None or not content_trusted:
        return Finding("status_owner_open", evidence_at=seen)
    code, event = _judge(case, case.issuer)
    return Finding(code, {"date": date(event.effective_at)} if event else {}, seen)


def _judge(case: Case, issuer: int) -> tuple[str, StatusDeclared | None]:
    """Return the reason code of the slot's state now, and the event that decides it."""
    history = case.history(status_key(issuer, case.credential.slot.digest))
    if not history:
        return "no_status_event", None
    standing = slot_state(history).standing
    if any(e.state not in _KNOWN for e in standing):
        return "status_not_understood", None
    now = case.time
    effective = [e for e in standing if e.effective_at <= now]
    current = effective[-1] if effective else None
    if current is not None and current.state in _ENDED:
        return _ENDED[State(current.state)], current
    announced = _announced_end(standing, now)
    if announced is not None:
        suspension = announced.state == State.SUSPENDED
        return ("suspension_announced" if suspension else "end_announced"), announced
    if current is not None and len(effective) > 1:
        return "restored", current
    return "no_status_event", None


def _announced_end(standing: Sequence[StatusDeclared], now: float) -> StatusDeclared | None:
    """Return the event that will first take the certificate out of force, if nothing is added."""
    last = -1
    places = sorted((event.effective_at, place) for place, event in enumerate(standing))
    for effective_at, group in groupby(places, key=itemgetter(0)):
        last = max(last, *(place for _, place in group))
        if effective_at > now and standing[last].state in _ENDED:
            return standing[last]
    return None
