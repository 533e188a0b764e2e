"""B13: the code of a contract is swapped. Node and verifier stop, and say so."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.runtime import logs
from core.runtime.paths import ledger_file
from node.receipt import receipt_of
from node.states import ReceiptState
from tests.support.anvil import bare_anvil
from tests.support.jsonrpc import JsonRpc
from tests.support.ledger import MadeLedger, deploy_test_ledger
from tests.support.node import make_node, work_until
from verifier.config import FollowedLedger, VerifierSettings
from verifier.refresh import follow_all
from verifier.sources import Sources


@pytest.fixture
def bare(anvil_program: str) -> Iterator[MadeLedger]:
    """A ledger on a chain whose code can be changed."""
    with bare_anvil(anvil_program) as url, deploy_test_ledger(url) as made:
        yield made


def test_a_node_anchors_nothing_on_swapped_code(bare: MadeLedger, tmp_path: Path) -> None:
    chain = JsonRpc(bare.rpc_url)
    node = make_node(bare, tmp_path / "node")
    worker = node.worker()
    work_until(worker, lambda: worker.fence is not None)

    def failing() -> str | None:
        told = json.loads(node.places.worker_health.read_text())
        code: str | None = told["failing"].get("chain")
        return code

    anchors = bare.ledger.contracts["anchors"]
    honest = chain("eth_getCode", anchors, "latest")
    chain("anvil_setCode", anchors, honest[:-2] + "ff")
    work_until(worker, lambda: failing() == "code_changed")
    receipt = node.accept("SWAPPED-1")
    before = chain.head()["number"]
    for _ in range(20):
        worker.step()
    assert (failing(), chain.head()["number"]) == ("code_changed", before)
    assert receipt_of(node.store, receipt).state is not ReceiptState.ANCHORED
    chain("anvil_setCode", anchors, honest)
    work_until(worker, lambda: receipt_of(node.store, receipt).state is ReceiptState.ANCHORED)
    node.close()


def test_a_verifier_follows_no_further_and_tells_why(bare: MadeLedger, tmp_path: Path) -> None:
    stream = io.StringIO()
    logs.configure(stream)
    chain, stop = JsonRpc(bare.rpc_url), threading.Event()
    settings = VerifierSettings(
        ledgers=(FollowedLedger(origin=bare.origin, rpc_url=bare.rpc_url),), poll_seconds=0.1
    )
    thread = threading.Thread(target=follow_all, args=(tmp_path, settings, stop))
    thread.start()
    try:
        wait_for_head(tmp_path, bare, bare.ledger.head().block)
        chain("anvil_setCode", bare.ledger.contracts["statuses"], "0x00")
        deadline = time.monotonic() + 20
        while '"code":"code_changed"' not in stream.getvalue().replace(" ", ""):
            assert time.monotonic() < deadline, stream.getvalue()
            time.sleep(0.05)
        before = bare.ledger.head().block
        chain("anvil_mine", "0x3")
        time.sleep(1)
        assert followed(tmp_path, bare) == before
    finally:
        stop.set()
        thread.join()
        logs.configure()


def followed(folder: Path, made: MadeLedger) -> int | None:
    """The block up to which a check of this verifier sees the ledger."""
    if not ledger_file(folder, made.origin).exists():
        return None
    sources = Sources(folder, [made.origin])
    try:
        with sources.evidence(made.origin) as evidence:
            return evidence.head.block if evidence and evidence.head else None
    finally:
        sources.close()


def wait_for_head(folder: Path, made: MadeLedger, block: int) -> None:
    deadline = time.monotonic() + 20
    while (followed(folder, made) or -1) < block:
        assert time.monotonic() < deadline
        time.sleep(0.05)
