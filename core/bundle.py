"""The proof bundle: one file with everything that is needed to check one credential.

First form, ``v: 1``: the presentation, the leaf's salt and inclusion path, and the anchor. It is
checked against a ledger state that the reader holds. The bytes are RFC 8785; anything but exactly
these bytes is refused, so that one bundle has one spelling.
"""

import re
import string
from dataclasses import dataclass
from typing import Any, Final

from core import limits
from core.anchor import Anchor
from core.encoding import (
    canonical_json,
    parse_canonical_json,
    require_integer,
    require_members,
    require_text,
)
from core.errors import FormatError
from core.leaf import Leaf

VERSION: Final = 1
MEDIA_TYPE: Final = "application/vnd.comity.bundle+json"
FILE_SUFFIX: Final = ".comity.json"

_MEMBERS: Final = frozenset({"v", "ledger", "presentation", "leaf", "anchor"})
_ORIGIN = re.compile(r"comity/[1-9][0-9]{0,15}/0x[0-9a-f]{40}")
_PRESENTATION: Final = (string.ascii_letters + string.digits + "_.~-").encode("ascii")


@dataclass(frozen=True, slots=True)
class Bundle:
    """A proof bundle.

    Args:
        ledger: origin of the ledger, ``comity/<chain id>/<ledger address>``.
        presentation: the credential in either envelope, with the disclosures that are shared.
        leaf: where and with which salt the credential stands in its batch.
        anchor: the batch's anchor.
    """

    ledger: str
    presentation: str
    leaf: Leaf
    anchor: Anchor

    @classmethod
    def parse(cls, raw: bytes) -> "Bundle":
        """Return the bundle in ``raw``.

        Raises:
            FormatError: not exactly the canonical bytes of a bundle of a known version.
        """
        value = parse_canonical_json(raw, what="proof bundle", max_bytes=limits.BUNDLE_BYTES)
        return cls.from_json(value)

    @classmethod
    def from_json(cls, value: Any) -> "Bundle":
        """Return the bundle that a JSON value states; the same refusals as :meth:`parse`."""
        if isinstance(value, dict) and type(value.get("v")) is int and value["v"] != VERSION:
            raise FormatError(
                "bundle_version", "proof bundle: a version this verifier does not know",
                "update the verifier, or ask for a bundle of version 1",
            )  # fmt: skip
        require_members(value, _MEMBERS, what="proof bundle")
        require_integer(value["v"], what="bundle version", low=VERSION, high=VERSION)
        return cls(
            ledger=require_text(
                value["ledger"], what="ledger", max_chars=100, pattern=_ORIGIN
            ),
            presentation=_require_presentation(value["presentation"]),
            leaf=Leaf.parse(value["leaf"]),
            anchor=Anchor.parse(value["anchor"]),
        )  # fmt: skip

    def dump(self) -> bytes:
        """Return the canonical bytes."""
        return canonical_json(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """Return the bundle as a JSON value."""
        return {
            "v": VERSION,
            "ledger": self.ledger,
            "presentation": self.presentation,
            "leaf": self.leaf.dump(),
            "anchor": self.anchor.dump(),
        }


def _require_presentation(value: Any) -> str:
    """Return a presentation whose characters are those of compact tokens and disclosures."""
    text = require_text(value, what="presentation", max_chars=limits.PRESENTATION_BYTES)
    if not text.isascii() or text.encode("ascii").translate(None, _PRESENTATION):
        raise FormatError("wrong_form", "presentation: not of the expected form")
    return text
