"""From a record to the claims of its e-certificate: a UNTP Digital Conformity Credential 0.7.0.

Decides which part of a record the credential carries, under which member, and the identifiers in
it. The same record, issuer and slot always give the same claims. Identifiers are made below the
issuer's endpoint from the certificate number and revision, which are never hidden, and from
positions; none repeats a member that can be hidden (so the holder's is not its registered number,
and the authorisation's name not the accreditation's number).

Not carried: the predecessor (the ledger links slots), the evidence root (reserved).
"""

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from core import codes
from core.credential_fields import FIELDS_MEMBER, selective_members
from core.issuer import Issuer, Slot
from core.record import Accreditation, AssessmentLevel, AuditKind, Identifier, Link, Record, Site
from core.statuslist import STATUS_PURPOSE

VC_CONTEXT: Final = "https://www.w3.org/ns/credentials/v2"
UNTP_CONTEXT: Final = "https://vocabulary.uncefact.org/untp/0.7.0/context/"
CONTEXTS: Final = (VC_CONTEXT, UNTP_CONTEXT, codes.ECERT_CONTEXT_URL)
TYPES: Final = ("DigitalConformityCredential", "VerifiableCredential")

# The scheme of ISO/IEC 17021-1, which every accredited certification of management systems follows
_SCHEME: Final = (
    "https://www.iso.org/committee/54998.html",
    "Management-system certification to ISO/IEC 17021-1",
)
_TOPICS: Final = "https://vocabulary.uncefact.org/conformity-topics/"
_AUDIT_NAMES: Final = {
    AuditKind.INITIAL: "Initial audit",
    AuditKind.SURVEILLANCE: "Surveillance audit",
    AuditKind.RECERTIFICATION: "Recertification audit",
    AuditKind.SPECIAL: "Special audit",
    AuditKind.TRANSFER: "Transfer review",
}
_UNACCREDITED: Final = "no-endorsement"


def claims(record: Record, issuer: Issuer, slot: Slot) -> dict[str, Any]:
    """Return the claims of the e-certificate of ``record``, in either envelope.

    Args:
        record: what the body keeps.
        issuer: the body.
        slot: where the status of this e-certificate stands.
    """
    identity = _identity(record, issuer)
    built: dict[str, Any] = {
        "@context": list(CONTEXTS),
        "type": list(TYPES),
        "id": identity,
        "name": f"{record.standard} certificate {record.certificate_number}",
        "issuer": _issuer(issuer),
        "validFrom": f"{record.dates.effective.isoformat()}T00:00:00Z",
        "validUntil": f"{record.dates.expiry.isoformat()}T23:59:59Z",
        "credentialStatus": status_entry(slot),
    }
    if record.render is not None:
        built["renderMethod"] = [_render(record.render)]
    built["credentialSubject"] = _attestation(record, issuer, identity)
    named = selective_members(built)
    if named:
        built["credentialSubject"]["certification"][FIELDS_MEMBER] = named
    return built


def status_entry(slot: Slot) -> dict[str, Any]:
    """Return the ``credentialStatus`` of a slot.

    The index is an integer, as UNTP 0.7.0 has it; the W3C text form fails its schema.
    """
    return {
        "type": "BitstringStatusListEntry",
        "id": slot.text,
        "statusPurpose": STATUS_PURPOSE,
        "statusListIndex": slot.index,
        "statusListCredential": slot.list_url,
    }


def _identity(record: Record, issuer: Issuer) -> str:
    number = quote(record.certificate_number, safe="")
    # a re-issue is another credential; the first keeps the plain address
    revision = f"/{record.revision}" if record.revision else ""
    return f"{issuer.endpoint}/ecert/{number}{revision}"


def _issuer(issuer: Issuer) -> dict[str, Any]:
    built: dict[str, Any] = {"type": ["CredentialIssuer"], "id": issuer.did, "name": issuer.name}
    if issuer.registered:
        built["issuerAlsoKnownAs"] = [
            {
                **_party(_register_entry(identifier, issuer, n), issuer.name),
                **_registered(identifier),
            }
            for n, identifier in enumerate(issuer.registered, start=1)
        ]
    return built


def _register_entry(identifier: Identifier, issuer: Issuer, n: int) -> str:
    register = codes.identifier_schemes()[identifier.scheme].uri
    return (register + quote(identifier.value, safe="")) if register else f"{issuer.did}#name-{n}"


def _attestation(record: Record, issuer: Issuer, identity: str) -> dict[str, Any]:
    scheme_id, scheme_name = (
        (record.scheme.uri, record.scheme.name) if record.scheme is not None else _SCHEME
    )
    accreditation = record.accreditation
    built: dict[str, Any] = {
        "type": ["ConformityAttestation"],
        "id": f"{identity}#attestation",
        "name": f"{_system(record).name} certificate",
        "assessorLevel": "3rdParty",
        "assessmentLevel": _UNACCREDITED
        if accreditation is None
        else str(accreditation.level or AssessmentLevel.GLOBAL_MRA),
        "attestationType": "certification",
        "issuedToParty": _holder(record, identity)
        | (_registered(record.holder.identifier) if record.holder.identifier else {}),
        "referenceScheme": _named("ConformityScheme", scheme_id, scheme_name),
        "referenceProfile": _standard("ConformityProfile", record, issuer),
    }
    if accreditation is not None:
        built["authorisation"] = [_authorisation(accreditation, issuer, identity)]
    if record.certificate_link is not None:
        built["conformityCertificate"] = _link(record.certificate_link, "Certificate")
    if record.audits:
        built["conformityAssessment"] = _assessments(record, issuer, identity)
    built["certification"] = _certification(record)
    return built


def _certification(record: Record) -> dict[str, Any]:
    dates, holder, accreditation = record.dates, record.holder, record.accreditation
    built: dict[str, Any] = {
        "type": ["ManagementSystemCertification"],
        "certificateNumber": record.certificate_number,
        "standard": record.standard,
        "originalIssueDate": dates.original.isoformat() if dates.original else None,
        "certificationDecisionDate": dates.decision.isoformat() if dates.decision else None,
        "effectiveDate": dates.effective.isoformat(),
        "expiryDate": dates.expiry.isoformat(),
        "cycle": record.cycle,
        "revision": record.revision,
        "sectorCode": list(record.sectors) or None,
        "scopeStatement": record.scope.to_dict(),
        "holderName": holder.names.to_dict() if len(holder.names.by_language) > 1 else None,
        "holderAddress": holder.address.to_dict() if holder.address else None,
        "holderCountry": holder.economy,
        "accreditationNumber": accreditation.number if accreditation else None,
        "issuerApprovalNumber": record.approval_number,
        "site": [_site(site) for site in record.sites] or None,
    }
    return {name: value for name, value in built.items() if value is not None}


def _site(site: Site) -> dict[str, Any]:
    built = {
        "type": ["Site"],
        "siteName": site.name,
        "siteAddress": site.address,
        "siteCountry": site.economy,
        "siteScope": site.scope,
    }
    return {name: value for name, value in built.items() if value is not None}


def _assessments(record: Record, issuer: Issuer, identity: str) -> Sequence[dict[str, Any]]:
    system = _system(record)
    return [
        {
            "type": ["ConformityAssessment"],
            "id": f"{identity}#assessment-{n}",
            "name": _AUDIT_NAMES[audit.kind],
            "assessmentDate": audit.date.isoformat(),
            "assessmentCriteria": [_standard("Criterion", record, issuer)],
            "assessedPerformance": [{"score": {"code": "conforms", "rank": 1}}],
            "assessedOrganisation": _holder(record, identity),
            "referenceStandard": [_standard("Standard", record, issuer)],
            "conformityTopic": [
                _named("ConformityTopic", _TOPICS + system.topic, system.topic_name)
            ],
            "conformance": True,
        }
        for n, audit in enumerate(record.audits, start=1)
    ]


def _authorisation(accreditation: Accreditation, issuer: Issuer, identity: str) -> dict[str, Any]:
    body = accreditation.body_uri or f"{identity}#accreditation-body"
    built: dict[str, Any] = {
        "name": f"Accreditation of {issuer.name}",
        "issuingAuthority": _party(body, accreditation.body),
    }
    if accreditation.evidence is not None:
        built["endorsementEvidence"] = _link(accreditation.evidence, "Accreditation")
    return built


def _holder(record: Record, identity: str) -> dict[str, Any]:
    return _party(f"{identity}#holder", record.holder.names.preferred("en"))


def _registered(identifier: Identifier) -> dict[str, Any]:
    scheme = codes.identifier_schemes()[identifier.scheme]
    built: dict[str, Any] = {"registeredId": identifier.value}
    if scheme.uri:
        built["idScheme"] = _named("IdentifierScheme", scheme.uri, scheme.name)
    return built


def _system(record: Record) -> codes.ManagementSystem:
    known = codes.known_standard(record.standard)
    systems = codes.management_systems()
    found = systems.get(known.kind) if known else None
    return found or codes.ManagementSystem(
        "", "Management system", "standards-adherence", "Standards Adherence"
    )


def _standard(kind: str, record: Record, issuer: Issuer) -> dict[str, Any]:
    known = codes.known_standard(record.standard)
    own = f"{issuer.endpoint}/standards/{quote(record.standard, safe='')}"
    return _named(kind, record.standard_uri or (known.uri if known else own), record.standard)


def _party(identity: str, name: str) -> dict[str, Any]:
    return _named("Party", identity, name)


def _named(kind: str, identity: str, name: str) -> dict[str, Any]:
    return {"type": [kind], "id": identity, "name": name}


def _link(link: Link, name: str) -> dict[str, Any]:
    built = {
        "linkURL": link.url,
        "linkName": link.name or name,
        "mediaType": link.media_type,
        "digestMultibase": link.digest,
    }
    return {member: value for member, value in built.items() if value is not None}


def _render(link: Link) -> dict[str, Any]:
    built = {
        "type": ["RenderTemplate2024"],
        "name": link.name or "Certificate",
        "mediaType": link.media_type or "text/html",
        "url": link.url,
        "digestMultibase": link.digest,
    }
    return {member: value for member, value in built.items() if value is not None}
