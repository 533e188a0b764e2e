"""The ledger's events: what the contracts recorded, one frozen type for each kind.

Every event belongs to one registry key (``member/3``, ``key/3/<thumbprint>``, …). Decides which
kinds there are and their keys; refuses events that no ledger of ours could have recorded. What all
kinds share is in ``core/event.py``; all of it is imported from here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from functools import lru_cache
from typing import Any, ClassVar, Final

from core import limits
from core.errors import FormatError
from core.event import (
    Event,
    KeyEvent,
    MemberEvent,
    Position,
    key_key,
    member_key,
)
from core.plaintext import text_finding
from core.recognition_events import (
    AccreditationAction,
    AccreditationDeclared,
    AlertLifted,
    ArrangementMade,
    ArrangementParty,
    Assurance,
    KeyAssured,
    NoticeKind,
    NoticePublished,
    PartyAction,
    SeatGiven,
    SeatTaken,
    SubjectKind,
    accreditation_key,
    alert_key,
    arrangement_key,
    notice_key,
    party_key,
)

__all__ = [
    "DAILY_KINDS",
    "AccreditationAction",
    "AccreditationDeclared",
    "AlertLifted",
    "Anchored",
    "ArrangementMade",
    "ArrangementParty",
    "Assurance",
    "ContractSet",
    "Disowned",
    "Event",
    "Executed",
    "FenceClaimed",
    "KeyAdded",
    "KeyAssured",
    "KeyPurpose",
    "KeyRevoked",
    "MemberAdmitted",
    "MemberExpelled",
    "MemberFrozen",
    "MemberRestored",
    "MemberSuspended",
    "MemberThawed",
    "NoticeKind",
    "NoticePublished",
    "OperatingAccountChanged",
    "ParameterSet",
    "PartyAction",
    "Position",
    "Proposed",
    "RecoveryAccountChanged",
    "Role",
    "SeatGiven",
    "SeatTaken",
    "State",
    "StatusAnnulled",
    "StatusDeclared",
    "SubjectKind",
    "Voted",
    "accreditation_key",
    "alert_key",
    "anchor_key",
    "arrangement_key",
    "event_class",
    "key_key",
    "member_key",
    "notice_key",
    "party_key",
    "restore_event",
    "status_key",
]  # fmt: skip


class Role(IntFlag):
    """What a member is (bits, as on the ledger)."""

    CERTIFICATION_BODY = 1
    ACCREDITATION_BODY = 2
    AUTHORITY = 4
    OBSERVER = 8


class KeyPurpose(IntEnum):
    """What a registered key may sign (numbers as on the ledger)."""

    ASSERTION = 1
    SHARE = 2
    COSIGN = 3


class State(IntEnum):
    """Declared states of a certificate (numbers as on the ledger). Expiry is never declared."""

    IN_FORCE = 1
    SUSPENDED = 2
    WITHDRAWN = 3
    CANCELLED = 4
    SUPERSEDED = 5


@dataclass(frozen=True, slots=True)
class MemberAdmitted(MemberEvent):
    """A body joined; ``names`` is the JSON text it registered, ``endpoint`` its public address."""

    kind: ClassVar[str] = "member_admitted"

    names: str
    economy: str
    roles: int
    endpoint: str
    operating: str
    recovery: str

    def name(self, language: str = "en") -> str:
        """Return the registered name in ``language``, else in English, else any, else the id."""
        texts = _texts(self.names)
        return (
            texts.get(language)
            or texts.get("en")
            or next(iter(texts.values()), f"member {self.member}")
        )

    def texts(self) -> dict[str, str]:
        """Return the registered names by language, without any that cannot be shown as it is.

        The contract bounds only their length, and a name goes into sentences of ours.
        """
        return dict(_texts(self.names))


@dataclass(frozen=True, slots=True)
class MemberSuspended(MemberEvent):
    """Suspended by vote."""

    kind: ClassVar[str] = "member_suspended"
    reason: int


@dataclass(frozen=True, slots=True)
class MemberRestored(MemberEvent):
    """Restored by vote."""

    kind: ClassVar[str] = "member_restored"


@dataclass(frozen=True, slots=True)
class MemberExpelled(MemberEvent):
    """Expelled by vote."""

    kind: ClassVar[str] = "member_expelled"
    reason: int


@dataclass(frozen=True, slots=True)
class MemberFrozen(MemberEvent):
    """Its operating account was stopped by its recovery account."""

    kind: ClassVar[str] = "member_frozen"


@dataclass(frozen=True, slots=True)
class MemberThawed(MemberEvent):
    """Its operating account works again."""

    kind: ClassVar[str] = "member_thawed"


@dataclass(frozen=True, slots=True)
class OperatingAccountChanged(MemberEvent):
    """A new operating account."""

    kind: ClassVar[str] = "operating_account_changed"
    previous: str
    current: str
    by_recovery: bool


@dataclass(frozen=True, slots=True)
class RecoveryAccountChanged(MemberEvent):
    """A new recovery account, by vote."""

    kind: ClassVar[str] = "recovery_account_changed"
    previous: str
    current: str


@dataclass(frozen=True, slots=True)
class KeyAdded(KeyEvent):
    """A key was registered; ``public_key`` are its RFC 7638 bytes (or a 48-byte BLS key)."""

    kind: ClassVar[str] = "key_added"
    purpose: int
    public_key: bytes
    proof: bytes


@dataclass(frozen=True, slots=True)
class KeyRevoked(KeyEvent):
    """The key makes nothing true from this position on."""

    kind: ClassVar[str] = "key_revoked"
    reason: int
    by_recovery: bool


@dataclass(frozen=True, slots=True)
class FenceClaimed(MemberEvent):
    """A worker of the member took over; lower fences can no longer anchor."""

    kind: ClassVar[str] = "fence_claimed"
    fence: int


@dataclass(frozen=True, slots=True)
class _OfAnchor(Event):
    member: int
    root: bytes

    def key(self) -> str:
        return anchor_key(self.member, self.root)


@dataclass(frozen=True, slots=True)
class Anchored(_OfAnchor):
    """A member registered the root of a batch of ``size`` leaves."""

    kind: ClassVar[str] = "anchored"
    size: int


@dataclass(frozen=True, slots=True)
class Disowned(_OfAnchor):
    """The member's recovery account says: this batch is not ours."""

    kind: ClassVar[str] = "disowned"


@dataclass(frozen=True, slots=True)
class _OfSlot(Event):
    member: int
    slot: bytes

    def key(self) -> str:
        return status_key(self.member, self.slot)


@dataclass(frozen=True, slots=True)
class StatusDeclared(_OfSlot):
    """The body changed a certificate's state; times are Unix seconds, ``until`` 0 is open."""

    kind: ClassVar[str] = "status_declared"
    state: int
    reason: int
    effective_at: int
    until: int
    linked_member: int
    linked_slot: bytes
    sequence: int


@dataclass(frozen=True, slots=True)
class StatusAnnulled(_OfSlot):
    """The recovery account took back the slot's event number ``sequence``; both stay shown."""

    kind: ClassVar[str] = "status_annulled"
    sequence: int


@dataclass(frozen=True, slots=True)
class ParameterSet(Event):
    """A ledger parameter got a value."""

    kind: ClassVar[str] = "parameter_set"
    name: str
    value: int

    def key(self) -> str:
        return f"parameter/{self.name}"


@dataclass(frozen=True, slots=True)
class ContractSet(Event):
    """The directory named a contract and the hash of its code."""

    kind: ClassVar[str] = "contract_set"
    name: str
    address: str
    code_hash: bytes

    def key(self) -> str:
        return f"code/{self.name}"


@dataclass(frozen=True, slots=True)
class _OfProposal(Event):
    proposal: int

    def key(self) -> str:
        return f"proposal/{self.proposal}"


@dataclass(frozen=True, slots=True)
class Proposed(_OfProposal):
    """A member asked for a vote; ``subject`` is the member acted on, 0 for none."""

    kind: ClassVar[str] = "proposed"
    action: int
    subject: int
    proposer: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Voted(_OfProposal):
    """A member voted."""

    kind: ClassVar[str] = "voted"
    member: int
    yes: bool


@dataclass(frozen=True, slots=True)
class Executed(_OfProposal):
    """The vote passed and was carried out."""

    kind: ClassVar[str] = "executed"


_KINDS: dict[str, type[Event]] = {
    event.kind: event
    for event in (
        MemberAdmitted, MemberSuspended, MemberRestored, MemberExpelled, MemberFrozen, MemberThawed,
        OperatingAccountChanged, RecoveryAccountChanged, KeyAdded, KeyRevoked, FenceClaimed,
        Anchored, Disowned, StatusDeclared, StatusAnnulled, ParameterSet, ContractSet, Proposed,
        Voted, Executed, SeatGiven, SeatTaken, KeyAssured, AccreditationDeclared, ArrangementMade,
        ArrangementParty, NoticePublished, AlertLifted,
    )
}  # fmt: skip

DAILY_KINDS: Final = frozenset(
    event.kind for event in (FenceClaimed, Anchored, Disowned, StatusDeclared, StatusAnnulled)
)
"""What members record about their certificates day by day; all else is the registry."""


def event_class(kind: str) -> type[Event]:
    """Return the class of a kind of event.

    Raises:
        FormatError: there is none.
    """
    try:
        return _KINDS[kind]
    except KeyError:
        raise FormatError("unknown_event", "this kind of ledger event is not known") from None


def restore_event(kind: str, position: Position, time: int, body: Mapping[str, Any]) -> Event:
    """Return the event of ``kind`` that ``body`` was made from; see :meth:`Event.body`.

    Raises:
        FormatError: no such kind, or members that are not this kind's.
    """
    return event_class(kind).of_body(position, time, body)


def anchor_key(member: int, root: bytes) -> str:
    """Return the registry key of an anchor's history."""
    return f"anchor/{member}/{root.hex()}"


def status_key(member: int, slot: bytes) -> str:
    """Return the registry key of a slot's history; ``slot`` is the slot text's SHA-256."""
    return f"status/{member}/{slot.hex()}"


@lru_cache(maxsize=1024)  # every check asks for the names of its issuer
def _texts(names: str) -> Mapping[str, str]:
    try:
        value = json.loads(names)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(value, dict):
        return {}
    return {k: v for k, v in value.items() if text_finding(v, limits.NAME_CHARS) is None}
