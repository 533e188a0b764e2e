"""A verifier as it runs: its own process, real HTTP, a ledger state on disk."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from node.demo.processes import free_port
from tests.support.network import Body, MemoryLedger
from tests.support.running import RunningVerifier, running
from verifier.sources import state_file


@pytest.fixture(scope="module")
def verifier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningVerifier]:
    folder = tmp_path_factory.mktemp("verifier")
    ledger = MemoryLedger(start=int(time.time()) - 200)
    body = Body(ledger, 1).join()
    issued = body.issue()
    body.anchor(issued)
    ledger.save(state_file(folder, ledger.origin))
    port = free_port()
    config = f'port = {port}\n[[ledgers]]\norigin = "{ledger.origin}"\n'
    (folder / "verifier.toml").write_text(config + 'rpc_url = "http://127.0.0.1:1"\n')
    with running(folder, "verifier", "run", "--folder", str(folder)):
        yield RunningVerifier(folder, f"http://127.0.0.1:{port}", body, issued)
