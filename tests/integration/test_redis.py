"""Redis emptied, restarted, full, read-only and slow at work: nothing is lost, only time.

The server is a real one. What it is for, being woken, is shown first; then that nothing needs it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from core.errors import UsageError
from core.events import Anchored, anchor_key
from core.runtime import volatile
from node import wakeups
from node.demo.processes import free_port
from node.desk import Desk
from node.receipt import receipt_of
from node.states import ReceiptState
from node.wakeups import Bell, key_of, listening
from node.worker import WorkerSigners, run_worker
from tests.support.ledger import MadeLedger
from tests.support.node import RunningNode, make_node, utc_now
from tests.support.redisserver import Server, served, slow_road

ENDPOINT = "https://body.example"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with served(tmp_path) as running:
        yield running


# ---------------------------------------------------------------- being woken


def waited(url: str, before: Callable[[], None], seconds: float) -> float:
    """Return how long the worker would wait that has ``seconds``, after ``before``."""
    with listening(url, ENDPOINT) as waiting:
        before()
        started = time.monotonic()
        waiting.wait(threading.Event(), seconds)
        return time.monotonic() - started


def test_a_wakeup_ends_the_wait(server: Server) -> None:
    bell = Bell(server.url, ENDPOINT)
    assert waited(server.url, bell.ring, 20) < 5
    bell.close()


def test_without_a_wakeup_it_lasts(server: Server) -> None:
    other = Bell(server.url, "https://another.example")
    assert waited(server.url, other.ring, 1) >= 1
    other.close()


def test_a_wakeup_from_before_is_heard_once(server: Server) -> None:
    bell = Bell(server.url, ENDPOINT)
    for _ in range(3):
        bell.ring()
    with server.client() as client:
        assert client.llen(key_of(ENDPOINT)) == 1
        assert 0 < client.ttl(key_of(ENDPOINT)) <= 60
    assert waited(server.url, lambda: None, 20) < 5
    assert waited(server.url, lambda: None, 1) >= 1
    bell.close()


def test_a_worker_that_waits_stops_when_told(server: Server) -> None:
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    with listening(server.url, ENDPOINT) as waiting:
        started = time.monotonic()
        waiting.wait(stop, 10)
    assert time.monotonic() - started < 2


def test_wakeups_are_heard_again_after_a_restart(server: Server) -> None:
    bell = Bell(server.url, ENDPOINT)

    def restart() -> None:
        server.kill()
        server.start()
        bell.ring()

    assert waited(server.url, restart, 20) < 10
    bell.close()


def test_names_in_redis_tell_nothing(server: Server) -> None:
    bell = Bell(server.url, ENDPOINT)
    bell.ring()
    with server.client() as client:
        (name,) = client.keys()
    assert name.startswith("comity:wake:")
    assert "body" not in name
    bell.close()


# ---------------------------------------------------------------- which server will do


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl", "allkeys-random"])
def test_a_server_that_evicts_is_refused(server: Server, policy: str) -> None:
    with server.client() as client:
        client.config_set("maxmemory-policy", policy)
    with pytest.raises(UsageError) as refused:
        wakeups.require_no_eviction(server.url)
    assert refused.value.code == "redis_evicts"
    assert "noeviction" in refused.value.hint


def test_a_server_that_keeps_or_does_not_answer_is_taken(server: Server) -> None:
    wakeups.require_no_eviction(server.url)
    server.kill()
    wakeups.require_no_eviction(server.url)
    wakeups.require_no_eviction("")
    wakeups.require_no_eviction(volatile.EMBEDDED)


@pytest.mark.parametrize("command", ["worker", "web", "run"])
def test_a_node_does_not_start_with_one_that_evicts(
    server: Server, tmp_path: Path, command: str
) -> None:
    with server.client() as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
    (tmp_path / "node.toml").write_text(
        f'endpoint = "{ENDPOINT}"\nport = {free_port()}\nredis = "{server.url}"\n[ledger]\n'
        f'origin = "comity/31337/0x{"ab" * 20}"\nrpc_url = "http://127.0.0.1:1"\n'
    )
    ended = subprocess.run(
        [sys.executable, "-m", "core", "node", command, "--node", str(tmp_path)],
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=60,
    )  # fmt: skip
    assert ended.returncode != 0
    assert "throws entries away" in ended.stderr


@pytest.mark.parametrize("setting", ["yes", "http://localhost", "Embedded", "memory://"])
def test_a_setting_that_names_no_redis(setting: str) -> None:
    with pytest.raises(ValueError, match="embedded"):
        volatile.setting(setting)


# ---------------------------------------------------------------- faults at work


def emptied(server: Server) -> None:
    server.wipe()


def restarted(server: Server) -> None:
    server.kill()
    server.start()


def gone(server: Server) -> None:
    server.kill()


def full(server: Server) -> None:
    server.fill()


def read_only(server: Server) -> None:
    server.make_read_only()


@contextmanager
def at_work(node: RunningNode) -> Iterator[None]:
    """Run the node's worker as its command does."""
    signers = WorkerSigners(node.member.assertion_signer, node.member.operating_signer)
    stop = threading.Event()
    thread = threading.Thread(
        target=run_worker,
        args=(node.places, node.config, signers),
        kwargs={"clock": utc_now, "random": os.urandom, "stop": stop},
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()


def take_in(node: RunningNode, desk: Desk, numbers: Iterator[int], count: int) -> list[str]:
    """Take in records as API and command line do; none may be held up by Redis for long."""
    receipts = []
    for _ in range(count):
        receipts.append(node.accept(f"REDIS-{next(numbers)}"))
        started = time.monotonic()
        desk.wake_worker()
        assert time.monotonic() - started < 2
    return receipts


def require_all_anchored_once(node: RunningNode, receipts: list[str]) -> None:
    deadline = time.monotonic() + 60
    while True:
        ends = [receipt_of(node.store, receipt) for receipt in receipts]
        if all(one.state is ReceiptState.ANCHORED for one in ends):
            break
        assert time.monotonic() < deadline, {one.state for one in ends}
        time.sleep(0.2)
    with node.evidence() as evidence:
        for root in {one.root for one in ends}:
            assert root is not None
            history = evidence.history(anchor_key(node.member.id, root))
            assert sum(isinstance(event, Anchored) for event in history) == 1


def work_through(
    made: MadeLedger, folder: Path, url: str, faults: list[Callable[[Server], None]], server: Server
) -> None:
    """Take in records before, between and after faults, with the worker running all the time."""
    node = make_node(made, folder, redis=url)
    desk = Desk(node.config, node.places, node.store, utc_now, os.urandom)
    numbers = iter(range(1_000))
    receipts: list[str] = []
    with at_work(node):
        receipts += take_in(node, desk, numbers, 3)
        for fault in faults:
            fault(server)
            receipts += take_in(node, desk, numbers, 3)
        require_all_anchored_once(node, receipts)
    assert len(set(receipts)) == len(receipts)
    desk.close()


@pytest.mark.parametrize("fault", [emptied, restarted, gone, full, read_only])
def test_nothing_is_lost(made: MadeLedger, tmp_path: Path, fault: Callable[[Server], None]) -> None:
    with served(tmp_path) as server:
        work_through(made, tmp_path / "node", server.url, [fault], server)


def test_nothing_is_lost_when_all_of_it_happens(made: MadeLedger, tmp_path: Path) -> None:
    faults = [full, emptied, restarted, read_only, gone, restarted, emptied]
    with served(tmp_path) as server:
        work_through(made, tmp_path / "node", server.url, faults, server)


def test_nothing_is_lost_when_it_is_five_seconds_late(made: MadeLedger, tmp_path: Path) -> None:
    with ExitStack() as held:
        server = held.enter_context(served(tmp_path))
        url = held.enter_context(slow_road(server, 5.0))
        work_through(made, tmp_path / "node", url, [], server)


def test_nothing_is_lost_without_any(made: MadeLedger, tmp_path: Path) -> None:
    with served(tmp_path) as server:
        work_through(made, tmp_path / "node", "", [], server)
