"""Who is accepted where: which bodies may certify to a standard for a market, and since when.

Asks the recognition ladder the same questions that a check asks it, for a certificate that would be
registered at the moment asked about, so that this answer and a check's are one. What only a
certificate itself can decide, such as which fields its exporter shares, is told and not judged.

Decides *since when*: the start of the stretch of time, without a break, of which a check would say
by all that is known now that the ladder carries. Policies that follow one another, or a ladder that
takes the place of another, do not break it; a body that may not register does, and so does one
without a key that the market takes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from core import accreditation, arrangement, codes
from core.codes import economy_name
from core.events import Role, accreditation_key, member_key, party_key
from core.instants import instant
from core.outcome import Outcome
from core.reasons import REASONS
from core.recognition import Facts, Published
from core.registry import LedgerEvidence
from core.report_details import MarketCondition, Rung
from core.spans import held_since, held_until
from verifier.checks.case import date, moment
from verifier.checks.ladder import Ladder, climb
from verifier.checks.link import MANAGEMENT_SYSTEMS, Asked, Link, When
from verifier.inquiry import Moment, NetworkQuestion, editions
from verifier.policy import LocalPolicies, Policy
from verifier.registrants import ACTIVE, WORDS, Registrants

_CARRIES: Final = frozenset({Outcome.YES, Outcome.CONDITION, Outcome.NOT_ASKED})
_ORDER: Final = (Outcome.YES, Outcome.CONDITION, Outcome.COULD_NOT_BE_CHECKED, Outcome.NO)
_GRAVEST: Final = (Outcome.NO, Outcome.COULD_NOT_BE_CHECKED, Outcome.CONDITION)
_NO_EVIDENCE: Final = "The newest block known here is too old, or ahead of this verifier's clock."
_NOT_CHECKED: Final = Ladder(
    Link("accreditation_not_checked"), Link("arrangement_not_checked"), Link("market_not_checked")
)


@dataclass(frozen=True, slots=True)
class Acceptor:
    """One answer: a body, a standard, a market.

    Args:
        body: the certification body's member number.
        sectors: those it is so for, None for all there are.
        outcome: yes, condition, no or could not be checked.
        since, until: from when on without a break, and until when at most; None where it is not so,
            or no end is known.
        through: ``accreditation``, ``own_accreditation`` or ``direct``; None where it is not so.
        rungs: the ladder from the body to the market, each with its sentence.
        conditions: on which the market accepts.
        discloses: the fields that a certificate has to show there.
    """

    body: int
    name: str
    economy: str
    standard: str
    market: str
    sectors: tuple[str, ...] | None
    outcome: Outcome
    since: datetime | None
    until: datetime | None
    through: str | None
    rungs: tuple[tuple[Rung, str], ...]
    conditions: tuple[MarketCondition, ...] = ()
    discloses: tuple[str, ...] = ()

    @property
    def is_accepted(self) -> bool:
        """Whether the market accepts its certificates, with conditions or without."""
        return self.outcome in (Outcome.YES, Outcome.CONDITION)

    @property
    def why_not(self) -> str:
        """The sentence of the rung that decides, empty where it is accepted without conditions."""
        for outcome in _GRAVEST:
            found = [told for rung, told in self.rungs if rung.outcome is outcome]
            if found:
                return found[0]
        return "" if self.outcome is Outcome.YES else _NO_EVIDENCE

    def dump(self) -> dict[str, Any]:
        """Return the answer as a JSON object."""
        return {
            "member": self.body,
            "name": self.name,
            "economy": self.economy,
            "standard": self.standard,
            "market": self.market,
            "sectors": list(self.sectors) if self.sectors is not None else "all",
            "outcome": self.outcome.value,
            "since": instant(self.since) if self.since else None,
            "until": instant(self.until) if self.until else None,
            "through": self.through,
            "ladder": [rung.dump() | {"reason": told} for rung, told in self.rungs],
            "conditions": [condition.dump() for condition in self.conditions],
            "required_disclosures": list(self.discloses),
        }


def markets(facts: Facts, local: LocalPolicies) -> tuple[str, ...]:
    """Return the economies that have an acceptance policy, on the ledger or here."""
    authorities = {m.admitted.economy for m in facts.members() if m.has_role(Role.AUTHORITY)}
    published = {economy for economy in authorities if facts.policies_of(economy).valid}
    held = {policy.economy for policy in local.held}
    known = published | {economy for economy in held if local.of(economy, facts.origin)}
    return tuple(sorted(filter(codes.known_economy, known)))


def acceptors(
    evidence: LedgerEvidence, facts: Facts, policy: Policy, question: NetworkQuestion, when: Moment
) -> list[Acceptor]:
    """Return who may certify what is asked for, those that may first; none without a standard.

    Raises:
        UsageError: no list and no accreditation knows the standard.
    """
    if question.standard is None:
        return []
    wanted = editions(facts, evidence, question.standard)
    found = [
        answer
        for market in ([question.market] if question.market else markets(facts, policy.local))
        for standard in wanted
        for body in facts.members()
        if body.has_role(Role.CERTIFICATION_BODY) and body.admitted.time <= when.at
        for answer in _Asking(evidence, facts, policy, market, standard, when).of(
            body.number, question.sector
        )
    ]
    return sorted(found, key=lambda one: _ORDER.index(one.outcome))


class _Found(NamedTuple):
    """What holds for one body, standard, sector and market at one moment."""

    state: str
    ladder: Ladder
    accepted: Link

    @property
    def body_outcome(self) -> Outcome:
        return Outcome.YES if self.state == ACTIVE else Outcome.NO

    @property
    def outcome(self) -> Outcome:
        outcomes = {self.body_outcome, *(link.outcome for link in self._links)}
        return next((one for one in _GRAVEST if one in outcomes), Outcome.YES)

    @property
    def carries(self) -> bool:
        return self.body_outcome is Outcome.YES and all(
            one.outcome in _CARRIES for one in self._links
        )

    @property
    def sameness(self) -> tuple[Any, ...]:
        """What is equal only where the same is to be told."""
        ladder = self.ladder
        links = [(one.code, *one.places.values(), one.begins, one.until) for one in self._links]
        ways = (ladder.accreditation_body, ladder.arrangement_number, ladder.home_body)
        return self.state, *links, *ways, ladder.conditions

    @property
    def _links(self) -> tuple[Link, Link, Link]:
        return self.ladder.accreditation, self.ladder.arrangement, self.accepted


class _Asking:
    """One market and standard, asked of any body."""

    def __init__(
        self,
        evidence: LedgerEvidence,
        facts: Facts,
        policy: Policy,
        market: str,
        standard: str,
        when: Moment,
    ) -> None:
        self._evidence = evidence
        self._facts = facts
        self._policy = policy
        self._market = market
        self._standard = standard
        self._when = when
        self._registrants = Registrants(evidence, facts)

    def of(self, body: int, sector: str | None) -> Iterator[Acceptor]:
        """Yield the answers for a body: for one sector, or for all, those with one answer at once.

        Where it is accepted for some sectors, those for which it is not are left out.
        """
        wanted = [sector] if sector is not None else list(codes.sectors())
        lists = self._sector_lists(body)
        alike: dict[tuple[bool, ...], list[str]] = {}
        for one in wanted:  # sectors that are in the same lists have the same answer
            alike.setdefault(tuple(one in held for held in lists), []).append(one)
        groups: dict[tuple[Any, ...], tuple[_Found, int, int, list[str]]] = {}
        for together in alike.values():
            found, since, until = self._answer(body, together[0])
            same = (*found.sameness, since, until)
            groups.setdefault(same, (found, since, until, []))[3].extend(together)
        accepted = any(found.carries for found, *_ in groups.values())
        for found, since, until, held in groups.values():
            whole = sector is None and len(held) == len(wanted)
            if found.carries or not accepted:
                told = None if whole else tuple(sorted(held))
                yield self._told(body, found, since, until, told)

    def _sector_lists(self, body: int) -> list[frozenset[str]]:
        """Return every list of sectors that an answer for a body can depend on."""
        local = self._policy.local

        def read() -> list[frozenset[str]]:
            published = _published(self._facts, self._market, local)
            lists = {
                frozenset(rule.sectors) for one in published for rule in one.acceptance.accepts
            }
            for entry in self._facts.accreditations_of(body):
                for event in entry.history:
                    covered = accreditation.coverage_of(getattr(event, "coverage", ""))
                    lists.update(covered.standards.values() if covered is not None else ())
            return list(lists)

        return self._facts.once(("sector lists", body, self._market, local), read)

    def _answer(self, body: int, sector: str) -> tuple[_Found, int, int]:
        """Return what holds for one sector, with its beginning and end."""
        when = self._when
        if not when.usable:
            state = self._registrants.state(body, when.at)
            return _Found(state, _NOT_CHECKED, _NOT_CHECKED.market), 0, 0
        found = self._at(body, sector, when.at, is_past=when.is_past)
        market = found.ladder.policy
        if market is not None and when.age > market.acceptance.max_evidence_age.live:
            found = found._replace(accepted=self._too_old(found.accepted))
        if not found.carries:
            return found, 0, 0

        def holds(one: int) -> bool:
            is_past = one < when.at or when.is_past
            return self._at(body, sector, one, is_past=is_past, is_dated=False).carries

        moments = self._moments(body)
        since, until = held_since(moments, when.at, holds), held_until(moments, when.at, holds)
        return found, since, until

    def _at(
        self, body: int, sector: str, at: int, *, is_past: bool, is_dated: bool = True
    ) -> _Found:
        """Return what a check would find of a certificate registered at a moment."""
        asked = Asked(body, self._standard, (sector,), sector, self._market)
        when = When(at, at, is_past, is_dated)
        ladder = climb(self._facts, asked, when, self._policy.local)
        accepted = ladder.market
        policy = ladder.policy.acceptance if ladder.policy is not None else None
        if policy is not None and accepted.code != "market_refuses_scope":
            refused = self._registrants.refused(policy, body, at)
            if refused is not None:
                accepted = Link(refused, {"market": self._market})
        return _Found(self._registrants.state(body, at), ladder, accepted)

    def _too_old(self, accepted: Link) -> Link:
        """Return line 9 where the market wants newer evidence; a plain No stays one."""
        refused = ("market_refuses_scope", "market_refuses_algorithm",
                   "market_refuses_key_assurance")  # fmt: skip
        head = self._evidence.head
        if accepted.code in refused or head is None:
            return accepted
        return Link("market_evidence_too_old", {"market": self._market, "date": date(head.time)})

    def _moments(self, body: int) -> Sequence[int]:
        """Return every moment at which the answer for a body can change."""
        local = self._policy.local
        return self._facts.once(
            ("acceptor moments", body, self._market, local),
            lambda: sorted(_moments(self._facts, self._evidence, body, self._market, local)),
        )

    # ---------------------------------------------------------- as it is shown

    def _told(
        self, body: int, found: _Found, since: int, until: int, sectors: tuple[str, ...] | None
    ) -> Acceptor:
        member = self._facts.member(body)
        economy = member.admitted.economy if member is not None else ""
        ladder, policy = found.ladder, found.ladder.policy
        accepts = found.carries and policy is not None
        return Acceptor(
            body, self._facts.name_of(body), economy, self._standard, self._market, sectors,
            found.outcome,
            moment(since) if since else None, moment(until) if until else None,
            _through(ladder) if found.carries else None,
            tuple(self._rungs(body, found)),
            _conditions(policy, ladder) if accepts else (),
            policy.acceptance.required_disclosures if policy is not None and accepts else (),
        )  # fmt: skip

    def _rungs(self, body: int, found: _Found) -> Iterator[tuple[Rung, str]]:
        ladder, name_of = found.ladder, self._facts.name_of
        member = self._facts.member(body)
        active = member.standing_at(self._when.at)[1] if member is not None else 0
        own = Rung(
            "certification_body", name_of(body), body, found.body_outcome, found.state,
            moment(active) if active else None, None, self._standard,
        )  # fmt: skip
        yield own, WORDS[found.state]
        if ladder.accreditation.code != "accreditation_not_needed":
            ab = ladder.accreditation_body
            name = name_of(ab) if ab is not None else ""
            yield _rung("accreditation_body", name, ab, ladder.accreditation, MANAGEMENT_SYSTEMS)
        if ladder.arrangement.code != "arrangement_own_accreditation":
            number = ladder.arrangement_number
            title = self._facts.arrangement_title(number) if number is not None else ""
            yield _rung("arrangement", title, None, ladder.arrangement, ladder.scope)
        home = ladder.home_body
        name = name_of(home) if home is not None else ""
        rung, told = _rung("home_body", name, home, ladder.arrangement, ladder.scope)
        side = ladder.home
        if rung.outcome is Outcome.NO and (side is None or side.standing == "accepted"):
            rung = Rung(rung.kind, name, home, Outcome.NOT_ASKED, rung.code, scope=rung.scope)
        yield rung, told
        accepted = found.accepted._replace(begins=ladder.market.begins)
        yield _rung("market", economy_name(self._market), None, accepted, ladder.scope)


def _rung(kind: str, name: str, member: int | None, link: Link, scope: str) -> tuple[Rung, str]:
    reason = REASONS[link.code]
    outcome = Outcome.NOT_ASKED if reason.defers else reason.outcome
    begins = moment(link.begins) if link.begins else None
    until = moment(link.until) if link.until else None
    rung = Rung(kind, name, member, outcome, link.code, begins, until, scope)
    # what only sends to another line of a check sends nowhere here
    told = (
        reason.en.found.format(**link.places) if reason.defers else reason.sentence(**link.places)
    )
    return rung, told


def _through(ladder: Ladder) -> str:
    if ladder.accreditation.code == "accreditation_not_needed":
        return "direct"
    own = ladder.arrangement.code == "arrangement_own_accreditation"
    return "own_accreditation" if own else "accreditation"


def _conditions(policy: Published | None, ladder: Ladder) -> tuple[MarketCondition, ...]:
    return tuple(
        MarketCondition(condition.id, condition.text.to_dict())
        for condition in (policy.acceptance.conditions if policy is not None else ())
        if condition.id in ladder.conditions
    )


def _published(facts: Facts, market: str, local: LocalPolicies) -> tuple[Published, ...]:
    """Return every policy of a market that counts at some moment."""
    return *local.of(market, facts.origin), *facts.policies_of(market).valid


def _moments(
    facts: Facts, evidence: LedgerEvidence, body: int, market: str, local: LocalPolicies
) -> set[int]:
    moments: set[int] = set()
    parties = {body}
    for entry in facts.accreditations_of(body):
        ab = entry.accreditation_body
        key = accreditation_key(ab, body, entry.scope)
        moments |= accreditation.moments_of(evidence.history(key))
        parties.add(ab)
    agreed: set[int] = set()
    for published in _published(facts, market, local):
        moments |= {published.time, published.effective_at}
        parties.update(published.acceptance.home_bodies)
        agreed.update(rule.arrangement for rule in published.acceptance.accepts)
    for party in parties:
        moments.update(event.time for event in evidence.history(member_key(party)))
        for number in agreed:
            moments |= arrangement.moments_of(evidence.history(party_key(number, party)))
    return moments | Registrants(evidence, facts).moments(body)
