"""SHA-256 trees of RFC 9162 section 2.1: roots, inclusion paths, and their verification.

A leaf is SHA-256(0x00 ‖ d), a node SHA-256(0x01 ‖ left ‖ right), the empty tree SHA-256(""). Trees
that are not full split at the largest power of two below their size. Every hash is 32 bytes and
anything else is refused with ``ProofError``; a consistency proof from or to size zero must be
empty, for there is nothing to prove.

Convention where the transparency-dev vectors differ: we refuse a hash that is not 32 bytes, and we
accept the empty proof between equal sizes and from size zero, as C2SP tlog-witness does.
"""

from collections.abc import Sequence
from hashlib import sha256

from core.errors import ProofError

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(content: bytes) -> bytes:
    """Return the tree hash of a leaf's content (RFC 9162 2.1.1)."""
    return sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node (RFC 9162 2.1.1)."""
    return sha256(b"\x01" + left + right).digest()


def tree_levels(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """Return all levels of the tree over ``leaves`` (leaf hashes), leaves first, root last.

    A node without a sibling is carried up unchanged, which is the same tree as splitting at the
    largest power of two. The empty tree has one level holding the empty root.
    """
    if not leaves:
        return [[EMPTY_ROOT]]
    levels = [list(leaves)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        pairs = zip(below[::2], below[1::2], strict=False)
        above = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
        if len(below) % 2:
            above.append(below[-1])
        levels.append(above)
    return levels


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes."""
    return tree_levels(leaves)[-1][0]


def inclusion_path(levels: Sequence[Sequence[bytes]], index: int) -> tuple[bytes, ...]:
    """Return the inclusion path of the leaf at ``index`` in ``tree_levels`` (RFC 9162 2.1.3.1)."""
    if not 0 <= index < len(levels[0]):
        raise ProofError("index_outside_tree", "the leaf index lies outside the tree")
    path = []
    for level in levels[:-1]:
        sibling = index ^ 1
        if sibling < len(level):
            path.append(level[sibling])
        index >>= 1
    return tuple(path)


def root_from_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Return the root that ``path`` gives for a leaf hash (RFC 9162 2.1.3.2).

    Raises:
        ProofError: a hash is not 32 bytes, the index lies outside the tree, or the path is too
            short or too long for this index and size.
    """
    _require_hashes(leaf, *path)
    if not 0 <= index < size:
        raise ProofError("index_outside_tree", "the leaf index lies outside the tree")
    if size & (size - 1) == 0 and len(path) == size.bit_length() - 1:
        return _root_of_full_tree(leaf, index, path)
    node, last = index, size - 1
    current = leaf
    for sibling in path:
        if last == 0:
            raise ProofError("path_length", "the inclusion path is longer than the tree is deep")
        if node & 1 or node == last:
            current = sha256(b"\x01" + sibling + current).digest()
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            current = sha256(b"\x01" + current + sibling).digest()
        node >>= 1
        last >>= 1
    if last:
        raise ProofError("path_length", "the inclusion path is shorter than the tree is deep")
    return current


def _root_of_full_tree(leaf: bytes, index: int, path: Sequence[bytes]) -> bytes:
    """Return what ``root_from_path`` does where every node has a sibling, as in our batches."""
    node = leaf
    for sibling in path:
        pair = sibling + node if index & 1 else node + sibling
        node = sha256(b"\x01" + pair).digest()
        index >>= 1
    return node


def verify_inclusion(
    leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes
) -> None:
    """Raise ``ProofError`` unless ``path`` proves that ``leaf`` is at ``index`` under ``root``."""
    _require_hashes(root)
    if root_from_path(leaf, index, size, path) != root:
        raise ProofError("path_mismatch", "the inclusion path does not lead to the root")


def verify_consistency(
    old_size: int,
    new_size: int,
    path: Sequence[bytes],
    old_root: bytes,
    new_root: bytes,
) -> None:
    """Raise ``ProofError`` unless the old tree is a prefix of the new one (RFC 9162 2.1.4.2)."""
    _require_hashes(old_root, new_root, *path)
    if not 0 <= old_size <= new_size:
        raise ProofError("size_order", "the older tree is larger than the newer one")
    if (old_size == 0 and old_root != EMPTY_ROOT) or (new_size == 0 and new_root != EMPTY_ROOT):
        raise ProofError("path_mismatch", "the root of a tree without leaves is another")
    if old_size == new_size or old_size == 0:
        if path:
            raise ProofError("path_length", "this consistency proof must be empty")
        if old_size == new_size and old_root != new_root:
            raise ProofError("path_mismatch", "two trees of one size have different roots")
        return
    steps = list(path)
    if old_size & (old_size - 1) == 0:
        steps.insert(0, old_root)
    if not steps:
        raise ProofError("path_length", "the consistency proof is empty")
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node >>= 1
        last >>= 1
    old = new = steps[0]
    for sibling in steps[1:]:
        if last == 0:
            raise ProofError("path_length", "the consistency proof is too long")
        if node & 1 or node == last:
            old = node_hash(sibling, old)
            new = node_hash(sibling, new)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            new = node_hash(new, sibling)
        node >>= 1
        last >>= 1
    if last or old != old_root or new != new_root:
        raise ProofError("path_mismatch", "the newer tree does not extend the older one")


def _require_hashes(*hashes: bytes) -> None:
    if set(map(len, hashes)) != {HASH_BYTES}:
        raise ProofError("hash_length", "a tree hash must have 32 bytes")
