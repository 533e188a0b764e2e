"""From a record to a credential, two leaves, and a batch."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from core import limits
from core.batch import Batch
from core.credential import Credential
from core.errors import FormatError, Refused
from core.leaf import leaf_hash
from node import issue as issue_module
from node.issue import SlotSource
from node.receipt import receipt_of
from node.seal import is_due, seal
from node.states import ReceiptState
from node.store import batches, credentials, schema
from node.store.credentials import LeafRow
from tests.unit.node.conftest import UnitNode


def credential_rows(node: UnitNode) -> list[schema.AnyRow]:
    with node.store.reading() as connection:
        return list(connection.execute(select(schema.credential)).all())


def test_a_record_is_issued_in_two_envelopes_of_one_slot(node: UnitNode) -> None:
    (receipt,) = node.accept("A")
    assert node.issue().credentials == 1
    assert receipt_of(node.store, receipt).state is ReceiptState.ISSUED
    (row,) = credential_rows(node)
    selective, plain = Credential.parse(row.selective), Credential.parse(row.plain)
    assert selective.slot == plain.slot
    assert selective.slot.digest == row.slot
    assert selective.slot.list_url == "https://node1.example/status/1"
    for token in (selective, plain):
        token.jws.verify(node.body.signer.public)


def test_each_envelope_has_its_leaf(node: UnitNode) -> None:
    node.accept("A")
    node.issue()
    (row,) = credential_rows(node)
    with node.store.reading() as connection:
        leaves = connection.execute(select(schema.leaf)).all()
    tokens = {"selective": row.selective.partition("~")[0], "plain": row.plain}
    assert {leaf.envelope for leaf in leaves} == tokens.keys()
    for leaf in leaves:
        assert leaf.hash == leaf_hash(leaf.salt, tokens[leaf.envelope])
    assert leaves[0].salt != leaves[1].salt


def test_nothing_waits_nothing_is_done(node: UnitNode) -> None:
    assert node.issue().credentials == 0
    assert seal(node.store, now=node.now, random=node.random) is None


def test_a_record_that_cannot_be_issued_ends_with_a_refusal(
    node: UnitNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = node.accept("BAD", "GOOD")
    real = issue_module.claims

    def refusing(record: object, *rest: object) -> object:
        if record.certificate_number == "BAD":  # type: ignore[attr-defined]
            raise FormatError("too_large", "too large")
        return real(record, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(issue_module, "claims", refusing)
    done = node.issue()
    assert (done.credentials, done.refused) == (1, 1)
    refused = receipt_of(node.store, bad)
    assert refused.state is ReceiptState.REFUSED
    assert refused.refusal is not None
    assert refused.refusal.code == "not_issuable"
    assert receipt_of(node.store, good).state is ReceiptState.ISSUED


def test_a_new_list_is_opened_when_one_is_half_full(
    node: UnitNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "STATUS_LIST_FILL", 3)
    node.accept(*(f"N-{n}" for n in range(7)))
    node.issue()
    assert [row.list_number for row in credential_rows(node)] == [1, 1, 1, 2, 2, 2, 3]
    with node.store.reading() as connection:
        assert [row.number for row in credentials.lists(connection)] == [1, 2, 3]


def test_a_restarted_worker_gives_out_no_slot_twice(
    node: UnitNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "STATUS_LIST_ENTRIES", 64)
    node.accept(*(f"N-{n}" for n in range(40)))
    node.issue()
    taken = {row.list_index for row in credential_rows(node)}
    with node.store.reading() as connection:
        drawn = SlotSource(node.body.endpoint, node.random).draw(connection, 20)
    assert len(taken) == 40
    assert len({index for _, index in drawn}) == 20
    assert taken.isdisjoint(index for _, index in drawn)


def test_a_database_of_another_body_is_refused(node: UnitNode) -> None:
    node.accept("A")
    node.issue()
    with node.store.reading() as connection, pytest.raises(Refused) as refused:
        SlotSource("https://other.example", node.random).draw(connection, 1)
    assert refused.value.code == "other_endpoint"


def test_sealing_is_due_by_number_or_by_time(node: UnitNode) -> None:
    assert not is_due(node.store, now=node.now, seconds=0, leaves=2)
    node.accept("A", "B")
    node.issue()
    soon, later = node.now + timedelta(seconds=1), node.now + timedelta(seconds=2)
    assert not is_due(node.store, now=soon, seconds=2, leaves=6)
    assert is_due(node.store, now=soon, seconds=2, leaves=4)
    assert is_due(node.store, now=later, seconds=2, leaves=6)


def test_a_batch_holds_both_leaves_of_each_credential(node: UnitNode) -> None:
    receipts = node.accept("A", "B", "C")
    node.issue()
    sealed = node.seal()
    assert (sealed.size, sealed.credentials) == (64, 3)
    with node.store.reading() as connection:
        raw = batches.leaves_of(connection, sealed.batch_id)
        places = connection.execute(select(schema.leaf.c.position, schema.leaf.c.hash)).all()
    leaves = [raw[i : i + 32] for i in range(0, len(raw), 32)]
    assert Batch.restore(leaves).root == sealed.root
    assert len({place.position for place in places}) == 6
    assert all(leaves[place.position] == place.hash for place in places)
    assert {receipt_of(node.store, r).state for r in receipts} == {ReceiptState.SEALED}


def test_what_is_sealed_is_not_sealed_again(node: UnitNode) -> None:
    node.accept("A")
    node.issue()
    node.seal()
    assert seal(node.store, now=node.now, random=node.random) is None


def test_what_does_not_fit_waits_for_the_next_batch(
    node: UnitNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BATCH_LEAVES_MAX", 64)
    node.accept(*(f"N-{n}" for n in range(33)))
    node.issue()
    assert [node.seal().credentials, node.seal().credentials] == [32, 1]


def test_a_crash_while_sealing_leaves_the_credentials_waiting(
    node: UnitNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    (receipt,) = node.accept("A")
    node.issue()
    real = batches.keep

    def dying(*arguments: object, **named: object) -> int:
        real(*arguments, **named)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(batches, "keep", dying)
    with pytest.raises(KeyboardInterrupt):
        seal(node.store, now=node.now, random=node.random)
    monkeypatch.undo()
    assert receipt_of(node.store, receipt).state is ReceiptState.ISSUED
    assert node.seal().credentials == 1


def test_a_leaf_row_is_complete(node: UnitNode) -> None:
    node.accept("A")
    node.issue()
    with node.store.writing() as connection:
        connection.execute(update(schema.leaf).values(position=None))
        rows = credentials.unsealed_leaves(connection, 1)
    assert [type(row) for row in rows] == [LeafRow, LeafRow]
    assert [row.envelope for row in rows] == ["plain", "selective"]
