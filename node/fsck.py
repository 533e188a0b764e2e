"""Comparing everything the node keeps with its source, and with the ledger as it was followed.

Decides what is a finding: whatever could not be once the steps of ``core/runtime/steps.py`` were
taken in their order, however often the node was killed between two of them. What is merely under
way is none. Changes nothing, and goes on after a finding, so that all of them are told.

1. the database's own pages and references;
2. records against their digests; each receipt in exactly one state;
3. credentials: slot, key, disclosures; no slot given twice, two leaves for each;
4. batches computed again from salts and tokens, each in one state, each against the ledger;
5. the ledger's anchors and statuses of this body against what is kept here;
6. transactions against their signed bytes, and against the ledger;
7. declarations, acts and signed status lists against the ledger.

The followed ledger is a mirror; ``node/doctor.py`` compares it with the chain node in turn.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection

from contracts import writer
from contracts.abi import lower_address
from core.credential import Credential
from core.crypto.jose import PublicKey
from core.encoding import b64url
from core.errors import ComityError
from core.events import (
    Anchored,
    FenceClaimed,
    KeyAdded,
    Position,
    StatusDeclared,
    anchor_key,
    key_key,
    member_key,
    status_key,
)
from core.issuer import Slot
from core.registry import slot_state
from core.statuslist import StatusBits, StatusList
from node import acting
from node.importing import REGISTER_ANSWER
from node.membership import Evidence
from node.recompute import RESTORE, Finding, check_leaf, findings_of_batch
from node.states import ActState, BatchState, DeclarationState, OutgoingKind, OutgoingState
from node.status_list import in_force
from node.store import credentials, inspection
from node.store.engine import Store
from node.store.schema import AnyRow

_UNREADABLE: Final = (ComityError, ValueError, TypeError, AttributeError)
_OLD_COPY: Final = "was this database restored from an old copy? restore the newest one"


@dataclass(frozen=True, slots=True)
class Look:
    """One consistent view of the database, and of the ledger not before it.

    Args:
        member: this body on the ledger.
        settled: what the ledger had up to this block was followed before the database was read.
        now: the time.
    """

    connection: Connection
    evidence: Evidence
    member: int
    settled: int
    now: datetime


Check = Callable[[Look], Iterator[Finding]]


def inspect(
    store: Store,
    evidence: Callable[[], Any],
    member: int,
    *,
    now: datetime,
    advance: Callable[[int], None] = lambda _checks: None,
) -> list[Finding]:
    """Return everything that is not as it must be.

    Args:
        evidence: opens a snapshot of the followed ledger, as a context.
        advance: is called after each check.
    """
    found: list[Finding] = []
    with _look(store, evidence, member, now) as look:
        damage = inspection.damage(look.connection)
        found += [Finding("database_damaged", "database", line, RESTORE) for line in damage]
        for check in CHECKS:
            try:
                found.extend(check(look))
            except _UNREADABLE as error:
                kind = error.code if isinstance(error, ComityError) else type(error).__name__
                name = check.__name__.strip("_").replace("_", " ")
                text = f"cannot be read to the end ({kind})"
                found.append(Finding("not_readable", name, text, RESTORE))
            advance(1)
    return found


@contextmanager
def _look(store: Store, evidence: Callable[[], Any], member: int, now: datetime) -> Iterator[Look]:
    """The database first and the ledger after it: what the one says, the other has by then."""
    with evidence() as before:
        settled = before.head.block if before.head is not None else -1
    with store.reading() as connection:
        inspection.batches(connection)  # the view is taken with the first question
        with evidence() as followed:
            yield Look(connection, followed, member, settled, now)


# ---------------------------------------------------------------- records and receipts


def _records(look: Look) -> Iterator[Finding]:
    for row in inspection.records(look.connection):
        if sha256(row.content).digest() != row.digest:
            text = "its content is not what was received"
            yield Finding("record_damaged", f"record {row.id}", text, RESTORE)


def _receipts(look: Look) -> Iterator[Finding]:
    for record in inspection.records_without_receipt(look.connection):
        yield Finding("receipt_missing", f"record {record}", "no receipt stands for it", RESTORE)
    for receipt in inspection.contradictory_receipts(look.connection):
        text = "it is in no state, or in two"
        yield Finding("receipt_contradictory", f"receipt {receipt}", text, RESTORE)
    lost = inspection.answers_to_nothing(look.connection, besides=REGISTER_ANSWER)
    if lost:
        text = f"{lost} answers to requests name what is not here"
        yield Finding("answer_to_nothing", "idempotency keys", text, RESTORE)


# ---------------------------------------------------------------- credentials and leaves


def _credentials(look: Look) -> Iterator[Finding]:
    for slot in inspection.slots_given_twice(look.connection):
        text = "more than one e-certificate has it"
        yield Finding("slot_given_twice", f"slot {slot.hex()}", text, RESTORE)
    for one in inspection.credentials_without_both_leaves(look.connection):
        text = "it does not have one leaf for each envelope"
        yield Finding("leaf_missing", f"credential {one}", text, RESTORE)
    for leaf in inspection.leaves_kept_twice(look.connection):
        yield Finding("leaf_twice", f"leaf {leaf.hex()}", "it is kept twice", RESTORE)
    for row in inspection.credentials(look.connection):
        fault = _fault_of(row)
        if fault:
            yield Finding("credential_damaged", f"credential {row.id}", fault, RESTORE)


def _fault_of(row: AnyRow) -> str | None:
    """Return what is wrong with a credential; leaves commit to its tokens, not to disclosures."""
    try:
        slot = Slot(row.url, row.list_index)
        if slot.digest != row.slot:
            return "its slot is not that of its place in the list"
        for token in (row.selective, row.plain):
            read = Credential.parse(token)
            read.claims()
            if (read.slot, b64url(read.kid_thumbprint)) != (slot, row.thumbprint):
                return "an envelope names another slot or key"
            if read.certificate_number != row.number:
                return "an envelope is of another certificate"
    except _UNREADABLE:
        return "an envelope is not what was signed"
    return None


def _waiting_leaves(look: Look) -> Iterator[Finding]:
    for row in inspection.leaves(look.connection, None):
        at = f"credential {row.credential_id}, {row.envelope}"
        if not check_leaf(row):
            yield Finding("leaf_damaged", at, "salt and token do not give the leaf", RESTORE)
        if row.position is not None:
            yield Finding("leaf_misplaced", at, "it has a place, and no batch", RESTORE)


# ---------------------------------------------------------------- batches


def _batches(look: Look) -> Iterator[Finding]:
    for row in inspection.batches(look.connection):
        yield from findings_of_batch(look.connection, row.id, row.root, row.size)
        fault = _state_fault(row) or _ledger_fault(look, row)
        if fault:
            yield Finding(fault[0], f"batch {row.id}", fault[1], fault[2])


def _state_fault(row: AnyRow) -> tuple[str, str, str] | None:
    state = row.state
    placed = row.anchored_block is not None
    complete = {
        BatchState.SEALED.value: row.outgoing_id is None and not placed,
        BatchState.SENT.value: row.outgoing_id is not None and not placed,
        BatchState.ANCHORED.value: placed and row.anchored_index is not None,
        BatchState.REFUSED.value: row.refusal is not None and not placed,
    }
    if complete.get(state, False):
        return None
    return "batch_contradictory", "it is in no state, or in two", RESTORE


def _ledger_fault(look: Look, row: AnyRow) -> tuple[str, str, str] | None:
    history = look.evidence.history(anchor_key(look.member, row.root))
    anchors = [event for event in history if isinstance(event, Anchored)]
    if len(anchors) > 1:
        return "anchored_twice", "the ledger has its root twice", "report this; it cannot be"
    if anchors and anchors[0].size != row.size:
        return "anchored_otherwise", "the ledger has its root with another size", RESTORE
    if row.state == BatchState.REFUSED and anchors:
        return "refused_yet_anchored", "it was refused here, and the ledger has it", RESTORE
    if row.state != BatchState.ANCHORED:
        return None
    if not anchors:
        hint = "if the followed ledger was remade, let the worker catch up; else ask who runs it"
        return "anchor_missing", "it is anchored here, and the ledger does not have it", hint
    place = Position(row.anchored_block, row.anchored_index)
    if (place, row.anchored_time) != (anchors[0].position, anchors[0].time):
        return "anchored_elsewhere", "the ledger has it at another place", RESTORE
    return None


def _unknown_to_us(look: Look) -> Iterator[Finding]:
    """What the ledger has of this body, and the database has not: records were lost."""
    known = {bytes(row.root) for row in inspection.batches(look.connection)}
    for key in look.evidence.keys(anchor_key(look.member, b"")):
        for event in look.evidence.history(key):
            is_ours = isinstance(event, Anchored) and event.root in known
            if isinstance(event, Anchored) and not is_ours and _is_settled(look, event.position):
                at = f"root {event.root.hex()}"
                yield Finding(
                    "batch_unknown", at, "the ledger has it, and this node not", _OLD_COPY
                )
    prefix = status_key(look.member, b"")
    slots = [bytes.fromhex(key.removeprefix(prefix)) for key in look.evidence.keys(prefix)]
    ours = inspection.known_slots(look.connection, slots)
    for slot in slots:
        first = look.evidence.history(status_key(look.member, slot))[0]
        if slot not in ours and _is_settled(look, first.position):
            text = "the ledger has a status for it, and this node no e-certificate"
            yield Finding("slot_unknown", f"slot {slot.hex()}", text, _OLD_COPY)


def _is_settled(look: Look, position: Position) -> bool:
    return position.block <= look.settled


# ---------------------------------------------------------------- transactions


def _transactions(look: Look) -> Iterator[Finding]:
    members = look.evidence.history(member_key(look.member))
    fences = {event.fence for event in members if isinstance(event, FenceClaimed)}
    carried: dict[int, list[AnyRow]] = {}
    for batch in inspection.batches(look.connection):
        if batch.outgoing_id is not None:
            carried.setdefault(batch.outgoing_id, []).append(batch)
    for row in inspection.transactions(look.connection):
        at, done = f"transaction {row.id}", row.state == OutgoingState.DONE
        if not _says_what_is_kept(row):
            yield Finding("transaction_damaged", at, "its bytes say something else", RESTORE)
        if done and row.kind == OutgoingKind.FENCE and row.fence not in fences:
            yield Finding("fence_missing", at, "the ledger does not have its fence", RESTORE)
        for batch in carried.pop(row.id, ()):
            if row.kind != OutgoingKind.ANCHOR or batch.root not in row.call:
                text = f"it is kept for batch {batch.id}, and is not of it"
                yield Finding("transaction_misplaced", at, text, RESTORE)
            elif done and not look.evidence.history(anchor_key(look.member, batch.root)):
                text = "it is final, and the ledger does not have its anchor"
                yield Finding("anchor_missing", at, text, "ask who runs the chain")
    for batch in (batch for batches in carried.values() for batch in batches):
        text = "the transaction it was sent in is not here"
        yield Finding("transaction_missing", f"batch {batch.id}", text, RESTORE)


def _says_what_is_kept(row: AnyRow) -> bool:
    try:
        said = writer.stated(row.raw)
        OutgoingState(row.state)
    except (ComityError, ValueError):
        return False
    return (said.sender, said.nonce, said.call.to, said.call.data, said.hash) == (
        lower_address(row.account), row.nonce, lower_address(row.target), row.call, row.hash,
    )  # fmt: skip


# ---------------------------------------------------------------- statuses


def _declarations(look: Look) -> Iterator[Finding]:
    for row in inspection.declarations(look.connection):
        at = f"declaration {row.public_id}"
        state = DeclarationState(row.state)
        if (state is DeclarationState.REFUSED) != (row.refusal is not None):
            text = "it is in no state, or in two"
            yield Finding("declaration_contradictory", at, text, RESTORE)
        if state is not DeclarationState.RECORDED:
            continue
        place = Position(row.recorded_block, row.recorded_index)
        history = look.evidence.history(status_key(look.member, row.slot))
        if not any(isinstance(e, StatusDeclared) and _is_of(e, row, place) for e in history):
            text = "it is recorded here, and the ledger does not have it so"
            yield Finding("declaration_missing", at, text, "ask who runs the chain")


def _is_of(event: StatusDeclared, row: AnyRow, place: Position) -> bool:
    return (
        event.position, event.state, event.reason, event.effective_at, event.until,
        event.linked_member, event.linked_slot,
    ) == (
        place, row.code, row.reason, row.effective_at, row.until,
        row.linked_member, row.linked_slot,
    )  # fmt: skip


def _acts(look: Look) -> Iterator[Finding]:
    for row in inspection.acts(look.connection):
        at, state = f"act {row.public_id}", ActState(row.state)
        if (state is ActState.REFUSED) != (row.refusal is not None):
            yield Finding("act_contradictory", at, "it is in no state, or in two", RESTORE)
        if acting.digest_of(row.kind, row.arguments) != row.digest:
            yield Finding("act_damaged", at, "it is not what was asked for", RESTORE)
        carried = (row.carried_kind, row.carried_to, row.carried_call)
        if row.outgoing_id is not None and carried != (OutgoingKind.ACT, row.target, row.call):
            yield Finding("act_damaged", at, "its transaction does something else", RESTORE)
        if state is not ActState.RECORDED:
            continue
        expected = acting.Expected.parse(row.expected)
        place = Position(row.recorded_block, row.recorded_index)
        if not any(event.position == place for event in expected.events_in(look.evidence)):
            text = "it is recorded here, and the ledger does not have it so"
            yield Finding("act_missing", at, text, "ask who runs the chain")


def _lists(look: Look) -> Iterator[Finding]:
    for row in inspection.signed_lists(look.connection):
        at, hint = f"status list {row.number}", "the worker signs it again: comity node run"
        try:
            read = StatusList.parse(row.token)
            read.jws.verify(_key_of(look, read.kid.thumbprint))
            sound = (read.list_url, sha256(read.bits.raw).digest()) == (row.url, row.bits_digest)
        except _UNREADABLE:
            sound = False
        if not sound:
            yield Finding("list_damaged", at, "it is not what was signed", RESTORE)
        elif read.bits.raw != _expected_bits(look, row.number).raw:
            yield Finding("list_behind", at, "the ledger says otherwise by now", hint)


def _key_of(look: Look, thumbprint: bytes) -> PublicKey:
    history = look.evidence.history(key_key(look.member, thumbprint))
    added = next((event for event in history if isinstance(event, KeyAdded)), None)
    if added is None:
        raise ValueError("no such key")
    return PublicKey.from_canonical(added.public_key)


def _expected_bits(look: Look, number: int) -> StatusBits:
    prefix = status_key(look.member, b"")
    slots = [bytes.fromhex(key.removeprefix(prefix)) for key in look.evidence.keys(prefix)]
    at = look.now.timestamp()
    return StatusBits.of(
        owner.list_index
        for owner in credentials.owners(look.connection, slots)
        if owner.list_number == number
        and not in_force(
            slot_state(look.evidence.history(status_key(look.member, owner.slot))).standing, at
        )
    )


CHECKS: Final[tuple[Check, ...]] = (
    _records,
    _receipts,
    _credentials,
    _waiting_leaves,
    _batches,
    _unknown_to_us,
    _transactions,
    _declarations,
    _acts,
    _lists,
)
