"""Line 8: is an arrangement in effect between their side and the reader's, for this scope?

Decides it between one party and the home body that gets furthest. Both must have accepted, neither
may be suspended in it, and both must be members in good standing. One side alone is unilateral.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from core.arrangement import PartyStanding, PartyState, moments_of, party_at
from core.recognition import Facts, Standing
from verifier.checks.case import date
from verifier.checks.link import LOST, Link, When, is_warned_about, named, span

_NEARNESS: Final = (
    PartyStanding.ACCEPTED,
    PartyStanding.SUSPENDED,
    PartyStanding.LEFT,
    PartyStanding.NOT_YET,
    PartyStanding.OTHER_SCOPE,
    PartyStanding.NOT_UNDERSTOOD,
    PartyStanding.INVITED,
    PartyStanding.NONE,
)
_ENDED: Final = frozenset({PartyStanding.SUSPENDED, PartyStanding.LEFT})


class Agreed(NamedTuple):
    """The answer over one arrangement.

    Attributes:
        link: line 8.
        home_body: the home body it is with, None where there is none to be.
        home: that body's own side.
    """

    link: Link
    home_body: int | None = None
    home: PartyState | None = None


class _Side(NamedTuple):
    party: int
    state: PartyState
    stem: str


def agreed(
    facts: Facts, when: When, scope: str, number: int, parties: tuple[int, Sequence[int]]
) -> Agreed:
    """Return the best answer over an arrangement.

    Args:
        scope: that must be covered.
        number: of the arrangement.
        parties: the member on the issuer's side, and the reader's home bodies.
    """
    theirs, homes = parties
    between = _Between(facts, when, scope, number)
    found = [
        Agreed(between.link(theirs, home), home, between.state(home))
        for home in homes
        if home != theirs
    ]
    if not found:
        return Agreed(Link("arrangement_not_party", named(facts, theirs)))
    return min(found, key=_nearness)


def _nearness(answer: Agreed) -> tuple[int, int]:
    standing = answer.home.standing if answer.home is not None else PartyStanding.NONE
    return answer.link.gravity, _NEARNESS.index(standing)


class _Between:
    """One arrangement at one moment, for one scope."""

    def __init__(self, facts: Facts, when: When, scope: str, number: int) -> None:
        self._facts = facts
        self._when = when
        self._scope = scope
        self._number = number

    def state(
        self, party: int, moment: int | None = None, known_by: int | None = None
    ) -> PartyState:
        """Return where a party stands, at the moment asked about unless another is named."""
        history = self._facts.party(self._number, party)
        at = self._when.at if moment is None else moment
        return party_at(history, self._scope, at, known_by)

    def link(self, theirs: int, home: int) -> Link:
        """Return whether the arrangement is in effect between two parties."""
        sides = (
            _Side(theirs, self.state(theirs), "arrangement"),
            _Side(home, self.state(home), "arrangement_home"),
        )
        return self._not_bound(sides) or self._not_standing(sides) or self._in_effect(sides)

    def _not_bound(self, sides: tuple[_Side, _Side]) -> Link | None:
        """Return why two sides are not both bound, None when they are."""
        for side in sides:
            if side.state.standing in _ENDED:
                places = named(self._facts, side.party, side.state.begins)
                return Link(f"{side.stem}_{side.state.standing}", places)
        for wanted, code in (
            (PartyStanding.OTHER_SCOPE, "arrangement_other_scope"),
            (PartyStanding.NOT_YET, "arrangement_not_yet"),
        ):
            for side in sides:
                if side.state.standing is wanted:
                    return Link(code, named(self._facts, side.party, side.state.begins))
        return self._not_accepted(sides)

    def _not_accepted(self, sides: tuple[_Side, _Side]) -> Link | None:
        bound = [s.party for s in sides if s.state.standing is PartyStanding.ACCEPTED]
        unread = [s.party for s in sides if s.state.standing is PartyStanding.NOT_UNDERSTOOD]
        absent = [s.party for s in sides if s.party not in (*bound, *unread)]
        if absent and bound:
            return Link("arrangement_unilateral", named(self._facts, bound[0]))
        if absent:
            return Link("arrangement_not_party", named(self._facts, absent[0]))
        return Link("arrangement_not_understood", named(self._facts, unread[0])) if unread else None

    def _not_standing(self, sides: tuple[_Side, _Side]) -> Link | None:
        for side in sides:
            member = self._facts.member(side.party)
            standing, since = (
                member.standing_at(self._when.at) if member else (Standing.EXPELLED, 0)
            )
            if standing in LOST:
                return Link(f"arrangement_party_{standing}", named(self._facts, side.party, since))
        return None

    def _in_effect(self, sides: tuple[_Side, _Side]) -> Link:
        parties = [side.party for side in sides]

        def holds(moment: int) -> bool:
            return self._both_accepted(parties, moment)

        def moments() -> set[int]:
            histories = (self._facts.party(self._number, party) for party in parties)
            return set[int]().union(*map(moments_of, histories))

        at = self._when.at
        since, until = span(self._when, moments, holds)
        if self._when.is_past and not self._both_accepted(parties, at, known_by=at):
            day = max(side.state.declared for side in sides)
            return Link("arrangement_declared_later", {"date": date(day)}, since, until)
        home = parties[1]
        if is_warned_about(self._facts, home):
            return Link("arrangement_with_alert", named(self._facts, home), since, until)
        return Link("arrangement_in_effect", {"date": date(since)}, since, until)

    def _both_accepted(
        self, parties: Sequence[int], moment: int, known_by: int | None = None
    ) -> bool:
        states = (self.state(party, moment, known_by) for party in parties)
        return all(state.standing is PartyStanding.ACCEPTED for state in states)
