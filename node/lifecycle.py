"""The life cycle of a certificate: which change is allowed from where, and at which dates.

The table is ``core/codes/lifecycle.json``; this module enforces all of it that a status change can
break, and the contract once more what its own state can decide. Refuses a move the table does not
have, any event dated before the grant or before the ledger's first second, an undated-by-mistake
future (an announcement has to say that it is one), a restoration dated before its suspension, a
suspension that ends before it starts or outlasts the certificate.

Expiry is computed, never declared. An expired certificate is not restored here: restoring after
recertification means new dates, which only a successor can carry.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from typing import Final

from core import codes, limits
from core.errors import Refused
from core.events import State
from core.record import Dates

ANNOUNCED_AT_MOST: Final = timedelta(days=365)  # the contract's own bound
_LEDGER_TIME_STARTS: Final = datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
_LAST_MOMENT: Final = datetime.max.replace(tzinfo=UTC)


class Change(StrEnum):
    """What a body can declare."""

    SUSPEND = "suspend"
    RESTORE = "restore"
    WITHDRAW = "withdraw"
    CANCEL = "cancel"
    SUPERSEDE = "supersede"


STATE_AFTER: Final = {
    Change.SUSPEND: State.SUSPENDED,
    Change.RESTORE: State.IN_FORCE,
    Change.WITHDRAW: State.WITHDRAWN,
    Change.CANCEL: State.CANCELLED,
    Change.SUPERSEDE: State.SUPERSEDED,
}
_EVENT_OF_REASON: Final = {
    "renewed": "renew",
    "scope_changed": "reduceScope",
    "corrected": "correct",
    "transferred": "transfer",
}
"""Superseding is several events of ``lifecycle.json``; the reason tells which."""

_WORDS: Final = {
    State.IN_FORCE: "active",
    State.SUSPENDED: "suspended",
    State.WITHDRAWN: "withdrawn",
    State.CANCELLED: "cancelled",
    State.SUPERSEDED: "superseded",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a certificate stands, declared changes under way included.

    Args:
        state: the last declared state; in force when nothing was declared.
        since: when that state takes, or took, effect; None when nothing was declared.
    """

    state: State
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A change that its body wants to declare.

    Args:
        change: what.
        reason: the word of its reason, empty if it needs none.
        effective_at: from when.
        until: for a suspension, when it ends at the latest.
        announced: whether ``effective_at`` may lie ahead.
    """

    change: Change
    reason: str
    effective_at: datetime
    until: datetime | None = None
    announced: bool = False

    @property
    def event(self) -> str:
        """The event of ``lifecycle.json`` that this is."""
        return _EVENT_OF_REASON.get(self.reason, self.change.value)


def require_allowed(plan: Plan, standing: Standing, dates: Dates, *, now: datetime) -> None:
    """Raise ``Refused`` unless the life cycle allows the change."""
    _require_move(plan, standing, dates, now)
    granted = _start(dates.decision or dates.effective)
    if plan.effective_at < granted:
        raise Refused("before_grant", "a change cannot be dated before the certificate was granted")
    if plan.effective_at < _LEDGER_TIME_STARTS:
        raise Refused("before_1970", "the ledger has no times before 1970", "choose a later date")
    ahead = plan.effective_at - now
    if ahead > timedelta(seconds=limits.CLOCK_SKEW):
        if not plan.announced:
            raise Refused(
                "date_in_future", "a change cannot be dated in the future",
                "say that it is an announcement if it is one",
            )  # fmt: skip
        if ahead > ANNOUNCED_AT_MOST:
            raise Refused("date_in_future", "a change is announced at most a year ahead")
    if plan.change is Change.RESTORE and standing.since and plan.effective_at < standing.since:
        raise Refused(
            "restored_before_suspension", "a certificate is not restored before it was suspended"
        )
    _require_until(plan, dates)


def _require_move(plan: Plan, standing: Standing, dates: Dates, now: datetime) -> None:
    declared = _WORDS[standing.state]
    expired = now >= end_of(dates)
    current = "expired" if expired and declared in ("active", "suspended") else declared
    if plan.change is Change.RESTORE and current == "expired":
        raise Refused(
            "certificate_expired", "the certificate has expired; restoring it changes nothing",
            "issue the renewed certificate as a successor",
        )  # fmt: skip
    if current not in _moves()[plan.event]:
        raise Refused(
            "move_forbidden", f"the certificate is {current}: this change is not allowed from there"
        )


def _require_until(plan: Plan, dates: Dates) -> None:
    if plan.change is not Change.SUSPEND:
        if plan.until is not None:
            raise Refused("until_unexpected", "only a suspension has an end")
        return
    if plan.until is None:
        raise Refused(
            "until_missing", "a suspension needs a date by which it ends", "name it: --until DATE"
        )
    if plan.until <= plan.effective_at:
        raise Refused("until_order", "a suspension ends after it starts")
    if plan.until > end_of(dates):
        raise Refused("until_order", "a suspension does not outlast the certificate")


def end_of(dates: Dates) -> datetime:
    """Return the first moment after the certificate's last day; the last of all after 9999."""
    if dates.expiry == date.max:
        return _LAST_MOMENT
    return _start(dates.expiry) + timedelta(days=1)


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


@cache
def _moves() -> dict[str, frozenset[str]]:
    return {event["e"]: frozenset(event["from"]) for event in codes.lifecycle()["events"]}
