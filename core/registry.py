"""What follows from the ledger's events for one key: the registry, and the evidence for it.

The value of a key is its whole history in ledger order. Before and after is *position*, never
time: a key that was revoked at position p makes nothing before p false and nothing after p true.

Decides what a history means (was this key good at that position, what is this slot's state). It
does no input or output: where histories come from is the evidence's affair.
"""

import hashlib
import json
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from core.events import (
    DAILY_KINDS,
    Event,
    KeyAdded,
    KeyRevoked,
    MemberAdmitted,
    Position,
    State,
    StatusAnnulled,
    StatusDeclared,
)


@dataclass(frozen=True, slots=True)
class Head:
    """The newest block that evidence rests on."""

    block: int
    hash: bytes
    time: int


class LedgerEvidence(Protocol):
    """What a check asks of a ledger: one consistent view of it, up to one head.

    Implementations answer from memory, from a followed ledger or from a trust pack; all answers of
    one instance belong to the same head.
    """

    @property
    def origin(self) -> str:
        """``comity/<chain id>/<ledger address>``."""
        ...

    @property
    def head(self) -> Head | None:
        """The newest block known; None when there is no state yet."""
        ...

    @property
    def source(self) -> str:
        """Where this evidence comes from, as a source code of ``core/reasons.py``."""
        ...

    def history(self, key: str, /) -> Sequence[Event]:
        """Return the whole history of a registry key, oldest first; empty when there is none."""
        ...

    def member_of(self, did: str, /) -> int | None:
        """Return the member whose registered endpoint gives this DID."""
        ...

    def keys(self, prefix: str, /) -> Sequence[str]:
        """Return the registry keys that start with ``prefix``, sorted."""
        ...

    def text(self, digest: bytes, /) -> bytes | None:
        """Return the text with this SHA-256, None when this evidence does not have it."""
        ...

    @property
    def registry_version(self) -> Hashable | None:
        """What can be compared: the same only where all but anchors, fences and statuses is the
        same, texts included. None when there is no such thing here."""
        ...


class LedgerState:
    """Evidence held in memory: what the events given so far say."""

    source = "ledger"

    def __init__(self, origin: str, did_of_endpoint: "DidOfEndpoint") -> None:
        self.origin = origin
        self.head: Head | None = None
        self._histories: dict[str, list[Event]] = {}
        self._members: dict[str, int] = {}
        self._texts: dict[bytes, bytes] = {}
        self._did_of_endpoint = did_of_endpoint
        self._version = hashlib.sha256(origin.encode()).digest()

    @property
    def registry_version(self) -> Hashable | None:
        """A hash over every event and text that it must tell apart."""
        return self._version

    def apply(self, events: Sequence[Event], head: Head) -> Self:
        """Add events in ledger order and move to ``head``."""
        for event in events:
            self._histories.setdefault(event.key(), []).append(event)
            if event.kind not in DAILY_KINDS:
                told = [event.kind, event.position.dump(), event.time, event.body()]
                self._moved(json.dumps(told).encode())
            if isinstance(event, MemberAdmitted):
                did = self._did_of_endpoint(event.endpoint)
                if did is not None:
                    self._members.setdefault(did, event.member)
        self.head = head
        return self

    def history(self, key: str, /) -> Sequence[Event]:
        """Return the history of ``key``, oldest first."""
        return self._histories.get(key, ())

    def member_of(self, did: str, /) -> int | None:
        """Return the member of a DID."""
        return self._members.get(did)

    def keys(self, prefix: str, /) -> Sequence[str]:
        """Return the registry keys that start with ``prefix``, sorted."""
        return sorted(key for key in self._histories if key.startswith(prefix))

    def learn_text(self, text: bytes) -> Self:
        """Add a text that an event names by its hash."""
        digest = hashlib.sha256(text).digest()
        if digest not in self._texts:
            self._texts[digest] = text
            self._moved(digest)
        return self

    def text(self, digest: bytes, /) -> bytes | None:
        """Return the text with this SHA-256."""
        return self._texts.get(digest)

    def _moved(self, told: bytes) -> None:
        self._version = hashlib.sha256(self._version + hashlib.sha256(told).digest()).digest()


class DidOfEndpoint(Protocol):
    """Maps a registered endpoint to its did:web, None when it gives none."""

    def __call__(self, endpoint: str, /) -> str | None: ...


@dataclass(frozen=True, slots=True)
class SlotState:
    """What a slot's history says.

    Args:
        standing: the declarations that were not annulled, oldest first; empty when the slot is
            "nothing but granted".
        annulled: sequence numbers that were taken back.
    """

    standing: tuple[StatusDeclared, ...]
    annulled: frozenset[int]

    @property
    def predecessor(self) -> StatusDeclared | None:
        """The event that granted this slot in place of another, if any."""
        first = self.standing[0] if self.standing else None
        grants = first is not None and first.state == State.IN_FORCE and first.linked_member
        return first if grants else None


def slot_state(history: Sequence[Event]) -> SlotState:
    """Return the state of a slot from its whole history; annulled events do not count."""
    annulled = frozenset(e.sequence for e in history if isinstance(e, StatusAnnulled))
    return SlotState(
        tuple(e for e in history if isinstance(e, StatusDeclared) and e.sequence not in annulled),
        annulled,
    )


def key_good_at(history: Sequence[Event], position: Position) -> bool:
    """Return whether a key was registered before ``position`` and not revoked before it."""
    added = False
    for event in history:
        if event.position < position:
            if isinstance(event, KeyRevoked):
                return False
            added = added or isinstance(event, KeyAdded)
    return added
