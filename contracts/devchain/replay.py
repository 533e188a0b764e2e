"""Making a journalled block in anvil, and making all of them again.

Decides whether what anvil mined is what the journal says: number, time, transactions in their
order, and the block hash wherever one was recorded. Refuses to go on at the first difference:
followers of the ledger would see it as a reorganisation.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from contracts.devchain.anvil import Anvil, RpcError
from contracts.devchain.journal import Accepted, Block, Genesis, Head, Record
from core.errors import ProofError, Unavailable
from core.runtime import faults
from core.runtime.steps import Step


@dataclass(frozen=True, slots=True)
class Replayed:
    """Where a replay ended, or begins.

    Attributes:
        time: the newest block's, or the genesis time.
        head: the newest block, None if there is none.
        is_recorded: whether the journal holds that block's hash.
        waiting: the transactions accepted but not yet in a block, oldest first.
    """

    time: int
    head: Head | None
    is_recorded: bool
    waiting: tuple[bytes, ...]


def make_block(anvil: Anvil, block: Block, transactions: Sequence[str]) -> Head:
    """Mine a journalled block out of anvil's pool.

    Args:
        anvil: its pool holds the block's transactions and no other.
        block: what the journal says.
        transactions: the hashes of its transactions, in order.

    Raises:
        ProofError: anvil mined something else.
        RpcError: anvil refused.
        Unavailable: anvil did not answer.
    """
    try:
        with faults.at(Step.BLOCK_MINED):
            anvil.call("evm_mine", {"timestamp": block.time})
    except OSError as error:
        raise Unavailable("anvil_down", "the chain's anvil does not answer") from error
    made = anvil.call("eth_getBlockByNumber", "latest", False)
    if (int(made["number"], 16), int(made["timestamp"], 16)) != (block.number, block.time):
        raise mismatch(block.number, "number or time differs")
    if made["transactions"] != list(transactions):
        raise mismatch(block.number, "its transactions differ")
    return Head(block.number, bytes.fromhex(made["hash"][2:]))


def beginning(genesis: Genesis) -> Replayed:
    """Return where a replay of a whole journal begins."""
    return Replayed(genesis.time, None, True, ())


def replay(anvil: Anvil, begin: Replayed, records: Iterable[Record]) -> Replayed:
    """Make every further block of a journal.

    Args:
        anvil: holds the chain up to ``begin``.
        begin: the place in the journal behind which ``records`` stand; nothing waits there.
        records: the rest of the journal.

    Raises:
        ProofError: the journal contradicts itself, or the blocks differ.
        Unavailable: anvil did not answer.
    """
    waiting = deque(begin.waiting)
    time, head, is_recorded = begin.time, begin.head, begin.is_recorded
    for record in records:
        if isinstance(record, Accepted):
            waiting.append(record.raw)
        elif isinstance(record, Block):
            if record.number != (head.number if head else 0) + 1 or record.time <= time:
                raise mismatch(record.number, "it does not follow the one before")
            head = _make_again(anvil, record, waiting)
            time, is_recorded = record.time, False
        elif isinstance(record, Head):
            if record != head:
                raise mismatch(record.number, "its hash is not the recorded one")
            is_recorded = True
        else:
            raise mismatch(head.number if head else 0, "the journal begins a second time")
    return Replayed(time, head, is_recorded, tuple(waiting))


def mismatch(number: int, what: str) -> ProofError:
    """Return the error for a block that is not what the journal says."""
    return ProofError(
        "chain_mismatch",
        f"block {number} cannot be made again as it was: {what}",
        hint="was the journal edited, or anvil exchanged for another version?",
    )


def _make_again(anvil: Anvil, block: Block, waiting: deque[bytes]) -> Head:
    if block.count > len(waiting):
        raise mismatch(block.number, "it has more transactions than were accepted")
    try:
        hashes = [
            anvil.call("eth_sendRawTransaction", "0x" + waiting.popleft().hex())
            for _ in range(block.count)
        ]
        return make_block(anvil, block, hashes)
    except RpcError as error:
        raise mismatch(block.number, error.message) from error
