"""A full disk: refused before a receipt is given, nothing half written, resumed without help."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.errors import Unavailable
from node.receipt import receipt_of
from node.store import records
from tests.support.anchored import assert_anchored_once, has_ended
from tests.support.ledger import MadeLedger
from tests.support.node import RunningNode, make_node, work_until

SIZE = 2 * 1024 * 1024
INODES = 40
ROOM = 64 * 1024


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """A file system of its own; whoever may not mount one cannot run these tests."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"{options},mode=700", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "disk", f"size={SIZE}") as folder:
        yield folder


@pytest.fixture
def few_inodes(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "disk", f"size={8 * SIZE},nr_inodes={INODES}") as folder:
        yield folder


@pytest.fixture
def node(made: MadeLedger, small_disk: Path) -> Iterator[RunningNode]:
    running = make_node(made, small_disk / "node")
    yield running
    running.close()


def fill(folder: Path) -> Path:
    """Take all the room that is left."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError as full:
            if full.errno != errno.ENOSPC:
                raise
    return ballast


def receipts_of(node: RunningNode) -> dict[str, int]:
    with node.store.reading() as connection:
        return records.counts(connection)


def test_a_full_disk_gives_no_receipt_and_resumes(node: RunningNode, small_disk: Path) -> None:
    worker = node.worker()
    work_until(worker, lambda: worker.fence is not None)
    first = node.accept("FULL-first")
    ballast = fill(small_disk)
    given: list[str] = [first]
    codes: set[str] = set()
    for number in range(40):
        try:
            given.append(node.accept(f"FULL-{number}"))
        except Unavailable as full:
            codes.add(full.code)
        worker.step()  # what it cannot write it does later
    assert codes
    assert codes <= {"database_full", "database_unavailable"}
    assert sum(receipts_of(node).values()) == len(given)
    assert all(receipt_of(node.store, receipt) for receipt in given)

    os.truncate(ballast, 0)
    work_until(worker, lambda: has_ended(node, given))
    given.append(node.accept("FULL-again"))
    work_until(worker, lambda: has_ended(node, given))
    assert_anchored_once(node, given)


def test_a_file_that_may_not_grow_gives_no_receipt_and_resumes(
    made: MadeLedger, tmp_path: Path
) -> None:
    """As by a quota: needs no file system of its own. The chain's journal has room enough."""
    node = make_node(made, tmp_path / "node")
    worker = node.worker()
    work_until(worker, lambda: worker.fence is not None)
    given = [node.accept("GROW-first")]
    codes: set[str] = set()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    largest = max(file.stat().st_size for file in tmp_path.rglob("*") if file.is_file())
    journals = tmp_path.parent.rglob("journal")
    largest = max([largest, *(journal.stat().st_size for journal in journals)])
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest + ROOM, hard))
    try:
        for number in range(400):
            try:
                given.append(node.accept(f"GROW-{number}"))
            except Unavailable as full:
                codes.add(full.code)
                break
        assert sum(receipts_of(node).values()) == len(given)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert codes
    assert codes <= {"database_full", "database_unavailable"}
    given.append(node.accept("GROW-again"))
    work_until(worker, lambda: has_ended(node, given))
    assert_anchored_once(node, given)
    node.close()


def test_a_disk_without_inodes_gives_no_receipt_and_resumes(
    made: MadeLedger, few_inodes: Path
) -> None:
    node = make_node(made, few_inodes / "node")
    worker = node.worker()
    work_until(worker, lambda: worker.fence is not None)
    given = [node.accept("INODE-first")]
    taken = use_up(few_inodes)
    given.append(node.accept("INODE-open"))  # what is open needs no more of them
    worker.step()
    worker.close()
    node.workers.clear()
    node.store.close()  # the last to leave takes the write-ahead log away
    taken += use_up(few_inodes)
    with pytest.raises(Unavailable) as told:
        node.accept("INODE-none")
    assert told.value.code == "database_unavailable"

    for file in taken:
        file.unlink()
    worker = node.worker()
    assert sum(receipts_of(node).values()) == len(given)
    work_until(worker, lambda: has_ended(node, given))
    given.append(node.accept("INODE-again"))
    work_until(worker, lambda: has_ended(node, given))
    assert_anchored_once(node, given)
    node.close()


def use_up(folder: Path) -> list[Path]:
    """Make empty files until there can be no more."""
    made: list[Path] = []
    while True:
        file = folder / f"empty-{os.urandom(8).hex()}"
        try:
            file.touch()
        except OSError as full:
            if full.errno != errno.ENOSPC:
                raise
            return made
        made.append(file)
