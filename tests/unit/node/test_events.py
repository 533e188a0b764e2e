"""Successors, transfers, what has expired, what stays at home: allowed, refused, and told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from core.events import State, StatusAnnulled, StatusDeclared, status_key
from core.reasons import REASONS
from core.record import Record
from core.slot import Slot
from node.allowed import Standing, end_of_window
from node.decide import Decision, preview_decision
from node.declare import Declaration, preview
from node.lifecycle import (
    CertificateState,
    Change,
)
from node.order import Order
from tests.unit.node.conftest import UnitNode, record_json
from tests.unit.node.orders import (
    GONE,
    SUCCEEDED,
    give,
    order_for,
    refusal_of,
    rows_of,
    second_member,
    slot_of,
    successor,
)

# ---------------------------------------------------------------- successors


@pytest.mark.parametrize("change", SUCCEEDED)
def test_a_successor_is_issued_and_a_pair_declared(node: UnitNode, change: Change) -> None:
    node.anchored("A")
    done = give(node, order_for(node, change))
    assert isinstance(done, Declaration)
    assert (done.state, done.linked) == ("waiting", None)
    assert done.successor_receipt is not None
    node.issue()
    granted, superseded = rows_of(node)
    assert (granted.code, superseded.code) == (State.IN_FORCE, State.SUPERSEDED)
    assert granted.linked_slot == superseded.slot
    assert superseded.linked_slot == granted.slot != superseded.slot
    assert {one.linked_member for one in (granted, superseded)} == {1}
    assert {one.state for one in (granted, superseded)} == {"received"}
    assert granted.order_id == superseded.order_id == superseded.public_id == done.id


def test_a_successor_that_is_issued_already_can_be_named_by_its_record(node: UnitNode) -> None:
    node.anchored("A")
    node.anchored("A", **successor_changes())
    done = give(node, order_for(node, Change.RENEW))
    assert isinstance(done, Declaration)
    assert done.state == "received"
    assert len(rows_of(node)) == 2


def successor_changes() -> dict[str, Any]:
    """Return what ``successor`` has else than the record before it."""
    dumped = successor().dump()
    return {name: dumped[name] for name in ("revision", "dates", "scope")}


def test_a_correction_does_not_lift_a_suspension(node: UnitNode) -> None:
    node.anchored("A")
    give(node, order_for(node, Change.SUSPEND))
    node.record_declarations()
    give(node, order_for(node, Change.CORRECT))
    node.issue()
    suspension, granted, carried, superseded = rows_of(node)
    assert (granted.slot, granted.code) == (carried.slot, State.IN_FORCE)
    assert (carried.code, carried.reason) == (State.SUSPENDED, suspension.reason)
    assert (carried.effective_at, carried.until) == (suspension.effective_at, suspension.until)
    assert superseded.linked_slot == granted.slot
    assert len({one.order_id for one in (granted, carried, superseded)}) == 1


def test_a_reduced_scope_ends_a_suspension(node: UnitNode) -> None:
    node.anchored("A")
    give(node, order_for(node, Change.SUSPEND))
    node.record_declarations()
    give(node, order_for(node, Change.REDUCE_SCOPE))
    node.issue()
    assert [one.code for one in rows_of(node)[1:]] == [State.IN_FORCE, State.SUPERSEDED]


def test_a_successor_from_which_nothing_can_be_issued(
    node: UnitNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    node.anchored("A")
    give(node, order_for(node, Change.RENEW))
    from core.errors import FormatError
    from node import issue

    def fails(*_: Any) -> None:
        raise FormatError("x", "x")

    monkeypatch.setattr(issue, "sign_both", fails)
    assert node.issue().refused == 1
    assert {(one.state, one.refusal) for one in rows_of(node)} == {("refused", "successor_refused")}
    give(node, order_for(node, Change.WITHDRAW))  # the old one is free again
    assert refusal_of(node, order_for(node, Change.RENEW)) == "certificate_withdrawn"


RECORDS: list[tuple[Change, dict[str, Any], str]] = [
    (Change.RENEW, {"revision": 0}, "successor_is_itself"),
    (Change.RENEW, {"revision": 2}, "revision_not_next"),
    (Change.RENEW, {"dates": {"effective": "2026-11-01", "expiry": "2029-03-01"}},
     "renewal_not_later"),
    (Change.RENEW, {"dates": {"effective": "2026-11-01", "expiry": "2026-11-18"}},
     "successor_expired"),
    (Change.RENEW, {"dates": {"effective": "2026-12-01", "expiry": "2032-03-01"}},
     "successor_not_in_force"),
    (Change.RENEW, {"predecessor": {"slot": "https://node1.example/status/1#1"}},
     "predecessor_differs"),
    (Change.EXTEND_SCOPE, {"dates": {"effective": "2026-11-01", "expiry": "2029-03-02"}},
     "validity_extended"),
    (Change.REDUCE_SCOPE, {"sectors": ["19", "28"]}, "scope_not_reduced"),
    (Change.REDUCE_SCOPE, {"sectors": []}, "scope_not_reduced"),
    (Change.REDUCE_SCOPE, {"sites": [{"name": "Plant 2", "economy": "CN"}]}, "scope_not_reduced"),
]  # fmt: skip
SCOPE = {"sectors": ["18", "19"], "sites": [{"name": "Plant 1", "economy": "CN"}]}


@pytest.mark.parametrize(("change", "changes", "code"), RECORDS, ids=[r[2] for r in RECORDS])
def test_what_cannot_take_the_place(
    node: UnitNode, change: Change, changes: dict[str, Any], code: str
) -> None:
    node.anchored("A", **SCOPE)
    told = {name: value for name, value in {**SCOPE, **changes}.items() if value != []}
    order = order_for(node, change, successor=successor(change, **told))
    assert refusal_of(node, order) == code
    give(node, order_for(node, change, successor=successor(change, **SCOPE)))


def test_a_correction_corrects_something(node: UnitNode) -> None:
    node.anchored("A")
    same = Record.parse(record_json("A", revision=1))
    assert refusal_of(node, order_for(node, Change.CORRECT, successor=same)) == "nothing_changed"


def test_a_successor_has_no_status_of_its_own(node: UnitNode) -> None:
    node.anchored("A")
    node.anchored("A", **successor_changes())
    give(node, order_for(node, Change.WITHDRAW, revision=1))
    assert refusal_of(node, order_for(node, Change.RENEW)) == "successor_has_status"


def test_a_restoration_that_is_only_announced_lets_no_successor_in(node: UnitNode) -> None:
    node.anchored("A")
    give(node, order_for(node, Change.SUSPEND))
    ahead = {"effective_at": node.now + timedelta(days=3), "announced": True}
    give(node, order_for(node, Change.RESTORE, **ahead))
    for change in (Change.RENEW, Change.CORRECT):
        assert refusal_of(node, order_for(node, change)) == "restoration_ahead"


def test_what_was_annulled_can_be_ordered_again(node: UnitNode) -> None:
    node.anchored("A")
    first = give(node, order_for(node, Change.RENEW))
    node.issue()
    node.record_declarations()
    assert give(node, order_for(node, Change.RENEW)).id == first.id
    place, time = node.ledger.next()
    node.ledger.record(StatusAnnulled(place, time, 1, slot_of(node), 0))
    again = give(node, order_for(node, Change.RENEW))
    assert again.id != first.id
    assert [one.code for one in rows_of(node)] == [
        State.IN_FORCE, State.SUPERSEDED, State.SUPERSEDED,
    ]  # fmt: skip


def test_a_successor_takes_one_place(node: UnitNode) -> None:
    node.anchored("A", "B")
    record = Record.parse(record_json("C", scope={"en": "Both"}))
    give(node, order_for(node, Change.CORRECT, successor=record))
    second = Order(Change.CORRECT, "B", successor=record)
    assert refusal_of(node, second) == "successor_has_status"


def test_the_revision_is_named_where_two_stand(node: UnitNode) -> None:
    node.anchored("A")
    node.anchored("A", **successor_changes())
    for change in (Change.SUSPEND, Change.WITHDRAW, Change.MAINTAIN):
        assert refusal_of(node, order_for(node, change)) == "revision_open"
        give(node, order_for(node, Change.MAINTAIN, revision=0))
    give(node, order_for(node, Change.WITHDRAW, revision=1))
    give(node, order_for(node, Change.SUSPEND, revision=0))


def test_after_a_succession_the_newest_is_meant(node: UnitNode) -> None:
    node.anchored("A")
    give(node, order_for(node, Change.RENEW))
    node.issue()
    node.record_declarations()
    done = give(node, order_for(node, Change.SUSPEND))
    assert rows_of(node)[-1].public_id == done.id
    assert rows_of(node)[-1].slot != slot_of(node)


def test_a_successor_may_have_another_number(node: UnitNode) -> None:
    node.anchored("A")
    record = Record.parse(record_json("A-NEW", scope={"en": "Other words"}))
    give(node, order_for(node, Change.CORRECT, successor=record))
    node.issue()
    assert [one.state for one in rows_of(node)] == ["received", "received"]


def test_the_ledger_has_no_place_for_a_replacement_ahead(node: UnitNode) -> None:
    node.anchored("A")
    ahead = {"effective_at": node.now + timedelta(days=3), "announced": True}
    for change in (*SUCCEEDED, Change.TRANSFER):
        assert refusal_of(node, order_for(node, change, **ahead)) == "not_to_be_announced"


@pytest.mark.parametrize(
    ("change", "more", "code"),
    [
        (Change.RENEW, {"successor": None}, "successor_missing"),
        (Change.WITHDRAW, {"successor": successor()}, "successor_unexpected"),
        (Change.TRANSFER, {"link": None}, "link_missing"),
        (Change.CANCEL, {"link": (2, Slot("https://node2.example/status/1", 7))},
         "link_unexpected"),
        (Change.MAINTAIN, {"decided_on": None}, "decision_missing"),
        (Change.CANCEL, {"decided_on": date(2026, 11, 1)}, "decision_unexpected"),
        (Change.MAINTAIN, {"announced": True}, "effective_unexpected"),
        (Change.RENEW, {"reason": "renewed"}, "reason_unexpected"),
        (Change.REFUSE, {"reason": None}, "reason_missing"),
        (Change.REFUSE, {"reason": "renewed"}, "reason_unknown"),
    ],
)  # fmt: skip
def test_an_order_has_what_it_needs_and_nothing_else(
    node: UnitNode, change: Change, more: dict[str, Any], code: str
) -> None:
    second_member(node)
    if change is not Change.REFUSE:
        node.anchored("A")
    assert refusal_of(node, order_for(node, change, **more)) == code


# ---------------------------------------------------------------- expired


BACK = [Change.RENEW, Change.RESTORE]


@pytest.mark.parametrize("change", BACK)
def test_what_has_expired_comes_back_within_six_months_in_its_cycle(
    node: UnitNode, change: Change
) -> None:
    node.anchored("A", dates={"effective": "2023-05-21", "expiry": "2026-05-20"})
    other = {"effective": "2026-11-19", "expiry": "2029-11-19"}
    order = order_for(node, change, successor=successor(change, dates=other))
    assert refusal_of(node, order) == "cycle_not_kept"
    kept = {"effective": "2026-11-19", "expiry": "2029-05-21"}
    give(node, order_for(node, change, successor=successor(change, dates=kept)))
    node.issue()
    assert [one.code for one in rows_of(node)] == [State.IN_FORCE, State.SUPERSEDED]


@pytest.mark.parametrize("change", BACK)
def test_after_six_months_it_does_not(node: UnitNode, change: Change) -> None:
    node.anchored("A", dates={"effective": "2023-05-19", "expiry": "2026-05-18"})
    dates = {"effective": "2026-11-19", "expiry": "2029-05-18"}
    order = order_for(node, change, successor=successor(change, dates=dates))
    assert refusal_of(node, order) == "restoration_too_late"


def test_what_has_expired_is_restored_by_a_successor_only(node: UnitNode) -> None:
    node.anchored("A", dates=GONE)
    assert refusal_of(node, Order(Change.RESTORE, "A")) == "successor_missing"


@pytest.mark.parametrize(
    ("expiry", "last"),
    [("2026-03-31", "2026-09-30"), ("2026-08-31", "2027-02-28"), ("2027-08-30", "2028-02-29")],
)
def test_six_months_end_with_the_shorter_month(expiry: str, last: str) -> None:
    dates = Record.parse(record_json(dates={"effective": "2020-01-01", "expiry": expiry})).dates
    assert end_of_window(dates).date() == date.fromisoformat(last) + timedelta(days=1)


def test_the_last_day_of_the_calendar_is_no_problem() -> None:
    far = {"effective": "2026-03-02", "expiry": "9999-12-31"}
    dates = Record.parse(record_json(dates=far)).dates
    assert end_of_window(dates).year == 9999
    assert Standing(State.IN_FORCE).at(dates, end_of_window(dates)) is CertificateState.EXPIRED


# ---------------------------------------------------------------- to and from another body


LINKS = [
    ((1, Slot("https://node1.example/status/1", 7)), "transfer_to_itself"),
    ((9, Slot("https://node9.example/status/1", 7)), "no_such_member"),
    ((2, Slot("https://node3.example/status/1", 7)), "slot_of_another"),
]


@pytest.mark.parametrize(("link", "code"), LINKS, ids=[code for _, code in LINKS])
def test_where_a_certificate_cannot_go(node: UnitNode, link: tuple[int, Slot], code: str) -> None:
    second_member(node)
    node.anchored("A")
    assert refusal_of(node, order_for(node, Change.TRANSFER, link=link)) == code


def test_a_transferred_certificate_points_to_the_other_body(node: UnitNode) -> None:
    second_member(node)
    node.anchored("A")
    order = order_for(node, Change.TRANSFER)
    done = give(node, order)
    assert isinstance(done, Declaration)
    assert order.link is not None
    assert done.linked == (2, order.link[1].digest)
    assert done.reason == "transferred"


def test_the_preview_of_a_transfer_says_whether_the_other_half_is_there(node: UnitNode) -> None:
    second_member(node)
    node.anchored("A")
    order = order_for(node, Change.TRANSFER)
    assert order.link is not None
    alone = preview(node.store, node.evidence, 1, order, now=node.now)
    place, time = node.ledger.next()
    node.ledger.record(
        StatusDeclared(
            place, time, 2, order.link[1].digest, State.IN_FORCE, 23, time, 0, 1, slot_of(node), 0
        )
    )
    both = preview(node.store, node.evidence, 1, order, now=node.now)
    date = node.now.date().isoformat()
    assert both.sentence == REASONS["superseded"].sentence(date=date)
    assert alone.sentence == REASONS["superseded_unconfirmed"].sentence(date=date)


def test_the_preview_of_a_succession_has_both_sentences(node: UnitNode) -> None:
    node.anchored("A")
    order = order_for(node, Change.CORRECT)
    shown = preview(node.store, node.evidence, 1, order, now=node.now)
    assert shown.sentence is not None
    assert shown.sentence.startswith("Replaced on ")
    assert shown.successor_sentence == REASONS["no_status_event"].sentence()
    give(node, order_for(node, Change.SUSPEND))
    before = node.rows()
    shown = preview(node.store, node.evidence, 1, order, now=node.now)
    assert shown.successor_sentence is not None
    assert shown.successor_sentence.startswith("Suspended on ")
    assert node.rows() == before


@pytest.mark.parametrize("change", [Change.MAINTAIN, Change.REFUSE])
def test_readers_see_nothing_of_what_is_decided_at_home(node: UnitNode, change: Change) -> None:
    if change is Change.MAINTAIN:
        node.anchored("A")
    before = node.rows()
    order = order_for(node, change)
    shown = preview_decision(node.store, node.evidence, 1, order, now=node.now)
    assert (shown.sentence, shown.successor_sentence) == (None, None)
    assert node.rows() == before


def test_a_certificate_from_another_body_says_in_whose_place_it_stands(node: UnitNode) -> None:
    before = Slot("https://node2.example/status/1", 7)
    node.accept("A", predecessor={"slot": before.text, "member": 2})
    node.issue()
    (granted,) = rows_of(node)
    assert (granted.code, granted.linked_member) == (State.IN_FORCE, 2)
    assert granted.linked_slot == before.digest
    assert granted.effective_at <= node.now.timestamp()


# ---------------------------------------------------------------- at home


def test_surveillance_is_recorded_at_home_only(node: UnitNode) -> None:
    node.anchored("A")
    done = give(node, order_for(node, Change.MAINTAIN))
    assert isinstance(done, Decision)
    assert done.decided_on == node.now.date()
    assert rows_of(node) == []


@pytest.mark.parametrize(("days", "code"), [(1, "decision_in_future"), (-400, "before_grant")])
def test_the_day_of_a_decision(node: UnitNode, days: int, code: str) -> None:
    node.anchored("A")
    decided = node.now.date() + timedelta(days=days)
    assert refusal_of(node, order_for(node, Change.MAINTAIN, decided_on=decided)) == code


def test_a_refusal_is_not_dated_ahead(node: UnitNode) -> None:
    ahead = order_for(node, Change.REFUSE, decided_on=node.now.date() + timedelta(days=1))
    assert refusal_of(node, ahead) == "decision_in_future"


# ---------------------------------------------------------------- what is told


def test_the_whole_life_is_told(node: UnitNode, tell: Callable[[UnitNode], Any]) -> None:
    node.anchored("A")
    give(node, order_for(node, Change.MAINTAIN))
    for change in (Change.SUSPEND, Change.RESTORE, Change.SUSPEND):
        give(node, order_for(node, change))
        node.record_declarations()
    last = node.evidence.history(status_key(1, slot_of(node)))[-1]
    assert isinstance(last, StatusDeclared)
    place, time = node.ledger.next()
    node.ledger.record(StatusAnnulled(place, time, 1, last.slot, last.sequence))
    give(node, order_for(node, Change.CORRECT))
    told = tell(node)
    assert [event["event"] for event in told] == [
        "grant", "maintain", "suspend", "restore", "suspend", "correct",
    ]  # fmt: skip
    assert [event["annulled"] for event in told if event["event"] == "suspend"] == [False, True]
    assert told[-1]["source"] == "under_way"


@pytest.fixture
def tell() -> Callable[[UnitNode], Any]:
    from node.history import life_of
    from node.store import credentials

    def told(node: UnitNode) -> Any:
        with node.store.reading() as connection:
            held = credentials.held(connection, "A", 0)
            assert held is not None
            return [event.dump() for event in life_of(connection, node.evidence, 1, held, node.now)]

    return told


def test_an_expired_certificate_tells_its_expiry(
    node: UnitNode, tell: Callable[[UnitNode], Any]
) -> None:
    node.anchored("A", dates=GONE)
    assert [event["event"] for event in tell(node)] == ["grant", "expire"]
