"""Following a ledger: block by block from the chain node into the local mirror.

Decides which blocks are final enough to rest evidence on (those with ``finality depth`` blocks on
them) and adds only these, each checked to be the child of the one before and every log to lie in
its block. So a reorganisation above the finality depth is never seen here. One below it, on QBFT
any at all, is an alarm: it is reported, and the mirror goes back to the last common block.

Refuses, with a reason and without moving on: a node of another chain, a node whose head lies behind
what was followed (``head_went_back``), a chain that shares no block with the mirror
(``another_chain``), logs that contradict their blocks, events this version does not know, and
contracts whose code is not the announced one: every step looks at the Directory, whose code must
stay what it was first, and at one of the others, each in its turn.
A text that an event names and that cannot be had, or is another, stops nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from contracts.abi import keccak
from contracts.blocks import Block, block_of
from contracts.chain import hex_bytes
from contracts.events import DIRECTORY, Emitters
from contracts.ledgerstore import LedgerStore
from contracts.reader import FINALITY_DEPTH, Ledger
from contracts.rpc import Call, RpcError
from contracts.texts import fetch_texts
from core.errors import ComityError, LimitError, NotTrusted, Refused
from core.events import ContractSet
from core.limits import LOG_RANGE_BLOCKS
from core.registry import Head
from core.runtime.logs import logger

_WALK: Final = 64  # headers compared at once on the way back to the common block
_LONGEST_PAUSE: Final = 30.0
_TEXTS_AGAIN: Final = 20  # texts that could not be had, asked for again with every new block


class Stop(Protocol):
    """What ends :meth:`Follower.run`; a ``threading.Event`` is one."""

    def is_set(self) -> bool: ...
    def wait(self, timeout: float | None = None) -> bool: ...


@dataclass(frozen=True, slots=True)
class Progress:
    """What one step did.

    Args:
        head: the last block followed; None when none is final yet.
        target: the newest block that is final.
        blocks, events: how many were added.
        rolled_back: blocks forgotten because the chain was reorganised below its finality depth;
            above zero it is an alarm.
    """

    head: Head | None
    target: int
    blocks: int = 0
    events: int = 0
    rolled_back: int = 0

    @property
    def caught_up(self) -> bool:
        """Nothing final is left to follow."""
        return self.head is not None and self.head.block >= self.target


@dataclass(frozen=True, slots=True)
class _Look:
    """The node's newest block, its block at our cursor's height, and the code of contracts."""

    latest: Block
    at_cursor: Block | None
    code: Mapping[str, bytes]


class Follower:
    """Moves one store along one ledger. One at a time; a second one is refused harmlessly.

    Args:
        finality_depth: blocks that must stand on a block; None takes the ledger's parameter.
    """

    def __init__(
        self, ledger: Ledger, store: LedgerStore, finality_depth: int | None = None
    ) -> None:
        if store.origin != ledger.origin:
            raise Refused(
                "other_ledger", f"followed ledger: expected {ledger.origin}, got {store.origin}"
            )
        self._ledger = ledger
        self._store = store
        self._fixed_depth = finality_depth
        self._last_depth: int | None = None
        self._span = LOG_RANGE_BLOCKS
        self._told = ""
        self._seen: Head | None = None
        self._announced: dict[str, ContractSet] = {}
        self._turn = 0

    @property
    def ledger(self) -> Ledger:
        """The ledger that is followed."""
        return self._ledger

    def step(self) -> Progress:
        """Follow one range of blocks, or go back where the chain was reorganised.

        Returns:
            what was done; call again at once unless it is ``caught_up``.

        Raises:
            Unavailable: the node or the store does not answer.
            NotTrusted, Refused, FormatError: the node shows what no honest ledger can show.
        """
        cursor = self._store.cursor()
        if cursor != self._seen:  # the first step, or somebody else moved the store
            self._learn_contracts(cursor)
        look = self._look(cursor)
        latest = look.latest
        stands = cursor is None or cursor.hash == getattr(look.at_cursor, "hash", None)
        if stands:
            self._require_code(look.code)
        depth = self._depth()
        deeper, self._last_depth = depth != self._last_depth, depth
        target = latest.number - depth
        if cursor is not None and not stands:
            return self._go_back(cursor, latest, target)
        if cursor is not None and target < cursor.block and not deeper:
            raise _went_back(cursor, latest)
        first = 0 if cursor is None else cursor.block + 1
        last = min(target, first + self._span - 1)
        if last < first:
            return Progress(cursor, target)
        return self._add(cursor, first, last, target)

    def catch_up(self, report: Callable[[Progress], None] = lambda _: None) -> Progress:
        """Step until nothing final is left; ``report`` is told of every step."""
        while True:
            progress = self.step()
            report(progress)
            if progress.caught_up or (progress.target < 0 and not progress.rolled_back):
                return progress

    def run(
        self,
        stop: Stop,
        interval: float,
        report: Callable[[Progress | ComityError], None] | None = None,
    ) -> None:
        """Follow until ``stop`` is set.

        An error is reported and nothing is added while its cause lasts; it is looked at again after
        a pause that grows to 30 s, so that a node that comes back is followed without help.

        Args:
            interval: seconds between looks at a chain that stands still.
            report: told of every step and of every error; without it, alarms and errors go to the
                log.
        """
        report = report or self._log
        pause = interval
        while not stop.is_set():
            try:
                progress = self.step()
            except ComityError as error:
                report(error)
                pause = min(max(pause, interval) * 2, _LONGEST_PAUSE)
                stop.wait(pause)
                continue
            report(progress)
            pause = interval
            if progress.caught_up or not (progress.blocks or progress.rolled_back):
                stop.wait(interval)

    def _log(self, told: Progress | ComityError) -> None:
        """Write alarms, and errors when they change."""
        ledger = self._ledger.origin
        log = logger("follower")
        if isinstance(told, Progress) and told.rolled_back:
            log.error("reorg_below_finality", ledger=ledger, count=told.rolled_back)
        code = told.code if isinstance(told, ComityError) else ""
        if code and code != self._told:
            log.warning("ledger_not_followed", ledger=ledger, code=code)
        elif self._told and not code:
            log.info("ledger_followed_again", ledger=ledger)
        self._told = code

    def _look(self, cursor: Head | None) -> "_Look":
        watched = {DIRECTORY: self._ledger.directory}
        if self._announced:  # each of them in its turn
            name = list(self._announced)[self._turn % len(self._announced)]
            watched[name] = self._announced[name].address
        calls: list[Call] = [("eth_chainId", ()), ("eth_getBlockByNumber", ("latest", False))]
        calls += [("eth_getCode", (at, "latest")) for at in watched.values()]
        if cursor is not None:
            calls.append(("eth_getBlockByNumber", (hex(cursor.block), False)))
        chain_id, latest, *rest = self._ledger.chain.request_batch(calls)
        self._ledger.chain.require_chain(chain_id)
        code = {name: hex_bytes(rest.pop(0)) for name in watched}
        at_cursor = block_of(rest[0]) if rest and rest[0] is not None else None
        return _Look(block_of(latest), at_cursor, code)

    def _require_code(self, code: Mapping[str, bytes]) -> None:
        """Raise ``code_changed`` unless it is the announced; the Directory's, what it was first."""
        for name, found in code.items():
            announced = self._announced.get(name)
            expected = (
                self._store.directory_code(keccak(found))
                if announced is None
                else announced.code_hash
            )
            self._ledger.require_code(name, expected, found)
        self._turn += 1  # the one that was refused is looked at again: the cause lasts

    def _depth(self) -> int:
        """The depth as followed and as the node says now: the greater, so no lie shortens it."""
        if self._fixed_depth is not None:
            return self._fixed_depth
        with self._store.snapshot() as snapshot:
            followed = snapshot.parameter(FINALITY_DEPTH) or 0
        return max(followed, self._ledger.finality_depth())

    def _add(self, cursor: Head | None, first: int, last: int, target: int) -> Progress:
        try:
            found = self._ledger.follow(first, last, self._emitters())
        except (LimitError, RpcError):
            if first == last:
                raise
            self._span = max(1, (last - first + 1) // 2)  # too much for this node at once
            return Progress(cursor, target)
        if cursor is not None and found.blocks[0].parent != cursor.hash:
            return Progress(cursor, target)  # reorganised since we looked: the next step sees it
        announced = [event for event in found.events if isinstance(event, ContractSet)]
        chain = self._ledger.chain
        for event in announced:
            self._ledger.require_code(event.name, event.code_hash, chain.code(event.address))
        heads = [block.head() for block in found.blocks]
        missing = self._store.missing_texts(_TEXTS_AGAIN)
        texts = fetch_texts(chain, [*found.named, *missing])
        self._store.append(heads, found.events, found.named, texts)
        self._seen = heads[-1]
        if announced:
            self._learn_contracts(heads[-1])
        self._span = min(self._span * 2, LOG_RANGE_BLOCKS)
        return Progress(heads[-1], target, len(heads), len(found.events))

    def _emitters(self) -> Emitters:
        """The contracts the Directory has named up to the cursor."""
        named = {event.name: event.address for event in self._announced.values()}
        return Emitters(self._ledger.directory, named)

    def _learn_contracts(self, cursor: Head | None) -> None:
        """Know the contracts named up to the cursor; whoever shares our ledger calls these."""
        with self._store.snapshot() as snapshot:
            histories = [snapshot.history(key) for key in snapshot.keys("code/")]
        newest = (history[-1] for history in histories)
        self._announced = {
            event.name: event
            for event in newest
            if isinstance(event, ContractSet) and event.name != DIRECTORY
        }
        self._ledger.name_contracts(self._announced.values())
        self._seen = cursor

    def _go_back(self, cursor: Head, latest: Block, target: int) -> Progress:
        """Forget the blocks that the chain no longer has."""
        if latest.number < cursor.block:  # a node that lags, or a reorganisation to a shorter chain
            kept = self._store.headers_below(latest.number + 1, 1)
            if kept and kept[0].hash == getattr(self._canonical(kept)[0], "hash", None):
                raise _went_back(cursor, latest)
        common = self._common(cursor)
        if common is None:
            raise NotTrusted(
                "another_chain",
                f"chain node: shares no block with the followed ledger {self._ledger.origin}",
                "check the node; if the chain was made anew on purpose, remove the ledger store",
            )
        self._store.rollback_to(common.block)
        self._learn_contracts(common)
        return Progress(common, target, rolled_back=cursor.block - common.block)

    def _common(self, cursor: Head) -> Head | None:
        below = cursor.block
        while kept := self._store.headers_below(below, _WALK):
            for head, block in zip(kept, self._canonical(kept), strict=True):
                if block is not None and block.hash == head.hash:
                    return head
            below = kept[-1].block
        return None

    def _canonical(self, heads: Sequence[Head]) -> list[Block | None]:
        calls: list[Call] = [("eth_getBlockByNumber", (hex(h.block), False)) for h in heads]
        answers = self._ledger.chain.request_batch(calls)
        return [None if answer is None else block_of(answer) for answer in answers]


def _went_back(cursor: Head, latest: Block) -> NotTrusted:
    return NotTrusted(
        "head_went_back",
        f"chain node: its newest block is {latest.number}, and {cursor.block} was final before",
        "check that the node is in step with its peers",
    )
