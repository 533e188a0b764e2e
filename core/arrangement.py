"""An arrangement: whether two parties are bound by it for a scope at a moment.

Of a party's history in one arrangement, what was recorded as in effect at the moment counts, in
ledger order. Two questions are answered apart, and the strict answer wins:

- *Has it accepted?* Asked for ``MSC/QMS``, what it declared for ``MSC/QMS`` and for ``MSC`` counts:
  it has, if the last of its acceptances and departures for either is an acceptance. So leaving the
  main scope ends every sub-scope, and leaving a sub-scope ends that one alone.
- *Is it suspended?* It is, if for either the last of the keeper's suspensions and restorations is a
  suspension. A new acceptance does not lift a suspension; only the keeper's restoration does.

An arrangement is in effect between two different parties while both have accepted and neither is
suspended. One side alone is unilateral.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.events import ArrangementParty, Event, PartyAction


class PartyStanding(StrEnum):
    """Where a party of an arrangement stands for one scope."""

    NONE = "none"
    INVITED = "invited"
    NOT_YET = "not_yet"
    OTHER_SCOPE = "other_scope"
    ACCEPTED = "accepted"
    LEFT = "left"
    SUSPENDED = "suspended"
    NOT_UNDERSTOOD = "not_understood"


@dataclass(frozen=True, slots=True)
class PartyState:
    """What holds of a party at one moment.

    Args:
        standing: the state.
        begins: since when it holds; for ``not_yet``, from when it will; 0 where nothing does.
        declared: when the ledger recorded what decides.
    """

    standing: PartyStanding
    begins: int = 0
    declared: int = 0


_NOTHING: Final = PartyState(PartyStanding.NONE)
_ACTIONS: Final = frozenset(PartyAction)
_MEMBERSHIP: Final = frozenset({PartyAction.ACCEPTED, PartyAction.LEFT})
_DISCIPLINE: Final = frozenset({PartyAction.SUSPENDED, PartyAction.RESTORED})


def party_at(
    history: Sequence[Event], scope: str, moment: int, known_by: int | None = None
) -> PartyState:
    """Return where a party stands at a moment.

    Args:
        history: of one key ``arrangement/ID/PARTY``, oldest first.
        scope: a main scope, or a sub-scope such as ``MSC/QMS``.
        moment: Unix seconds.
        known_by: only what the ledger had recorded by then counts; None for all of it.
    """
    declared = [
        event
        for event in history
        if isinstance(event, ArrangementParty) and (known_by is None or event.time <= known_by)
    ]
    if not declared:
        return _NOTHING
    scopes = (scope, scope.partition("/")[0])
    counted = [event for event in declared if event.effective_at <= moment]
    fitting = [event for event in counted if event.scope in scopes]
    if any(event.action not in _ACTIONS for event in counted):
        return PartyState(PartyStanding.NOT_UNDERSTOOD, declared=counted[-1].time)
    suspension = _suspension(fitting)
    last = next((e for e in reversed(fitting) if e.action in _MEMBERSHIP), None)
    if last is None:
        return _without_acceptance(declared, scopes, moment)
    if last.action == PartyAction.LEFT:
        return PartyState(PartyStanding.LEFT, last.effective_at, last.time)
    if suspension is not None:
        return PartyState(PartyStanding.SUSPENDED, suspension.effective_at, suspension.time)
    lifted = [e for e in fitting if e.action == PartyAction.RESTORED]
    begins = max(last.effective_at, *(e.effective_at for e in lifted), 0)
    known = max(last.time, *(e.time for e in lifted), 0)
    return PartyState(PartyStanding.ACCEPTED, begins, known)


def _suspension(fitting: Sequence[ArrangementParty]) -> ArrangementParty | None:
    """Return the suspension that stands, for the scope or for its main scope."""
    last = {event.scope: event for event in fitting if event.action in _DISCIPLINE}
    standing = [event for event in last.values() if event.action == PartyAction.SUSPENDED]
    return standing[0] if standing else None


def _without_acceptance(
    declared: Sequence[ArrangementParty], scopes: tuple[str, str], moment: int
) -> PartyState:
    """Return the state of one that had not accepted this scope by ``moment``."""
    accepted = [event for event in declared if event.action == PartyAction.ACCEPTED]
    coming = [event for event in accepted if event.scope in scopes]
    if coming:
        first = min(coming, key=lambda event: event.effective_at)
        return PartyState(PartyStanding.NOT_YET, first.effective_at, first.time)
    elsewhere = [event for event in accepted if event.effective_at <= moment]
    if elsewhere:
        last = elsewhere[-1]
        return PartyState(PartyStanding.OTHER_SCOPE, last.effective_at, last.time)
    first = declared[0]
    return PartyState(PartyStanding.INVITED, first.effective_at, first.time)


def moments_of(history: Sequence[Event]) -> set[int]:
    """Return the moments at which what a history says can change."""
    moments: set[int] = set()
    for event in history:
        if isinstance(event, ArrangementParty):
            moments |= {event.time, event.effective_at}
    return moments
