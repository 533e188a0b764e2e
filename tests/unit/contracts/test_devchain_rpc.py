"""What the gateway answers before any chain is asked: refusals, batches, errors."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest

from contracts.devchain.anvil import RpcError
from contracts.devchain.gateway import MAX_BATCH, METHODS, Rpc
from contracts.devchain.miner import Miner
from core.errors import Unavailable

HASH = "0x" + "ab" * 32


class FakeAnvil:
    def __init__(self) -> None:
        self.asked: list[Any] = []

    def exchange(self, request: bytes) -> bytes:
        asked = json.loads(request)
        self.asked.append(asked)
        return json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": "0x2a"}).encode() + b"\n"


class FakeMiner:
    def __init__(self) -> None:
        self.fake = FakeAnvil()
        self.accepted: list[bytes] = []
        self.is_up = True

    def anvil(self) -> FakeAnvil:
        if not self.is_up:
            raise Unavailable("chain_recovering", "the chain is being restored", retry_after=1)
        return self.fake

    def accept(self, raw: bytes) -> str:
        self.anvil()
        if raw == b"\x00":
            raise RpcError(-32000, "nonce too low")
        self.accepted.append(raw)
        return HASH


@pytest.fixture
def miner() -> FakeMiner:
    return FakeMiner()


@pytest.fixture
def rpc(miner: FakeMiner) -> Rpc:
    return Rpc(cast(Miner, miner))


def request(method: str, /, *parameters: object, **more: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters, **more}


def ask(rpc: Rpc, document: object) -> Any:
    status, body = rpc.answer(json.dumps(document).encode())
    assert status == 200
    return json.loads(body)


def code(answer: Any) -> int:
    return cast(int, answer["error"]["code"])


def test_a_listed_method_is_forwarded(rpc: Rpc, miner: FakeMiner) -> None:
    assert ask(rpc, request("eth_blockNumber")) == {"jsonrpc": "2.0", "id": 1, "result": "0x2a"}
    assert miner.fake.asked == [request("eth_blockNumber") | {"params": []}]


@pytest.mark.parametrize(
    "method",
    ["anvil_mine", "anvil_setBalance", "anvil_dumpState", "evm_mine", "evm_revert", "evm_snapshot",
     "hardhat_setNonce", "debug_traceTransaction", "trace_block", "personal_sign", "txpool_content",
     "eth_sendTransaction", "eth_accounts", "eth_sign", "eth_signTransaction", "eth_newFilter",
     "eth_getFilterChanges", "eth_subscribe", "eth_sendUnsignedTransaction", "admin_peers", "",
     "ETH_CALL", "eth_call ", "eth_sendRawTransactionSync"],
)  # fmt: skip
def test_any_other_method_is_not_found(rpc: Rpc, miner: FakeMiner, method: str) -> None:
    assert code(ask(rpc, request(method))) == -32601
    assert miner.fake.asked == []


def test_every_listed_method_is_one_that_reads_or_the_one_that_sends() -> None:
    reading = {m for m in METHODS if m.startswith("eth_")} - {"eth_sendRawTransaction"}
    assert METHODS - reading == {"eth_sendRawTransaction", "net_version", "web3_clientVersion"}
    assert not [m for m in reading if "send" in m.lower() or "sign" in m.lower() or "ilter" in m]


def test_the_last_of_two_equal_names_counts_for_both_parsers(rpc: Rpc, miner: FakeMiner) -> None:
    hidden = b'{"jsonrpc":"2.0","id":1,"method":"anvil_mine","method":"eth_chainId","params":[]}'
    assert rpc.answer(hidden)[0] == 200
    assert [asked["method"] for asked in miner.fake.asked] == ["eth_chainId"]


def test_a_raw_transaction_goes_to_the_miner(rpc: Rpc, miner: FakeMiner) -> None:
    assert ask(rpc, request("eth_sendRawTransaction", "0x02c0"))["result"] == HASH
    assert miner.accepted == [b"\x02\xc0"]
    assert miner.fake.asked == []


@pytest.mark.parametrize(
    "parameters", [[], ["02c0"], ["0xzz"], ["0x0"], [1], [None], ["0x02", "0x03"], [{}]]
)
def test_a_transaction_that_is_none_is_refused(rpc: Rpc, parameters: list[object]) -> None:
    assert code(ask(rpc, request("eth_sendRawTransaction", *parameters))) == -32602


def test_the_miner_s_refusal_is_passed_on(rpc: Rpc) -> None:
    answer = ask(rpc, request("eth_sendRawTransaction", "0x00"))
    assert answer["error"] == {"code": -32000, "message": "nonce too low"}


def test_fees_are_zero(rpc: Rpc) -> None:
    assert ask(rpc, request("eth_maxPriorityFeePerGas"))["result"] == "0x0"


WRONG: dict[str, list[object]] = {
    "id": [None, True, -1, 1.5, [], "x" * 101],
    "params": [{}, "x", None],
    "method": [1, None, []],
    "jsonrpc": ["1.0", 2, None],
    "more": [1],
}


@pytest.mark.parametrize(
    "document",
    [1, "x", None, {}, {"jsonrpc": "2.0"},
     *(request("eth_chainId", **{name: each}) for name, all_ in WRONG.items() for each in all_)],
)  # fmt: skip
def test_what_is_no_request_is_invalid(rpc: Rpc, miner: FakeMiner, document: object) -> None:
    assert code(ask(rpc, document)) == -32600
    assert miner.fake.asked == []


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[NaN]", b"[" * 200_000, b'{"a":' * 9999])
def test_what_is_no_json_is_refused(rpc: Rpc, body: bytes) -> None:
    status, answer = rpc.answer(body)
    assert (status, code(json.loads(answer))) == (400, -32700)


def test_parameters_nested_without_end_are_refused(rpc: Rpc, miner: FakeMiner) -> None:
    deep = b'{"jsonrpc":"2.0","id":1,"method":"eth_call","params":' + b"[" * 900 + b"]" * 900 + b"}"
    assert code(json.loads(rpc.answer(deep)[1])) == -32600
    assert miner.fake.asked == []


def test_a_batch_is_answered_in_order_each_on_its_own(rpc: Rpc, miner: FakeMiner) -> None:
    batch = [
        request("eth_chainId", id="a"),
        request("evm_mine", id="b"),
        request("eth_sendRawTransaction", "0x02c0", id="c"),
        7,
    ]
    answers = ask(rpc, batch)
    assert [answer["id"] for answer in answers] == ["a", "b", "c", None]
    assert [answers[0]["result"], code(answers[1]), answers[2]["result"], code(answers[3])] == [
        "0x2a", -32601, HASH, -32600,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("size", "is_taken"), [(0, False), (MAX_BATCH, True), (MAX_BATCH + 1, False)]
)
def test_a_batch_has_a_limit(rpc: Rpc, miner: FakeMiner, size: int, is_taken: bool) -> None:
    answer = ask(rpc, [request("eth_chainId")] * size)
    assert isinstance(answer, list) == is_taken
    assert len(miner.fake.asked) == (size if is_taken else 0)


@pytest.mark.parametrize("method", ["eth_chainId", "eth_sendRawTransaction"])
def test_while_there_is_no_chain_it_says_so(rpc: Rpc, miner: FakeMiner, method: str) -> None:
    miner.is_up = False
    for document in (request(method, "0x02"), [request(method, "0x02")]):
        status, body = rpc.answer(json.dumps(document).encode())
        assert (status, code(json.loads(body))) == (503, -32002)
