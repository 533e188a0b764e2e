"""A leaf commits to one token and one salt; anything else is refused."""

import random
from hashlib import sha256

import pytest

from core.batch import Batch
from core.encoding import b64url
from core.errors import FormatError, ProofError
from core.leaf import Leaf, leaf_content, leaf_hash

SALT = bytes(range(32))
TOKEN = "eyJh.eyJi.c2ln"


def test_a_leaf_hashes_domain_salt_and_token_and_the_tree_hashes_once_more() -> None:
    content = b"comity/leaf/v1" + SALT + sha256(TOKEN.encode()).digest()
    assert leaf_content(SALT, TOKEN) == content
    assert leaf_hash(SALT, TOKEN) == sha256(b"\x00" + content).digest()


@pytest.mark.parametrize("salt", [b"", SALT[:-1], SALT + b"\x00"])
def test_a_salt_of_another_size_is_refused(salt: bytes) -> None:
    with pytest.raises(FormatError):
        leaf_content(salt, TOKEN)
    with pytest.raises(FormatError):
        Leaf(salt, 0, ())


def test_a_token_that_is_not_ascii_is_refused() -> None:
    with pytest.raises(FormatError):
        leaf_hash(SALT, "eyJh.é.c2ln")


def test_parse_and_dump_are_inverses() -> None:
    value = {"salt": b64url(SALT), "index": 5, "path": [b64url(b"\x01" * 32)]}
    assert Leaf.parse(value).dump() == value
    assert Leaf.parse(Leaf(SALT, 5, (b"\x01" * 32,)).dump()) == Leaf(SALT, 5, (b"\x01" * 32,))


@pytest.mark.parametrize(
    "change",
    [
        {"extra": 1},
        {"index": -1},
        {"index": True},
        {"index": 131_072},
        {"salt": b64url(SALT[:31])},
        {"salt": b64url(SALT) + "="},
        {"path": [b64url(b"\x01" * 31)]},
        {"path": [b64url(b"\x01" * 32)] * 64},
        {"path": {}},
    ],
)
def test_anything_but_a_leaf_is_refused(change: dict[str, object]) -> None:
    value = {"salt": b64url(SALT), "index": 5, "path": [b64url(b"\x01" * 32)], **change}
    with pytest.raises(FormatError):
        Leaf.parse(value)


def test_a_leaf_leads_to_its_batch_root_and_to_no_other_for_one_changed_character() -> None:
    batch = Batch.seal([leaf_hash(SALT, TOKEN)], random.Random(1).randbytes)
    leaf = Leaf(SALT, batch.index_of(0), batch.path(batch.index_of(0)))
    assert leaf.root(TOKEN, batch.size) == batch.root
    assert leaf.root(TOKEN[:-1] + "m", batch.size) != batch.root
    with pytest.raises(ProofError):
        leaf.root(TOKEN, 2 * batch.size)
