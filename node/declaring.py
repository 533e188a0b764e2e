"""Declaring, the worker's part: declarations go to the ledger through the one sender.

Decides grouping (many in one transaction, all or none; one at a time for each slot, in order) and
the end: a declaration is recorded when the follower has seen the ledger's own event. When a group
is refused its members are tried one by one, so that a bad one does not hold up the rest. What the
ledger refuses for now waits; what it refuses for good ends with a refusal.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from contracts import calls
from contracts.interfaces import LedgerRefused
from contracts.reader import Ledger
from core.errors import ComityError, FormatError
from core.events import StatusDeclared, status_key
from core.registry import LedgerEvidence
from core.runtime.logs import logger
from core.runtime.steps import Step
from node.anchoring import Fenced
from node.membership import Membership
from node.sending import Sender
from node.states import DeclarationState, OutgoingKind, OutgoingState
from node.store import declarations, outbox
from node.store.declarations import OpenDeclaration
from node.store.engine import Store

GROUP: Final = 100  # far below what one block's gas allows
_WAITS: Final = frozenset({"member_not_active", "member_is_frozen", "role_missing"})
_REFUSALS: Final = {
    "move_forbidden": "move_forbidden",
    "restored_before_suspension": "restored_before_suspension",
    "effective_time_out_of_range": "time_out_of_range",
    "until_out_of_range": "time_out_of_range",
    "link_invalid": "link_invalid",
}


class Declaring:
    """One worker's declaring.

    Args:
        member: the body on the ledger.
        sender: the one sender of its operating account.
    """

    def __init__(self, store: Store, ledger: Ledger, sender: Sender, member: int) -> None:
        self._store = store
        self._sender = sender
        self._member = member
        self._calls = calls.Calls(ledger.contracts)
        self._log = logger("declaring")
        self.held: str | None = None

    def observe(self, evidence: LedgerEvidence) -> int:
        """Mark what the ledger has recorded; take back what came to nothing.

        Returns:
            how many declarations are recorded now that were not before.
        """
        with self._store.reading() as connection:
            sent = [
                one
                for one in declarations.under_way(connection)
                if one.state is DeclarationState.SENT
            ]
            ids = sorted({one.outgoing_id for one in sent if one.outgoing_id is not None})
            ends = outbox.states(connection, ids) if ids else {}
        return sum(self._observe_one(one, evidence, ends) for one in sent)

    def submit(self, body: Membership, *, now: datetime) -> int:
        """Sign and store transactions for the declarations that may go; return how many go."""
        with self._store.reading() as connection:
            under_way = declarations.under_way(connection)
        group = _first_of_each_slot(under_way)[:GROUP]
        if not group:
            return 0
        refused = self._send(group, now)
        if refused is None:
            return len(group)
        if len(group) == 1:
            self._judge(group[0], body, refused)
            return 0
        sent = 0
        for one in group:
            refused = self._send([one], now)
            if refused is None:
                sent += 1
            else:
                self._judge(one, body, refused)
        return sent

    def _send(self, group: Sequence[OpenDeclaration], now: datetime) -> ComityError | None:
        stated = [
            calls.Declaration(
                one.slot, one.code, one.reason, one.effective_at, one.until,
                one.linked_member, one.linked_slot,
            )
            for one in group
        ]  # fmt: skip
        ids = [one.id for one in group]
        try:
            call = (
                self._calls.declare(stated[0])
                if len(stated) == 1
                else self._calls.declare_many(stated)
            )
            self._sender.prepare(
                OutgoingKind.DECLARE,
                call,
                now=now,
                attach=lambda connection, outgoing_id: declarations.mark_sent(
                    connection, ids, outgoing_id
                ),
            )
        except (LedgerRefused, FormatError) as refused:  # the latter: no contract could be asked
            return refused
        self.held = None
        return None

    def _judge(self, one: OpenDeclaration, body: Membership, refused: ComityError) -> None:
        if refused.code == "not_operating":
            raise Fenced(
                "not_operating", "the operating account is not this body's any more"
            ) from None
        if refused.code in _WAITS and not body.is_expelled:
            if self.held != refused.code:
                self._log.warning("declaring_held", code=refused.code)
            self.held = refused.code
            return
        code = _REFUSALS.get(refused.code, "ledger_refused")
        if refused.code in _WAITS:
            code = "member_expelled"
        with self._store.writing(Step.REFUSAL_KEPT) as connection:
            declarations.mark_refused(connection, [one.id], code)
        self._log.warning("declaration_refused", slot=one.slot.hex(), code=refused.code)

    def _observe_one(
        self,
        one: OpenDeclaration,
        evidence: LedgerEvidence,
        ends: dict[int, tuple[OutgoingState, str | None]],
    ) -> bool:
        with self._store.reading() as connection:
            taken = declarations.recorded_positions(connection, one.slot)
        history = evidence.history(status_key(self._member, one.slot))
        event = next((e for e in history if _is_of(e, one) and e.position not in taken), None)
        if event is not None:
            with self._store.writing(Step.RECORDING_KEPT) as connection:
                declarations.mark_recorded(connection, one.id, event.position)
            self._log.info("declaration_recorded", slot=one.slot.hex())
            return True
        state, _ = ends.get(one.outgoing_id or 0, (OutgoingState.SIGNED, None))
        if state in (OutgoingState.FAILED, OutgoingState.REPLACED):
            with self._store.writing(Step.RETURN_KEPT) as connection:
                declarations.mark_received(connection, [one.id])
        return False


def _first_of_each_slot(under_way: Sequence[OpenDeclaration]) -> list[OpenDeclaration]:
    """Return the declarations that wait and have none of their slot before them.

    The two halves of a pair concern two slots, so they go together.
    """
    seen: set[bytes] = set()
    first = []
    for one in under_way:
        if one.slot not in seen and one.state is DeclarationState.RECEIVED:
            first.append(one)
        seen.add(one.slot)
    return first


def _is_of(event: object, one: OpenDeclaration) -> bool:
    return (
        isinstance(event, StatusDeclared)
        and (event.state, event.reason) == (one.code, one.reason)
        and (event.effective_at, event.until) == (one.effective_at, one.until)
        and (event.linked_member, event.linked_slot) == (one.linked_member, one.linked_slot)
    )
