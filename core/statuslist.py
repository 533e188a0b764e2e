"""The W3C Bitstring Status List: the bits behind ``credentialStatus``, for tools of others.

The ledger is the authority on a certificate's status; this list is made from it. A bit is set
whenever the certificate is not in force, whatever the reason, with purpose ``suspension``: so no
reader of the list alone errs in the dangerous direction. Entry 0 is the left-most bit of byte 0.

Decides encoding and claims of the list. Refuses lists of another length than 131,072 entries,
gzip streams that unpack to more (bounded while unpacking), have bytes behind them or end early,
other purposes, and tokens without our type, dates or key.
"""

import gzip
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from core import limits
from core.crypto.jose import CompactJws, JwsSigner, sign_compact
from core.encoding import b64url, b64url_decode, compact_json, parse_json, require_text
from core.errors import FormatError, LimitError
from core.issuer import Issuer, Slot
from core.signed import ASSERTION, PLAIN_TYPE, Kid, instant, require_instant, token_header

STATUS_PURPOSE: Final = "suspension"
VALID_FOR: Final = timedelta(days=1)
"""How long a signed list may be used where no newer one can be had."""

_VC_CONTEXT: Final = "https://www.w3.org/ns/credentials/v2"
_BYTES: Final = limits.STATUS_LIST_ENTRIES // 8
_ENCODED_BYTES: Final = 2 * _BYTES  # random bits do not compress; base64 adds a third


@dataclass(frozen=True, slots=True)
class StatusBits:
    """The bits of one list."""

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != _BYTES:
            raise FormatError(
                "status_list_length", f"status list: expected {limits.STATUS_LIST_ENTRIES} entries"
            )

    @classmethod
    def of(cls, set_indexes: Iterable[int]) -> "StatusBits":
        """Return the list in which exactly ``set_indexes`` are set."""
        bits = bytearray(_BYTES)
        for index in set_indexes:
            _require_index(index)
            bits[index >> 3] |= 0x80 >> (index & 7)
        return cls(bytes(bits))

    def is_set(self, index: int) -> bool:
        """Return whether the entry says "not in force"."""
        _require_index(index)
        return bool(self.raw[index >> 3] & (0x80 >> (index & 7)))

    def encode(self) -> str:
        """Return ``encodedList``: multibase ``u``, base64url, gzip; the same for the same bits."""
        return "u" + b64url(gzip.compress(self.raw, mtime=0))

    @classmethod
    def decode(cls, encoded: str) -> "StatusBits":
        """Return the bits of ``encodedList``.

        Raises:
            FormatError: not multibase base64url of exactly one gzip stream of a list's length.
        """
        if not encoded.startswith("u"):
            raise FormatError("status_list_encoding", "encodedList: expected multibase base64url")
        if len(encoded) > _ENCODED_BYTES:
            raise LimitError("too_large", f"encodedList: larger than {_ENCODED_BYTES} bytes")
        packed = b64url_decode(encoded[1:], what="encodedList")
        stream = zlib.decompressobj(wbits=31)  # 31: gzip and nothing else
        try:
            raw = stream.decompress(packed, _BYTES + 1)
        except zlib.error:
            raise FormatError("status_list_encoding", "encodedList: not a gzip stream") from None
        if len(raw) > _BYTES:
            raise LimitError("too_large", f"status list: unpacks to more than {_BYTES} bytes")
        if not stream.eof or stream.unused_data:
            raise FormatError("status_list_encoding", "encodedList: not one whole gzip stream")
        return cls(raw)


def status_list_claims(
    issuer: Issuer, list_url: str, bits: StatusBits, now: datetime, valid_for: timedelta = VALID_FOR
) -> dict[str, Any]:
    """Return the claims of the signed list.

    Args:
        issuer: the body whose certificates name the list.
        list_url: the list's address, the first part of its slots.
        bits: which entries are not in force, from the ledger.
        now: when the ledger was read.
        valid_for: how long the list may be used.
    """
    Slot(list_url, 0)
    return {
        "@context": [_VC_CONTEXT],
        "id": list_url,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": {"id": issuer.did, "name": issuer.name},
        "validFrom": instant(now),
        "validUntil": instant(now + valid_for),
        "credentialSubject": {
            "id": f"{list_url}#list",
            "type": "BitstringStatusList",
            "statusPurpose": STATUS_PURPOSE,
            "ttl": limits.STATUS_LIST_TTL * 1000,
            "encodedList": bits.encode(),
        },
    }


def issue_status_list(claims: Mapping[str, Any], signer: JwsSigner) -> str:
    """Return the signed list (``vc+jwt``)."""
    header = token_header(PLAIN_TYPE, claims["issuer"]["id"], signer.thumbprint)
    token = sign_compact(header, compact_json(claims), signer, ASSERTION)
    StatusList.parse(token)
    return token


@dataclass(frozen=True, slots=True)
class StatusList:
    """A signed list as read; whether its signature holds is for ``jws.verify`` to say."""

    jws: CompactJws
    kid: Kid
    list_url: str
    valid_from: datetime
    valid_until: datetime
    bits: StatusBits

    @classmethod
    def parse(cls, token: str) -> "StatusList":
        """Return the signed list in ``token``.

        Raises:
            FormatError: not a list as we issue it.
        """
        jws = CompactJws.parse(token)
        kid = Kid.of_header(jws.header, PLAIN_TYPE)
        claims = parse_json(jws.payload, what="status list", max_bytes=limits.JWS_PAYLOAD_BYTES)
        subject = claims.get("credentialSubject") if isinstance(claims, dict) else None
        issuer = claims.get("issuer") if isinstance(claims, dict) else None
        if not isinstance(subject, dict) or not isinstance(issuer, dict):
            raise FormatError("status_list", "status list: expected a status list credential")
        if (
            "BitstringStatusListCredential" not in _texts(claims.get("type"))
            or subject.get("type") != "BitstringStatusList"
            or subject.get("statusPurpose") != STATUS_PURPOSE
        ):
            raise FormatError("status_list", f"status list: expected purpose {STATUS_PURPOSE}")
        if issuer.get("id") != kid.did:
            raise FormatError("kid_issuer", "status list: signed in another name than the issuer's")
        list_url = require_text(claims.get("id"), what="status list id", max_chars=500)
        encoded = require_text(
            subject.get("encodedList"), what="encodedList", max_chars=_ENCODED_BYTES
        )
        return cls(
            jws,
            kid,
            Slot(list_url, 0).list_url,
            require_instant(claims.get("validFrom"), what="validFrom"),
            require_instant(claims.get("validUntil"), what="validUntil"),
            StatusBits.decode(encoded),
        )

    def in_date(self, now: datetime) -> bool:
        """Return whether the list may be used at ``now``."""
        return self.valid_from <= now.astimezone(UTC) <= self.valid_until


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _require_index(index: int) -> None:
    if not 0 <= index < limits.STATUS_LIST_ENTRIES:
        raise FormatError(
            "status_index", f"status index: expected 0 to {limits.STATUS_LIST_ENTRIES - 1}"
        )
