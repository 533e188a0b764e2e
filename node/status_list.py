"""The body's signed Bitstring status lists, for tools of others.

Decides every bit from the ledger, not from what this node declared: set while a certificate is
suspended, withdrawn, cancelled or superseded. Expiry sets no bit: every e-certificate shows its own
dates, and the bits of all that ever expired would tell how many certificates a body has. A list is
signed again when a bit changes, when an announced change takes effect, when its signature gets old,
and when the body signs with another key. Nothing is signed without a followed state of the ledger.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256

from core.crypto.jose import JwsSigner
from core.encoding import b64url
from core.events import State, StatusDeclared, status_key
from core.issuer import Issuer
from core.registry import slot_state
from core.runtime.steps import Step
from core.statuslist import StatusBits, StatusList, issue_status_list, status_list_claims
from node.identifiers import milliseconds
from node.membership import Evidence
from node.store import credentials
from node.store.credentials import ListRow
from node.store.engine import Store

Standing = tuple[StatusDeclared, ...]
"""What stands declared of one slot, oldest first."""


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
    changed = _changed_slots(evidence, member)
    with store.reading() as connection:
        rows = credentials.lists(connection)
        entries: dict[int, dict[int, Standing]] = {row.number: {} for row in rows}
        for owner in credentials.owners(connection, list(changed)):
            entries[owner.list_number][owner.list_index] = changed[owner.slot]
    read_at = datetime.fromtimestamp(min(evidence.head.time, now.timestamp()), UTC)
    signed = 0
    for row in rows:
        standing = entries[row.number]
        bits = StatusBits.of(i for i, s in standing.items() if not in_force(s, now.timestamp()))
        digest = sha256(bits.raw).digest()
        coming = next_change(standing.values(), now.timestamp())
        same = (digest, coming) == (row.bits_digest, row.next_change)
        if same and not _is_old(row, now, max_age_seconds) and _is_by(store, row.number, signer):
            continue
        token = issue_status_list(status_list_claims(issuer, row.url, bits, read_at), signer)
        new = ListRow(row.number, row.url, digest, coming, milliseconds(now))
        with store.writing(Step.LIST_KEPT) as connection:
            credentials.keep_list(connection, new, token)
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
        _is_old(row, now, max_age_seconds)
        or (row.next_change is not None and row.next_change <= now.timestamp())
        for row in rows
    )


def _is_by(store: Store, number: int, signer: JwsSigner) -> bool:
    """Return whether this key signed the list as it is; another one may be revoked by now."""
    with store.reading() as connection:
        token = credentials.list_token(connection, number)
    if token is None:
        return False
    return b64url(StatusList.parse(token).kid.thumbprint) == signer.thumbprint


def _is_old(row: ListRow, now: datetime, max_age_seconds: float) -> bool:
    return (
        row.signed_ms is None or not 0 <= milliseconds(now) - row.signed_ms < max_age_seconds * 1000
    )


def _changed_slots(evidence: Evidence, member: int) -> dict[bytes, Standing]:
    """Return what stands declared of every slot of ours that has an event."""
    prefix = status_key(member, b"")
    found = {}
    for key in evidence.keys(prefix):
        slot = bytes.fromhex(key.removeprefix(prefix))
        found[slot] = slot_state(evidence.history(key)).standing
    return found
