"""Talking to a chain node that is slow, silent, talkative or wrong."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from contracts.chain import Chain
from contracts.interfaces import LedgerRefused
from contracts.rpc import Rpc, RpcError
from core.errors import ComityError, LimitError, Unavailable, UsageError
from tests.support.anvil import bare_anvil
from tests.support.rpcproxy import RpcProxy, rpc_proxy

CHAIN_ID = 31_337


@pytest.fixture(scope="module")
def anvil(anvil_program: str) -> Iterator[str]:
    with bare_anvil(anvil_program, CHAIN_ID) as url:
        yield url


@pytest.fixture
def proxy(anvil: str) -> Iterator[RpcProxy]:
    with rpc_proxy(anvil) as running:
        yield running


@contextmanager
def speaking(*answers: bytes, pause: float = 0.0) -> Iterator[str]:
    """A server that sends these bytes, one after another, to its first client."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ended = threading.Event()

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                for part in answers:
                    if ended.wait(pause):
                        return
                    try:
                        connection.sendall(part)
                    except OSError:
                        return

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        ended.set()
        thread.join()


def reply(body: bytes, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def failing(url: str, timeout: float = 5.0, limit: int = 10_000) -> ComityError:
    with closing(Rpc(url, timeout, limit)) as rpc, pytest.raises(ComityError) as caught:
        rpc.call("eth_chainId")
    return caught.value


def test_calls_and_batches_answer_in_order(anvil: str) -> None:
    with closing(Rpc(anvil)) as rpc:
        assert rpc.call("eth_chainId") == hex(CHAIN_ID)
        calls = [("eth_getBlockByNumber", (hex(number % 2), False)) for number in range(250)]
        answers = rpc.call_batch(calls)
        assert rpc.call_batch([]) == []
    assert [int(a["number"], 16) if a else 1 for a in answers] == [n % 2 for n in range(250)]


def test_answers_of_a_batch_may_come_in_any_order(proxy: RpcProxy) -> None:
    proxy.raw = b'[{"jsonrpc":"2.0","id":1,"result":"b"},{"jsonrpc":"2.0","id":0,"result":"a"}]'
    with closing(Rpc(proxy.url)) as rpc:
        assert rpc.call_batch([("eth_a", ()), ("eth_b", ())]) == ["a", "b"]


@pytest.mark.parametrize(
    "raw",
    [
        b"[]", b"{}", b'"text"', b"null", b"1",
        b'[{"jsonrpc":"2.0","id":0,"result":"a"},{"jsonrpc":"2.0","id":0,"result":"a"}]',
        b'[{"jsonrpc":"2.0","id":0,"result":"a"},{"jsonrpc":"2.0","id":2,"result":"a"}]',
        b'[{"jsonrpc":"2.0","id":0,"result":"a"},null]',
        b'[{"jsonrpc":"2.0","id":0,"result":"a"},{"jsonrpc":"2.0","id":1}]',
    ],
)  # fmt: skip
def test_what_is_no_json_rpc_is_refused(proxy: RpcProxy, raw: bytes) -> None:
    proxy.raw = raw
    with closing(Rpc(proxy.url)) as rpc:
        with pytest.raises(Unavailable) as batch:
            rpc.call_batch([("eth_a", ()), ("eth_b", ())])
        with pytest.raises(Unavailable) as single:
            rpc.call("eth_a")
    assert (batch.value.code, single.value.code) == ("chain_answer", "chain_answer")


def test_errors_of_the_node_keep_their_number_and_words(anvil: str) -> None:
    with closing(Rpc(anvil)) as rpc:
        for action in (
            lambda: rpc.call("eth_noSuchMethod"),
            lambda: rpc.call_batch([("eth_chainId", ()), ("eth_noSuchMethod", ())]),
        ):
            with pytest.raises(RpcError) as refused:
                action()
            assert refused.value.rpc_code in (-32601, -32602)
            assert refused.value.revert is None


def test_a_revert_without_a_reason_is_a_refusal(anvil: str) -> None:
    with closing(Chain(anvil, CHAIN_ID)) as chain:
        with pytest.raises(LedgerRefused) as refused:  # PUSH0 PUSH0 REVERT as creation code
            chain.request("eth_estimateGas", {"data": "0x5f5ffd"})
        assert refused.value.code == "reverted"


def test_answers_above_the_limit_are_refused() -> None:
    with speaking(reply(b'{"jsonrpc":"2.0","id":0,"result":"' + b"a" * 20_000 + b'"}')) as url:
        assert isinstance(failing(url), LimitError)


def test_a_drip_of_bytes_does_not_hold_us_for_ever() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    began = time.monotonic()
    with speaking(head, *[b" "] * 100, pause=0.1) as url:
        error = failing(url, timeout=0.5)
    assert error.code == "chain_unreachable"
    assert time.monotonic() - began < 3


def test_silence_is_unavailable() -> None:
    with speaking(b"", pause=30) as url:
        assert failing(url, timeout=0.3).code == "chain_unreachable"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (reply(b"<html>", "502 Bad Gateway"), "chain_answer"),
        (reply(b"", "302 Found"), "chain_answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{", "chain_answer"),
        (b"SSH-2.0-OpenSSH\r\n", "chain_unreachable"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", "chain_unreachable"),
    ],
)
def test_other_answers_are_unavailable(answer: bytes, code: str) -> None:
    with speaking(answer) as url:
        assert failing(url).code == code


def test_a_kept_connection_that_was_closed_is_replaced_for_reads_only(anvil: str) -> None:
    with rpc_proxy(anvil) as first:
        rpc = Rpc(first.url)
        assert rpc.call("eth_chainId") == hex(CHAIN_ID)
        first.drop_replies = True
        first.requests.clear()
        with pytest.raises(Unavailable):
            rpc.call("evm_mine")
        assert first.requests == ["evm_mine"]
        first.drop_replies = False
        assert rpc.call("eth_chainId") == hex(CHAIN_ID)
        first.drop_replies = True
        first.requests.clear()
        with pytest.raises(Unavailable):
            rpc.call("eth_chainId")
        assert first.requests == ["eth_chainId", "eth_chainId"]
        rpc.close()


def test_credentials_are_sent_and_never_shown(proxy: RpcProxy) -> None:
    url = proxy.url.replace("http://", "http://body:s%3Acret@") + "/path?token=private"
    with closing(Chain(url, CHAIN_ID)) as chain:
        sent = proxy.headers["Authorization"].removeprefix("Basic ")
        assert base64.b64decode(sent) == b"body:s:cret"
        shown = f"{chain!r} {chain.rpc!r}"
        proxy.raw = b"nonsense"
        with pytest.raises(Unavailable) as refused:
            chain.request("eth_chainId")
        shown += f"{refused.value!r} {refused.value.hint}"
    for private in ("cret", "private", "token", "path"):
        assert private not in shown


@pytest.mark.parametrize("url", ["", "ftp://a", "http://", "localhost:8545", "http://a:port"])
def test_other_urls_are_usage_errors(url: str) -> None:
    with pytest.raises(UsageError) as refused:
        Rpc(url)
    assert refused.value.code == "rpc_url"


def test_web3_goes_through_the_same_limits_and_asks_for_nothing_more(proxy: RpcProxy) -> None:
    with closing(Chain(proxy.url, CHAIN_ID)) as chain:
        proxy.requests.clear()
        account = "0x" + "11" * 20
        assert chain.web3.eth.get_transaction_count(chain.web3.to_checksum_address(account)) == 0
        assert proxy.requests == ["eth_getTransactionCount"]
        assert chain.web3.provider.global_ccip_read_enabled is False
        proxy.raw = json.dumps({"jsonrpc": "2.0", "id": 9, "result": "0x0"}).encode()
        with pytest.raises(Unavailable):
            chain.web3.eth.get_transaction_count(chain.web3.to_checksum_address(account))
