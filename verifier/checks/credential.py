"""Lines 1 and 2: was it issued by the named body, and is it unchanged?

The key that counts is the one the *ledger* holds for the named body, under the thumbprint that the
credential names, good at the anchor's position. Nothing in the document is believed about keys, nor
about the issuer's name: it must be one that the body registered. That a key was not revoked is an
absence too, so it counts only where the evidence holds the anchor or reaches far enough.
"""

from core.crypto.jose import PublicKey
from core.errors import ComityError, ProofError
from core.events import KeyAdded, KeyPurpose, KeyRevoked, key_key
from core.registry import key_good_at
from verifier.checks.case import Case, Finding, first_of


def check_issuer_and_content(case: Case) -> tuple[Finding, Finding]:
    """Return the findings of lines 1 and 2."""
    content = _content(case)
    if not case.credential.algorithm_accepted:
        return Finding("issuer_algorithm_refused"), Finding("content_altered")
    if case.head is None:
        return Finding("issuer_not_checked"), content or Finding("content_not_checked")
    issuer, key = _registered_key(case)
    if key is None:
        return issuer, content or Finding("content_not_checked")
    try:
        public = PublicKey.from_canonical(key.public_key)
        if public.thumbprint != case.credential.kid_thumbprint:
            raise ProofError("key_mismatch", "the evidence holds another key under this name")
        case.credential.jws.verify(public)
    except ComityError:
        wrong = Finding("issuer_signature_wrong", evidence_at=case.evidence_at)
        return wrong, content or Finding("content_altered")
    return issuer, content or Finding("content_unchanged")


def _content(case: Case) -> Finding | None:
    """Return what is wrong with the disclosures by themselves, None if nothing is."""
    try:
        case.credential.claims()
    except ProofError:
        return Finding("disclosure_mismatch")
    return None


def _registered_key(case: Case) -> tuple[Finding, KeyAdded | None]:
    """Return the finding about the body's key, and the key whenever a signature can be tried."""
    member = case.issuer
    if member is None:
        return _absent(case, "issuer_unknown", {}), None
    history = case.history(key_key(member, case.credential.kid_thumbprint))
    body = {"body": case.name_of(member)}
    added = first_of(KeyAdded, history)
    if added is None:
        return _absent(case, "issuer_key_unknown", body), None
    position = case.judged_at()
    if added.purpose != KeyPurpose.ASSERTION:
        code = "issuer_key_purpose"
    elif key_good_at(history, position):
        if case.anchored is None and not case.absence_counts:
            return Finding("issuer_not_checked", evidence_at=case.evidence_at), added
        named = case.credential.issuer_name in case.names_of(member)
        code = "issuer_confirmed" if named else "issuer_named_otherwise"
    elif any(isinstance(e, KeyRevoked) and e.position < position for e in history):
        code = "issuer_key_revoked"
    else:
        code = "issuer_key_too_late"
    key = added if added.purpose == KeyPurpose.ASSERTION else None
    return Finding(code, body, case.evidence_at), key


def _absent(case: Case, code: str, places: dict[str, str]) -> Finding:
    """Return ``code`` where absence may be held against the document, else "not checked"."""
    if case.absence_counts:
        return Finding(code, places, case.evidence_at)
    return Finding("issuer_not_checked", evidence_at=case.evidence_at)
