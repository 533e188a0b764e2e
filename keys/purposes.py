"""What a key may sign, and with which algorithm.

Decides the purposes and the algorithms each of them takes. Refuses an algorithm that the purpose
does not take. A key has one purpose for life: what it signs for one purpose can then never be
mistaken for a signature of another.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from core.errors import Refused


class Purpose(StrEnum):
    """The one thing a key signs."""

    ASSERTION = "assertion"  # e-certificates and status lists, by the issuing body
    SHARE = "share"  # releases to a recipient, by the body on the organization's behalf
    REPORT = "report"  # reports, by a verifier
    OPERATING = "operating"  # the member's daily transactions on the ledger
    RECOVERY = "recovery"  # the member's cold account, which can undo the operating one


class Algorithm(StrEnum):
    """How a key signs; the first two are JOSE names (RFC 7518, RFC 9864)."""

    ES256 = "ES256"
    ED25519 = "Ed25519"
    SECP256K1 = "secp256k1"  # ECDSA over a 32-byte digest, with recovery, as the ledger takes it


DOCUMENT_PURPOSES = frozenset({Purpose.ASSERTION, Purpose.SHARE, Purpose.REPORT})
ACCOUNT_PURPOSES = frozenset({Purpose.OPERATING, Purpose.RECOVERY})

_DOCUMENT_ALGORITHMS = (Algorithm.ES256, Algorithm.ED25519)
_ACCOUNT_ALGORITHMS = (Algorithm.SECP256K1,)

# The first of each is the default.
ALGORITHMS: Mapping[Purpose, tuple[Algorithm, ...]] = MappingProxyType(
    dict.fromkeys(DOCUMENT_PURPOSES, _DOCUMENT_ALGORITHMS)
    | dict.fromkeys(ACCOUNT_PURPOSES, _ACCOUNT_ALGORITHMS)
)


def algorithm_for(purpose: Purpose, wanted: Algorithm | None = None) -> Algorithm:
    """Return the algorithm ``wanted``, or the purpose's default.

    Raises:
        Refused: the purpose does not take this algorithm.
    """
    accepted = ALGORITHMS[purpose]
    if wanted is None:
        return accepted[0]
    if wanted not in accepted:
        raise Refused(
            "key_algorithm",
            f"{purpose} key: expected {' or '.join(accepted)}, got {wanted}",
            "leave the algorithm out to take the default",
        )
    return wanted


def require_purpose(owned: Purpose, use: Purpose) -> None:
    """Raise ``Refused`` unless a key made for ``owned`` is used for just that."""
    if owned != use:
        raise Refused(
            "key_purpose",
            f"this key signs for the purpose {owned}, not for {use}",
            f"name the {use} key in its place",
        )
