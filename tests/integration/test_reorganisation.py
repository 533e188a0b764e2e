"""A chain that takes back what was final: everything is anchored again, and counted once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.events import Anchored, anchor_key
from node.acting import act_of
from node.receipt import receipt_of
from node.states import ActState, ReceiptState
from tests.support.acting import ask, asking, times_recorded
from tests.support.anchored import assert_anchored_once, assert_sound
from tests.support.anvil import bare_anvil
from tests.support.jsonrpc import JsonRpc
from tests.support.ledger import MadeLedger, deploy_test_ledger
from tests.support.node import RunningNode, make_node, work_until


@pytest.fixture
def bare(anvil_program: str) -> Iterator[MadeLedger]:
    """A ledger on a chain that can be turned back."""
    with bare_anvil(anvil_program) as url, deploy_test_ledger(url) as made:
        yield made


def is_anchored(node: RunningNode, receipt: str) -> bool:
    return receipt_of(node.store, receipt).state is ReceiptState.ANCHORED


def test_an_anchor_and_an_act_that_were_taken_back_are_made_again(
    bare: MadeLedger, tmp_path: Path
) -> None:
    chain = JsonRpc(bare.rpc_url)
    node = make_node(bare, tmp_path / "node")
    worker = node.worker()
    work_until(worker, lambda: worker.fence is not None)
    kept = node.accept("KEPT-1")
    work_until(worker, lambda: is_anchored(node, kept))
    snapshot = chain("evm_snapshot")
    receipt, act = node.accept("REORG-1"), ask(node, asking("reorganised")).id
    work_until(worker, lambda: is_anchored(node, receipt) and act_of(node.store, act).is_final)
    before, acted = receipt_of(node.store, receipt), act_of(node.store, act).position
    assert before.position is not None
    assert acted is not None

    chain("evm_revert", snapshot)
    for _ in range(3):  # another branch, longer than the one that is gone
        chain("evm_mine")
    work_until(worker, lambda: not is_anchored(node, receipt))
    assert is_anchored(node, kept)
    assert not act_of(node.store, act).is_final
    work_until(worker, lambda: is_anchored(node, receipt) and act_of(node.store, act).is_final)
    after = receipt_of(node.store, receipt)
    assert after.root == before.root
    assert after.position is not None
    assert after.position.block > before.position.block
    with node.evidence() as evidence:
        history = evidence.history(anchor_key(node.member.id, after.root or b""))
    assert sum(isinstance(event, Anchored) for event in history) == 1
    again = act_of(node.store, act)
    assert again.state is ActState.RECORDED
    assert again.position is not None
    assert again.position > acted
    assert times_recorded(node, asking("reorganised")) == 1
    node.close()


DEPTH = 10


@pytest.fixture
def deep(anvil_program: str) -> Iterator[MadeLedger]:
    """As ``bare``, on a ledger whose blocks are final once ten others stand on them."""
    with (
        bare_anvil(anvil_program) as url,
        deploy_test_ledger(url, ("CN", "DE"), finality_depth=DEPTH) as made,
    ):
        yield made


def test_reorganisations_up_to_the_finality_depth_are_never_believed(
    deep: MadeLedger, tmp_path: Path
) -> None:
    """At each depth the blocks with the anchor are replaced by others without it."""
    chain = JsonRpc(deep.rpc_url)
    node = make_node(deep, tmp_path / "node", resend_seconds=1.0)

    def chain_time() -> datetime:
        return datetime.fromtimestamp(int(chain.head()["timestamp"], 16), UTC)

    def mine_until(holds: Callable[[], bool]) -> None:
        # by time, not by blocks: many have one second, and a worker that failed waits for the next
        deadline = time.monotonic() + 60
        while not holds():
            assert time.monotonic() < deadline, "not within a minute"
            chain("evm_mine")
            worker.step()

    worker = node.worker(chain_time)
    mine_until(lambda: worker.fence is not None)
    receipts = []
    for depth in range(1, DEPTH + 1):
        fork = chain("evm_snapshot")
        before = int(chain.head()["number"], 16)
        receipts.append(node.accept(f"DEEP-{depth}"))
        while receipt_of(node.store, receipts[-1]).state is not ReceiptState.SENT:
            worker.step()
        while int(chain.head()["number"], 16) < before + depth:
            chain("evm_mine")
        worker.step()
        assert not is_anchored(node, receipts[-1])  # in a block, and not final
        chain("evm_revert", fork)
        for _ in range(depth + 1):
            chain("evm_mine")
        worker.step()
        assert not is_anchored(node, receipts[-1])
        mine_until(lambda: is_anchored(node, receipts[-1]))
    assert_anchored_once(node, receipts)
    assert_sound(node)
    node.close()
