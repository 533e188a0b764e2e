"""Which certificates came before and after one, and everything declared about them.

A body that replaces a certificate names its successor, and the successor names its predecessor.
Decides that only a pair in which each names the other is followed: one side alone could tie its
history to any certificate of any body. Shows what was declared, never which certificate it was:
the ledger itself knows no more than a hash.
"""

from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import Final

from core import limits
from core.events import Event, Position, State, StatusDeclared, status_key
from core.registry import slot_state
from core.report_details import PREDECESSOR, SUCCESSOR, THIS, StatusEntry
from core.status_reasons import BY_NUMBER
from verifier.checks.case import Case, moment

History = Callable[[str], Sequence[Event]]
_Slot = tuple[int, bytes]
_STATES: Final = {state.value: state.name.lower() for state in State}


def status_history(case: Case, *, content_trusted: bool) -> tuple[StatusEntry, ...]:
    """Return all declarations about a certificate and those before and after it, oldest first.

    Args:
        case: the document under examination.
        content_trusted: whether lines 1 and 2 are Yes; nothing is shown otherwise.
    """
    if not content_trusted or case.issuer is None:
        return ()
    history = case.statuses
    if not history:
        return ()
    own = (case.issuer, case.credential.slot.digest)
    told, seen = [(THIS, history)], {own}
    for certificate, step in ((PREDECESSOR, _before), (SUCCESSOR, _after)):
        told += [(certificate, there) for there in _chain(case, history, step, seen)]
    entries = [entry for one in told for entry in _entries(case.history, *one)]
    entries.sort(key=itemgetter(0))
    return tuple(entry for _, entry in entries[-limits.STATUS_ENTRIES :])


def is_mutual(history: History, event: StatusDeclared) -> bool:
    """Return whether the certificate that an event names as before or after it names it back."""
    if not event.linked_member:
        return False
    other = slot_state(history(status_key(event.linked_member, event.linked_slot)))
    if event.state == State.SUPERSEDED:
        grant = other.predecessor
        return grant is not None and _names(grant, event)
    return any(e.state == State.SUPERSEDED and _names(e, event) for e in other.standing)


def _names(event: StatusDeclared, other: StatusDeclared) -> bool:
    return (event.linked_member, event.linked_slot) == (other.member, other.slot)


def _before(history: Sequence[Event]) -> StatusDeclared | None:
    return slot_state(history).predecessor


def _after(history: Sequence[Event]) -> StatusDeclared | None:
    replaced = [e for e in slot_state(history).standing if e.state == State.SUPERSEDED]
    return replaced[-1] if replaced else None


def _chain(
    case: Case,
    history: Sequence[Event],
    step: Callable[[Sequence[Event]], StatusDeclared | None],
    seen: set[_Slot],
) -> Iterator[Sequence[Event]]:
    """Yield the histories in one direction, as far as each certificate names the other."""
    for _ in range(limits.LINKED_CERTIFICATES):
        event = step(history)
        if event is None or not is_mutual(case.history, event):
            return
        slot = (event.linked_member, event.linked_slot)
        if slot in seen:
            return
        seen.add(slot)
        history = case.history(status_key(*slot))
        yield history


def _entries(
    history: History, certificate: str, told: Sequence[Event]
) -> Iterator[tuple[Position, StatusEntry]]:
    """Yield what was declared about one certificate, each with its place on the ledger."""
    annulled = slot_state(told).annulled
    for event in told:
        if isinstance(event, StatusDeclared):
            stands = event.sequence not in annulled
            entry = StatusEntry(
                certificate=certificate,
                state=_STATES.get(event.state, f"number {event.state}"),
                reason=_reason(event.reason),
                effective_at=moment(event.effective_at),
                until=moment(event.until) if event.until else None,
                recorded_at=moment(event.time),
                annulled=not stands,
                linked_member=event.linked_member if stands and is_mutual(history, event) else None,
            )
            yield event.position, entry


def _reason(number: int) -> str | None:
    known = BY_NUMBER.get(number)
    return known.word if known is not None else f"number {number}" if number else None
