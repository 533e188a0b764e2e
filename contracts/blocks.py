"""Blocks and logs as a chain node answers them, their form checked, and logs read in their blocks.

Decides what of a header is looked at, and that a log counts only with the block it claims to be of.
Refuses logs that contradict their blocks; an answer of another form counts as no answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.chain import hex_bytes, quantity
from contracts.events import Emitters
from core.errors import NotTrusted, Unavailable
from core.events import Event
from core.registry import Head


@dataclass(frozen=True, slots=True)
class Block:
    """A block's header, as far as a follower looks at it; ``bloom`` sums up its logs."""

    number: int
    hash: bytes
    parent: bytes
    time: int
    bloom: int

    def head(self) -> Head:
        """Return it as the head that evidence rests on."""
        return Head(self.number, self.hash, self.time)


def read_logs(
    logs: Sequence[Mapping[str, Any]], blocks: Sequence[Block], emitters: Emitters
) -> list[Event]:
    """Return the events of logs in ledger order; ``emitters`` are moved past them.

    Raises:
        NotTrusted: ``log_contradicts_block``, a log of a block that is not among ``blocks``, or
            one that says "removed", or two logs at one place.
        FormatError: a log of ours that is none of our events.
    """
    by_number = {block.number: block for block in blocks}
    events: list[Event] = []
    last = (-1, -1)
    for log in sorted(logs, key=_place):
        place = _place(log)
        block = by_number.get(place[0])
        if block is None or hex_bytes(log["blockHash"]) != block.hash:
            raise _contradiction(place)
        if log.get("removed") or place == last:
            raise _contradiction(place)
        last = place
        event = emitters.read(log, block.time)
        if event is not None:
            events.append(event)
    return events


def block_of(answer: Any) -> Block:
    """Return the header in a node's answer.

    Raises:
        Unavailable: the node does not have this block, or answers something else.
    """
    if answer is None:
        raise Unavailable("block_missing", "the chain node does not have a block it should have")
    try:
        return Block(
            quantity(answer["number"]),
            hex_bytes(answer["hash"]),
            hex_bytes(answer["parentHash"]),
            quantity(answer["timestamp"]),
            quantity(answer["logsBloom"]),
        )
    except (KeyError, TypeError):
        raise malformed("a block") from None


def logs_of(answer: Any) -> list[dict[str, Any]]:
    """Return the logs in a node's answer, their form checked.

    Raises:
        Unavailable: it holds something else.
    """
    members = ("address", "topics", "data", "blockNumber", "blockHash", "logIndex")
    if not isinstance(answer, list):
        raise malformed("a list of logs")
    for log in answer:
        if not isinstance(log, dict) or any(log.get(member) is None for member in members):
            raise malformed("a list of logs")
        texts = (
            [log["address"], log["data"], *log["topics"]]
            if isinstance(log["topics"], list)
            else [None]
        )
        if not all(isinstance(text, str) and text[:2] == "0x" for text in texts):
            raise malformed("a list of logs")
    return answer


def _place(log: Mapping[str, Any]) -> tuple[int, int]:
    return quantity(log["blockNumber"]), quantity(log["logIndex"])


def _contradiction(place: tuple[int, int]) -> NotTrusted:
    return NotTrusted(
        "log_contradicts_block",
        f"chain node: log {place[1]} of block {place[0]} is not of that block",
    )


def malformed(expected: str) -> Unavailable:
    """Return the error for an answer of another form."""
    return Unavailable("chain_answer", f"the chain node's answer: expected {expected}")
