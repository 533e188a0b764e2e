"""Status changes: what the life cycle allows, what is kept, and what readers will see."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.errors import NotFound, Refused, UsageError
from core.events import State
from node.declare import Declaration, declarations_of, declare, preview
from node.lifecycle import Change
from node.order import Order
from node.states import DeclarationState
from node.store import declarations
from tests.unit.node.conftest import UnitNode

SUSPEND, RESTORE = Change.SUSPEND, Change.RESTORE
WITHDRAW, CANCEL = Change.WITHDRAW, Change.CANCEL


def give(node: UnitNode, change: Change, number: str = "A", **more: Any) -> Declaration:
    """Declare with a fitting reason and end, unless told otherwise."""
    key = more.pop("key", None)
    if change is SUSPEND:
        more.setdefault("until", node.now + timedelta(days=30))
    if change in (SUSPEND, WITHDRAW):
        more.setdefault("reason", "nonconformity")
    order = Order(change, number, **more)
    return declare(
        node.store, node.evidence, 1, order,
        now=node.now, random=node.random, idempotency_key=key,
    )  # fmt: skip


def refusal_of(node: UnitNode, change: Change, **more: Any) -> str:
    with pytest.raises((Refused, UsageError)) as refused:
        give(node, change, **more)
    return refused.value.code


def kept(node: UnitNode) -> int:
    with node.store.reading() as connection:
        return len(declarations.under_way(connection))


@pytest.fixture
def anchored(node: UnitNode) -> UnitNode:
    node.anchored("A")
    return node


def test_a_suspension_is_kept_for_the_worker(anchored: UnitNode) -> None:
    made = give(anchored, SUSPEND)
    assert made.state is DeclarationState.RECEIVED
    assert made.status is State.SUSPENDED
    assert made.reason == "nonconformity"
    assert made.effective_at == anchored.now.replace(microsecond=0)
    assert declarations_of(anchored.store, "A", 0) == [made]


def test_recorded_is_the_end(anchored: UnitNode) -> None:
    give(anchored, SUSPEND)
    anchored.record_declarations()
    (made,) = declarations_of(anchored.store, "A", 0)
    assert made.is_final
    assert made.position is not None


def days(node: UnitNode, count: float) -> datetime:
    return node.now + timedelta(days=count)


def test_nothing_is_dated_before_the_grant(anchored: UnitNode) -> None:
    early = datetime.fromisoformat("2026-03-01T12:00:00Z")
    assert refusal_of(anchored, SUSPEND, effective_at=early) == "before_grant"


def test_nothing_is_dated_before_the_ledgers_time(node: UnitNode) -> None:
    node.anchored("A", dates={"effective": "0026-03-02", "expiry": "2029-03-01"})
    early = datetime(26, 3, 2, tzinfo=UTC)
    assert refusal_of(node, WITHDRAW, effective_at=early) == "before_1970"
    give(node, WITHDRAW, effective_at=datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))


def test_a_certificate_to_the_end_of_the_calendar_can_be_withdrawn(node: UnitNode) -> None:
    node.anchored("A", dates={"effective": "2026-03-02", "expiry": "9999-12-31"})
    assert give(node, WITHDRAW).state is DeclarationState.RECEIVED


def test_the_future_has_to_be_announced(anchored: UnitNode) -> None:
    ahead = {"effective_at": days(anchored, 5)}
    assert refusal_of(anchored, SUSPEND, **ahead) == "date_in_future"
    assert give(anchored, SUSPEND, **ahead, announced=True).effective_at > anchored.now


def test_an_announcement_is_at_most_a_year_ahead(anchored: UnitNode) -> None:
    far = {"effective_at": days(anchored, 400), "until": days(anchored, 420), "announced": True}
    assert refusal_of(anchored, SUSPEND, **far) == "announced_too_early"


def test_a_restoration_is_not_before_its_suspension(anchored: UnitNode) -> None:
    give(anchored, SUSPEND)
    early = anchored.now - timedelta(days=2)
    assert refusal_of(anchored, RESTORE, effective_at=early) == "restored_before_suspension"


@pytest.mark.parametrize(
    ("until", "code"),
    [
        (None, "until_missing"),
        (-1, "until_order"),
        (0, "until_order"),
        (4000, "until_after_expiry"),
    ],
)
def test_the_end_of_a_suspension(anchored: UnitNode, until: int | None, code: str) -> None:
    given = None if until is None else days(anchored, until)
    assert refusal_of(anchored, SUSPEND, until=given) == code


def test_only_a_suspension_has_an_end(anchored: UnitNode) -> None:
    assert refusal_of(anchored, WITHDRAW, until=days(anchored, 9)) == "until_unexpected"


@pytest.mark.parametrize(
    ("change", "reason", "code"),
    [
        (SUSPEND, None, "reason_missing"),
        (WITHDRAW, None, "reason_missing"),
        (SUSPEND, "renewed", "reason_unknown"),
        (WITHDRAW, "whim", "reason_unknown"),
        (CANCEL, "misuse", "reason_unknown"),
    ],
)
def test_reasons_fit(anchored: UnitNode, change: Change, reason: str | None, code: str) -> None:
    assert refusal_of(anchored, change, reason=reason) == code


def test_a_restoration_has_no_reason(anchored: UnitNode) -> None:
    give(anchored, SUSPEND)
    assert refusal_of(anchored, RESTORE, reason="misuse") == "reason_unexpected"


def test_unknown_and_not_yet_issued_certificates(node: UnitNode) -> None:
    with pytest.raises(NotFound):
        give(node, WITHDRAW)
    node.accept("A")
    assert refusal_of(node, WITHDRAW) == "not_issued_yet"


def test_a_replayed_request(anchored: UnitNode) -> None:
    first = give(anchored, WITHDRAW, key="k")
    assert give(anchored, WITHDRAW, key="k") == first
    assert refusal_of(anchored, WITHDRAW, key="k", reason="misuse") == "idempotency_mismatch"
    assert kept(anchored) == 1


def test_the_preview_says_what_readers_will_see_and_keeps_nothing(anchored: UnitNode) -> None:
    order = Order(SUSPEND, "A", reason="misuse", until=days(anchored, 30))
    shown = preview(anchored.store, anchored.evidence, 1, order, now=anchored.now)
    assert shown.sentence.startswith("Suspended on 2026-11-")
    assert shown.undo
    assert kept(anchored) == 0


def test_the_preview_refuses_what_declaring_refuses(anchored: UnitNode) -> None:
    with pytest.raises(Refused):
        preview(anchored.store, anchored.evidence, 1, Order(RESTORE, "A"), now=anchored.now)


def test_a_declaration_holds_no_certificate_content(anchored: UnitNode) -> None:
    node_number = "A-VERY-TELLING-NUMBER"
    anchored.anchored(node_number)
    assert node_number not in str(give(anchored, WITHDRAW, number=node_number).dump())
