"""What a check knows: the document taken apart, the evidence for it, the policy and the clock.

Decides how far the evidence carries: whether it is of the right ledger, whether it is fresh, and
whether it reaches as far as the document's anchor. The rule that follows from it everywhere: a
thing *found* in evidence is a finding at any age where it cannot be undone; a thing *not found* is
a finding only when the evidence is fresh and reaches far enough.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple, TypeVar

from core import limits
from core.bundle import Bundle
from core.credential import Credential
from core.events import (
    Anchored,
    Event,
    Position,
    anchor_key,
    status_key,
)
from core.recognition import Facts
from core.registry import Head, LedgerEvidence
from core.report import Question
from verifier.policy import Policy

_LAST_SECOND: Final = 253_402_300_799  # of the year 9999; the ledger's numbers go further
_NO_PLACES: Final[Mapping[str, str]] = MappingProxyType({})

E = TypeVar("E", bound=Event)


class Finding(NamedTuple):
    """A reason code with what fills its places: moments as dates, ``body`` as a registered name.

    ``source`` is where the answer came from; empty for the usual one of its line.
    """

    code: str
    places: Mapping[str, str] = _NO_PLACES
    evidence_at: datetime | None = None
    source: str = ""


class Case:
    """One document under examination, and what its evidence says of it as a whole.

    All that most lines need is asked here, once: a property that remembers costs more than many of
    the answers.

    Args:
        bundle: the proof bundle.
        credential: its credential, parsed and not yet trusted.
        evidence: what is known of the bundle's ledger; None when that ledger is not followed.
        policy: what the verifier insists on.
        question: what was asked.
        now: the verifier's clock, aware.

    Attributes:
        head: the newest block of evidence about this document's ledger, None without any.
        evidence_at: when the evidence was true.
        time: Unix seconds now: by our clock, or by the newest block where our clock lags behind it.
        at: the moment asked about in Unix seconds: ``time``, unless another is asked for.
        is_past: whether a moment before now is asked about, so that it matters what the ledger
            recorded only after it.
        clock_wrong: whether the ledger is ahead of this verifier's clock.
        too_old: whether the evidence is older than the policy accepts.
        behind: whether the evidence ends before the place where the document says it is registered.
        absence_counts: whether "not found" may be held against the document.
        facts: what the ledger says of recognition, None without a state of it.
        issuer: the member that the credential names as its issuer, None if there is none.
        registration: the ledger's history of the anchor that the document names.
        anchored: the ledger's own record of that anchor.
        statuses: all that the issuer declared about the certificate, oldest first.
    """

    __slots__ = (
        "absence_counts",
        "anchored",
        "at",
        "behind",
        "bundle",
        "clock_wrong",
        "credential",
        "evidence",
        "evidence_at",
        "facts",
        "head",
        "is_past",
        "issuer",
        "now",
        "policy",
        "question",
        "registration",
        "statuses",
        "time",
        "too_old",
    )

    def __init__(
        self,
        bundle: Bundle,
        credential: Credential,
        evidence: LedgerEvidence | None,
        policy: Policy,
        question: Question,
        now: datetime,
    ) -> None:
        self.bundle = bundle
        self.credential = credential
        self.evidence = evidence
        self.policy = policy
        self.question = question
        self.now = now
        head = evidence.head if evidence is not None else None
        seconds = now.timestamp()
        anchor = bundle.anchor
        self.head: Head | None = head
        self.evidence_at = moment(head.time) if head is not None else None
        self.time = max(seconds, head.time) if head is not None else seconds
        asked = question.at.timestamp() if question.at is not None else seconds
        self.is_past = asked < int(seconds)
        self.at = int(asked if self.is_past else self.time)
        self.clock_wrong = head is not None and head.time > seconds + policy.clock_skew
        self.too_old = head is None or seconds - head.time > policy.max_evidence_age
        self.behind = head is None or _is_behind(head, anchor.position, seconds, policy)
        self.absence_counts = not (self.clock_wrong or self.too_old or self.behind)
        self.facts = Facts(evidence) if evidence is not None and head is not None else None
        self.issuer = evidence.member_of(credential.issuer_did) if evidence is not None else None
        self.registration = self.history(anchor_key(anchor.member, anchor.root))
        self.anchored = first_of(Anchored, self.registration)
        self.statuses: Sequence[Event] = ()
        if self.issuer is not None:
            self.statuses = self.history(status_key(self.issuer, credential.slot.digest))

    def history(self, key: str) -> Sequence[Event]:
        """Return the history of a registry key, empty without evidence."""
        return self.evidence.history(key) if self.evidence is not None else ()

    @property
    def before_registration(self) -> bool:
        """Whether a moment is asked about of which the ledger cannot know anything."""
        anchored = self.anchored
        return self.is_past and anchored is not None and self.at < anchored.time

    def judged_at(self) -> Position:
        """Return the place at which the issuer's key has to be good.

        That is where the ledger holds the anchor, whatever the document says; without an anchor,
        the end of what we know.
        """
        anchored = self.anchored
        if anchored is not None:
            return anchored.position
        return Position(self.head.block + 1 if self.head is not None else 0, 0)

    def name_of(self, member: int) -> str:
        """Return a member's registered name."""
        return self.facts.name_of(member) if self.facts is not None else f"member {member}"

    def names_of(self, member: int) -> frozenset[str]:
        """Return the names under which a member may issue: its registered ones, in any language."""
        known = self.facts.member(member) if self.facts is not None else None
        if known is None:
            return frozenset()
        return frozenset({known.name, *known.admitted.texts().values()})


def first_of(kind: type[E], history: Sequence[Event]) -> E | None:
    """Return the first event of a kind, None if there is none."""
    for event in history:
        if isinstance(event, kind):
            return event
    return None


def _is_behind(head: Head, registered: Position, now: float, policy: Policy) -> bool:
    """Tell whether the evidence ends before the place where the document says it is registered.

    A place so far ahead that no chain could have reached it by now is not believed: else a forger
    could ask for "could not be checked" by naming a block that never comes.
    """
    since = max(0.0, now - head.time) + policy.clock_skew
    return 0 < registered.block - head.block <= since / limits.BLOCK_SECONDS_MIN


@lru_cache(maxsize=64)  # all checks at one head ask for the same
def moment(seconds: int) -> datetime:
    """Return Unix seconds as an aware moment; beyond the calendar, its last second."""
    return datetime.fromtimestamp(min(seconds, _LAST_SECOND), UTC)


@lru_cache(maxsize=1024)
def date(seconds: int) -> str:
    """Return Unix seconds as a UTC date in ISO 8601."""
    return moment(seconds).date().isoformat()
