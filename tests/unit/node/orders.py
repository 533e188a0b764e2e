"""Orders of every kind, for certificate A of a node in a test."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core.errors import NotFound, Refused, UsageError
from core.record import Record
from core.slot import Slot
from node.decide import Decision, decide
from node.declare import Declaration, declare
from node.lifecycle import (
    MOVES,
    CertificateState,
    Change,
    Outcome,
)
from node.order import Order
from node.store import credentials
from node.store.schema import declaration
from tests.support.network import Body
from tests.unit.node.conftest import UnitNode, record_json

GONE = {"effective": "2023-11-20", "expiry": "2026-11-18"}
SUCCEEDED = [change for change in Change if MOVES[change].outcome is Outcome.SUCCEEDED]


def order_for(node: UnitNode, change: Change, **more: Any) -> Order:
    """Return an order of certificate A that has all it needs."""
    outcome = MOVES[change].outcome
    if change is Change.SUSPEND:
        more.setdefault("until", node.now + timedelta(days=30))
    if change in (Change.SUSPEND, Change.WITHDRAW, Change.REFUSE):
        more.setdefault("reason", "nonconformity")
    if outcome is Outcome.SUCCEEDED:
        more.setdefault("successor", successor(change))
    if outcome is Outcome.LINKED:
        more.setdefault("link", (2, Slot("https://node2.example/status/1", 7)))
    if outcome is Outcome.KEPT:
        more.setdefault("decided_on", node.now.date())
    return Order(change, "A", **more)


def successor(change: Change = Change.RENEW, **changes: Any) -> Record:
    """Return the record of revision 1, fit for an event on the record of ``record_json``."""
    dates = {"effective": "2026-11-01", "expiry": "2029-03-01"}
    if change in (Change.RENEW, Change.RESTORE):
        dates["expiry"] = "2032-03-01"
    scope = {"en": f"Manufacture of LED drivers, {change}"}
    return Record.parse(
        record_json("A", **{"revision": 1, "dates": dates, "scope": scope, **changes})
    )


def give(node: UnitNode, order: Order) -> Declaration | Decision:
    act = decide if MOVES[order.change].outcome is Outcome.KEPT else declare
    done: Declaration | Decision = act(
        node.store, node.evidence, 1, order, now=node.now, random=node.random
    )
    return done


def refusal_of(node: UnitNode, order: Order) -> str:
    with pytest.raises((Refused, NotFound, UsageError)) as refused:
        give(node, order)
    return refused.value.code


def second_member(node: UnitNode) -> None:
    Body(node.ledger, 2).join()


def bring(node: UnitNode, state: CertificateState) -> None:
    """Bring certificate A into a state."""
    second_member(node)
    if state is CertificateState.NONE:
        return
    if state is CertificateState.REFUSED:
        give(node, order_for(node, Change.REFUSE))
        return
    node.anchored("A", **({"dates": GONE} if state is CertificateState.EXPIRED else {}))
    led_by = {
        CertificateState.SUSPENDED: Change.SUSPEND,
        CertificateState.WITHDRAWN: Change.WITHDRAW,
        CertificateState.CANCELLED: Change.CANCEL,
        CertificateState.SUPERSEDED: Change.TRANSFER,
    }
    if state in led_by:
        give(node, order_for(node, led_by[state]))
        node.record_declarations()


def rows_of(node: UnitNode) -> list[Any]:
    with node.store.reading() as connection:
        return list(connection.execute(select(declaration).order_by(declaration.c.id)))


def slot_of(node: UnitNode) -> bytes:
    with node.store.reading() as connection:
        held = credentials.held(connection, "A", 0)
    assert held is not None
    slot: bytes = held.slot
    return slot
