"""The founder file: what a body hands to whoever makes a ledger, and later asks to be admitted by.

Decides its format, ``v: 1``::

    {"v": 1, "names": {"en": "…", "zh": "…"}, "economy": "CN", "roles": ["certification_body"],
     "endpoint": "https://…", "operating": "0x…", "recovery": "0x…",
     "keys": [{"purpose": "assertion", "jwk": {…}}, {"purpose": "share", "jwk": {…}}]}

Everything in it becomes public. Refuses private keys, unknown members, and what the ledger's
contracts would refuse for its form.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from contracts.abi import lower_address
from contracts.calls import Admission, FirstKey
from core.crypto.jose import PublicKey
from core.encoding import (
    canonical_json,
    parse_json,
    require_integer,
    require_list,
    require_members,
    require_text,
)
from core.errors import FormatError
from core.events import KeyPurpose, Role
from core.issuer import did_of_endpoint
from core.limits import ENDPOINT_BYTES, LANGUAGES, MEMBER_NAMES_BYTES, NAME_CHARS

FILE_BYTES: Final = 64 * 1024
_KEYS: Final = 8  # as the contract has it
_MEMBERS: Final = {
    "v", "names", "economy", "roles", "endpoint", "operating", "recovery", "keys",
}  # fmt: skip
_PURPOSES: Final = {"assertion": KeyPurpose.ASSERTION, "share": KeyPurpose.SHARE}


def parse_founder(raw: bytes) -> Admission:
    """Return the member-to-be that a founder file describes.

    Raises:
        FormatError: it is no founder file.
    """
    value = parse_json(raw, what="founder file", max_bytes=FILE_BYTES)
    value = require_members(value, _MEMBERS, what="founder file")
    require_integer(value["v"], what="founder file version", low=1, high=1)
    endpoint = require_text(value["endpoint"], what="endpoint", max_chars=ENDPOINT_BYTES)
    if did_of_endpoint(endpoint) is None:
        raise FormatError(
            "endpoint", "endpoint: expected https:// and a host, lower case, without a path"
        )
    economy = require_text(value["economy"], what="economy", max_chars=2)
    if not re.fullmatch("[A-Z]{2}", economy):
        raise FormatError("economy", "economy: expected two capital letters")
    return Admission(
        names=_names(value["names"]),
        economy=economy,
        roles=_roles(value["roles"]),
        endpoint=endpoint,
        operating=lower_address(require_text(value["operating"], what="account", max_chars=42)),
        recovery=lower_address(require_text(value["recovery"], what="account", max_chars=42)),
        keys=tuple(map(_key, require_list(value["keys"], what="keys", max_items=_KEYS))),
    )


def dump_founder(founder: Admission) -> bytes:
    """Return the founder file that :func:`parse_founder` reads; it ends with a line break."""
    words = {purpose: word for word, purpose in _PURPOSES.items()}
    value = {
        "v": 1,
        "names": json.loads(founder.names),
        "economy": founder.economy,
        "roles": [role.name.lower() for role in Role if founder.roles & role and role.name],
        "endpoint": founder.endpoint,
        "operating": lower_address(founder.operating),
        "recovery": lower_address(founder.recovery),
        "keys": [
            {"purpose": words[KeyPurpose(key.purpose)], "jwk": json.loads(key.public_key)}
            for key in founder.keys
        ],
    }
    return json.dumps(value, ensure_ascii=False, indent=2).encode() + b"\n"


def assertion_and_share(
    assertion: Mapping[str, Any], share: Mapping[str, Any]
) -> tuple[FirstKey, ...]:
    """Return the two first keys of a certification body from their public JWKs."""
    return (
        FirstKey(KeyPurpose.ASSERTION, PublicKey.from_jwk(assertion).canonical),
        FirstKey(KeyPurpose.SHARE, PublicKey.from_jwk(share).canonical),
    )


def names_text(names: Mapping[str, str]) -> str:
    """Return names by language as the ledger records them.

    Raises:
        FormatError: no English name, or longer than the ledger takes.
    """
    text = canonical_json(dict(names)).decode()
    if not names.get("en") or len(text.encode()) > MEMBER_NAMES_BYTES:
        raise FormatError(
            "names", f"names: expected one in English, and at most {MEMBER_NAMES_BYTES} bytes"
        )
    return text


def _names(value: Any) -> str:
    if not isinstance(value, dict) or len(value) > LANGUAGES:
        raise FormatError("names", f"names: expected at most {LANGUAGES} names by language")
    for name in value.values():
        require_text(name, what="name", max_chars=NAME_CHARS)
    return names_text(value)


def _roles(value: Any) -> int:
    roles = 0
    for word in require_list(value, what="roles", max_items=len(Role)):
        named = Role.__members__.get(word.upper()) if isinstance(word, str) else None
        if named is None or roles & named:
            raise FormatError("roles", f"roles: expected some of {', '.join(_role_words())}")
        roles |= named
    if not roles:
        raise FormatError("roles", f"roles: expected some of {', '.join(_role_words())}")
    return roles


def _role_words() -> Sequence[str]:
    return [name.lower() for name in Role.__members__]


def _key(value: Any) -> FirstKey:
    value = require_members(value, {"purpose", "jwk"}, what="key")
    purpose = _PURPOSES.get(value["purpose"]) if isinstance(value["purpose"], str) else None
    if purpose is None or not isinstance(value["jwk"], dict):
        raise FormatError("key", "key: expected the purpose assertion or share, and a JWK")
    return FirstKey(purpose, PublicKey.from_jwk(value["jwk"]).canonical)
