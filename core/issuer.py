"""Who issues, and where the status of an e-certificate stands: endpoint, DID and slot.

A member's DID is ``did:web`` of host and port of its registered endpoint and of nothing else, so a
DID belongs to at most one member. A slot is a place in a status list; its text is
``<status list address>#<index>`` and the ledger knows only the SHA-256 of that.

Refuses endpoints in any spelling but the ledger's (lower-case host, no path, http only for
localhost), and slots that are not an address and an index within a list.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Final

from core import limits
from core.errors import FormatError
from core.record import Identifier

_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_HOST = rf"{_LABEL}(?:\.{_LABEL})*"
_PORT = r"[1-9][0-9]{0,4}"
_ENDPOINT = re.compile(rf"(?:https://({_HOST})|http://(localhost))(?::({_PORT}))?")
_DID = re.compile(rf"did:web:({_HOST})(?:%3A({_PORT}))?")
_LIST_URL = re.compile(
    rf"(?:https://{_HOST}|http://localhost)(?::{_PORT})?/[A-Za-z0-9._~/-]{{1,200}}"
)
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
_PORT_MAX: Final = 65_535


def did_of_endpoint(endpoint: str) -> str | None:
    """Return the DID of a member's endpoint, or None if no member can have such an endpoint."""
    match = _ENDPOINT.fullmatch(endpoint)
    if match is None or len(endpoint) > limits.ENDPOINT_BYTES:
        return None
    host, port = match[1] or match[2], match[3]
    if port is not None and int(port) > _PORT_MAX:
        return None
    return f"did:web:{host}" + (f"%3A{port}" if port else "")


def endpoint_of_did(did: str) -> str | None:
    """Return the endpoint of a member's DID, or None if it is no such DID.

    The DID does not say the scheme; localhost is taken for http, as members of a network on one
    machine have it, and every other host for https.
    """
    match = _DID.fullmatch(did)
    if match is None or (match[2] is not None and int(match[2]) > _PORT_MAX):
        return None
    host, port = match[1], match[2]
    scheme = "http" if host == "localhost" else "https"
    return f"{scheme}://{host}" + (f":{port}" if port else "")


@dataclass(frozen=True)
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

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the text, which is all that the ledger sees."""
        return sha256(self.text.encode("ascii")).digest()


@dataclass(frozen=True, slots=True)
class Issuer:
    """A body as its e-certificates name it.

    Attributes:
        did: its DID, from the endpoint.
        name: registered name.
        endpoint: public endpoint, as on the ledger; identifiers are made below it.
        registered: identifiers in other registers, under which it is also known.
    """

    did: str
    name: str
    endpoint: str
    registered: tuple[Identifier, ...] = ()

    def __post_init__(self) -> None:
        if self.did != did_of_endpoint(self.endpoint):
            raise FormatError("issuer_did", "issuer: the DID is not that of the endpoint")

    @classmethod
    def at(cls, endpoint: str, name: str, registered: tuple[Identifier, ...] = ()) -> "Issuer":
        """Return the issuer with this endpoint."""
        did = did_of_endpoint(endpoint)
        if did is None:
            raise FormatError("endpoint", "endpoint: expected https://host or https://host:port")
        return cls(did, name, endpoint, registered)
