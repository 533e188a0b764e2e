"""What the worker does when the ledger refuses: wait, refuse for good, or stop."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection, update

from contracts.calls import Call
from contracts.interfaces import CONTRACTS, LedgerRefused, functions_of
from core.errors import NotTrusted
from core.events import (
    Anchored,
    FenceClaimed,
    MemberExpelled,
    OperatingAccountChanged,
    StatusDeclared,
)
from node.anchoring import Anchoring, Fenced
from node.declare import Declaration, Order, declaration_of, declare
from node.declaring import Declaring
from node.lifecycle import Change
from node.membership import Membership, membership
from node.receipt import receipt_of
from node.states import DeclarationState, OutgoingKind, OutgoingState, ReceiptState
from node.store import batches, declarations, outbox, schema
from node.store.outbox import Signed
from tests.unit.node.conftest import UnitNode

ADDRESSES = {name: f"0x{number:040x}" for number, name in enumerate(CONTRACTS, start=1)}
OPERATING = f"0x{1:040x}"


class ScriptedSender:
    """A sender that stores what it is given, or refuses as the ledger would."""

    account = OPERATING

    def __init__(self, node: UnitNode) -> None:
        self.node = node
        self.calls: list[Call] = []
        self.refuse: Callable[[Call], str | None] = lambda _call: None

    def prepare(
        self,
        kind: OutgoingKind,
        call: Call,
        *,
        now: datetime,
        attach: Callable[[Connection, int], None],
        fence: int | None = None,
    ) -> int:
        code = self.refuse(call)
        if code is not None:
            raise LedgerRefused(code, {})
        self.calls.append(call)
        row = Signed(
            OPERATING, len(self.calls), kind, fence, call.to, call.data, b"raw",
            len(self.calls).to_bytes(32),
        )  # fmt: skip
        with self.node.store.writing() as connection:
            outgoing_id = outbox.keep(connection, row, 0)
            attach(connection, outgoing_id)
        return outgoing_id


class Scene:
    """A node with one worker's parts, on a ledger that refuses what the test says."""

    def __init__(self, node: UnitNode) -> None:
        self.node = node
        self.sender = ScriptedSender(node)
        self.ledger = SimpleNamespace(contracts=ADDRESSES, fence_of=lambda _member: 6)
        parts: Any = (node.store, self.ledger, self.sender, 1)
        self.anchoring = Anchoring(*parts, random=bytes)  # nothing but zeros: the least step
        self.declaring = Declaring(*parts)

    @property
    def body(self) -> Membership:
        found = membership(self.node.evidence, OPERATING)
        assert found is not None
        return found

    def hold_fence(self) -> None:
        self.anchoring.claim_fence(now=self.node.now)
        self.end(OutgoingState.DONE)
        self.anchoring.learn()

    def sealed(self, number: str = "A") -> str:
        (receipt,) = self.node.accept(number)
        self.node.issue()
        self.node.seal()
        return receipt

    def submit(self) -> int:
        return self.anchoring.submit(self.body, now=self.node.now)

    def order(self, number: str, change: Change = Change.WITHDRAW) -> Declaration:
        order = Order(change, number, reason="misuse")
        node = self.node
        return declare(node.store, node.evidence, 1, order, now=node.now, random=node.random)

    def end(self, state: OutgoingState) -> None:
        """Let the newest transaction end."""
        with self.node.store.writing() as connection:
            outbox.mark(connection, len(self.sender.calls), state)

    def claimed(self, fence: int) -> None:
        position, time = self.node.ledger.next()
        self.node.ledger.record(FenceClaimed(position, time, 1, fence))

    def expel(self) -> None:
        position, time = self.node.ledger.next()
        self.node.ledger.record(MemberExpelled(position, time, 1, 1))


@pytest.fixture
def scene(node: UnitNode) -> Scene:
    return Scene(node)


def test_the_fence_is_above_every_one_before_and_counts_when_final(scene: Scene) -> None:
    scene.anchoring.claim_fence(now=scene.node.now)
    scene.anchoring.claim_fence(now=scene.node.now)
    (call,) = scene.sender.calls
    inputs = functions_of("anchors")["claim"].inputs
    assert inputs.decode(call.data[4:]) == (7,)
    scene.anchoring.learn()
    assert scene.anchoring.fence is None
    scene.end(OutgoingState.DONE)
    scene.anchoring.learn()
    assert scene.anchoring.fence == 7


def test_two_that_claim_at_the_same_moment_do_not_sign_the_same(scene: Scene) -> None:
    """Equal bytes would be one transaction, and both would hold its fence."""
    other: Any = (scene.node.store, scene.ledger, scene.sender, 1)
    for random in (bytes, lambda size: b"\x01" * size):
        Anchoring(*other, random=random).claim_fence(now=scene.node.now)
    first, second = scene.sender.calls
    assert first != second


def test_a_claim_that_failed_is_made_again_higher(scene: Scene) -> None:
    scene.anchoring.claim_fence(now=scene.node.now)
    scene.end(OutgoingState.FAILED)
    scene.anchoring.learn()
    scene.anchoring.claim_fence(now=scene.node.now)
    inputs = functions_of("anchors")["claim"].inputs
    assert inputs.decode(scene.sender.calls[1].data[4:]) == (8,)


def test_without_a_fence_nothing_is_anchored(scene: Scene) -> None:
    scene.sealed()
    assert scene.submit() == 0
    assert scene.sender.calls == []


def test_a_sealed_batch_is_sent_once(scene: Scene) -> None:
    scene.hold_fence()
    receipt = scene.sealed()
    assert scene.submit() == 1
    assert scene.submit() == 0
    assert receipt_of(scene.node.store, receipt).state is ReceiptState.SENT
    inputs = functions_of("anchors")["anchor"].inputs
    root, size, fence = inputs.decode(scene.sender.calls[1].data[4:])
    assert (root, size, fence) == (receipt_of(scene.node.store, receipt).root, 64, 7)


@pytest.mark.parametrize("state", [OutgoingState.FAILED, OutgoingState.REPLACED])
def test_a_transaction_that_came_to_nothing_is_made_anew(
    scene: Scene, state: OutgoingState
) -> None:
    scene.hold_fence()
    receipt = scene.sealed()
    scene.submit()
    scene.end(state)
    assert scene.anchoring.observe(scene.node.evidence) == 0
    assert receipt_of(scene.node.store, receipt).state is ReceiptState.SEALED
    assert scene.submit() == 1


def test_an_anchor_counts_when_the_follower_has_seen_it(scene: Scene) -> None:
    scene.hold_fence()
    receipt = scene.sealed()
    scene.submit()
    scene.end(OutgoingState.DONE)
    assert scene.anchoring.observe(scene.node.evidence) == 0
    assert not receipt_of(scene.node.store, receipt).is_final
    with scene.node.store.reading() as connection:
        (batch,) = batches.open_batches(connection)
    position, time = scene.node.ledger.next()
    scene.node.ledger.record(Anchored(position, time, 1, batch.root, batch.size))
    assert scene.anchoring.observe(scene.node.evidence) == 1
    assert receipt_of(scene.node.store, receipt).position == position


@pytest.mark.parametrize("code", ["member_not_active", "member_is_frozen"])
def test_what_is_refused_for_now_waits(scene: Scene, code: str) -> None:
    scene.hold_fence()
    receipt = scene.sealed()
    scene.sender.refuse = lambda _call: code
    assert scene.submit() == 0
    assert scene.anchoring.held == code
    assert receipt_of(scene.node.store, receipt).state is ReceiptState.SEALED
    scene.sender.refuse = lambda _call: None
    assert scene.submit() == 1
    assert scene.anchoring.held is None


def test_an_expelled_bodys_receipts_end_with_a_refusal(scene: Scene) -> None:
    scene.hold_fence()
    receipt = scene.sealed()
    scene.expel()
    scene.sender.refuse = lambda _call: "member_not_active"
    scene.submit()
    ended = receipt_of(scene.node.store, receipt)
    assert ended.state is ReceiptState.REFUSED
    assert ended.refusal is not None
    assert ended.refusal.code == "member_expelled"


def test_receipts_of_a_body_that_does_not_certify_end_with_a_refusal(scene: Scene) -> None:
    scene.hold_fence()
    receipt = scene.sealed()
    scene.sender.refuse = lambda _call: "role_missing"
    scene.submit()
    ended = receipt_of(scene.node.store, receipt)
    assert ended.state is ReceiptState.REFUSED
    assert ended.refusal is not None
    assert ended.refusal.code == "role_missing"


@pytest.mark.parametrize(
    ("code", "ours"), [("fence_stale", "fenced"), ("not_operating", "not_operating")]
)
def test_a_worker_that_was_replaced_stops(scene: Scene, code: str, ours: str) -> None:
    scene.hold_fence()
    scene.sealed()
    scene.sender.refuse = lambda _call: code
    with pytest.raises(Fenced) as fenced:
        scene.submit()
    assert fenced.value.code == ours


def test_a_frozen_bodys_worker_waits_with_its_claim(scene: Scene) -> None:
    scene.sender.refuse = lambda _call: "member_is_frozen"
    scene.anchoring.claim_fence(now=scene.node.now)
    assert scene.anchoring.held == "member_is_frozen"
    assert scene.anchoring.fence is None
    scene.sender.refuse = lambda _call: None
    scene.hold_fence()
    assert scene.anchoring.held is None
    assert scene.anchoring.fence == 7


def test_a_worker_that_cannot_claim_for_good_stops(scene: Scene) -> None:
    scene.sender.refuse = lambda _call: "not_operating"
    with pytest.raises(Fenced):
        scene.anchoring.claim_fence(now=scene.node.now)


def test_a_claim_that_was_overtaken_is_made_again(scene: Scene) -> None:
    scene.sender.refuse = lambda _call: "fence_too_low"
    scene.anchoring.claim_fence(now=scene.node.now)
    assert scene.anchoring.held == "fence_too_low"
    scene.sender.refuse = lambda _call: None
    scene.hold_fence()
    assert scene.anchoring.held is None


def test_a_worker_stops_when_the_ledger_shows_a_later_claim(scene: Scene) -> None:
    scene.hold_fence()
    scene.claimed(7)
    scene.anchoring.require_newest(scene.node.evidence)
    scene.claimed(8)
    with pytest.raises(Fenced) as fenced:
        scene.anchoring.require_newest(scene.node.evidence)
    assert fenced.value.code == "fenced"


def test_claims_under_an_account_that_was_replaced_count_no_more(scene: Scene) -> None:
    scene.claimed(99)
    position, time = scene.node.ledger.next()
    changed = OperatingAccountChanged(position, time, 1, OPERATING, f"0x{9:040x}", False)
    scene.node.ledger.record(changed)
    scene.hold_fence()
    scene.claimed(7)
    scene.anchoring.require_newest(scene.node.evidence)


def test_a_batch_that_was_damaged_on_disk_is_not_anchored(scene: Scene) -> None:
    scene.hold_fence()
    scene.sealed()
    with scene.node.store.writing() as connection:
        (batch,) = batches.open_batches(connection)
        raw = bytearray(batches.leaves_of(connection, batch.id))
        raw[100] ^= 1
        connection.execute(update(schema.batch).values(leaves=bytes(raw)))
    with pytest.raises(NotTrusted) as damaged:
        scene.submit()
    assert damaged.value.code == "batch_damaged"
    assert len(scene.sender.calls) == 1  # the fence


def test_declarations_go_together_and_one_at_a_time_for_each_slot(scene: Scene) -> None:
    scene.node.anchored("A", "B")
    scene.node.ledger.idle()
    until = scene.node.now + timedelta(days=9)
    node = scene.node
    suspend = Order(Change.SUSPEND, "A", reason="misuse", until=until)
    declare(node.store, node.evidence, 1, suspend, now=node.now, random=node.random)
    scene.order("A")
    scene.order("B")
    assert scene.declaring.submit(scene.body, now=node.now) == 2
    assert scene.declaring.submit(scene.body, now=node.now) == 0
    (call,) = scene.sender.calls
    assert call.data[:4] == functions_of("statuses")["declareMany"].selector


def test_a_bad_declaration_does_not_hold_up_the_others(scene: Scene) -> None:
    scene.node.anchored("A", "B")
    bad, good = scene.order("A"), scene.order("B")
    many = functions_of("statuses")["declareMany"].selector
    first: list[Call] = []

    def refuse(call: Call) -> str | None:
        if call.data[:4] == many:
            return "move_forbidden"
        first.append(call)
        return "move_forbidden" if len(first) == 1 else None

    scene.sender.refuse = refuse
    assert scene.declaring.submit(scene.body, now=scene.node.now) == 1
    ended = declaration_of(scene.node.store, bad.id)
    assert ended.state is DeclarationState.REFUSED
    assert ended.refusal is not None
    assert ended.refusal.code == "move_forbidden"
    assert declaration_of(scene.node.store, good.id).state is DeclarationState.SENT


def test_a_declaration_that_no_ledger_can_hold_ends_and_holds_nothing_up(scene: Scene) -> None:
    scene.node.anchored("A", "B")
    bad, good = scene.order("A"), scene.order("B")
    with scene.node.store.writing() as connection:
        connection.execute(
            update(schema.declaration)
            .where(schema.declaration.c.public_id == bad.id)
            .values(effective_at=-1)
        )
    assert scene.declaring.submit(scene.body, now=scene.node.now) == 1
    ended = declaration_of(scene.node.store, bad.id)
    assert ended.state is DeclarationState.REFUSED
    assert declaration_of(scene.node.store, good.id).state is DeclarationState.SENT


def test_a_frozen_bodys_declaration_waits_and_an_expelled_ones_is_refused(scene: Scene) -> None:
    scene.node.anchored("A")
    made = scene.order("A")
    scene.sender.refuse = lambda _call: "member_is_frozen"
    scene.declaring.submit(scene.body, now=scene.node.now)
    assert scene.declaring.held == "member_is_frozen"
    assert declaration_of(scene.node.store, made.id).state is DeclarationState.RECEIVED
    scene.expel()
    scene.declaring.submit(scene.body, now=scene.node.now)
    assert declaration_of(scene.node.store, made.id).state is DeclarationState.REFUSED


def test_a_declaration_is_recorded_by_the_ledgers_own_event(scene: Scene) -> None:
    scene.node.anchored("A")
    made = scene.order("A")
    scene.declaring.submit(scene.body, now=scene.node.now)
    assert scene.declaring.observe(scene.node.evidence) == 0
    scene.end(OutgoingState.FAILED)
    scene.declaring.observe(scene.node.evidence)
    assert declaration_of(scene.node.store, made.id).state is DeclarationState.RECEIVED
    scene.declaring.submit(scene.body, now=scene.node.now)
    with scene.node.store.reading() as connection:
        (one,) = declarations.under_way(connection)
    position, time = scene.node.ledger.next()
    event = StatusDeclared(
        position, time, 1, one.slot, one.code, one.reason, one.effective_at, one.until,
        one.linked_member, one.linked_slot, 0,
    )  # fmt: skip
    scene.node.ledger.record(event)
    assert scene.declaring.observe(scene.node.evidence) == 1
    assert declaration_of(scene.node.store, made.id).position == position
