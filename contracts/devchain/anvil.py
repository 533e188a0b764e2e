"""The anvil program: where it is, how it is started, and how we talk to it.

Decides the options that make its blocks a function of our journal alone: chain id, genesis time,
hard fork, fees of zero, gas limit, first-in-first-out order, no mining of its own, no funded
accounts. Refuses to run without the program, and never looks for it on PATH: other programs bear
its name.

We speak JSON-RPC over a unix socket in the chain's private folder. anvil cannot be told not to
listen on TCP as well; it gets a random loopback port and no CORS, so that a web page cannot reach
it. Other users of the same machine could; the miner notices any block that is not its own.
"""

from __future__ import annotations

import binascii
import gzip
import io
import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from contracts.devchain.journal import Genesis
from core.errors import Unavailable
from core.runtime.paths import home, tools_folder

ANVIL_VARIABLE: Final = "COMITY_ANVIL"
BLOCK_GAS_LIMIT: Final = 500_000_000
KEPT_STATES: Final = 64  # how many blocks back eth_call can look; events are kept for ever
# EIP-2935 keeps the last 8,191 block hashes in this contract's storage. Nothing of ours reads it,
# and anvil works through all of it for every block: 12 ms instead of 0.1, at each block of a
# replay. Without code it stays empty. BLOCKHASH is not affected.
_HISTORY_CONTRACT: Final = "0x0000F90827F1C53a10cb7A02335B175320002935"
_START_SECONDS: Final = 15.0
_ANSWER_SECONDS: Final = 30.0
_STATE_SECONDS: Final = 180.0  # to write or read all of the chain: 58 MB at 10^5 transactions
_STARTS: Final = itertools.count()

# Ask the kernel to end anvil with us, then become anvil. A wrapper, because Python's own
# preexec_fn is not safe in a process with threads. The parent is compared once the request is
# in place: it may have died before.
_WRAPPER: Final = """
import ctypes, os, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)
if os.getppid() != int(sys.argv[1]):
    sys.exit(1)
os.umask(0o077)
os.execv(sys.argv[2], sys.argv[2:])
"""


class RpcError(Exception):
    """A JSON-RPC error answer, ours or anvil's, as the client shall see it."""

    def __init__(self, code: int, message: str, data: object = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data

    def dump(self) -> dict[str, object]:
        """Return the ``error`` member of the answer."""
        error: dict[str, object] = {"code": self.code, "message": self.message}
        if self.data is not None:
            error["data"] = self.data
        return error


def locate(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the anvil program: ``$COMITY_ANVIL``, else ``.tools/anvil`` of checkout or state.

    Raises:
        Unavailable: there is none.
    """
    named = environment.get(ANVIL_VARIABLE)
    candidates = (
        [Path(named)]
        if named
        else [tools_folder() / "anvil", home(environment) / ".tools" / "anvil"]
    )
    for candidate in candidates:
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate
    raise Unavailable(
        "anvil_missing",
        f"there is no anvil program at {candidates[0]}",
        hint=f"run 'python3 bootstrap.py', or name one with {ANVIL_VARIABLE}",
    )


def command(binary: Path, genesis: Genesis, socket_path: Path) -> list[str]:
    """Return the command line; every option that enters a block hash is stated."""
    return [
        *(str(binary), "--quiet", "--no-mining", "--order", "fifo"),
        *("--hardfork", "prague", "--chain-id", str(genesis.chain_id)),
        *("--timestamp", str(genesis.time), "--gas-limit", str(BLOCK_GAS_LIMIT)),
        *("--base-fee", "0", "--gas-price", "0", "--disable-min-priority-fee"),
        *("--accounts", "0", "--prune-history", str(KEPT_STATES)),
        *("--ipc", str(socket_path), "--host", "127.0.0.1", "--port", "0", "--no-cors"),
    ]


class Anvil:
    """A running anvil. It dies with the thread that started it; any thread may talk to it."""

    def __init__(self, process: subprocess.Popen[bytes], socket_path: Path) -> None:
        self._process = process
        self._socket_path = socket_path
        self._idle: list[socket.socket] = []
        self._guard = threading.Lock()

    @classmethod
    def start(
        cls, binary: Path, folder: Path, genesis: Genesis, state: bytes | None = None
    ) -> Anvil:
        """Start anvil and return once it answers.

        Args:
            binary: the program.
            folder: the chain's.
            genesis: what it begins with.
            state: what ``dump_state`` returned, to begin with that instead.

        Raises:
            RpcError: it cannot read that state.
            Unavailable: it does not start.
        """
        for stale in folder.glob("anvil-*.sock"):
            stale.unlink(missing_ok=True)
        # A relative name: a unix socket's path may be no longer than about 100 bytes.
        name = f"anvil-{os.getpid()}-{next(_STARTS)}.sock"
        wrapper = [sys.executable, "-I", "-S", "-c", _WRAPPER, str(os.getpid())]
        begin = [] if state is None else ["--load-state", "/dev/stdin"]
        with (folder / "anvil.log").open("wb") as log:
            process = subprocess.Popen(
                [*wrapper, *command(binary, genesis, Path(name)), *begin],
                cwd=folder,
                env={"HOME": str(folder), "PATH": os.defpath},
                stdin=subprocess.DEVNULL if state is None else subprocess.PIPE,
                stdout=log,
                stderr=log,
            )
        anvil = cls(process, folder / name)
        try:
            if state is not None:
                _feed(process, state)
            seconds = _START_SECONDS if state is None else _STATE_SECONDS
            anvil._wait_until_answering(genesis, seconds)
            anvil.call("anvil_setCode", _HISTORY_CONTRACT, "0x")
        except BaseException:
            anvil.stop()
            raise
        return anvil

    @property
    def is_running(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def call(self, method: str, *parameters: object) -> Any:
        """Return the result of one JSON-RPC call.

        Raises:
            RpcError: anvil refused.
            Unavailable: anvil did not answer.
        """
        request = {"jsonrpc": "2.0", "id": 0, "method": method, "params": parameters}
        answer = json.loads(self.exchange(json.dumps(request).encode()))
        error = answer.get("error")
        if error is not None:
            raise RpcError(error["code"], error["message"], error.get("data"))
        return answer["result"]

    def dump_state(self) -> bytes:
        """Return all of the chain as anvil writes it down: state, blocks, receipts; compressed.

        Raises:
            RpcError: anvil refused.
            Unavailable: anvil did not answer.
        """
        request = b'{"jsonrpc":"2.0","id":0,"method":"anvil_dumpState","params":[]}'
        answer = self.exchange(request, _STATE_SECONDS)
        # Not through a JSON parser: it would hold this, the largest of all answers, three times.
        start, end = answer.find(b'"0x'), answer.rfind(b'"')
        try:
            return binascii.unhexlify(memoryview(answer)[start + 3 : end])
        except ValueError as error:
            raise RpcError(-32603, "anvil does not dump its state") from error

    def exchange(self, request: bytes, seconds: float = _ANSWER_SECONDS) -> bytes:
        """Send one JSON document and return the one that answers it.

        Raises:
            Unavailable: anvil did not answer, or not in time.
        """
        connection = self._take()
        try:
            connection.settimeout(seconds)
            connection.sendall(request + b"\n")
            parts = []
            while True:
                part = connection.recv(1 << 18)
                if not part:
                    raise ConnectionError("closed")
                parts.append(part)
                if part.endswith(b"\n"):  # one answer, one line
                    break
        except OSError as error:
            connection.close()
            raise _down() from error
        except BaseException:
            connection.close()
            raise
        with self._guard:
            self._idle.append(connection)
        return b"".join(parts)

    def stop(self) -> None:
        """End the process. There is nothing to lose in it: the journal has all."""
        self._process.kill()
        self._process.wait()
        with self._guard:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
        self._socket_path.unlink(missing_ok=True)

    def _take(self) -> socket.socket:
        with self._guard:
            if self._idle:
                return self._idle.pop()
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(_ANSWER_SECONDS)
        try:
            _connect(connection, self._socket_path)
        except OSError as error:
            connection.close()
            raise _down() from error
        return connection

    def _wait_until_answering(self, genesis: Genesis, seconds: float) -> None:
        patience = time.monotonic() + seconds
        while time.monotonic() < patience and self.is_running:
            try:
                if self.call("eth_chainId") == hex(genesis.chain_id):
                    return
            except Unavailable:
                time.sleep(0.005)
        if (self._process.poll() or 0) > 0 and seconds == _STATE_SECONDS:
            raise RpcError(-32603, "anvil does not load this state")
        raise Unavailable(
            "anvil_not_started",
            "anvil does not start",
            hint=f"see {self._socket_path.parent / 'anvil.log'}; it needs glibc 2.35 or newer",
        )


def _feed(process: subprocess.Popen[bytes], state: bytes) -> None:
    """Give anvil a state to begin with.

    Through a pipe, not by ``anvil_loadState``: at 10^5 transactions that request of 106 MB was
    not even taken in after a minute.
    """
    if process.stdin is None:
        raise ValueError("there is no pipe to anvil")
    try:
        with process.stdin as pipe, gzip.open(io.BytesIO(state)) as plain:
            shutil.copyfileobj(plain, pipe, 1 << 20)
    except (OSError, EOFError, zlib.error) as error:  # anvil has closed it, or this is no gzip
        raise RpcError(-32603, "anvil does not load this state") from error


def _connect(connection: socket.socket, path: Path) -> None:
    """Connect to a socket whose path may be longer than the kernel takes."""
    if len(os.fsencode(path)) < 100:
        connection.connect(str(path))
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        connection.connect(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)


def _down() -> Unavailable:
    return Unavailable("anvil_down", "the chain's anvil does not answer", retry_after=1)
