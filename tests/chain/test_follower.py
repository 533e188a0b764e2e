"""Following a ledger: only what is final, back to the common block, never along with a lie."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from contracts.calls import Call, Calls
from contracts.chain import Chain
from contracts.follower import Follower, Progress
from contracts.interfaces import constructor_of, creation_code
from contracts.ledgerstore import LedgerStore
from contracts.reader import Ledger
from core import events as recorded
from core.errors import ComityError, FormatError, NotTrusted, Refused, Unavailable
from core.events import Event
from core.issuer import did_of_endpoint
from tests.support.anvil import bare_anvil, free_port
from tests.support.jsonrpc import JsonRpc
from tests.support.ledger import MadeLedger, deploy_test_ledger
from tests.support.rpcproxy import Fault, RpcProxy, rpc_proxy


@pytest.fixture(scope="module")
def anvil(anvil_program: str) -> Iterator[str]:
    with bare_anvil(anvil_program) as url:
        yield url


@pytest.fixture(scope="module")
def shared(anvil: str) -> Iterator[MadeLedger]:
    with deploy_test_ledger(anvil, ("CN", "DE")) as ledger:
        for member in ledger.members:
            member.operating.transact(ledger.calls.claim(1))
        yield ledger


@pytest.fixture
def made(shared: MadeLedger, anvil: str) -> Iterator[MadeLedger]:
    """The ledger; what a test does to it is undone afterwards, with its nonces."""
    node = JsonRpc(anvil)
    snapshot = node("evm_snapshot")
    yield shared
    assert node("evm_revert", snapshot)
    for member in shared.members:
        member.operating.forget_nonce()


@pytest.fixture
def store(made: MadeLedger, tmp_path: Path) -> Iterator[LedgerStore]:
    path = tmp_path / "ledger.sqlite3"
    with closing(LedgerStore.open(path, made.origin, did_of_endpoint)) as opened:
        yield opened


def root(number: int) -> bytes:
    return hashlib.sha256(number.to_bytes(4, "big")).digest()


def anchor(made: MadeLedger, number: int, member: int = 0) -> None:
    made.members[member].operating.transact(made.calls.anchor(root(number), 64, 1))


def anchored(store: LedgerStore, member: int = 1) -> list[int]:
    """The numbers of the roots that the store knows, in ledger order."""
    numbers = {root(number): number for number in range(200)}
    return [
        numbers[event.root]
        for event in events_of(store)
        if isinstance(event, recorded.Anchored) and event.member == member
    ]


def events_of(store: LedgerStore) -> list[Event]:
    with store.snapshot() as snapshot:
        return snapshot.events(limit=100_000)


def mine(anvil: str, blocks: int) -> None:
    JsonRpc(anvil)("anvil_mine", hex(blocks))


def test_follows_to_the_newest_block_and_then_has_nothing_to_do(
    made: MadeLedger, store: LedgerStore, anvil: str
) -> None:
    follower = Follower(made.ledger, store)
    seen: list[Progress] = []
    last = follower.catch_up(seen.append)
    head = made.ledger.head()
    assert (last.head, store.cursor()) == (head, head)
    assert sum(step.blocks for step in seen) == head.block + 1
    assert events_of(store) == made.ledger.events(0, head.block)
    assert follower.step() == Progress(head, head.block)
    anchor(made, 1)
    assert follower.step().events == 1
    mine(anvil, 3)
    assert (follower.step().blocks, follower.step().blocks) == (3, 0)
    assert store.cursor() == made.ledger.head()


def test_blocks_without_events_keep_the_evidence_young(
    made: MadeLedger, store: LedgerStore, anvil: str
) -> None:
    follower = Follower(made.ledger, store)
    follower.catch_up()
    node = JsonRpc(anvil)
    node("evm_increaseTime", 5_000)
    node("anvil_mine", "0x1")
    before = store.cursor()
    follower.step()
    after = store.cursor()
    assert before is not None
    assert after is not None
    assert after.time >= before.time + 5_000
    assert after.time == made.ledger.head().time


def test_only_final_blocks_are_followed(made: MadeLedger, store: LedgerStore, anvil: str) -> None:
    anchor(made, 1)
    follower = Follower(made.ledger, store, finality_depth=10)
    follower.catch_up()
    assert anchored(store) == []
    mine(anvil, 9)
    follower.catch_up()
    assert anchored(store) == []
    mine(anvil, 1)
    assert follower.catch_up().target == made.ledger.head().block - 10
    assert anchored(store) == [1]


def test_a_chain_shorter_than_its_finality_depth_has_nothing_final(
    made: MadeLedger, store: LedgerStore
) -> None:
    follower = Follower(made.ledger, store, finality_depth=10_000)
    assert follower.catch_up().head is None
    assert store.cursor() is None


def test_the_finality_depth_is_the_ledgers_parameter(anvil: str, tmp_path: Path) -> None:
    with deploy_test_ledger(anvil, ("BR",), seed="deep", finality_depth=4) as deep:
        path = tmp_path / "deep.sqlite3"
        with closing(LedgerStore.open(path, deep.origin, did_of_endpoint)) as store:
            progress = Follower(deep.ledger, store).catch_up()
            assert progress.target == deep.ledger.head().block - 4
            mine(anvil, 8)
            assert Follower(deep.ledger, store).catch_up().target == deep.ledger.head().block - 4


def test_a_finality_depth_that_grows_by_vote_is_no_head_that_went_back(
    anvil: str, tmp_path: Path
) -> None:
    with deploy_test_ledger(anvil, ("CN", "DE", "BR"), seed="vote") as voting:
        path = tmp_path / "vote.sqlite3"
        with closing(LedgerStore.open(path, voting.origin, did_of_endpoint)) as store:
            follower = Follower(voting.ledger, store)
            first, *others = (member.operating for member in voting.members)
            propose = voting.calls.propose_parameter("finality_depth", 5)
            (proposed, _) = first.transact(propose).events
            assert isinstance(proposed, recorded.Proposed)
            for other in others:
                other.transact(voting.calls.vote(proposed.proposal, True))
            before = follower.catch_up().head
            first.transact(voting.calls.execute(proposed.proposal))
            assert follower.step().target == voting.ledger.head().block - 5
            mine(anvil, 4)
            assert follower.catch_up().head == before
            mine(anvil, 1)
            assert follower.catch_up().head != before


@pytest.mark.parametrize("at_once", [True, False])
def test_a_contract_that_is_replaced_by_vote_counts_until_then_and_its_successor_after(
    made: MadeLedger, store: LedgerStore, at_once: bool
) -> None:
    ledger = Ledger.open(made.chain, made.ledger.directory)
    follower = Follower(ledger, store)
    follower.catch_up()
    anchor(made, 1)
    successor = create_anchors(made)
    (proposed, _) = (
        made.members[0].operating.transact(made.calls.propose_code("anchors", successor)).events
    )
    assert isinstance(proposed, recorded.Proposed)
    made.members[1].operating.transact(made.calls.vote(proposed.proposal, True))
    made.members[1].operating.transact(made.calls.execute(proposed.proposal))
    if not at_once:
        follower.catch_up()
    after = Calls({**made.ledger.contracts, "anchors": successor})
    made.members[0].operating.transact(after.claim(1))
    made.members[0].operating.transact(after.anchor(root(2), 64, 1))
    anchor(made, 3)  # by the old contract: nobody's business any more
    made.members[0].operating.transact(after.anchor(root(4), 64, 1))
    moves = Calls(ledger.contracts)  # of the ledger that is followed
    follower.catch_up()
    assert moves.claim(1).to == ledger.contracts["anchors"] == successor
    assert anchored(store) == [1, 2, 4]
    assert Ledger.open(made.chain, made.ledger.directory).contracts["anchors"] == successor
    assert events_of(store) == made.ledger.events(0, made.ledger.head().block)


def create_anchors(made: MadeLedger) -> str:
    """Create another Anchors contract; return its address."""
    code = creation_code("anchors")
    arguments = constructor_of("anchors").encode([made.ledger.contracts["members"]])
    created = made.members[1].operating.transact(Call("", code + arguments))
    receipt = made.chain.request("eth_getTransactionReceipt", "0x" + created.transaction.hex())
    address: str = receipt["contractAddress"]
    return address.lower()


@pytest.mark.parametrize("depth", [1, 3, 10, 64])
def test_a_reorganisation_rolls_back_to_the_common_block(
    made: MadeLedger, store: LedgerStore, anvil: str, depth: int
) -> None:
    """Depth blocks with an anchor each are replaced by as many and one more, with others."""
    node = JsonRpc(anvil)
    follower = Follower(made.ledger, store)
    anchor(made, 0)
    fork = node("evm_snapshot")
    for number in range(1, depth + 1):
        anchor(made, number)
    follower.catch_up()
    common = made.ledger.head().block - depth
    assert anchored(store) == list(range(depth + 1))

    node("evm_revert", fork)
    made.members[0].operating.forget_nonce()
    node("evm_increaseTime", 77)
    for number in range(100, 101 + depth):
        anchor(made, number)
    step = follower.step()
    assert step.rolled_back == depth  # the alarm
    assert step.head is not None
    assert step.head.block == common
    assert anchored(store) == [0]
    assert not follower.catch_up().rolled_back
    assert anchored(store) == [0, *range(100, 101 + depth)]
    assert events_of(store) == made.ledger.events(0, made.ledger.head().block)


def test_a_reorganisation_above_finality_is_never_seen(
    made: MadeLedger, store: LedgerStore, anvil: str
) -> None:
    node = JsonRpc(anvil)
    follower = Follower(made.ledger, store, finality_depth=10)
    anchor(made, 0)
    mine(anvil, 10)
    fork = node("evm_snapshot")
    for number in range(1, 11):
        anchor(made, number)
    follower.catch_up()
    node("evm_revert", fork)
    made.members[0].operating.forget_nonce()
    node("evm_increaseTime", 77)
    mine(anvil, 20)
    steps: list[Progress] = []
    follower.catch_up(steps.append)
    assert [step.rolled_back for step in steps if step.rolled_back] == []
    assert anchored(store) == [0]


# ------------------------------------------------------------ a node that lies


@pytest.fixture
def proxy(anvil: str) -> Iterator[RpcProxy]:
    with rpc_proxy(anvil) as running:
        yield running


@pytest.fixture
def lied_to(made: MadeLedger, proxy: RpcProxy, store: LedgerStore) -> Iterator[Follower]:
    """A follower that has followed an honest node, which may begin to lie now."""
    chain = Chain(proxy.url, made.chain.chain_id)
    ledger = Ledger.open(chain, made.ledger.directory)
    follower = Follower(ledger, store)
    follower.catch_up()
    anchor(made, 1)
    yield follower
    chain.close()


def other_chain(method: str, _params: list[Any], result: Any) -> Any:
    return "0x1" if method == "eth_chainId" else result


def other_log_block(method: str, _params: list[Any], result: Any) -> Any:
    if method == "eth_getLogs":
        for log in result:
            log["blockHash"] = "0x" + "77" * 32
    return result


def removed_log(method: str, _params: list[Any], result: Any) -> Any:
    if method == "eth_getLogs":
        for log in result:
            log["removed"] = True
    return result


def doubled_log(method: str, _params: list[Any], result: Any) -> Any:
    return result * 2 if method == "eth_getLogs" else result


def log_of_another_block(method: str, _params: list[Any], result: Any) -> Any:
    if method == "eth_getLogs":
        for log in result:
            log["blockNumber"] = "0x1"
    return result


def unknown_event(method: str, _params: list[Any], result: Any) -> Any:
    if method == "eth_getLogs":
        for log in result:
            log["topics"][0] = "0x" + "99" * 32
    return result


def longer_event(method: str, _params: list[Any], result: Any) -> Any:
    if method == "eth_getLogs":
        for log in result:
            log["data"] += "00" * 32
    return result


def logs_left_out(method: str, _params: list[Any], result: Any) -> Any:
    return [] if method == "eth_getLogs" else result


@pytest.mark.parametrize(
    ("lie", "kind", "code"),
    [
        (other_chain, Refused, "wrong_chain"),
        (other_log_block, NotTrusted, "log_contradicts_block"),
        (removed_log, NotTrusted, "log_contradicts_block"),
        (doubled_log, NotTrusted, "log_contradicts_block"),
        (log_of_another_block, NotTrusted, "log_contradicts_block"),
        (unknown_event, FormatError, "unknown_event"),
        (longer_event, FormatError, "unknown_event"),
        (logs_left_out, NotTrusted, "logs_missing"),
    ],
)
def test_a_lie_is_refused_with_its_reason_and_adds_nothing(
    lied_to: Follower,
    proxy: RpcProxy,
    store: LedgerStore,
    lie: Any,
    kind: type[ComityError],
    code: str,
) -> None:
    before = store.cursor()
    proxy.tamper = lie
    with pytest.raises(kind) as refused:
        lied_to.step()
    assert refused.value.code == code
    assert store.cursor() == before
    proxy.tamper = lambda _method, _params, result: result
    lied_to.catch_up()
    assert anchored(store) == [1]


def test_blocks_that_do_not_follow_each_other_are_refused(
    lied_to: Follower, proxy: RpcProxy, store: LedgerStore, anvil: str
) -> None:
    mine(anvil, 5)
    target = hex(int(JsonRpc(anvil).head()["number"], 16) - 2)
    before = store.cursor()

    def cut(method: str, params: list[Any], result: Any) -> Any:
        if method == "eth_getBlockByNumber" and params[0] == target:
            return {**result, "parentHash": "0x" + "55" * 32}
        return result

    proxy.tamper = cut
    with pytest.raises(NotTrusted) as refused:
        lied_to.step()
    assert refused.value.code == "broken_chain"
    assert store.cursor() == before


def test_a_stale_head_is_refused_above_the_finality_depth_too(
    lied_to: Follower, proxy: RpcProxy, store: LedgerStore, made: MadeLedger, anvil: str
) -> None:
    mine(anvil, 10)
    deep = Follower(lied_to.ledger, store, finality_depth=8)
    deep.catch_up()
    old = JsonRpc(anvil)("eth_getBlockByNumber", hex(made.ledger.head().block - 1), False)
    proxy.tamper = lambda method, params, result: (
        old if method == "eth_getBlockByNumber" and params[0] == "latest" else result
    )
    with pytest.raises(NotTrusted) as refused:
        deep.step()
    assert refused.value.code == "head_went_back"


@pytest.mark.parametrize("back", [1, 5])
def test_a_head_that_goes_back_is_refused_and_nothing_is_forgotten(
    lied_to: Follower, proxy: RpcProxy, store: LedgerStore, anvil: str, back: int
) -> None:
    lied_to.catch_up()
    before = store.cursor()
    assert before is not None
    old = JsonRpc(anvil)("eth_getBlockByNumber", hex(before.block - back), False)

    def stale(method: str, params: list[Any], result: Any) -> Any:
        if method != "eth_getBlockByNumber":
            return result
        if params[0] == "latest":
            return old
        return result if int(params[0], 16) <= before.block - back else None

    proxy.tamper = stale
    with pytest.raises(NotTrusted) as refused:
        lied_to.step()
    assert refused.value.code == "head_went_back"
    assert store.cursor() == before


def test_a_chain_that_shares_no_block_is_another_chain(
    lied_to: Follower, proxy: RpcProxy, store: LedgerStore
) -> None:
    before = store.cursor()

    def foreign(method: str, _params: list[Any], result: Any) -> Any:
        if method == "eth_getBlockByNumber" and result:
            return {**result, "hash": "0x" + result["hash"][2:][::-1]}
        return result

    proxy.tamper = foreign
    with pytest.raises(NotTrusted) as refused:
        lied_to.step()
    assert refused.value.code == "another_chain"
    assert store.cursor() == before


def test_too_much_at_once_is_asked_for_in_smaller_parts(
    lied_to: Follower, proxy: RpcProxy, store: LedgerStore, made: MadeLedger, anvil: str
) -> None:
    mine(anvil, 20)
    asked: list[int] = []

    def bounded(method: str, params: list[Any], result: Any) -> Any:
        if method == "eth_getLogs":
            span = int(params[0]["toBlock"], 16) - int(params[0]["fromBlock"], 16) + 1
            asked.append(span)
            if span > 4:
                raise Fault("query returned more than 10000 results")
        return result

    proxy.tamper = bounded
    while not lied_to.step().caught_up:
        pass
    assert max(asked) > 4 >= min(asked)
    assert store.cursor() == made.ledger.head()
    assert anchored(store) == [1]


def test_the_store_of_another_ledger_is_not_followed_into(made: MadeLedger, tmp_path: Path) -> None:
    origin = made.origin[:-1] + ("0" if made.origin[-1] != "0" else "1")
    with closing(LedgerStore.open(tmp_path / "o.sqlite3", origin, did_of_endpoint)) as other:
        with pytest.raises(Refused) as refused:
            Follower(made.ledger, other)
        assert refused.value.code == "other_ledger"


def test_run_survives_a_node_that_goes_away_and_comes_back(
    lied_to: Follower, proxy: RpcProxy, store: LedgerStore, made: MadeLedger
) -> None:
    stop, away, back = threading.Event(), threading.Event(), threading.Event()

    def told(what: Progress | ComityError) -> None:
        if isinstance(what, Unavailable):
            proxy.drop_replies = False
            away.set()
        elif isinstance(what, Progress) and away.is_set() and what.caught_up:
            back.set()

    proxy.drop_replies = True
    thread = threading.Thread(target=lied_to.run, args=(stop, 0.05, told))
    thread.start()
    assert away.wait(20)
    assert back.wait(20)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    assert anchored(store) == [1]


def test_a_closed_port_is_unavailable() -> None:
    with pytest.raises(Unavailable) as refused:
        Chain(f"http://someone:secret@127.0.0.1:{free_port()}/key", 1)
    assert refused.value.code == "chain_unreachable"
    assert "secret" not in refused.value.message + refused.value.hint
    assert "key" not in refused.value.message
