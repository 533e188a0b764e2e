"""An acceptance policy as lines for people, and as the JSON of ``comity policy show``.

Decides order and words: what is accepted comes first, then signatures, evidence and disclosures,
then each condition in every language it has.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from core import codes
from core.acceptance import Acceptance, Accepted, KeyAssurance, Through
from core.credential_fields import title_of
from core.recognition import Facts, Member
from core.report import timestamp
from node.membership import Evidence
from node.policies import Found, SignatureState, accepted_members

_THROUGH: Final = {
    Through.ACCREDITATION: "through accreditation bodies",
    Through.DIRECT: "directly, body to body",
}
_ASSURANCE: Final = {
    KeyAssurance.FILE: "a key kept in a file, or better",
    KeyAssurance.HSM: "a key kept in a hardware module, or better",
    KeyAssurance.QUALIFIED: "a key kept in a qualified device",
}
_SIGNATURE: Final = {
    SignatureState.UNSIGNED: "not signed",
    SignatureState.GOOD: "signed",
    SignatureState.NOT_REGISTERED: "signed with a key that this ledger does not know",
    SignatureState.BROKEN: "its signature does not belong to it",
    SignatureState.NOT_CHECKED: "signed; no ledger at hand to check it against",
}
_LEAST: Final = 2  # of a unit of time, before it is used


def policy_json(found: Found, evidence: Evidence | None, at: datetime) -> dict[str, Any]:
    """Return what is known of a policy as one JSON object."""
    policy, signer = found.policy, found.policy.signer
    return {
        "economy": policy.economy,
        "version": policy.version,
        "source": "local" if found.is_local else "ledger",
        "in_force": found.in_force,
        "is_open": found.is_open,
        "signature": found.signature.value,
        "signed_by": signer.did if signer else None,
        "recorded_at": _recorded(found),
        "accepted_now": [
            {
                "arrangement": entry.arrangement,
                "through": entry.through.value,
                "scope": scope,
                "members": [_member_json(one) for one in members],
            }
            for entry, scope, members in _accepted(policy, evidence, at)
        ],
        "policy": policy.dump(),
    }


def policy_text(found: Found, evidence: Evidence | None, at: datetime) -> str:
    """Return the lines for a terminal."""
    lines = list(_lines(found, evidence, at))
    return "\n".join(
        "".join(char if char.isprintable() else " " for char in line) for line in lines
    )


def _lines(found: Found, evidence: Evidence | None, at: datetime) -> Iterator[str]:
    policy = found.policy
    yield f"{policy.economy}  {policy.title.preferred('en')}"
    for language, title in policy.title.by_language:
        if title != policy.title.preferred("en"):
            yield f"    {language}  {title}"
    verb = "in effect since" if found.in_force else "takes effect"
    source = "local file" if found.is_local else "published on the ledger"
    yield f"version {policy.version}, {verb} {timestamp(policy.effective_at)}"
    yield f"{source}, {_SIGNATURE[found.signature]}" + _by(policy)
    yield ""
    yield "Accepted"
    yield from _accepted_lines(policy, evidence, at)
    yield ""
    algorithms = " or ".join(policy.signatures.algorithms)
    yield f"Signatures      {algorithms}; {_ASSURANCE[policy.signatures.key_assurance]}"
    ages = policy.max_evidence_age
    yield f"Evidence        at most {_age(ages.live)} old, offline {_age(ages.offline)}"
    if policy.required_disclosures:
        shared = ", ".join(map(title_of, policy.required_disclosures))
        yield f"Must be shared  {shared}"
    if policy.conditions:
        yield ""
        yield "Conditions"
    for condition in policy.conditions:
        yield f"  {condition.id}"
        for language, text in condition.text.by_language:
            yield f"    {language}  {text}"


def _accepted_lines(policy: Acceptance, evidence: Evidence | None, at: datetime) -> Iterator[str]:
    homes = ", ".join(_named(number, evidence) for number in policy.home_bodies)
    if policy.own_accreditation:
        yield f"  accredited by a home body: {homes}"
    elif homes:
        yield f"  home bodies: {homes}"
    if not policy.accepts and not policy.own_accreditation:
        yield "  nothing"
    bound = _accepted(policy, evidence, at)
    for entry in policy.accepts:
        yield f"  arrangement {entry.arrangement}, {_THROUGH[entry.through]}"
        for scope in entry.scopes:
            yield f"    {scope}  {codes.scopes()[scope].title}"
            for of, named, members in bound:
                if of is entry and named == scope:
                    told = "; ".join(f"{one.name} ({one.admitted.economy})" for one in members)
                    yield f"      in effect with: {told or 'nobody'}"
        for title, values in (
            ("standards", entry.standards),
            ("sectors", entry.sectors),
            ("conditions", entry.conditions),
        ):
            if values:
                yield f"    {title}: {', '.join(values)}"


def _accepted(
    policy: Acceptance, evidence: Evidence | None, at: datetime
) -> list[tuple[Accepted, str, list[Member]]]:
    if evidence is None or policy.ledger not in (None, evidence.origin):
        return []
    return [
        (entry, scope, accepted_members(policy, entry, scope, evidence, at))
        for entry in policy.accepts
        for scope in entry.scopes
    ]


def _recorded(found: Found) -> str | None:
    if found.recorded_at is None:
        return None
    return timestamp(datetime.fromtimestamp(found.recorded_at, UTC))


def _member_json(member: Member) -> dict[str, Any]:
    return {
        "member": member.number,
        "name": member.name,
        "economy": member.admitted.economy,
    }


def _named(number: int, evidence: Evidence | None) -> str:
    if evidence is None:
        return f"member {number}"
    return f"{Facts(evidence).name_of(number)} ({number})"


def _by(policy: Acceptance) -> str:
    signer = policy.signer
    return f" by {signer.did}" if signer is not None else ""


def _age(seconds: int) -> str:
    """Return a span of time in the largest unit of which it has a whole number, at least two."""
    for unit, name in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds % unit == 0 and seconds >= _LEAST * unit:
            return f"{seconds // unit} {name}"
    return f"{seconds} seconds"
