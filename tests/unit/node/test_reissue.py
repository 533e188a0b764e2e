"""A key is revoked while its e-certificates wait for their anchor: they are signed again."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from core.events import Anchored
from core.report import Verdict
from node.declare import Order, declarations_of, declare
from node.lifecycle import Change
from node.present import present
from node.receipt import receipt_of
from node.recompute import Finding, findings_of_batch
from node.reissue import reissue, release_unsound
from node.states import ReceiptState
from node.store import batches, inspection, schema
from tests.support.tokens import es256_signer
from tests.unit.node.conftest import UnitNode

OTHER = es256_signer("the key after")


def tokens(node: UnitNode) -> dict[int, tuple[str, str, str, bytes, int | None]]:
    one = schema.credential.c
    with node.store.reading() as connection:
        query = select(one.id, one.selective, one.plain, one.thumbprint, one.slot, one.batch_id)
        return {row[0]: tuple(row[1:]) for row in connection.execute(query)}


def leaves(node: UnitNode) -> list[Any]:
    with node.store.reading() as connection:
        return list(connection.execute(select(schema.leaf)))


def revoke(node: UnitNode) -> None:
    """Revoke the key at work, and go on with another, as the worker does when it has followed."""
    node.body.add_key(OTHER)
    node.body.revoke_key(node.body.signer)
    node.body.signer = OTHER


def follow(node: UnitNode) -> tuple[int, int]:
    """Return how many were taken out of their batches, and how many signed again."""
    released = release_unsound(node.store, node.evidence, 1)
    renewed = reissue(
        node.store, node.evidence, 1, node.body.issuer, node.body.signer,
        now=node.now, random=node.random,
    )  # fmt: skip
    return released, renewed


def damage(node: UnitNode) -> list[Finding]:
    """Return what does not agree in any batch, computed again."""
    with node.store.reading() as connection:
        kept = inspection.batches(connection)
        return [f for b in kept for f in findings_of_batch(connection, b.id, b.root, b.size)]


def genuine(node: UnitNode, number: str) -> bool:
    shown = present(node.store, node.evidence, 1, number, None, [], now=node.now)
    return shown.report.verdict is Verdict.GENUINE_AND_IN_FORCE


@pytest.mark.parametrize("step", ["issued", "sealed", "anchored too late"])
def test_what_was_not_anchored_before_is_signed_again(node: UnitNode, step: str) -> None:
    (receipt,) = node.accept("A")
    node.issue()
    if step != "issued":
        node.seal()
    ((_, before),) = tokens(node).items()
    salts = {leaf.salt for leaf in leaves(node)}
    revoke(node)
    if step == "anchored too late":
        node.anchor()
    assert follow(node) == (int(step != "issued"), 1)
    assert receipt_of(node.store, receipt).state is ReceiptState.ISSUED
    ((_, after),) = tokens(node).items()
    assert after[2] == OTHER.thumbprint
    assert after[3] == before[3]  # the slot stays
    assert after[0] != before[0]
    assert after[1] != before[1]
    assert {leaf.salt for leaf in leaves(node)}.isdisjoint(salts)
    assert {leaf.position for leaf in leaves(node)} == {None}
    assert follow(node) == (0, 0)
    node.seal()
    node.anchor()
    assert receipt_of(node.store, receipt).state is ReceiptState.ANCHORED
    assert genuine(node, "A")
    assert damage(node) == []


def test_what_was_anchored_before_stays_as_it_is(node: UnitNode) -> None:
    (receipt,) = node.anchored("A")
    kept = tokens(node)
    revoke(node)
    assert follow(node) == (0, 0)
    assert tokens(node) == kept
    assert receipt_of(node.store, receipt).state is ReceiptState.ANCHORED
    assert genuine(node, "A")


def test_an_anchor_that_came_first_and_was_not_noted_yet_counts(node: UnitNode) -> None:
    node.accept("A")
    node.issue()
    node.seal()
    with node.store.reading() as connection:
        (batch,) = batches.open_batches(connection)
    position, time = node.ledger.next()
    node.ledger.record(Anchored(position, time, 1, batch.root, batch.size))
    revoke(node)
    assert follow(node) == (0, 0)


def test_another_key_that_stands_is_left_alone(node: UnitNode) -> None:
    node.accept("A")
    node.issue()
    kept = tokens(node)
    node.body.add_key(OTHER)
    node.body.signer = OTHER
    assert follow(node) == (0, 0)
    assert tokens(node) == kept


def test_a_declared_change_stays_with_the_certificate(node: UnitNode) -> None:
    node.accept("A")
    node.issue()
    order = Order(Change.WITHDRAW, "A", reason="misuse")
    made = declare(node.store, node.evidence, 1, order, now=node.now, random=node.random)
    revoke(node)
    assert follow(node) == (0, 1)
    node.seal()
    node.anchor()
    node.record_declarations()
    (told,) = declarations_of(node.store, "A", 0)
    assert told.id == made.id
    assert not genuine(node, "A")


def test_the_good_of_a_batch_stay_in_it(node: UnitNode) -> None:
    node.accept("A")
    node.issue()
    former, node.body.signer = node.body.signer, OTHER
    node.body.add_key(OTHER)
    node.accept("B")
    node.issue()
    node.seal()
    node.body.revoke_key(former)
    assert follow(node) == (1, 1)
    assert {row[2] for row in tokens(node).values()} == {OTHER.thumbprint}
    assert sorted(row[4] is None for row in tokens(node).values()) == [False, True]
    node.anchor()
    assert genuine(node, "B")
    assert damage(node) == []
