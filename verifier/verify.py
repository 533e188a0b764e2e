"""The check: may I rely on this certificate now?

A numbered procedure without input or output. Each step names the attack it stops.

1. Limits and strict parse. What is not exactly one of our formats is refused with ``FormatError``
   and gets no verdict. Stops bombs, ambiguous encodings, smuggled members.
2. Evidence must be of the ledger that the document names. Evidence of another ledger is no
   evidence. Stops replay from a ledger with other rules.
3. Inclusion: leaf, path and root must agree (line 3). Costs a few hashes, so it comes before any
   signature. Stops borrowed proofs and changed tokens.
4. The ledger's own record of the anchor, by the issuing member, not disowned (line 3). Stops a
   member registering for another, and use of a stolen operating account.
5. The issuer's key as the ledger held it *at the anchor's position*, then the signature with
   exactly that key (lines 1 and 2). Stops forged, foreign, retired and backdated keys, a member's
   use of another body's name, and every algorithm trick, for the algorithm is the registered key's.
6. Disclosures must be what the body signed (line 2). Stops stripping, adding and overwriting.
7. The signed dates (line 4).
8. The slot's whole status history (line 5). Stops a second envelope or a second batch from hiding
   a suspension.
9. Scope, and recognition at the moment asked about (lines 6 to 9). What is held back, unreadable or
   not at hand is never a Yes; what nobody could fetch is never a No. Stops certificates shown where
   nobody is bound to recognise them.

Asked as of a past moment, every line answers for that moment by all that is known now.

Every line is always answered. If line 1 or 2 is not Yes, nothing of the document is shown.
"""

from datetime import datetime
from functools import lru_cache
from typing import Final

from core.asking import require_askable
from core.bundle import Bundle
from core.credential import Credential
from core.reasons import REASONS, SOURCE_CLOCK, SOURCE_DOCUMENT, SOURCE_NONE, Reason
from core.registry import LedgerEvidence
from core.report import Check, Outcome, Question, Report
from verifier.checks.anchoring import check_registration
from verifier.checks.case import Case, Finding
from verifier.checks.credential import check_issuer_and_content
from verifier.checks.recognition import check_recognition
from verifier.checks.scope import Shown, check_scope
from verifier.checks.status import check_status
from verifier.checks.succession import status_history
from verifier.checks.validity import check_dates
from verifier.policy import LIVE, Policy


def check(
    document: bytes | Bundle,
    evidence: LedgerEvidence | None,
    policy: Policy = LIVE,
    question: Question = Question(),  # noqa: B008 - frozen
    *,
    now: datetime,
) -> Report:
    """Check a proof bundle and return the report.

    Args:
        document: the bundle's bytes, or the bundle already parsed.
        evidence: what is known of its ledger; None when that ledger is not followed.
        policy: what the verifier insists on.
        question: what the reader asked beyond "genuine and in force".
        now: the verifier's clock, aware.

    Raises:
        FormatError: the document is not one of our formats.
        UsageError: the question cannot be asked of this version.
    """
    require_askable(question, now)
    bundle = document if isinstance(document, Bundle) else Bundle.parse(document)  # 1
    credential = Credential.parse(bundle.presentation)
    if evidence is not None and evidence.origin != bundle.ledger:  # 2
        evidence = None
    case = Case(bundle, credential, evidence, policy, question, now)
    registration = check_registration(case)  # 3, 4
    issuer, content = check_issuer_and_content(case)  # 5, 6
    trusted = _is_yes(issuer) and _is_yes(content)
    disclosed = credential.disclosed() if trusted else {}
    not_shared = credential.not_shared if trusted else ()
    shown = Shown(disclosed, not_shared) if trusted else None
    status = check_status(case, content_trusted=trusted)  # 8
    recognition = check_recognition(case, shown, registration, status)  # 9
    findings = (
        issuer,
        content,
        registration,
        check_dates(case, content_trusted=trusted),  # 7
        status,
        check_scope(question, shown),  # 9
        *recognition.findings,
    )
    source = evidence.source if evidence is not None else SOURCE_NONE
    return Report(
        question=question,
        checks=tuple(
            [
                _line(f.code, f.evidence_at, f.source or source, tuple(f.places.items()))
                for f in findings
            ]
        ),
        disclosed=disclosed,
        not_shared=not_shared,
        ladder=recognition.ladder,
        conditions=recognition.conditions,
        status_history=status_history(case, content_trusted=trusted),
    )


def _is_yes(finding: Finding) -> bool:
    return REASONS[finding.code].outcome is Outcome.YES


@lru_cache(maxsize=1024)  # while the ledger stands still, most certificates get the same lines
def _line(
    code: str,
    evidence_at: datetime | None,
    source: str,
    places: tuple[tuple[str, str], ...],
) -> Check:
    """Return the line of a finding, with ``source`` as the source of what the ledger says."""
    reason = REASONS[code]
    return Check(
        line=reason.line,
        code=code,
        outcome=reason.outcome,
        reason=reason.sentence(**dict(places)),
        source=_source(reason, source if evidence_at is not None else SOURCE_NONE),
        evidence_at=evidence_at,
    )


def _source(reason: Reason, ledger: str) -> str:
    """Return where the evidence of a line came from; what rests on the ledger has its age."""
    if reason.line in _OF_THE_LEDGER and ledger != SOURCE_NONE:
        return ledger
    if reason.line == 4:
        return SOURCE_CLOCK
    from_document = reason.line == 2 or (
        reason.line == 6 and reason.outcome not in _WITHOUT_EVIDENCE
    )
    return SOURCE_DOCUMENT if from_document or reason.outcome is Outcome.NO else SOURCE_NONE


_OF_THE_LEDGER: Final = frozenset({1, 3, 5, 7, 8, 9})
_WITHOUT_EVIDENCE: Final = frozenset({Outcome.NOT_ASKED, Outcome.COULD_NOT_BE_CHECKED})
