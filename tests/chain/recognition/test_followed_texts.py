"""Texts that events name: read back, withheld, changed, taken back."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from contracts.follower import Follower, Progress
from contracts.ledgerstore import LedgerStore
from core.limits import LEDGER_TEXT_BYTES
from tests.support.jsonrpc import JsonRpc
from tests.support.ledger import MadeLedger
from tests.support.recognised import TEXT, acts, publish, refused, text_of
from tests.support.rpcproxy import Fault, RpcProxy


def test_a_text_of_24_kib_is_read_back(made: MadeLedger, store: LedgerStore) -> None:
    text = hashlib.shake_256(b"policy").digest(LEDGER_TEXT_BYTES)
    publish(made, text)
    Follower(made.ledger, store).catch_up()
    assert text_of(store, text) == text


def test_a_text_over_24_kib_and_none_at_all_are_refused(made: MadeLedger) -> None:
    assert refused(lambda: publish(made, bytes(LEDGER_TEXT_BYTES + 1))) == "text_length"
    assert refused(lambda: publish(made, b"")) == "text_length"
    call = made.calls.make_arrangement(7, [], bytes(LEDGER_TEXT_BYTES + 1))
    assert refused(lambda: acts(made.members[2], call)) == "text_length"


def test_a_reorganisation_takes_a_text_back(
    made: MadeLedger, store: LedgerStore, anvil: str
) -> None:
    follower = Follower(made.ledger, store)
    publish(made, b"stays")
    node = JsonRpc(anvil)
    fork = node("evm_snapshot")
    publish(made, b"goes")
    follower.catch_up()
    assert (text_of(store, b"stays"), text_of(store, b"goes")) == (b"stays", b"goes")
    node("evm_revert", fork)
    made.members[2].operating.forget_nonce()
    node("evm_increaseTime", 77)
    publish(made, b"comes")
    steps: list[Progress] = []
    follower.catch_up(steps.append)
    assert sum(step.rolled_back for step in steps) == 1
    assert (text_of(store, b"stays"), text_of(store, b"goes")) == (b"stays", None)
    assert text_of(store, b"comes") == b"comes"


def other_text(result: Any) -> Any:
    return {**result, "input": result["input"].replace(TEXT.hex(), TEXT[::-1].hex())}


def cut_text(result: Any) -> Any:
    return {**result, "input": result["input"][:-64]}


def far_text(result: Any) -> Any:
    return {**result, "input": result["input"][:10] + "ff" * 1000}


def no_input(result: Any) -> Any:
    return {name: value for name, value in result.items() if name != "input"}


def too_busy(_result: Any) -> Any:
    raise Fault("limit exceeded")


@pytest.mark.parametrize(
    "lie", [other_text, cut_text, far_text, no_input, too_busy, lambda _: None, lambda _: "0x"]
)
def test_a_text_that_is_withheld_or_changed_is_none_until_it_is_had(
    made: MadeLedger, lied_to: Follower, proxy: RpcProxy, store: LedgerStore, lie: Any
) -> None:
    event = publish(made, TEXT)
    proxy.tamper = lambda method, _params, result: (
        lie(result) if method == "eth_getTransactionByHash" else result
    )
    lied_to.catch_up()
    with store.snapshot() as snapshot:
        assert snapshot.history(event.key()) == [event]  # the event itself is there
        before = snapshot.registry_version
    assert text_of(store, TEXT) is None
    proxy.tamper = lambda _method, _params, result: result
    JsonRpc(made.rpc_url)("anvil_mine", "0x1")
    lied_to.catch_up()
    assert text_of(store, TEXT) == TEXT
    with store.snapshot() as snapshot:
        assert snapshot.registry_version != before


def test_the_version_moves_with_recognition_and_not_with_anchors(
    made: MadeLedger, store: LedgerStore
) -> None:
    follower = Follower(made.ledger, store)
    cn = made.members[0]

    def version() -> Any:
        follower.catch_up()
        with store.snapshot() as snapshot:
            return snapshot.registry_version

    first = version()
    acts(cn, made.calls.claim(1))
    acts(cn, made.calls.anchor(b"\1" * 32, 64, 1))
    assert version() == first
    publish(made, TEXT)
    assert version() != first
