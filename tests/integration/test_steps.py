"""A store, key or chain node that fails at a step, with or without effect: done later, and once."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.calls import Declaration
from core.errors import Unavailable
from core.events import State
from core.runtime import faults
from core.runtime.faults import Form
from core.runtime.steps import Step
from keys.file_signer import create_key
from keys.passphrase import Passphrase
from keys.purposes import Purpose
from keys.signer import open_signer
from node.declare import Order, declaration_of, declare
from node.lifecycle import Change
from node.receipt import receipt_of
from node.states import DeclarationState, ReceiptState
from node.store import credentials
from node.worker import Worker
from tests.support.anchored import assert_anchored_once, assert_sound, has_ended
from tests.support.ledger import MadeLedger
from tests.support.node import RunningNode, make_node, utc_now, work_until

OF_THE_WORKER = (
    Step.DOCUMENT_SIGNED, Step.TRANSACTION_SIGNED, Step.CREDENTIALS_KEPT, Step.BATCH_KEPT,
    Step.TRANSACTION_KEPT, Step.SENDING_KEPT, Step.ENDING_KEPT, Step.ANCHOR_KEPT,
    Step.BLOCKS_KEPT, Step.CHAIN_ASKED, Step.TRANSACTION_SENT,
    # of the chain's supervisor, which runs in this process as well
    Step.TRANSACTION_JOURNALLED, Step.BLOCK_JOURNALLED, Step.HEAD_JOURNALLED, Step.BLOCK_MINED,
)  # fmt: skip


@pytest.fixture(scope="module")
def at_work(
    made: MadeLedger, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[RunningNode, Worker]]:
    """A node whose one worker meets every failure in turn."""
    node = make_node(made, tmp_path_factory.mktemp("at_work") / "node", member=1)
    worker = node.worker()
    work_until(worker, lambda: worker.fence is not None)
    yield node, worker
    assert_sound(node)
    node.close()


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    faults.arm({})


def fail_once(step: Step, form: Form) -> None:
    environment = {faults.VARIABLE: f"tests only: {step}/{form}/error"}
    faults.arm(environment, io.StringIO())


def has_failed(capfd: pytest.CaptureFixture[str]) -> bool:
    return faults.BROKEN in capfd.readouterr().err


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("step", OF_THE_WORKER)
def test_a_failure_is_made_good_and_doubles_nothing(
    at_work: tuple[RunningNode, Worker],
    capfd: pytest.CaptureFixture[str],
    step: Step,
    form: Form,
) -> None:
    node, worker = at_work
    receipt = node.accept(f"STEP-{step}-{form}")
    capfd.readouterr()
    fail_once(step, form)
    work_until(worker, lambda: has_ended(node, [receipt]))
    assert has_failed(capfd)
    assert_anchored_once(node, [receipt])


@pytest.mark.parametrize("form", Form)
def test_a_claim_whose_end_was_noted_and_not_told_gives_its_fence(
    node: RunningNode, form: Form
) -> None:
    worker = node.worker()
    fail_once(Step.ENDING_KEPT, form)
    work_until(worker, lambda: worker.fence is not None)


@pytest.mark.parametrize("form", Form)
def test_a_receipt_is_given_only_once_it_is_kept(node: RunningNode, form: Form) -> None:
    fail_once(Step.RECEIPT_KEPT, form)
    with pytest.raises(Unavailable):
        node.accept(f"KEPT-{form}")
    receipt = node.accept(f"KEPT-{form}")  # sent again: the same one, if it was kept
    assert node.accept(f"KEPT-{form}") == receipt
    assert receipt_of(node.store, receipt).state is ReceiptState.RECEIVED


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("step", [Step.ORDER_KEPT, Step.RECORDING_KEPT, Step.LIST_KEPT])
def test_a_status_change_is_recorded_once(
    at_work: tuple[RunningNode, Worker], step: Step, form: Form
) -> None:
    node, worker = at_work
    number = f"ORDER-{step}-{form}"
    receipt = node.accept(number)
    work_until(worker, lambda: has_ended(node, [receipt]))
    worker.step()
    until = utc_now() + timedelta(days=9)
    order = Order(Change.SUSPEND, number, reason="nonconformity", until=until)
    fail_once(step, form)
    with node.evidence() as evidence:
        for _ in range(2):  # whoever gets no answer asks again, under the same key
            try:
                asked = declare(
                    node.store, evidence, node.member.id, order,
                    now=utc_now(), random=os.urandom, idempotency_key=number,
                )  # fmt: skip
            except Unavailable:
                continue
            break
    work_until(worker, lambda: declaration_of(node.store, asked.id).is_final)
    assert declaration_of(node.store, asked.id).state is DeclarationState.RECORDED
    with node.store.reading() as connection:
        held = credentials.held(connection, number, None)
    assert held is not None
    assert node.made.ledger.event_count(node.member.id, held.slot) == 1
    worker.step()  # signs the list


@pytest.mark.parametrize("form", Form)
def test_a_key_file_that_cannot_be_read_now_is_no_key_that_is_wrong(
    tmp_path: Path, form: Form
) -> None:
    file, words = tmp_path / "key.json", Passphrase("gull lantern quartz meadow")
    create_key(file, Purpose.OPERATING, words)
    fail_once(Step.KEY_OPENED, form)
    with pytest.raises(Unavailable) as told:
        open_signer(file.as_uri(), Purpose.OPERATING, words)
    assert told.value.code == "key_file_not_read"
    assert open_signer(file.as_uri(), Purpose.OPERATING, words).address


@pytest.mark.parametrize("form", Form)
def test_a_batch_whose_nonce_was_taken_goes_into_a_new_transaction(
    node: RunningNode, form: Form
) -> None:
    worker = node.worker()
    work_until(worker, lambda: worker.fence is not None)
    receipt = node.accept(f"TAKEN-{form}")
    never = {faults.VARIABLE: f"tests only: {Step.TRANSACTION_SENT}/failed/error/*"}
    faults.arm(never, io.StringIO())
    work_until(worker, lambda: receipt_of(node.store, receipt).state is ReceiptState.SENT)
    faults.arm({})
    node.member.operating.forget_nonce()
    another = node.made.calls.anchor(os.urandom(32), 64, worker.fence or 0)
    node.member.operating.transact(another)
    fail_once(Step.RETURN_KEPT, form)
    work_until(worker, lambda: has_ended(node, [receipt]))
    assert_anchored_once(node, [receipt])


@pytest.mark.parametrize("form", Form)
def test_what_the_ledger_refuses_ends_with_its_reason(node: RunningNode, form: Form) -> None:
    number = f"REFUSED-{form}"
    receipt = node.accept(number)
    worker = node.worker()
    work_until(worker, lambda: has_ended(node, [receipt]))
    with node.store.reading() as connection:
        held = credentials.held(connection, number, None)
    assert held is not None
    order = Order(
        Change.SUSPEND, number, reason="nonconformity", until=utc_now() + timedelta(days=9)
    )
    with node.evidence() as evidence:  # which does not know yet what comes next
        asked = declare(
            node.store, evidence, node.member.id, order, now=utc_now(), random=os.urandom
        )
    withdrawn = Declaration(held.slot, State.WITHDRAWN, 1, int(utc_now().timestamp()), 0)
    node.member.operating.forget_nonce()
    node.member.operating.transact(node.made.calls.declare(withdrawn))
    fail_once(Step.REFUSAL_KEPT, form)
    work_until(worker, lambda: declaration_of(node.store, asked.id).is_final)
    refusal = declaration_of(node.store, asked.id).refusal
    assert refusal is not None
    assert refusal.code == "move_forbidden"
