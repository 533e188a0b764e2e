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

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core import accreditation, arrangement, codes
from core.acceptance import Accepted, Through
from core.arrangement import PartyState
from core.outcome import Outcome
from core.reasons import REASONS
from core.recognition import Facts, Published
from core.spans import period
from verifier.checks.accreditation import accredited
from verifier.checks.arrangement import Agreed, agreed
from verifier.checks.case import date
from verifier.checks.link import MANAGEMENT_SYSTEMS as MANAGEMENT_SYSTEMS
from verifier.checks.link import Asked as Asked
from verifier.checks.link import Link as Link
from verifier.checks.link import When as When
from verifier.checks.link import named
from verifier.policy import LocalPolicies


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
    stretch = (period(moments, when.at), registered)
    name = ("ladder", asked, local, *stretch, when.is_past, when.is_dated)
    return facts.once(name, lambda: _Climb(facts, asked, when, local).best())


def _moments(facts: Facts, body: int, market: str, local: LocalPolicies) -> Sequence[int]:
    """Return every moment at which anything can change for a body in a market, in order."""
    moments: set[int] = set()
    issuers, homes, arrangements = {body}, set[int](), set[int]()
    for entry in facts.accreditations_of(body):
        moments |= accreditation.moments_of(entry.history)
        issuers.add(entry.accreditation_body)
    for published in (*local.of(market, facts.origin), *facts.policies_of(market).valid):
        moments |= {published.time, published.effective_at}
        homes.update(published.acceptance.home_bodies)
        arrangements.update(rule.arrangement for rule in published.acceptance.accepts)
    for number in issuers | homes:
        member = facts.member(number)
        moments.update(turn.time for turn in (member.turns if member is not None else ()))
        for number_agreed in arrangements:
            moments |= arrangement.moments_of(facts.party(number_agreed, number))
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
            (entry.accreditation_body, accredited(self.facts, self.asked, self.when, entry))
            for entry in self.facts.accreditations_of(self.asked.body)
            if entry.scope == MANAGEMENT_SYSTEMS
        ]
        bodies: list[tuple[int | None, Link]] = [*links]
        if not bodies:
            bodies = [(None, Link("accreditation_none", named(self.facts, self.asked.body)))]
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
        for published in self.local.of(self.asked.market, self.facts.origin):
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
                own = _broken(link) or Link("arrangement_own_accreditation", named(self.facts, ab))
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
        if broken is not None or theirs is None:
            over = Agreed(broken or Link("arrangement_no_accreditation"))
        else:
            parties = (theirs, published.acceptance.home_bodies)
            over = agreed(self.facts, self.when, self.scope, rule.arrangement, parties)
        return Ladder(
            link, over.link, self._market(published, over.link, fits), self.scope, ab,
            rule.arrangement, over.home_body, over.home, published, rule.conditions,
        )  # fmt: skip

    def _market(self, published: Published, below: Link, fits: str) -> Link:
        if below.outcome is Outcome.NO:
            return Link("market_ladder_broken", self.market)
        if below.outcome is Outcome.COULD_NOT_BE_CHECKED:
            return Link("market_ladder_open", self.market)
        code, places = fits, dict(self.market)
        late = self.when.is_past and published.time > self.when.at
        if late and REASONS[fits].outcome is Outcome.YES:
            code, places = "market_declared_later", places | {"date": date(published.time)}
        return Link(code, places, published.effective_at)


def _rank(ladder: Ladder) -> tuple[int, int, int, int]:
    return ladder.rank


def _broken(link: Link) -> Link | None:
    """Return line 8 for an accreditation that carries nothing, None when it does."""
    if link.outcome is Outcome.NO:
        return Link("arrangement_no_accreditation")
    if link.outcome is Outcome.COULD_NOT_BE_CHECKED:
        return Link("arrangement_open")
    return None
