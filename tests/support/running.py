"""Product processes as tests start them: real ones, on loopback, stopped at the end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.runtime.paths import ledger_file
from node.demo.processes import free_port
from tests.support.network import BLOCK_SECONDS, Body, Issued, MemoryLedger


@dataclass(frozen=True)
class RunningVerifier:
    """A verifier whose followed ledger holds one certificate of one body."""

    folder: Path
    url: str
    body: Body
    issued: Issued


@contextmanager
def running(folder: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a ``comity`` command that writes ``ready.json``; stop it and expect a clean end."""
    log = folder / "log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "core", *words],
            stderr=stream,
            env={**os.environ, "COMITY_HOME": str(folder / "home")},
        )
    try:
        deadline = time.monotonic() + 30
        while not (folder / "ready.json").exists():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, log.read_text()


@contextmanager
def running_verifier(
    folder: Path, settings: str = "", before: Callable[[Body], None] | None = None
) -> Iterator[RunningVerifier]:
    """Run a verifier that knows one certificate.

    Args:
        settings: lines of TOML.
        before: what else happens on the ledger before the certificate is registered.
    """
    ledger = MemoryLedger(start=int(time.time()) - 600)
    body = Body(ledger, 1).join()
    if before is not None:
        before(body)
    ledger.idle((int(time.time()) - ledger.time) // BLOCK_SECONDS - 5)
    issued = body.issue()
    body.anchor(issued)
    ledger.save(ledger_file(folder, ledger.origin))
    port = free_port()
    (folder / "verifier.toml").write_text(
        f"port = {port}\n{settings}\n"
        f'[[ledgers]]\norigin = "{ledger.origin}"\nrpc_url = "http://127.0.0.1:1"\n'
    )
    with running(folder, "verifier", "run", "--folder", str(folder)):
        yield RunningVerifier(folder, f"http://127.0.0.1:{port}", body, issued)
