"""Why a body changes a certificate's status: the reason codes that the ledger carries.

Decides the numbers, for ever: a number is never reused, and says nothing about the holder beyond
its title. Which reason fits which state is a rule of the declaring node; a reader who meets an
unknown number shows it as a number.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from core.errors import UsageError
from core.events import State

_SUSPEND, _WITHDRAW, _CANCEL, _SUPERSEDE = (
    State.SUSPENDED,
    State.WITHDRAWN,
    State.CANCELLED,
    State.SUPERSEDED,
)


@dataclass(frozen=True, slots=True)
class StatusReason:
    """One reason.

    Args:
        number: as on the ledger; 0 there means that none was given.
        word: how people and programs name it.
        title: one phrase for readers.
        states: the states it can be given for.
    """

    number: int
    word: str
    title: str
    states: frozenset[State]


_ALL: Final = (  # 21 was "scope changed", before the first release; it is not used again
    StatusReason(1, "nonconformity", "requirements persistently not met",
                 frozenset({_SUSPEND, _WITHDRAW})),
    StatusReason(2, "audit_not_allowed", "surveillance or recertification was not allowed in time",
                 frozenset({_SUSPEND, _WITHDRAW})),
    StatusReason(3, "misuse", "misuse of the certificate or mark",
                 frozenset({_SUSPEND, _WITHDRAW})),
    StatusReason(4, "obligations", "obligations of the certification agreement not met",
                 frozenset({_SUSPEND, _WITHDRAW})),
    StatusReason(5, "holder_request", "at the certified organization's own request",
                 frozenset({_SUSPEND, _CANCEL})),
    StatusReason(6, "holder_ceased", "the certified organization or activity has ceased",
                 frozenset({_WITHDRAW, _CANCEL})),
    StatusReason(7, "suspension_not_resolved", "the cause of a suspension was not resolved in time",
                 frozenset({_WITHDRAW})),
    StatusReason(8, "accreditation_ended", "the body's accreditation for it ended",
                 frozenset({_SUSPEND, _WITHDRAW})),
    StatusReason(9, "false_information", "it rested on false information",
                 frozenset({_SUSPEND, _WITHDRAW})),
    StatusReason(20, "renewed", "renewed", frozenset({_SUPERSEDE})),
    StatusReason(22, "corrected", "a clerical error was corrected", frozenset({_SUPERSEDE})),
    StatusReason(23, "transferred", "transferred to another body", frozenset({_SUPERSEDE})),
    StatusReason(24, "scope_reduced", "scope reduced", frozenset({_SUPERSEDE})),
    StatusReason(25, "scope_extended", "scope extended", frozenset({_SUPERSEDE})),
    StatusReason(26, "restored", "restored after expiry", frozenset({_SUPERSEDE})),
)  # fmt: skip

BY_WORD: Final[Mapping[str, StatusReason]] = {reason.word: reason for reason in _ALL}
BY_NUMBER: Final[Mapping[int, StatusReason]] = {reason.number: reason for reason in _ALL}


def status_reason(word: str, state: State) -> StatusReason:
    """Return the reason that ``word`` names for a change to ``state``.

    Raises:
        UsageError: there is no such reason for this state.
    """
    reason = BY_WORD.get(word)
    if reason is None or state not in reason.states:
        fitting = ", ".join(r.word for r in _ALL if state in r.states)
        raise UsageError("reason_unknown", "there is no such reason for this", f"one of: {fitting}")
    return reason
