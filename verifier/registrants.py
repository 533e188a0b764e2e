"""Whether a body could register a certificate at a moment, and with what kinds of keys.

Decides from block times, as far as a question about a day can be answered: a member that is active,
whose account is not stopped, and that has an assertion key that was neither revoked nor is one that
nobody can verify with. Where a certificate is at hand, a check decides all of this by position.
"""

from collections.abc import Sequence
from typing import Final

from core.acceptance import Acceptance
from core.crypto.jose import PublicKey
from core.errors import ComityError
from core.events import (
    Assurance,
    Event,
    KeyAdded,
    KeyAssured,
    KeyPurpose,
    KeyRevoked,
    MemberFrozen,
    MemberThawed,
    member_key,
)
from core.recognition import Facts, Standing
from core.registry import LedgerEvidence

ACTIVE: Final = "body_active"
WORDS: Final = {
    ACTIVE: "An active member: it may register certificates.",
    "body_not_yet": "Not a member yet at that moment.",
    "body_suspended": "Suspended by the network: it may register no certificates.",
    "body_expelled": "Expelled from the network: it may register no certificates.",
    "body_stopped": "Its account is stopped: it may register no certificates.",
    "body_without_key": "It has no registered key to sign certificates with.",
}
"""What can be said of a body, by code."""

_CODES: Final = {
    Standing.NONE: "body_not_yet",
    Standing.ACTIVE: ACTIVE,
    Standing.SUSPENDED: "body_suspended",
    Standing.EXPELLED: "body_expelled",
}
_SAME_ALGORITHM: Final = {"EdDSA": "Ed25519"}  # the older name of the same (RFC 9864)
_ASSURANCES: Final = frozenset(Assurance)


class Registrants:
    """The bodies of one evidence.

    Args:
        evidence: of one ledger, as of one head.
        facts: of the same evidence; what is read is kept there.
    """

    def __init__(self, evidence: LedgerEvidence, facts: Facts) -> None:
        self._evidence = evidence
        self._facts = facts

    def state(self, body: int, at: int) -> str:
        """Return the code of ``WORDS`` that holds for a body at a moment."""
        member = self._facts.member(body)
        standing = member.standing_at(at)[0] if member is not None else Standing.NONE
        code = _CODES[standing]
        if code == ACTIVE and is_stopped(self._history(member_key(body)), at):
            return "body_stopped"
        if code == ACTIVE and not self._keys(body, at):
            return "body_without_key"
        return code

    def refused(self, policy: Acceptance, body: int, at: int) -> str | None:
        """Return the reason for which a market takes none of a body's keys, None if it takes one.

        A body without keys is not refused for them.
        """
        keys = self._keys(body, at)
        taken = {_SAME_ALGORITHM.get(name, name) for name in policy.signatures.algorithms}
        fitting = [assurance for algorithm, assurance in keys if algorithm in taken]
        if not keys or any(one >= policy.signatures.key_assurance.level for one in fitting):
            return None
        return "market_refuses_key_assurance" if fitting else "market_refuses_algorithm"

    def moments(self, body: int) -> set[int]:
        """Return the moments at which any of this can change."""
        histories = [self._history(member_key(body)), *self._key_histories(body)]
        return {event.time for history in histories for event in history}

    def _keys(self, body: int, at: int) -> list[tuple[str, int]]:
        """Return algorithm and assurance of each key that signs certificates at a moment."""
        found = []
        for history in self._key_histories(body):
            past = [event for event in history if event.time <= at]
            added = next((e for e in past if isinstance(e, KeyAdded)), None)
            algorithm = _algorithm(added) if added is not None else None
            if algorithm is not None and not any(isinstance(e, KeyRevoked) for e in past):
                found.append((algorithm, assurance_of(past)))
        return found

    def _key_histories(self, body: int) -> Sequence[Sequence[Event]]:
        def read() -> Sequence[Sequence[Event]]:
            histories = map(self._history, self._evidence.keys(f"key/{body}/"))
            return [history for history in histories if _is_for_certificates(history)]

        return self._facts.once(("assertion keys", body), read)

    def _history(self, key: str) -> Sequence[Event]:
        return self._facts.once(("history", key), lambda: tuple(self._evidence.history(key)))


def is_stopped(history: Sequence[Event], at: int) -> bool:
    """Return whether a member's account is stopped at a moment, by the member's history."""
    stops = [e for e in history if isinstance(e, MemberFrozen | MemberThawed) and e.time <= at]
    return bool(stops) and isinstance(stops[-1], MemberFrozen)


def assurance_of(history: Sequence[Event]) -> int:
    """Return how a key is kept, by its history so far; what is not known counts as a file."""
    declared = [event.assurance for event in history if isinstance(event, KeyAssured)]
    level = declared[-1] if declared else int(Assurance.FILE)
    return level if level in _ASSURANCES else int(Assurance.FILE)


def _is_for_certificates(history: Sequence[Event]) -> bool:
    return any(isinstance(e, KeyAdded) and e.purpose == KeyPurpose.ASSERTION for e in history)


def _algorithm(added: KeyAdded) -> str | None:
    """Return what a registered key signs with, None for one that nobody can verify with."""
    try:
        return PublicKey.from_canonical(added.public_key).algorithm
    except ComityError:
        return None
