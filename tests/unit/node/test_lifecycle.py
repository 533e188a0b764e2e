"""The life cycle: every event from every state, in the tables and by what a body can order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core import codes
from core.errors import Refused
from core.events import State
from core.record import Record
from core.slot import Slot
from node.decide import Decision
from node.declare import Declaration
from node.intake import accept
from node.lifecycle import (
    BARRIERS,
    MOVES,
    RULES,
    By,
    CertificateState,
    Change,
    barrier,
)
from node.order import Order
from tests.unit.node.conftest import UnitNode, record_json
from tests.unit.node.orders import (
    bring,
    give,
    order_for,
    refusal_of,
    successor,
)

ALL = [(state, change) for state in CertificateState for change in Change]


# ---------------------------------------------------------------- the tables


def test_there_is_a_move_for_each_event_of_the_list() -> None:
    listed = {event["e"]: event["from"] for event in codes.lifecycle()["events"]}
    assert len(listed) == 13
    assert {move.code for move in MOVES.values()} == set(listed)
    ours = {"active": "in_force", None: "none"}
    for move in MOVES.values():
        assert move.origins == {ours.get(name, name) for name in listed[move.code]}


@pytest.mark.parametrize(("state", "change"), ALL)
def test_a_move_is_either_allowed_or_has_one_barrier(
    state: CertificateState, change: Change
) -> None:
    fitting = [one for one in BARRIERS if state in one.states and change in one.changes]
    if state in MOVES[change].origins and change is not Change.EXPIRE:
        assert barrier(change, state) is None
    else:
        assert barrier(change, state) is fitting[0]


def test_every_forbidden_move_of_the_list_has_an_error_of_its_own() -> None:
    ends = ("withdrawn", "cancelled", "superseded", "refused")
    assert {f"{end} -> any" for end in ends} < set(codes.lifecycle()["forbidden"])
    found = [barrier(Change.MAINTAIN, CertificateState(end)) for end in ends]
    found.append(barrier(Change.RENEW, CertificateState.SUSPENDED))
    errors = [one.code for one in found if one is not None]
    errors += [RULES[code].code for code in (
        "restored_before_suspension", "before_grant", "date_in_future"
    )]  # fmt: skip
    assert len(set(errors)) == len(codes.lifecycle()["forbidden"]) + 1


WORDS = {
    "-": None, "W": "certificate_withdrawn", "C": "certificate_cancelled",
    "S": "certificate_superseded", "R": "certification_refused", "N": "no_such_certificate",
    "X": "certificate_expired", "D": "unequal_duplicate", "G": "already_granted",
    "E": "expiry_declared", "in": "not_suspended", "s": "already_suspended",
    "sr": "renewal_of_suspended", "sm": "maintenance_of_suspended",
    "se": "extension_of_suspended", "st": "transfer_of_suspended",
}  # fmt: skip
MATRIX = """
              none in_force suspended expired withdrawn cancelled superseded refused
grant         -    D        D         D       D         D         D          R
refuse        -    G        G         G       W         C         S          R
maintain      N    -        sm        X       W         C         S          R
renew         N    -        sr        -       W         C         S          R
suspend       N    -        s         X       W         C         S          R
restore       N    in       -         -       W         C         S          R
withdraw      N    -        -         -       W         C         S          R
cancel        N    -        -         X       W         C         S          R
expire        N    E        E         E       E         E         E          E
reduce_scope  N    -        -         X       W         C         S          R
extend_scope  N    -        se        X       W         C         S          R
transfer      N    -        st        X       W         C         S          R
correct       N    -        -         X       W         C         S          R
"""


def test_the_tables_are_this_matrix() -> None:
    head, *rows = (line.split() for line in MATRIX.strip().splitlines())
    expected = {
        (CertificateState(state), Change(change)): WORDS[mark]
        for change, *marks in rows
        for state, mark in zip(head, marks, strict=True)
    }
    found = {cell: barrier(cell[1], cell[0]) for cell in ALL}
    assert {cell: one.code if one else None for cell, one in found.items()} == expected


def test_codes_are_used_once() -> None:
    named = [one.code for one in BARRIERS] + list(RULES)
    assert len(set(named)) == len(named)
    assert {one.by for one in BARRIERS} == {By.NODE, By.BOTH}


# ---------------------------------------------------------------- the whole matrix


@pytest.mark.parametrize(("state", "change"), [(s, c) for s, c in ALL if c is not Change.GRANT])
def test_every_event_from_every_state(
    node: UnitNode, state: CertificateState, change: Change
) -> None:
    bring(node, state)
    more: dict[str, Any] = {}
    if state is CertificateState.EXPIRED and change in (Change.RENEW, Change.RESTORE):
        dates = {"effective": "2026-11-19", "expiry": "2029-11-18"}
        more["successor"] = successor(change, dates=dates)
    if change is Change.TRANSFER:
        more["link"] = (2, Slot("https://node2.example/status/1", 8))
    order = order_for(node, change, **more)
    against = barrier(change, state)
    if against is not None and not (state is CertificateState.REFUSED and change is Change.REFUSE):
        before = node.rows()
        assert refusal_of(node, order) == against.code
        assert node.rows() == before
        return
    done = give(node, order)
    if isinstance(done, Declaration) and MOVES[change].state is not None:
        moved_by_successor = more.get("successor") is not None
        expected = State.SUPERSEDED if moved_by_successor else MOVES[change].state
        assert done.status is expected
    assert give_again(node, order, done)


def give_again(node: UnitNode, order: Order, done: Declaration | Decision) -> bool:
    """Whether an order that can be repeated gets the first answer again, and writes nothing."""
    if order.successor is None and order.link is None and order.decided_on is None:
        return True
    before = node.rows()
    return give(node, order) == done and node.rows() == before


@pytest.mark.parametrize("state", [s for s in CertificateState if s is not CertificateState.NONE])
def test_what_was_granted_or_refused_is_not_granted_again(
    node: UnitNode, state: CertificateState
) -> None:
    bring(node, state)
    against = barrier(Change.GRANT, state)
    assert against is not None
    other = Record.parse(record_json("A", scope={"en": "Something else"}))
    with pytest.raises(Refused) as refused:
        accept(node.store, other, now=node.now, random=node.random)
    assert refused.value.code == against.code


def test_another_refusal_of_a_refused_certification(node: UnitNode) -> None:
    bring(node, CertificateState.REFUSED)
    other = order_for(node, Change.REFUSE, decided_on=node.now.date() - timedelta(days=9))
    assert refusal_of(node, other) == "certification_refused"


def test_a_certificate_that_is_not_issued_yet(node: UnitNode) -> None:
    node.accept("A")
    for change in (Change.WITHDRAW, Change.RENEW, Change.MAINTAIN):
        assert refusal_of(node, order_for(node, change)) == "not_issued_yet"
    assert refusal_of(node, order_for(node, Change.REFUSE)) == "already_granted"
