"""A restart from a snapshot gives the very same chain as one from the whole journal, or is none."""

from __future__ import annotations

import copy
import gzip
import json
import logging
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from contracts.devchain.anvil import Anvil
from contracts.devchain.journal import Head, Journal, Position
from contracts.devchain.restore import Often
from contracts.devchain.snapshots import Snapshot, Snapshots
from contracts.devchain.supervisor import DevChain
from core.errors import ProofError, Unavailable
from tests.support.devchain import REVERT, STORE_AND_LOG, Sender, anvil_of, quiet_chain
from tests.support.jsonrpc import JsonRpc, wait_for
from tests.support.longchain import write_journal

CHECKOUT = Path(__file__).resolve().parents[2]
AT_EVERY_BLOCK = Often(blocks=1)
NEVER = Often(blocks=10**6, size=10**9, seconds=10**6)
# Store the hashes of the blocks 1, 2 and 3 before this one: LOADED state says nothing of them.
STORE_BLOCK_HASHES = "0x600143034060005560024303406001556003430340600255" + "60006000a000"
READY: Final = re.compile(r"chain ready: block (\d+), (\d+) made again")


def send(rpc: JsonRpc, sender: Sender, data: str) -> str:
    sent: str = rpc("eth_sendRawTransaction", sender.sign(to=None, data=data))
    rpc.receipt(sent)
    return sent


def seen(rpc: JsonRpc, sent: Sequence[str]) -> Any:
    """All that a client can see of a chain."""
    newest = int(rpc("eth_blockNumber"), 16)
    return (
        [rpc("eth_getBlockByNumber", hex(number), True) for number in range(newest + 1)],
        [rpc("eth_getTransactionReceipt", each) for each in sent],
        [rpc("eth_getTransactionByHash", each) for each in sent],
        rpc("eth_getLogs", {"fromBlock": "0x0"}),
    )


def files(folder: Path) -> list[Path]:
    return Snapshots(folder).newest_first()


@pytest.fixture
def ready(caplog: pytest.LogCaptureFixture) -> Callable[[], tuple[int, int]]:
    """What the newest start said: its newest block, and how many were made again."""
    caplog.set_level(logging.INFO, "contracts.devchain")

    def newest() -> tuple[int, int]:
        found = READY.findall(caplog.text)[-1]
        return int(found[0]), int(found[1])

    return newest


@pytest.fixture(scope="module")
def made(
    anvil_program: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Any, list[str], Sender]:
    """A stopped chain of six blocks with snapshots of the newest two; what was seen of it."""
    folder = tmp_path_factory.mktemp("made")
    sender = Sender()
    with quiet_chain(folder, lead=60, often=AT_EVERY_BLOCK) as rpc:
        sent = []
        for number, data in enumerate((STORE_AND_LOG, REVERT, STORE_BLOCK_HASHES) * 2, 1):
            sent.append(send(rpc, sender, data))
            wait_for(lambda: f"{number:012d}" in str(files(folder)[:1]), 10)  # noqa: B023
        view = seen(rpc, sent)
    assert [path.name[-1] for path in files(folder)] == ["6", "5"]
    return folder, view, sent, sender


@pytest.fixture
def kept(made: tuple[Path, Any, list[str], Sender], folder: Path) -> tuple[Path, Any, list[str]]:
    """A copy of that chain, to be spoilt."""
    shutil.copytree(made[0], folder)
    return folder, made[1], list(made[2])


@pytest.fixture
def sender(made: tuple[Path, Any, list[str], Sender]) -> Sender:
    """Who sent its transactions, and can send the next."""
    return copy.copy(made[3])


def expect_same(folder: Path, view: Any, sent: Sequence[str]) -> None:
    with quiet_chain(folder, often=NEVER) as rpc:
        assert seen(rpc, sent) == view


# ---------------------------------------------------------------- the same chain


def test_a_restart_from_a_snapshot_gives_the_same_chain_and_goes_on_the_same(
    kept: tuple[Path, Any, list[str]], sender: Sender, ready: Callable[[], tuple[int, int]]
) -> None:
    folder, view, sent = kept
    with quiet_chain(folder, lead=60, often=NEVER) as rpc:
        assert ready() == (6, 0)
        assert seen(rpc, sent) == view
        proof = rpc("eth_getProof", sender.address, [], "latest")
        more = [send(rpc, sender, data) for data in (STORE_BLOCK_HASHES, STORE_AND_LOG)]
        view = seen(rpc, [*sent, *more])
        assert proof != rpc("eth_getProof", sender.address, [], "latest")
    expect_same(folder, view, [*sent, *more])
    assert ready() == (8, 2)
    for path in files(folder):
        path.unlink()
    expect_same(folder, view, [*sent, *more])
    assert ready() == (8, 8)


def test_after_anvil_was_killed_it_comes_back_from_a_snapshot(
    kept: tuple[Path, Any, list[str]], ready: Callable[[], tuple[int, int]]
) -> None:
    folder, view, sent = kept
    with quiet_chain(folder, often=NEVER) as rpc:
        os.kill(anvil_of(folder), signal.SIGKILL)
        wait_for(lambda: "result" in rpc.answer("eth_blockNumber"), 10)
        assert seen(rpc, sent) == view
        assert ready() == (6, 0)


# ---------------------------------------------------------------- no snapshot at all


def torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def flipped(path: Path) -> None:
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 16
    path.write_bytes(damaged)


def changed(path: Path, change: Callable[[Snapshot], Snapshot]) -> None:
    """Exchange a snapshot for another with a valid checksum."""
    old = Snapshots(path.parent).read(path)
    made = Snapshots(path.parent / "elsewhere")
    (path.parent / "elsewhere").mkdir(exist_ok=True)
    made.write(change(old)).replace(path)


def with_another_state(path: Path) -> None:
    def change(old: Snapshot) -> Snapshot:
        state = json.loads(gzip.decompress(old.state))
        account = next(each for each in state["accounts"].values() if each["storage"])
        account["storage"] = dict.fromkeys(account["storage"], "0x" + "5" * 64)
        return replace(old, state=gzip.compress(json.dumps(state).encode()))

    changed(path, change)


def with_another_block(path: Path) -> None:
    def change(old: Snapshot) -> Snapshot:
        state = json.loads(gzip.decompress(old.state))
        for block in state["blocks"]:
            if block["header"]["number"] == "0x2":
                block["header"]["extraData"] = "0x00"
        return replace(old, state=gzip.compress(json.dumps(state).encode()))

    changed(path, change)


def with_another_hash(path: Path) -> None:
    changed(path, lambda old: replace(old, mark=replace(old.mark, head=Head(6, bytes(32)))))


def at_another_place(path: Path) -> None:
    def change(old: Snapshot) -> Snapshot:
        other = Position(old.mark.position.end, bytes(16))
        return replace(old, mark=replace(old.mark, position=other))

    changed(path, change)


def of_nothing(path: Path) -> None:
    changed(path, lambda old: replace(old, state=gzip.compress(b"{}")))


@pytest.mark.parametrize(
    "spoil",
    [torn, empty, flipped, with_another_state, with_another_block, with_another_hash,
     at_another_place, of_nothing],
)  # fmt: skip
def test_a_spoilt_snapshot_is_passed_over_for_the_older_one(
    kept: tuple[Path, Any, list[str]],
    spoil: Callable[[Path], None],
    ready: Callable[[], tuple[int, int]],
) -> None:
    folder, view, sent = kept
    newest, older = files(folder)
    spoil(newest)
    expect_same(folder, view, sent)
    assert ready() == (6, 1)
    assert files(folder) == [older]


def test_with_both_spoilt_all_is_made_again(
    kept: tuple[Path, Any, list[str]], ready: Callable[[], tuple[int, int]]
) -> None:
    folder, view, sent = kept
    for path, spoil in zip(files(folder), (flipped, torn), strict=True):
        spoil(path)
    expect_same(folder, view, sent)
    assert ready() == (6, 6)
    assert files(folder) == []


def test_a_snapshot_of_another_chain_is_passed_over(
    kept: tuple[Path, Any, list[str]], tmp_path: Path, ready: Callable[[], tuple[int, int]]
) -> None:
    folder, view, sent = kept
    other = tmp_path / "other"
    with quiet_chain(other, lead=60, often=AT_EVERY_BLOCK) as rpc:
        stranger = Sender()
        for _ in range(7):
            send(rpc, stranger, STORE_AND_LOG)
        wait_for(lambda: files(other)[:1] == [other / "snapshot-000000000007"], 10)
    for path in files(other):
        shutil.copy(path, folder)
    expect_same(folder, view, sent)
    assert ready() == (6, 1)


def test_a_snapshot_newer_than_a_cut_journal_is_passed_over(
    kept: tuple[Path, Any, list[str]], ready: Callable[[], tuple[int, int]]
) -> None:
    folder, _, sent = kept
    newest, older = files(folder)
    end = Snapshots(folder).read(older).mark.position.end
    (folder / "journal").write_bytes((folder / "journal").read_bytes()[: end + 5])
    with quiet_chain(folder, often=NEVER) as rpc:
        assert ready() == (5, 0)
        assert rpc("eth_getTransactionReceipt", sent[5]) is None
    assert not newest.exists()


def test_a_journal_forged_behind_a_snapshot_is_refused_and_the_snapshots_stay(
    kept: tuple[Path, Any, list[str]],
) -> None:
    folder, view, sent = kept
    good = (folder / "journal").read_bytes()
    journal = Journal.open(folder / "journal")
    journal.append(Head(6, bytes(32)))
    journal.close()
    with pytest.raises(ProofError) as refusal:
        DevChain(folder).start()
    assert refusal.value.code == "chain_mismatch"
    assert not anvil_of(folder)
    assert len(files(folder)) == 2
    (folder / "journal").write_bytes(good)
    expect_same(folder, view, sent)


# ---------------------------------------------------------------- killed, and failing

KILLED = """
import os, signal, sys
from pathlib import Path
from contracts.devchain import snapshots
from contracts.devchain.restore import Often
from contracts.devchain.supervisor import Settings, Supervisor

def kill(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def half(path, snapshot):
    path.write_bytes(snapshot.state[:100])
    kill()

def replace(path, target):
    kill() if path.name.startswith("snapshot") else os.replace(path, target)

folder, moment = Path(sys.argv[1]), sys.argv[2]
if moment == "half written":
    snapshots._write_durably = half
elif moment == "not yet in place":
    Path.replace = replace
else:
    snapshots._sync_folder = kill
chain = Supervisor(Settings(folder, often=Often(blocks=1)))
chain.start()
chain.wait()
"""


@pytest.mark.parametrize("moment", ["half written", "not yet in place", "in place"])
def test_killed_while_it_writes_a_snapshot_it_comes_back(
    kept: tuple[Path, Any, list[str]], moment: str, ready: Callable[[], tuple[int, int]]
) -> None:
    folder, view, sent = kept
    for path in files(folder):
        path.unlink()
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(folder), moment],
        cwd=CHECKOUT,
        timeout=60,
        stderr=subprocess.DEVNULL,
    )
    assert killed.returncode == -signal.SIGKILL
    wait_for(lambda: not anvil_of(folder), 5)
    assert len(files(folder)) == (moment == "in place")
    expect_same(folder, view, sent)
    assert ready() == (6, 0 if moment == "in place" else 6)
    assert not list(folder.glob("*.new"))


def test_a_disk_too_full_for_snapshots_does_not_stop_the_chain(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sender = Sender()

    def full(snapshots: Snapshots, snapshot: Snapshot) -> Path:
        raise Unavailable("snapshot_not_written", "a snapshot cannot be written: No space left")

    monkeypatch.setattr(Snapshots, "write", full)
    with quiet_chain(folder, lead=60, often=AT_EVERY_BLOCK) as rpc:
        for _ in range(3):
            send(rpc, sender, STORE_AND_LOG)
        wait_for(lambda: "no snapshot of block" in caplog.text, 10)
        send(rpc, sender, STORE_AND_LOG)
    assert files(folder) == []


def test_while_a_snapshot_is_taken_senders_wait_and_are_not_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dumping = threading.Event()
    real = Anvil.dump_state

    def slow(anvil: Anvil) -> bytes:
        dumping.set()
        time.sleep(1)
        return real(anvil)

    monkeypatch.setattr(Anvil, "dump_state", slow)
    sender = Sender()
    with quiet_chain(folder, lead=60, often=AT_EVERY_BLOCK) as rpc:
        running = anvil_of(folder)
        send(rpc, sender, STORE_AND_LOG)
        assert dumping.wait(10)
        begun = time.monotonic()
        rpc("eth_sendRawTransaction", sender.sign())
        assert time.monotonic() - begun > 0.3
        assert anvil_of(folder) == running


RUNNING = """
import sys
from pathlib import Path
from contracts.devchain.miner import Pace
from contracts.devchain.restore import Often
from contracts.devchain.supervisor import Settings, Supervisor

pace = Pace(period=0.1, interval=0.05, lead=10**6)
chain = Supervisor(Settings(Path(sys.argv[1]), pace=pace, often=Often(blocks=2)))
chain.start()
chain.wait()
"""


@pytest.mark.long
@pytest.mark.timeout(600)
def test_killed_at_any_moment_it_comes_back_with_the_blocks_there_were(
    folder: Path, sample: Callable[[Sequence[int]], Sequence[int]], randomness: random.Random
) -> None:
    """A chain that does little else than write snapshots, killed again and again."""
    head: dict[str, Any] = {}
    sender, sent = Sender(), []
    for _ in sample(range(40)):
        (folder / "ready.json").unlink(missing_ok=True)
        running = subprocess.Popen(
            [sys.executable, "-c", RUNNING, str(folder)], cwd=CHECKOUT, stderr=subprocess.DEVNULL
        )
        try:
            wait_for((folder / "ready.json").exists, 30)
            rpc = JsonRpc(json.loads((folder / "ready.json").read_text())["rpc"])
            if head:
                assert rpc("eth_getBlockByNumber", head["number"], False) == head
            sent.append(send(rpc, sender, STORE_BLOCK_HASHES))
            head = rpc.head()
            time.sleep(randomness.uniform(0, 0.5))
        finally:
            running.kill()
            running.wait()
        wait_for(lambda: not anvil_of(folder), 5)
    with quiet_chain(folder, often=NEVER) as rpc:
        view = seen(rpc, sent)
    for path in files(folder):
        path.unlink()
    expect_same(folder, view, sent)


# ---------------------------------------------------------------- how long it takes


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_restart_after_a_week_and_100_000_transactions_takes_30_seconds(
    folder: Path, sample: Callable[[Sequence[int]], Sequence[int]], capsys: Any
) -> None:
    """Sliced, it is a twentieth of each; the 30 seconds stand for all of them."""
    share = len(sample(range(20))) / 20
    transactions, week = int(100_000 * share), int(30_240 * share)
    begin = int(time.time()) - 20 * (week + 1000)
    write_journal(folder, begin, week, transactions, together=1000)
    figures = []
    often = Often(blocks=min(5_000, week // 2))  # a share is too little for the usual measure
    for _ in range(2):
        started = time.monotonic()
        with quiet_chain(folder, often=often) as rpc:
            figures.append(time.monotonic() - started)
            head = rpc.head()
            logs = rpc("eth_getLogs", {"fromBlock": hex(week), "toBlock": hex(week + 3)})
            assert len(logs) == 2000
            wait_for(lambda: bool(files(folder)), 180)
    with capsys.disabled():
        size = sum(path.stat().st_size for path in files(folder)) / 2**20
        print(
            f"\n{transactions} transactions, {week} empty blocks: whole journal {figures[0]:.1f} s,"
            f" with a snapshot {figures[1]:.1f} s, {size:.1f} MiB"
        )
    assert figures[1] <= 30
    with quiet_chain(folder) as rpc:
        assert rpc.head() == head
