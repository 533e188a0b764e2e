"""core.hashing against the transparency-dev proof vectors and the well-known eight-leaf tree.

The 196 vectors follow one library. A verifier that does what RFC 9162 says and nothing more agrees
with 192 of them; the four others are conventions of that library, named below and explained in
docs/formats/merkle.md. Our own rule that a hash has 32 bytes makes us agree with those four as
well, and differ in one that was made with placeholder roots.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from core import hashing
from core.errors import ProofError

pytestmark = pytest.mark.vectors

CONVENTIONS = {
    "inclusion/single-entry/empty-root-and-leaf.json",  # hashes of no bytes at all
    "consistency/additional/size1-is-zero-and-does-not-equal-size2.json",  # from size 0
    "consistency/additional/size1-is-zero-and-size2-is-not-zero.json",  # from size 0
    "consistency/additional/sizes-are-equal-zero-and-proof-is-empty.json",  # from size 0 to 0
}
PLACEHOLDER_ROOTS = "consistency/additional/sizes-are-equal-one-and-proof-is-empty.json"


@pytest.fixture(scope="module")
def vectors(vectors_dir: Path) -> list[dict[str, Any]]:
    packed = json.loads((vectors_dir / "merkle/rfc6962-proof-vectors.json").read_text())
    both: list[dict[str, Any]] = packed["inclusion"] + packed["consistency"]
    assert len(both) == 196
    return both


def _bytes(text: str | None) -> bytes:
    return base64.b64decode(text or "")


def _ours(vector: dict[str, Any]) -> bool:
    proof = [_bytes(step) for step in vector["proof"] or []]
    try:
        if "leafIdx" in vector:
            hashing.verify_inclusion(
                _bytes(vector["leafHash"]),
                vector["leafIdx"],
                vector["treeSize"],
                proof,
                _bytes(vector["root"]),
            )
        else:
            hashing.verify_consistency(
                vector["size1"],
                vector["size2"],
                proof,
                _bytes(vector["root1"]),
                _bytes(vector["root2"]),
            )
    except ProofError:
        return False
    return True


def _plain(vector: dict[str, Any]) -> bool:
    """RFC 9162 sections 2.1.3.2 and 2.1.4.2 to the letter, without a rule of anyone's own."""
    proof = [_bytes(step) for step in vector["proof"] or []]
    if "leafIdx" in vector:
        return _plain_inclusion(vector, proof)
    return _plain_consistency(vector, proof)


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def _plain_inclusion(vector: dict[str, Any], proof: list[bytes]) -> bool:
    fn, sn = vector["leafIdx"], vector["treeSize"] - 1
    if fn > sn:
        return False
    current = _bytes(vector["leafHash"])
    for step in proof:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            current = _node(step, current)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            current = _node(current, step)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and current == _bytes(vector["root"])


def _plain_consistency(vector: dict[str, Any], proof: list[bytes]) -> bool:
    first, second = vector["size1"], vector["size2"]
    old_root, new_root = _bytes(vector["root1"]), _bytes(vector["root2"])
    if first > second:
        return False
    if first == second:
        return not proof and old_root == new_root
    if first == 0:  # the empty tree is a prefix of every tree: nothing to prove
        return not proof and old_root != b""
    path = ([old_root] if first & (first - 1) == 0 else []) + proof
    if not path or not proof:
        return False
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    old = new = path[0]
    for step in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            old, new = _node(step, old), _node(step, new)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            new = _node(new, step)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and (old, new) == (old_root, new_root)


def _differences(
    vectors: list[dict[str, Any]], accepts: Callable[[dict[str, Any]], bool]
) -> set[str]:
    return {vector["_file"] for vector in vectors if accepts(vector) is vector["wantErr"]}


def test_a_plain_verifier_differs_in_four_conventions(vectors: list[dict[str, Any]]) -> None:
    assert _differences(vectors, _plain) == CONVENTIONS


def test_ours_differs_only_where_the_roots_are_placeholders(vectors: list[dict[str, Any]]) -> None:
    assert _differences(vectors, _ours) == {PLACEHOLDER_ROOTS}


def test_the_reference_tree(vectors_dir: Path) -> None:
    tree = json.loads((vectors_dir / "merkle/reference-tree.json").read_text())
    leaves = [hashing.leaf_hash(bytes.fromhex(leaf)) for leaf in tree["leaves_hex"]]
    assert [leaf.hex() for leaf in leaves] == tree["leaf_hashes_hex"]
    roots = [hashing.tree_levels(leaves[:size])[-1][0].hex() for size in range(9)]
    assert roots == tree["roots_by_size_hex"]
    assert roots[8].startswith("5dc9da79")
    assert roots[8].endswith("604328")
