"""Intake: duplicates, idempotency keys, and registers that are good but for one row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from core.errors import LimitError, NotFound, Refused
from core.record import Record
from node.intake import Row, RowFault, RowOutcome, accept, accept_rows
from node.receipt import receipt_of
from node.states import ReceiptState
from node.store import records, schema
from node.store.engine import Store

Random = Callable[[int], bytes]
MakeRecord = Callable[..., Record]


def kept(store: Store) -> tuple[int, int, int]:
    with store.reading() as connection:
        tables = (schema.record, schema.receipt, schema.idempotency)
        return tuple(  # type: ignore[return-value]
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in tables
        )


def test_a_record_gets_a_receipt(
    store: Store, make_record: MakeRecord, now: datetime, random: Random
) -> None:
    answer = accept(store, make_record(), now=now, random=random)
    assert answer.is_new
    assert answer.receipt.state is ReceiptState.RECEIVED
    assert answer.receipt.received_at == now
    assert receipt_of(store, answer.receipt.id) == answer.receipt
    assert kept(store) == (1, 1, 0)


def test_a_receipt_holds_no_certificate_content(
    store: Store, make_record: MakeRecord, now: datetime, random: Random
) -> None:
    receipt = accept(store, make_record(), now=now, random=random).receipt
    assert "01526Q30012R1M" not in str(receipt.dump())


def test_an_equal_duplicate_gets_the_first_receipt(
    store: Store, make_record: MakeRecord, now: datetime, random: Random
) -> None:
    first = accept(store, make_record(), now=now, random=random)
    again = accept(store, make_record(), now=now + timedelta(hours=1), random=random)
    assert not again.is_new
    assert again.receipt == first.receipt
    assert kept(store) == (1, 1, 0)


def test_an_unequal_duplicate_is_refused_and_nothing_written(
    store: Store, make_record: MakeRecord, now: datetime, random: Random
) -> None:
    accept(store, make_record(), now=now, random=random)
    other = make_record(scope={"en": "Something else"})
    with pytest.raises(Refused) as refused:
        accept(store, other, now=now, random=random, idempotency_key="k")
    assert refused.value.code == "unequal_duplicate"
    assert kept(store) == (1, 1, 0)


def test_another_revision_is_no_duplicate(
    store: Store, make_record: MakeRecord, now: datetime, random: Random
) -> None:
    first = accept(store, make_record(), now=now, random=random)
    second = accept(store, make_record(revision=1), now=now, random=random)
    assert second.is_new
    assert second.receipt.id != first.receipt.id


def test_a_replayed_request_gets_the_first_answer(
    store: Store, make_record: MakeRecord, now: datetime, random: Random
) -> None:
    first = accept(store, make_record(), now=now, random=random, idempotency_key="k")
    again = accept(store, make_record(), now=now, random=random, idempotency_key="k")
    assert again.receipt == first.receipt
    assert kept(store) == (1, 1, 1)


def test_a_replayed_key_with_another_body_is_refused(
    store: Store, make_record: MakeRecord, now: datetime, random: Random
) -> None:
    accept(store, make_record(), now=now, random=random, idempotency_key="k")
    with pytest.raises(Refused) as refused:
        accept(store, make_record("other"), now=now, random=random, idempotency_key="k")
    assert refused.value.code == "idempotency_mismatch"
    assert kept(store) == (1, 1, 1)


@pytest.mark.parametrize("key", ["", "k" * 200, "a\nb"])
def test_an_unusable_key_is_refused(
    store: Store, make_record: MakeRecord, now: datetime, random: Random, key: str
) -> None:
    with pytest.raises(LimitError):
        accept(store, make_record(), now=now, random=random, idempotency_key=key)
    assert kept(store) == (0, 0, 0)


def test_an_unknown_receipt_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        receipt_of(store, "x" * 22)


@pytest.mark.parametrize("bad", [2, 251, 501])
def test_499_good_rows_pass_and_the_bad_one_is_named(
    store: Store, make_record: MakeRecord, now: datetime, random: Random, bad: int
) -> None:
    fault = RowFault("holder_economy", "unknown_economy", "not a code")
    rows = [
        Row(n, None, (fault,)) if n == bad else Row(n, make_record(f"N-{n}")) for n in range(2, 502)
    ]
    results = list(accept_rows(store, rows, now=now, random=random, rows_per_commit=64))
    refused = [result for result in results if result.outcome is RowOutcome.REFUSED]
    assert [(r.number, r.faults, r.receipt) for r in refused] == [(bad, (fault,), None)]
    assert sum(result.outcome is RowOutcome.ACCEPTED for result in results) == 499
    assert kept(store) == (499, 499, 0)


def test_a_register_run_again_gives_the_same_receipts(
    store: Store, make_record: MakeRecord, now: datetime, random: Random
) -> None:
    rows = [Row(n, make_record(f"N-{n}")) for n in range(2, 12)]
    first = list(accept_rows(store, rows, now=now, random=random))
    again = list(accept_rows(store, rows, now=now, random=random, rows_per_commit=3))
    assert [result.receipt for result in again] == [result.receipt for result in first]
    assert {result.outcome for result in again} == {RowOutcome.ALREADY}
    assert kept(store) == (10, 10, 0)


def test_a_certificate_twice_in_one_register(
    store: Store, make_record: MakeRecord, now: datetime, random: Random
) -> None:
    rows = [
        Row(2, make_record("A")),
        Row(3, make_record("A")),
        Row(4, make_record("A", scope={"en": "Something else"})),
    ]
    results = list(accept_rows(store, rows, now=now, random=random))
    assert [result.outcome for result in results] == ["accepted", "already", "refused"]
    assert results[1].receipt == results[0].receipt
    assert results[2].faults[0].code == "unequal_duplicate"


def test_counts_by_state(
    store: Store, make_record: MakeRecord, now: datetime, random: Random
) -> None:
    accept(store, make_record(), now=now, random=random)
    with store.reading() as connection:
        assert records.counts(connection)["received"] == 1
