"""The texts that events name by their hash: read from the transactions that published them.

A text travels as call data, so every chain node has it, and nobody has to be asked for it. Decides
which transactions hold one and where in their bytes it lies, as the contracts read them. Refuses
what has not the hash and size that the event recorded: then the text is not had, which stops
nothing here.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from contracts.abi import WORD
from contracts.chain import Chain, hex_bytes, quantity
from contracts.interfaces import functions_of
from contracts.rpc import Call, RpcError
from core.errors import FormatError, LimitError, Unavailable
from core.events import ArrangementMade, Event, NoticePublished
from core.limits import LEDGER_TEXT_BYTES

_SELECTOR: Final = 4
_PUBLISHING: Final = (("arrangements", "make"), ("notices", "publish"))
_AT_ONCE: Final = 20  # transactions in one answer, of up to 24 KiB in hex each


@dataclass(frozen=True, slots=True)
class NamedText:
    """A text that an event named: its SHA-256 and size, and the transaction that holds it."""

    digest: bytes
    size: int
    block: int
    transaction: bytes


def named_texts(logs: Sequence[Mapping[str, Any]], events: Sequence[Event]) -> list[NamedText]:
    """Return the texts that ``events`` name; ``logs`` are those they were read from."""
    naming = [e for e in events if isinstance(e, ArrangementMade | NoticePublished)]
    if not naming:
        return []
    at = {(quantity(log["blockNumber"]), quantity(log["logIndex"])): log for log in logs}
    return [
        NamedText(e.text_hash, e.text_size, e.position.block, _transaction(at[_place(e)]))
        for e in naming
    ]


def fetch_texts(chain: Chain, named: Sequence[NamedText]) -> list[bytes]:
    """Return those of ``named`` that the node gives; the others are left out.

    Raises:
        Unavailable: the node does not answer at all.
    """
    found: list[bytes] = []
    for start in range(0, len(named), _AT_ONCE):
        some = named[start : start + _AT_ONCE]
        calls: list[Call] = [
            ("eth_getTransactionByHash", ("0x" + one.transaction.hex(),)) for one in some
        ]
        try:
            answers = chain.request_batch(calls)
        except (LimitError, RpcError):  # a node that does not give them may give the rest of all
            continue
        texts = (_text_in(answer, one) for answer, one in zip(answers, some, strict=True))
        found += [text for text in texts if text is not None]
    return found


def _text_in(answer: Any, named: NamedText) -> bytes | None:
    try:
        data = hex_bytes(answer.get("input", answer.get("data")))
        text = _argument(data, _places()[data[:_SELECTOR]])
    except (AttributeError, KeyError, TypeError, FormatError, Unavailable):
        return None
    whole = len(text) == named.size <= LEDGER_TEXT_BYTES
    return text if whole and hashlib.sha256(text).digest() == named.digest else None


def _argument(data: bytes, place: int) -> bytes:
    """Return the bytes whose offset is written at ``place``, read as leniently as Solidity does:
    what the contract took is what counts, and the hash tells."""
    start = _SELECTOR + _number(data, _SELECTOR + place)
    length = _number(data, start)
    return data[start + WORD : start + WORD + length]


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + WORD], "big")


@cache
def _places() -> Mapping[bytes, int]:
    """Where the offset of the text is written, by selector; it is always the last argument."""
    return {
        function.selector: function.inputs.places[-1]
        for function in (functions_of(contract)[name] for contract, name in _PUBLISHING)
    }


def _transaction(log: Mapping[str, Any]) -> bytes:
    value = log.get("transactionHash")
    return hex_bytes(value) if isinstance(value, str) else b""


def _place(event: Event) -> tuple[int, int]:
    return event.position.block, event.position.index
