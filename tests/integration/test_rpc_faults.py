"""A chain node that goes away, loses its answers or lies: nothing is lost, doubled or believed."""

from __future__ import annotations

import itertools
import json
import os
import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from node.app import create_app
from node.receipt import receipt_of
from node.states import ReceiptState
from node.store import outbox
from node.tokens import Scope, make_token
from tests.support.anchored import assert_anchored_once, has_ended
from tests.support.jsonrpc import JsonRpc
from tests.support.ledger import MadeLedger
from tests.support.node import RunningNode, make_node, record_json, utc_now, work_until
from tests.support.rpcproxy import RpcProxy, honest, rpc_proxy

SEND = "eth_sendRawTransaction"
BACKLOG = 5


@pytest.fixture
def proxy(chain_url: str) -> Iterator[RpcProxy]:
    with rpc_proxy(chain_url) as running:
        yield running


@pytest.fixture
def node(made: MadeLedger, proxy: RpcProxy, tmp_path: Path) -> Iterator[RunningNode]:
    """A node of the first body, behind the proxy."""
    running = make_node(
        made, tmp_path / "node", rpc_url=proxy.url, backlog=BACKLOG, poll_seconds=0.05
    )
    yield running
    running.close()


def codes(node: RunningNode) -> set[str]:
    try:
        return set(json.loads(node.places.worker_health.read_text())["failing"].values())
    except OSError:
        return set()


@pytest.mark.parametrize("share", [0.0, 0.2])
def test_replies_lost_after_delivery_anchor_nothing_twice(
    node: RunningNode, proxy: RpcProxy, randomness: random.Random, share: float
) -> None:
    """The first answer to each transaction is lost, and of all others a share."""
    sent: set[int] = set()

    def loses(methods: list[str]) -> bool:
        count = proxy.requests.count(SEND)
        first = SEND in methods and count not in sent and count % 2 == 1
        sent.add(count)
        return first or randomness.random() < share

    worker = node.worker()
    proxy.loses = loses
    receipts = []
    for number in range(4):
        receipts.append(node.accept(f"LOST-{share}-{number}"))
        for _ in range(5):
            worker.step()
    proxy.loses = lambda _methods: False
    work_until(worker, lambda: has_ended(node, receipts))
    assert proxy.requests.count(SEND) >= 2
    assert_anchored_once(node, receipts)
    with node.store.reading() as connection:
        assert outbox.unfinished(connection, node.member.operating.address) == []


def test_without_a_chain_node_receipts_go_on_to_the_backlog_limit_and_then_drain(
    node: RunningNode, proxy: RpcProxy
) -> None:
    seconds = itertools.count(0, 2)  # between two looks at the clock: each counts anew
    app = create_app(
        node.config,
        node.places,
        node.store,
        lambda: utc_now() + timedelta(seconds=next(seconds)),
        os.urandom,
    )
    token = make_token(node.store, "t", frozenset(Scope), now=utc_now(), random=os.urandom)[1]
    client = app.test_client()
    worker = node.worker()
    work_until(worker, lambda: worker.fence is not None)

    def post(number: str) -> Any:
        worker.step()
        headers = {"Authorization": f"Bearer {token}"}
        return client.post("/v1/records", json=record_json(number), headers=headers)

    proxy.is_down = True
    answers = [post(f"DOWN-{n}") for n in range(BACKLOG)]
    assert [answer.status_code for answer in answers] == [202] * BACKLOG
    refused = post("DOWN-more")
    assert refused.status_code == 503
    assert refused.json["code"] == "backlog_full"
    assert int(refused.headers["Retry-After"]) > 0
    receipts = [answer.json["id"] for answer in answers]
    assert not any(receipt_of(node.store, r).is_final for r in receipts)

    proxy.is_down = False
    work_until(worker, lambda: has_ended(node, receipts))
    again = post("DOWN-more")
    assert again.status_code == 202
    receipts.append(again.json["id"])
    work_until(worker, lambda: has_ended(node, receipts))
    assert_anchored_once(node, receipts)


def stale_head(old: Any) -> Callable[[str, list[Any], Any], Any]:
    def lie(method: str, params: list[Any], result: Any) -> Any:
        is_head = method == "eth_getBlockByNumber" and params[0] == "latest"
        return old if is_head else result

    return lie


def other_chain(method: str, _params: list[Any], result: Any) -> Any:
    return "0x1" if method == "eth_chainId" else result


def logs_left_out(method: str, _params: list[Any], result: Any) -> Any:
    return [] if method == "eth_getLogs" else result


def old_receipt(old: Any) -> Callable[[str, list[Any], Any], Any]:
    return lambda method, _params, result: old if method == "eth_getTransactionReceipt" else result


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        ("stale head", "head_went_back"),
        ("wrong chain", "wrong_chain"),
        ("missing logs", "logs_missing"),
        ("old receipt", "other_receipt"),
    ],
)
def test_a_lie_halts_the_worker_with_its_reason(
    node: RunningNode, proxy: RpcProxy, chain_url: str, lie: str, code: str
) -> None:
    honest_node = JsonRpc(chain_url)
    worker = node.worker()
    work_until(worker, lambda: worker.fence is not None)
    first = node.accept(f"TRUE-{code}")
    work_until(worker, lambda: has_ended(node, [first]))
    with node.store.reading() as connection:
        account = node.member.operating.address
        hashes = [row.hash for row in outbox.unfinished(connection, account)]
    assert hashes == []
    block = honest_node(
        "eth_getBlockByNumber", hex(receipt_of(node.store, first).position.block), True
    )  # type: ignore[union-attr]
    tampers = {
        "stale head": stale_head(honest_node("eth_getBlockByNumber", "0x1", False)),
        "wrong chain": other_chain,
        "missing logs": logs_left_out,
        "old receipt": old_receipt(
            honest_node("eth_getTransactionReceipt", block["transactions"][0]["hash"])
        ),
    }
    receipt = node.accept(f"LIE-{code}")
    proxy.tamper = tampers[lie]
    work_until(worker, lambda: code in codes(node))
    assert not receipt_of(node.store, receipt).is_final
    proxy.tamper = honest
    work_until(worker, lambda: has_ended(node, [receipt]))
    assert_anchored_once(node, [first, receipt])
    assert receipt_of(node.store, receipt).state is ReceiptState.ANCHORED
