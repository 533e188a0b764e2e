"""What a ledger says of recognition: members and their standing, accreditations, arrangements,
alerts and acceptance policies, read once for each version of its registry.

Decides who stood how when (by block time, and by position), which alerts are open, and which
acceptance policy of an economy was in force. It decides nothing about a certificate, and keeps no
answer to a check: only what was read, for as long as the registry does not change.

*Standing.* A suspension, restoration or expulsion has no effective time; its block counts.

*Alerts* are open until their publisher lifts them. They count when an authority, an accreditation
body or the subject itself gave them, unless that member has since been expelled and so could not
lift them any more.

*Policies.* Those count that an authority of the economy published while it was active, for this
ledger, signed with an assertion key of its own that was good then. The greatest version in effect
is in force; of two with one version the later recorded. A text that is not at hand may be any
policy, of any version, and leaves open which one is in force; a text that this version cannot read
does so where it was recorded after the policy in force. A policy that is for another economy or not
rightly signed says nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeVar

from core import limits
from core.acceptance import Acceptance, understood
from core.crypto.jose import PublicKey
from core.errors import ComityError
from core.events import (
    AlertLifted,
    ArrangementMade,
    Event,
    KeyAdded,
    KeyPurpose,
    MemberAdmitted,
    MemberExpelled,
    MemberFrozen,
    MemberRestored,
    MemberSuspended,
    MemberThawed,
    NoticeKind,
    NoticePublished,
    Position,
    Role,
    arrangement_key,
    key_key,
    member_key,
    party_key,
)
from core.plaintext import text_finding
from core.registry import LedgerEvidence, key_good_at

_VERSIONS_KEPT: Final = 4
_ANSWERS_KEPT: Final = 20_000

T = TypeVar("T")


class Standing(StrEnum):
    """Where a member stands in the network."""

    NONE = "none"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    EXPELLED = "expelled"


_STANDINGS: Final = {
    MemberAdmitted: Standing.ACTIVE,
    MemberRestored: Standing.ACTIVE,
    MemberSuspended: Standing.SUSPENDED,
    MemberExpelled: Standing.EXPELLED,
}


class Turn(NamedTuple):
    """A change of a member's standing.

    Attributes:
        position, time: where and when it was recorded.
        standing: its standing from then on.
        is_stopped: whether its operating account is stopped from then on.
    """

    position: Position
    time: int
    standing: Standing
    is_stopped: bool


@dataclass(frozen=True, slots=True)
class Member:
    """One member.

    Attributes:
        number: its id on the ledger.
        admitted: how it was admitted.
        turns: every change of its standing, oldest first.
    """

    number: int
    admitted: MemberAdmitted
    turns: tuple[Turn, ...]

    @property
    def name(self) -> str:
        """Its registered name."""
        return self.admitted.name()

    def has_role(self, role: Role) -> bool:
        """Return whether it was admitted in a role."""
        return bool(self.admitted.roles & role)

    def standing_at(self, moment: int) -> tuple[Standing, int]:
        """Return its standing at a moment, and since when."""
        found, since = Standing.NONE, 0
        for turn in self.turns:
            if turn.time > moment:
                break
            if turn.standing is not found:
                found, since = turn.standing, turn.time
        return found, since

    def may_act_before(self, position: Position) -> bool:
        """Return whether it was active, its operating account not stopped, at a position."""
        found = None
        for turn in self.turns:
            if turn.position >= position:
                break
            found = turn
        return found is not None and found.standing is Standing.ACTIVE and not found.is_stopped


def _member(history: Sequence[Event]) -> Member | None:
    admitted = None
    turns: list[Turn] = []
    standing, is_stopped = Standing.NONE, False
    for event in history:
        if isinstance(event, MemberAdmitted) and admitted is None:
            admitted = event
        if isinstance(event, MemberFrozen | MemberThawed):
            is_stopped = isinstance(event, MemberFrozen)
        elif type(event) in _STANDINGS:
            standing = _STANDINGS[type(event)]
        else:
            continue
        turns.append(Turn(event.position, event.time, standing, is_stopped))
    return Member(admitted.member, admitted, tuple(turns)) if admitted is not None else None


@dataclass(frozen=True, slots=True)
class Accredited:
    """One accreditation of a certification body: by whom, for which main scope, its history."""

    accreditation_body: int
    scope: str
    history: Sequence[Event]


@dataclass(frozen=True, slots=True)
class Published:
    """A policy as the ledger has it.

    Args:
        acceptance: the policy.
        position, time: where and when it was recorded; None and 0 for a file of the reader's own.
    """

    acceptance: Acceptance
    position: Position | None = None
    time: int = 0

    @property
    def effective_at(self) -> int:
        """From when on it is meant, Unix seconds."""
        return int(self.acceptance.effective_at.timestamp())


@dataclass(frozen=True, slots=True)
class Policies:
    """All that an economy's authorities published as policies.

    Args:
        valid: those that count, as recorded.
        unread: where texts were recorded that are no policy this version can read.
        is_missing: whether a text is not at hand.
    """

    valid: tuple[Published, ...]
    unread: tuple[Position, ...] = ()
    is_missing: bool = False

    def in_force(self, moment: int) -> tuple[Published | None, bool]:
        """Return the policy in force at a moment, and whether another text leaves that open."""
        best: Published | None = None
        for policy in self.valid:
            version = policy.acceptance.version
            if policy.effective_at <= moment and (
                best is None or version >= best.acceptance.version
            ):
                best = policy
        since = best.position if best is not None else None
        newer = any(since is None or position > since for position in self.unread)
        return best, newer or self.is_missing


class Facts:
    """What one evidence says, with what was read before of the same version of its registry.

    Args:
        evidence: of one ledger, as of one head.
    """

    __slots__ = ("_evidence", "_known")

    def __init__(self, evidence: LedgerEvidence) -> None:
        version = evidence.registry_version
        self._evidence = evidence
        self._known = {} if version is None else _known(evidence.origin, version)

    @property
    def origin(self) -> str:
        """Of which ledger."""
        return self._evidence.origin

    def once(self, name: tuple[Any, ...], make: Callable[[], T]) -> T:
        """Return what ``make`` makes of this version of the registry, made once.

        ``name`` must say all that the result depends on beside the registry; nothing that holds
        for one certificate alone may go in.
        """
        try:
            known: T = self._known[name]
        except KeyError:
            known = make()
            if len(self._known) < _ANSWERS_KEPT:
                self._known[name] = known
        return known

    def member(self, number: int) -> Member | None:
        """Return a member, None where there is none."""
        return self.once(
            ("member", number), lambda: _member(self._evidence.history(member_key(number)))
        )

    def name_of(self, number: int) -> str:
        """Return a member's registered name."""
        member = self.member(number)
        return member.name if member is not None else f"member {number}"

    def members(self) -> tuple[Member, ...]:
        """Return all members by number."""

        def read() -> tuple[Member, ...]:
            numbers = sorted(int(key.split("/")[1]) for key in self._evidence.keys("member/"))
            return tuple(m for m in map(self.member, numbers) if m is not None)

        return self.once(("members",), read)

    def accreditations_of(self, certification_body: int) -> tuple[Accredited, ...]:
        """Return the accreditations of a certification body, by accreditation body and scope."""
        return self.once(
            ("accreditations", certification_body),
            lambda: tuple(
                Accredited(ab, scope, tuple(self._evidence.history(key)))
                for ab, scope, key in self._accreditation_keys().get(certification_body, ())
            ),
        )

    def party(self, arrangement: int, member: int) -> Sequence[Event]:
        """Return the history of a member in an arrangement."""
        return self.once(
            ("party", arrangement, member),
            lambda: tuple(self._evidence.history(party_key(arrangement, member))),
        )

    def arrangement_title(self, number: int) -> str:
        """Return what to call an arrangement: the first line of its text, if it can be shown."""
        return self.once(("title", number), lambda: self._title(number))

    def open_alert(self, key: str) -> NoticePublished | None:
        """Return the newest open alert under a key ``alert/…``, None without any."""
        return self.once(("alerts",), self._alerts).get(key)

    @property
    def has_alerts(self) -> bool:
        """Whether any alert is open."""
        return bool(self.once(("alerts",), self._alerts))

    def policies_of(self, economy: str) -> Policies:
        """Return what the authorities of an economy published as policies."""
        return self.once(("policies", economy), lambda: self._policies(economy))

    def _title(self, number: int) -> str:
        made = self._evidence.history(arrangement_key(number))
        text = next((self._text(e.text_hash) for e in made if isinstance(e, ArrangementMade)), None)
        first = (text or b"").partition(b"\n")[0].decode("utf-8", "replace").strip("# \r")
        sound = text_finding(first, limits.TITLE_CHARS) is None
        return f"arrangement {number}" + (f": {first}" if sound else "")

    def _text(self, digest: bytes) -> bytes | None:
        return self._evidence.text(digest)

    def _accreditation_keys(self) -> dict[int, list[tuple[int, str, str]]]:
        def read() -> dict[int, list[tuple[int, str, str]]]:
            found: dict[int, list[tuple[int, str, str]]] = {}
            for key in self._evidence.keys("accreditation/"):
                _, ab, cb, scope = key.split("/", 3)
                found.setdefault(int(cb), []).append((int(ab), scope, key))
            return {cb: sorted(entries) for cb, entries in found.items()}

        return self.once(("accreditation keys",), read)

    def _alerts(self) -> dict[str, NoticePublished]:
        found: dict[str, NoticePublished] = {}
        for key in self._evidence.keys("alert/"):
            history = self._evidence.history(key)
            lifted = {(e.member, e.number) for e in history if isinstance(e, AlertLifted)}
            for event in history:
                if (
                    isinstance(event, NoticePublished)
                    and (event.member, event.number) not in lifted
                    and self._may_warn(event)
                ):
                    found[key] = event
        return found

    def _may_warn(self, alert: NoticePublished) -> bool:
        publisher = self.member(alert.member)
        if publisher is None or publisher.turns[-1].standing is Standing.EXPELLED:
            return False
        return alert.subject_member == alert.member or publisher.has_role(
            Role.AUTHORITY | Role.ACCREDITATION_BODY
        )

    def _policies(self, economy: str) -> Policies:
        valid: list[Published] = []
        unread: list[Position] = []
        is_missing = False
        for member in self.members():
            if member.admitted.economy == economy and member.has_role(Role.AUTHORITY):
                for notice in self._policy_notices(member):
                    text = self._text(notice.text_hash)
                    policy = understood(text) if text is not None else None
                    if text is None:
                        is_missing = True
                    elif policy is None:
                        unread.append(notice.position)
                    elif self._counts(policy, notice, economy):
                        valid.append(Published(policy, notice.position, notice.time))
        valid.sort(key=lambda policy: policy.position or Position(0, 0))
        return Policies(tuple(valid), tuple(unread), is_missing)

    def _policy_notices(self, member: Member) -> list[NoticePublished]:
        return [
            event
            for key in self._evidence.keys(f"notice/{member.number}/")
            for event in self._evidence.history(key)
            if isinstance(event, NoticePublished)
            and event.notice_kind == NoticeKind.POLICY
            and member.may_act_before(event.position)
        ]

    def _counts(self, policy: Acceptance, notice: NoticePublished, economy: str) -> bool:
        """Tell whether a policy is for this economy and ledger and signed by its publisher."""
        kid = policy.signer
        if (
            policy.economy != economy
            or policy.ledger not in (None, self._evidence.origin)
            or kid is None
            or self._evidence.member_of(kid.did) != notice.member
        ):
            return False
        history = self._evidence.history(key_key(notice.member, kid.thumbprint))
        added = next((e for e in history if isinstance(e, KeyAdded)), None)
        if (
            added is None
            or added.purpose != KeyPurpose.ASSERTION
            or not key_good_at(history, notice.position)
        ):
            return False
        try:
            key = PublicKey.from_canonical(added.public_key)
            policy.verify(key)
        except ComityError:
            return False
        return key.thumbprint == kid.thumbprint


@lru_cache(maxsize=_VERSIONS_KEPT)
def _known(_origin: str, _version: Any) -> dict[tuple[Any, ...], Any]:
    """Return where the facts of one version are kept: the same place for the same version."""
    return {}
