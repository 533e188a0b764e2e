"""An anchor: which member registered which batch, and where on the ledger.

Says nothing about a batch but its root and size. Whether the ledger really holds it is for the
evidence to show.
"""

from dataclasses import dataclass
from typing import Any, Final

from core import limits
from core.encoding import (
    b64url,
    b64url_decode,
    require_integer,
    require_list,
    require_members,
)
from core.errors import FormatError
from core.events import Position
from core.hashing import HASH_BYTES

_MEMBERS: Final = frozenset({"member", "root", "size", "position"})
_MEMBER_MAX = 2**32 - 1
_BLOCK_MAX = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Anchor:
    """A batch's registration.

    Args:
        member: id of the member that registered it.
        root: root of the batch's tree, 32 bytes.
        size: number of leaves, a power of two.
        position: block and log index of the registration.
    """

    member: int
    root: bytes
    size: int
    position: Position

    @classmethod
    def parse(cls, value: Any) -> "Anchor":
        """Return the anchor a JSON value states.

        Raises:
            FormatError: other members, or values out of range.
        """
        require_members(value, _MEMBERS, what="anchor")
        size = require_integer(
            value["size"], what="batch size",
            low=limits.BATCH_LEAVES_MIN, high=limits.BATCH_LEAVES_MAX,
        )  # fmt: skip
        if size & (size - 1):
            raise FormatError("batch_size", "batch size: expected a power of two")
        place = require_list(value["position"], what="anchor position", max_items=2)
        if len(place) != 2:
            raise FormatError("anchor_position", "anchor position: expected block and log index")
        return cls(
            member=require_integer(
                value["member"], what="anchoring member", low=1, high=_MEMBER_MAX
            ),
            root=b64url_decode(value["root"], what="batch root", size=HASH_BYTES),
            size=size,
            position=Position(
                require_integer(place[0], what="anchor block", low=0, high=_BLOCK_MAX),
                require_integer(place[1], what="anchor log index", low=0, high=_MEMBER_MAX),
            ),
        )

    def dump(self) -> dict[str, Any]:
        """Return the anchor as a JSON value."""
        return {
            "member": self.member,
            "root": b64url(self.root),
            "size": self.size,
            "position": self.position.dump(),
        }
