"""A flipped bit in anything stored is found, before it is signed or by `comity doctor`."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from node.acting import act_of
from node.declare import Order, declaration_of, declare
from node.lifecycle import Change
from node.receipt import receipt_of
from node.states import ReceiptState
from tests.support.acting import ask, asking
from tests.support.anchored import assert_sound, diagnosis, has_ended
from tests.support.ledger import MadeLedger
from tests.support.node import RunningNode, make_node, utc_now, work_until


@pytest.fixture(scope="module")
def settled(made: MadeLedger, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNode]:
    """A node at rest: two batches, one suspension recorded, one record still to be issued."""
    node = make_node(made, tmp_path_factory.mktemp("settled") / "node")
    worker = node.worker()
    for number in ("FSCK-1", "FSCK-2"):
        receipt = node.accept(number)
        work_until(worker, lambda r=receipt: has_ended(node, [r]))
    order = Order(
        Change.SUSPEND, "FSCK-1", reason="nonconformity", until=utc_now() + timedelta(days=9)
    )
    with node.evidence() as evidence:
        asked = declare(
            node.store, evidence, node.member.id, order, now=utc_now(), random=random.randbytes
        )
    work_until(worker, lambda: declaration_of(node.store, asked.id).is_final)
    worker.step()  # signs the list
    act = ask(node, asking("some"))
    work_until(worker, lambda: act_of(node.store, act.id).is_final)
    node.accept("FSCK-3")
    yield node
    node.close()


def execute(file: Path, *statement: object) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute(*statement)


def flip(node: RunningNode, table: str, column: str, where: str, place: int) -> object:
    """Turn one bit of one stored value; return what stood there."""
    with closing(sqlite3.connect(node.places.database)) as connection:
        query = f"SELECT rowid, {column} FROM {table} WHERE {where} ORDER BY rowid LIMIT 1"
        row, value = connection.execute(query).fetchone()
    changed: object
    if isinstance(value, int):
        changed = value ^ (1 << place % 8)
    else:
        raw = bytearray(value.encode() if isinstance(value, str) else value)
        raw[place % len(raw)] ^= 1
        changed = raw.decode() if isinstance(value, str) else bytes(raw)
    put(node, table, column, row, changed)
    return row, value


def put(node: RunningNode, table: str, column: str, row: int, value: object) -> None:
    execute(node.places.database, f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (value, row))


STORED = [
    ("record", "content", "1"), ("record", "digest", "1"), ("record", "number", "1"),
    ("receipt", "state", "1"), ("receipt", "record_id", "1"),
    ("credential", "selective", "1"), ("credential", "plain", "1"),
    ("credential", "slot", "1"), ("credential", "list_index", "1"),
    ("credential", "thumbprint", "1"), ("credential", "batch_id", "1"),
    ("leaf", "salt", "1"), ("leaf", "hash", "1"), ("leaf", "position", "1"),
    ("leaf", "envelope", "1"), ("leaf", "credential_id", "1"),
    ("batch", "root", "1"), ("batch", "leaves", "1"), ("batch", "size", "1"),
    ("batch", "state", "1"), ("batch", "outgoing_id", "1"),
    ("batch", "anchored_block", "1"), ("batch", "anchored_index", "1"),
    ("batch", "anchored_time", "1"),
    *[("outgoing", column, "kind = 'anchor'") for column in
      ("account", "nonce", "kind", "target", "call", "raw", "hash", "state")],
    ("outgoing", "fence", "kind = 'fence'"),
    *[("declaration", column, "1") for column in
      ("slot", "code", "reason", "effective_at", "until", "linked_member", "linked_slot", "state",
       "recorded_block", "recorded_index")],
    *[("act", column, "1") for column in
      ("kind", "arguments", "digest", "target", "call", "expected", "state", "outgoing_id",
       "recorded_block", "recorded_index")],
    ("status_list", "token", "1"), ("status_list", "url", "1"), ("status_list", "bits_digest", "1"),
]  # fmt: skip


def test_a_node_at_rest_has_nothing_wrong(settled: RunningNode) -> None:
    assert_sound(settled)


@pytest.mark.parametrize(("table", "column", "where"), STORED)
def test_a_flipped_bit_is_found(
    settled: RunningNode, randomness: random.Random, table: str, column: str, where: str
) -> None:
    place = randomness.randrange(1 << 16)
    row, value = flip(settled, table, column, where, place)  # type: ignore[misc]
    try:
        found = diagnosis(settled).findings
    finally:
        put(settled, table, column, row, value)
    assert found, f"bit {place}"
    assert all(finding.code and finding.message and finding.hint for finding in found)
    assert_sound(settled)


@pytest.mark.parametrize(("table", "column"), [("event", "body"), ("block", "hash")])
def test_a_flipped_bit_in_the_followed_ledger_is_found(
    settled: RunningNode, table: str, column: str
) -> None:
    file = settled.places.followed_ledger
    with closing(sqlite3.connect(file)) as connection:
        key = "idx" if table == "event" else "number"
        query = f"SELECT block, idx, {column} FROM event ORDER BY block LIMIT 1 OFFSET 3"
        if table == "block":
            query = "SELECT number, 0, hash FROM block ORDER BY number LIMIT 1 OFFSET 1"
        block, index, value = connection.execute(query).fetchone()
    changed = bytearray(value)
    changed[len(changed) // 2] ^= 1
    where = "block = ? AND idx = ?" if key == "idx" else "number = ? AND ? = 0"
    execute(file, f"UPDATE {table} SET {column} = ? WHERE {where}", (bytes(changed), block, index))
    try:
        assert "mirror_differs" in {finding.code for finding in diagnosis(settled).findings}
    finally:
        execute(file, f"UPDATE {table} SET {column} = ? WHERE {where}", (value, block, index))
    assert_sound(settled)


def test_a_batch_that_only_the_ledger_has_is_told(made: MadeLedger, tmp_path: Path) -> None:
    """As after a restore from an old copy."""
    node = make_node(made, tmp_path / "node", member=1)
    worker = node.worker()
    work_until(worker, lambda: worker.fence is not None)
    copy = tmp_path / "old.db"
    execute(node.places.database, f"VACUUM INTO '{copy}'")
    receipt = node.accept("OLD-1")
    work_until(worker, lambda: has_ended(node, [receipt]))
    assert_sound(node)
    node.close()
    for file in node.folder.glob("node.db*"):
        file.unlink()
    copy.rename(node.places.database)
    assert {finding.code for finding in diagnosis(node).findings} == {"batch_unknown"}
    node.close()


@pytest.mark.parametrize(
    ("table", "column"),
    [("batch", "leaves"), ("batch", "root"), ("leaf", "salt"), ("credential", "plain")],
)
def test_a_damaged_batch_is_never_signed_and_holds_up_no_other(
    node: RunningNode, randomness: random.Random, table: str, column: str
) -> None:
    damaged = node.accept(f"BAD-{table}-{column}")
    worker = node.worker()
    worker.step()  # claims a fence, issues, seals; signs nothing before the claim is final
    assert receipt_of(node.store, damaged).state is ReceiptState.SEALED
    row, value = flip(node, table, column, "1", randomness.randrange(1 << 16))  # type: ignore[misc]
    good = node.accept(f"GOOD-{table}-{column}")
    work_until(worker, lambda: has_ended(node, [good]))
    assert receipt_of(node.store, damaged).state is ReceiptState.SEALED
    put(node, table, column, row, value)  # restored from the copy
    work_until(worker, lambda: has_ended(node, [damaged]))
    left = {finding.code for finding in diagnosis(node).findings}
    assert left <= {"batch_unknown", "slot_unknown"}  # of this body's other nodes in this module


def test_a_damaged_record_is_never_signed(node: RunningNode) -> None:
    receipt = node.accept("DAMAGED-1")
    row, value = flip(node, "record", "content", "1", 0)  # type: ignore[misc]
    changed = value.replace(b"LED drivers", b"LED divers!")
    put(node, "record", "content", row, changed)
    work_until(node.worker(), lambda: has_ended(node, [receipt]))
    refused = receipt_of(node.store, receipt)
    assert refused.refusal is not None
    assert refused.refusal.code == "record_damaged"
