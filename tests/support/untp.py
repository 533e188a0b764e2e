"""The published schemas of UNTP 0.7.0 and VCDM 2.0, and the check of many disclosure subsets.

The check runs in processes of its own, so what it needs stands here and can be imported.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from core.credential import Credential, field_paths
from core.crypto.jose import PublicKey
from core.sdjwt import SdJwt

FOLDERS = {
    "untp": "untp/schema/ConformityCredential-0.7.0.json",
    "dia": "untp/schema/DigitalIdentityAnchor-0.7.0.json",
    "vcdm": "w3c-vc/verifiable-credential-schema.json",
}


@lru_cache
def validator(vectors: Path, name: str) -> Draft202012Validator:
    """Return the validator of a published schema."""
    schema = json.loads((vectors / FOLDERS[name]).read_bytes())
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def faults(vectors: Path, value: Any, *names: str) -> list[str]:
    """Return what the schemas find wrong with ``value``."""
    return [
        f"{name}: {error.json_path} {error.validator}"
        for name in names or ("untp", "vcdm")
        for error in validator(vectors, name).iter_errors(value)
    ]


@dataclass(frozen=True)
class Subsets:
    """One issued e-certificate whose disclosure subsets are to be checked.

    Attributes:
        vectors: folder of the published schemas.
        token: the SD-JWT with every disclosure.
        claims: what it says altogether.
        key: RFC 7638 bytes of the issuer's key.
    """

    vectors: Path
    token: str
    claims: dict[str, Any]
    key: bytes

    def check(self, masks: Sequence[int]) -> list[str]:
        """Return the faults of the subsets in which the bits of each mask are disclosed."""
        key = PublicKey.from_canonical(self.key)
        full = SdJwt.parse(self.token)
        paths = field_paths(self.claims)
        names = list(paths)
        found = []
        for mask in masks:
            chosen = {name for i, name in enumerate(names) if mask >> i & 1}
            text = full.select({paths[name] for name in chosen}).dump()
            credential = Credential.parse(text)
            credential.jws.verify(key)
            shown = credential.claims()
            if credential.token != full.jws.dump():
                found.append(f"{mask}: another token")
            if set(credential.not_shared) != set(names) - chosen:
                found.append(f"{mask}: wrong fields held back")
            if text.count("~") - 1 != len(chosen) or (shown == self.claims) != (
                len(chosen) == len(names)
            ):
                found.append(f"{mask}: wrong claims")
            found += [f"{mask}: {fault}" for fault in faults(self.vectors, shown)]
        return found
