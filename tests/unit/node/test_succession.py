"""Pairs on their way to the ledger: never half of one, and not before the successor is anchored."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from core.events import State, StatusDeclared, status_key
from core.record import Record
from core.statuslist import StatusList
from node import declaring
from node.declare import declaration_of, declare
from node.lifecycle import Change
from node.order import Order
from node.planning import standing_of
from node.states import BatchState, DeclarationState, OutgoingState
from node.status_list import refresh_lists
from node.store import credentials, declarations, schema
from tests.unit.node.conftest import UnitNode, record_json
from tests.unit.node.test_anchoring_and_declaring import Scene

LATER = {"effective": "2026-11-01", "expiry": "2032-03-01"}


@pytest.fixture
def scene(node: UnitNode) -> Scene:
    return Scene(node)


def order(node: UnitNode, change: Change, number: str = "A", **more: Any) -> str:
    """Order a change and return its declaration's id."""
    asked = Order(change, number, **more)
    made = declare(node.store, node.evidence, 1, asked, now=node.now, random=node.random)
    return made.id


def renew(node: UnitNode, number: str = "A") -> str:
    record = Record.parse(record_json(number, revision=1, dates=LATER))
    return order(node, Change.RENEW, number, successor=record)


def submit(scene: Scene) -> int:
    return scene.declaring.submit(scene.body, now=scene.node.now)


def state(scene: Scene, declaration: str) -> DeclarationState:
    return declaration_of(scene.node.store, declaration).state


def sent(scene: Scene) -> list[tuple[str, int]]:
    """Return (order, code) of what is on its way."""
    with scene.node.store.reading() as connection:
        return [
            (one.order_id, one.code)
            for one in declarations.under_way(connection)
            if one.state is DeclarationState.SENT
        ]


def test_a_pair_waits_until_the_successor_is_anchored(scene: Scene) -> None:
    node = scene.node
    node.anchored("A")
    made = renew(node)
    assert (submit(scene), state(scene, made)) == (0, DeclarationState.WAITING)
    node.issue()
    assert (submit(scene), state(scene, made)) == (0, DeclarationState.RECEIVED)
    node.seal()
    assert submit(scene) == 0
    node.anchor()
    assert submit(scene) == 2
    assert sent(scene) == [(made, State.IN_FORCE), (made, State.SUPERSEDED)]


def test_what_waits_does_not_hold_up_the_others(scene: Scene) -> None:
    scene.node.anchored("A", "B")
    renew(scene.node)
    scene.node.issue()
    other = order(scene.node, Change.WITHDRAW, "B", reason="misuse")
    assert submit(scene) == 1
    assert state(scene, other) is DeclarationState.SENT


def test_a_pair_is_not_split_where_a_group_ends(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(declaring, "GROUP", 4)
    scene.node.anchored("A", "B", "C")
    first = order(scene.node, Change.WITHDRAW, "C", reason="misuse")
    pairs = [renew(scene.node, number) for number in ("A", "B")]
    scene.node.issue()
    scene.node.seal()
    scene.node.anchor()
    assert submit(scene) == 3  # one more would be half a pair
    assert {name for name, _ in sent(scene)} == {first, pairs[0]}
    assert submit(scene) == 2
    assert state(scene, pairs[1]) is DeclarationState.SENT


def test_a_pair_waits_for_an_earlier_change_of_either_half(scene: Scene) -> None:
    node = scene.node
    node.anchored("A")
    node.anchored("A", revision=1, dates=LATER)
    until = node.now.replace(year=2027)
    order(node, Change.SUSPEND, revision=0, reason="misuse", until=until)
    order(node, Change.RESTORE, revision=0)
    made = renew(node)
    for expected in (1, 0):
        assert submit(scene) == expected
    assert state(scene, made) is DeclarationState.RECEIVED


def test_a_pair_is_refused_whole(scene: Scene) -> None:
    scene.node.anchored("A", "B")
    made, other = renew(scene.node), renew(scene.node, "B")
    scene.node.issue()
    scene.node.seal()
    scene.node.anchor()
    calls: list[int] = []

    def refuse(_call: object) -> str | None:
        calls.append(1)
        return "move_forbidden" if len(calls) < 3 else None  # all together, then the first alone

    scene.sender.refuse = refuse
    assert submit(scene) == 2
    assert state(scene, made) is DeclarationState.REFUSED
    assert state(scene, other) is DeclarationState.SENT
    with scene.node.store.reading() as connection:
        assert {one.order_id for one in declarations.under_way(connection)} == {other}


def test_a_pair_that_came_to_nothing_goes_again_whole(scene: Scene) -> None:
    scene.node.anchored("A")
    scene.node.anchored("A", revision=1, dates=LATER)
    renew(scene.node)
    assert submit(scene) == 2
    scene.end(OutgoingState.FAILED)
    scene.declaring.observe(scene.node.evidence)
    assert submit(scene) == 2


def test_an_order_whose_successor_is_never_anchored_ends(scene: Scene) -> None:
    node = scene.node
    node.anchored("A")
    made = renew(node)
    node.issue()
    node.seal()
    with node.store.writing() as connection:
        connection.execute(
            update(schema.batch)
            .where(schema.batch.c.state == BatchState.SEALED.value)
            .values(state=BatchState.REFUSED.value, refusal="member_expelled")
        )
    assert submit(scene) == 0
    ended = declaration_of(node.store, made)
    assert ended.refusal is not None
    assert ended.refusal.code == "successor_refused"


@pytest.mark.parametrize("code", ["role_missing", "link_invalid", "move_forbidden"])
def test_what_the_ledger_refuses_for_good_ends(scene: Scene, code: str) -> None:
    scene.node.anchored("A")
    made = order(scene.node, Change.WITHDRAW, reason="misuse")
    scene.sender.refuse = lambda _call: code
    assert submit(scene) == 0
    ended = declaration_of(scene.node.store, made)
    assert ended.refusal is not None
    assert ended.refusal.code == code


def test_what_a_status_list_says_of_every_state(node: UnitNode) -> None:
    numbers = ("in force", "suspended", "restored", "withdrawn", "cancelled", "superseded", "gone")
    node.anchored(*numbers)
    until = node.now.replace(year=2027)
    for number in ("suspended", "restored"):
        order(node, Change.SUSPEND, number, reason="misuse", until=until)
    node.record_declarations()
    order(node, Change.RESTORE, "restored")
    order(node, Change.WITHDRAW, "withdrawn", reason="misuse")
    order(node, Change.CANCEL, "cancelled")
    renew(node, "superseded")
    node.issue()
    node.record_declarations()
    body = node.body
    place, time = node.ledger.next()
    slot = slot_of(node, "gone", 0)
    event = StatusDeclared(place, time, 1, slot, State.SUPERSEDED, 23, time, 0, 2, b"\x07" * 32, 0)
    node.ledger.record(event)
    refresh_lists(
        node.store, node.evidence, 1, body.issuer, body.signer, now=node.now, max_age_seconds=60
    )
    told = {number: bit(node, number) for number in numbers} | {"new": bit(node, "superseded", 1)}
    assert {number for number, is_set in told.items() if is_set} == {
        "suspended", "withdrawn", "cancelled", "superseded", "gone",
    }  # fmt: skip
    with node.store.reading() as connection:
        standing = standing_of(connection, node.evidence, 1, slot_of(node, "superseded", 1))
    assert standing.state is State.IN_FORCE
    assert len(node.evidence.history(status_key(1, slot))) == 1


def slot_of(node: UnitNode, number: str, revision: int) -> bytes:
    with node.store.reading() as connection:
        held = credentials.held(connection, number, revision)
    assert held is not None
    slot: bytes = held.slot
    return slot


def bit(node: UnitNode, number: str, revision: int = 0) -> bool:
    with node.store.reading() as connection:
        held = credentials.held(connection, number, revision)
        assert held is not None
        token = credentials.list_token(connection, held.list_number)
    assert token is not None
    return StatusList.parse(token).bits.is_set(held.list_index)
