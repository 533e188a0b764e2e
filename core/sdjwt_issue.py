"""Issuing an SD-JWT (RFC 9901 section 4): hide the framed claims behind salted digests and sign.

Decides salts (128 random bits each), spelling and order: digests of one object are sorted, so
their order says nothing about the claims; no decoys, since the kinds of fields are public anyway.
Refuses a frame that names what is not there, claims with reserved names, and whatever our own
parser would not read back.
"""

from collections.abc import Callable, Mapping, Set
from typing import Any, Final

from core import limits
from core.crypto.jose import JwsSigner, sign_compact
from core.encoding import b64url, compact_json
from core.errors import Refused
from core.sdjwt import HASH_NAME, RESERVED_NAMES, Disclosure, Path, SdJwt

SALT_BYTES: Final = limits.DISCLOSURE_SALT_BITS // 8


def issue(
    claims: Mapping[str, Any],
    frame: Set[Path],
    header: Mapping[str, Any],
    signer: JwsSigner,
    use: Any,
    random: Callable[[int], bytes],
) -> str:
    """Return an SD-JWT of ``claims`` with every disclosure, ending in ``~``.

    Args:
        claims: the payload; not changed.
        frame: the paths to make selectively disclosable: object members by name, array elements
            by position. A path may lie inside another one.
        header: of the JWS, without `alg`.
        use: the purpose ``signer`` must be meant for.
        random: returns that many fresh random bytes.

    Raises:
        Refused: a path names nothing, or a claim has a reserved name.
        FormatError: the token would exceed a limit.
    """
    _require_no_reserved_names(dict(claims))
    concealment = _Concealment(frame, random)
    payload = concealment.of(dict(claims), ())
    if len(concealment.disclosures) != len(frame):
        raise Refused("no_such_claim", "the frame names a path that the claims do not have")
    payload["_sd_alg"] = HASH_NAME
    jws = sign_compact(header, compact_json(payload), signer, use)
    text = "~".join([jws, *(part.encoded for part in concealment.disclosures), ""])
    SdJwt.parse(text)  # never issue what nobody can read
    return text


class _Concealment:
    """One walk over one payload, from the leaves up, so that disclosures may hold digests."""

    __slots__ = ("_frame", "_parents", "_random", "disclosures")

    def __init__(self, frame: Set[Path], random: Callable[[int], bytes]) -> None:
        self._frame = frame
        self._parents = {path[:length] for path in frame for length in range(len(path))}
        self._random = random
        self.disclosures: list[Disclosure] = []

    def of(self, value: Any, path: Path) -> Any:
        if path not in self._parents:
            return value
        if isinstance(value, dict):
            return self._object(value, path)
        if isinstance(value, list):
            return self._array(value, path)
        return value

    def _object(self, source: dict[str, Any], path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        digests = []
        for name, value in source.items():
            place = (*path, name)
            inner = self.of(value, place)
            if place in self._frame:
                digests.append(self._disclose(inner, name))
            else:
                result[name] = inner
        if digests:
            result["_sd"] = sorted(digests)
        return result

    def _array(self, source: list[Any], path: Path) -> list[Any]:
        result = []
        for position, value in enumerate(source):
            place = (*path, position)
            inner = self.of(value, place)
            if place in self._frame:
                inner = {"...": self._disclose(inner, None)}
            result.append(inner)
        return result

    def _disclose(self, value: Any, name: str | None) -> str:
        disclosure = Disclosure.make(b64url(self._random(SALT_BYTES)), value, name)
        self.disclosures.append(disclosure)
        return disclosure.digest


def _require_no_reserved_names(claims: dict[str, Any]) -> None:
    pending: list[Any] = [claims]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            if not RESERVED_NAMES.isdisjoint(value):
                raise Refused("reserved_name", "a claim is named _sd, _sd_alg or '...'")
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
