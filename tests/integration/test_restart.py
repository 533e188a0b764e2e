"""Workers that end at the worst moment, and a second one: every batch is anchored exactly once."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from contracts import writer
from core.errors import Refused, Unavailable
from core.events import Anchored, anchor_key
from node import worker as worker_module
from node.anchoring import Fenced
from node.receipt import Receipt, receipt_of
from node.sending import Sender
from node.states import OutgoingState, ReceiptState
from node.store import batches, credentials, outbox
from node.worker import run_worker
from tests.support.node import RunningNode, utc_now, work_until


class Killed(BaseException):
    """Stands for a process that ends without any clean-up."""


def anchors_of(node: RunningNode, receipt: Receipt) -> int:
    assert receipt.root is not None
    with node.evidence() as evidence:
        history = evidence.history(anchor_key(node.member.id, receipt.root))
    return sum(isinstance(event, Anchored) for event in history)


def unfinished(node: RunningNode) -> list[outbox.Stored]:
    with node.store.reading() as connection:
        return outbox.unfinished(connection, node.member.operating.address)


def is_anchored(node: RunningNode, receipt: str) -> bool:
    return receipt_of(node.store, receipt).state is ReceiptState.ANCHORED


def kill_while_sending_anchor(
    node: RunningNode, monkeypatch: pytest.MonkeyPatch, number: str, *, after_delivery: bool
) -> tuple[str, outbox.Stored]:
    """Run a worker until it dies while sending an anchor; return receipt and what it had stored."""
    first = node.worker()
    work_until(first, lambda: first.fence is not None)
    receipt = node.accept(number)
    real = writer.send

    def dying(*arguments: object) -> bytes:
        if after_delivery:
            real(*arguments)  # type: ignore[arg-type]
        raise Killed

    monkeypatch.setattr(writer, "send", dying)
    with pytest.raises(Killed):
        work_until(first, lambda: False)
    monkeypatch.undo()
    (stored,) = unfinished(node)
    assert stored.state is OutgoingState.SIGNED
    return receipt, stored


@pytest.mark.parametrize("after_delivery", [False, True], ids=["not sent", "sent, no answer"])
def test_after_a_kill_the_same_bytes_are_sent(
    node: RunningNode, monkeypatch: pytest.MonkeyPatch, after_delivery: bool
) -> None:
    receipt, stored = kill_while_sending_anchor(
        node, monkeypatch, f"KILL-{after_delivery}", after_delivery=after_delivery
    )
    sent: list[bytes] = []
    real = writer.send

    def noting(chain: object, signed: writer.SignedTransaction) -> bytes:
        sent.append(signed.raw)
        return real(chain, signed)  # type: ignore[arg-type]

    monkeypatch.setattr(writer, "send", noting)
    second = node.worker()
    work_until(second, lambda: is_anchored(node, receipt))
    assert after_delivery or sent[0] == stored.raw
    assert anchors_of(node, receipt_of(node.store, receipt)) == 1


@pytest.mark.parametrize("step", ["issue", "seal", "sign", "mark"])
def test_a_failure_at_a_step_loses_nothing(
    node: RunningNode, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    receipt = node.accept(f"STEP-{step}")
    place, name = {
        "issue": (credentials, "keep"),
        "seal": (batches, "keep"),
        "sign": (outbox, "keep"),
        "mark": (batches, "mark_anchored"),
    }[step]
    real = getattr(place, name)
    died = []

    def dying_once(*arguments: object, **named: object) -> object:
        answer = real(*arguments, **named)
        if not died:
            died.append(True)
            raise Killed  # written, and never committed
        return answer

    monkeypatch.setattr(place, name, dying_once)
    first = node.worker()
    with pytest.raises(Killed):
        work_until(first, lambda: is_anchored(node, receipt))
    second = node.worker()
    work_until(second, lambda: is_anchored(node, receipt))
    assert anchors_of(node, receipt_of(node.store, receipt)) == 1


def test_a_second_worker_fences_out_the_first(node: RunningNode) -> None:
    first = node.worker()
    work_until(first, lambda: first.fence is not None)
    second = node.worker()
    work_until(second, lambda: second.fence is not None)
    assert first.fence is not None
    assert second.fence is not None
    assert second.fence > first.fence
    receipt = node.accept("FENCE-1")
    with pytest.raises(Fenced):
        work_until(first, lambda: False)
    work_until(second, lambda: is_anchored(node, receipt))


def test_a_fenced_worker_stays_down_and_takes_nothing_back(node: RunningNode) -> None:
    signers = worker_module.WorkerSigners(
        node.member.assertion_signer, node.member.operating_signer
    )
    stop, ended = threading.Event(), []

    def first() -> None:
        parts = (node.places, node.config, signers)
        with pytest.raises(Fenced) as fenced:
            run_worker(*parts, clock=utc_now, random=os.urandom, stop=stop)
        ended.append(fenced.value.code)

    thread = threading.Thread(target=first)
    thread.start()
    _until(lambda: _health(node).get("fence") is not None)
    second = node.worker()
    work_until(second, lambda: second.fence is not None)
    _until(lambda: _health(node).get("failing", {}).get("chain") == "fenced")
    time.sleep(1)
    assert thread.is_alive()
    assert second.fence == node.made.ledger.fence_of(node.member.id)
    stop.set()
    thread.join(10)
    assert ended == ["fenced"]


def _health(node: RunningNode) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(node.places.worker_health.read_text())
    except (OSError, ValueError):
        return {}
    return told


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_transaction_whose_nonce_was_taken_is_made_anew(
    node: RunningNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipt, stored = kill_while_sending_anchor(node, monkeypatch, "NONCE-1", after_delivery=False)
    node.member.operating.transact(node.made.calls.claim(node.workers[0].fence + 50))  # type: ignore[operator]
    second = node.worker()
    work_until(second, lambda: is_anchored(node, receipt))
    with node.store.reading() as connection:
        state, _ = outbox.states(connection, [stored.id])[stored.id]
    assert state is OutgoingState.REPLACED
    assert anchors_of(node, receipt_of(node.store, receipt)) == 1


def test_without_a_chain_node_records_are_issued_and_wait(
    node: RunningNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = node.worker()
    work_until(first, lambda: first.fence is not None)
    down = Unavailable("chain_unreachable", "the chain node does not answer")

    def unreachable(*_arguments: object, **_named: object) -> None:
        raise down

    monkeypatch.setattr(Sender, "settle", unreachable)
    receipt = node.accept("DOWN-1")
    work_until(first, lambda: receipt_of(node.store, receipt).state is ReceiptState.SEALED)
    monkeypatch.undo()
    work_until(first, lambda: is_anchored(node, receipt))


def test_one_worker_for_each_folder(node: RunningNode) -> None:
    signers = worker_module.WorkerSigners(
        node.member.assertion_signer, node.member.operating_signer
    )
    with worker_module.worker_lock(node.places.worker_lock), pytest.raises(Refused) as refused:
        run_worker(
            node.places,
            node.config,
            signers,
            clock=utc_now,
            random=bytes,
            stop=threading.Event(),
        )
    assert refused.value.code == "worker_running"


def test_a_worker_stops_when_told(node: RunningNode) -> None:
    signers = worker_module.WorkerSigners(
        node.member.assertion_signer, node.member.operating_signer
    )
    stop = threading.Event()
    thread = threading.Thread(
        target=run_worker,
        args=(node.places, node.config, signers),
        kwargs={"clock": utc_now, "random": bytes, "stop": stop},
    )
    thread.start()
    while not node.places.worker_health.exists():
        time.sleep(0.05)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def test_a_worker_does_not_live_on_the_health_of_a_former_life(node: RunningNode) -> None:
    signers = worker_module.WorkerSigners(
        node.member.assertion_signer, node.member.operating_signer
    )
    node.places.worker_health.write_text("{}")
    stop = threading.Event()
    stop.set()  # it ends before its first turn
    run_worker(node.places, node.config, signers, clock=utc_now, random=bytes, stop=stop)
    assert not node.places.worker_health.exists()
