"""What must hold once all has come to its end: receipts anchored once, nothing damaged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from core.events import Anchored
from node.doctor import Diagnosis, diagnose
from node.receipt import receipt_of
from node.states import ReceiptState
from tests.support.node import RunningNode, utc_now


def diagnosis(node: RunningNode) -> Diagnosis:
    """What ``comity doctor --ledger`` finds in a node."""
    return diagnose(node.config, node.places, node.store, now=utc_now())


def assert_sound(node: RunningNode) -> None:
    """Nothing is damaged, and the chain node was asked as well."""
    found = diagnosis(node)
    assert found.findings == ()
    assert found.not_compared is None


def has_ended(node: RunningNode, receipts: Iterable[str]) -> bool:
    return all(receipt_of(node.store, receipt).is_final for receipt in receipts)


def assert_anchored_once(node: RunningNode, receipts: Iterable[str]) -> None:
    """Every receipt is anchored, and the ledger has every root of this body exactly once."""
    roots = set()
    for one in receipts:
        receipt = receipt_of(node.store, one)
        assert receipt.state is ReceiptState.ANCHORED
        roots.add(receipt.root)
    with node.evidence() as evidence:
        counted = Counter(
            event.root
            for key in evidence.keys(f"anchor/{node.member.id}/")
            for event in evidence.history(key)
            if isinstance(event, Anchored)
        )
    assert all(counted[root] == 1 for root in roots)
    assert set(counted.values()) <= {1}
