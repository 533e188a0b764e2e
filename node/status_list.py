"""The body's signed Bitstring status lists, for tools of others.

Decides every bit from the ledger, not from what this node declared: set whenever the certificate
is not in force at that moment, whatever the reason. A list is signed again when a bit changes, when
an announced change takes effect, and when its signature gets old. Nothing is signed without a
followed state of the ledger.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256

from core.crypto.jose import JwsSigner
from core.issuer import Issuer
from core.registry import LedgerEvidence, State, StatusDeclared, slot_state, status_key
from core.statuslist import StatusBits, issue_status_list, status_list_claims
from node.identifiers import milliseconds
from node.membership import Evidence
from node.store import credentials
from node.store.credentials import ListRow
from node.store.engine import Store


def refresh_lists(
    store: Store,
    evidence: Evidence,
    member: int,
    issuer: Issuer,
    signer: JwsSigner,
    *,
    now: datetime,
    max_age_seconds: float,
) -> int:
    """Rebuild the lists from the ledger and sign those that have to be; return how many.

    Args:
        evidence: the followed ledger.
        max_age_seconds: how old a signature may get while nothing changes.
    """
    if evidence.head is None:
        return 0
    with store.reading() as connection:
        rows = credentials.lists(connection)
        owners = {row.number: credentials.slots_of(connection, row.number) for row in rows}
    changed = _changed_slots(evidence, member)
    signed = 0
    for row in rows:
        events = {o.list_index: changed[o.slot] for o in owners[row.number] if o.slot in changed}
        unset_at = now.timestamp()
        bits = StatusBits.of(i for i, found in events.items() if not in_force(found, unset_at))
        digest = sha256(bits.raw).digest()
        old = row.signed_ms is None or (milliseconds(now) - row.signed_ms >= max_age_seconds * 1000)
        if digest == row.bits_digest and not old:
            continue
        read_at = datetime.fromtimestamp(min(evidence.head.time, now.timestamp()), UTC)
        claims = status_list_claims(issuer, row.url, bits, read_at)
        token = issue_status_list(claims, signer)
        coming = next_change(events.values(), unset_at)
        with store.writing() as connection:
            credentials.keep_list(
                connection,
                ListRow(row.number, row.url, token, digest, coming, milliseconds(now)),
            )
        signed += 1
    return signed


def in_force(standing: Iterable[StatusDeclared], at: float) -> bool:
    """Return whether declarations, oldest first, leave a certificate in force at a moment."""
    effective = [event for event in standing if event.effective_at <= at]
    return not effective or effective[-1].state == State.IN_FORCE


def next_change(standing: Iterable[Iterable[StatusDeclared]], after: float) -> int | None:
    """Return when the next announced change takes effect, None when nothing is announced."""
    ahead = [e.effective_at for events in standing for e in events if e.effective_at > after]
    return min(ahead, default=None)


def is_due(store: Store, *, now: datetime, max_age_seconds: float) -> bool:
    """Return whether a list waits for its first signature, is old, or an announcement is due."""
    with store.reading() as connection:
        rows = credentials.lists(connection)
    return any(
        row.signed_ms is None
        or milliseconds(now) - row.signed_ms >= max_age_seconds * 1000
        or (row.next_change is not None and row.next_change <= now.timestamp())
        for row in rows
    )


def _changed_slots(evidence: Evidence, member: int) -> dict[bytes, tuple[StatusDeclared, ...]]:
    """Return what stands declared of every slot of ours that has an event."""
    prefix = status_key(member, b"")
    found = {}
    for key in evidence.keys(prefix):
        slot = bytes.fromhex(key.removeprefix(prefix))
        found[slot] = slot_state(evidence.history(key)).standing
    return found


def status_of(evidence: LedgerEvidence, member: int, slot: bytes) -> tuple[StatusDeclared, ...]:
    """Return what stands declared of one slot, oldest first."""
    return slot_state(evidence.history(status_key(member, slot))).standing
