"""Why bodies act on bodies: the reason codes of suspensions, withdrawals and expulsions.

Decides the numbers, for ever: a number is never reused. They are given when an accreditation or a
party of an arrangement is suspended or an accreditation withdrawn, and in the votes to suspend or
expel a member. Where a reason for a certificate (``core/status_reasons.py``) means the same, the
number is the same. A reader who meets an unknown number shows it as a number.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from core.errors import UsageError


@dataclass(frozen=True, slots=True)
class ActReason:
    """One reason.

    Args:
        number: as on the ledger.
        word: how people and programs name it.
        title: one phrase for readers.
    """

    number: int
    word: str
    title: str


_ALL: Final = (
    ActReason(1, "nonconformity", "requirements persistently not met"),
    ActReason(2, "assessment_not_allowed", "assessment was not allowed in time"),
    ActReason(3, "misuse", "misuse of accreditation, arrangement or mark"),
    ActReason(4, "obligations", "obligations to the network or the other parties not met"),
    ActReason(5, "own_request", "at the body's own request"),
    ActReason(6, "ceased", "the body or its activity has ceased"),
    ActReason(7, "suspension_not_resolved", "the cause of a suspension was not resolved in time"),
    ActReason(9, "false_information", "it rested on false information"),
    ActReason(10, "keys_compromised", "its keys are no longer its own alone"),
)

BY_WORD: Final[Mapping[str, ActReason]] = {reason.word: reason for reason in _ALL}
BY_NUMBER: Final[Mapping[int, ActReason]] = {reason.number: reason for reason in _ALL}


def act_reason(word: str) -> ActReason:
    """Return the reason that ``word`` names.

    Raises:
        UsageError: there is no such reason.
    """
    reason = BY_WORD.get(word)
    if reason is None:
        raise UsageError(
            "reason_unknown", "there is no such reason", f"one of: {', '.join(BY_WORD)}"
        )
    return reason


def title_of(number: int) -> str:
    """Return a reason in words, whatever its number."""
    reason = BY_NUMBER.get(number)
    return f"reason {number}" if reason is None else reason.title
