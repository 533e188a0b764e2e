"""The development chain on real anvil: timing, restarts, refusals."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from contracts.devchain.journal import Accepted, Block, Journal
from contracts.devchain.supervisor import DevChain
from core.errors import Refused, Unavailable
from tests.support.devchain import KNOWN, REVERT, STORE_AND_LOG, Sender, is_answering, quiet_chain
from tests.support.jsonrpc import JsonRpc, wait_for


@pytest.fixture
def rpc(devchain: DevChain) -> JsonRpc:
    return JsonRpc(devchain.rpc_url)


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
    assert known in KNOWN
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
        assert is_answering(rpc)
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
