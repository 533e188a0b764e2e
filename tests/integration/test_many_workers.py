"""Many workers on one account, and one bad record among many: each good one is anchored once."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from core.record import Record
from node.anchoring import Fenced
from node.importing import import_rows
from node.intake import Row, RowFault, RowOutcome, accept_rows
from node.store import outbox
from node.worker import Worker
from tests.support.anchored import assert_anchored_once, has_ended
from tests.support.ledger import MadeLedger
from tests.support.node import RunningNode, make_node, record_json, utc_now, work_until

WORKERS = 8
ROWS = 500
FAULT = RowFault("effective_date", "not_a_date", "expected a date")


class Running:
    """A worker in a thread, until it is fenced out or told to stop."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.ended: BaseException | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stop.wait(0.05):
                self.worker.step()
        except BaseException as error:  # looked at by the test
            self.ended = error


def test_eight_workers_on_one_account(node: RunningNode, randomness: random.Random) -> None:
    """They start one after the other; each fences the earlier ones out."""
    receipts: list[str] = []
    running: list[Running] = []
    for number in range(WORKERS):
        running.append(Running(node.worker()))
        for _ in range(randomness.randint(1, 3)):
            receipts.append(node.accept(f"MANY-{number}-{len(receipts)}"))
        threading.Event().wait(randomness.random())
    threading.Event().wait(2)
    for one in running:
        one.stop()
    assert {type(one.ended) for one in running} <= {Fenced, type(None)}
    last = node.worker()
    work_until(last, lambda: has_ended(node, receipts))
    assert_anchored_once(node, receipts)
    with node.store.reading() as connection:
        account = node.member.operating.address
        assert outbox.unfinished(connection, account) == []
        stored = outbox.next_nonce(connection, account)
    assert node.made.ledger.nonce(account) == stored  # no gap: every nonce was used


def test_a_second_node_with_the_same_key_is_fenced_out(made: MadeLedger, tmp_path: Path) -> None:
    first = make_node(made, tmp_path / "first", member=2)
    second = make_node(made, tmp_path / "second", member=2)
    one, other = first.worker(), second.worker()
    work_until(one, lambda: one.fence is not None)
    work_until(other, lambda: other.fence is not None)
    receipt = second.accept("SECOND-1")
    first.accept("FIRST-1")
    with pytest.raises(Fenced):
        work_until(one, lambda: False)
    work_until(other, lambda: has_ended(second, [receipt]))
    assert_anchored_once(second, [receipt])
    first.close()
    second.close()


def rows(prefix: str, bad: int) -> Iterator[Row]:
    for number in range(ROWS):
        if number == bad:
            yield Row(number, None, (FAULT,))
        else:
            yield Row(number, Record.parse(record_json(f"{prefix}-{number}")))


def test_one_bad_row_in_500_is_one_named_refusal(
    node: RunningNode, randomness: random.Random
) -> None:
    bad = randomness.randrange(ROWS)
    imported = import_rows(node.store, rows("BAD", bad), now=utc_now(), random=random.randbytes)
    assert imported.accepted == ROWS - 1
    (refused,) = imported.refused
    assert (refused.row, refused.faults) == (bad, (FAULT,))
    receipts = [row.receipt for row in imported.receipts]
    work_until(node.worker(), lambda: has_ended(node, receipts))
    assert_anchored_once(node, receipts)


@pytest.mark.long
def test_one_bad_row_at_every_position(
    node: RunningNode, sample: Callable[[Sequence[int]], Sequence[int]]
) -> None:
    for bad in sample(range(ROWS)):
        results = list(
            accept_rows(
                node.store,
                rows(f"EVERY-{bad}", bad),
                now=utc_now(),
                random=random.randbytes,
                rows_per_commit=100,
            )
        )
        refused = [one.number for one in results if one.outcome is RowOutcome.REFUSED]
        assert refused == [bad]
        assert sum(one.receipt is not None for one in results) == ROWS - 1
