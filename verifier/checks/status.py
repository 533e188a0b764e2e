"""Line 5: has the body suspended, withdrawn, cancelled or replaced it? And its whole history.

Read from the ledger's whole history of the credential's slot under the issuing member, so every
envelope and every batch of one certificate gives the same answer. Of the events in effect the one
recorded last decides. Silence counts only where the evidence is fresh: an old state cannot say that
nothing happened since. A state this version does not know is never read as good.

Asked about a past moment, the events in effect then count, by all that is known now; an answer that
rests on an event recorded only after that moment says so. Of what was before the registration the
ledger knows nothing.
"""

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter

from core.events import Event, State, StatusDeclared
from core.registry import slot_state
from verifier.checks.case import Case, Finding, date
from verifier.checks.succession import is_mutual

_ENDED = {
    State.SUSPENDED: "suspended",
    State.WITHDRAWN: "withdrawn",
    State.CANCELLED: "cancelled",
    State.SUPERSEDED: "superseded",
}
_DECLARED_LATER = {
    State.SUSPENDED: "suspended_declared_later",
    State.WITHDRAWN: "withdrawn_declared_later",
    State.CANCELLED: "cancelled_declared_later",
    State.SUPERSEDED: "superseded_declared_later",
    State.IN_FORCE: "restored_declared_later",
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
    if case.before_registration and case.anchored is not None:
        return Finding("status_before_registration", {"date": date(case.anchored.time)}, seen)
    history = case.statuses
    if not history and not case.is_past:
        return Finding("no_status_event", evidence_at=seen)
    code, event = _judge(case, history)
    day = event.effective_at if event is not None else case.at
    return Finding(code, {"date": date(day)}, seen)


def _judge(case: Case, history: Sequence[Event]) -> tuple[str, StatusDeclared | None]:
    """Return the reason code of the slot's state then, and the event that decides it."""
    standing = slot_state(history).standing
    if any(e.state not in _KNOWN for e in standing):
        return "status_not_understood", None
    effective = [e for e in standing if e.effective_at <= case.at]
    current = effective[-1] if effective else None
    declared_later = current is not None and case.is_past and current.time > case.at
    if current is not None and current.state in _ENDED:
        return (_DECLARED_LATER if declared_later else _ended(case, current))[
            State(current.state)
        ], current
    announced = _announced_end([e for e in standing if e.time <= case.at], case.at)
    if announced is not None:
        suspension = announced.state == State.SUSPENDED
        return ("suspension_announced" if suspension else "end_announced"), announced
    if current is not None and len(effective) > 1:
        if declared_later:
            return "restored_declared_later", current
        return ("restored_then" if case.is_past else "restored"), current
    return ("in_force_then" if case.is_past else "no_status_event"), None


def _ended(case: Case, event: StatusDeclared) -> dict[State, str]:
    """Return the codes for an end that was known at the moment asked about."""
    codes = dict(_ENDED)
    if case.is_past:
        codes[State.SUSPENDED] = "suspended_then"
    if event.state == State.SUPERSEDED and not is_mutual(case.history, event):
        codes[State.SUPERSEDED] = "superseded_unconfirmed"
    return codes


def _announced_end(standing: Sequence[StatusDeclared], now: float) -> StatusDeclared | None:
    """Return the event that will first take the certificate out of force, if nothing is added."""
    last = -1
    places = sorted((event.effective_at, place) for place, event in enumerate(standing))
    for effective_at, group in groupby(places, key=itemgetter(0)):
        last = max(last, *(place for _, place in group))
        if effective_at > now and standing[last].state in _ENDED:
            return standing[last]
    return None
