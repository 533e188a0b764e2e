"""A full disk: refused before a receipt is given, nothing half written, resumed without help."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import Unavailable
from node.receipt import receipt_of
from node.store import records
from tests.support.anchored import assert_anchored_once, has_ended
from tests.support.ledger import MadeLedger
from tests.support.node import RunningNode, make_node, work_until

SIZE = 2 * 1024 * 1024


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB; whoever may not mount one cannot run these tests."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=700", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


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
