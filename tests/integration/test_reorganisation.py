"""A chain that takes back what was final: everything is anchored again, and counted once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.events import Anchored, anchor_key
from node.receipt import receipt_of
from node.states import ReceiptState
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


def test_an_anchor_that_was_taken_back_is_made_again(bare: MadeLedger, tmp_path: Path) -> None:
    chain = JsonRpc(bare.rpc_url)
    node = make_node(bare, tmp_path / "node")
    worker = node.worker()
    work_until(worker, lambda: worker.fence is not None)
    kept = node.accept("KEPT-1")
    work_until(worker, lambda: is_anchored(node, kept))
    snapshot = chain("evm_snapshot")
    receipt = node.accept("REORG-1")
    work_until(worker, lambda: is_anchored(node, receipt))
    before = receipt_of(node.store, receipt)
    assert before.position is not None

    chain("evm_revert", snapshot)
    for _ in range(3):  # another branch, longer than the one that is gone
        chain("evm_mine")
    work_until(worker, lambda: not is_anchored(node, receipt))
    assert is_anchored(node, kept)
    work_until(worker, lambda: is_anchored(node, receipt))
    after = receipt_of(node.store, receipt)
    assert after.root == before.root
    assert after.position is not None
    assert after.position.block > before.position.block
    with node.evidence() as evidence:
        history = evidence.history(anchor_key(node.member.id, after.root or b""))
    assert sum(isinstance(event, Anchored) for event in history) == 1
    node.close()
