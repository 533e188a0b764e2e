"""The leaf: what stands for one credential token in a batch.

``d = "comity/leaf/v1" ‖ salt[32] ‖ SHA-256(ASCII of header.payload.signature)``; the tree hashes d
once more, as RFC 9162 does (0x00 ‖ d). The token's bytes are hashed, so nothing needs to be made
canonical; the salt keeps a leaf from confirming a guess, and destroying it erases. The domain
string has another length than two hashes, so no leaf can be offered as an inner node.

Decides which token a leaf commits to. Refuses salts and hashes of another size, tokens that are
not ASCII, and any member besides salt, index and path.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from core import hashing, limits
from core.encoding import (
    b64url,
    b64url_decode,
    b64url_decode_hashes,
    require_integer,
    require_list,
    require_members,
)
from core.errors import FormatError

DOMAIN: Final = b"comity/leaf/v1"
_MEMBERS: Final = frozenset({"salt", "index", "path"})


def leaf_content(salt: bytes, token: str) -> bytes:
    """Return d, the content of the leaf of ``token`` (``header.payload.signature``)."""
    if len(salt) != limits.SALT_BYTES:
        raise FormatError("leaf_salt", f"leaf salt: expected {limits.SALT_BYTES} bytes")
    if not token.isascii():
        raise FormatError("not_ascii", "credential token: expected ASCII")
    return DOMAIN + salt + sha256(token.encode("ascii")).digest()


def leaf_hash(salt: bytes, token: str) -> bytes:
    """Return the tree hash of the leaf of ``token``."""
    return hashing.leaf_hash(leaf_content(salt, token))


@dataclass(frozen=True, slots=True)
class Leaf:
    """Where a credential stands in its batch, as a proof bundle says it.

    Attributes:
        salt: the 32 random bytes of this leaf.
        index: position in the batch, from 0.
        path: sibling hashes from the leaf to the root (RFC 9162 2.1.3).
    """

    salt: bytes
    index: int
    path: tuple[bytes, ...]

    def __post_init__(self) -> None:
        if len(self.salt) != limits.SALT_BYTES:
            raise FormatError("leaf_salt", f"leaf salt: expected {limits.SALT_BYTES} bytes")

    @classmethod
    def parse(cls, value: Any) -> "Leaf":
        """Return the leaf that ``{"salt", "index", "path"}`` describes."""
        require_members(value, _MEMBERS, what="leaf")
        steps = require_list(value["path"], what="leaf path", max_items=limits.PATH_STEPS)
        return cls(
            salt=b64url_decode(value["salt"], what="leaf salt", size=limits.SALT_BYTES),
            index=require_integer(
                value["index"], what="leaf index", low=0, high=limits.BATCH_LEAVES_MAX - 1
            ),
            path=b64url_decode_hashes(steps, what="leaf path"),
        )

    def dump(self) -> dict[str, Any]:
        """Return the JSON value; ``parse`` reads it back."""
        return {
            "salt": b64url(self.salt),
            "index": self.index,
            "path": [b64url(step) for step in self.path],
        }

    def root(self, token: str, size: int) -> bytes:
        """Return the root of the batch of ``size`` leaves in which ``token`` stands here.

        Raises:
            ProofError: the index lies outside the batch, or the path has another length.
        """
        return hashing.root_from_path(leaf_hash(self.salt, token), self.index, size, self.path)
