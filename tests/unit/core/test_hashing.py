import random
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import hashing
from core.errors import ProofError


def _leaves(size: int) -> list[bytes]:
    return [hashing.leaf_hash(number.to_bytes(4)) for number in range(size)]


def _root(leaves: list[bytes]) -> bytes:
    return hashing.tree_levels(leaves)[-1][0]


def _defined_root(leaves: list[bytes]) -> bytes:
    """RFC 9162 2.1.1, the recursive definition."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    left, right = _defined_root(leaves[:split]), _defined_root(leaves[split:])
    return sha256(b"\x01" + left + right).digest()


def _defined_consistency(old: int, leaves: list[bytes], whole: bool = True) -> list[bytes]:
    """RFC 9162 2.1.4.1, the recursive definition of SUBPROOF."""
    if old == len(leaves):
        return [] if whole else [_defined_root(leaves)]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if old <= split:
        return [
            *_defined_consistency(old, leaves[:split], whole),
            _defined_root(leaves[split:]),
        ]
    return [
        *_defined_consistency(old - split, leaves[split:], False),
        _defined_root(leaves[:split]),
    ]


def _refusal(*arguments: object, verify: object = hashing.verify_inclusion) -> str:
    with pytest.raises(ProofError) as refused:
        verify(*arguments)  # type: ignore[operator]
    return refused.value.code


def test_leaf_and_node_are_told_apart() -> None:
    assert hashing.leaf_hash(b"a") == sha256(b"\x00a").digest()
    assert (
        hashing.node_hash(b"a" * 32, b"b" * 32) == sha256(b"\x01" + b"a" * 32 + b"b" * 32).digest()
    )
    assert sha256(b"").digest() == hashing.EMPTY_ROOT


@pytest.mark.parametrize("size", range(34))
def test_trees_are_those_of_the_definition(size: int) -> None:
    leaves = _leaves(size)
    levels = hashing.tree_levels(leaves)
    assert levels[-1] == [_defined_root(leaves)]
    for index in range(size):
        path = hashing.inclusion_path(levels, index)
        hashing.verify_inclusion(leaves[index], index, size, path, levels[-1][0])
        assert hashing.root_from_path(leaves[index], index, size, path) == levels[-1][0]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 13, 64])
def test_every_change_of_an_inclusion_proof_is_refused(size: int) -> None:
    leaves = _leaves(size)
    levels = hashing.tree_levels(leaves)
    root = levels[-1][0]
    other = hashing.leaf_hash(b"other")
    for index in range(size):
        path = hashing.inclusion_path(levels, index)
        leaf = leaves[index]
        assert _refusal(other, index, size, path, root) == "path_mismatch"
        assert _refusal(leaf, index, size, path, other) == "path_mismatch"
        assert _refusal(leaf, index, size, (*path, other), root) == "path_length"
        assert _refusal(leaf, index, size, path, root[:-1]) == "hash_length"
        assert _refusal(leaf, size, size, path, root) == "index_outside_tree"
        assert _refusal(leaf, -1, size, path, root) == "index_outside_tree"
        for step in range(len(path)):
            shorter = path[:step] + path[step + 1 :]
            with pytest.raises(ProofError):
                hashing.verify_inclusion(leaf, index, size, shorter, root)
            cut = (*path[:step], path[step][:-1], *path[step + 1 :])
            assert _refusal(leaf, index, size, cut, root) == "hash_length"
            changed = (*path[:step], other, *path[step + 1 :])
            assert _refusal(leaf, index, size, changed, root) == "path_mismatch"
        for elsewhere in set(range(size)) - {index}:
            with pytest.raises(ProofError):
                hashing.verify_inclusion(leaf, elsewhere, size, path, root)


def test_an_inner_node_is_no_leaf_and_a_leaf_no_inner_node() -> None:
    leaves = _leaves(4)
    levels = hashing.tree_levels(leaves)
    root = levels[-1][0]
    inner_as_leaf = levels[1][0]
    with pytest.raises(ProofError):
        hashing.verify_inclusion(inner_as_leaf, 0, 4, (levels[1][1],), root)
    # a 64-byte content that is two child hashes does not hash like their parent
    assert hashing.leaf_hash(leaves[0] + leaves[1]) != levels[1][0]


def test_an_odd_leaf_is_carried_up_not_doubled() -> None:
    leaves = _leaves(3)
    assert _root(leaves) != _root([*leaves, leaves[2]])


def test_no_path_leads_outside_the_tree() -> None:
    levels = hashing.tree_levels(_leaves(5))
    for index in (-1, 5):
        assert _refusal(levels, index, verify=hashing.inclusion_path) == "index_outside_tree"


@given(st.integers(1, 40), st.data())
def test_consistency_proofs_of_the_definition_verify(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new))
    leaves = _leaves(new)
    old_root, new_root = _root(leaves[:old]), _root(leaves)
    path = _defined_consistency(old, leaves) if old < new else []
    hashing.verify_consistency(old, new, path, old_root, new_root)


def test_every_change_of_a_consistency_proof_is_refused() -> None:
    verify = hashing.verify_consistency
    other = hashing.leaf_hash(b"other")
    for new in range(2, 20):
        leaves = _leaves(new)
        new_root = _root(leaves)
        for old in range(1, new):
            old_root = _root(leaves[:old])
            path = _defined_consistency(old, leaves)
            for arguments in (
                (old, new, path, other, new_root),
                (old, new, path, old_root, other),
                (old, new, [*path, other], old_root, new_root),
                (old, new, path[:-1], old_root, new_root),
                (old, new, [other, *path[1:]], old_root, new_root),
                (old, new + 1, path, old_root, old_root),
                (new, old, path, old_root, new_root),
                (old, new, [path[0][:-1], *path[1:]], old_root, new_root),
            ):
                with pytest.raises(ProofError):
                    verify(*arguments)


def test_consistency_with_the_empty_tree_needs_an_empty_proof_and_its_root() -> None:
    verify = hashing.verify_consistency
    root = _root(_leaves(3))
    verify(0, 3, [], hashing.EMPTY_ROOT, root)
    verify(0, 0, [], hashing.EMPTY_ROOT, hashing.EMPTY_ROOT)
    verify(3, 3, [], root, root)
    assert _refusal(0, 3, [root], hashing.EMPTY_ROOT, root, verify=verify) == "path_length"
    assert _refusal(3, 3, [root], root, root, verify=verify) == "path_length"
    assert _refusal(0, 3, [], root, root, verify=verify) == "path_mismatch"
    assert _refusal(0, 0, [], root, root, verify=verify) == "path_mismatch"
    assert _refusal(3, 3, [], root, hashing.EMPTY_ROOT, verify=verify) == "path_mismatch"
    assert _refusal(3, 2, [], root, root, verify=verify) == "size_order"
    assert _refusal(-1, 2, [], root, root, verify=verify) == "size_order"


def test_a_large_tree_agrees_with_itself(randomness: random.Random) -> None:
    leaves = _leaves(1000)
    levels = hashing.tree_levels(leaves)
    for index in randomness.sample(range(1000), 50):
        path = hashing.inclusion_path(levels, index)
        hashing.verify_inclusion(leaves[index], index, 1000, path, levels[-1][0])
