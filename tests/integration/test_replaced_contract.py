"""A vote puts another contract in the place of one: a running node goes on with the new one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.calls import Call
from contracts.interfaces import constructor_of, creation_code
from contracts.reader import Ledger
from core import events as recorded
from core.events import anchor_key
from node.receipt import receipt_of
from node.states import ReceiptState
from tests.support.anvil import bare_anvil
from tests.support.ledger import MadeLedger, deploy_test_ledger
from tests.support.node import RunningNode, make_node, work_until
from tests.support.rpcproxy import rpc_proxy


@pytest.fixture
def bare(anvil_program: str) -> Iterator[MadeLedger]:
    """A ledger of four, of whom three can pass a vote."""
    four = ("CN", "DE", "BR", "FR")
    with bare_anvil(anvil_program) as url, deploy_test_ledger(url, four) as made:
        yield made


def replace(made: MadeLedger, name: str) -> str:
    """Replace a contract by vote of all but the first member; return the new address."""
    _, second, *others = made.members
    arguments = constructor_of(name).encode([made.ledger.contracts["members"]])
    created = second.operating.transact(Call("", creation_code(name) + arguments))
    receipt = made.chain.request("eth_getTransactionReceipt", "0x" + created.transaction.hex())
    address: str = receipt["contractAddress"].lower()
    event, _ = second.operating.transact(made.calls.propose_code(name, address)).events
    assert isinstance(event, recorded.Proposed)
    for other in others:  # without the first, whose worker uses its account
        other.operating.transact(made.calls.vote(event.proposal, True))
    second.operating.transact(made.calls.execute(event.proposal))
    return address


def is_anchored(node: RunningNode, receipt: str) -> bool:
    return receipt_of(node.store, receipt).state is ReceiptState.ANCHORED


def test_a_node_anchors_on_the_contract_that_was_voted_in(bare: MadeLedger, tmp_path: Path) -> None:
    node = make_node(bare, tmp_path / "node")
    worker = node.worker()
    work_until(worker, lambda: worker.fence is not None)
    before = node.accept("BEFORE-1")
    work_until(worker, lambda: is_anchored(node, before))
    old_fence = worker.fence
    assert old_fence is not None
    successor = replace(bare, "anchors")
    after = node.accept("AFTER-1")
    work_until(worker, lambda: is_anchored(node, after))
    assert worker.fence is not None
    assert worker.fence > old_fence
    assert is_anchored(node, before)
    root = receipt_of(node.store, after).root
    assert root is not None
    ledger = Ledger.open(bare.chain, bare.ledger.directory)
    assert ledger.contracts["anchors"] == successor
    assert ledger.size_of(1, root) > 0
    node.close()


def test_an_anchor_under_way_to_the_old_contract_is_made_again_on_the_new(
    bare: MadeLedger, tmp_path: Path
) -> None:
    """Signed and stored for the old contract, mined only after the vote: it counts for nothing."""
    with rpc_proxy(bare.rpc_url) as proxy:
        node = make_node(bare, tmp_path / "node", rpc_url=proxy.url)
        worker = node.worker()
        work_until(worker, lambda: worker.fence is not None)
        proxy.swallows = lambda methods: "eth_sendRawTransaction" in methods
        receipt = node.accept("UNDER-WAY-1")
        work_until(worker, lambda: receipt_of(node.store, receipt).state is ReceiptState.SENT)
        successor = replace(bare, "anchors")
        proxy.swallows = lambda _methods: False
        work_until(worker, lambda: is_anchored(node, receipt))
        with node.evidence() as evidence:
            history = evidence.history("code/anchors")
            root = receipt_of(node.store, receipt).root or b""
            (anchored,) = evidence.history(anchor_key(1, root))
        assert history[-1].address == successor
        assert anchored.position > history[-1].position
        node.close()
