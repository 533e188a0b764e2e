"""What a body orders to be done with one of its certificates.

Decides whether an order is complete: each event needs what ``_NEEDS`` says and takes nothing else,
and its reason has to fit. Whether the life cycle allows it is not asked here.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from core.encoding import b64url
from core.errors import UsageError
from core.events import State
from core.record import Record
from core.report import timestamp
from core.slot import Slot
from core.status_reasons import status_reason
from node.lifecycle import Change, Move, Outcome

_REASON_NEEDED: Final = frozenset({Change.SUSPEND, Change.WITHDRAW, Change.REFUSE})
_DEFAULT_REASONS: Final = {Change.CANCEL: "holder_request"}


@dataclass(frozen=True, slots=True)
class Order:
    """What a body wants.

    Args:
        change: what.
        number, revision: the certificate; None for its newest revision, or for the one before its
            successor's.
        reason: word of ``core/status_reasons.py``; needed to suspend, withdraw and refuse.
        effective_at: from when; None for now.
        until: for a suspension, when it ends at the latest.
        announced: whether ``effective_at`` may lie ahead.
        successor: the record of the certificate that takes its place.
        link: for a transfer, the other body's member number and the successor's slot there.
        decided_on: to maintain or refuse, the day of the decision.
    """

    change: Change
    number: str
    revision: int | None = None
    reason: str | None = None
    effective_at: datetime | None = None
    until: datetime | None = None
    announced: bool = False
    successor: Record | None = None
    link: tuple[int, Slot] | None = None
    decided_on: date | None = None

    def stated(self) -> dict[str, Any]:
        """Return all that was asked for, to tell one request from another."""
        return {
            "change": self.change.value,
            "number": self.number,
            "revision": self.revision,
            "reason": self.reason,
            "effective_at": timestamp(self.effective_at) if self.effective_at else None,
            "until": timestamp(self.until) if self.until else None,
            "announced": self.announced,
            "successor": b64url(self.successor.canonical()) if self.successor else None,
            "link": [self.link[0], self.link[1].text] if self.link else None,
            "decided_on": self.decided_on.isoformat() if self.decided_on else None,
        }

    def require_parts(self, move: Move) -> None:
        """Raise ``UsageError`` unless the order has what a move needs, and nothing else."""
        given = {"successor": self.successor, "link": self.link, "decision": self.decided_on}
        for part, (outcome, missing, unexpected) in _NEEDS.items():
            if move.outcome is outcome and given[part] is None:
                raise UsageError(f"{part}_missing", *missing)
            if move.outcome is not outcome and given[part] is not None:
                raise UsageError(f"{part}_unexpected", unexpected)
        if move.outcome is Outcome.KEPT and (self.effective_at or self.announced):
            raise UsageError("effective_unexpected", "a decision has a day, and no other date")

    def reason_for(self, move: Move) -> str:
        """Return the word of its reason, empty where the move has none.

        Raises:
            UsageError: it is missing, or does not fit.
        """
        if move.reason or self.change in (Change.RESTORE, Change.MAINTAIN):
            if self.reason:
                raise UsageError("reason_unexpected", f"to {_words(self.change)} needs no reason")
            return move.reason
        word = self.reason or _DEFAULT_REASONS.get(self.change, "")
        if not word and self.change in _REASON_NEEDED:
            raise UsageError("reason_missing", f"to {_words(self.change)} needs a reason")
        if word:  # certification is refused for what it would be withdrawn for
            status_reason(word, move.state or State.WITHDRAWN)
        return word


_NEEDS: Final = {
    "successor": (
        Outcome.SUCCEEDED,
        ("the record of the certificate that takes its place is missing", "name its file"),
        "this change has no successor",
    ),
    "link": (
        Outcome.LINKED,
        ("the successor at the other body is missing", "name its member and its slot"),
        "only a transfer names another body",
    ),
    "decision": (
        Outcome.KEPT,
        ("the day of the decision is missing", "name it: --decision DATE"),
        "only what is recorded at home has a day of decision",
    ),
}


def _words(change: Change) -> str:
    return change.value.replace("_", " ")
