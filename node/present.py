"""Presenting: a certificate's token, leaf and anchor become a proof bundle.

Decides which fields are shared and checks the finished bundle with our own verifier before it
leaves: what that finds Not valid for reasons of issuer, content or registration (lines 1 to 3) is
not released, for it would only discredit the body. A certificate that is expired or not in force
is released, with a warning: the file is genuine, and says so of a certificate that is not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.anchor import Anchor
from core.batch import Batch
from core.bundle import Bundle
from core.credential import Credential
from core.errors import NotFound, Refused, UsageError
from core.events import Position
from core.hashing import HASH_BYTES
from core.leaf import Leaf
from core.registry import LedgerEvidence
from core.report import Outcome, Report, Verdict
from node.states import Envelope
from node.store import credentials, records
from node.store.engine import Store
from node.store.records import Certificate
from node.store.schema import AnyRow
from verifier.verify import check

_GENUINE: Final = frozenset({1, 2, 3})


@dataclass(frozen=True, slots=True)
class Presentation:
    """A proof bundle, ready to hand over.

    Args:
        document: its bytes.
        report: what our own verifier says of it.
        warnings: sentences that whoever hands it over should read first.
    """

    document: bytes
    report: Report
    warnings: tuple[str, ...]


def present(
    store: Store,
    evidence: LedgerEvidence,
    member: int,
    number: str,
    revision: int | None,
    fields: Sequence[str],
    *,
    now: datetime,
    envelope: Envelope = Envelope.SELECTIVE,
) -> Presentation:
    """Return the proof bundle of a certificate that shares ``fields`` and what is never hidden.

    Args:
        evidence: the followed ledger.
        member: this body.
        revision: None for the newest one that is issued.
        fields: names of fields (``core/credential_fields.py``), ``all`` or ``none``; not for the
            plain envelope, in which nothing can be hidden.

    Raises:
        NotFound: this body has no such certificate.
        Refused: it is not anchored yet, or our own verifier would not accept the bundle.
        UsageError: a field that this certificate does not have.
    """
    row = _row(store, number, revision, envelope)
    document = Bundle(
        ledger=evidence.origin,
        presentation=_shared(row.token, fields, envelope),
        leaf=_leaf(row),
        anchor=Anchor(member, row.root, row.size, Position(row.anchored_block, row.anchored_index)),
    ).dump()
    report = check(document, evidence, now=now)
    denied = [c for c in report.checks if c.line in _GENUINE and c.outcome is Outcome.NO]
    if denied:
        raise Refused(
            "own_check_failed",
            f"this node's own verifier finds the file Not valid ({denied[0].code}); not released",
            "see the node's log; comity status NUMBER shows where it stands",
        )
    return Presentation(document, report, _warnings(report))


def fields_of(store: Store, number: str, revision: int | None) -> list[str]:
    """Return the names of the fields that this certificate can share or hold back."""
    row = _row(store, number, revision, Envelope.SELECTIVE, anchored=False)
    return list(Credential.parse(row.token).fields)


def _row(
    store: Store,
    number: str,
    revision: int | None,
    envelope: Envelope,
    *,
    anchored: bool = True,
) -> AnyRow:
    with store.reading() as connection:
        if revision is None:
            revision = credentials.newest_revision(connection, number)
        row = None
        if revision is not None:
            certificate = Certificate(number, revision)
            row = credentials.presentable(connection, certificate, envelope)
        known = row is not None or bool(records.journeys(connection, number))
    if not known:
        raise NotFound("no_such_certificate", "this body has no such certificate")
    if row is None or (anchored and row.anchored_block is None):
        raise Refused(
            "not_anchored_yet", "this certificate is not anchored yet", "try again in a minute"
        )
    return row


def _shared(token: str, fields: Sequence[str], envelope: Envelope) -> str:
    if envelope is Envelope.SELECTIVE:
        return Credential.parse(token).share(fields)
    if fields and list(fields) != ["all"]:
        raise UsageError(
            "nothing_hidden", "in the plain form nothing can be hidden",
            "leave the fields out, or use the selective form",
        )  # fmt: skip
    return token


def _leaf(row: AnyRow) -> Leaf:
    step = HASH_BYTES
    hashes = [row.leaves[i : i + step] for i in range(0, len(row.leaves), step)]
    return Leaf(row.salt, row.position, Batch.restore(hashes).path(row.position))


def _warnings(report: Report) -> tuple[str, ...]:
    if report.verdict is Verdict.GENUINE_AND_IN_FORCE:
        return ()
    return tuple(
        c.reason
        for c in report.checks
        if c.outcome in (Outcome.NO, Outcome.CONDITION, Outcome.COULD_NOT_BE_CHECKED)
    )
