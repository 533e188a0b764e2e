"""The recognition ladder: organization → certification body → accreditation body → arrangement ←
your accreditation body ← you.

Decides lines 7 and 8, and which rule of a market's policy carries a certificate, from facts of the
ledger and the policy alone. Of all ladders that the policy allows the best is taken: one without a
break before one with conditions, that before one that could not be checked, and that before a
broken one; of broken ones the one that gets furthest. What stands on a broken rung is not asked any
more: without accreditation no arrangement helps.

Nothing here depends on a certificate but its body, standard, sectors and time of registration, so
the answer is the same for all of one kind until the registry changes or a moment passes at which
anything can change. It is kept that long and no longer.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

from core import accreditation, arrangement, codes
from core.acceptance import Accepted, Through
from core.accreditation import ALL_SECTORS, AccreditationStanding, accreditation_at
from core.arrangement import PartyStanding, PartyState, party_at
from core.events import Role, SubjectKind, alert_key
from core.reasons import REASONS
from core.recognition import Accredited, Facts, Published, Standing
from core.report import Outcome
from core.spans import held_since, held_until, period
from verifier.checks.case import date
from verifier.policy import LocalPolicies

MANAGEMENT_SYSTEMS: Final = "MSC"
"""The main scope of every e-certificate there is so far."""

_LOST: Final = frozenset({Standing.SUSPENDED, Standing.EXPELLED})
_GRAVITY: Final = {
    Outcome.YES: 0,
    Outcome.NOT_ASKED: 0,
    Outcome.CONDITION: 1,
    Outcome.NOT_SHARED: 2,
    Outcome.COULD_NOT_BE_CHECKED: 3,
    Outcome.NO: 4,
}
_NO_PLACES: Final[Mapping[str, str]] = MappingProxyType({})


class Asked(NamedTuple):
    """What recognition depends on beside the ledger, the policy and the moment.

    Attributes:
        body: the certification body's member number.
        standard: the certificate's.
        sectors: the certificate's, as far as they are shared; None when they are held back.
        sector: the one sector asked for, None for all of the certificate's.
        market: economy it is to be used in.
    """

    body: int
    standard: str
    sectors: tuple[str, ...] | None
    sector: str | None
    market: str


class When(NamedTuple):
    """The moments that count, in Unix seconds.

    Attributes:
        at: the moment asked about.
        registered: when the certificate was registered, None when it is not.
        is_past: whether a moment other than now is asked about, so that it matters what was
            recorded only after it.
    """

    at: int
    registered: int | None
    is_past: bool


class Link(NamedTuple):
    """The answer at one rung: a reason code, its places, and from when until when it holds."""

    code: str
    places: Mapping[str, str] = _NO_PLACES
    begins: int = 0
    until: int = 0

    @property
    def outcome(self) -> Outcome:
        """The outcome the code stands for."""
        return REASONS[self.code].outcome

    @property
    def gravity(self) -> int:
        """How bad that is; 0 is good."""
        return _GRAVITY[self.outcome]


@dataclass(frozen=True, slots=True)
class Ladder:
    """One ladder.

    Args:
        accreditation: line 7.
        arrangement: line 8.
        market: what the policy says of scope and sectors and of the ladder below; line 9 unless
            the certificate's signature, evidence or disclosures say otherwise.
        scope: the scope of accreditation that the certificate falls under.
        accreditation_body: member number, None where none is needed or known.
        arrangement_number: on the ledger, None where none is needed or known.
        home_body: member number, None where none is known.
        home: the home body's own side of the arrangement.
        policy: the policy in force, None without one.
        conditions: ids of the policy's conditions that apply.
    """

    accreditation: Link
    arrangement: Link
    market: Link
    scope: str = MANAGEMENT_SYSTEMS
    accreditation_body: int | None = None
    arrangement_number: int | None = None
    home_body: int | None = None
    home: PartyState | None = None
    policy: Published | None = None
    conditions: tuple[str, ...] = ()

    @property
    def rank(self) -> tuple[int, int, int, int]:
        """How good it is: the smallest is the best."""
        gravities = [self.accreditation.gravity, self.arrangement.gravity, self.market.gravity]
        worst = max(gravities)
        return worst, -gravities.index(worst), sum(gravities), len(self.conditions)


def climb(facts: Facts, asked: Asked, when: When, local: LocalPolicies) -> Ladder:
    """Return the best ladder from a body's certificate to a market."""
    moments = facts.once(
        ("moments", asked.body, asked.market, local),
        lambda: _moments(facts, asked.body, asked.market, local),
    )
    registered = None if when.registered is None else period(moments, when.registered)
    name = ("ladder", asked, local, period(moments, when.at), registered, when.is_past)
    return facts.once(name, lambda: _Climb(facts, asked, when, local).best())


def _moments(facts: Facts, body: int, market: str, local: LocalPolicies) -> Sequence[int]:
    """Return every moment at which anything can change for a body in a market, in order."""
    moments: set[int] = set()
    issuers, homes, arrangements = {body}, set[int](), set[int]()
    for entry in facts.accreditations_of(body):
        moments |= accreditation.moments_of(entry.history)
        issuers.add(entry.accreditation_body)
    for published in (*local.of(market), *facts.policies_of(market).valid):
        moments |= {published.time, published.effective_at}
        homes.update(published.acceptance.home_bodies)
        arrangements.update(rule.arrangement for rule in published.acceptance.accepts)
    for number in issuers | homes:
        member = facts.member(number)
        moments.update(turn.time for turn in (member.turns if member is not None else ()))
        for agreed in arrangements:
            moments |= arrangement.moments_of(facts.party(agreed, number))
    return sorted(moments)


class _Climb:
    """One evaluation: of one kind of certificate, in one market, at one moment."""

    def __init__(self, facts: Facts, asked: Asked, when: When, local: LocalPolicies) -> None:
        self.facts = facts
        self.asked = asked
        self.when = when
        self.local = local
        self.scope = codes.scope_of_standard(asked.standard) or MANAGEMENT_SYSTEMS
        self.market = {"market": asked.market}

    def best(self) -> Ladder:
        """Return the best ladder there is."""
        links = [
            (entry.accreditation_body, self._accredited(entry))
            for entry in self.facts.accreditations_of(self.asked.body)
            if entry.scope == MANAGEMENT_SYSTEMS
        ]
        bodies: list[tuple[int | None, Link]] = [*links]
        if not bodies:
            bodies = [(None, Link("accreditation_none", self._named(self.asked.body)))]
        published, is_open = self._policy()
        if published is None or is_open:
            return min((self._without_policy(*b, is_open) for b in bodies), key=_rank)
        ladders = [*self._accepted(published, bodies), *self._own(published, links)]
        if not ladders:
            ladders = [
                Ladder(
                    link, Link("arrangement_market_scope", self.market),
                    Link("market_refuses_scope", self.market), self.scope, ab, policy=published,
                )
                for ab, link in bodies
            ]  # fmt: skip
        return min(ladders, key=_rank)

    def _policy(self) -> tuple[Published | None, bool]:
        """Return the policy in force, and whether it is open which one is."""
        own = None
        for published in self.local.of(self.asked.market):
            version = published.acceptance.version
            if published.effective_at <= self.when.at and (
                own is None or version >= own.acceptance.version
            ):
                own = published
        if own is not None:
            return own, False
        return self.facts.policies_of(self.asked.market).in_force(self.when.at)

    def _without_policy(self, ab: int | None, link: Link, is_open: bool) -> Ladder:
        if is_open and link.outcome is Outcome.NO:  # the policy might not ask for accreditation
            link = Link("accreditation_policy_open")
        code = "market_policy_unreadable" if is_open else "market_no_policy"
        return Ladder(
            link, Link("arrangement_no_policy", self.market), Link(code, self.market),
            self.scope, ab,
        )  # fmt: skip

    # ---------------------------------------------------------- what the policy allows

    def _accepted(
        self, published: Published, bodies: Sequence[tuple[int | None, Link]]
    ) -> Iterator[Ladder]:
        """Yield the ladders by arrangements."""
        for rule in published.acceptance.accepts:
            fits = self._fit(rule)
            if fits is None:
                continue
            if rule.through is Through.DIRECT:
                needed = Link("accreditation_not_needed")
                yield self._by_arrangement(published, rule, fits, None, needed, self.asked.body)
                continue
            for ab, link in bodies:
                yield self._by_arrangement(published, rule, fits, ab, link, ab)

    def _own(self, published: Published, links: Sequence[tuple[int, Link]]) -> Iterator[Ladder]:
        """Yield the ladders without an arrangement: accredited by a home body."""
        policy = published.acceptance
        for ab, link in links if policy.own_accreditation else ():
            if ab in policy.home_bodies:
                own = _broken(link) or Link("arrangement_own_accreditation", self._named(ab))
                market = self._market(published, own, "market_accepts")
                yield Ladder(link, own, market, self.scope, ab, home_body=ab, policy=published)

    def _fit(self, rule: Accepted) -> str | None:
        """Return what a rule says of the certificate as a code of line 9, None if not for it."""
        if not rule.takes_scope(self.scope) or not rule.takes_standard(self.asked.standard):
            return None
        accepts = "market_accepts_with_conditions" if rule.conditions else "market_accepts"
        if not rule.sectors:
            return accepts
        if self.asked.sector is not None:
            return accepts if rule.takes_sector(self.asked.sector) else None
        if self.asked.sectors is None:
            return "market_sectors_not_shared"
        taken = [sector for sector in self.asked.sectors if rule.takes_sector(sector)]
        if self.asked.sectors and not taken:
            return None
        whole = self.asked.sectors and len(taken) == len(self.asked.sectors)
        return accepts if whole else "market_accepts_in_part"

    def _by_arrangement(
        self, published: Published, rule: Accepted, fits: str,
        ab: int | None, link: Link, theirs: int | None,
    ) -> Ladder:  # fmt: skip
        """Return the ladder over one arrangement, with the home body that gets furthest."""
        broken = _broken(link)
        home: int | None = None
        state: PartyState | None = None
        if broken is not None or theirs is None:
            agreed = broken or Link("arrangement_no_accreditation")
        else:
            agreed, home, state = self._with_homes(
                rule.arrangement, theirs, published.acceptance.home_bodies
            )
        return Ladder(
            link, agreed, self._market(published, agreed, fits), self.scope, ab,
            rule.arrangement, home, state, published, rule.conditions,
        )  # fmt: skip

    def _market(self, published: Published, agreed: Link, fits: str) -> Link:
        if agreed.outcome is Outcome.NO:
            return Link("market_ladder_broken", self.market)
        if agreed.outcome is Outcome.COULD_NOT_BE_CHECKED:
            return Link("market_ladder_open", self.market)
        code, places = fits, dict(self.market)
        late = self.when.is_past and published.time > self.when.at
        if late and REASONS[fits].outcome is Outcome.YES:
            code, places = "market_declared_later", places | {"date": date(published.time)}
        return Link(code, places, published.effective_at)

    # ---------------------------------------------------------- line 7

    def _accredited(self, entry: Accredited) -> Link:
        """Return what one accreditation says."""
        when, history = self.when, entry.history
        body = self.facts.member(entry.accreditation_body)
        if body is None or not body.has_role(Role.ACCREDITATION_BODY):
            return Link("accreditation_none", self._named(self.asked.body))
        state = accreditation_at(history, when.at)
        places = {"body": body.name}
        dated = places | {"date": date(state.begins)}
        if state.standing is not AccreditationStanding.IN_EFFECT or state.coverage is None:
            return Link(_UNACCREDITED[state.standing], dated)
        standing, lost = body.standing_at(when.at)
        if standing in _LOST:
            return Link(f"accreditation_body_{standing}", places | {"date": date(lost)})
        covered = state.coverage.sectors_of(self.asked.standard)
        if not covered:
            return Link("accreditation_other_standard", places)
        code, wanted = self._sectors(covered)
        if REASONS[code].outcome in (Outcome.NO, Outcome.NOT_SHARED):
            return Link(code, places)

        def holds(moment: int) -> bool:
            return (
                accreditation_at(history, moment).covers(self.asked.standard, wanted)
                and body.standing_at(moment)[0] not in _LOST
            )

        moments = accreditation.moments_of(history) | {turn.time for turn in body.turns}
        since = held_since(moments, when.at, holds)
        until = held_until(moments, when.at, holds)
        known = accreditation_at(history, when.at, when.at if when.is_past else None)
        registered = when.registered
        if not known.covers(self.asked.standard, wanted):
            code, day = "accredited_declared_later", state.declared
        elif registered is not None and registered <= when.at and not holds(registered):
            code, day = "accredited_since", since
        elif code == "accredited" and self._alert(entry.accreditation_body):
            code, day = "accredited_with_alert", since
        else:
            day = since
        return Link(code, places | {"date": date(day)}, since, until)

    def _sectors(self, covered: frozenset[str]) -> tuple[str, tuple[str, ...]]:
        """Return the code for the sectors covered, and those of them that matter."""
        asked = self.asked
        if asked.sector is not None:
            fits = covered == ALL_SECTORS or asked.sector in covered
            return ("accredited" if fits else "accreditation_other_sector"), (asked.sector,)
        if covered == ALL_SECTORS:
            return "accredited", asked.sectors or ()
        if asked.sectors is None:
            return "accreditation_sectors_not_shared", ()
        if not asked.sectors:
            return "accredited_sectors_not_stated", ()
        fitting = tuple(sector for sector in asked.sectors if sector in covered)
        if not fitting:
            return "accreditation_other_sector", ()
        whole = len(fitting) == len(asked.sectors)
        return ("accredited" if whole else "accredited_in_part"), fitting

    # ---------------------------------------------------------- line 8

    def _with_homes(
        self, number: int, theirs: int, homes: Sequence[int]
    ) -> tuple[Link, int | None, PartyState | None]:
        """Return the best answer over the home bodies, with the body and its own state."""
        found = [
            (self._between(number, theirs, home), home, self._party(number, home, self.when.at))
            for home in homes
            if home != theirs
        ]
        if not found:
            return Link("arrangement_not_party", self._named(theirs)), None, None
        return min(found, key=lambda one: (one[0].gravity, _NEARNESS.index(one[2].standing)))

    def _between(self, number: int, theirs: int, home: int) -> Link:
        """Return whether an arrangement is in effect between two parties."""
        when = self.when
        their, our = (self._party(number, party, when.at) for party in (theirs, home))
        refused = self._not_agreed(theirs, their, home, our)
        if refused is not None:
            return refused
        for party in (theirs, home):
            member = self.facts.member(party)
            standing, since = member.standing_at(when.at) if member else (Standing.EXPELLED, 0)
            if standing in _LOST:
                return Link(f"arrangement_party_{standing}", self._named(party, since))

        def holds(moment: int) -> bool:
            both = (self._party(number, party, moment) for party in (theirs, home))
            return all(state.standing is PartyStanding.ACCEPTED for state in both)

        moments = {m for p in (theirs, home) for m in self._party_moments(number, p)}
        since, until = (reach(moments, when.at, holds) for reach in (held_since, held_until))
        places = {"date": date(since)}
        known = when.at if when.is_past else None
        both = [self._party(number, party, when.at, known) for party in (theirs, home)]
        if any(state.standing is not PartyStanding.ACCEPTED for state in both):
            places = {"date": date(max(their.declared, our.declared))}
            return Link("arrangement_declared_later", places, since, until)
        if self._alert(home):
            return Link("arrangement_with_alert", self._named(home), since, until)
        return Link("arrangement_in_effect", places, since, until)

    def _not_agreed(
        self, theirs: int, their: PartyState, home: int, our: PartyState
    ) -> Link | None:
        """Return why two sides are not both bound, None when they are."""
        sides = ((theirs, their, "arrangement"), (home, our, "arrangement_home"))
        for party, state, stem in sides:
            if state.standing in (PartyStanding.SUSPENDED, PartyStanding.LEFT):
                return Link(f"{stem}_{state.standing}", self._named(party, state.begins))
        accepted = [p for p, state, _ in sides if state.standing is PartyStanding.ACCEPTED]
        others = [(p, s) for p, s, _ in sides if s.standing is not PartyStanding.ACCEPTED]
        if not others:
            return None
        standings = {state.standing for _, state in others}
        if standings <= {PartyStanding.NOT_UNDERSTOOD}:
            return Link("arrangement_not_understood", self._named(others[0][0]))
        for wanted, code in (
            (PartyStanding.OTHER_SCOPE, "arrangement_other_scope"),
            (PartyStanding.NOT_YET, "arrangement_not_yet"),
        ):
            for party, state in others:
                if state.standing is wanted:
                    return Link(code, self._named(party, state.begins))
        if accepted:
            return Link("arrangement_unilateral", self._named(accepted[0]))
        return Link("arrangement_not_party", self._named(theirs))

    def _party(
        self, number: int, party: int, moment: int, known_by: int | None = None
    ) -> PartyState:
        return party_at(self.facts.party(number, party), self.scope, moment, known_by)

    def _party_moments(self, number: int, party: int) -> set[int]:
        return arrangement.moments_of(self.facts.party(number, party))

    def _alert(self, member: int) -> bool:
        key = alert_key(SubjectKind.MEMBER, member, b"")
        return self.facts.open_alert(key) is not None

    def _named(self, member: int, moment: int | None = None) -> dict[str, str]:
        places = {"body": self.facts.name_of(member)}
        return places if moment is None else places | {"date": date(moment)}


def _rank(ladder: Ladder) -> tuple[int, int, int, int]:
    return ladder.rank


def _broken(link: Link) -> Link | None:
    """Return line 8 for an accreditation that carries nothing, None when it does."""
    if link.outcome is Outcome.NO:
        return Link("arrangement_no_accreditation")
    if link.outcome is Outcome.COULD_NOT_BE_CHECKED:
        return Link("arrangement_open")
    return None


_UNACCREDITED: Final = {
    AccreditationStanding.NONE: "accreditation_none",
    AccreditationStanding.NOT_YET: "accreditation_not_yet",
    AccreditationStanding.IN_EFFECT: "accreditation_not_understood",
    AccreditationStanding.ENDED: "accreditation_ended",
    AccreditationStanding.SUSPENDED: "accreditation_suspended",
    AccreditationStanding.WITHDRAWN: "accreditation_withdrawn",
    AccreditationStanding.NOT_UNDERSTOOD: "accreditation_not_understood",
}
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
