"""The journal gives back what was made durable, cuts what was torn, refuses what was damaged."""

from __future__ import annotations

import errno
import os
import random
from itertools import pairwise
from pathlib import Path

import pytest

from contracts.devchain import journal as subject
from contracts.devchain.journal import Accepted, Block, Genesis, Head, Journal, Record, parse
from core.errors import ProofError, Unavailable

RECORDS: list[Record] = [
    Genesis(chain_id=787223, time=1_800_000_000),
    Accepted(b"\x02first"),
    Accepted(b"\x02second" * 50),
    Block(number=1, time=1_800_000_001, count=2),
    Head(number=1, block_hash=bytes(range(32))),
    Accepted(b"\x02third"),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def written(path: Path, records: list[Record] = RECORDS) -> list[int]:
    """Write records; return where each ends."""
    journal = Journal.open(path)
    ends = [journal.append(record) for record in records]
    journal.sync(ends[-1])
    journal.close()
    return ends


def read(path: Path) -> list[Record]:
    journal = Journal.open(path)
    try:
        return list(journal.records())
    finally:
        journal.close()


def test_what_was_written_is_read(path: Path) -> None:
    written(path)
    assert read(path) == RECORDS


def test_an_empty_journal_has_no_records(path: Path) -> None:
    assert read(path) == []
    assert read(path) == []


def test_it_is_for_its_owner_only(path: Path) -> None:
    written(path)
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_parse_is_the_inverse_of_dump(record: Record) -> None:
    assert parse(record.dump()) == record


@pytest.mark.parametrize(
    "payload",
    [b"", b"X", b"G", b"G" + bytes(15), b"G" + bytes(17), b"B", b"B" + bytes(19), b"H" + bytes(41)],
)  # fmt: skip
def test_parse_refuses_what_no_record_dumps_to(payload: bytes) -> None:
    with pytest.raises(ValueError):
        parse(payload)


def test_appending_goes_on_after_reopening(path: Path) -> None:
    written(path, RECORDS[:3])
    written(path, RECORDS[3:])
    assert read(path) == RECORDS


def test_a_torn_tail_is_cut_wherever_it_was_torn(path: Path) -> None:
    ends = written(path)
    whole = path.read_bytes()
    for size in range(ends[-2], ends[-1]):
        path.write_bytes(whole[:size])
        assert read(path) == RECORDS[:-1]
        assert path.stat().st_size == ends[-2]
    written(path, [Block(2, 1_800_000_002, 0)])
    assert read(path) == [*RECORDS[:-1], Block(2, 1_800_000_002, 0)]


@pytest.mark.parametrize("zeros", [1, 7, 8, 24, 5000])
def test_a_tail_that_was_lengthened_but_not_written_is_cut(path: Path, zeros: int) -> None:
    ends = written(path)
    path.write_bytes(path.read_bytes() + bytes(zeros))
    assert read(path) == RECORDS
    assert path.stat().st_size == ends[-1]


def test_a_last_record_whose_checksum_was_never_written_is_cut(path: Path) -> None:
    ends = written(path)
    path.write_bytes(path.read_bytes()[:-16] + bytes(16))
    assert read(path) == RECORDS[:-1]
    assert path.stat().st_size == ends[-2]


def test_every_flipped_bit_is_refused_and_nothing_is_cut(
    path: Path, randomness: random.Random
) -> None:
    written(path)
    whole = path.read_bytes()
    bits = randomness.sample(range(len(whole) * 8), 400) + list(
        range((len(whole) - 40) * 8, len(whole) * 8)
    )
    for bit in bits:
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        with pytest.raises(ProofError) as refusal:
            Journal.open(path)
        assert refusal.value.code == "journal_damaged"
        assert path.read_bytes() == flipped


def test_a_record_dropped_repeated_or_moved_is_refused(path: Path) -> None:
    starts = [len(subject.MAGIC), *written(path)]
    whole = path.read_bytes()
    frames = [whole[a:b] for a, b in pairwise(starts)]
    head = whole[: starts[0]]
    for frames_found in (
        frames[:1] + frames[2:],
        frames[:2] + frames[1:],
        [frames[0], frames[2], frames[1], *frames[3:]],
        frames[1:],
    ):
        path.write_bytes(head + b"".join(frames_found))
        with pytest.raises(ProofError):
            Journal.open(path)


def test_damage_before_a_torn_tail_is_still_damage(path: Path) -> None:
    ends = written(path)
    whole = bytearray(path.read_bytes()[:-3])
    whole[ends[0] + 12] ^= 1
    path.write_bytes(whole)
    with pytest.raises(ProofError):
        Journal.open(path)


def test_another_file_is_refused(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0" + bytes(100))
    with pytest.raises(ProofError):
        Journal.open(path)


def test_a_full_disk_leaves_the_journal_as_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(path, RECORDS[:2])
    journal = Journal.open(path)
    real = os.pwrite

    def half_a_write(descriptor: int, frame: bytes, offset: int) -> int:
        if len(frame) <= 10:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, frame[:10], offset)

    monkeypatch.setattr(os, "pwrite", half_a_write)
    with pytest.raises(Unavailable) as refusal:
        journal.append(RECORDS[2])
    assert refusal.value.code == "journal_not_written"
    monkeypatch.undo()
    for record in RECORDS[2:]:
        journal.append(record)
    journal.close()
    assert read(path) == RECORDS


def test_after_a_failed_fsync_nothing_more_is_promised(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal.open(path)
    end = journal.append(RECORDS[0])

    def fail(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(subject, "_synchronize", fail)
    with pytest.raises(Unavailable):
        journal.sync(end)
    monkeypatch.undo()
    assert journal.is_broken
    with pytest.raises(Unavailable):
        journal.sync(end)
    with pytest.raises(Unavailable):
        journal.append(RECORDS[1])
    journal.close()


def test_threads_that_wait_together_share_an_fsync(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal.open(path)
    count = 0

    def counted(descriptor: int) -> None:
        nonlocal count
        count += 1

    monkeypatch.setattr(subject, "_synchronize", counted)
    ends = [journal.append(record) for record in RECORDS]
    for end in ends:
        journal.sync(end)
    assert count == 1
    journal.close()
