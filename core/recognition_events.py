"""The ledger's events about recognition: accreditations, arrangements, notices, kinds of keys.

Decides their registry keys. Times that a body states (``effective_at``, ``until``) are Unix
seconds and no more than its word: what was recorded first, position decides. Texts are not in the
events: they hold a text's SHA-256 and size, and the text is asked of the evidence by its hash.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from core.encoding import b64url
from core.event import Event, KeyEvent, MemberEvent


class AccreditationAction(IntEnum):
    """What an accreditation body did (numbers as on the ledger)."""

    GRANT = 1
    REDUCE = 2
    SUSPEND = 3
    RESTORE = 4
    WITHDRAW = 5


class PartyAction(IntEnum):
    """What became of a party of an arrangement (numbers as on the ledger)."""

    INVITED = 1
    ACCEPTED = 2
    LEFT = 3
    SUSPENDED = 4
    RESTORED = 5


class NoticeKind(IntEnum):
    """What a notice is (numbers as on the ledger)."""

    POLICY = 1
    CHANGE = 2
    ALERT = 3
    CORRECTION = 4


class SubjectKind(IntEnum):
    """What a notice is about (numbers as on the ledger)."""

    NONE = 0
    MEMBER = 1
    KEY = 2
    ANCHOR = 3
    NOTICE = 4


class Assurance(IntEnum):
    """How a key is kept, in rising order (numbers as on the ledger); FILE unless declared."""

    FILE = 1
    HSM = 2
    QUALIFIED = 3


@dataclass(frozen=True, slots=True)
class SeatGiven(MemberEvent):
    """The member became a cosigner, by vote."""

    kind: ClassVar[str] = "seat_given"


@dataclass(frozen=True, slots=True)
class SeatTaken(MemberEvent):
    """The member is a cosigner no more, by vote."""

    kind: ClassVar[str] = "seat_taken"


@dataclass(frozen=True, slots=True)
class KeyAssured(KeyEvent):
    """The member declared how it keeps this key."""

    kind: ClassVar[str] = "key_assured"
    assurance: int


@dataclass(frozen=True, slots=True)
class AccreditationDeclared(Event):
    """An accreditation body said something about a certification body's accreditation.

    Args:
        scope: a main scope, for example ``MSC``.
        coverage: JSON text, standards with their sectors; empty unless granted or reduced.
        until: 0 is open.
        sequence: counts the events of this body, certification body and scope from 0.
    """

    kind: ClassVar[str] = "accreditation_declared"

    accreditation_body: int
    certification_body: int
    scope: str
    action: int
    reason: int
    coverage: str
    effective_at: int
    until: int
    sequence: int

    def key(self) -> str:
        """Return ``accreditation/AB/CB/SCOPE``."""
        return accreditation_key(self.accreditation_body, self.certification_body, self.scope)


@dataclass(frozen=True, slots=True)
class ArrangementMade(Event):
    """An arrangement began; ``keeper`` invites, suspends and restores parties.

    Args:
        roles: sum of the ``core.events.Role`` its parties may have.
    """

    kind: ClassVar[str] = "arrangement_made"

    arrangement: int
    keeper: int
    roles: int
    text_hash: bytes
    text_size: int

    def key(self) -> str:
        """Return ``arrangement/ID``."""
        return arrangement_key(self.arrangement)


@dataclass(frozen=True, slots=True)
class ArrangementParty(Event):
    """Something became of a party of an arrangement.

    Args:
        scope: a main scope or a sub-scope, ``MSC`` or ``MSC/QMS``; empty for an invitation.
        sequence: counts the party's events in this arrangement from 0.
    """

    kind: ClassVar[str] = "arrangement_party"

    arrangement: int
    party: int
    scope: str
    action: int
    reason: int
    effective_at: int
    sequence: int

    def key(self) -> str:
        """Return ``arrangement/ID/PARTY``."""
        return party_key(self.arrangement, self.party)


@dataclass(frozen=True, slots=True)
class NoticePublished(Event):
    """A member published a text.

    Args:
        number: counts the member's notices from 1.
        subject_hash: a key's thumbprint, an anchor's root, a notice's number, or zeros.
    """

    kind: ClassVar[str] = "notice_published"

    member: int
    number: int
    notice_kind: int
    subject_kind: int
    subject_member: int
    subject_hash: bytes
    text_hash: bytes
    text_size: int

    def key(self) -> str:
        """Return ``notice/M/N``, or for an alert the key of what it warns about."""
        if self.notice_kind != NoticeKind.ALERT:
            return notice_key(self.member, self.number)
        return alert_key(self.subject_kind, self.subject_member, self.subject_hash)


@dataclass(frozen=True, slots=True)
class AlertLifted(Event):
    """The publisher took its alert back; its subject is repeated."""

    kind: ClassVar[str] = "alert_lifted"

    member: int
    number: int
    subject_kind: int
    subject_member: int
    subject_hash: bytes

    def key(self) -> str:
        """Return the key of what the alert warned about."""
        return alert_key(self.subject_kind, self.subject_member, self.subject_hash)


def accreditation_key(accreditation_body: int, certification_body: int, scope: str) -> str:
    """Return the registry key of an accreditation's history."""
    return f"accreditation/{accreditation_body}/{certification_body}/{scope}"


def arrangement_key(arrangement: int) -> str:
    """Return the registry key of an arrangement."""
    return f"arrangement/{arrangement}"


def party_key(arrangement: int, party: int) -> str:
    """Return the registry key of a party's history in an arrangement."""
    return f"arrangement/{arrangement}/{party}"


def notice_key(member: int, number: int) -> str:
    """Return the registry key of a notice that is no alert."""
    return f"notice/{member}/{number}"


def alert_key(subject_kind: int, subject_member: int, subject_hash: bytes) -> str:
    """Return the registry key of the alerts about one member, key or anchor."""
    if subject_kind == SubjectKind.KEY:
        return f"alert/key/{subject_member}/{b64url(subject_hash)}"
    if subject_kind == SubjectKind.ANCHOR:
        return f"alert/anchor/{subject_member}/{subject_hash.hex()}"
    return f"alert/member/{subject_member}"
