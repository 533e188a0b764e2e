"""A worker whose clock is not the chain's signs nothing, and goes on by itself once it is set."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from contracts.rpc import Rpc
from core.errors import Unavailable
from node.receipt import receipt_of
from node.states import ReceiptState
from node.store import outbox
from node.worker import Worker
from tests.support.anchored import assert_anchored_once, has_ended
from tests.support.node import RunningNode, utc_now, work_until

CASES = [
    ("received", timedelta(hours=1)), ("sealed", timedelta(hours=-1)),
    ("sealed", timedelta(days=400)), ("received", timedelta(days=-400)),
    ("sealed", timedelta(seconds=90)), ("received", timedelta(seconds=-75)),
]  # fmt: skip


class Clock:
    """A clock that can be set."""

    def __init__(self) -> None:
        self.wrong_by = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.wrong_by


def signed(node: RunningNode) -> tuple[int, int]:
    """The next nonce, and how many transactions are under way."""
    with node.store.reading() as connection:
        account = node.member.operating.address
        return outbox.next_nonce(connection, account), len(outbox.unfinished(connection, account))


def rounds(worker: Worker, times: int = 5) -> None:
    for _ in range(times):
        worker.step()


@pytest.mark.parametrize(("at", "wrong_by"), CASES, ids=str)
def test_a_wrong_clock_signs_nothing(node: RunningNode, at: str, wrong_by: timedelta) -> None:
    clock = Clock()
    worker = node.worker(clock)
    work_until(worker, lambda: worker.fence is not None)
    receipt = node.accept(f"CLOCK-{at}-{wrong_by}")
    if at == "sealed":  # a jump between sealing and signing
        worker.step()
        assert receipt_of(node.store, receipt).state is ReceiptState.SEALED
    before = signed(node)
    clock.wrong_by = wrong_by
    rounds(worker)
    assert signed(node) == before
    assert receipt_of(node.store, receipt).state == at
    clock.wrong_by = timedelta()
    work_until(worker, lambda: has_ended(node, [receipt]))
    assert_anchored_once(node, [receipt])


@pytest.mark.parametrize("seconds", [-50, 30])
def test_within_a_minute_it_signs(node: RunningNode, seconds: int) -> None:
    clock = Clock()
    clock.wrong_by = timedelta(seconds=seconds)
    worker = node.worker(clock)
    receipt = node.accept(f"CLOCK-near-{seconds}")
    work_until(worker, lambda: has_ended(node, [receipt]))


def test_a_clock_behind_the_followed_ledger_is_known_without_the_chain_node(
    node: RunningNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = node.worker()
    work_until(first, lambda: first.fence is not None)

    def unreachable(*_arguments: object) -> None:
        raise Unavailable("chain_unreachable", "the chain node does not answer")

    monkeypatch.setattr(Rpc, "call", unreachable)
    receipt = node.accept("CLOCK-behind")
    clock = Clock()
    clock.wrong_by = timedelta(hours=-1)
    behind = node.worker(clock)
    rounds(behind)
    assert receipt_of(node.store, receipt).state is ReceiptState.RECEIVED
    right = node.worker()
    rounds(right)
    assert receipt_of(node.store, receipt).state is ReceiptState.SEALED
