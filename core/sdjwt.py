"""SD-JWT (RFC 9901): reading, opening and narrowing a selectively disclosable token.

Decides what a token says once its disclosures are put back in their places, which is section 7.1
without the signature (``jws.verify`` checks that, with a key from the ledger). Issuing is
``core.sdjwt_issue``, key binding ``core.sdjwt_binding``.

A text that does not have the shape of an SD-JWT is refused by ``parse`` with ``FormatError``;
one that has it and breaks a rule about digests is refused by ``process`` with ``ProofError``.

=======================  ======  ==================================================================
code                     raises  what was found
=======================  ======  ==================================================================
sdjwt_parts              Format  no ``~``, or an empty part before the last
jws_segments, base64url  Format  a part is not a compact JWS, or not canonical base64url
not_json, …              Format  header, payload or disclosure is not strict JSON
sdjwt_payload            Format  the payload is not a JSON object
disclosure_arity         Format  a disclosure that is not an array of two or three
disclosure_salt          Format  its salt is not text
disclosure_name          Format  its claim name is not text
too_many, too_large, …   Format  a limit of ``core.limits`` (``LimitError``)
disclosure_repeated      Proof   the same disclosure twice
disclosure_unreferenced  Proof   a disclosure whose digest is nowhere in the token
disclosure_misplaced     Proof   a member's disclosure in an array, or an element's in an object
digest_repeated          Proof   the same digest twice, in the payload or inside disclosures
claim_collision          Proof   a disclosed claim named as one that is already there
reserved_name            Proof   a disclosed claim named ``_sd``, ``_sd_alg`` or ``...``
sd_form                  Proof   ``_sd`` is not an array of SHA-256 digests
ellipsis_form            Proof   ``...`` does not hold a SHA-256 digest
ellipsis_siblings        Proof   ``...`` beside other members
ellipsis_misplaced       Proof   ``...`` in an object that is not an array element
sd_alg_form              Proof   ``_sd_alg`` is not text
sd_alg_weak              Proof   ``_sd_alg`` names a hash that is broken or cut short
sd_alg_unknown           Proof   ``_sd_alg`` names anything else but sha-256
sd_alg_misplaced         Proof   ``_sd_alg`` anywhere but at the top
salt_too_short           Proof   a salt that is not base64url of at least 128 bits (our profile)
salt_repeated            Proof   one salt in two disclosures
=======================  ======  ==================================================================
"""

import re
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, NamedTuple

from core import limits
from core.crypto.jose import CompactJws
from core.encoding import b64url, b64url_decode, compact_json, parse_json
from core.errors import FormatError, LimitError, ProofError, Refused

HASH_NAME: Final = "sha-256"
RESERVED_NAMES: Final = frozenset({"_sd", "_sd_alg", "..."})

Path = tuple[str | int, ...]
"""Where a value stands: member names, and positions in the array *as it was signed*, so that a
path means the same in every presentation of a token, whatever is left out."""

_WEAK_HASHES: Final = frozenset(
    {"md2", "md4", "md5", "sha-1", "sha1", "sha", "sha-256-32", "sha-256-64", "sha-256-96"}
)
_DIGEST = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")
_SALT = re.compile(rf"[A-Za-z0-9_-]{{{-(-limits.DISCLOSURE_SALT_BITS // 6)},}}")


class Disclosure(NamedTuple):
    """One salted claim, or one salted array element where ``name`` is None.

    A tuple, for a check makes dozens, and a frozen dataclass takes three times as long to make.
    """

    encoded: str
    digest: str
    salt: str
    name: str | None
    value: Any

    def __repr__(self) -> str:
        return f"Disclosure(digest={self.digest!r})"

    @classmethod
    def parse(cls, encoded: str) -> "Disclosure":
        """Return the disclosure in base64url text.

        Raises:
            FormatError: it has not the shape of a disclosure.
        """
        if len(encoded) > limits.DISCLOSURE_BYTES:
            raise LimitError("too_large", f"disclosure: over {limits.DISCLOSURE_BYTES} bytes")
        raw = b64url_decode(encoded, what="disclosure")
        content = parse_json(raw, what="disclosure", max_bytes=limits.DISCLOSURE_BYTES)
        count = len(content) if type(content) is list else 0
        if count != 2 and count != 3:
            raise FormatError("disclosure_arity", "disclosure: expected two or three items")
        salt, value = content[0], content[-1]
        name = content[1] if count == 3 else None
        if type(salt) is not str:
            raise FormatError("disclosure_salt", "disclosure: the salt must be text")
        if count == 3 and type(name) is not str:
            raise FormatError("disclosure_name", "disclosure: the claim name must be text")
        digest = b64url(sha256(encoded.encode("ascii")).digest())
        return cls(encoded, digest, salt, name, value)

    @classmethod
    def make(cls, salt: str, value: Any, name: str | None = None) -> "Disclosure":
        """Return the disclosure of a claim (with ``name``) or of an array element."""
        content = [salt, value] if name is None else [salt, name, value]
        encoded = b64url(compact_json(content))
        digest = b64url(sha256(encoded.encode("ascii")).digest())
        return cls(encoded, digest, salt, name, value)

    def dump(self) -> str:
        """Return the text that ``parse`` read."""
        return self.encoded


@dataclass(frozen=True, slots=True)
class Opened:
    """What a token says with the disclosures that came with it.

    Attributes:
        claims: the payload with disclosures in place, without ``_sd``, ``_sd_alg`` and ``...``.
        hidden: for each object or array that still holds unresolved digests, how many. A decoy
            (RFC 9901 4.2.5) counts like a claim; nobody but the issuer can tell them apart.
        disclosed: every disclosure by the path of what it discloses.
    """

    claims: dict[str, Any] = field(repr=False)
    hidden: Mapping[Path, int]
    disclosed: Mapping[Path, Disclosure] = field(repr=False)


@dataclass(frozen=True, slots=True)
class SdJwt:
    """An SD-JWT as read: the signed part, the disclosures in their order, perhaps a KB-JWT."""

    jws: CompactJws
    disclosures: tuple[Disclosure, ...]
    key_binding: str | None = field(default=None, repr=False)
    payload: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, text: str) -> "SdJwt":
        """Return the parts of ``jws~disclosure~…~`` or, with key binding, ``…~kb-jwt``.

        Raises:
            FormatError: the text has not this shape (see the module's table).
        """
        if len(text) > limits.PRESENTATION_BYTES:
            raise LimitError("too_large", f"SD-JWT: over {limits.PRESENTATION_BYTES} bytes")
        head, *encoded = text.split("~")
        if not encoded or "" in encoded[:-1]:
            raise FormatError("sdjwt_parts", "SD-JWT: expected jws~disclosure~…~")
        if len(encoded) - 1 > limits.DISCLOSURES:
            raise LimitError("too_many", f"SD-JWT: more than {limits.DISCLOSURES} disclosures")
        jws = CompactJws.parse(head)
        payload = parse_json(jws.payload, what="SD-JWT payload", max_bytes=limits.JWS_PAYLOAD_BYTES)
        if not isinstance(payload, dict):
            raise FormatError("sdjwt_payload", "SD-JWT: the payload must be a JSON object")
        key_binding = encoded.pop() or None
        if key_binding is not None:
            CompactJws.parse(key_binding)
        return cls(jws, tuple(map(Disclosure.parse, encoded)), key_binding, payload)

    def dump(self) -> str:
        """Return the text that ``parse`` read."""
        return self.without_key_binding() + (self.key_binding or "")

    def without_key_binding(self) -> str:
        """Return the text up to and including the last ``~``, which is what a KB-JWT hashes."""
        parts = [self.jws.dump(), *(disclosure.encoded for disclosure in self.disclosures), ""]
        return "~".join(parts)

    def process(self) -> Opened:
        """Return the claims, what is hidden and what is disclosed (RFC 9901 7.1, step 3).

        Raises:
            ProofError: a rule of the module's table is broken.
        """
        _require_hash(self.payload)
        opening = _Opening(self.disclosures)
        claims = opening.top(self.payload)
        opening.require_all_used()
        return Opened(claims, opening.hidden, opening.disclosed)

    def claims(self) -> dict[str, Any]:
        """Return the processed payload; see ``process``."""
        return self.process().claims

    def hidden(self) -> Mapping[Path, int]:
        """Return how many digests stay unresolved in each object and array; see ``process``."""
        return self.process().hidden

    def select(self, keep: Callable[[Path], bool] | Set[Path]) -> "SdJwt":
        """Return the presentation with the chosen disclosures and the parents they need.

        Args:
            keep: the paths to disclose, or a predicate over ``process().disclosed``. Choosing a
                parent does not choose what is hidden inside it.

        Raises:
            Refused: a path in the set is not that of a disclosure here.
            ProofError: the token itself breaks a rule.
        """
        disclosed = self.process().disclosed
        if isinstance(keep, Set):
            if keep - disclosed.keys():
                raise Refused("not_disclosable", "a chosen path names no disclosure of this token")
            chosen = keep
        else:
            chosen = {path for path in disclosed if keep(path)}
        needed = {path[:length] for path in chosen for length in range(1, len(path) + 1)}
        digests = {disclosure.digest for path, disclosure in disclosed.items() if path in needed}
        kept = tuple(part for part in self.disclosures if part.digest in digests)
        return SdJwt(self.jws, kept, None, self.payload)


_HOLDERS: Final = frozenset({dict, list})
_NO_DIGEST: Final = Disclosure("", "", "", None, None)


class _Opening:
    """One walk over one token's payload; collects what it meets on the way.

    A JSON value is exactly a ``dict`` or a ``list`` where it holds others, so its type is compared.
    """

    __slots__ = ("_seen", "_waiting", "disclosed", "hidden")

    def __init__(self, disclosures: tuple[Disclosure, ...]) -> None:
        self._waiting = {part.digest: part for part in disclosures}
        self._seen: set[str] = set()
        self.hidden: dict[Path, int] = {}
        self.disclosed: dict[Path, Disclosure] = {}
        if len(self._waiting) != len(disclosures):
            raise ProofError("disclosure_repeated", "the same disclosure occurs twice")
        salts = [part.salt for part in disclosures]
        if len(set(salts)) != len(salts):
            raise ProofError("salt_repeated", "two disclosures share one salt")
        if not all(map(_SALT.fullmatch, salts)):
            raise ProofError(
                "salt_too_short",
                f"a salt must be base64url of {limits.DISCLOSURE_SALT_BITS} bits or more",
            )

    def top(self, payload: dict[str, Any]) -> dict[str, Any]:
        return self._object({n: v for n, v in payload.items() if n != "_sd_alg"}, ())

    def require_all_used(self) -> None:
        if self._waiting:
            raise ProofError(
                "disclosure_unreferenced", "a disclosure whose digest is not in the token"
            )

    def _object(self, source: dict[str, Any], path: Path) -> dict[str, Any]:
        """Return an object opened; the same one where there is nothing to open inside."""
        if "..." in source:
            raise ProofError("ellipsis_misplaced", "'...' outside an array")
        if "_sd_alg" in source:
            raise ProofError("sd_alg_misplaced", "'_sd_alg' below the top of the payload")
        if len(path) > limits.JSON_DEPTH:
            raise _too_deep()
        result = source
        has_digests = "_sd" in source
        if has_digests:
            result = source.copy()
            del result["_sd"]
        for name, value in result.items():
            kind = type(value)
            if kind is dict:
                opened: Any = self._object(value, (*path, name))
            elif kind is list:
                if _HOLDERS.isdisjoint(map(type, value)) and len(path) < limits.JSON_DEPTH:
                    continue
                opened = self._array(value, (*path, name))
            else:
                continue
            if opened is not value:
                if result is source:
                    result = source.copy()
                result[name] = opened
        if has_digests:
            self._disclose_members(source["_sd"], result, path)
        return result

    def _disclose_members(self, digests: Any, result: dict[str, Any], path: Path) -> None:
        if not isinstance(digests, list):
            raise ProofError("sd_form", "'_sd' is not an array of SHA-256 digests")
        for digest in digests:
            disclosure = self._take(digest, path)
            if disclosure is None:
                continue
            if disclosure is _NO_DIGEST:
                raise ProofError("sd_form", "'_sd' is not an array of SHA-256 digests")
            name = disclosure.name
            if name is None:
                raise ProofError(
                    "disclosure_misplaced", "an array element's disclosure in an object"
                )
            if name in RESERVED_NAMES:
                raise ProofError("reserved_name", "a disclosed claim has a reserved name")
            if name in result:
                raise ProofError("claim_collision", "a disclosed claim is already there")
            result[name] = self._disclose(disclosure, (*path, name))

    def _array(self, source: list[Any], path: Path) -> list[Any]:
        if len(path) > limits.JSON_DEPTH:
            raise _too_deep()
        result: list[Any] = []
        for position, value in enumerate(source):
            kind = type(value)
            if kind is list:
                result.append(self._array(value, (*path, position)))
            elif kind is not dict:
                result.append(value)
            elif "..." not in value:
                result.append(self._object(value, (*path, position)))
            else:
                disclosure = self._element(value, path)
                if disclosure is not None:
                    result.append(self._disclose(disclosure, (*path, position)))
        return result

    def _element(self, placeholder: dict[str, Any], path: Path) -> Disclosure | None:
        if len(placeholder) != 1:
            raise ProofError("ellipsis_siblings", "'...' beside other members")
        disclosure = self._take(placeholder["..."], path)
        if disclosure is _NO_DIGEST:
            raise ProofError("ellipsis_form", "'...' does not hold a SHA-256 digest")
        if disclosure is not None and disclosure.name is not None:
            raise ProofError("disclosure_misplaced", "a member's disclosure in an array")
        return disclosure

    def _take(self, digest: Any, path: Path) -> Disclosure | None:
        """Return the disclosure of a digest; None where it stays hidden, or ``_NO_DIGEST``.

        A digest that waits for its disclosure is one of ours, so neither malformed nor seen.
        """
        if type(digest) is not str:
            return _NO_DIGEST
        disclosure = self._waiting.pop(digest, None)
        if disclosure is None:
            if not _DIGEST.fullmatch(digest):
                return _NO_DIGEST
            if digest in self._seen:
                raise ProofError("digest_repeated", "the same digest occurs twice")
            self.hidden[path] = self.hidden.get(path, 0) + 1
        self._seen.add(digest)
        return disclosure

    def _disclose(self, disclosure: Disclosure, place: Path) -> Any:
        self.disclosed[place] = disclosure
        value = disclosure.value
        kind = type(value)
        if kind is dict:
            return self._object(value, place)
        return self._array(value, place) if kind is list else value


def _require_hash(payload: dict[str, Any]) -> None:
    name = payload.get("_sd_alg", HASH_NAME)
    if name == HASH_NAME:
        return
    if not isinstance(name, str):
        raise ProofError("sd_alg_form", "'_sd_alg' is not text")
    if name.lower() in _WEAK_HASHES:
        raise ProofError("sd_alg_weak", "'_sd_alg' names a hash that is too weak")
    raise ProofError("sd_alg_unknown", f"'_sd_alg' must be {HASH_NAME}")


def _too_deep() -> LimitError:
    # disclosures inside disclosures could otherwise nest without end
    return LimitError("too_deep", f"SD-JWT: nested deeper than {limits.JSON_DEPTH}")
