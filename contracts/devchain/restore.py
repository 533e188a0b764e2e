"""Bringing a chain back: from its newest good snapshot and the journal behind it, else all of it.

Decides whether a snapshot may stand in for the journal's beginning. It may if the journal holds
exactly the place it names; if every block in it has the hash the journal recorded; and if its
state has the root that its newest block states, which an empty block made on it and taken back
shows. Whatever fails, a snapshot or the blocks made behind it, falls back to the next older one
and at last to a replay from the first record, whose verdict is final. Snapshots that failed are
removed only once the chain is back, so that a journal put right finds them again.

Taking that block back also has anvil 1.7.1 fill in the hashes its BLOCKHASH answers with; loading
a state does not (foundry pull request 15167).
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from contracts.devchain.anvil import Anvil, RpcError
from contracts.devchain.journal import Accepted, Block, Genesis, Head, Position, Record
from contracts.devchain.replay import Replayed, beginning, replay
from contracts.devchain.snapshots import Mark, Snapshots
from core.errors import ProofError

_log = logging.getLogger(__name__)

Entries = Iterator[tuple[Record, Position]]
StartAnvil = Callable[[Genesis, bytes | None], Anvil]
_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Often:
    """When a snapshot is due: once what a restart would make again is more than one of these.

    Attributes:
        blocks: that many blocks.
        size: that many bytes of journal.
        seconds: as long as making those blocks took. A block costs anvil more the more it keeps,
            so this, not the number of blocks, is what bounds a restart.
    """

    blocks: int = 5_000
    size: int = 4 * 1024 * 1024
    seconds: float = 3.0


DEFAULT_OFTEN: Final = Often()


@dataclass(slots=True)
class Tail:
    """What stands in the journal behind the newest snapshot."""

    often: Often
    begin: int = 0
    blocks: int = 0
    seconds: float = 0.0
    patience: float = 1.0

    def add(self, blocks: int, seconds: float) -> None:
        """Count blocks that were made, and how long that took."""
        self.blocks += blocks
        self.seconds += seconds

    def is_long(self, end: int, is_busy: bool) -> bool:
        """Whether a snapshot is due; a busy chain gets twice as long to come to rest."""
        factor = self.patience * (2 if is_busy else 1)
        return self.blocks > 0 and (
            self.blocks >= self.often.blocks * factor
            or end - self.begin >= self.often.size * factor
            or self.seconds >= self.often.seconds * factor
        )

    def cut(self, end: int, seconds: float) -> None:
        """Begin anew at a snapshot; one that took long to write is worth up to twice the wait."""
        self.begin, self.blocks, self.seconds = end, 0, 0.0
        self.patience = min(max(1.0, seconds / self.often.seconds), 2.0)

    def put_off(self) -> None:
        """Wait twice as long: there could be no snapshot."""
        self.patience *= 2


@dataclass(frozen=True, slots=True)
class Restored:
    """A chain that is back.

    Attributes:
        anvil: holds it.
        replayed: where the journal ends.
        begin: where in the journal the blocks made again began.
        blocks: how many were.
        seconds: how long making them took.
    """

    anvil: Anvil
    replayed: Replayed
    begin: int
    blocks: int
    seconds: float


def restore(
    entries: Callable[[], Entries],
    genesis: Genesis,
    start_anvil: StartAnvil,
    snapshots: Snapshots,
) -> Restored:
    """Bring the chain of a journal back in a fresh anvil.

    Args:
        entries: gives the journal's records behind the genesis.
        genesis: its first record.
        start_anvil: starts a fresh one, with a state to begin with if there is one.
        snapshots: those of the same folder.

    Raises:
        ProofError: the journal is damaged, or makes another chain than it recorded.
        Unavailable: anvil does not answer.
    """
    failed = []
    restored = None
    for path in snapshots.newest_first():
        try:
            restored = _from_snapshot(path, entries(), genesis, start_anvil, snapshots)
            break
        except (ProofError, RpcError) as error:
            _log.warning("%s is not used: %s", path.name, error)
            failed.append(path)
    if restored is None:
        anvil = start_anvil(genesis, None)
        restored = _replayed(anvil, beginning(genesis), 0, entries())
    for path in failed:
        snapshots.discard(path)
    return restored


def _from_snapshot(
    path: Path,
    entries: Entries,
    genesis: Genesis,
    start_anvil: StartAnvil,
    snapshots: Snapshots,
) -> Restored:
    snapshot = snapshots.read(path)
    mark = snapshot.mark
    heads = _skip(entries, mark)
    anvil = start_anvil(genesis, snapshot.state)
    del snapshot  # it may be large, and the replay long
    try:
        _expect_blocks(anvil, heads)
        _expect_state(anvil, mark)
    except BaseException:
        anvil.stop()
        raise
    begin = Replayed(mark.time, mark.head, True, ())
    return _replayed(anvil, begin, mark.position.end, entries)


def _replayed(anvil: Anvil, begin: Replayed, end: int, entries: Entries) -> Restored:
    started = time.monotonic()
    try:
        replayed = replay(anvil, begin, (record for record, _ in entries))
    except BaseException:
        anvil.stop()
        raise
    first, last = (each.head.number if each.head else 0 for each in (begin, replayed))
    return Restored(anvil, replayed, end, last - first, time.monotonic() - started)


def _skip(entries: Entries, mark: Mark) -> list[Head]:
    """Go to the place a snapshot stands for; return the hashes recorded before it, in order.

    Raises:
        ProofError: there is no such place.
    """
    heads: list[Head] = []
    waiting = block_time = 0
    for record, position in entries:
        if isinstance(record, Accepted):
            waiting += 1
        elif isinstance(record, Block):
            waiting -= record.count
            block_time = record.time
        elif isinstance(record, Head):
            heads.append(record)
        if position.end >= mark.position.end:
            found = (position, record, block_time, waiting)
            if found != (mark.position, mark.head, mark.time, 0):
                raise _unusable("the journal does not have the place it stands for")
            return heads
    raise _unusable("it stands for more than the journal holds")


def _expect_blocks(anvil: Anvil, heads: list[Head]) -> None:
    """Compare every loaded block with the hash the journal recorded."""
    if int(anvil.call("eth_blockNumber"), 16) != heads[-1].number:
        raise _unusable("it ends with another block")
    for start in range(0, len(heads), _BATCH):
        batch = heads[start : start + _BATCH]
        requests = [
            {"jsonrpc": "2.0", "id": 0, "method": "eth_getBlockByNumber", "params": [number, False]}
            for number in (hex(head.number) for head in batch)
        ]
        blocks = [each.get("result") for each in json.loads(anvil.exchange(_encoded(requests)))]
        if [each and each["hash"] for each in blocks] != ["0x" + h.block_hash.hex() for h in batch]:
            raise _unusable(f"one of {len(batch)} blocks from {batch[0].number} on differs")


def _expect_state(anvil: Anvil, mark: Mark) -> None:
    """Have anvil compute the root of the state that was loaded, and come back to where it was."""
    loaded = _latest(anvil)
    anvil.call("evm_mine", {"timestamp": mark.time + 1})
    made = _latest(anvil)
    anvil.call("anvil_rollback", 1)
    if made["parentHash"] != loaded["hash"] or made["stateRoot"] != loaded["stateRoot"]:
        raise _unusable("its state is not that of its newest block")
    if _latest(anvil) != loaded:
        raise _unusable("anvil does not come back to its newest block")


def _latest(anvil: Anvil) -> dict[str, Any]:
    block: dict[str, Any] = anvil.call("eth_getBlockByNumber", "latest", False)
    return block


def _encoded(document: object) -> bytes:
    return json.dumps(document).encode()


def _unusable(what: str) -> ProofError:
    return ProofError("snapshot_unusable", what)
