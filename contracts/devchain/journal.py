"""The journal: everything the development chain must not forget, in one append-only file.

Records, in order of writing:

* ``Genesis``: what the chain was started with; the first record of every journal.
* ``Accepted``: a raw transaction. Its sender is told its hash only once this is on disk.
* ``Block``: number, time, and how many of the accepted transactions not yet in a block it takes,
  oldest first. On disk *before* the block is mined.
* ``Head``: the hash the block turned out to have, so that a replay can be compared with it.

A frame is ``length(4) · checksum of length(4) · payload · checksum(16)``. Each checksum covers the
one before it, so a record that was changed, dropped, repeated or moved is found. Opening decides:

* the file ends inside its last frame, or that frame's checksum was never written (zeros, as after
  a power cut): the record was never acknowledged; it is cut off.
* anything else that does not add up is damage: the journal is refused, and nothing is cut.
"""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final

from core.errors import ProofError, Unavailable
from core.runtime import faults
from core.runtime.steps import Step

MAGIC: Final = b"comity devchain journal 1\n"
MAX_RECORD: Final = 4 * 1024 * 1024
_LENGTH: Final = struct.Struct(">I")
_GENESIS: Final = struct.Struct(">QQ")
_BLOCK: Final = struct.Struct(">QQI")
_HEAD: Final = struct.Struct(">Q32s")
_HEADER_SIZE: Final = 8
_CHECK_SIZE: Final = 16
_synchronize = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync


@dataclass(frozen=True, slots=True)
class Genesis:
    """What makes block 0: the same values give the same hash."""

    chain_id: int
    time: int

    def dump(self) -> bytes:
        """Return the record's payload."""
        return b"G" + _GENESIS.pack(self.chain_id, self.time)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A signed transaction that its sender may rely on."""

    raw: bytes

    def dump(self) -> bytes:
        """Return the record's payload."""
        return b"T" + self.raw


@dataclass(frozen=True, slots=True)
class Block:
    """A block about to be mined: it takes the ``count`` oldest transactions still waiting."""

    number: int
    time: int
    count: int

    def dump(self) -> bytes:
        """Return the record's payload."""
        return b"B" + _BLOCK.pack(self.number, self.time, self.count)


@dataclass(frozen=True, slots=True)
class Head:
    """The hash of a block that was mined."""

    number: int
    block_hash: bytes

    def dump(self) -> bytes:
        """Return the record's payload."""
        return b"H" + _HEAD.pack(self.number, self.block_hash)


Record = Genesis | Accepted | Block | Head


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a journal, right behind a record; the checksum covers everything before it."""

    end: int
    check: bytes


_STEPS: Final = {
    Genesis: Step.BLOCK_JOURNALLED,  # it stands for block 0
    Accepted: Step.TRANSACTION_JOURNALLED,
    Block: Step.BLOCK_JOURNALLED,
    Head: Step.HEAD_JOURNALLED,
}


def parse(payload: bytes) -> Record:
    """Return the record of a payload; the inverse of its ``dump``.

    Raises:
        ValueError: no record dumps to this payload.
    """
    kind, body = payload[:1], payload[1:]
    try:
        if kind == b"T":
            return Accepted(body)
        if kind == b"B":
            return Block(*_BLOCK.unpack(body))
        if kind == b"H":
            return Head(*_HEAD.unpack(body))
        if kind == b"G":
            return Genesis(*_GENESIS.unpack(body))
    except struct.error as error:
        raise ValueError(str(error)) from error
    raise ValueError("unknown kind of record")


class Journal:
    """An open journal. Appending is serialised; many threads may wait for the same fsync."""

    def __init__(self, path: Path, descriptor: int, end: int, check: bytes) -> None:
        self.path = path
        self._descriptor = descriptor
        self._end = end
        self._synced = end
        self._check = check
        self._writing = threading.Lock()
        self._syncing = threading.Lock()
        self._broken = ""

    @classmethod
    def open(cls, path: Path) -> Journal:
        """Open or create a journal, verify all of it, and cut off a torn last record.

        Raises:
            ProofError: the journal is damaged.
        """
        if not path.exists():
            _create(path)
        end, check = len(MAGIC), _first_check()
        for _, end, check in _frames(path):  # noqa: B007 (the last values are what is wanted)
            pass
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            if os.fstat(descriptor).st_size > end:
                os.ftruncate(descriptor, end)
            os.fsync(descriptor)  # what was read and is about to be acted on is on disk
        except BaseException:
            os.close(descriptor)
            raise
        return cls(path, descriptor, end, check)

    def entries(self) -> Iterator[tuple[Record, Position]]:
        """Yield every record from the first on and where it ends, verifying each again.

        Raises:
            ProofError: the journal is damaged.
        """
        for payload, end, check in _frames(self.path):
            try:
                yield parse(payload), Position(end, check)
            except ValueError as error:
                raise _damaged(self.path, end, f"a record cannot be read: {error}") from error

    def records(self) -> Iterator[Record]:
        """Yield every record from the first on, verifying each again.

        Raises:
            ProofError: the journal is damaged.
        """
        return (record for record, _ in self.entries())

    def append(self, record: Record) -> int:
        """Write a record behind the others, not yet durable, and return where it ends.

        Raises:
            Unavailable: it could not be written (disk full?); the journal is as before.
        """
        with self._writing:
            if self._broken:
                raise Unavailable("journal_broken", self._broken)
            frame, check = _frame(record.dump(), self._check)
            try:
                with faults.at(_STEPS[type(record)]):
                    self._write(frame)
            except OSError as error:
                self._undo()
                raise Unavailable(
                    "journal_not_written", f"the journal cannot be written: {error.strerror}"
                ) from error
            self._end += len(frame)
            self._check = check
            return self._end

    def sync(self, end: int) -> None:
        """Return once everything up to ``end`` is on disk.

        Threads that wait here together share one fsync.

        Raises:
            Unavailable: the disk refused; nothing more is written to this journal.
        """
        with self._syncing:
            if self._synced >= end:
                return
            with self._writing:
                if self._broken:
                    raise Unavailable("journal_broken", self._broken)
                written = self._end
            try:
                with faults.at(Step.JOURNAL_SYNCED):
                    _synchronize(self._descriptor)
            except OSError as error:
                # After a failed fsync the kernel may drop the pages and call the next one a
                # success, so there is no way on but to read the file again.
                self._broken = f"the journal cannot be made durable: {error.strerror}"
                raise Unavailable("journal_broken", self._broken) from error
            self._synced = written

    @property
    def end(self) -> int:
        """Where the last record written ends."""
        return self._end

    @property
    def position(self) -> Position:
        """The place behind the last record written."""
        with self._writing:
            return Position(self._end, self._check)

    @property
    def is_broken(self) -> bool:
        """Whether writing was given up for good."""
        return bool(self._broken)

    def close(self) -> None:
        """Close the file; calling it twice is harmless."""
        with self._writing:
            if self._descriptor >= 0:
                os.close(self._descriptor)
            self._descriptor = -1
            self._broken = self._broken or "the journal is closed"

    def _write(self, frame: bytes) -> None:
        written = 0
        while written < len(frame):
            written += os.pwrite(self._descriptor, frame[written:], self._end + written)

    def _undo(self) -> None:
        try:
            os.ftruncate(self._descriptor, self._end)
        except OSError as error:
            self._broken = f"the journal cannot be repaired: {error.strerror}"


def _create(path: Path) -> None:
    """Put an empty journal in place in one step, so that a half-made one never exists."""
    making = path.with_name(path.name + ".new")
    descriptor = os.open(making, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, MAGIC)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    making.rename(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _first_check() -> bytes:
    return blake2b(MAGIC, digest_size=_CHECK_SIZE).digest()


def _header(length: int, previous: bytes) -> bytes:
    size = _LENGTH.pack(length)
    return size + blake2b(size, key=previous, digest_size=4).digest()


def _frame(payload: bytes, previous: bytes) -> tuple[bytes, bytes]:
    """Return a payload's frame and its checksum, which the next frame needs."""
    if len(payload) > MAX_RECORD:
        raise ValueError("record too long")
    header = _header(len(payload), previous)
    check = blake2b(header + payload, key=previous, digest_size=_CHECK_SIZE).digest()
    return header + payload + check, check


def _frames(path: Path) -> Iterator[tuple[bytes, int, bytes]]:
    """Yield (payload, end, checksum) of every whole frame; stop before a torn last one."""
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise _damaged(path, 0, "it does not begin as a journal does")
        end, check = len(MAGIC), _first_check()
        while header := file.read(_HEADER_SIZE):
            if len(header) < _HEADER_SIZE or _only_zeros_follow(header, file.tell(), path):
                return
            (length,) = _LENGTH.unpack(header[:4])
            if header != _header(length, check) or not 0 < length <= MAX_RECORD:
                raise _damaged(path, end, "a record's length was changed")
            rest = file.read(length + _CHECK_SIZE)
            if len(rest) < length + _CHECK_SIZE:
                return
            payload, found = rest[:length], rest[length:]
            expected = blake2b(header + payload, key=check, digest_size=_CHECK_SIZE).digest()
            if found != expected:
                if not any(found) and not file.read(1):
                    return
                raise _damaged(path, end, "a record does not match its checksum")
            end, check = end + _HEADER_SIZE + len(rest), found
            yield payload, end, check


def _only_zeros_follow(header: bytes, position: int, path: Path) -> bool:
    """Whether the file was lengthened but not written, as happens when the power fails."""
    if any(header):
        return False
    with path.open("rb") as file:
        file.seek(position)
        return all(not any(part) for part in iter(lambda: file.read(1 << 16), b""))


def _damaged(path: Path, position: int, what: str) -> ProofError:
    return ProofError(
        "journal_damaged",
        f"the chain's journal {path} is damaged at byte {position}: {what}",
        hint="restore the file from a backup; it is never repaired by guessing",
    )
