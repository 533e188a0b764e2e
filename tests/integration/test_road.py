"""The road on a real chain: accept, issue, seal, anchor, present, check; then status changes."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core.bundle import Bundle
from core.errors import Refused
from core.events import status_key
from core.record import Record
from core.registry import slot_state
from core.report import Verdict
from core.slot import Slot
from core.statuslist import StatusList
from node.declare import declaration_of, declare
from node.declaring import GROUP
from node.documents import did_document
from node.issue import list_url
from node.lifecycle import Change
from node.membership import membership
from node.order import Order
from node.present import present
from node.receipt import receipt_of
from node.states import DeclarationState, Envelope, ReceiptState
from node.store import credentials
from tests.support.ledger import MadeLedger
from tests.support.node import RunningNode, make_node, record_json, utc_now, work_until


def anchored(node: RunningNode, *receipts: str) -> bool:
    return all(receipt_of(node.store, r).state is ReceiptState.ANCHORED for r in receipts)


def test_a_record_is_anchored_presented_and_checked(node: RunningNode) -> None:
    receipts = [node.accept(f"ROAD-{n}") for n in range(3)]
    work_until(node.worker(), lambda: anchored(node, *receipts))
    receipt = receipt_of(node.store, receipts[0])
    anchor = receipt.anchor(node.member.id)
    assert anchor is not None
    assert anchor.size == 64
    for envelope in Envelope:
        fields = ["scope"] if envelope is Envelope.SELECTIVE else []
        with node.evidence() as evidence:
            shown = present(
                node.store,
                evidence,
                node.member.id,
                "ROAD-1",
                None,
                fields,
                now=utc_now(),
                envelope=envelope,
            )
        assert shown.report.verdict is Verdict.GENUINE_AND_IN_FORCE
        assert shown.warnings == ()
        assert Bundle.parse(shown.document).anchor == anchor


def test_what_is_not_anchored_yet_is_not_presented(node: RunningNode) -> None:
    node.accept("EARLY-1")
    with node.evidence() as evidence, pytest.raises(Refused) as refused:
        present(node.store, evidence, 1, "EARLY-1", None, [], now=utc_now())
    assert refused.value.code == "not_anchored_yet"


def test_a_certificate_is_suspended_and_restored(node: RunningNode) -> None:
    receipt = node.accept("LIFE-1")
    worker = node.worker()
    work_until(worker, lambda: anchored(node, receipt))
    assert verdict(node, "LIFE-1") == (Verdict.GENUINE_AND_IN_FORCE, "no_status_event")

    send(node, Order(Change.SUSPEND, "LIFE-1", reason="nonconformity", until=until()))
    assert verdict(node, "LIFE-1") == (Verdict.NOT_VALID, "suspended")
    work_until(worker, lambda: bit(node, "LIFE-1"))

    send(node, Order(Change.RESTORE, "LIFE-1"))
    assert verdict(node, "LIFE-1") == (Verdict.GENUINE_AND_IN_FORCE, "restored")
    work_until(worker, lambda: not bit(node, "LIFE-1"))

    send(node, Order(Change.WITHDRAW, "LIFE-1", reason="misuse"))
    assert verdict(node, "LIFE-1") == (Verdict.NOT_VALID, "withdrawn")
    with pytest.raises(Refused) as refused:
        send(node, Order(Change.RESTORE, "LIFE-1"))
    assert refused.value.code == "certificate_withdrawn"


RENEWED = {"effective": "2026-03-02", "expiry": "2032-03-01"}


def test_a_certificate_is_renewed_by_a_pair_that_points_both_ways(node: RunningNode) -> None:
    receipt = node.accept("PAIR-1")
    work_until(node.worker(), lambda: anchored(node, receipt))
    successor = Record.parse(record_json("PAIR-1", revision=1, dates=RENEWED))
    send(node, Order(Change.RENEW, "PAIR-1", successor=successor))
    assert verdict(node, "PAIR-1", 0) == (Verdict.NOT_VALID, "superseded")
    assert verdict(node, "PAIR-1", 1)[0] is Verdict.GENUINE_AND_IN_FORCE
    work_until(node.workers[-1], lambda: bit(node, "PAIR-1", 0))
    assert not bit(node, "PAIR-1", 1)


def test_a_certificate_is_transferred_and_neither_body_asks_the_other(
    node: RunningNode, made: MadeLedger, tmp_path: Path
) -> None:
    receipt = node.accept("MOVE-1")
    work_until(node.worker(), lambda: anchored(node, receipt))
    other = make_node(made, tmp_path / "other", member=1)
    try:
        before = {"slot": slot_of(node, "MOVE-1").text, "member": node.member.id}
        received = other.accept("MOVED-1", predecessor=before)
        work_until(other.worker(), lambda: anchored(other, received))
        work_until(other.workers[-1], lambda: granted(other, "MOVED-1"))
        assert verdict(node, "MOVE-1")[0] is Verdict.GENUINE_AND_IN_FORCE  # one half is nothing
        link = (other.member.id, slot_of(other, "MOVED-1"))
        send(node, Order(Change.TRANSFER, "MOVE-1", link=link))
        assert verdict(node, "MOVE-1") == (Verdict.NOT_VALID, "superseded")
        assert verdict(other, "MOVED-1")[0] is Verdict.GENUINE_AND_IN_FORCE
    finally:
        other.close()


def granted(node: RunningNode, number: str) -> bool:
    """Whether the ledger has a certificate in another's place."""
    with node.evidence() as evidence:
        key = status_key(node.member.id, slot_of(node, number).digest)
        return slot_state(evidence.history(key)).predecessor is not None


def slot_of(node: RunningNode, number: str) -> Slot:
    with node.store.reading() as connection:
        held = credentials.held(connection, number, None)
    assert held is not None
    return Slot(list_url(node.config.endpoint, held.list_number), held.list_index)


def test_the_did_document_lists_the_registered_key(node: RunningNode) -> None:
    receipt = node.accept("DID-1")
    work_until(node.worker(), lambda: anchored(node, receipt))
    with node.evidence() as evidence:
        body = membership(evidence, node.member.operating_signer.address)
        assert body is not None
        document = did_document(evidence, body)
    assert document["id"] == "did:web:cn.example"
    thumbprint = node.member.assertion_signer.thumbprint
    assert document["assertionMethod"] == [f"did:web:cn.example#{thumbprint}"]


def until() -> datetime:
    return utc_now() + timedelta(days=90)


def send(node: RunningNode, order: Order) -> None:
    """Declare, and let the worker record it."""
    with node.evidence() as evidence:
        made = declare(
            node.store, evidence, node.member.id, order, now=utc_now(), random=os.urandom
        )
    work_until(node.workers[-1], lambda: declaration_of(node.store, made.id).is_final)
    assert declaration_of(node.store, made.id).state is DeclarationState.RECORDED


def verdict(node: RunningNode, number: str, revision: int | None = None) -> tuple[Verdict, str]:
    with node.evidence() as evidence:
        shown = present(
            node.store, evidence, node.member.id, number, revision, ["none"], now=utc_now()
        )
    return shown.report.verdict, shown.report.checks[4].code


def bit(node: RunningNode, number: str, revision: int | None = None) -> bool:
    """Whether the signed list says that a certificate is not in force."""
    with node.store.reading() as connection:
        held = credentials.held(connection, number, revision)
        assert held is not None
        token = credentials.list_token(connection, held.list_number)
    return token is not None and StatusList.parse(token).bits.is_set(held.list_index)


def test_a_whole_group_of_declarations_fits_into_one_transaction(node: RunningNode) -> None:
    numbers = [f"MANY-{n}" for n in range(GROUP + 1)]
    receipts = [node.accept(number) for number in numbers]
    worker = node.worker()
    work_until(worker, lambda: anchored(node, *receipts))
    with node.evidence() as evidence:
        made = [
            declare(
                node.store,
                evidence,
                node.member.id,
                Order(Change.SUSPEND, number, reason="accreditation_ended", until=until()),
                now=utc_now(),
                random=os.urandom,
            )
            for number in numbers
        ]
    work_until(worker, lambda: all(declaration_of(node.store, d.id).is_final for d in made))
    assert {declaration_of(node.store, d.id).state for d in made} == {DeclarationState.RECORDED}
    positions = [declaration_of(node.store, d.id).position for d in made]
    blocks = [position.block for position in positions if position is not None]
    assert max(blocks.count(block) for block in blocks) >= GROUP
