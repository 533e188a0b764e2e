"""The batch: one Merkle tree over credential leaves, hiding how many there are and in what order.

Real leaves are padded with random ones to a power of two of at least 64, and all positions are
shuffled, so that neither size nor position tells a body's volume or the order of its issuing.

Decides positions, root and paths. Refuses an empty batch, more than 131,072 leaves, hashes of
another size, one leaf twice, and restored leaves whose number is not a size a batch can have.
"""

import sys
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from core import limits
from core.errors import FormatError, LimitError
from core.hashing import HASH_BYTES, inclusion_path, tree_levels

_DRAWS = 4  # equal sort keys once in 10^9 draws; four times running is a broken source

Random = Callable[[int], bytes]
"""A source of random bytes: ``random(n)`` returns n of them."""


def padded_size(count: int) -> int:
    """Return the size of the batch that holds ``count`` real leaves.

    Raises:
        FormatError: no leaf at all.
        LimitError: more than a batch may hold.
    """
    if count < 1:
        raise FormatError("batch_empty", "a batch needs at least one leaf")
    if count > limits.BATCH_LEAVES_MAX:
        raise LimitError("too_many", f"a batch holds at most {limits.BATCH_LEAVES_MAX} leaves")
    return max(limits.BATCH_LEAVES_MIN, 1 << (count - 1).bit_length())


@dataclass(frozen=True, slots=True)
class Batch:
    """A sealed batch.

    Attributes:
        leaves: all leaf hashes by position, padding included; ``restore`` takes exactly these.
        positions: for the leaves given to ``seal``, in that order, the position of each;
            for a restored batch simply every position.
    """

    leaves: tuple[bytes, ...]
    positions: Sequence[int]
    _levels: list[list[bytes]] = field(repr=False, compare=False)

    @classmethod
    def seal(cls, leaf_hashes: Sequence[bytes], random: Random) -> "Batch":
        """Return the batch over ``leaf_hashes``, padded and shuffled with ``random``."""
        size = padded_size(len(leaf_hashes))
        _require_leaves(leaf_hashes)
        padding = size - len(leaf_hashes)
        noise = random(padding * HASH_BYTES)
        filled = list(leaf_hashes)
        filled += [noise[i : i + HASH_BYTES] for i in range(0, len(noise), HASH_BYTES)]
        order = _shuffled(size, random)
        leaves = [filled[item] for item in order]
        places = array("I", bytes(4 * size))
        for place, item in enumerate(order):
            places[item] = place
        return cls(tuple(leaves), tuple(places[: len(leaf_hashes)]), tree_levels(leaves))

    @classmethod
    def restore(cls, leaf_hashes: Sequence[bytes]) -> "Batch":
        """Return a sealed batch again from all its leaf hashes in order of position."""
        if padded_size(len(leaf_hashes)) != len(leaf_hashes):
            raise FormatError("batch_size", "a batch has a power of two of at least 64 leaves")
        _require_leaves(leaf_hashes)
        return cls(tuple(leaf_hashes), range(len(leaf_hashes)), tree_levels(leaf_hashes))

    @property
    def size(self) -> int:
        """Number of leaves, padding included."""
        return len(self.leaves)

    @property
    def root(self) -> bytes:
        """Root of the tree."""
        return self._levels[-1][0]

    def index_of(self, i: int) -> int:
        """Return the position of the i-th leaf that was given to ``seal``."""
        return self.positions[i]

    def path(self, index: int) -> tuple[bytes, ...]:
        """Return the inclusion path of the leaf at position ``index`` (from ``index_of``)."""
        return inclusion_path(self._levels, index)


def _require_leaves(leaf_hashes: Sequence[bytes]) -> None:
    if any(len(leaf) != HASH_BYTES for leaf in leaf_hashes):
        raise FormatError("hash_length", f"a leaf hash must have {HASH_BYTES} bytes")
    if len(set(leaf_hashes)) != len(leaf_hashes):
        raise FormatError("leaf_twice", "one leaf stands in the batch twice")


def _shuffled(size: int, random: Random) -> list[int]:
    """Return 0 … size-1 in an order that is exactly uniform.

    Sorting by independent random keys gives every order with the same chance provided that no two
    keys are equal; then (about once in 10^9 batches) all are drawn again.
    """
    for _ in range(_DRAWS):
        keys = array("Q", random(8 * size))
        if sys.byteorder == "big":
            keys.byteswap()
        drawn = keys.tolist()
        if len(set(drawn)) == size:
            return sorted(range(size), key=drawn.__getitem__)
    raise RuntimeError("the source of randomness repeats itself; no batch can be shuffled")
