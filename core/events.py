"""The ledger's events: what the contracts recorded, one frozen type for each kind.

Every event belongs to one registry key (``member/3``, ``key/3/<thumbprint>``, …). Decides the keys
and the JSON form of an event; refuses events that no ledger of ours could have recorded.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import IntEnum, IntFlag
from functools import cache, lru_cache
from typing import Any, ClassVar, get_type_hints

from core import limits
from core.encoding import b64url
from core.errors import FormatError
from core.plaintext import text_finding


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in the ledger: block number, then index of the log within the block."""

    block: int
    index: int

    def dump(self) -> list[int]:
        """Return ``[block, index]``."""
        return [self.block, self.index]


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
class Event:
    """One ledger event.

    Args:
        position: where the ledger recorded it.
        time: the block's time, Unix seconds.
    """

    kind: ClassVar[str] = ""

    position: Position
    time: int

    def key(self) -> str:
        """Return the registry key this event belongs to."""
        raise NotImplementedError

    def body(self) -> dict[str, Any]:
        """Return the event's own members as JSON values (bytes as hex)."""
        own = (f for f in fields(self) if f.name not in ("position", "time"))
        return {f.name: _to_json(getattr(self, f.name)) for f in own}

    @classmethod
    def restore(cls, kind: str, position: Position, time: int, body: Mapping[str, Any]) -> "Event":
        """Return the event that ``body`` was made from; the inverse of :meth:`body`.

        Raises:
            FormatError: no such kind, or members that are not this kind's.
        """
        event = event_class(kind)
        hints = _hints(kind)
        if body.keys() != hints.keys():
            raise FormatError("event_members", f"a {kind} event has other members")
        values = {name: _from_json(value, hints[name]) for name, value in body.items()}
        return event(position, time, **values)


@dataclass(frozen=True, slots=True)
class _OfMember(Event):
    member: int

    def key(self) -> str:
        return f"member/{self.member}"


@dataclass(frozen=True, slots=True)
class MemberAdmitted(_OfMember):
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
        texts = self.texts()
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
class MemberSuspended(_OfMember):
    """Suspended by vote."""

    kind: ClassVar[str] = "member_suspended"
    reason: int


@dataclass(frozen=True, slots=True)
class MemberRestored(_OfMember):
    """Restored by vote."""

    kind: ClassVar[str] = "member_restored"


@dataclass(frozen=True, slots=True)
class MemberExpelled(_OfMember):
    """Expelled by vote."""

    kind: ClassVar[str] = "member_expelled"
    reason: int


@dataclass(frozen=True, slots=True)
class MemberFrozen(_OfMember):
    """Its operating account was stopped by its recovery account."""

    kind: ClassVar[str] = "member_frozen"


@dataclass(frozen=True, slots=True)
class MemberThawed(_OfMember):
    """Its operating account works again."""

    kind: ClassVar[str] = "member_thawed"


@dataclass(frozen=True, slots=True)
class OperatingAccountChanged(_OfMember):
    """A new operating account."""

    kind: ClassVar[str] = "operating_account_changed"
    previous: str
    current: str
    by_recovery: bool


@dataclass(frozen=True, slots=True)
class RecoveryAccountChanged(_OfMember):
    """A new recovery account, by vote."""

    kind: ClassVar[str] = "recovery_account_changed"
    previous: str
    current: str


@dataclass(frozen=True, slots=True)
class _OfKey(Event):
    member: int
    thumbprint: bytes

    def key(self) -> str:
        return key_key(self.member, self.thumbprint)


@dataclass(frozen=True, slots=True)
class KeyAdded(_OfKey):
    """A key was registered; ``public_key`` are its RFC 7638 bytes (or a 48-byte BLS key)."""

    kind: ClassVar[str] = "key_added"
    purpose: int
    public_key: bytes
    proof: bytes


@dataclass(frozen=True, slots=True)
class KeyRevoked(_OfKey):
    """The key makes nothing true from this position on."""

    kind: ClassVar[str] = "key_revoked"
    reason: int
    by_recovery: bool


@dataclass(frozen=True, slots=True)
class FenceClaimed(_OfMember):
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
        Voted, Executed,
    )
}  # fmt: skip


def event_class(kind: str) -> type[Event]:
    """Return the class of a kind of event.

    Raises:
        FormatError: there is none.
    """
    try:
        return _KINDS[kind]
    except KeyError:
        raise FormatError("unknown_event", "this kind of ledger event is not known") from None


def member_key(member: int) -> str:
    """Return the registry key of a member's history."""
    return f"member/{member}"


def key_key(member: int, thumbprint: bytes) -> str:
    """Return the registry key of a signing key's history."""
    return f"key/{member}/{b64url(thumbprint)}"


def anchor_key(member: int, root: bytes) -> str:
    """Return the registry key of an anchor's history."""
    return f"anchor/{member}/{root.hex()}"


def status_key(member: int, slot: bytes) -> str:
    """Return the registry key of a slot's history; ``slot`` is the slot text's SHA-256."""
    return f"status/{member}/{slot.hex()}"


def _to_json(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value


def _from_json(value: Any, kind: type) -> Any:
    if kind is bytes and isinstance(value, str):
        try:
            raw = bytes.fromhex(value)
        except ValueError:
            raw = None
        if raw is None or raw.hex() != value:  # one spelling: lower case, no spaces
            raise FormatError("event_members", "a ledger event holds bytes that are not hex")
        return raw
    if type(value) is not kind:
        raise FormatError("event_members", "a ledger event holds a member of another type")
    return value


@lru_cache(maxsize=1024)  # every check asks for the names of its issuer
def _texts(names: str) -> Mapping[str, str]:
    try:
        value = json.loads(names)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(value, dict):
        return {}
    return {k: v for k, v in value.items() if text_finding(v, limits.NAME_CHARS) is None}


@cache
def _hints(kind: str) -> dict[str, type]:
    event = event_class(kind)
    hints = get_type_hints(event)
    return {f.name: hints[f.name] for f in fields(event) if f.name not in ("position", "time")}
