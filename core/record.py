"""The record: a body's full data on one certificate. It never leaves the body's own node.

Fields follow ISO/IEC 17021-1 8.2.2, the global database of certificates and CNCA practice (design
§3). Decides whether a JSON value is a record and names every fault with its JSON pointer; what is
judged by dictionaries and check digits is in ``core/record_rules.py``. Refuses unknown members,
kinds that are reserved, and every second spelling of one value, so that two records are the same
exactly if their canonical bytes are. A certificate number is never parsed.
"""

import datetime
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from core import codes, limits, record_rules
from core.encoding import canonical_json, parse_json
from core.errors import Fault
from core.shape import (
    FAULTY,
    ByLanguage,
    Bytes,
    Choice,
    Code,
    Day,
    Integer,
    Many,
    Nested,
    Text,
    Texts,
    dump_object,
    object_schema,
    of,
    read_object,
    refusal,
)

SCHEMA_ID: Final = "https://w3id.example/comity/schemas/record/v1"

_URI = Text(record_rules.URL_CHARS, record_rules.URI_PATTERN, "an address (https, did or urn)")
_LINK = Text(record_rules.URL_CHARS, record_rules.LINK_PATTERN, "an https address")
_ECONOMY = Code(codes.economies, "unknown_economy", "a two-letter code of ISO 3166-1")
_SHORT_CHARS: Final = 60
_AUDITS: Final = 100


class Kind(StrEnum):
    """What is certified. Only management systems are issued so far, the others are reserved."""

    MANAGEMENT_SYSTEM = "management_system"
    PRODUCT = "product"
    SERVICE = "service"
    PERSON = "person"
    INSPECTION = "inspection"
    CARBON_STATEMENT = "carbon_statement"


class AuditKind(StrEnum):
    """Why an audit was made."""

    INITIAL = "initial"
    SURVEILLANCE = "surveillance"
    RECERTIFICATION = "recertification"
    SPECIAL = "special"
    TRANSFER = "transfer"


class AssessmentLevel(StrEnum):
    """On whose authority an accreditation body attests the issuer (UNTP 0.7.0)."""

    GLOBAL_MRA = "authority-globalmra"
    EXTENDED_MRA = "authority-extended-mra"
    PEER = "authority-peer"
    MANDATE = "authority-mandate"
    BENCHMARK = "authority-benchmark"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """A registered identifier, such as an entry in a register of companies."""

    scheme: str = field(
        metadata=of(
            Code(codes.identifier_schemes, "unknown_scheme", "a scheme of identifier-schemes.json"),
            "the register, by its code",
        )
    )
    value: str = field(metadata=of(Text(_SHORT_CHARS), "the identifier, without spaces"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The certified organization."""

    names: Texts = field(
        metadata=of(ByLanguage(limits.NAME_CHARS), "legal name, by language and script")
    )
    economy: str = field(metadata=of(_ECONOMY, "economy of its address"))
    identifier: Identifier | None = field(
        default=None,
        metadata=of(
            Nested(Identifier, record_rules.identifier_faults), "its registered identifier"
        ),
    )
    address: Texts | None = field(
        default=None, metadata=of(ByLanguage(limits.NAME_CHARS), "postal address, by language")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One place the certificate covers."""

    name: str = field(metadata=of(Text(limits.NAME_CHARS), "name of the site"))
    economy: str = field(metadata=of(_ECONOMY, "economy of the site"))
    address: str | None = field(
        default=None, metadata=of(Text(limits.NAME_CHARS), "postal address of the site")
    )
    scope: str | None = field(
        default=None, metadata=of(Text(limits.TEXT_CHARS), "what the site does under the scope")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A file the certificate refers to."""

    url: str = field(metadata=of(_LINK, "https address of the file"))
    name: str | None = field(
        default=None, metadata=of(Text(limits.NAME_CHARS), "what the file is, in a few words")
    )
    media_type: str | None = field(
        default=None,
        metadata=of(
            Text(_SHORT_CHARS * 2, record_rules.MEDIA_TYPE_PATTERN, "a media type"), "media type"
        ),
    )
    digest: str | None = field(
        default=None,
        metadata=of(
            Text(_SHORT_CHARS, record_rules.DIGEST_PATTERN, "a multibase SHA-256 multihash"),
            "SHA-256 of the file, as multibase multihash",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Accreditation:
    """Who attests that the issuer is competent for this."""

    body: str = field(metadata=of(Text(limits.NAME_CHARS), "name of the accreditation body"))
    number: str = field(metadata=of(Text(_SHORT_CHARS), "number of the accreditation"))
    body_uri: str | None = field(
        default=None, metadata=of(_URI, "DID or address of the accreditation body")
    )
    level: AssessmentLevel | None = field(
        default=None,
        metadata=of(
            Choice(AssessmentLevel), "UNTP assessment level; authority-globalmra if absent"
        ),
    )
    evidence: Link | None = field(
        default=None, metadata=of(Nested(Link), "the accreditation body's own statement")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """The certification scheme; if absent, the usual one of the kind of certificate."""

    name: str = field(metadata=of(Text(limits.NAME_CHARS), "name of the scheme"))
    uri: str = field(metadata=of(_URI, "address that identifies the scheme"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Dates:
    """The dates of a certificate; expiry and effective date are the last and first day in force."""

    effective: datetime.date = field(metadata=of(Day(), "first day in force"))
    expiry: datetime.date = field(metadata=of(Day(), "last day in force"))
    decision: datetime.date | None = field(
        default=None, metadata=of(Day(), "certification decision")
    )
    original: datetime.date | None = field(
        default=None, metadata=of(Day(), "first certification, kept through all renewals")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """One audit."""

    kind: AuditKind = field(metadata=of(Choice(AuditKind), "why it was made"))
    date: datetime.date = field(metadata=of(Day(), "its last day"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Predecessor:
    """The e-certificate that this one replaces."""

    slot: str = field(
        metadata=of(
            Text(
                record_rules.URL_CHARS,
                record_rules.SLOT_PATTERN,
                "<status list address>#<index>",
                record_rules.slot_finding,
            ),
            "its slot",
        )
    )
    member: int | None = field(
        default=None,
        metadata=of(Integer(1, 2**32 - 1), "member that issued it; if absent, this body"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Everything a body keeps on one certificate."""

    kind: Kind = field(
        metadata=of(
            Choice(Kind, frozenset(set(Kind) - {Kind.MANAGEMENT_SYSTEM})), "what is certified"
        )
    )
    certificate_number: str = field(
        metadata=of(Text(limits.CERTIFICATE_NUMBER_CHARS), "the body's number; never parsed")
    )
    standard: str = field(
        metadata=of(
            Text(limits.NAME_CHARS, rule=record_rules.standard_finding),
            "standard with its year, such as ISO 9001:2015",
        )
    )
    holder: Holder = field(metadata=of(Nested(Holder), "the certified organization"))
    scope: Texts = field(
        metadata=of(ByLanguage(limits.TEXT_CHARS), "scope of certification, by language")
    )
    dates: Dates = field(
        metadata=of(Nested(Dates, record_rules.date_faults), "the certificate's dates")
    )
    revision: int = field(metadata=of(Integer(0, 9_999), "0, and one more at each re-issue"))
    cycle: int | None = field(
        default=None, metadata=of(Integer(0, 999), "certification cycle, 0 the first")
    )
    standard_uri: str | None = field(
        default=None, metadata=of(_URI, "address of the standard, where it is not a listed one")
    )
    scheme: Scheme | None = field(
        default=None, metadata=of(Nested(Scheme), "the certification scheme")
    )
    sectors: tuple[str, ...] = field(
        default=(),
        metadata=of(
            Many(
                Code(codes.sectors, "unknown_sector", "a two-digit sector code, 01 to 39"),
                limits.SECTORS,
                unique=True,
            ),
            "economic sectors of accreditation (IAF codes)",
        ),
    )
    sites: tuple[Site, ...] = field(
        default=(), metadata=of(Many(Nested(Site), limits.SITES), "the places that are covered")
    )
    accreditation: Accreditation | None = field(
        default=None, metadata=of(Nested(Accreditation), "absent if issued without accreditation")
    )
    approval_number: str | None = field(
        default=None,
        metadata=of(Text(_SHORT_CHARS), "the issuer's own approval by its home authority"),
    )
    audits: tuple[Audit, ...] = field(
        default=(), metadata=of(Many(Nested(Audit), _AUDITS), "the audits")
    )
    predecessor: Predecessor | None = field(
        default=None, metadata=of(Nested(Predecessor), "the e-certificate that this one replaces")
    )
    certificate_link: Link | None = field(
        default=None, metadata=of(Nested(Link), "the certificate as a file")
    )
    render: Link | None = field(
        default=None, metadata=of(Nested(Link), "a template that shows the certificate")
    )
    evidence_root: bytes | None = field(
        default=None,
        metadata=of(Bytes(32), "root over audit evidence; reserved, kept and not yet issued"),
    )

    @classmethod
    def parse(cls, value: Any) -> "Record":
        """Return the record a JSON value states.

        Raises:
            Invalid: with every fault found; pointers start at the record.
        """
        faults: list[Fault] = []
        record = read_object(cls, value, "", faults)
        if record is FAULTY:
            raise refusal("record", faults)
        if len(record.canonical()) > limits.RECORD_BYTES:
            message = f"larger than {limits.RECORD_BYTES} bytes altogether"
            raise refusal("record", [Fault("", "too_large", message)])
        parsed: Record = record
        return parsed

    @classmethod
    def read(cls, raw: bytes) -> "Record":
        """Return the record in the bytes of a JSON file.

        Raises:
            FormatError: not strict JSON.
            Invalid: JSON, and not a record.
        """
        # white space is free in a file, hence twice the size of the canonical bytes
        return cls.parse(parse_json(raw, what="record", max_bytes=2 * limits.RECORD_BYTES))

    def dump(self) -> dict[str, Any]:
        """Return the JSON value; ``parse`` reads it back."""
        return dump_object(self)

    def canonical(self) -> bytes:
        """Return the RFC 8785 bytes: two records are equal exactly if these are."""
        return canonical_json(self.dump())


def record_schema() -> dict[str, Any]:
    """Return the JSON Schema of a record.

    It states form and lists; check digits, the order of dates and the spelling of standards are
    beyond it.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "Comity record",
        **object_schema(Record),
    }
