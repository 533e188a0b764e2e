"""Line 3: is it registered, by the body it names, in a batch the body stands by?

The proof inside the document is checked first: it needs no evidence and no signature. What the
ledger holds is read from the ledger, never from the document.

A body that was not an active certification body *before the place of its registration* could not
register: No, whatever a ledger holds. What it lost afterwards takes nothing from what it registered
before, and is a condition; so is an open risk alert about the body, its key or the batch.
"""

from core.errors import ProofError
from core.events import Disowned, Role, SubjectKind, alert_key
from core.hashing import verify_inclusion
from core.leaf import leaf_hash
from core.recognition import Standing
from verifier.checks.case import Case, Finding, date, first_of


def check_registration(case: Case) -> Finding:
    """Return the finding of line 3."""
    if not _in_its_batch(case):
        return Finding("proof_mismatch")
    if case.evidence is None:
        return Finding("ledger_unknown")
    if case.head is None:
        return Finding("ledger_unreachable")
    issuer = case.issuer
    if issuer is None:
        return Finding("issuer_open", evidence_at=case.evidence_at)
    if case.bundle.anchor.member != issuer:
        return Finding("registered_by_another", evidence_at=case.evidence_at)
    return _on_the_ledger(case, issuer)


def _in_its_batch(case: Case) -> bool:
    leaf, anchor = case.bundle.leaf, case.bundle.anchor
    own_hash = leaf_hash(leaf.salt, case.credential.token)
    try:
        verify_inclusion(own_hash, leaf.index, anchor.size, leaf.path, anchor.root)
    except ProofError:
        return False
    return True


def _on_the_ledger(case: Case, issuer: int) -> Finding:
    anchor, seen, anchored = case.bundle.anchor, case.evidence_at, case.anchored
    disowned = first_of(Disowned, case.registration)
    if disowned is not None:
        places = {"body": case.name_of(issuer), "date": date(disowned.time)}
        return Finding("registration_disowned", places, seen)
    if case.clock_wrong:
        return Finding("clock_wrong", evidence_at=seen)
    if case.too_old:
        return Finding("ledger_too_old", _age(case), seen)
    if anchored is None:
        return Finding("ledger_behind" if case.behind else "not_registered", _age(case), seen)
    if anchored.size != anchor.size or anchored.position != anchor.position:
        return Finding("registration_differs", evidence_at=seen)
    body = case.facts.member(issuer) if case.facts is not None else None
    name = case.name_of(issuer)
    if (
        body is None
        or not body.has_role(Role.CERTIFICATION_BODY)
        or not body.may_act_before(anchored.position)
    ):
        return Finding("registered_without_standing", {"body": name}, seen)
    if case.before_registration:
        return Finding("registered_here_since", {"date": date(anchored.time)}, seen)
    standing, since = body.standing_at(case.at)
    if standing is Standing.SUSPENDED:
        return Finding("registered_body_suspended", {"body": name, "date": date(since)}, seen)
    if standing is Standing.EXPELLED:
        return Finding("registered_body_expelled", {"body": name, "date": date(since)}, seen)
    warning = _warning(case, issuer)
    if warning is not None:
        return Finding("registered_with_alert", {"body": name, **warning}, seen)
    return Finding("registered", {"body": name, "date": date(anchored.time)}, seen)


def _warning(case: Case, issuer: int) -> dict[str, str] | None:
    """Return an open alert about body, key or batch; an alert counts for past moments too."""
    facts = case.facts
    if facts is None or not facts.has_alerts:
        return None
    for kind, what in (
        (SubjectKind.MEMBER, b""),
        (SubjectKind.KEY, case.credential.kid_thumbprint),
        (SubjectKind.ANCHOR, case.bundle.anchor.root),
    ):
        alert = facts.open_alert(alert_key(kind, issuer, what))
        if alert is not None:
            return {"publisher": case.name_of(alert.member), "date": date(alert.time)}
    return None


def _age(case: Case) -> dict[str, str]:
    return {"date": date(case.head.time) if case.head is not None else ""}
