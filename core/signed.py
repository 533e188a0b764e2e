"""What our signed documents have in common: header, key name and moments.

A token names its key as ``<DID>#<thumbprint>``: the DID of the issuer and the RFC 7638 thumbprint
under which the ledger holds the key. Refuses other types, key names of any other form, header
members we never write (but for those that ``CompactJws.verify`` refuses with the signature), and
moments in any spelling but ``YYYY-MM-DDTHH:MM:SSZ``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from core.encoding import b64url_decode
from core.errors import FormatError
from core.instants import instant as instant
from core.instants import require_instant as require_instant
from core.issuer import endpoint_of_did

ASSERTION: Final = "assertion"
"""What a key must be meant for that signs e-certificates and status lists."""

PLAIN_TYPE: Final = "vc+jwt"
SELECTIVE_TYPE: Final = "vc+sd-jwt"
_CONTENT_TYPE: Final = "vc"
_WRITTEN: Final = frozenset({"alg", "typ", "cty", "kid"})
# Attacks on verifiers, not formats: the signature check refuses them and says so.
_LEFT_TO_VERIFY: Final = frozenset({"crit", "b64", "jku", "jwk", "x5u", "x5c"})
_READ: Final = _WRITTEN | _LEFT_TO_VERIFY
_THUMBPRINT_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Kid:
    """The name of a signing key.

    Attributes:
        did: whose key it is said to be.
        thumbprint: under which the ledger holds it, 32 bytes.
    """

    did: str
    thumbprint: bytes

    @classmethod
    def parse(cls, text: str) -> "Kid":
        """Return the key name that ``text`` spells; raise ``FormatError`` if it is none."""
        return _kid(text)

    @classmethod
    def of_header(cls, header: Mapping[str, Any], expected_type: str) -> "Kid":
        """Return the key name in the header of one of our tokens.

        Raises:
            FormatError: not a header that we write for ``expected_type``.
        """
        if header.get("typ") != expected_type or header.get("cty") != _CONTENT_TYPE:
            raise FormatError(
                "token_type", f"token: expected typ {expected_type} and cty {_CONTENT_TYPE}"
            )
        if not header.keys() <= _READ:
            raise FormatError("unknown_member", "token header: has a member that is not defined")
        kid = header.get("kid")
        return _kid(kid if isinstance(kid, str) else "")


@lru_cache(maxsize=1024)  # a body signs thousands of documents with one key
def _kid(text: str) -> Kid:
    did, mark, thumbprint = text.partition("#")
    if not mark or endpoint_of_did(did) is None:
        raise FormatError("kid_form", "kid: expected the issuer's DID, # and a thumbprint")
    return Kid(did, b64url_decode(thumbprint, what="kid", size=_THUMBPRINT_BYTES))


def token_header(token_type: str, did: str, thumbprint: str) -> dict[str, str]:
    """Return the header of a token, without ``alg``, which the signer states."""
    return {"typ": token_type, "cty": _CONTENT_TYPE, "kid": f"{did}#{thumbprint}"}
