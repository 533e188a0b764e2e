"""The key-binding JWT at the end of an SD-JWT+KB (RFC 9901 section 4.3).

Decides whether a KB-JWT has the right shape and was made for *this* selection of disclosures.
Whether binding is demanded at all, for which audience, nonce and age, is the verifier's policy and
never inferred from the token; so is the holder's key (`cnf.jwk`), given to ``jws.verify``.

Refused: another `typ`, missing or ill-typed claims (``FormatError`` ``key_binding_form``), and
an `sd_hash` over anything but these exact bytes (``ProofError`` ``sd_hash_mismatch``).
"""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from core import limits
from core.crypto.jose import CompactJws
from core.encoding import b64url, parse_json
from core.errors import FormatError, ProofError
from core.sdjwt import SdJwt

TYPE: Final = "kb+jwt"


@dataclass(frozen=True, slots=True)
class KeyBinding:
    """A KB-JWT as read; neither its signature nor its claims are judged yet."""

    jws: CompactJws
    issued_at: int
    audience: str = field(repr=False)
    nonce: str = field(repr=False)
    sd_hash: str

    @classmethod
    def parse(cls, text: str) -> "KeyBinding":
        """Return the KB-JWT in ``text``.

        Raises:
            FormatError: not a KB-JWT.
        """
        jws = CompactJws.parse(text)
        claims = parse_json(jws.payload, what="KB-JWT", max_bytes=limits.JWS_HEADER_BYTES)
        if jws.header.get("typ") != TYPE or not isinstance(claims, dict):
            raise FormatError("key_binding_form", f"KB-JWT: expected an object of typ {TYPE}")
        issued_at = claims.get("iat")
        audience, nonce, sd_hash = (claims.get(name) for name in ("aud", "nonce", "sd_hash"))
        if not isinstance(issued_at, int) or isinstance(issued_at, bool):
            raise FormatError("key_binding_form", "KB-JWT: iat must be an integer")
        if (
            not isinstance(audience, str)
            or not isinstance(nonce, str)
            or not isinstance(sd_hash, str)
        ):
            raise FormatError("key_binding_form", "KB-JWT: aud, nonce and sd_hash must be text")
        return cls(jws, issued_at, audience, nonce, sd_hash)

    def dump(self) -> str:
        """Return the text that ``parse`` read."""
        return self.jws.dump()

    def require_bound_to(self, token: SdJwt) -> None:
        """Raise ``ProofError`` unless ``sd_hash`` is over this token and these disclosures."""
        if self.sd_hash != sd_hash(token):
            raise ProofError(
                "sd_hash_mismatch", "the key binding was made for another set of disclosures"
            )


def sd_hash(token: SdJwt) -> str:
    """Return the hash over everything up to and including the last ``~`` (RFC 9901 4.3.1)."""
    return b64url(sha256(token.without_key_binding().encode("ascii")).digest())
