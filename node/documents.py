"""The body's public documents that are made from the ledger: its DID document.

Decides that the DID document lists exactly the assertion keys that stand on the ledger, so a key
that was revoked there is gone here. Refuses nothing: without keys it lists none.
"""

from typing import Any, Final

from core.crypto.jose import PublicKey
from core.errors import ComityError
from core.events import KeyAdded, KeyPurpose, KeyRevoked
from core.issuer import did_of_endpoint
from node.membership import Evidence, Membership

DID_PATH: Final = "/.well-known/did.json"
_CONTEXTS: Final = ("https://www.w3.org/ns/did/v1", "https://w3id.org/security/suites/jws-2020/v1")


def did_document(evidence: Evidence, body: Membership) -> dict[str, Any]:
    """Return the body's ``did:web`` document."""
    did = did_of_endpoint(body.endpoint)
    methods = [
        {
            "id": f"{did}#{key.thumbprint_text}",
            "type": "JsonWebKey",
            "controller": did,
            "publicKeyJwk": key.jwk,
        }
        for key in standing_keys(evidence, body.member, KeyPurpose.ASSERTION)
    ]
    return {
        "@context": list(_CONTEXTS),
        "id": did,
        "verificationMethod": methods,
        "assertionMethod": [method["id"] for method in methods],
    }


def standing_keys(evidence: Evidence, member: int, purpose: KeyPurpose) -> list[PublicKey]:
    """Return the body's keys of one purpose that are registered and not revoked, oldest first."""
    found = []
    for registry_key in evidence.keys(f"key/{member}/"):
        history = evidence.history(registry_key)
        if any(isinstance(event, KeyRevoked) for event in history):
            continue
        for event in history:
            if isinstance(event, KeyAdded) and event.purpose == purpose:
                key = _public_key(event)
                if key is not None:
                    found.append((event.position, key))
    return [key for _, key in sorted(found, key=lambda pair: pair[0])]


def _public_key(event: KeyAdded) -> PublicKey | None:
    try:
        return PublicKey.from_canonical(event.public_key)
    except ComityError:
        return None  # the contract does not parse keys: this one can sign nothing anywhere
