"""Who issues: a body's registered endpoint, and the DID that follows from it.

A member's DID is ``did:web`` of host and port of its registered endpoint and of nothing else, so a
DID belongs to at most one member.

Refuses endpoints in any spelling but the ledger's: lower-case host, no path, http only for
localhost.
"""

import re
from dataclasses import dataclass
from typing import Final

from core import limits
from core.errors import FormatError
from core.record import Identifier
from core.slot import HOST, PORT
from core.slot import Slot as Slot

_ENDPOINT = re.compile(rf"(?:https://({HOST})|http://(localhost))(?::({PORT}))?")
_DID = re.compile(rf"did:web:({HOST})(?:%3A({PORT}))?")
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
