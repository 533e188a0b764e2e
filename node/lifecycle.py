"""The life cycle of a certificate: all its events, and what is refused from where and by whom.

Which event is allowed from which state stands in ``core/codes/lifecycle.json``. Here is the rest:
``MOVES`` says what each event becomes, ``BARRIERS`` how every forbidden one is refused, ``RULES``
what else an event must satisfy; the last two whether the contract refuses it, this node, or both.
``docs/life-of-a-certificate.md`` is made from these tables, and every refusal takes its words from
them. That an event keeps the rules is judged in ``node/allowed.py`` and ``node/successor.py``.

The contract sees the states and times of a slot; dates, records and standards it cannot see: these
the node alone enforces. Renewing, changing the scope, correcting, and restoring what has expired
edit nothing: a successor takes the certificate's place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

from core import codes, limits
from core.errors import Refused
from core.events import State


class Change(StrEnum):
    """The events of a certificate's life."""

    GRANT = "grant"
    REFUSE = "refuse"
    MAINTAIN = "maintain"
    RENEW = "renew"
    SUSPEND = "suspend"
    RESTORE = "restore"
    WITHDRAW = "withdraw"
    CANCEL = "cancel"
    EXPIRE = "expire"
    REDUCE_SCOPE = "reduce_scope"
    EXTEND_SCOPE = "extend_scope"
    TRANSFER = "transfer"
    CORRECT = "correct"


class CertificateState(StrEnum):
    """Where a certificate stands; ``none`` before there is one."""

    NONE = "none"
    IN_FORCE = "in_force"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    REFUSED = "refused"


class Outcome(StrEnum):
    """What carrying out an event means."""

    ISSUED = "a record is issued"
    DECLARED = "declared on the ledger"
    SUCCEEDED = "a successor is issued, and a pair declared that points both ways"
    LINKED = "declared on the ledger, pointing to the successor at the other body"
    KEPT = "recorded at home; nothing leaves it"
    COMPUTED = "follows from the dates; never declared"


class By(StrEnum):
    """Who refuses."""

    NODE = "node"
    BOTH = "both"
    CONTRACT = "contract"


@dataclass(frozen=True, slots=True)
class Move:
    """One event.

    Args:
        change: the event.
        code: its name in ``lifecycle.json``.
        outcome: what carrying it out means.
        state: what is declared of the certificate, None where nothing is.
        reason: the word of its reason where the event itself is the reason.
    """

    change: Change
    code: str
    outcome: Outcome
    state: State | None = None
    reason: str = ""

    @property
    def origins(self) -> frozenset[CertificateState]:
        """The states from which ``lifecycle.json`` allows it."""
        return _origins()[self.code]

    @property
    def has_successor(self) -> bool:
        """Whether another certificate takes this one's place."""
        return self.state is State.SUPERSEDED


_ALL_MOVES: Final = (
    Move(Change.GRANT, "grant", Outcome.ISSUED),
    Move(Change.REFUSE, "refuse", Outcome.KEPT),
    Move(Change.MAINTAIN, "maintain", Outcome.KEPT),
    Move(Change.RENEW, "renew", Outcome.SUCCEEDED, State.SUPERSEDED, "renewed"),
    Move(Change.SUSPEND, "suspend", Outcome.DECLARED, State.SUSPENDED),
    Move(Change.RESTORE, "restore", Outcome.DECLARED, State.IN_FORCE),
    Move(Change.WITHDRAW, "withdraw", Outcome.DECLARED, State.WITHDRAWN),
    Move(Change.CANCEL, "cancel", Outcome.DECLARED, State.CANCELLED),
    Move(Change.EXPIRE, "expire", Outcome.COMPUTED),
    Move(Change.REDUCE_SCOPE, "reduceScope", Outcome.SUCCEEDED, State.SUPERSEDED, "scope_reduced"),
    Move(Change.EXTEND_SCOPE, "expandScope", Outcome.SUCCEEDED, State.SUPERSEDED, "scope_extended"),
    Move(Change.TRANSFER, "transfer", Outcome.LINKED, State.SUPERSEDED, "transferred"),
    Move(Change.CORRECT, "correct", Outcome.SUCCEEDED, State.SUPERSEDED, "corrected"),
)
MOVES: Final[Mapping[Change, Move]] = {move.change: move for move in _ALL_MOVES}

RESTORED_BY_SUCCESSOR: Final = Move(
    Change.RESTORE, "restore", Outcome.SUCCEEDED, State.SUPERSEDED, "restored"
)
"""Restoring what has expired: new dates, which only a successor can carry."""


@dataclass(frozen=True, slots=True)
class Barrier:
    """Moves that are never allowed, and how they are refused.

    Args:
        code: the error.
        states: from where.
        changes: which events.
        by: who refuses; what never reaches the ledger, the node alone.
        message, hint: what the body reads.
    """

    code: str
    states: frozenset[CertificateState]
    changes: frozenset[Change]
    by: By
    message: str
    hint: str = ""


_EVERY_CHANGE: Final = frozenset(Change)
_EVERY_STATE: Final = frozenset(CertificateState)
_HELD: Final = _EVERY_STATE - {CertificateState.NONE, CertificateState.REFUSED}
_STANDING: Final = frozenset(
    {CertificateState.IN_FORCE, CertificateState.SUSPENDED, CertificateState.EXPIRED}
)
_SUSPENDED: Final = frozenset({CertificateState.SUSPENDED})
_RESTORE_FIRST: Final = "restore it first: comity restore NUMBER"
_NEW_NUMBER: Final = "a new certification is a new certificate, with a number of its own"

BARRIERS: Final = (
    Barrier(
        "no_such_certificate", frozenset({CertificateState.NONE}),
        _EVERY_CHANGE - {Change.GRANT, Change.REFUSE}, By.NODE,
        "this body has no such certificate",
    ),
    Barrier(
        "expiry_declared", _EVERY_STATE, frozenset({Change.EXPIRE}), By.NODE,
        "expiry follows from the dates and is never declared",
    ),
    Barrier(
        "unequal_duplicate", _HELD, frozenset({Change.GRANT}), By.NODE,
        "another record with this certificate number and revision was received before",
        "raise the revision if it was changed",
    ),
    Barrier(
        "certification_refused", frozenset({CertificateState.REFUSED}), _EVERY_CHANGE, By.NODE,
        "certification under this number was refused", _NEW_NUMBER,
    ),
    Barrier(
        "certificate_withdrawn", frozenset({CertificateState.WITHDRAWN}), _EVERY_CHANGE, By.BOTH,
        "the certificate is withdrawn: nothing comes after that", _NEW_NUMBER,
    ),
    Barrier(
        "certificate_cancelled", frozenset({CertificateState.CANCELLED}), _EVERY_CHANGE, By.BOTH,
        "the certificate is cancelled: nothing comes after that", _NEW_NUMBER,
    ),
    Barrier(
        "certificate_superseded", frozenset({CertificateState.SUPERSEDED}), _EVERY_CHANGE, By.BOTH,
        "another certificate has taken its place", "change the successor instead",
    ),
    Barrier(
        "already_granted", _STANDING, frozenset({Change.REFUSE}), By.NODE,
        "there is a certificate with this number: certification was not refused",
        "withdraw it instead: comity withdraw NUMBER",
    ),
    Barrier(
        "certificate_expired", frozenset({CertificateState.EXPIRED}),
        frozenset({
            Change.MAINTAIN, Change.SUSPEND, Change.CANCEL, Change.REDUCE_SCOPE,
            Change.EXTEND_SCOPE, Change.TRANSFER, Change.CORRECT,
        }), By.NODE,
        "the certificate has expired",
        "renew or restore it with a successor's record, or withdraw it",
    ),
    Barrier(
        "not_suspended", frozenset({CertificateState.IN_FORCE}), frozenset({Change.RESTORE}),
        By.BOTH, "the certificate is in force: there is nothing to restore",
    ),
    Barrier(
        "already_suspended", _SUSPENDED, frozenset({Change.SUSPEND}), By.BOTH,
        "the certificate is suspended already", _RESTORE_FIRST,
    ),
    Barrier(
        "renewal_of_suspended", _SUSPENDED, frozenset({Change.RENEW}), By.NODE,
        "a suspended certificate is not renewed", _RESTORE_FIRST,
    ),
    Barrier(
        "maintenance_of_suspended", _SUSPENDED, frozenset({Change.MAINTAIN}), By.NODE,
        "a suspended certificate is not maintained", _RESTORE_FIRST,
    ),
    Barrier(
        "extension_of_suspended", _SUSPENDED, frozenset({Change.EXTEND_SCOPE}), By.NODE,
        "the scope of a suspended certificate is not extended", _RESTORE_FIRST,
    ),
    Barrier(
        "transfer_of_suspended", _SUSPENDED, frozenset({Change.TRANSFER}), By.NODE,
        "a suspended certificate is not transferred", _RESTORE_FIRST,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """What an event must satisfy besides coming from the right state.

    Args:
        code: the error.
        by: who refuses.
        message, hint: what the body reads.
        contract: the contract's error, where it refuses too.
    """

    code: str
    by: By
    message: str
    hint: str = ""
    contract: str = ""


_ALL_RULES: Final = (
    # times
    Rule("before_grant", By.NODE, "a change cannot be dated before the certificate was granted"),
    Rule("before_1970", By.BOTH, "the ledger has no times before 1970", "choose a later date",
         "effective_time_out_of_range"),
    Rule("date_in_future", By.NODE, "a change cannot be dated in the future",
         "say that it is an announcement if it is one"),
    Rule("announced_too_early", By.BOTH, "a change is announced at most a year ahead",
         "declare it later", "effective_time_out_of_range"),
    Rule("not_to_be_announced", By.NODE, "this takes effect when it is declared, not later",
         "declare it on that day; a successor can be issued before"),
    Rule("decision_in_future", By.NODE, "a decision is recorded once it is taken"),
    Rule("restored_before_suspension", By.BOTH,
         "a certificate is not restored before it was suspended", "choose a later date",
         "restored_before_suspension"),
    Rule("restoration_ahead", By.NODE, "its restoration takes effect only later",
         "wait until it is restored"),
    Rule("until_missing", By.BOTH, "a suspension needs a date by which it ends",
         "name it: --until DATE", "until_out_of_range"),
    Rule("until_order", By.BOTH, "a suspension ends after it starts", "",
         "until_out_of_range"),
    Rule("until_after_expiry", By.NODE, "a suspension does not outlast the certificate"),
    Rule("until_unexpected", By.BOTH, "only a suspension has an end", "", "until_out_of_range"),
    Rule("suspension_too_long", By.CONTRACT, "a suspension ends within five years", "",
         "until_out_of_range"),
    Rule("restoration_too_late", By.NODE,
         f"the certificate expired more than {limits.RESTORATION_MONTHS} months before",
         _NEW_NUMBER),
    Rule("member_not_active", By.CONTRACT,
         "a suspended or expelled body can suspend, withdraw and cancel, and nothing else", "",
         "member_not_active"),
    # the successor
    Rule("successor_is_itself", By.BOTH, "a certificate does not succeed itself",
         "raise the revision", "link_invalid"),
    Rule("revision_not_next", By.NODE,
         "a successor with the same number has the next revision", "raise it by one"),
    Rule("predecessor_differs", By.NODE,
         "the successor's record names another predecessor than this certificate"),
    Rule("successor_has_status", By.BOTH, "the successor has a status of its own already",
         "only a certificate without any status change can take another's place", "move_forbidden"),
    Rule("successor_refused", By.NODE, "the successor could not be issued",
         "correct its record, raise its revision, and send it again"),
    Rule("successor_not_in_force", By.NODE,
         "the successor is not in force yet: until then there would be none",
         "issue it now, and declare the change on its first day"),
    Rule("successor_expired", By.NODE, "the successor has expired"),
    Rule("renewal_not_later", By.NODE, "a renewal ends later than what it renews"),
    Rule("cycle_not_kept", By.NODE,
         "what has expired is renewed or restored in its old cycle: the new expiry is an "
         "anniversary of the old one"),
    Rule("validity_extended", By.NODE,
         "a change of scope does not prolong the certificate", "renew it instead"),
    Rule("scope_not_reduced", By.NODE,
         "a reduced scope has no sector or site that the old one did not have"),
    Rule("nothing_changed", By.NODE, "the successor's record says the same as the old one"),
    # the other body
    Rule("no_such_member", By.BOTH, "the ledger has no such member",
         "comity network lists them", "link_invalid"),
    Rule("transfer_to_itself", By.NODE, "a transfer is to another body",
         "a successor of this body needs another event"),
    Rule("slot_of_another", By.NODE,
         "this slot is not in a status list of that member", "ask the body for its slot"),
)  # fmt: skip
RULES: Final[Mapping[str, Rule]] = {rule.code: rule for rule in _ALL_RULES}


def against(code: str) -> Refused:
    """Return the refusal that a rule makes."""
    rule = RULES[code]
    return Refused(rule.code, rule.message, rule.hint)


def barrier(change: Change, state: CertificateState) -> Barrier | None:
    """Return what stands against an event from a state, None where a body can make it."""
    if state in MOVES[change].origins and MOVES[change].outcome is not Outcome.COMPUTED:
        return None
    return next(one for one in BARRIERS if state in one.states and change in one.changes)


def barred(change: Change, state: CertificateState) -> Refused:
    """Return the refusal of an event that is forbidden from a state."""
    found = barrier(change, state)
    assert found is not None, f"{change} is allowed from {state}"
    return Refused(found.code, found.message, found.hint)


def move_of(change: Change, state: CertificateState) -> Move:
    """Return the move that an event is from a state.

    Raises:
        Refused: it is forbidden from there; each such move has a code in ``BARRIERS``.
    """
    if barrier(change, state) is not None:
        raise barred(change, state)
    if change is Change.RESTORE and state is CertificateState.EXPIRED:
        return RESTORED_BY_SUCCESSOR
    return MOVES[change]


@cache
def _origins() -> dict[str, frozenset[CertificateState]]:
    """Return the states from which each event is allowed; ``active`` there is in force here."""
    ours = {"active": CertificateState.IN_FORCE, None: CertificateState.NONE}
    return {
        event["e"]: frozenset(ours.get(name) or CertificateState(name) for name in event["from"])
        for event in codes.lifecycle()["events"]
    }
