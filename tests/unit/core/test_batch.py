"""A batch is padded, shuffled and proven leaf by leaf."""

import random
import time
from collections import Counter

import pytest

from core.batch import Batch, padded_size
from core.errors import FormatError, LimitError
from core.hashing import tree_root, verify_inclusion


def leaves(count: int, seed: int = 0) -> list[bytes]:
    source = random.Random(seed)
    return [source.randbytes(32) for _ in range(count)]


@pytest.mark.parametrize(
    ("count", "size"),
    [(1, 64), (63, 64), (64, 64), (65, 128), (128, 128), (129, 256), (131_072, 131_072)],
)
def test_a_batch_is_padded_to_a_power_of_two_of_at_least_64(count: int, size: int) -> None:
    assert padded_size(count) == size


def test_no_leaf_and_one_too_many_are_refused() -> None:
    with pytest.raises(FormatError):
        Batch.seal([], random.Random(1).randbytes)
    with pytest.raises(LimitError):
        padded_size(131_073)


def test_every_leaf_is_proven_at_its_own_position() -> None:
    given = leaves(100)
    batch = Batch.seal(given, random.Random(1).randbytes)
    assert batch.size == 128
    assert len({batch.index_of(i) for i in range(100)}) == 100
    for i, leaf in enumerate(given):
        place = batch.index_of(i)
        assert batch.leaves[place] == leaf
        verify_inclusion(leaf, place, batch.size, batch.path(place), batch.root)
    assert batch.root == tree_root(batch.leaves)


def test_one_randomness_gives_one_batch_and_another_gives_another() -> None:
    one, same, other = (Batch.seal(leaves(9), random.Random(s).randbytes) for s in (1, 1, 2))
    assert one == same
    assert one.root == same.root != other.root


def test_restore_gives_the_sealed_batch_again() -> None:
    sealed = Batch.seal(leaves(70), random.Random(3).randbytes)
    restored = Batch.restore(sealed.leaves)
    assert restored.root == sealed.root
    assert restored.leaves == sealed.leaves
    assert restored.path(5) == sealed.path(5)
    assert restored.index_of(5) == 5


def test_restore_refuses_a_number_of_leaves_no_batch_has() -> None:
    for count in (1, 63, 65, 96):
        with pytest.raises(FormatError):
            Batch.restore(leaves(count))


def test_a_leaf_of_another_size_and_a_leaf_twice_are_refused() -> None:
    with pytest.raises(FormatError):
        Batch.seal([b"\x00" * 31], random.Random(1).randbytes)
    with pytest.raises(FormatError):
        Batch.seal(leaves(2) + leaves(1), random.Random(1).randbytes)


def test_positions_are_uniform() -> None:
    source = random.Random(7)
    given = leaves(1)
    seen = Counter(Batch.seal(given, source.randbytes).index_of(0) for _ in range(6_400))
    # chi-square with 63 degrees of freedom: 120 has a chance below one in 10^4
    assert sum((seen[place] - 100) ** 2 / 100 for place in range(64)) < 120


def test_equal_sort_keys_are_drawn_again() -> None:
    source = random.Random(5)
    asked: list[int] = []

    def equal_once(size: int) -> bytes:
        asked.append(size)
        return b"\x07" * size if len(asked) == 2 else source.randbytes(size)

    batch = Batch.seal(leaves(64), equal_once)
    assert asked == [0, 512, 512]
    assert sorted(batch.leaves) == sorted(leaves(64))


def test_a_source_that_repeats_itself_is_an_error_and_not_an_endless_loop() -> None:
    with pytest.raises(RuntimeError, match="randomness"):
        Batch.seal(leaves(64), lambda size: b"\x07" * size)


def test_the_largest_batch_is_sealed_fast() -> None:
    given = leaves(131_072)
    started = time.perf_counter()
    Batch.seal(given, random.Random(1).randbytes)
    # 0.3 s is the aim on an idle core; the bound leaves room for a busy machine
    assert time.perf_counter() - started < 1.5
