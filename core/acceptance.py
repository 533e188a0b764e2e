"""The acceptance policy: what one economy accepts, on which conditions, from when on.

One human-readable JSON file for each economy and version: arrangements and scopes, through
accreditation bodies or directly from body to body; which signatures are equivalent to its own; how
old evidence may be; what must be disclosed; conditions with their text by language. An authority
signs it and publishes the file's bytes on the ledger, or a verifier holds it as a local file.

Decides whether a JSON value is a policy, and names every fault with its JSON pointer; whether a
given key signed it. Refuses unknown members, codes that are on no list, texts without English,
conditions that are not defined or asked for by no entry, and more than 24 KiB. Whether the key was
an authority's, and which policy is in force, the ledger says (``core/recognition.py``).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from core import codes, limits
from core.credential_fields import FIELDS
from core.crypto.jose import ALGORITHMS, CompactJws, JwsSigner, PublicKey, sign_compact
from core.encoding import b64url, canonical_json, parse_json
from core.errors import ComityError, Fault, FormatError
from core.plaintext import Finding
from core.shape import (
    FAULTY,
    ByLanguage,
    Choice,
    Code,
    Fixed,
    Flag,
    Integer,
    Many,
    Moment,
    Nested,
    Text,
    Texts,
    dump_object,
    object_schema,
    of,
    refusal,
)
from core.signed import ASSERTION, Kid

SCHEMA_ID: Final = "https://w3id.example/comity/schemas/policy/v1"
KIND: Final = "comity-acceptance-policy"
TOKEN_TYPE: Final = "comity-policy+jws"
ENGLISH: Final = "en"

_HEADER: Final = frozenset({"alg", "kid", "typ"})
_SIGNATURE_CHARS: Final = limits.JWS_HEADER_BYTES
_SIGNATURE_PATTERN: Final = r"[A-Za-z0-9_-]+\.\.[A-Za-z0-9_-]+"
_ID_CHARS: Final = 60
_ID_PATTERN: Final = r"[a-z0-9]+(?:-[a-z0-9]+)*"
_ORIGIN_PATTERN: Final = r"comity/[1-9][0-9]{0,15}/0x[0-9a-f]{40}"
_LEDGER_NUMBER: Final = Integer(1, 2**32 - 1)
_AGE: Final = Integer(30, limits.POLICY_EVIDENCE_AGE)


class Through(StrEnum):
    """Who must be party to the arrangement on the issuer's side."""

    ACCREDITATION = "accreditation"
    DIRECT = "direct"


class KeyAssurance(StrEnum):
    """How a key must at least be kept; in rising order, as the ledger numbers them from 1."""

    FILE = "file"
    HSM = "hsm"
    QUALIFIED = "qualified"

    @property
    def level(self) -> int:
        """The ledger's number: 1 file, 2 hsm, 3 qualified."""
        return list(KeyAssurance).index(self) + 1


def _standard_finding(text: str) -> Finding | None:
    """Return a fault unless ``text`` names a known standard, with or without a year, as listed."""
    family, colon, year = text.partition(":")
    if family in codes.standard_families() and (not colon or _is_year(year)):
        return None
    known = codes.known_standard(text)
    near = known.name if known is not None else "a listed standard, as ISO 9001 or ISO 9001:2015"
    return "unknown_standard", f"expected {near}"


def _is_year(text: str) -> bool:
    return len(text) == 4 and text.isascii() and text.isdecimal() and text[:2] in ("19", "20")


def _signature_finding(text: str) -> Finding | None:
    """Return a fault unless ``text`` is a detached signature under a header that we write."""
    try:
        _read_signature(text, b"")
    except FormatError as refused:
        return "signature_form", refused.message
    return None


def _codes(code: Code) -> Many:
    return Many(code, limits.POLICY_ENTRIES, unique=True)


_SCOPE: Final = Code(codes.scopes, "unknown_scope", "a scope, as MSC or MSC/QMS")
_SECTOR: Final = Code(codes.sectors, "unknown_sector", "a two-digit sector code, 01 to 39")
_FIELD: Final = Code(
    lambda: [field.name for field in FIELDS], "unknown_field", "a field that can be hidden"
)
_ALGORITHM: Final = Code(lambda: ALGORITHMS, "unknown_algorithm", " or ".join(ALGORITHMS))
_ECONOMY: Final = Code(
    codes.economy_codes, "unknown_economy", "a code of ISO 3166-1, or a user-assigned one as XA"
)
_CONDITION_ID: Final = Text(_ID_CHARS, _ID_PATTERN, "lower-case words joined by dashes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Something an importer must see to; its text is shown with every check it applies to."""

    id: str = field(metadata=of(_CONDITION_ID, "its name, as entries of accepts ask for it"))
    text: Texts = field(
        metadata=of(ByLanguage(limits.POLICY_TEXT_CHARS, (ENGLISH,)), "what is asked, by language")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """One thing that is accepted: an arrangement, for some scopes."""

    arrangement: int = field(metadata=of(_LEDGER_NUMBER, "number of the arrangement on the ledger"))
    through: Through = field(
        metadata=of(
            Choice(Through),
            "accreditation: the issuer's accreditation body must be party to it; direct: the "
            "issuer itself",
        )
    )
    scopes: tuple[str, ...] = field(
        metadata=of(_codes(_SCOPE), "scopes; a main scope covers its sub-scopes")
    )
    standards: tuple[str, ...] = field(
        default=(),
        metadata=of(
            Many(
                Text(limits.NAME_CHARS, rule=_standard_finding), limits.POLICY_ENTRIES, unique=True
            ),
            "only these standards, every edition where no year is named; if absent, all",
        ),
    )
    sectors: tuple[str, ...] = field(
        default=(), metadata=of(_codes(_SECTOR), "only these sectors; if absent, all")
    )
    conditions: tuple[str, ...] = field(
        default=(),
        metadata=of(
            Many(_CONDITION_ID, limits.POLICY_ENTRIES, unique=True),
            "conditions, by their id; if absent, none",
        ),
    )

    def takes_scope(self, scope: str) -> bool:
        """Return whether ``scope`` is among what is accepted."""
        return any(codes.covers_scope(wide, scope) for wide in self.scopes)

    def takes_standard(self, standard: str) -> bool:
        """Return whether a certificate to ``standard`` is accepted."""
        return not self.standards or any(codes.same_standard(s, standard) for s in self.standards)

    def takes_sector(self, sector: str) -> bool:
        """Return whether ``sector`` is accepted."""
        return not self.sectors or sector in self.sectors


@dataclass(frozen=True, slots=True, kw_only=True)
class Signatures:
    """Which signatures the economy takes for equivalent to its own."""

    algorithms: tuple[str, ...] = field(metadata=of(_codes(_ALGORITHM), "signature algorithms"))
    key_assurance: KeyAssurance = field(
        metadata=of(Choice(KeyAssurance), "how the issuer's key must at least be kept")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceAge:
    """The greatest age of evidence, in seconds."""

    live: int = field(metadata=of(_AGE, "of a ledger that is followed"))
    offline: int = field(metadata=of(_AGE, "of a trust pack"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """One version of an economy's acceptance policy."""

    v: int = field(metadata=of(Fixed(1), "version of this format"))
    kind: str = field(metadata=of(Fixed(KIND), "what this is"))
    economy: str = field(metadata=of(_ECONOMY, "whose policy this is"))
    version: int = field(metadata=of(Integer(1, 2**31 - 1), "one more with each change"))
    effective_at: datetime = field(metadata=of(Moment(), "in force from this moment on"))
    title: Texts = field(
        metadata=of(ByLanguage(limits.NAME_CHARS, (ENGLISH,)), "what to call it, by language")
    )
    ledger: str | None = field(
        default=None,
        metadata=of(
            Text(_ID_CHARS + 10, _ORIGIN_PATTERN, "comity/<chain id>/<ledger address>"),
            "the ledger whose members and arrangements are meant; if absent, the reader's",
        ),
    )
    home_bodies: tuple[int, ...] = field(
        default=(),
        metadata=of(
            Many(_LEDGER_NUMBER, limits.POLICY_ENTRIES, unique=True),
            "members that stand for this economy in arrangements",
        ),
    )
    accepts: tuple[Accepted, ...] = field(
        default=(),
        metadata=of(
            Many(Nested(Accepted), limits.POLICY_ENTRIES, unique=True),
            "what is accepted; one entry that fits is enough",
        ),
    )
    own_accreditation: bool = field(
        metadata=of(Flag(), "whether accreditation by a home body is accepted by itself")
    )
    signatures: Signatures = field(metadata=of(Nested(Signatures), "equivalent signatures"))
    max_evidence_age: EvidenceAge = field(
        metadata=of(Nested(EvidenceAge), "greatest age of evidence")
    )
    required_disclosures: tuple[str, ...] = field(
        default=(), metadata=of(_codes(_FIELD), "fields that must be shared")
    )
    conditions: tuple[Condition, ...] = field(
        default=(),
        metadata=of(
            Many(Nested(Condition), limits.POLICY_ENTRIES), "the conditions entries ask for"
        ),
    )
    signature: str | None = field(
        default=None,
        metadata=of(
            Text(
                _SIGNATURE_CHARS,
                _SIGNATURE_PATTERN,
                "a detached compact JWS",
                _signature_finding,
            ),
            "detached JWS over the RFC 8785 bytes of all other members",
        ),
    )

    @classmethod
    def parse(cls, value: Any) -> "Acceptance":
        """Return the policy a JSON value states; its signature is not checked.

        Raises:
            Invalid: with every fault found.
        """
        faults: list[Fault] = []
        policy = _POLICY.read(value, "", faults)
        if policy is FAULTY:
            raise refusal("policy", faults)
        if len(policy.file_bytes()) > limits.LEDGER_TEXT_BYTES:
            message = f"larger than {limits.LEDGER_TEXT_BYTES} bytes as a file"
            raise refusal("policy", [Fault("", "too_large", message)])
        parsed: Acceptance = policy
        return parsed

    @classmethod
    def read(cls, raw: bytes) -> "Acceptance":
        """Return the policy in the bytes of a file, local or published.

        Raises:
            FormatError: not strict JSON, or too large.
            Invalid: JSON, and not a policy.
        """
        return cls.parse(parse_json(raw, what="policy", max_bytes=limits.LEDGER_TEXT_BYTES))

    def dump(self) -> dict[str, Any]:
        """Return the JSON value; ``parse`` reads it back."""
        return dump_object(self)

    def file_bytes(self) -> bytes:
        """Return the bytes of the file: for people to read, and to publish."""
        return f"{json.dumps(self.dump(), ensure_ascii=False, indent=2)}\n".encode()

    @property
    def signer(self) -> Kid | None:
        """The key that is said to have signed this; None for an unsigned policy."""
        return _read_signature(self.signature, b"")[1] if self.signature is not None else None

    def signed_by(self, signer: JwsSigner, did: str, use: Any = ASSERTION) -> "Acceptance":
        """Return this policy with a signature in place of any it had.

        Args:
            signer: an assertion key of an authority.
            did: the authority's.
            use: the purpose the signer must be meant for.
        """
        header = {"kid": f"{did}#{signer.thumbprint}", "typ": TOKEN_TYPE}
        head, _, tail = sign_compact(header, self._signed_bytes(), signer, use).split(".")
        signed = replace(self, signature=f"{head}..{tail}")
        return Acceptance.parse(signed.dump())  # a signature adds to the size

    def verify(self, key: PublicKey) -> None:
        """Raise ``ProofError`` unless ``key`` signed this policy; ``FormatError`` if nobody did.

        That the key is the one ``signer`` names, and whose it is, is for the caller to see to.
        """
        if self.signature is None:
            raise FormatError("policy_unsigned", "policy: has no signature")
        _read_signature(self.signature, self._signed_bytes())[0].verify(key)

    def _signed_bytes(self) -> bytes:
        return canonical_json(replace(self, signature=None).dump())


@lru_cache(maxsize=limits.POLICIES_KEPT)
def understood(text: bytes) -> Acceptance | None:
    """Return the policy in a published text, None for any other text.

    Kept, for whoever publishes a policy would else make every reader read all of them again at each
    change of the registry.
    """
    try:
        return Acceptance.read(text)
    except ComityError:
        return None


def policy_schema() -> dict[str, Any]:
    """Return the JSON Schema of a policy.

    It states form and lists; that conditions are defined and asked for, and that standards lie
    within the scopes, is beyond it.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "Comity acceptance policy",
        **object_schema(Acceptance),
    }


def _read_signature(text: str, payload: bytes) -> tuple[CompactJws, Kid]:
    """Return a detached signature over ``payload`` as a whole token, and the key it names."""
    head, _, tail = text.partition("..")
    jws = CompactJws.parse(f"{head}.{b64url(payload)}.{tail}")
    if jws.header.keys() != _HEADER or jws.header["typ"] != TOKEN_TYPE:
        raise FormatError("token_type", f"policy: expected alg, kid and typ {TOKEN_TYPE}")
    kid = jws.header["kid"]
    return jws, Kid.parse(kid if isinstance(kid, str) else "")


def _faults(policy: Acceptance) -> Iterator[tuple[str, str, str]]:
    """Yield what is wrong between the members of a policy."""
    if (policy.accepts or policy.own_accreditation) and not policy.home_bodies:
        yield "/home_bodies", "missing_member", "nothing can be accepted without a home body"
    asked = {name for entry in policy.accepts for name in entry.conditions}
    defined: set[str] = set()
    for i, condition in enumerate(policy.conditions):
        if condition.id in defined:
            yield f"/conditions/{i}/id", "twice", "stands in the list twice"
        if condition.id not in asked:
            yield f"/conditions/{i}/id", "unused_condition", "no entry of accepts asks for it"
        defined.add(condition.id)
    for i, entry in enumerate(policy.accepts):
        for j, name in enumerate(entry.conditions):
            if name not in defined:
                message = "no condition with this id is defined"
                yield f"/accepts/{i}/conditions/{j}", "unknown_condition", message
        for j, standard in enumerate(entry.standards):
            scope = codes.scope_of_standard(standard)
            if scope is not None and not entry.takes_scope(scope):
                message = f"falls under {scope}, which is none of the scopes here"
                yield f"/accepts/{i}/standards/{j}", "outside_scopes", message


_POLICY: Final = Nested(Acceptance, _faults)
