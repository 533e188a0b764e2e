"""Line 3: is it registered, by the body it names, in a batch the body stands by?

The proof inside the document is checked first: it needs no evidence and no signature. What the
ledger holds is read from the ledger, never from the document.
"""

from core.errors import ProofError
from core.events import Disowned, anchor_key
from core.hashing import verify_inclusion
from core.leaf import leaf_hash
from verifier.checks.case import Case, Finding, date


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
    anchor, seen = case.bundle.anchor, case.evidence_at
    body = case.name_of(issuer)
    disowned = [e for e in case.history(anchor_key(issuer, anchor.root)) if isinstance(e, Disowned)]
    if disowned:
        places = {"body": body, "date": date(disowned[0].time)}
        return Finding("registration_disowned", places, seen)
    anchored = case.anchored
    age = {"date": seen.date().isoformat() if seen else ""}
    if case.clock_wrong:
        return Finding("clock_wrong", evidence_at=seen)
    if case.too_old:
        return Finding("ledger_too_old", age, seen)
    if anchored is None:
        return Finding("ledger_behind" if case.behind else "not_registered", age, seen)
    if anchored.size != anchor.size or anchored.position != anchor.position:
        return Finding("registration_differs", evidence_at=seen)
    return Finding("registered", {"body": body, "date": date(anchored.time)}, seen)
