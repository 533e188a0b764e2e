"""What a check knows: the document taken apart, the evidence for it, the policy and the clock.

Decides how far the evidence carries: whether it is of the right ledger, whether it is fresh, and
whether it reaches as far as the document's anchor. The rule that follows from it everywhere: a
thing *found* in evidence is a finding at any age where it cannot be undone; a thing *not found* is
a finding only when the evidence is fresh and reaches far enough.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Final

from core import limits
from core.bundle import Bundle
from core.credential import Credential
from core.events import Anchored, Event, MemberAdmitted, Position, anchor_key, member_key
from core.registry import Head, LedgerEvidence
from core.report import Question
from verifier.policy import Policy

_LAST_SECOND: Final = 253_402_300_799  # of the year 9999; the ledger's numbers go further


@dataclass(frozen=True, slots=True)
class Finding:
    """A reason code with what fills its places: moments as dates, ``body`` as a registered name."""

    code: str
    places: dict[str, str] = field(default_factory=dict)
    evidence_at: datetime | None = None


@dataclass(frozen=True)
class Case:
    """One document under examination; each question to the evidence is asked once.

    Args:
        bundle: the proof bundle.
        credential: its credential, parsed and not yet trusted.
        evidence: what is known of the bundle's ledger; None when that ledger is not followed.
        policy: what the verifier insists on.
        question: what was asked.
        now: the verifier's clock, aware.
    """

    bundle: Bundle
    credential: Credential
    evidence: LedgerEvidence | None
    policy: Policy
    question: Question
    now: datetime
    _histories: dict[str, tuple[Event, ...]] = field(default_factory=dict, repr=False)

    @cached_property
    def head(self) -> Head | None:
        """The newest block of evidence about this document's ledger, None without any."""
        return self.evidence.head if self.evidence is not None else None

    @cached_property
    def evidence_at(self) -> datetime | None:
        """When the evidence was true."""
        return moment(self.head.time) if self.head is not None else None

    @cached_property
    def clock_wrong(self) -> bool:
        """Whether the ledger is ahead of this verifier's clock."""
        head = self.head
        return head is not None and head.time > self.now.timestamp() + self.policy.clock_skew

    @property
    def time(self) -> float:
        """Unix seconds now: by our clock, or by the newest block where our clock lags behind it."""
        return max(self.now.timestamp(), self.head.time if self.head is not None else 0)

    @cached_property
    def too_old(self) -> bool:
        """Whether the evidence is older than the policy accepts."""
        head = self.head
        if head is None:
            return True
        return self.now.timestamp() - head.time > self.policy.max_evidence_age

    @cached_property
    def behind(self) -> bool:
        """Whether the evidence ends before the place where the document says it is registered.

        A place so far ahead that no chain could have reached it by now is not believed: else a
        forger could ask for "could not be checked" by naming a block that never comes.
        """
        head = self.head
        if head is None:
            return True
        since = max(0.0, self.now.timestamp() - head.time) + self.policy.clock_skew
        ahead = self.bundle.anchor.position.block - head.block
        return 0 < ahead <= since / limits.BLOCK_SECONDS_MIN

    @property
    def absence_counts(self) -> bool:
        """Whether "not found" may be held against the document."""
        return not (self.clock_wrong or self.too_old or self.behind)

    @cached_property
    def issuer(self) -> int | None:
        """The member that the credential names as its issuer, None if there is none."""
        if self.evidence is None:
            return None
        return self.evidence.member_of(self.credential.issuer_did)

    def history(self, key: str) -> tuple[Event, ...]:
        """Return the history of a registry key, empty without evidence."""
        if self.evidence is None:
            return ()
        if key not in self._histories:
            self._histories[key] = tuple(self.evidence.history(key))
        return self._histories[key]

    @cached_property
    def anchored(self) -> Anchored | None:
        """The ledger's own record of the anchor that the document names."""
        key = anchor_key(self.bundle.anchor.member, self.bundle.anchor.root)
        return next((e for e in self.history(key) if isinstance(e, Anchored)), None)

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
        admitted = self._admission(member)
        return admitted.name() if admitted is not None else f"member {member}"

    def names_of(self, member: int) -> frozenset[str]:
        """Return the names under which a member may issue: its registered ones, in any language."""
        admitted = self._admission(member)
        if admitted is None:
            return frozenset()
        return frozenset({admitted.name(), *admitted.texts().values()})

    def _admission(self, member: int) -> MemberAdmitted | None:
        history = self.history(member_key(member))
        return next((e for e in history if isinstance(e, MemberAdmitted)), None)


def moment(seconds: int) -> datetime:
    """Return Unix seconds as an aware moment; beyond the calendar, its last second."""
    return datetime.fromtimestamp(min(seconds, _LAST_SECOND), UTC)


@lru_cache(maxsize=1024)
def date(seconds: int) -> str:
    """Return Unix seconds as a UTC date in ISO 8601."""
    return moment(seconds).date().isoformat()
