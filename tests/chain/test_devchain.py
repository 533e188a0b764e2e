"""The development chain on real anvil: timing, restarts, kills, refusals, damage."""

from __future__ import annotations

import errno
import http.client
import itertools
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
from eth_account import Account
from eth_account.signers.local import LocalAccount

from contracts.devchain import journal as journal_module
from contracts.devchain.journal import Accepted, Block, Genesis, Head, Journal, Record
from contracts.devchain.supervisor import DEFAULT_CHAIN_ID, DevChain, Settings, Supervisor
from core.errors import ComityError, ProofError, Refused, Unavailable
from tests.support.jsonrpc import JsonRpc, wait_for

CHECKOUT = Path(__file__).resolve().parents[2]
STORE_AND_LOG = "0x600160005560005060006000a0"  # SSTORE(0, 1), then an empty log, as init code
REVERT = "0x60006000fd"
_SEEDS = itertools.count(1)


class Sender:
    """An account that signs transactions with zero fees, one nonce after the other."""

    def __init__(self, chain_id: int = DEFAULT_CHAIN_ID) -> None:
        self.account: LocalAccount = Account.from_key(next(_SEEDS).to_bytes(32, "big"))
        self.chain_id = chain_id
        self.nonce = 0

    @property
    def address(self) -> str:
        return self.account.address

    def sign(self, **changes: object) -> str:
        fields: dict[str, Any] = {
            "chainId": self.chain_id,
            "nonce": self.nonce,
            "gas": 100_000,
            "to": self.address,
            "value": 0,
            "maxFeePerGas": 0,
            "maxPriorityFeePerGas": 0,
        } | changes
        fields = {name: value for name, value in fields.items() if value is not None}
        self.nonce += 1
        return "0x" + bytes(self.account.sign_transaction(fields).raw_transaction).hex()


@pytest.fixture
def folder(tmp_path: Path, anvil_program: str) -> Path:
    return tmp_path / "chain"


@pytest.fixture
def rpc(devchain: DevChain) -> JsonRpc:
    return JsonRpc(devchain.rpc_url)


@contextmanager
def quiet_chain(folder: Path, **settings: Any) -> Iterator[JsonRpc]:
    """A chain that makes no empty blocks while a test looks at it."""
    with DevChain(folder, **({"block_period": 3600.0} | settings)) as chain:
        yield JsonRpc(chain.rpc_url)


# ---------------------------------------------------------------- blocks


def test_a_waiting_transaction_is_in_a_block_within_a_second(rpc: JsonRpc) -> None:
    sender = Sender()
    for _ in range(3):
        begun = time.monotonic()
        receipt = rpc.receipt(rpc("eth_sendRawTransaction", sender.sign()), 1.0)
        assert receipt["status"] == "0x1"
        assert time.monotonic() - begun < 1.0


def test_several_senders_share_a_block_in_the_order_of_acceptance(rpc: JsonRpc) -> None:
    senders = [Sender() for _ in range(4)]
    requests = [
        {"jsonrpc": "2.0", "id": i, "method": "eth_sendRawTransaction", "params": [sender.sign()]}
        for i, sender in enumerate(senders * 5)
    ]
    _, body = rpc.post(json.dumps(requests).encode())
    hashes = [answer["result"] for answer in json.loads(body)]
    blocks = sorted({int(rpc.receipt(each)["blockNumber"], 16) for each in hashes})
    assert len(blocks) <= 4  # one, on a machine with nothing else to do
    mined = [rpc("eth_getBlockByNumber", hex(each), False)["transactions"] for each in blocks]
    assert list(itertools.chain(*mined)) == hashes
    for sender in senders:
        assert rpc("eth_getTransactionCount", sender.address, "latest") == "0x5"


def test_a_reverting_transaction_is_mined_and_says_so(rpc: JsonRpc) -> None:
    sender = Sender()
    failed = rpc("eth_sendRawTransaction", sender.sign(to=None, data=REVERT))
    after = rpc("eth_sendRawTransaction", sender.sign())
    assert rpc.receipt(failed)["status"] == "0x0"
    assert rpc.receipt(after)["status"] == "0x1"


def test_a_waiting_transaction_counts_as_pending(rpc: JsonRpc) -> None:
    sender = Sender()
    rpc("eth_sendRawTransaction", sender.sign())
    assert rpc("eth_getTransactionCount", sender.address, "pending") == "0x1"


def test_an_empty_block_is_made_every_period(folder: Path) -> None:
    with DevChain(folder, block_period=0.4) as chain:
        rpc = JsonRpc(chain.rpc_url)
        begun, first = time.monotonic(), int(rpc("eth_blockNumber"), 16)
        wait_for(lambda: int(rpc("eth_blockNumber"), 16) >= first + 4, 10)
        assert 1.2 <= time.monotonic() - begun <= 4.0


def test_block_time_is_the_clock_s_and_strictly_increasing(folder: Path) -> None:
    lead = 2
    with quiet_chain(folder, lead=lead) as rpc:
        sender = Sender()
        times = [int(rpc.head()["timestamp"], 16)]
        for _ in range(8):
            receipt = rpc.receipt(rpc("eth_sendRawTransaction", sender.sign()))
            block = rpc("eth_getBlockByNumber", receipt["blockNumber"], False)
            times.append(int(block["timestamp"], 16))
            assert abs(times[-1] - time.time()) <= lead + 1
        assert all(a < b for a, b in itertools.pairwise(times))


# ---------------------------------------------------------------- restarts


def test_a_restart_gives_back_the_same_chain(folder: Path) -> None:
    sender = Sender()
    with quiet_chain(folder) as rpc:
        sent = [
            rpc("eth_sendRawTransaction", sender.sign(to=None, data=data))
            for data in (STORE_AND_LOG, REVERT, STORE_AND_LOG)
        ]
        receipts = [rpc.receipt(each) for each in sent]
        blocks = _blocks(rpc)
        logs = rpc("eth_getLogs", {"fromBlock": "0x0"})
        assert len(logs) == 2
    for _ in range(2):
        with quiet_chain(folder) as rpc:
            assert _blocks(rpc) == blocks
            assert [rpc.receipt(each) for each in sent] == receipts
            assert rpc("eth_getLogs", {"fromBlock": "0x0"}) == logs
            assert rpc("eth_getTransactionCount", sender.address, "latest") == "0x3"
    with quiet_chain(folder) as rpc:
        assert rpc.receipt(rpc("eth_sendRawTransaction", sender.sign()))["status"] == "0x1"
        assert rpc.head()["parentHash"] == blocks[-1]["hash"]


def test_what_was_accepted_but_in_no_block_waits_across_a_restart(folder: Path) -> None:
    senders = [Sender(), Sender()]
    raws = [sender.sign() for sender in senders * 3]
    with quiet_chain(folder):
        pass
    journal = Journal.open(folder / "journal")
    for raw in raws:
        journal.append(Accepted(bytes.fromhex(raw[2:])))
    journal.close()
    with quiet_chain(folder) as rpc:
        rpc.receipt(rpc("eth_sendRawTransaction", senders[0].sign()))
        for sender, count in zip(senders, ("0x4", "0x3"), strict=True):
            assert rpc("eth_getTransactionCount", sender.address, "latest") == count


def test_a_block_journalled_but_not_mined_is_mined_at_the_restart(folder: Path) -> None:
    sender = Sender()
    with quiet_chain(folder) as rpc:
        rpc.receipt(rpc("eth_sendRawTransaction", sender.sign()))
        head = rpc.head()
    block = Block(int(head["number"], 16) + 1, int(head["timestamp"], 16) + 7, 1)
    journal = Journal.open(folder / "journal")
    journal.append(Accepted(bytes.fromhex(sender.sign()[2:])))
    journal.append(block)
    journal.close()
    for _ in range(2):
        with quiet_chain(folder) as rpc:
            made = rpc.head()
            assert made["parentHash"] == head["hash"]
            assert int(made["timestamp"], 16) == block.time
            assert len(made["transactions"]) == 1


def _blocks(rpc: JsonRpc) -> list[dict[str, Any]]:
    newest = int(rpc("eth_blockNumber"), 16)
    return [rpc("eth_getBlockByNumber", hex(number), True) for number in range(newest + 1)]


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
            if "result" in answer or answer["error"]["message"] in _KNOWN:
                raw = sender.sign()


_KNOWN = ("transaction already imported", "nonce too low")  # the answer was lost, not the thing


def _anvil_of(folder: Path) -> int:
    """The process id of a folder's anvil, as the kernel knows it."""
    for process in Path("/proc").iterdir():
        try:
            is_anvil = process.name.isdigit() and (process / "comm").read_text() == "anvil\n"
            if is_anvil and (process / "cwd").resolve() == folder.resolve():
                return int(process.name)
        except OSError:
            continue
    return 0


def test_killing_anvil_loses_nothing_and_reorganises_nothing(folder: Path) -> None:
    with quiet_chain(folder, lead=60) as rpc:
        load = Load()
        load.url = f"http://{rpc.address}"
        with load:
            for _ in range(3):
                enough = len(load.acknowledged) + 20
                wait_for(lambda: len(load.acknowledged) > enough, 20)  # noqa: B023 (waits here)
                head = rpc.head()
                os.kill(_anvil_of(folder), signal.SIGKILL)
                wait_for(lambda: _is_answering(rpc), 20)
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
                wait_for(lambda: not _anvil_of(folder), 5)
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
        assert not _anvil_of(folder)


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
    assert not _anvil_of(folder)


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


def _is_answering(rpc: JsonRpc) -> bool:
    return "result" in rpc.answer("eth_blockNumber")


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
    assert not _anvil_of(folder)
    with quiet_chain(folder) as rpc:
        assert _is_answering(rpc)


def _fail_to_synchronize(descriptor: int) -> None:
    raise OSError(errno.EIO, "Input/output error")


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    "method",
    ["anvil_mine", "anvil_setBalance", "anvil_impersonateAccount", "evm_mine", "evm_revert",
     "debug_traceTransaction", "personal_sign", "eth_sendTransaction", "eth_accounts", "eth_sign",
     "eth_newBlockFilter", "txpool_content", "hardhat_reset"],
)  # fmt: skip
def test_methods_that_are_not_listed_are_refused(rpc: JsonRpc, method: str) -> None:
    assert rpc.answer(method)["error"]["code"] == -32601


def test_a_transaction_that_could_not_be_mined_is_refused(rpc: JsonRpc) -> None:
    sender, other = Sender(), Sender(chain_id=1)
    for raw, reason in (
        (sender.sign(nonce=1), "nonce too high: expected 0, got 1"),
        (other.sign(), "invalid chain id"),
        (sender.sign(nonce=0, gas=20_000), "intrinsic gas too low"),
        (sender.sign(nonce=0, value=1), "Insufficient funds"),
        (sender.sign(nonce=0, maxFeePerGas=1), "Insufficient funds"),
        (sender.sign(nonce=0, gas=10**9), "gas"),
        ("0x02c0", "not a signed transaction"),
        ("0x04c0", "type 4 is not supported"),
    ):
        assert reason in rpc.answer("eth_sendRawTransaction", raw)["error"]["message"]
    assert rpc("eth_getTransactionCount", sender.address, "pending") == "0x0"
    first = sender.sign(nonce=0)
    sent = rpc("eth_sendRawTransaction", first)
    known = rpc.answer("eth_sendRawTransaction", first)["error"]["message"]
    rpc.receipt(sent)
    assert known in _KNOWN
    assert "nonce too low" in rpc.answer("eth_sendRawTransaction", first)["error"]["message"]


def test_more_gas_than_a_block_has_goes_into_the_next_block(rpc: JsonRpc) -> None:
    sender = Sender()
    sent = [rpc("eth_sendRawTransaction", sender.sign(gas=200_000_000)) for _ in range(5)]
    blocks = [rpc.receipt(each)["blockNumber"] for each in sent]
    assert len(set(blocks)) >= 3


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Content-Type": "text/plain"}, b"{}", 415),
        ({"Host": "chain.example:80"}, b"{}", 403),
        ({"Transfer-Encoding": "chunked"}, b"2\r\n{}\r\n0\r\n\r\n", 411),
        ({"Content-Length": "99999999999999"}, b"", 413),
        ({"Content-Length": str(5 * 2**20)}, b"", 413),
        ({"Content-Length": "-1"}, b"", 411),
        ({}, b"{", 400),
    ],
)
def test_what_is_no_request_is_refused(
    rpc: JsonRpc, headers: dict[str, str], body: bytes, status: int
) -> None:
    assert rpc.post(body, **headers)[0] == status


def test_only_post_to_the_root_is_answered(rpc: JsonRpc) -> None:
    for method, path, status in (("GET", "/", 501), ("PUT", "/", 501), ("POST", "/x", 404)):
        connection = http.client.HTTPConnection(rpc.address, timeout=5)
        connection.request(method, path, b"{}", {"Content-Type": "application/json"})
        assert connection.getresponse().status == status
        connection.close()


def test_a_call_that_reverts_carries_its_data(rpc: JsonRpc) -> None:
    answer = rpc.answer("eth_call", {"data": "0x60aa60005260206000fd"}, "latest")
    assert answer["error"]["data"].endswith("aa")


def test_a_second_supervisor_is_refused(folder: Path) -> None:
    with quiet_chain(folder) as rpc:
        with pytest.raises(Refused) as refusal:
            DevChain(folder).start()
        assert refusal.value.code == "chain_already_running"
        assert str(os.getpid()) in refusal.value.message
        assert _is_answering(rpc)
    with quiet_chain(folder):
        pass


def test_another_chain_id_is_refused(folder: Path) -> None:
    with quiet_chain(folder):
        pass
    with pytest.raises(Refused) as refusal:
        DevChain(folder, chain_id=5).start()
    assert refusal.value.code == "other_chain"


def test_a_taken_port_is_refused(folder: Path, devchain: DevChain) -> None:
    port = int(devchain.rpc_url.rpartition(":")[2])
    with pytest.raises(Unavailable) as refusal:
        DevChain(folder, port=port).start()
    assert refusal.value.code == "port_taken"


def test_without_anvil_it_says_what_to_do(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMITY_ANVIL", str(folder / "nothing"))
    with pytest.raises(Unavailable) as refusal:
        DevChain(folder).start()
    assert refusal.value.code == "anvil_missing"
    assert "bootstrap.py" in refusal.value.hint


def test_a_folder_may_have_a_very_long_name(tmp_path: Path, anvil_program: str) -> None:
    with quiet_chain(tmp_path / ("x" * 200)) as rpc:
        assert rpc.receipt(rpc("eth_sendRawTransaction", Sender().sign()))


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
    assert not _anvil_of(journal.parent)
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
