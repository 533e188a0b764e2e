"""A bare anvil for tests that must do to a chain what the gateway never lets anyone do.

It mines what it is sent at once, and takes ``anvil_*`` and ``evm_*`` calls: reorganisations,
snapshots, empty blocks. Fees are zero, as everywhere.
"""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.jsonrpc import JsonRpc, wait_for

CHAIN_ID = 31_337


def free_port() -> int:
    """Return a port on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def bare_anvil(binary: str, chain_id: int = CHAIN_ID) -> Iterator[str]:
    """Run anvil; yield its URL."""
    port = free_port()
    command = [
        *(binary, "--quiet", "--host", "127.0.0.1", "--port", str(port), "--accounts", "0"),
        *("--chain-id", str(chain_id), "--hardfork", "prague", "--gas-limit", "500000000"),
        *("--base-fee", "0", "--gas-price", "0", "--disable-min-priority-fee"),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(lambda: _answers(url), 15)
        yield url
    finally:
        process.kill()
        process.wait()


def _answers(url: str) -> bool:
    try:
        return bool(JsonRpc(url)("eth_chainId"))
    except OSError:
        return False
