"""The assertion key is revoked while certificates wait: none of them ends up worthless."""

from __future__ import annotations

import os
from pathlib import Path

from core.encoding import b64url_decode
from core.events import KeyPurpose
from core.report import Verdict
from keys.purposes import Purpose
from keys.signer import DocumentSigner
from node.config import SealSettings
from node.present import present
from node.receipt import receipt_of
from node.states import ReceiptState
from node.worker import Worker, WorkerSigners
from tests.support.ledger import MadeLedger, document_signer
from tests.support.node import RunningNode, make_node, utc_now, work_until


def worker_with(node: RunningNode, assertion: DocumentSigner) -> Worker:
    signers = WorkerSigners(assertion, node.member.operating_signer)
    made = Worker(node.places, node.config, signers, clock=utc_now, random=os.urandom)
    node.workers.append(made)
    return made


def test_what_waits_is_signed_again_with_the_key_after(made: MadeLedger, tmp_path: Path) -> None:
    node = make_node(made, tmp_path / "node", seal=SealSettings(seconds=3600))
    try:
        first = worker_with(node, node.member.assertion_signer)
        receipt = node.accept("ROTATE-1")
        work_until(first, lambda: receipt_of(node.store, receipt).state is ReceiptState.ISSUED)
        after = document_signer(Purpose.ASSERTION, "the key after")
        node.member.operating.transact(
            made.calls.add_key(KeyPurpose.ASSERTION, after.public.canonical_jwk)
        )
        thumbprint = b64url_decode(node.member.assertion_signer.thumbprint)
        node.member.recovery.transact(made.calls.revoke_key(thumbprint, 1))
        node.config = node.config.model_copy(update={"seal": SealSettings(seconds=0)})
        first = worker_with(node, node.member.assertion_signer)  # still has the key that is gone
        for _ in range(50):
            first.step()
        assert receipt_of(node.store, receipt).state is ReceiptState.ISSUED
        second = worker_with(node, after)
        work_until(second, lambda: receipt_of(node.store, receipt).is_final)
        with node.evidence() as evidence:
            shown = present(
                node.store, evidence, node.member.id, "ROTATE-1", None, [], now=utc_now()
            )
        assert shown.report.verdict is Verdict.GENUINE_AND_IN_FORCE
    finally:
        node.close()
