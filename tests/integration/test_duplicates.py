"""One certificate sent a thousand times, in parallel, by two processes: one receipt, two leaves."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.pool import Pool

import pytest
from sqlalchemy import func, select

from core.record import Record
from node.intake import accept
from node.receipt import receipt_of
from node.states import ReceiptState
from node.store import schema
from node.store.engine import Store
from tests.support.node import RunningNode, record_json, utc_now, work_until

TIMES = 1_000
PROCESSES = 2
THREADS = 4


def send_many(url: str, process: int, times: int, number: str) -> set[str]:
    """Send one certificate many times from several threads; every second time with a key."""
    store = Store.open(url)
    record = Record.parse(record_json(number))

    def once(attempt: int) -> str:
        key = None
        if attempt % 2:  # the same key again and again, and different ones
            key = "same" if attempt % 4 == 1 else f"{process}/{attempt}"
        answer = accept(store, record, now=utc_now(), random=os.urandom, idempotency_key=key)
        return answer.receipt.id

    try:
        with ThreadPoolExecutor(THREADS) as threads:
            return set(threads.map(once, range(times)))
    finally:
        store.close()


@pytest.fixture
def processes() -> Pool:
    # fork is not safe with threads about, and a node's processes start afresh as well
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        yield pool


def test_a_thousand_parallel_duplicates(node: RunningNode, processes: Pool) -> None:
    url = node.places.database_url(node.config)
    share = TIMES // PROCESSES
    answers = processes.starmap(
        send_many, [(url, process, share, "SAME-1") for process in range(PROCESSES)]
    )
    (receipt,) = set().union(*answers)
    work_until(
        node.worker(), lambda: receipt_of(node.store, receipt).state is ReceiptState.ANCHORED
    )
    with node.store.reading() as connection:
        counted = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar()
            for table in (schema.record, schema.receipt, schema.credential, schema.leaf)
        }
    assert counted == {"record": 1, "receipt": 1, "credential": 1, "leaf": 2}
