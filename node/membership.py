"""What the followed ledger says of this body: which member it is, whether it may act.

Decides from the ledger alone, never from settings, and refuses to guess: without a followed state
the answer is None. The endpoint, from which the DID in every e-certificate is made, is the
registered one.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from contracts.ledgerstore import LedgerStore
from core.errors import Refused
from core.events import (
    Event,
    FenceClaimed,
    KeyAdded,
    KeyPurpose,
    KeyRevoked,
    MemberAdmitted,
    MemberExpelled,
    OperatingAccountChanged,
    key_key,
    member_key,
)
from core.issuer import Issuer, did_of_endpoint
from core.record import Identifier
from core.registry import LedgerEvidence


class Evidence(LedgerEvidence, Protocol):
    """Ledger evidence that can also be listed; a snapshot of a followed ledger is one."""

    def keys(self, prefix: str) -> Sequence[str]:
        """Return the registry keys that start with ``prefix``."""
        ...


@dataclass(frozen=True, slots=True)
class Membership:
    """This body on the ledger.

    Args:
        member: its id.
        endpoint: its registered endpoint.
        name: its registered name in English, else in any language.
        is_expelled: it will register nothing more.
    """

    member: int
    endpoint: str
    name: str
    is_expelled: bool

    def issuer(self, registered: tuple[Identifier, ...] = ()) -> Issuer:
        """Return the body as its e-certificates name it."""
        return Issuer.at(self.endpoint, self.name, registered)


def membership(evidence: Evidence, operating: str) -> Membership | None:
    """Return whose operating account this is at the evidence's head, None for nobody's.

    Args:
        operating: an account's address, in any case.
    """
    account = operating.lower()
    for key in evidence.keys("member/"):
        history = evidence.history(key)
        admitted = next((e for e in history if isinstance(e, MemberAdmitted)), None)
        if admitted is not None and _account(admitted, history) == account:
            expelled = any(isinstance(e, MemberExpelled) for e in history)
            return Membership(admitted.member, admitted.endpoint, admitted.name(), expelled)
    return None


def operating_account_of(evidence: LedgerEvidence, member: int) -> str:
    """Return the address of a member's operating account, lower case; empty for no member."""
    history = evidence.history(member_key(member))
    admitted = next((event for event in history if isinstance(event, MemberAdmitted)), None)
    return "" if admitted is None else _account(admitted, history)


def require_endpoint(found: Membership, configured: str) -> None:
    """Raise ``Refused`` unless the registered endpoint is the configured one."""
    if found.endpoint != configured:
        raise Refused(
            "other_endpoint",
            f"the ledger knows this body as {found.endpoint}, the settings say {configured}",
            "correct endpoint in node.toml",
        )


def assertion_key_stands(evidence: LedgerEvidence, member: int, thumbprint: bytes) -> bool:
    """Return whether the body has this key registered for e-certificates now."""
    history = evidence.history(key_key(member, thumbprint))
    added = any(isinstance(e, KeyAdded) and e.purpose == KeyPurpose.ASSERTION for e in history)
    return added and not any(isinstance(e, KeyRevoked) for e in history)


def newest_fence(history: Iterable[Event]) -> int:
    """Return the fence claimed last under the present operating account, 0 for none."""
    newest = 0
    for event in history:
        if isinstance(event, OperatingAccountChanged):
            newest = 0  # fences are counted by account
        elif isinstance(event, FenceClaimed):
            newest = event.fence
    return newest


def open_followed(path: Path, origin: str) -> LedgerStore:
    """Open the ledger as this node followed it; an absent file is made, with nothing followed."""
    return LedgerStore.open(path, origin, did_of_endpoint)


@contextmanager
def evidence_of(path: Path, origin: str) -> Iterator[Evidence]:
    """Yield one consistent view of the followed ledger."""
    followed = open_followed(path, origin)
    try:
        with followed.snapshot() as snapshot:
            yield snapshot
    finally:
        followed.close()


def _account(admitted: MemberAdmitted, history: Sequence[Event]) -> str:
    current = admitted.operating
    for event in history:
        if isinstance(event, OperatingAccountChanged):
            current = event.current
    return current.lower()
