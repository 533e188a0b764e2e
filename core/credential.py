"""The e-certificate: issuing it in its two envelopes, and reading either back.

``vc+sd-jwt`` (SD-JWT, RFC 9901) is the one that is shared, ``vc+jwt`` the one for UNTP tools; both
carry the same claims (``core/credential_claims.py``) and name the same slot. What an e-certificate
*is*, is its slot: never the token bytes, which anyone can vary without breaking the signature.

What is not one of our formats is refused by ``parse`` with ``FormatError``; nothing about it can
be answered. What is one, and whose cryptography does not hold, is accepted by ``parse`` and
refused with ``ProofError`` by ``claims`` (disclosures) or ``jws.verify`` (algorithm, signature,
keys inside the header).

=========================  ====================================================================
code                       refused by ``parse``
=========================  ====================================================================
token_type                 ``typ`` is not the envelope's, or ``cty`` not ``vc``
unknown_member             a header member that we never write
kid_form, base64url        ``kid`` is not DID, ``#``, thumbprint
kid_issuer                 the DID in ``kid``, or ``iss``, is not the issuer's
key_binding                a key-binding token: a release of this version has none
credential_claims          ``vc``, ``vp``, or dates and audience as JWT claims: a second answer to
                           questions that the credential itself answers
credential_form            a member is missing or hidden that is never hidden: contexts, types, id,
                           issuer, dates, status, holder's name, number, standard, revision
credential_status, slot …  ``credentialStatus`` is not one Bitstring entry of purpose suspension
not_an_instant             a date is missing or in another spelling
dates_disagree             ``validFrom`` and ``validUntil`` are not the certificate's own dates
not_json, too_large …      and all that ``core.encoding`` and ``core.sdjwt`` refuse
=========================  ====================================================================

``iss``, ``iat`` and the like are not written: the credential's own members say the same, and a
second place for one fact is a place to disagree. ``iss`` is accepted if it is the issuer.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, Final

from core import limits
from core.credential_claims import CONTEXTS, TYPES
from core.credential_claims import claims as claims
from core.credential_fields import (
    ARRAYS,
    choose,
    disclosure_frame,
    not_shared,
    paths_by_name,
    shown,
)
from core.credential_fields import field_paths as field_paths
from core.crypto.jose import CompactJws, JwsSigner, sign_compact
from core.encoding import compact_json, parse_json, require_text
from core.errors import FormatError
from core.issuer import Issuer as Issuer
from core.issuer import Slot as Slot
from core.issuer import did_of_endpoint as did_of_endpoint
from core.issuer import endpoint_of_did as endpoint_of_did
from core.sdjwt import Opened, Path, SdJwt
from core.sdjwt_issue import issue
from core.signed import ASSERTION, PLAIN_TYPE, SELECTIVE_TYPE, Kid, require_instant, token_header
from core.statuslist import STATUS_PURPOSE

Random = Callable[[int], bytes]

ACCEPTED_ALGORITHMS: Final = frozenset({"ES256", "Ed25519", "EdDSA"})

_SECOND_ANSWERS: Final = frozenset({"vc", "vp", "exp", "nbf", "iat", "aud", "sub", "jti"})
_CONTEXTS: Final = list(CONTEXTS)
_TYPES: Final = list(TYPES)
_STATUS_MEMBERS: Final = frozenset(
    {"type", "id", "statusPurpose", "statusListIndex", "statusListCredential"}
)
_START, _END = "T00:00:00Z", "T23:59:59Z"


class Envelope(StrEnum):
    """How the claims are secured; the value is the token's ``typ``."""

    SELECTIVE = SELECTIVE_TYPE
    PLAIN = PLAIN_TYPE


def issue_selective(claims: Mapping[str, Any], signer: JwsSigner, random: Random) -> str:
    """Return the ``vc+sd-jwt`` of ``claims`` with every disclosure.

    Args:
        claims: from :func:`claims`.
        signer: an assertion key of the issuer.
        random: source of the disclosures' salts.
    """
    header = _header(Envelope.SELECTIVE, claims, signer)
    return issue(claims, disclosure_frame(claims), header, signer, ASSERTION, random)


def issue_plain(claims: Mapping[str, Any], signer: JwsSigner) -> str:
    """Return the ``vc+jwt`` of ``claims``; nothing in it can be hidden."""
    header = _header(Envelope.PLAIN, claims, signer)
    return sign_compact(header, compact_json(claims), signer, ASSERTION)


def _header(envelope: Envelope, claims: Mapping[str, Any], signer: JwsSigner) -> dict[str, str]:
    """Return the token header for claims that our own parser will read back."""
    issuer: str = claims["issuer"]["id"]
    _never_hidden(claims, issuer)
    header = token_header(envelope.value, issuer, signer.thumbprint)
    Kid.of_header(header, envelope)
    return header


@dataclass(frozen=True)
class Credential:
    """An e-certificate as presented, read and not yet trusted.

    Attributes:
        envelope: which of the two it is.
        jws: the signed part; ``jws.verify(key)`` checks it.
        kid: whose key signed, and which.
        slot: where its status stands, which is also its identity.
        valid_from, valid_until: first and last moment in force, aware.
    """

    envelope: Envelope
    jws: CompactJws
    kid: Kid
    slot: Slot
    valid_from: datetime
    valid_until: datetime
    _payload: dict[str, Any]
    _selective: SdJwt | None

    def __repr__(self) -> str:
        return f"Credential({self.envelope}, {self.issuer_did}, slot {self.slot.digest.hex()})"

    @classmethod
    def parse(cls, presentation: str) -> "Credential":
        """Return the e-certificate in ``presentation``, of either envelope.

        Raises:
            FormatError: see the table of the module.
        """
        if "~" in presentation:
            selective = SdJwt.parse(presentation)
            if selective.key_binding is not None:
                raise FormatError("key_binding", "presentation: key binding is not expected here")
            return cls._read(Envelope.SELECTIVE, selective.jws, selective.payload, selective)
        jws = CompactJws.parse(presentation)
        payload = parse_json(jws.payload, what="credential", max_bytes=limits.JWS_PAYLOAD_BYTES)
        return cls._read(Envelope.PLAIN, jws, payload, None)

    @classmethod
    def _read(
        cls, envelope: Envelope, jws: CompactJws, payload: Any, selective: SdJwt | None
    ) -> "Credential":
        kid = Kid.of_header(jws.header, envelope)
        slot, valid_from, valid_until = _never_hidden(payload, kid.did)
        return cls(envelope, jws, kid, slot, valid_from, valid_until, payload, selective)

    def dump(self) -> str:
        """Return the text that ``parse`` read."""
        return self.jws.dump() if self._selective is None else self._selective.dump()

    @property
    def token(self) -> str:
        """``header.payload.signature``: what the leaf commits to."""
        return self.jws.dump()

    @property
    def algorithm(self) -> str:
        """The ``alg`` of the header, as read."""
        return self.jws.algorithm

    @property
    def algorithm_accepted(self) -> bool:
        """Whether ``alg`` is one with which an e-certificate may be signed at all."""
        return self.algorithm in ACCEPTED_ALGORITHMS

    @property
    def issuer_did(self) -> str:
        """DID of the body that the e-certificate names as its issuer."""
        return self.kid.did

    @property
    def issuer_name(self) -> str:
        """How the e-certificate calls its issuer; it is never hidden and not yet believed."""
        name: str = self._payload["issuer"]["name"]
        return name

    @property
    def kid_did(self) -> str:
        """The DID in ``kid``; ``parse`` made sure that it is the issuer's."""
        return self.kid.did

    @property
    def kid_thumbprint(self) -> bytes:
        """Thumbprint of the key that is said to have signed, 32 bytes."""
        return self.kid.thumbprint

    @property
    def certificate_number(self) -> str:
        """The body's number; it is never hidden and never parsed."""
        number: str = self._payload["credentialSubject"]["certification"]["certificateNumber"]
        return number

    def claims(self) -> dict[str, Any]:
        """Return the claims with what is disclosed in place.

        Raises:
            ProofError: a disclosure is not what was signed.
        """
        return self._payload if self._selective is None else self._opened.claims

    def disclosed(self) -> dict[str, Any]:
        """Return what may be shown, by field name (``core.credential_fields.TITLES``).

        Raises:
            ProofError: a disclosure is not what was signed.
        """
        return shown(self.claims())

    @property
    def not_shared(self) -> tuple[str, ...]:
        """Names of the fields that the body signed and the exporter holds back.

        Raises:
            ProofError: a disclosure is not what was signed.
        """
        if self._selective is None:
            return ()
        return not_shared(self.claims(), self._opened.hidden, self._gaps())

    @property
    def fields(self) -> dict[str, Path]:
        """Where each field stands that can still be hidden, by name.

        Raises:
            ProofError: a disclosure is not what was signed.
        """
        if self._selective is None:
            return {}
        return paths_by_name(self._opened.disclosed)

    def share(self, names: Iterable[str]) -> str:
        """Return the presentation that shows the fields named, and what is never hidden.

        Raises:
            UsageError: a name that this e-certificate does not have.
            FormatError: a ``vc+jwt``, in which nothing can be hidden.
        """
        if self._selective is None:
            raise FormatError(
                "not_selective", "in this form of e-certificate nothing can be hidden"
            )
        return self._selective.select(choose(names, self.fields)).dump()

    @cached_property
    def _opened(self) -> Opened:
        assert self._selective is not None
        return self._selective.process()

    def _gaps(self) -> dict[Path, list[int]]:
        """Return, for each array of fields that is hidden in part, the places held back."""
        disclosed = self._opened.disclosed
        gaps: dict[Path, list[int]] = {}
        for path in ARRAYS & self._opened.hidden.keys():
            array = _at(self._payload, path)
            if isinstance(array, list):
                gaps[path] = [
                    i
                    for i, item in enumerate(array)
                    if isinstance(item, dict) and "..." in item and (*path, i) not in disclosed
                ]
        return gaps


def _never_hidden(payload: Any, signer_did: str) -> tuple[Slot, datetime, datetime]:
    """Return slot, first and last moment of a payload that has all that is never hidden."""
    certification = _require_form(payload)
    if payload["issuer"]["id"] != signer_did or payload.get("iss", signer_did) != signer_did:
        raise FormatError("kid_issuer", "credential: signed in another name than the issuer's")
    valid_from = _moment(payload, "validFrom", certification, "effectiveDate", _START)
    valid_until = _moment(payload, "validUntil", certification, "expiryDate", _END)
    return _slot(payload.get("credentialStatus")), valid_from, valid_until


def _moment(
    payload: dict[str, Any], member: str, certification: dict[str, Any], date: str, time: str
) -> datetime:
    """Return the moment that a member spells, which is ``time`` on a date of the certificate."""
    moment = require_instant(payload.get(member), what=member)
    if certification.get(date) != payload[member].removesuffix(time):
        raise FormatError("dates_disagree", f"credential: {member} is not the {date}")
    return moment


def _require_form(payload: Any) -> dict[str, Any]:
    """Return the certification of a payload that has everything that is never hidden."""
    if not isinstance(payload, dict):
        raise _misformed("an object")
    if not _SECOND_ANSWERS.isdisjoint(payload):
        raise FormatError(
            "credential_claims", "credential: has a JWT claim that its own members answer"
        )
    subject, issuer = payload.get("credentialSubject"), payload.get("issuer")
    if payload.get("@context") != _CONTEXTS or payload.get("type") != _TYPES:
        raise _misformed("the contexts and types of an e-certificate")
    if not isinstance(issuer, dict) or not isinstance(subject, dict) or "_sd" in issuer:
        raise _misformed("an issuer and a subject")
    holder, certification = subject.get("issuedToParty"), subject.get("certification")
    if not isinstance(holder, dict) or not isinstance(certification, dict):
        raise _misformed("a holder and a certification")
    for value, what in (
        (payload.get("id"), "credential id"),
        (payload.get("name"), "credential name"),
        (issuer.get("id"), "issuer id"),
        (issuer.get("name"), "issuer name"),
        (holder.get("name"), "holder name"),
        (certification.get("standard"), "standard"),
    ):
        require_text(value, what=what, max_chars=limits.TEXT_CHARS)
    require_text(
        certification.get("certificateNumber"),
        what="certificate number",
        max_chars=limits.CERTIFICATE_NUMBER_CHARS,
    )
    if type(certification.get("revision")) is not int:
        raise _misformed("a revision")
    return certification


def _slot(status: Any) -> Slot:
    """Return the slot of a ``credentialStatus``; the index is read as number or text (W3C)."""
    if (
        not isinstance(status, dict)
        or not status.keys() <= _STATUS_MEMBERS
        or status.get("type") != "BitstringStatusListEntry"
        or status.get("statusPurpose") != STATUS_PURPOSE
    ):
        raise FormatError(
            "credential_status",
            f"credentialStatus: expected one Bitstring entry of purpose {STATUS_PURPOSE}",
        )
    index = status.get("statusListIndex")
    url = require_text(
        status.get("statusListCredential"), what="status list", max_chars=limits.TEXT_CHARS
    )
    if type(index) not in (int, str):
        raise FormatError("credential_status", "statusListIndex: expected a number")
    slot = Slot.parse(f"{url}#{index}")
    if status.get("id", slot.text) != slot.text:
        raise FormatError("credential_status", "credentialStatus: its id is not its slot")
    return slot


def _at(value: Any, path: Path) -> Any:
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _misformed(expected: str) -> FormatError:
    return FormatError("credential_form", f"credential: expected {expected}")
