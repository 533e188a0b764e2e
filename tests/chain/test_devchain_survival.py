"""The development chain survives what happens to processes, disks and files: nothing is lost."""

from __future__ import annotations

import errno
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from contracts.devchain import journal as journal_module
from contracts.devchain.journal import Accepted, Block, Genesis, Head, Journal, Record
from contracts.devchain.supervisor import DEFAULT_CHAIN_ID, DevChain, Settings, Supervisor
from core.errors import ComityError, ProofError, Unavailable
from tests.support.devchain import (
    KNOWN,
    STORE_AND_LOG,
    Sender,
    anvil_of,
    is_answering,
    quiet_chain,
)
from tests.support.jsonrpc import JsonRpc, wait_for

CHECKOUT = Path(__file__).resolve().parents[2]


# ---------------------------------------------------------------- kill -9


class Load:
    """Senders that keep sending, and remember what they were told."""

    def __init__(self, threads: int = 3) -> None:
        self.acknowledged: list[str] = []
        self.url = ""
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._send, args=(Sender(),)) for _ in range(threads)
        ]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _send(self, sender: Sender) -> None:
        raw = sender.sign()
        while not self._stop.is_set():
            try:
                answer = JsonRpc(self.url).answer("eth_sendRawTransaction", raw)
            except (OSError, http.client.HTTPException, AssertionError):
                time.sleep(0.05)  # nobody there, or no answer about this transaction
                continue
            if "result" in answer:
                self.acknowledged.append(answer["result"])
            if "result" in answer or answer["error"]["message"] in KNOWN:
                raw = sender.sign()


def test_killing_anvil_loses_nothing_and_reorganises_nothing(folder: Path) -> None:
    with quiet_chain(folder, lead=60) as rpc:
        load = Load()
        load.url = f"http://{rpc.address}"
        with load:
            for _ in range(3):
                enough = len(load.acknowledged) + 20
                wait_for(lambda: len(load.acknowledged) > enough, 20)  # noqa: B023 (waits here)
                head = rpc.head()
                os.kill(anvil_of(folder), signal.SIGKILL)
                wait_for(lambda: is_answering(rpc), 20)
                assert rpc("eth_getBlockByNumber", head["number"], False) == head
        assert len(load.acknowledged) > 60
        for each in load.acknowledged:
            assert rpc.receipt(each)["status"] == "0x1"


def test_killing_the_supervisor_loses_nothing_and_leaves_nothing(folder: Path) -> None:
    load = Load()
    heads: list[dict[str, Any]] = []
    with load:
        for _ in range(3):
            with _running(folder) as (process, rpc):
                for head in heads:
                    assert rpc("eth_getBlockByNumber", head["number"], False) == head
                load.url = f"http://{rpc.address}"
                enough = len(load.acknowledged) + 20
                wait_for(lambda: len(load.acknowledged) > enough, 20)  # noqa: B023 (waits here)
                heads.append(rpc.head())
                process.kill()
                process.wait()
                wait_for(lambda: not anvil_of(folder), 5)
    assert len(load.acknowledged) > 60
    with quiet_chain(folder, lead=60) as rpc:
        for each in load.acknowledged:
            assert rpc.receipt(each)["status"] == "0x1"


def test_it_ends_cleanly_when_asked_to(folder: Path) -> None:
    with _running(folder) as (process, rpc):
        assert int(rpc("eth_chainId"), 16) == DEFAULT_CHAIN_ID
        assert (folder / "ready.json").exists()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert not (folder / "ready.json").exists()
        assert not anvil_of(folder)


def test_a_long_replay_can_be_broken_off(folder: Path) -> None:
    folder.mkdir()
    journal = Journal.open(folder / "journal")
    begun = int(time.time()) - 10**6
    journal.append(Genesis(DEFAULT_CHAIN_ID, begun))
    for number in range(1, 20_001):
        journal.append(Block(number, begun + 20 * number, 0))
    journal.close()
    supervisor = Supervisor(Settings(folder))
    asking = threading.Timer(0.5, supervisor.request_stop)
    asking.start()
    with pytest.raises(Unavailable) as refusal:
        supervisor.start()
    asking.join()
    assert refusal.value.code == "chain_stopping"
    assert not anvil_of(folder)


def test_a_block_that_somebody_else_mined_is_undone(folder: Path) -> None:
    with quiet_chain(folder) as rpc:
        sender = Sender()
        rpc.receipt(rpc("eth_sendRawTransaction", sender.sign()))
        head = rpc.head()
        (back_door,) = folder.glob("anvil-*.sock")
        intruder = _connected(back_door)
        try:
            intruder.sendall(b'{"jsonrpc":"2.0","id":1,"method":"evm_mine","params":[]}\n')
            assert b"error" not in intruder.recv(1000)
        finally:
            intruder.close()
        sent = rpc("eth_sendRawTransaction", sender.sign())
        wait_for(lambda: rpc.answer("eth_getTransactionReceipt", sent).get("result"), 10)
        assert int(rpc("eth_blockNumber"), 16) == int(head["number"], 16) + 1
        assert rpc.head()["parentHash"] == head["hash"]


def _connected(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        connection.connect(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)
    return connection


@contextmanager
def _running(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], JsonRpc]]:
    """A supervisor in a process of its own, as a user starts it."""
    begin = "import sys; from core.runtime.commands import main; sys.exit(main())"
    (folder / "ready.json").unlink(missing_ok=True)  # left behind by kill -9
    process = subprocess.Popen(
        [sys.executable, "-c", begin, "chain", "run", "--dir", str(folder), "--port", "0"],
        cwd=CHECKOUT,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: (folder / "ready.json").exists() or process.poll() is not None, 20)
        info = json.loads((folder / "ready.json").read_text())
        assert info == {"rpc": info["rpc"], "chain_id": DEFAULT_CHAIN_ID, "pid": process.pid}
        yield process, JsonRpc(info["rpc"])
    finally:
        process.kill()
        process.wait()


def test_nothing_is_answered_or_mined_before_it_is_durable(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    durable = threading.Event()
    answers: list[str] = []
    with quiet_chain(folder) as rpc:
        raw = Sender().sign()
        monkeypatch.setattr(journal_module, "_synchronize", lambda _: durable.wait(20))
        sending = threading.Thread(
            target=lambda: answers.append(rpc("eth_sendRawTransaction", raw))
        )
        sending.start()
        try:
            time.sleep(0.6)
            assert answers == []
            assert rpc("eth_blockNumber") == "0x0"
        finally:
            durable.set()
            sending.join()
        assert rpc.receipt(answers[0])["blockNumber"] == "0x1"


def test_a_full_disk_promises_nothing_and_the_chain_goes_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = Sender()
    raw = sender.sign()
    real = os.pwrite

    def full(descriptor: int, frame: bytes, offset: int) -> int:
        if len(frame) < len(raw) // 2:  # blocks still fit, transactions do not
            return real(descriptor, frame, offset)
        raise OSError(errno.ENOSPC, "No space left on device")

    with quiet_chain(folder) as rpc:
        monkeypatch.setattr(os, "pwrite", full)
        request = {"jsonrpc": "2.0", "id": 1, "method": "eth_sendRawTransaction", "params": [raw]}
        status, body = rpc.post(json.dumps(request).encode())
        assert (status, "No space left" in json.loads(body)["error"]["message"]) == (503, True)
        monkeypatch.undo()
        assert rpc("eth_getTransactionCount", sender.address, "pending") == "0x0"
        assert rpc.receipt(rpc("eth_sendRawTransaction", raw))["blockNumber"] == "0x1"
        head = rpc.head()
    with quiet_chain(folder) as rpc:
        assert rpc.head() == head


def test_a_journal_that_cannot_be_made_durable_ends_the_chain(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = DevChain(folder, block_period=3600)
    chain.start()
    try:
        with monkeypatch.context() as broken:
            broken.setattr(journal_module, "_synchronize", _fail_to_synchronize)
            answer = JsonRpc(chain.rpc_url).post(
                json.dumps(
                    {"jsonrpc": "2.0", "id": 1, "method": "eth_sendRawTransaction",
                     "params": [Sender().sign()]}
                ).encode()
            )  # fmt: skip
            assert answer[0] == 503
            wait_for(lambda: not (folder / "ready.json").exists(), 10)
    finally:
        chain.stop()
    assert not anvil_of(folder)
    with quiet_chain(folder) as rpc:
        assert is_answering(rpc)


def _fail_to_synchronize(descriptor: int) -> None:
    raise OSError(errno.EIO, "Input/output error")


# ---------------------------------------------------------------- damage


@pytest.fixture
def stopped(folder: Path) -> Path:
    """A chain of a few blocks that was stopped; the path of its journal."""
    sender = Sender()
    with quiet_chain(folder) as rpc:
        for _ in range(3):
            rpc.receipt(rpc("eth_sendRawTransaction", sender.sign(to=None, data=STORE_AND_LOG)))
    return folder / "journal"


def _refusal(journal: Path) -> ComityError:
    with pytest.raises(ProofError) as refusal:
        DevChain(journal.parent).start()
    assert not anvil_of(journal.parent)
    return refusal.value


@pytest.mark.parametrize("place", [0.1, 0.5, 0.999])
def test_a_flipped_bit_is_refused(stopped: Path, place: float) -> None:
    damaged = bytearray(stopped.read_bytes())
    damaged[int(len(damaged) * place)] ^= 4
    stopped.write_bytes(damaged)
    assert _refusal(stopped).code == "journal_damaged"
    assert stopped.read_bytes() == damaged


def test_a_torn_tail_is_no_damage(stopped: Path) -> None:
    stopped.write_bytes(stopped.read_bytes()[:-5])
    with quiet_chain(stopped.parent) as rpc:
        assert rpc("eth_blockNumber") == "0x3"


def _rewrite(journal: Path, change: Any) -> None:
    """Write the journal anew with valid checksums and other records, as only a forger would."""
    old = Journal.open(journal)
    records = list(old.records())
    old.close()
    journal.unlink()
    new = Journal.open(journal)
    for record in change(records):
        new.append(record)
    new.close()


def _one_second_later(records: list[Record]) -> list[Record]:
    first = next(i for i, record in enumerate(records) if isinstance(record, Block))
    block = records[first]
    assert isinstance(block, Block)
    return [*records[:first], Block(1, block.time - 1, block.count), *records[first + 1 :]]


def _another_genesis(records: list[Record]) -> list[Record]:
    assert isinstance(records[0], Genesis)
    return [Genesis(records[0].chain_id, records[0].time - 5), *records[1:]]


def _without_a_transaction(records: list[Record]) -> list[Record]:
    first = next(i for i, record in enumerate(records) if isinstance(record, Accepted))
    return records[:first] + records[first + 1 :]


def _with_another_last_hash(records: list[Record]) -> list[Record]:
    head = records[-1]
    assert isinstance(head, Head)
    return [*records[:-1], Head(head.number, bytes(32))]


@pytest.mark.parametrize(
    "change", [_one_second_later, _another_genesis, _without_a_transaction, _with_another_last_hash]
)
def test_a_forged_journal_makes_another_chain_and_is_refused(stopped: Path, change: Any) -> None:
    _rewrite(stopped, change)
    assert _refusal(stopped).code == "chain_mismatch"


def test_a_journal_rewritten_as_it_was_is_taken(stopped: Path) -> None:
    _rewrite(stopped, lambda records: records)
    with quiet_chain(stopped.parent) as rpc:
        assert rpc("eth_blockNumber") == "0x3"
