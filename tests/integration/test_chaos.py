"""10,000 anchors while workers take over from each other and transactions get stuck or replaced.

Eight workers share one operating account, and a second node has its key as well. A round seals a
few hundred batches, lets the workers fall upon them in random order, has the chain node swallow
transactions, gives a nonce away now and then, and ends when the ledger has every batch: once each.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from contracts.calls import Call
from contracts.devchain.miner import Pace
from contracts.devchain.supervisor import Settings, Supervisor
from core.record import Record
from node.anchoring import Fenced
from node.importing import import_rows
from node.intake import Row
from node.issue import SlotSource, issue_waiting
from node.membership import membership
from node.seal import seal
from node.states import BatchState
from node.store import batches, inspection, outbox
from node.worker import Worker
from tests.support.anchored import assert_anchored_once, diagnosis
from tests.support.launching import RATE, FastClock
from tests.support.ledger import deploy_test_ledger
from tests.support.node import RunningNode, make_node, record_json, work_until
from tests.support.rpcproxy import RpcProxy, rpc_proxy

WORKERS = 8
ROUNDS = 50
BATCHES = 200  # of each round: 10,000 anchors in all
GIVEN_AWAY = 3
ROUND_SECONDS = 180.0


@pytest.fixture
def clock() -> FastClock:
    return FastClock(time.time())


@pytest.fixture
def fast_chain(anvil_program: str, tmp_path: Path, clock: FastClock) -> Iterator[str]:
    """A chain that may make more than one block a second for longer than a moment."""
    del anvil_program
    pace = Pace(period=20.0 / RATE, gather=0.01, interval=1.0 / RATE)
    chain = Supervisor(Settings(tmp_path / "chain", pace=pace), clock.seconds)
    chain.start()
    yield chain.rpc_url
    chain.stop()


class Running:
    """A worker in a thread, until it is fenced out or told to stop."""

    def __init__(self, worker: Worker) -> None:
        self.ended: BaseException | None = None
        self._worker = worker
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        self._worker.close()

    def _run(self) -> None:
        try:
            while not self._stop.wait(0.02):
                self._worker.step()
        except BaseException as error:  # looked at by the test
            self.ended = error


class Chaos:
    """Rounds on one node, and what they have come to."""

    def __init__(
        self, node: RunningNode, other: RunningNode, proxy: RpcProxy, clock: FastClock,
        randomness: random.Random,
    ) -> None:  # fmt: skip
        self.node = node
        self.other = other
        self.proxy = proxy
        self.clock = clock
        self.randomness = randomness
        self.receipts: list[str] = []
        self.given_away = 0
        self.fenced = 0
        with node.evidence() as evidence:
            body = membership(evidence, node.member.operating.address)
        assert body is not None
        self._issuer = body.issuer()
        self._slots = SlotSource(body.endpoint, randomness.randbytes)

    def play(self, number: int) -> None:
        """One round, from sealed batches to final anchors."""
        self._seal_some(number)
        swallowing = random.Random(number)
        self.proxy.swallows = lambda methods: (
            methods == ["eth_sendRawTransaction"] and swallowing.random() < 0.05
        )
        running = []
        for turn in range(WORKERS):
            of = self.other if turn == number % WORKERS else self.node
            running.append(Running(of.worker(self.clock)))
            threading.Event().wait(self.randomness.random() / 2)
            if turn < GIVEN_AWAY:
                self._give_a_nonce_away()
        for one in running:
            one.stop()
        self.proxy.swallows = lambda _methods: False
        survivor = self.node.worker(self.clock)
        work_until(survivor, self._is_done, ROUND_SECONDS)
        assert {type(one.ended) for one in running} <= {Fenced, type(None)}
        self.fenced += sum(isinstance(one.ended, Fenced) for one in running)
        survivor.close()
        self.node.workers.clear()
        self.other.workers.clear()

    def _seal_some(self, number: int) -> None:
        node, now, draw = self.node, self.clock(), self.randomness.randbytes
        rows = (
            Row(one, Record.parse(record_json(f"CHAOS-{number}-{one}"))) for one in range(BATCHES)
        )
        imported = import_rows(node.store, rows, now=now, random=draw)
        self.receipts += [row.receipt for row in imported.receipts]
        for _ in range(BATCHES):
            issued = issue_waiting(
                node.store, self._slots, self._issuer, node.member.assertion_signer,
                now=now, random=draw, at_most=1,
            )  # fmt: skip
            sealed = seal(node.store, now=now, random=draw)
            assert issued.credentials == 1
            assert sealed is not None

    def _give_a_nonce_away(self) -> None:
        """As if the key were used elsewhere: whatever was to have the next nonce is replaced."""
        account = self.node.member.operating
        account.forget_nonce()
        try:
            account.transact(Call(account.address, b""))
            self.given_away += 1
        except Exception:  # a worker was faster: its transaction has the nonce
            pass

    def _is_done(self) -> bool:
        with self.node.store.reading() as connection:
            return not batches.open_batches(connection) and not outbox.unfinished(
                connection, self.node.member.operating.address
            )


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_ten_thousand_anchors_through_workers_that_take_over_from_each_other(
    fast_chain: str,
    tmp_path: Path,
    clock: FastClock,
    randomness: random.Random,
    sample: Callable[[Sequence[int]], Sequence[int]],
) -> None:
    rounds = sample(range(ROUNDS))
    with deploy_test_ledger(fast_chain) as made, rpc_proxy(fast_chain) as proxy:
        node = make_node(made, tmp_path / "node", rpc_url=proxy.url)
        other = make_node(made, tmp_path / "other", rpc_url=proxy.url)
        first = node.worker(clock)
        work_until(first, lambda: first.fence is not None)
        chaos = Chaos(node, other, proxy, clock, randomness)
        for number in rounds:
            started = time.monotonic()
            chaos.play(number)
            print(f"round {number}: {time.monotonic() - started:.1f} s", flush=True)
        print(f"{chaos.given_away} nonces given away, {chaos.fenced} workers fenced out")
        with node.store.reading() as connection:
            kept = inspection.batches(connection)
            stored = outbox.next_nonce(connection, node.member.operating.address)
        assert [row.state for row in kept] == [BatchState.ANCHORED] * len(rounds) * BATCHES
        assert made.ledger.nonce(node.member.operating.address) >= stored  # no gap
        assert_anchored_once(node, chaos.receipts)
        found = diagnosis(node)
        assert (found.findings, found.not_compared) == ((), None)
        node.close()
        other.close()
