"""Snapshots: the chain as anvil wrote it down at one block, so that a restart need not make it all.

A snapshot is a shortcut and never evidence: the journal alone says what the chain is. Each names
the place in the journal it stands for, with the checksum there, and its block's hash; ``restore``
compares all of that before a snapshot counts for anything. Losing every snapshot costs time only.

Decides what is on disk: a snapshot is written under another name, made durable, and put in place
in one step, so that a process killed at any moment leaves a whole one or none. The newest two are
kept; the older is there in case the newer one is damaged or stands for more than the journal holds.

The file: ``magic · mark · length(8) · state · BLAKE2b-256 of all before``. Refused: any other.
"""

from __future__ import annotations

import contextlib
import os
import struct
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final

from contracts.devchain.journal import Head, Position
from core.errors import ProofError, Unavailable

MAGIC: Final = b"comity devchain snapshot 1\n"
MAX_STATE: Final = 512 * 1024 * 1024
KEPT: Final = 2
_PREFIX: Final = "snapshot-"
_NEW: Final = ".new"
_MARK: Final = struct.Struct(">QQ32sQ16s")
_LENGTH: Final = struct.Struct(">Q")
_DIGEST_SIZE: Final = 32


@dataclass(frozen=True, slots=True)
class Mark:
    """What a snapshot stands for.

    Attributes:
        head: the newest block.
        time: that block's.
        position: the place in the journal right behind the record of that block's hash, at which
            no accepted transaction waits for a block.
    """

    head: Head
    time: int
    position: Position

    def dump(self) -> bytes:
        """Return its bytes."""
        end, check = self.position.end, self.position.check
        return _MARK.pack(self.head.number, self.time, self.head.block_hash, end, check)

    @classmethod
    def parse(cls, encoded: bytes) -> Mark:
        """Return the mark of these bytes; the inverse of ``dump``.

        Raises:
            ValueError: they are none.
        """
        try:
            number, time, block_hash, end, check = _MARK.unpack(encoded)
        except struct.error as error:
            raise ValueError(str(error)) from error
        return cls(Head(number, block_hash), time, Position(end, check))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A mark and the chain up to it, as anvil dumps it."""

    mark: Mark
    state: bytes


class Snapshots:
    """The snapshots in a chain's folder. One process, one thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def newest_first(self) -> list[Path]:
        """Return the files there are; none of them was looked into."""
        return sorted(self._folder.glob(f"{_PREFIX}{'[0-9]' * 12}"), reverse=True)

    def read(self, path: Path) -> Snapshot:
        """Return a snapshot that is what was written.

        Raises:
            ProofError: it is not.
        """
        try:
            if path.stat().st_size > MAX_STATE + 1024:
                raise _damaged(path, "it is too large")
            content = path.read_bytes()
        except OSError as error:
            raise _damaged(path, f"it cannot be read: {error.strerror}") from error
        view = memoryview(content)
        body = view[:-_DIGEST_SIZE]
        if content[: len(MAGIC)] != MAGIC or _digest(body) != bytes(view[-_DIGEST_SIZE:]):
            raise _damaged(path, "it does not match its checksum")
        begin = len(MAGIC) + _MARK.size
        try:
            mark = Mark.parse(bytes(body[len(MAGIC) : begin]))
            (length,) = _LENGTH.unpack(body[begin : begin + _LENGTH.size])
        except (ValueError, struct.error) as error:
            raise _damaged(path, "it is no snapshot") from error
        state = bytes(body[begin + _LENGTH.size :])
        if len(state) != length:
            raise _damaged(path, "its length is another")
        return Snapshot(mark, state)

    def write(self, snapshot: Snapshot) -> Path:
        """Put a snapshot in place, durably and in one step, and remove those it replaces.

        Raises:
            Unavailable: it could not be written (disk full?); those there are remain.
        """
        if len(snapshot.state) > MAX_STATE:
            raise Unavailable("snapshot_not_written", "the chain is too large for a snapshot")
        path = self._folder / f"{_PREFIX}{snapshot.mark.head.number:012d}"
        making = path.with_name(path.name + _NEW)
        try:
            _write_durably(making, snapshot)
            making.replace(path)
            _sync_folder(self._folder)
        except OSError as error:
            with contextlib.suppress(OSError):
                making.unlink(missing_ok=True)
            raise Unavailable(
                "snapshot_not_written", f"a snapshot cannot be written: {error.strerror}"
            ) from error
        for old in self.newest_first()[KEPT:]:
            self.discard(old)
        return path

    def sweep(self) -> None:
        """Remove what a process killed while it wrote has left."""
        for left in self._folder.glob(f"{_PREFIX}*{_NEW}"):
            self.discard(left)

    def discard(self, path: Path) -> None:
        """Remove a snapshot; one that cannot be removed does no harm."""
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def _write_durably(path: Path, snapshot: Snapshot) -> None:
    header = MAGIC + snapshot.mark.dump() + _LENGTH.pack(len(snapshot.state))
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    with open(os.open(path, flags, 0o600), "wb") as file:
        file.write(header)
        file.write(snapshot.state)
        file.write(_digest(header, snapshot.state))
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _digest(*parts: bytes | memoryview) -> bytes:
    digest = blake2b(digest_size=_DIGEST_SIZE)
    for part in parts:
        digest.update(part)
    return digest.digest()


def _damaged(path: Path, what: str) -> ProofError:
    return ProofError("snapshot_damaged", f"{path.name}: {what}")
