"""Lines 7 to 9: is it recognised in the reader's market? And the ladder that shows why.

Without usable evidence, or a confirmed issuer, nothing of it is judged. The ladder itself is
climbed in ``verifier/checks/ladder.py``, the same for all certificates of one kind; here it meets
this one: how it was signed, with what kind of key, on how old evidence, and what its exporter
shares, each held against the market's acceptance policy.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from core.acceptance import Acceptance
from core.codes import economy_name
from core.credential_fields import FIELDS
from core.events import Assurance, KeyAssured, key_key
from core.outcome import Outcome
from core.reasons import REASONS, SOURCE_LEDGER, SOURCE_POLICY
from core.report_details import MarketCondition, Rung
from verifier.checks.case import Case, Finding, date, moment
from verifier.checks.ladder import MANAGEMENT_SYSTEMS, Asked, Ladder, Link, When, climb
from verifier.checks.scope import Shown

_NOT_ASKED: Final = (
    Finding("accreditation_not_asked"),
    Finding("arrangement_not_asked"),
    Finding("market_not_asked"),
)
_NOT_CHECKED: Final = Ladder(
    Link("accreditation_not_checked"), Link("arrangement_not_checked"), Link("market_not_checked")
)
_ITEMS: Final = {field.name: field.item for field in FIELDS}
_SAME_ALGORITHM: Final = {"EdDSA": "Ed25519"}  # the older name of the same (RFC 9864)
_ACCEPTING: Final = frozenset({Outcome.YES, Outcome.CONDITION, Outcome.NOT_SHARED})


class Recognition(NamedTuple):
    """What a check says of recognition.

    Attributes:
        findings: of lines 7, 8 and 9.
        ladder: the rungs; empty when no market was asked for.
        conditions: on which the market accepts.
    """

    findings: tuple[Finding, Finding, Finding]
    ladder: tuple[Rung, ...] = ()
    conditions: tuple[MarketCondition, ...] = ()


def check_recognition(
    case: Case, shown: Shown | None, registration: Finding, status: Finding
) -> Recognition:
    """Return the findings of lines 7 to 9, with what explains them.

    Args:
        case: the document under examination.
        shown: what the certificate shows; None unless lines 1 and 2 are Yes.
        registration, status: the findings of lines 3 and 5, the first rungs.
    """
    market = case.question.market
    if market is None:
        return Recognition(_NOT_ASKED)
    usable = case.absence_counts and case.issuer is not None and shown is not None
    if not usable or case.facts is None or case.issuer is None or shown is None:
        ladder, accepted = _NOT_CHECKED, Finding("market_not_checked")
        findings = (_finding(ladder.accreditation), _finding(ladder.arrangement), accepted)
    else:
        asked = Asked(case.issuer, shown.standard, shown.sectors(), case.question.sector, market)
        registered = case.anchored.time if case.anchored is not None else None
        when = When(case.at, registered, case.is_past)
        ladder = climb(case.facts, asked, when, case.policy.local)
        accepted = _accepted(case, ladder, shown, market)
        seen = case.evidence_at
        findings = (
            _finding(ladder.accreditation)._replace(evidence_at=seen),
            _finding(ladder.arrangement)._replace(evidence_at=seen),
            accepted._replace(evidence_at=seen, source=_source(ladder)),
        )
    rungs = tuple(_rungs(case, ladder, shown, (registration, status, accepted)))
    takes = REASONS[accepted.code].outcome in _ACCEPTING
    return Recognition(findings, rungs, _conditions(ladder) if takes else ())


def _finding(link: Link) -> Finding:
    return Finding(link.code, link.places)


def _source(ladder: Ladder) -> str:
    """Return where the policy came from that line 9 rests on; empty for the evidence's source."""
    is_local = ladder.policy is not None and ladder.policy.position is None
    return SOURCE_POLICY if is_local else ""


# ---------------------------------------------------------------- line 9


def _accepted(case: Case, ladder: Ladder, shown: Shown, market: str) -> Finding:
    """Return what the policy says of this certificate; the gravest answer wins."""
    link, places = ladder.market, {"market": market}
    if ladder.policy is None or link.code == "market_refuses_scope":
        return _finding(link)
    acceptance = ladder.policy.acceptance
    refused = _refused(case, acceptance, shown)
    if refused is not None:
        return Finding(refused, places)
    if _too_old(case, acceptance) and case.head is not None:
        return Finding("market_evidence_too_old", places | {"date": date(case.head.time)})
    if link.outcome in _ACCEPTING and link.outcome is not Outcome.NOT_SHARED:
        missing = (n for n in acceptance.required_disclosures if shown.holds_back(n, _ITEMS[n]))
        if next(missing, None) is not None:
            return Finding("market_disclosure_missing", places)
    return _finding(link)


def _refused(case: Case, acceptance: Acceptance, shown: Shown) -> str | None:
    """Return the code of what the policy refuses in this certificate by itself."""
    algorithm = case.credential.algorithm
    if _SAME_ALGORITHM.get(algorithm, algorithm) not in {
        _SAME_ALGORITHM.get(name, name) for name in acceptance.signatures.algorithms
    }:
        return "market_refuses_algorithm"
    if _assurance(case) < acceptance.signatures.key_assurance.level:
        return "market_refuses_key_assurance"
    for name in acceptance.required_disclosures:
        if not shown.states(name) and not shown.holds_back(name, _ITEMS[name]):
            return "market_disclosure_absent"
    return None


def _assurance(case: Case) -> int:
    """Return how the key was kept when the certificate was registered; unknown kinds are files."""
    if case.issuer is None:
        return Assurance.FILE
    position, found = case.judged_at(), int(Assurance.FILE)
    for event in case.history(key_key(case.issuer, case.credential.kid_thumbprint)):
        if isinstance(event, KeyAssured) and event.position < position:
            found = event.assurance
    return found if found in _ASSURANCES else Assurance.FILE


_ASSURANCES: Final = frozenset(Assurance)


def _too_old(case: Case, acceptance: Acceptance) -> bool:
    if case.head is None or case.evidence is None:
        return True
    age = acceptance.max_evidence_age
    most = age.live if case.evidence.source == SOURCE_LEDGER else age.offline
    return case.now.timestamp() - case.head.time > most


def _conditions(ladder: Ladder) -> tuple[MarketCondition, ...]:
    if ladder.policy is None or not ladder.conditions:
        return ()
    return tuple(
        MarketCondition(condition.id, condition.text.to_dict())
        for condition in ladder.policy.acceptance.conditions
        if condition.id in ladder.conditions
    )


# ---------------------------------------------------------------- the ladder as it is shown


def _rungs(
    case: Case, ladder: Ladder, shown: Shown | None, ends: tuple[Finding, Finding, Finding]
) -> Iterator[Rung]:
    """Yield the rungs from the certificate to the market."""
    registration, status, accepted = ends
    credential, facts = case.credential, case.facts
    standard = shown.standard if shown is not None else None
    holder = str(shown.disclosed.get("holder", "")) if shown is not None else ""
    yield Rung(
        "organization", holder, None, _outcome(status.code), status.code,
        credential.valid_from if shown is not None else None,
        credential.valid_until if shown is not None else None, standard,
    )  # fmt: skip
    issuer = case.issuer
    yield Rung(
        "certification_body", case.name_of(issuer) if issuer is not None else "", issuer,
        _outcome(registration.code), registration.code,
        moment(case.anchored.time) if case.anchored is not None else None, None, standard,
    )  # fmt: skip
    if ladder.accreditation.code != "accreditation_not_needed":
        ab = ladder.accreditation_body
        name = facts.name_of(ab) if facts is not None and ab is not None else ""
        yield _rung("accreditation_body", name, ab, ladder.accreditation, MANAGEMENT_SYSTEMS)
    if ladder.arrangement.code != "arrangement_own_accreditation":
        number = ladder.arrangement_number
        title = facts.arrangement_title(number) if facts is not None and number is not None else ""
        yield _rung("arrangement", title, None, ladder.arrangement, ladder.scope)
    home = ladder.home_body
    name = facts.name_of(home) if facts is not None and home is not None else ""
    yield _home(ladder, name)
    market = case.question.market or ""
    link = Link(accepted.code, {}, ladder.market.begins)
    version = f", policy {ladder.policy.acceptance.version}" if ladder.policy is not None else ""
    yield _rung("market", f"{economy_name(market)}{version}", None, link, ladder.scope)


def _home(ladder: Ladder, name: str) -> Rung:
    """Return the rung on the reader's side: Yes or No only where it is what carries or breaks."""
    rung = _rung("home_body", name, ladder.home_body, ladder.arrangement, ladder.scope)
    side = ladder.home
    broken_there = side is not None and side.standing != "accepted"
    if rung.outcome is Outcome.NO and not broken_there:
        return Rung(rung.kind, name, rung.member, Outcome.NOT_ASKED, rung.code, scope=rung.scope)
    return rung


def _rung(kind: str, name: str, member: int | None, link: Link, scope: str) -> Rung:
    return Rung(
        kind, name, member, _outcome(link.code), link.code,
        moment(link.begins) if link.begins else None,
        moment(link.until) if link.until else None, scope,
    )  # fmt: skip


def _outcome(code: str) -> Outcome:
    """Return the outcome of a code; what only points at another rung is not asked."""
    reason = REASONS[code]
    return Outcome.NOT_ASKED if reason.defers else reason.outcome
