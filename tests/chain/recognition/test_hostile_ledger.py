"""Hostile registry text (B11) and swapped code (B13): nothing is fetched, nothing goes on."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from contracts.abi import keccak
from contracts.calls import Accreditation, Call, FirstKey
from contracts.follower import Follower, Progress
from contracts.interfaces import LedgerRefused
from contracts.ledgerstore import LedgerStore
from contracts.reader import Ledger
from contracts.writer import check
from core import events as recorded
from core.errors import ComityError, NotTrusted
from core.events import (
    AccreditationAction,
)
from tests.support.jsonrpc import JsonRpc
from tests.support.ledger import MadeLedger, body
from tests.support.recognised import NOW, TEXT, acts, publish, refused, text_of
from tests.support.rpcproxy import RpcProxy

# ------------------------------------------------------------ hostile registry text (B11)

SCRIPT = b"<script>fetch('http://169.254.169.254/')</script>\x00\xff\xe2\x80\xae"


def test_hostile_text_is_kept_as_bytes_and_nothing_is_fetched(
    made: MadeLedger, lied_to: Follower, proxy: RpcProxy, store: LedgerStore
) -> None:
    publish(made, SCRIPT)
    proxy.requests.clear()
    lied_to.catch_up()
    assert text_of(store, SCRIPT) == SCRIPT
    assert all(method.startswith("eth_") for method in proxy.requests)


def test_a_coverage_that_is_no_text_is_read_all_the_same(
    made: MadeLedger, store: LedgerStore
) -> None:
    """Bytes that are no UTF-8 must not stop a reader: a body could stop all of them."""
    grant = Accreditation(1, "MSC", AccreditationAction.GRANT, NOW, coverage="<script>")
    call = made.calls.declare_accreditation(grant)
    hostile = call.data.replace(b"<script>", b"\xff\xfe\x00\x80\xc3\x28\xed\xa0")
    acts(made.members[1], Call(call.to, hostile))
    Follower(made.ledger, store).catch_up()
    with store.snapshot() as snapshot:
        (event,) = snapshot.history("accreditation/2/1/MSC")
    assert isinstance(event, recorded.AccreditationDeclared)
    assert "\ufffd" in event.coverage


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"names": '{"en":"' + "A" * 1_000_000 + '"}'}, "payload_malformed"),
        ({"names": '{"en":"' + "A" * 1_024 + '"}'}, "names_length"),
        ({"endpoint": "http://169.254.169.254"}, "endpoint_malformed"),
        ({"endpoint": "https://fr.example/?q=<script>"}, "endpoint_malformed"),
        ({"endpoint": "javascript:alert(1)"}, "endpoint_malformed"),
        ({"endpoint": "file:///etc/passwd"}, "endpoint_malformed"),
        ({"economy": "<s>"}, "economy_malformed"),
        ({"keys": (FirstKey(1, b"{" + b"A" * 1_000_000 + b"}"),)}, "payload_malformed"),
        ({"keys": (FirstKey(1, b"{" + b"A" * 512 + b"}"),)}, "public_key_malformed"),
    ],
)
def test_a_hostile_admission_is_refused(
    made: MadeLedger, changed: dict[str, Any], code: str
) -> None:
    from dataclasses import replace

    hostile = made.calls.propose_admission(replace(body("FR", "hostile").founder, **changed))
    sender = made.members[0].operating.address
    assert refused(lambda: check(made.chain, hostile, sender)) == code


def test_a_lookup_elsewhere_is_never_followed(made: MadeLedger, anvil: str) -> None:
    """EIP-3668: a contract that reverts with OffchainLookup asks its caller to fetch a URL."""
    from contracts.abi import types_of

    kinds = ("address", "string[]", "bytes", "bytes4", "bytes")
    notices = made.ledger.contracts["notices"]
    elsewhere = [notices, [made.rpc_url + "/{sender}/{data}"], b"\1", b"\1\2\3\4", b""]
    revert = keccak(b"OffchainLookup(address,string[],bytes,bytes4,bytes)")[:4]
    revert += types_of([{"type": kind} for kind in kinds]).encode(elsewhere)
    # PUSH2 size, PUSH1 offset, PUSH0, CODECOPY, PUSH2 size, PUSH0, REVERT, then the bytes
    size = len(revert).to_bytes(2, "big").hex()
    JsonRpc(anvil)("anvil_setCode", notices, f"0x61{size}600c5f3961{size}5ffd" + revert.hex())
    with pytest.raises(LedgerRefused) as refusal:
        made.ledger.notice_count(1)
    assert (refusal.value.code, refusal.value.values) == ("reverted", {"selector": revert[:4]})
    with pytest.raises(LedgerRefused) as refusal:
        publish(made, TEXT)
    assert refusal.value.code == "reverted"


# ------------------------------------------------------------ code that is swapped (B13)


@pytest.mark.parametrize(
    "contract",
    ["directory", "members", "keys", "anchors", "statuses", "accreditations", "arrangements",
     "notices"],
)  # fmt: skip
def test_a_contract_whose_code_is_swapped_stops_the_follower(
    made: MadeLedger, store: LedgerStore, anvil: str, contract: str
) -> None:
    follower = Follower(made.ledger, store)
    follower.catch_up()
    look_at_all(follower)
    before = store.cursor()
    node = JsonRpc(anvil)
    honest = node("eth_getCode", made.ledger.contracts[contract], "latest")
    node("anvil_setCode", made.ledger.contracts[contract], honest[:-2] + "ff")
    with pytest.raises(NotTrusted) as refusal:
        look_at_all(follower)
    assert refusal.value.code == "code_changed"
    assert contract in refusal.value.message
    node("anvil_mine", "0x1")
    for _ in range(3):  # it lasts as long as its cause
        with pytest.raises(NotTrusted):
            follower.step()
    assert store.cursor() == before
    if contract != "directory":  # whose code nobody announces: it is known from the first look on
        with pytest.raises(NotTrusted) as refusal:
            Ledger.open(made.chain, made.ledger.directory)
        assert refusal.value.code == "code_changed"
    node("anvil_setCode", made.ledger.contracts[contract], honest)
    node("anvil_mine", "0x1")
    follower.catch_up()
    assert store.cursor() == made.ledger.head()


def test_a_swap_is_told_and_outlasts_a_restart(
    made: MadeLedger, store: LedgerStore, anvil: str
) -> None:
    follower = Follower(made.ledger, store)
    follower.catch_up()
    look_at_all(follower)
    JsonRpc(anvil)("anvil_setCode", made.ledger.directory, "0x00")
    told: list[str] = []
    stop = threading.Event()

    def note(what: Progress | ComityError) -> None:
        if isinstance(what, ComityError):
            told.append(what.code)
            stop.set()

    Follower(made.ledger, store).run(stop, 0.0, note)
    assert told == ["code_changed"]


def look_at_all(follower: Follower) -> None:
    """Step as often as there are contracts: each step looks at one of them."""
    for _ in follower.ledger.contracts:
        follower.step()
