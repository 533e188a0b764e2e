"""Accepting transactions and making blocks, so that a restart gives back the very same chain.

Decides what the next block holds: every transaction accepted so far, in the order of acceptance.
For that to be all there is to say, a transaction is accepted only if it can be in that block:
anvil has judged it, its nonce follows its sender's last one, and the block has gas left for it.

The order of writing, which is the point of this module:

1. anvil judges the transaction; it goes to the journal; *then* its sender is told the hash.
2. A block's time and transactions go to the journal; *then* the block is mined.
3. What was mined is compared with what was journalled, and its hash goes to the journal.

``recover`` brings the journal's chain back in a fresh anvil, comparing each recorded hash
(``restore``). It refuses when one differs. The same code runs at start and after anvil has died;
until it is done nobody sees the fresh anvil, so no client ever sees the chain shorter than it was.
``keep_snapshot`` bounds how long that takes.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from contracts.devchain.anvil import BLOCK_GAS_LIMIT, Anvil, RpcError
from contracts.devchain.journal import Accepted, Block, Genesis, Journal
from contracts.devchain.replay import Replayed, make_block, mismatch
from contracts.devchain.restore import DEFAULT_OFTEN, Entries, Often, StartAnvil, Tail, restore
from contracts.devchain.snapshots import Mark, Snapshot, Snapshots
from contracts.devchain.transaction import Transaction
from core.errors import ComityError, Refused, Unavailable

_log = logging.getLogger(__name__)

INVALID_PARAMETERS: Final = -32602
DEFAULT_PERIOD: Final = 20.0
DEFAULT_LEAD: Final = 10

REFUSED: Final = -32000
LIMIT_EXCEEDED: Final = -32005


@dataclass(frozen=True, slots=True)
class Pace:
    """When blocks are made; all in seconds.

    Attributes:
        period: an empty block at the latest this long after the one before.
        gather: how long a transaction waits for company.
        interval: the least time between two blocks.
        lead: how far block time, a whole second more for each block, may run ahead of the clock.
            Beyond it blocks come once a second, so the lead grows no further.
        patience: how long a transaction is held back while the next block has no gas left.
    """

    period: float = DEFAULT_PERIOD
    gather: float = 0.03
    interval: float = 0.15
    lead: int = DEFAULT_LEAD
    patience: float = 10.0


class Miner:
    """The chain of one journal. Thread-safe: many accept, one mines."""

    def __init__(
        self,
        journal: Journal,
        start_anvil: StartAnvil,
        chain_id: int,
        pace: Pace = Pace(),
        wall_clock: Callable[[], float] = time.time,
        often: Often = DEFAULT_OFTEN,
    ) -> None:
        self._journal = journal
        self._snapshots = Snapshots(journal.path.parent)
        self._tail = Tail(often)
        self._mark: Mark | None = None
        self._start_anvil = start_anvil
        self._chain_id = chain_id
        self._pace = pace
        self._wall_clock = wall_clock
        self._anvil: Anvil | None = None
        self._changed = threading.Condition(threading.Lock())
        self._waiting: deque[Transaction] = deque()
        self._waiting_gas = 0
        self._waiting_since = 0.0
        self._next_nonce: dict[str, int] = {}
        self._number = 0
        self._time = 0
        self._mined_at = 0.0
        self._is_closed = False
        self._is_leaving = False

    def anvil(self) -> Anvil:
        """Return the anvil that holds the whole chain.

        Raises:
            Unavailable: there is none at the moment.
        """
        if self._anvil is None:
            raise Unavailable("chain_recovering", "the chain is being restored", retry_after=1)
        return self._anvil

    # ------------------------------------------------------------ 1. accepting

    def accept(self, raw: bytes) -> str:
        """Take a signed transaction for the next block; on return it will not be lost.

        Returns:
            The transaction's hash.

        Raises:
            RpcError: it is refused, with the reason.
            Unavailable: the chain cannot take it now; nothing was promised.
        """
        try:
            transaction = Transaction.parse(raw)
        except ValueError as error:
            raise RpcError(INVALID_PARAMETERS, str(error)) from error
        self.anvil()  # while there is none, say so at once instead of waiting for the lock
        try:
            with self._changed:
                end = self._queue(transaction)
        except RpcError:
            self._journal.sync(self._journal.end)  # "already imported" shall mean durable, too
            raise
        self._journal.sync(end)
        return transaction.hash

    def _queue(self, transaction: Transaction) -> int:
        self._wait_for_room(transaction.gas)
        anvil = self.anvil()
        expected = self._expected_nonce(anvil, transaction.sender)
        if transaction.nonce > expected:
            raise RpcError(REFUSED, f"nonce too high: expected {expected}, got {transaction.nonce}")
        try:
            anvil.call("eth_sendRawTransaction", "0x" + transaction.raw.hex())
        except Unavailable:
            self._distrust(anvil)  # whether it holds the transaction is unknown
            raise
        try:
            end = self._journal.append(Accepted(transaction.raw))
        except Unavailable:
            self._withdraw(anvil, transaction)
            raise
        if not self._waiting:
            self._waiting_since = time.monotonic()
        self._waiting.append(transaction)
        self._waiting_gas += transaction.gas
        self._next_nonce[transaction.sender] = transaction.nonce + 1
        self._changed.notify_all()
        return end

    def _wait_for_room(self, gas: int) -> None:
        deadline = time.monotonic() + self._pace.patience
        while self._waiting and self._waiting_gas + gas > BLOCK_GAS_LIMIT:
            left = deadline - time.monotonic()
            if left <= 0 or self._is_closed:
                raise RpcError(LIMIT_EXCEEDED, "the next block is full; try again")
            self._changed.wait(left)

    def _expected_nonce(self, anvil: Anvil, sender: str) -> int:
        known = self._next_nonce.get(sender)
        if known is None:
            known = int(anvil.call("eth_getTransactionCount", sender, "latest"), 16)
        return known

    def _withdraw(self, anvil: Anvil, transaction: Transaction) -> None:
        try:
            anvil.call("anvil_dropTransaction", transaction.hash)
        except (RpcError, Unavailable):
            self._distrust(anvil)

    # ------------------------------------------------------------ 2. mining

    def wait_until_due(self, longest: float) -> bool:
        """Wait for the next block's moment, at most ``longest`` seconds; say whether it is due."""
        with self._changed:
            left = self._seconds_left()
            if left > 0:
                self._changed.wait(min(left, longest))
                left = self._seconds_left()
            return left <= 0 and not self._is_closed

    def wake(self) -> None:
        """Let ``wait_until_due`` return now."""
        with self._changed:
            self._changed.notify_all()

    def _seconds_left(self) -> float:
        if not self._waiting:
            return self._mined_at + self._pace.period - time.monotonic()
        is_ahead = self._time + 1 - self._wall_clock() > self._pace.lead
        interval = 1.0 if is_ahead else self._pace.interval
        due = max(self._waiting_since + self._pace.gather, self._mined_at + interval)
        return due - time.monotonic()

    def mine(self) -> None:
        """Make one block of everything that waits.

        Raises:
            ProofError: anvil made another block than the journalled one.
            Unavailable: the journal or anvil did not answer.
        """
        with self._changed:
            anvil = self.anvil()
            self._expect_own_head(anvil)
            block = Block(
                number=self._number + 1,
                time=max(int(self._wall_clock()), self._time + 1),
                count=len(self._waiting),
            )
            self._journal.sync(self._journal.append(block))
            started = time.monotonic()
            try:
                head = make_block(anvil, block, [each.hash for each in self._waiting])
            except (ComityError, RpcError):
                self._distrust(anvil)
                raise
            self._number, self._time = block.number, block.time
            self._mined_at = time.monotonic()
            self._tail.add(1, self._mined_at - started)
            self._waiting.clear()
            self._waiting_gas = 0
            self._next_nonce.clear()
            self._mark = None
            self._changed.notify_all()
            self._journal.append(head)
            self._mark = Mark(head, block.time, self._journal.position)

    def _expect_own_head(self, anvil: Anvil) -> None:
        """Notice a block that came in by a back door before ours is put on top of it."""
        try:
            if int(anvil.call("eth_blockNumber"), 16) != self._number:
                raise mismatch(self._number + 1, "there is one already that is not ours")
        except (ComityError, RpcError):
            self._distrust(anvil)
            raise

    def keep_snapshot(self) -> None:
        """Write a snapshot if one is due; for the thread that mines.

        anvil answers nothing else while it dumps, so senders wait here rather than at anvil, whose
        silence would count as its death. A snapshot that cannot be written costs time at the next
        restart, and is tried again later.

        Raises:
            Unavailable: the journal cannot be made durable.
        """
        anvil, mark = self._anvil, self._mark
        if anvil is None or mark is None:
            return
        if not self._tail.is_long(mark.position.end, is_busy=bool(self._waiting)):
            return
        started = time.monotonic()
        self._journal.sync(mark.position.end)
        try:
            with self._changed:
                state = anvil.dump_state()
            self._snapshots.write(Snapshot(mark, state))
        except (RpcError, Unavailable) as error:
            self._tail.put_off()
            _log.warning("no snapshot of block %d: %s", mark.head.number, error)
            return
        seconds = time.monotonic() - started
        self._tail.cut(mark.position.end, seconds)
        _log.info("snapshot of block %d, %.2f s", mark.head.number, seconds)

    # ------------------------------------------------------------ 3. recovering

    def needs_recovery(self) -> bool:
        """Whether there is no anvil to work with."""
        anvil = self._anvil
        return anvil is None or not anvil.is_running

    def recover(self) -> None:
        """Replay the journal in a fresh anvil and go on from there.

        Raises:
            ProofError: the journal is damaged, or the replay made another chain.
            Unavailable: anvil does not start.
        """
        with self._changed:
            if self._anvil is not None:
                self._distrust(self._anvil)
            started = time.monotonic()
            self._mark = None
            self._snapshots.sweep()
            first = next(self._journal.records(), None)
            if first is None:
                first = Genesis(self._chain_id, int(self._wall_clock()) - 1)
                self._journal.sync(self._journal.append(first))
            if not isinstance(first, Genesis) or first.chain_id != self._chain_id:
                raise Refused(
                    "other_chain",
                    f"the journal is not of chain {self._chain_id}",
                    hint="give the chain id it was made with, or another folder",
                )
            restored = restore(self._entries, first, self._start_anvil, self._snapshots)
            try:
                self._resume(restored.anvil, restored.replayed)
            except BaseException:
                restored.anvil.stop()
                raise
            self._tail.cut(restored.begin, 0.0)
            self._tail.add(restored.blocks, restored.seconds)
            self._anvil = restored.anvil
            self._changed.notify_all()
        _log.info(
            "chain ready: block %d, %d made again, %.2f s",
            *(self._number, restored.blocks, time.monotonic() - started),
        )

    def _entries(self) -> Entries:
        """Yield the journal behind its genesis, unless the chain is to be stopped."""
        entries = self._journal.entries()
        next(entries)
        for entry in entries:
            if self._is_leaving:
                raise Unavailable("chain_stopping", "the chain was stopped while it was restored")
            yield entry

    def _resume(self, anvil: Anvil, replayed: Replayed) -> None:
        """Take over where a replay ended: its head, and what still waits for a block."""
        if replayed.head is not None and not replayed.is_recorded:
            self._journal.append(replayed.head)
        self._number = replayed.head.number if replayed.head else 0
        self._time = replayed.time
        age = min(max(self._wall_clock() - replayed.time, 0.0), self._pace.period)
        self._mined_at = time.monotonic() - age
        self._waiting = deque(Transaction.parse(raw) for raw in replayed.waiting)
        self._waiting_gas = sum(each.gas for each in self._waiting)
        self._waiting_since = time.monotonic()
        self._next_nonce = {each.sender: each.nonce + 1 for each in self._waiting}
        if replayed.head is not None and not self._waiting:
            self._mark = Mark(replayed.head, replayed.time, self._journal.position)
        for each in self._waiting:
            try:
                anvil.call("eth_sendRawTransaction", "0x" + each.raw.hex())
            except RpcError as error:
                raise mismatch(self._number + 1, error.message) from error

    def _distrust(self, anvil: Anvil) -> None:
        """Give an anvil up whose state is no longer known; ``recover`` makes another."""
        self._anvil = None
        anvil.stop()

    def leave(self) -> None:
        """Break off a replay; takes no lock, so that a signal handler may call it."""
        self._is_leaving = True

    def close(self) -> None:
        """Stop anvil; whoever waits is let go."""
        with self._changed:
            self._is_closed = True
            if self._anvil is not None:
                self._distrust(self._anvil)
            self._changed.notify_all()
