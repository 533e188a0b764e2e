"""Where the status of an e-certificate stands, which is also its identity.

A slot is a place in a status list; its text is ``<status list address>#<index>`` and the ledger
knows only the SHA-256 of that. Refuses addresses that no member's node serves (other schemes than
https, but http on localhost; upper-case hosts; queries) and an index outside a list.
"""

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from core import limits
from core.errors import FormatError

_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
HOST: Final = rf"{_LABEL}(?:\.{_LABEL})*"
PORT: Final = r"[1-9][0-9]{0,4}"
LIST_URL_PATTERN: Final = (
    rf"(?:https://{HOST}|http://localhost)(?::{PORT})?/[A-Za-z0-9._~/-]{{1,200}}"
)
INDEX_PATTERN: Final = r"(?:0|[1-9][0-9]{0,8})"
_LIST_URL = re.compile(LIST_URL_PATTERN)
_INDEX = re.compile(INDEX_PATTERN)


@dataclass(frozen=True, slots=True)
class Slot:
    """One place in one status list: the identity of an e-certificate.

    Attributes:
        list_url: address of the status list credential.
        index: entry in it.
    """

    list_url: str
    index: int

    def __post_init__(self) -> None:
        if not _LIST_URL.fullmatch(self.list_url):
            raise FormatError("status_list_url", "status list: expected an https address")
        if not 0 <= self.index < limits.STATUS_LIST_ENTRIES:
            raise FormatError(
                "status_index", f"status index: expected 0 to {limits.STATUS_LIST_ENTRIES - 1}"
            )

    @classmethod
    def parse(cls, text: str) -> "Slot":
        """Return the slot of ``<status list address>#<index>``."""
        list_url, _, index = text.rpartition("#")
        if not _INDEX.fullmatch(index):
            raise FormatError("slot", "slot: expected <status list address>#<index>")
        return cls(list_url, int(index))

    def dump(self) -> str:
        """Return the text that ``parse`` reads."""
        return self.text

    @property
    def text(self) -> str:
        """``<status list address>#<index>``."""
        return f"{self.list_url}#{self.index}"

    @property
    def digest(self) -> bytes:
        """SHA-256 of the text, which is all that the ledger sees."""
        return sha256(self.text.encode("ascii")).digest()
