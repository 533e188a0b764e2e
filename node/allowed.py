"""Whether the life cycle allows a change: where the certificate stands, and at which dates.

Decides the state of a certificate at a moment, expiry computed, and refuses what the tables of
``node/lifecycle.py`` refuse: a forbidden move, an event dated before the grant or before the
ledger's first second, an undated-by-mistake future (an announcement has to say that it is one), a
restoration dated before its suspension, a suspension that ends before it starts or outlasts the
certificate, a renewal or restoration later than six months after expiry.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from core import limits
from core.events import State
from core.record import Dates
from node.lifecycle import CertificateState, Change, Move, Outcome, against, move_of

ANNOUNCED_AT_MOST: Final = timedelta(days=365)  # the contract's own bound
_LEDGER_TIME_STARTS: Final = datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
_LAST_MOMENT: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a certificate stands, declared changes under way included.

    Args:
        state: the last declared state; in force when nothing was declared.
        since: when that state takes, or took, effect; None when nothing was declared.
        until: of a suspension, when it ends at the latest.
        reason: the number of its reason, 0 for none.
    """

    state: State
    since: datetime | None = None
    until: datetime | None = None
    reason: int = 0

    def at(self, dates: Dates, now: datetime) -> CertificateState:
        """Return the certificate's state at a moment, expiry included."""
        if self.state in (State.IN_FORCE, State.SUSPENDED) and now >= end_of(dates):
            return CertificateState.EXPIRED
        return CertificateState(self.state.name.lower())


@dataclass(frozen=True, slots=True)
class Plan:
    """A change that its body wants to make.

    Args:
        change: what.
        effective_at: from when; for what is recorded at home, the day of the decision.
        until: for a suspension, when it ends at the latest.
        announced: whether ``effective_at`` may lie ahead.
    """

    change: Change
    effective_at: datetime
    until: datetime | None = None
    announced: bool = False


def require_allowed(plan: Plan, standing: Standing, dates: Dates, *, now: datetime) -> Move:
    """Return the move that a plan is.

    Raises:
        Refused: the life cycle does not allow it, or not at these dates.
    """
    state = standing.at(dates, now)
    move = move_of(plan.change, state)
    _require_times(plan, move, dates, now)
    restores = move.state is State.IN_FORCE
    if restores and standing.since and plan.effective_at < standing.since:
        raise against("restored_before_suspension")
    if state is CertificateState.IN_FORCE and move.outcome is not Outcome.DECLARED:
        moment = now if move.outcome is Outcome.KEPT else plan.effective_at
        if standing.since is not None and standing.since > moment:
            raise against("restoration_ahead")
    if state is CertificateState.EXPIRED and move.has_successor:
        require_window(plan.effective_at, dates)
    _require_until(plan, dates)
    return move


def require_window(effective_at: datetime, dates: Dates) -> None:
    """Raise ``Refused`` unless what has expired can still be renewed or restored.

    ISO/IEC 17021-1 9.6.3.2.5: within six months, once recertification is complete.
    """
    if effective_at >= end_of_window(dates):
        raise against("restoration_too_late")


def _require_times(plan: Plan, move: Move, dates: Dates, now: datetime) -> None:
    if plan.effective_at < start_of(dates.decision or dates.effective):
        raise against("before_grant")
    if plan.effective_at < _LEDGER_TIME_STARTS:
        raise against("before_1970")
    ahead = plan.effective_at - now
    if ahead <= timedelta(seconds=limits.CLOCK_SKEW):
        return
    if move.outcome is Outcome.KEPT:
        raise against("decision_in_future")
    if move.outcome is not Outcome.DECLARED:  # the ledger lets nothing follow on a successor
        raise against("not_to_be_announced")
    if not plan.announced:
        raise against("date_in_future")
    if ahead > ANNOUNCED_AT_MOST:
        raise against("announced_too_early")


def _require_until(plan: Plan, dates: Dates) -> None:
    if plan.change is not Change.SUSPEND:
        if plan.until is not None:
            raise against("until_unexpected")
        return
    if plan.until is None:
        raise against("until_missing")
    if plan.until <= plan.effective_at:
        raise against("until_order")
    if plan.until > end_of(dates):
        raise against("until_after_expiry")


def start_of(day: date) -> datetime:
    """Return the first moment of a day."""
    return datetime.combine(day, time(), UTC)


def end_of(dates: Dates) -> datetime:
    """Return the first moment after the certificate's last day; the last of all after 9999."""
    return _after(dates.expiry)


def end_of_window(dates: Dates) -> datetime:
    """Return the first moment at which what has expired can be restored no more."""
    return _after(_months_later(dates.expiry, limits.RESTORATION_MONTHS))


def _after(day: date) -> datetime:
    return _LAST_MOMENT if day == date.max else start_of(day) + timedelta(days=1)


def _months_later(day: date, months: int) -> date:
    """Return the same day some months later, or the last of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > date.max.year:
        return date.max
    for last in range(day.day, 0, -1):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    raise AssertionError("every month has a first day")
