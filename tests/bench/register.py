"""A register of 20,000 rows, from the CSV file to the anchors, on a real development chain.

As on a body's machine: one process takes the file in and has every row in the database durably
before it is answered; the worker, a process of its own, signs both envelopes, seals and anchors.
"""

from __future__ import annotations

import csv
import io
import os
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from time import perf_counter, sleep, thread_time

from contracts.devchain.supervisor import DevChain
from node.config import SealSettings
from node.importing import import_rows
from node.register import Register
from node.states import ReceiptState
from node.store import records
from tests.bench.measure import Result
from tests.support.ledger import deploy_test_ledger
from tests.support.node import RunningNode, make_node, utc_now

ROWS = 20_000
_PATIENCE = 240.0
_MEBIBYTE = 1024 * 1024
_HEADER = (
    "certificate_number", "revision", "standard", "holder_name_en", "holder_name_zh-Hans",
    "holder_economy", "scope_en", "sectors", "decision_date", "effective_date", "expiry_date",
    "site_1_name", "site_1_economy",
)  # fmt: skip
_ROW = (
    "0", "ISO 9001:2015", "Shenzhen Sample Export Co., Ltd. (example)",
    "深圳样品出口有限公司（示例）", "CN", "Design and manufacture of LED drivers", "19",
    "2026-02-27", "2026-03-02", "2029-03-01", "Plant 1", "CN",
)  # fmt: skip


def main(_seconds: float) -> Result:
    """Take the register in and wait until its last row is anchored."""
    result = Result("register", f"a register of {ROWS:,} rows, received and anchored")
    with (
        TemporaryDirectory() as folder,
        DevChain(Path(folder) / "chain", lead=3600) as chain,
        deploy_test_ledger(chain.rpc_url) as made,
        closing(make_node(made, Path(folder) / "node", seal=SealSettings())) as node,
    ):
        _measure(node, result)
    return result


def _measure(node: RunningNode, result: Result) -> None:
    child = _start_worker(node)
    try:
        begun, worked = perf_counter(), thread_time()
        with io.BytesIO(register()) as stream:
            imported = import_rows(node.store, Register(stream), now=utc_now(), random=os.urandom)
        received, worked = perf_counter() - begun, thread_time() - worked
        assert imported.accepted == ROWS
        while _anchored(node) < ROWS:
            assert perf_counter() - begun < _PATIENCE, "the worker did not get there in time"
            sleep(0.1)
        anchored = perf_counter() - begun
    finally:
        os.kill(child, 15)
        _, _, usage = os.wait4(child, 0)
    peak = usage.ru_maxrss * 1024 / _MEBIBYTE
    result.figures = {
        "received durably": f"{received:.1f} s",
        "anchored": f"{anchored:.1f} s",
        "processor time of receiving": f"{worked:.1f} s",
        "processor time of the worker": f"{usage.ru_utime + usage.ru_stime:.1f} s",
        "received per second": f"{ROWS / received:,.0f} /s",
    }
    result.at_least("certificates received and anchored per second", ROWS / anchored, 600, "/s")
    result.at_most("largest memory of the worker", peak, 400, "MiB")


def _start_worker(node: RunningNode) -> int:
    """Run a worker in a child, which is started before anything is measured."""
    sys.stdout.flush()
    ready, child = os.pipe()
    pid = os.fork()
    if pid:
        os.close(child)
        os.read(ready, 1)
        return pid
    try:
        worker = node.worker()
        worker.step()
        os.write(child, b"!")
        pause = Event()
        while True:
            if not worker.step():
                pause.wait(node.config.poll_seconds)
    finally:
        os._exit(1)


def register(rows: int = ROWS) -> bytes:
    """Return a register with the documented example in every row."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_HEADER)
    writer.writerows((f"BENCH-{n:07d}", *_ROW) for n in range(rows))
    return text.getvalue().encode()


def _anchored(node: RunningNode) -> int:
    with node.store.reading() as connection:
        return records.counts(connection)[ReceiptState.ANCHORED.value]
