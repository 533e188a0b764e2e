"""What happened in a network, event by event, in words: what its feeds tell.

Decides which events are told: those about members, keys, recognition, notices, votes, parameters
and code. What members record about their certificates day by day is not, so a feed says nothing of
how many a body issues. Decides the subjects under which an entry is found. Names and texts are
others': they are inert.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from core import limits
from core.accreditation import coverage_of
from core.act_reasons import title_of
from core.encoding import b64url
from core.events import (
    DAILY_KINDS,
    AccreditationAction,
    AccreditationDeclared,
    AlertLifted,
    ArrangementMade,
    ArrangementParty,
    Assurance,
    ContractSet,
    Event,
    Executed,
    KeyAdded,
    KeyAssured,
    KeyPurpose,
    KeyRevoked,
    MemberAdmitted,
    MemberExpelled,
    MemberFrozen,
    MemberRestored,
    MemberSuspended,
    MemberThawed,
    NoticePublished,
    OperatingAccountChanged,
    ParameterSet,
    PartyAction,
    Position,
    Proposed,
    RecoveryAccountChanged,
    Role,
    SeatGiven,
    SeatTaken,
    Voted,
)
from core.recognition import Facts
from core.registry import LedgerEvidence
from verifier import notices
from verifier.ballots import asks
from verifier.checks.case import date
from verifier.inert import inert_line

SUBJECTS: Final = (
    "member", "key", "seat", "accreditation", "arrangement", "policy", "change", "alert",
    "correction", "votes", "parameter", "code",
)  # fmt: skip
"""The kinds of subjects; ``member/3`` and ``arrangement/1`` narrow two of them."""

_PREFIXES: Final = (
    "member/", "key/", "accreditation/", "arrangement/", "notice/", "alert/", "parameter/", "code/",
    "proposal/",
)  # fmt: skip
_ACCREDITATIONS: Final[Mapping[int, str]] = {
    AccreditationAction.GRANT: "{ab} accredits {cb}",
    AccreditationAction.REDUCE: "{ab} reduces the accreditation of {cb}",
    AccreditationAction.SUSPEND: "{ab} suspends the accreditation of {cb}",
    AccreditationAction.RESTORE: "{ab} restores the accreditation of {cb}",
    AccreditationAction.WITHDRAW: "{ab} withdraws the accreditation of {cb}",
}
_MOVES: Final[Mapping[int, str]] = {
    PartyAction.INVITED: "{party} is invited to {title}",
    PartyAction.ACCEPTED: "{party} accepts {title}",
    PartyAction.LEFT: "{party} leaves {title}",
    PartyAction.SUSPENDED: "{party} is suspended in {title}",
    PartyAction.RESTORED: "{party} is restored in {title}",
}


@dataclass(frozen=True, slots=True)
class Happening:
    """One event in words.

    Args:
        position, time: where and when the ledger recorded it.
        title: one line.
        text: more lines, none where the title says all.
        subjects: under which it is found.
        notice: whose text belongs to it, None for none; see ``with_text``.
    """

    position: Position
    time: int
    title: str
    text: str
    subjects: tuple[str, ...]
    notice: NoticePublished | None = None


class _Words(NamedTuple):
    title: str
    text: str
    subjects: tuple[str, ...]


def with_text(one: Happening, evidence: LedgerEvidence) -> Happening:
    """Return a happening with the text of its notice, if it has one."""
    if one.notice is None:
        return one
    text = notices.text_of(one.notice, evidence)
    gone = f"The text is not at hand; its SHA-256 is {one.notice.text_hash.hex()}."
    return replace(one, text=gone if text is None else text)


def happenings(evidence: LedgerEvidence) -> tuple[Happening, ...]:
    """Return everything that is told, newest first; notices without their texts."""
    facts = Facts(evidence)

    def read() -> tuple[Happening, ...]:
        teller = _Teller(evidence, facts)
        events = [
            event
            for prefix in _PREFIXES
            for key in evidence.keys(prefix)
            for event in evidence.history(key)
            if event.kind not in DAILY_KINDS
        ]
        events.sort(key=lambda event: event.position, reverse=True)
        return tuple(teller.tell(event) for event in events)

    return facts.once(("happenings",), read)


class _Teller:
    """Puts events of one evidence into words."""

    def __init__(self, evidence: LedgerEvidence, facts: Facts) -> None:
        self._evidence = evidence
        self._facts = facts

    def tell(self, event: Event) -> Happening:
        """Return an event in words; one of a kind without any is told by its kind."""
        words = (
            self._of_member(event)
            or self._of_key(event)
            or self._of_recognition(event)
            or self._of_notice(event)
            or self._of_rules(event)
            or _Words(event.kind.replace("_", " ").capitalize(), "", ())
        )
        title = inert_line(words.title, limits.NAME_CHARS)
        notice = event if isinstance(event, NoticePublished) else None
        return Happening(event.position, event.time, title, words.text, words.subjects, notice)

    def _of_member(self, event: Event) -> _Words | None:
        if not isinstance(event, _OF_MEMBERS):
            return None
        name, subjects = self._facts.name_of(event.member), ("member", f"member/{event.member}")
        match event:
            case MemberAdmitted():
                roles = (str(r.name).lower().replace("_", " ") for r in Role if r & event.roles)
                where = inert_line(event.economy, limits.NAME_CHARS)
                title = f"{name} ({where}) is admitted as {', '.join(roles)}"
            case MemberSuspended():
                title = f"{name} is suspended: {title_of(event.reason)}"
            case MemberRestored():
                title = f"The suspension of {name} is lifted"
            case MemberExpelled():
                title = f"{name} is expelled, for ever: {title_of(event.reason)}"
            case MemberFrozen():
                title = f"{name} stops its own operating account"
            case MemberThawed():
                title = f"The operating account of {name} works again"
            case OperatingAccountChanged():
                title = f"{name} has another operating account"
            case RecoveryAccountChanged():
                title = f"{name} has another recovery account"
            case SeatGiven() | SeatTaken():
                given = isinstance(event, SeatGiven)
                title = f"{name} is a cosigner" if given else f"{name} is a cosigner no more"
                subjects = ("seat", f"member/{event.member}")
        return _Words(title, "", subjects)

    def _of_key(self, event: Event) -> _Words | None:
        if not isinstance(event, KeyAdded | KeyRevoked | KeyAssured):
            return None
        name, which = self._facts.name_of(event.member), f"Key {b64url(event.thumbprint)}."
        match event:
            case KeyAdded():
                known = event.purpose in frozenset(KeyPurpose)
                what = KeyPurpose(event.purpose).name.lower() if known else "unknown"
                title = f"{name} registers a key for the purpose {what}"
            case KeyAssured():
                known = event.assurance in frozenset(Assurance)
                what = Assurance(event.assurance).name.lower() if known else "unknown"
                title = f"{name} declares how it keeps a key: {what}"
            case KeyRevoked():
                title = f"{name} revokes a key"
        return _Words(title, which, ("key", f"member/{event.member}"))

    def _of_recognition(self, event: Event) -> _Words | None:
        name_of = self._facts.name_of
        match event:
            case AccreditationDeclared():
                ab, cb = event.accreditation_body, event.certification_body
                words = _ACCREDITATIONS.get(event.action, "{ab} declares something about {cb}")
                title = words.format(ab=name_of(ab), cb=name_of(cb))
                text = _lines(_coverage(event.coverage), event.reason, event)
                until = f"Until {date(event.until)}." if event.until else ""
                told = "\n".join(filter(None, (text, until)))
                found = ("accreditation", f"member/{ab}", f"member/{cb}")
                return _Words(f"{title} ({event.scope})", told, found)
            case ArrangementMade():
                title = f"{name_of(event.keeper)} makes {self._title(event.arrangement)}"
                subjects = _of_arrangement(event.arrangement, event.keeper)
                return _Words(title, f"Text: SHA-256 {event.text_hash.hex()}.", subjects)
            case ArrangementParty():
                words = _MOVES.get(event.action, "{party} does something in {title}")
                title = words.format(
                    party=name_of(event.party), title=self._title(event.arrangement)
                )
                scope = f" for {event.scope}" if event.scope else ""
                subjects = _of_arrangement(event.arrangement, event.party)
                text = _lines("", event.reason, event) if event.scope else ""
                return _Words(title + scope, text, subjects)
        return None

    def _of_notice(self, event: Event) -> _Words | None:
        if isinstance(event, AlertLifted):
            title = f"{self._facts.name_of(event.member)} lifts its alert {event.number}"
            about = self._about(event.subject_kind, event.subject_member, event.subject_hash)
            subjects = dict.fromkeys(
                ("alert", f"member/{event.member}", f"member/{event.subject_member}")
            )
            return _Words(title + about, "", tuple(subjects))
        if not isinstance(event, NoticePublished):
            return None
        kind, name = notices.kind_of(event), self._facts.name_of(event.member)
        about = self._about(event.subject_kind, event.subject_member, event.subject_hash)
        called = notices.title_of(event, self._evidence)
        title = f"{name}: {kind}{about}" + (f": {called}" if called else "")
        subjects = dict.fromkeys((kind, f"member/{event.member}"))
        if event.subject_member:
            subjects |= {f"member/{event.subject_member}": None}
        return _Words(title, "", tuple(subjects))

    def _of_rules(self, event: Event) -> _Words | None:
        name_of = self._facts.name_of
        match event:
            case ParameterSet():
                return _Words(
                    f"The ledger parameter {event.name} is {event.value}", "", ("parameter",)
                )
            case ContractSet():
                told = f"Address {event.address}, hash of its code {event.code_hash.hex()}."
                return _Words(f"The contract {event.name} is set", told, ("code",))
            case Proposed():
                told = asks(event, self._facts)
                title = f"{name_of(event.proposer)} proposes to {told}"
                whom = (f"member/{event.subject}",) if event.subject else ()
                subjects = ("votes", f"member/{event.proposer}", *whom)
                return _Words(title, f"Proposal {event.proposal}.", subjects)
            case Voted():
                word = "yes" if event.yes else "no"
                title = f"{name_of(event.member)} votes {word} on proposal {event.proposal}"
                return _Words(title, "", ("votes", f"member/{event.member}"))
            case Executed():
                return _Words(f"Proposal {event.proposal} is carried out", "", ("votes",))
        return None

    def _title(self, arrangement: int) -> str:
        return self._facts.arrangement_title(arrangement)

    def _about(self, kind: int, member: int, about: bytes) -> str:
        subject = notices.subject_of(kind, member, about)
        if subject is None:
            return ""
        what = f"{subject['kind']} {subject['id']} of " if subject["id"] else ""
        return f" about {what}{self._facts.name_of(member)}"


_OF_MEMBERS: Final = (
    MemberAdmitted, MemberSuspended, MemberRestored, MemberExpelled, MemberFrozen, MemberThawed,
    OperatingAccountChanged, RecoveryAccountChanged, SeatGiven, SeatTaken,
)  # fmt: skip


def _of_arrangement(number: int, member: int) -> tuple[str, ...]:
    return ("arrangement", f"arrangement/{number}", f"member/{member}")


def _lines(first: str, reason: int, event: AccreditationDeclared | ArrangementParty) -> str:
    """Return reason and effective date as lines, and whether it was declared only later."""
    late = ", declared later" if date(event.effective_at) < date(event.time) else ""
    lines = (
        first,
        f"Reason: {title_of(reason)}." if reason else "",
        f"Takes effect on {date(event.effective_at)}{late}.",
    )
    return "\n".join(filter(None, lines))


def _coverage(text: str) -> str:
    """Return what an accreditation covers, in words."""
    if not text:
        return ""
    coverage = coverage_of(text)
    if coverage is None:
        return "Its coverage cannot be read."
    parts = (
        f"{standard} ({'all sectors' if 'all' in held else 'sectors ' + ', '.join(sorted(held))})"
        for standard, held in coverage.standards.items()
    )
    return f"Covers {'; '.join(parts)}."
