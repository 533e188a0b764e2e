"""A snapshot is whole or it is none; the newest two are kept; when one is due."""

from __future__ import annotations

import errno
import os
import random
from dataclasses import replace
from pathlib import Path

import pytest

from contracts.devchain.journal import Head, Position
from contracts.devchain.restore import Often, Tail
from contracts.devchain.snapshots import Mark, Snapshot, Snapshots
from core.errors import ProofError, Unavailable

MARK = Mark(Head(7, bytes(range(32))), 1_800_000_140, Position(4321, bytes(range(16))))
SNAPSHOT = Snapshot(MARK, b"state")


@pytest.fixture
def snapshots(tmp_path: Path) -> Snapshots:
    return Snapshots(tmp_path)


def test_what_was_written_is_read(snapshots: Snapshots) -> None:
    assert snapshots.read(snapshots.write(SNAPSHOT)) == SNAPSHOT
    assert Mark.parse(MARK.dump()) == MARK


def test_it_is_for_its_owner_only(snapshots: Snapshots) -> None:
    assert snapshots.write(SNAPSHOT).stat().st_mode & 0o777 == 0o600


def test_every_bit_and_every_length_counts(snapshots: Snapshots, randomness: random.Random) -> None:
    path = snapshots.write(SNAPSHOT)
    whole = path.read_bytes()
    flips = [
        whole[:place] + bytes([whole[place] ^ 1 << randomness.randrange(8)]) + whole[place + 1 :]
        for place in range(len(whole))
    ]
    for damaged in [*flips, *(whole[:size] for size in range(len(whole))), whole + b"\0"]:
        path.write_bytes(damaged)
        with pytest.raises(ProofError) as refusal:
            snapshots.read(path)
        assert refusal.value.code == "snapshot_damaged"


def test_the_newest_two_are_kept(snapshots: Snapshots) -> None:
    paths = [
        snapshots.write(replace(SNAPSHOT, mark=replace(MARK, head=Head(number, bytes(32)))))
        for number in (9, 10, 100)
    ]
    assert snapshots.newest_first() == [paths[2], paths[1]]


def test_what_a_killed_process_left_is_no_snapshot(snapshots: Snapshots, tmp_path: Path) -> None:
    left = tmp_path / "snapshot-000000000007.new"
    left.write_bytes(b"half")
    assert snapshots.newest_first() == []
    snapshots.sweep()
    assert not left.exists()


def test_a_full_disk_leaves_the_snapshots_there_are(
    snapshots: Snapshots, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = snapshots.write(SNAPSHOT)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(Unavailable) as refusal:
            snapshots.write(replace(SNAPSHOT, mark=replace(MARK, head=Head(8, bytes(32)))))
    assert refusal.value.code == "snapshot_not_written"
    assert list(tmp_path.iterdir()) == [path]


# ---------------------------------------------------------------- when


def test_one_is_due_after_so_many_blocks_bytes_or_seconds() -> None:
    often = Often(blocks=10, size=1000, seconds=4.0)
    for blocks, seconds, end in ((10, 0.1, 50), (1, 0.1, 1000), (1, 4.0, 50)):
        tail = Tail(often)
        tail.add(blocks, seconds)
        assert tail.is_long(end, is_busy=False)
        assert not tail.is_long(end, is_busy=True)
        tail.cut(end, 0.1)
        assert not tail.is_long(end, is_busy=False)


def test_none_is_due_without_a_new_block() -> None:
    assert not Tail(Often(blocks=0, size=0, seconds=0.0)).is_long(10**9, is_busy=False)


def test_after_a_failure_it_waits_longer() -> None:
    tail = Tail(Often(blocks=10))
    tail.add(10, 0.0)
    tail.put_off()
    assert not tail.is_long(0, is_busy=False)
    tail.add(10, 0.0)
    assert tail.is_long(0, is_busy=False)
