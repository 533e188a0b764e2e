"""Acceptance policies at an authority's desk: drafting, signing, and what the ledger has of them.

Decides what a fresh draft says, and which policies this body may sign: those of its own economy, as
an authority, for its own ledger, with a key that is registered. A signature that no reader would
accept is not made. Publishing is an act like others (``comity notice``); nothing here sends.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final

from core import codes
from core.acceptance import KIND, Acceptance, Accepted, Through
from core.arrangement import PartyStanding, party_at
from core.credential import did_of_endpoint
from core.crypto.jose import ALGORITHMS, JwsSigner, PublicKey
from core.encoding import b64url_decode
from core.errors import ComityError, Invalid, NotFound, Refused, UsageError
from core.events import KeyAdded, KeyPurpose, Role, key_key
from core.instants import instant
from core.limits import EVIDENCE_AGE_LIVE, EVIDENCE_AGE_OFFLINE
from core.recognition import Facts, Member, Standing
from core.signed import ASSERTION
from node.membership import Evidence, Membership, assertion_key_stands

_ROLE_THROUGH: Final = {
    Through.ACCREDITATION: Role.ACCREDITATION_BODY,
    Through.DIRECT: Role.CERTIFICATION_BODY,
}


class SignatureState(StrEnum):
    """What can be said of a policy's signature."""

    UNSIGNED = "unsigned"
    GOOD = "good"
    NOT_REGISTERED = "not_registered"
    BROKEN = "broken"
    NOT_CHECKED = "not_checked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a draft is asked to say; what is None or empty is left to the start or to the usual."""

    economy: str | None = None
    title: str | None = None
    version: int | None = None
    effective_at: datetime | None = None
    home_bodies: Sequence[int] = ()
    own_accreditation: bool | None = None
    arrangements: Sequence[int] = ()
    through: Through = Through.ACCREDITATION
    scopes: Sequence[str] = ()
    standards: Sequence[str] = ()
    sectors: Sequence[str] = ()
    conditions: Sequence[tuple[str, str]] = ()
    disclosures: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A policy, and what is known about it.

    Args:
        policy: what it says.
        is_local: it came from a file, not from the ledger.
        in_force: whether it is the one in force at the moment asked about.
        signature: what can be said of its signature.
        recorded_at: block time of its publication, Unix seconds; None for a file.
        is_open: a newer text that could not be read may have taken its place.
    """

    policy: Acceptance
    is_local: bool
    in_force: bool
    signature: SignatureState
    recorded_at: int | None = None
    is_open: bool = False


def draft(wishes: Wishes, start: Acceptance | None, now: datetime) -> Acceptance:
    """Return an unsigned policy to go on editing.

    Args:
        wishes: what it shall say.
        start: a policy to start from.
        now: without a start, a draft is in effect from the next day on.

    Raises:
        UsageError: the wishes make no policy.
    """
    value = _blank(wishes.economy, now) if start is None else replace(start, signature=None).dump()
    changed: dict[str, Any] = {
        "economy": wishes.economy,
        "version": wishes.version,
        "effective_at": instant(wishes.effective_at) if wishes.effective_at else None,
        "title": {"en": wishes.title} if wishes.title else None,
        "home_bodies": list(wishes.home_bodies),
        "own_accreditation": wishes.own_accreditation,
        "accepts": [_entry(number, wishes) for number in wishes.arrangements],
        "required_disclosures": list(wishes.disclosures),
    }
    value |= {name: said for name, said in changed.items() if said not in (None, [])}
    if start is None and wishes.own_accreditation is None:
        value["own_accreditation"] = bool(wishes.home_bodies)
    _ask_for_conditions(value, wishes)
    try:
        return Acceptance.parse(value)
    except Invalid as refused:
        first = refused.faults[0]
        raise UsageError(
            "policy_options", f"this makes no policy: {first.pointer or '/'}: {first.message}"
        ) from None


def require_may_sign(policy: Acceptance, evidence: Evidence, body: Membership) -> Acceptance:
    """Return the policy, naming its ledger, if this body may sign it.

    Raises:
        Refused: it is no authority, or not of that economy, or the policy is for another ledger.
    """
    member = Facts(evidence).member(body.member)
    if member is None or not member.has_role(Role.AUTHORITY):
        raise Refused(
            "policy_not_authority",
            "this body is no authority on the ledger, so its signature on a policy counts nowhere",
            "a local policy of a verifier needs no signature",
        )
    if member.admitted.economy != policy.economy:
        raise Refused(
            "policy_other_economy",
            f"this body is an authority of {member.admitted.economy}, not of {policy.economy}",
        )
    if policy.ledger not in (None, evidence.origin):
        raise Refused("policy_other_ledger", "the policy names another ledger than this node's")
    return replace(policy, ledger=evidence.origin)


def sign(
    policy: Acceptance,
    evidence: Evidence,
    body: Membership,
    signer: JwsSigner,
    *,
    raise_version: bool,
    use: Any = ASSERTION,
) -> Acceptance:
    """Return the policy signed by this body.

    Args:
        raise_version: give it the version after its own and after every published one.
        use: the purpose the signer must be meant for.

    Raises:
        Refused: this body may not sign it, or not with this key.
        Invalid: with the signature it is too large.
    """
    named = require_may_sign(policy, evidence, body)
    if not assertion_key_stands(evidence, body.member, b64url_decode(signer.thumbprint)):
        raise Refused(
            "assertion_key_not_registered", "the ledger does not have this node's assertion key"
        )
    if raise_version:
        named = replace(
            named, version=max(named.version, newest_version(evidence, named.economy)) + 1
        )
    return named.signed_by(signer, did_of_endpoint(body.endpoint) or "", use)


def newest_version(evidence: Evidence, economy: str) -> int:
    """Return the greatest version published for an economy, 0 without any."""
    published = Facts(evidence).policies_of(economy).valid
    return max((one.acceptance.version for one in published), default=0)


def published(evidence: Evidence, economy: str, at: datetime) -> Found:
    """Return the policy of an economy that was in force at a moment.

    Raises:
        NotFound: the ledger has none.
    """
    found, is_open = Facts(evidence).policies_of(economy).in_force(int(at.timestamp()))
    if found is None:
        message = f"the ledger has no acceptance policy of {economy} in force then"
        unread = "; one was published whose text cannot be read here" if is_open else ""
        raise NotFound("no_policy", message + unread, _coming(evidence, economy, at))
    return Found(found.acceptance, False, True, SignatureState.GOOD, found.time, is_open)


def _coming(evidence: Evidence, economy: str, at: datetime) -> str:
    valid = Facts(evidence).policies_of(economy).valid
    starts = [one.acceptance.effective_at for one in valid if one.acceptance.effective_at > at]
    return f"one takes effect on {min(starts):%Y-%m-%d}; --at names a day" if starts else ""


def local(policy: Acceptance, evidence: Evidence | None, at: datetime) -> Found:
    """Return what can be said of a policy from a file."""
    return Found(policy, True, policy.effective_at <= at, signature_state(policy, evidence))


def signature_state(policy: Acceptance, evidence: Evidence | None) -> SignatureState:
    """Return what a ledger lets us say of a policy's signature."""
    kid = policy.signer
    if kid is None:
        return SignatureState.UNSIGNED
    if evidence is None or policy.ledger not in (None, evidence.origin):
        return SignatureState.NOT_CHECKED
    member = evidence.member_of(kid.did)
    history = evidence.history(key_key(member, kid.thumbprint)) if member is not None else ()
    added = next((event for event in history if isinstance(event, KeyAdded)), None)
    if added is None or added.purpose != KeyPurpose.ASSERTION:
        return SignatureState.NOT_REGISTERED
    try:
        policy.verify(PublicKey.from_canonical(added.public_key))
    except ComityError:
        return SignatureState.BROKEN
    return SignatureState.GOOD


def accepted_members(
    policy: Acceptance, entry: Accepted, scope: str, evidence: Evidence, at: datetime
) -> list[Member]:
    """Return the members with whom an arrangement is in effect for a scope, by number.

    Those that are bound to a home body of the policy at a moment, have the role that the entry
    asks for, and have not been suspended or expelled.
    """
    facts, moment = Facts(evidence), int(at.timestamp())
    bound = [
        int(key.rpartition("/")[2])
        for key in evidence.keys(f"arrangement/{entry.arrangement}/")
        if party_at(evidence.history(key), scope, moment).standing is PartyStanding.ACCEPTED
    ]
    standing = [
        member
        for member in map(facts.member, sorted(bound))
        if member is not None and member.standing_at(moment)[0] is Standing.ACTIVE
    ]
    homes = {member.number for member in standing} & set(policy.home_bodies)
    role = _ROLE_THROUGH[entry.through]
    return [member for member in standing if homes - {member.number} and member.has_role(role)]


def _blank(economy: str | None, now: datetime) -> dict[str, Any]:
    if economy is None:
        raise UsageError("usage", "--economy: whose policy is it", "--from takes it of an example")
    tomorrow = datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time(), UTC)
    return {
        "v": 1,
        "kind": KIND,
        "economy": economy,
        "version": 1,
        "effective_at": instant(tomorrow),
        "title": {"en": f"What {codes.economy_name(economy)} accepts"},
        "own_accreditation": False,
        "signatures": {"algorithms": list(ALGORITHMS), "key_assurance": "file"},
        "max_evidence_age": {"live": EVIDENCE_AGE_LIVE, "offline": EVIDENCE_AGE_OFFLINE},
    }


def _entry(number: int, wishes: Wishes) -> dict[str, Any]:
    if not wishes.scopes:
        raise UsageError("usage", "--arrangement: say for which --scope, as MSC or MSC/QMS")
    lists = {"scopes": wishes.scopes, "standards": wishes.standards, "sectors": wishes.sectors}
    said = {name: list(values) for name, values in lists.items() if values}
    return {"arrangement": number, "through": wishes.through.value, **said}


def _ask_for_conditions(value: dict[str, Any], wishes: Wishes) -> None:
    """Define the conditions wished for, and let every entry ask for them."""
    if not wishes.conditions:
        if wishes.arrangements:
            value.pop("conditions", None)  # those of the start are asked for by no entry any more
        return
    kept = [] if wishes.arrangements else value.get("conditions", [])
    value["conditions"] = kept + [
        {"id": name, "text": {"en": text}} for name, text in wishes.conditions
    ]
    names = [name for name, _ in wishes.conditions]
    value["accepts"] = [
        entry | {"conditions": [*entry.get("conditions", []), *names]}
        for entry in value.get("accepts", [])
    ]
