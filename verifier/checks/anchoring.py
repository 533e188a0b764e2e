"""Line 3: is it registered, by the body it names, in a batch the body stands by?

The proof inside the document is checked first: it needs no evidence and no signature. What the
ledger holds is read from the ledger, never from the document.
"""

from core.errors import ProofError
from core.events import Disowned
from core.hashing import verify_inclusion
from core.leaf import leaf_hash
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
    places = {"body": case.name_of(issuer), "date": date(anchored.time)}
    return Finding("registered", places, seen)


def _age(case: Case) -> dict[str, str]:
    return {"date": date(case.head.time) if case.head is not None else ""}
