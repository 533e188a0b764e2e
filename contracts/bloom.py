"""Whether a node left out logs: each block's header sums up the logs it holds.

Decides from ``logsBloom`` (Yellow Paper §4.4.3) which blocks are fully explained by the logs that
were received, and which need a second look at all their logs. A node that wants to hide a log must
then lie in the header too, which the block's hash and its children are bound to.
"""

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Any

from contracts.abi import keccak
from core.errors import FormatError


@lru_cache(maxsize=16_384)
def bits_of(item: str) -> int:
    """Return the three bits that an address or topic, as 0x text in lower case, sets."""
    try:
        digest = keccak(bytes.fromhex(item[2:]))
    except ValueError:
        raise FormatError("log_malformed", "chain node: a log holds what is not hex") from None
    bits = 0
    for at in (0, 2, 4):
        bits |= 1 << (int.from_bytes(digest[at : at + 2], "big") & 2047)
    return bits


def bloom_of(logs: Iterable[Mapping[str, Any]]) -> int:
    """Return the bloom of some logs, as a number."""
    bloom = 0
    for log in logs:
        bloom |= bits_of(log["address"].lower())
        for topic in log["topics"]:
            bloom |= bits_of(topic.lower())
    return bloom


def is_explained(
    header: int, received: Collection[Mapping[str, Any]], addresses: Iterable[str]
) -> bool:
    """Return whether no log of ``addresses`` can be missing from those received for a block.

    Args:
        header: the block's bloom, as a number.
        received: the logs of these addresses that the node gave for the block.
    """
    if not received:
        return not any(header & bits == bits for bits in map(bits_of, addresses))
    return bloom_of(received) == header
