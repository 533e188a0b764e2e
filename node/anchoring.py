"""Anchoring: a sealed batch becomes an anchor on the ledger, exactly once.

Decides the fence and the way of a batch. At its start a worker claims a fence above every one
before, by a random step: two nodes that hold one key and start at the same moment would else sign
the very same claim, which is one transaction, and both would hold its fence. When a later worker
claims a higher one, the ledger refuses this one's anchors and it stops. A batch is anchored when
the node's own follower has seen the ledger record it in a final block, whoever's transaction that
was: a root that is there already is fine. Before anything is signed, leaves and root are computed
again from salts and tokens; a batch that they do not give is left alone, and holds up no other.

What the ledger refuses for now (the body is suspended or frozen) waits, the claim included. What
it refuses for good (the body is expelled, or no certification body) ends with a refusal that the
receipts show.
"""

from datetime import datetime
from typing import Final

from contracts.calls import Calls
from contracts.interfaces import LedgerRefused
from contracts.reader import Ledger
from core.errors import NotTrusted, Refused
from core.events import Anchored, anchor_key, member_key
from core.registry import Head, LedgerEvidence
from core.runtime.logs import logger
from core.runtime.steps import Step
from node.identifiers import Random
from node.membership import Membership, newest_fence
from node.recompute import findings_of_batch
from node.sending import Sender
from node.states import BatchState, OutgoingKind, OutgoingState
from node.store import batches, facts, outbox
from node.store.batches import OpenBatch
from node.store.engine import Store

FENCE_FACT: Final = "fence"
_STEP_BYTES: Final = 3
_STALE: Final = frozenset({"fence_stale", "fence_too_low"})
_NOT_OURS: Final = frozenset({"not_operating"})
_FOR_GOOD: Final = frozenset({"member_expelled", "role_missing"})  # no member ever changes its role


class Fenced(Refused):
    """Another worker of this body has taken over, or the account is the body's no more; stop."""


class Anchoring:
    """One worker's anchoring.

    Args:
        member: the body on the ledger.
        sender: the one sender of its operating account.
        random: a cryptographic source of bytes.
    """

    def __init__(
        self, store: Store, ledger: Ledger, sender: Sender, member: int, random: Random
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._sender = sender
        self._member = member
        self._random = random
        self._calls = Calls(ledger.contracts)
        self._claim: tuple[int, int] | None = None  # its transaction and fence
        self._held: str | None = None
        self._newest_at: Head | None = None
        self._log = logger("anchoring")
        self.fence: int | None = None

    @property
    def held(self) -> str | None:
        """Why the ledger takes no anchors from this body now; None when it does."""
        return self._held

    def claim_fence(self, *, now: datetime) -> None:
        """Sign and store a claim of a new fence, once for this worker; it counts when final.

        One that another claim overtakes in the same moment is made again, higher: that says nothing
        yet of who works on, and of two workers the one whose claim the ledger has last does.
        """
        if self.fence is not None or self._claim is not None:
            return
        with self._store.reading() as connection:
            own = outbox.highest_fence(connection, self._sender.account)
        step = 1 + int.from_bytes(self._random(_STEP_BYTES), "big")
        wanted = max(own, self._ledger.fence_of(self._member)) + step
        try:
            outgoing_id = self._sender.prepare(
                OutgoingKind.FENCE,
                self._calls.claim(wanted),
                now=now,
                fence=wanted,
                attach=lambda connection, _: facts.keep_fact(connection, FENCE_FACT, str(wanted)),
            )
        except LedgerRefused as refused:
            if refused.code in _NOT_OURS:
                raise self._stopping(refused) from None
            self._hold(refused)
        else:
            self._claim, self._held = (outgoing_id, wanted), None

    def require_newest(self, evidence: LedgerEvidence) -> None:
        """Stop at the ledger's word, before anything more is signed: declarations carry no fence.

        Raises:
            Fenced: a later worker has taken over.
        """
        if self.fence is None or evidence.head == self._newest_at:
            return
        if newest_fence(evidence.history(member_key(self._member))) > self.fence:
            raise _taken_over()
        self._newest_at = evidence.head

    def restart(self) -> None:
        """Forget the fence: the block that recorded it may be gone, or another contract counts."""
        self.fence = self._claim = None

    def learn(self) -> None:
        """Take note of how this worker's claim ended.

        Asked of the database each time: whoever noted the end may not have come to tell of it.
        """
        if self._claim is None:
            return
        outgoing_id, fence = self._claim
        with self._store.reading() as connection:
            state, _ = outbox.states(connection, [outgoing_id])[outgoing_id]
        if state in (OutgoingState.SIGNED, OutgoingState.SENT):
            return
        self._claim = None
        if state is OutgoingState.DONE:
            self.fence, self._newest_at = fence, None
            self._log.info("fence_claimed", fence=fence, member=self._member)

    def observe(self, evidence: LedgerEvidence) -> int:
        """Mark the batches that the ledger has recorded; take back those that failed.

        Returns:
            how many batches are anchored now that were not before.
        """
        with self._store.reading() as connection:
            open_batches = batches.open_batches(connection)
            ids = [b.outgoing_id for b in open_batches if b.outgoing_id is not None]
            ends = outbox.states(connection, ids) if ids else {}
        anchored = 0
        for batch in open_batches:
            event = anchor_event(evidence, self._member, batch)
            if event is not None:
                with self._store.writing(Step.ANCHOR_KEPT) as connection:
                    batches.mark_anchored(connection, batch.id, event.position, event.time)
                self._log.info("batch_anchored", batch_id=batch.id, root=batch.root.hex())
                anchored += 1
            elif batch.outgoing_id is not None:
                state, _ = ends[batch.outgoing_id]
                if state in (OutgoingState.FAILED, OutgoingState.REPLACED):
                    with self._store.writing(Step.RETURN_KEPT) as connection:
                        batches.mark_sealed(connection, batch.id)
        return anchored

    def submit(self, body: Membership, *, now: datetime) -> int:
        """Sign and store a transaction for every sealed batch; return how many.

        Raises:
            Fenced: a later worker has taken over; this one must stop.
        """
        if self.fence is None:
            return 0
        with self._store.reading() as connection:
            sealed = [
                batch
                for batch in batches.open_batches(connection)
                if batch.state is BatchState.SEALED
            ]
        sound = [batch for batch in sealed if self._is_sound(batch)]
        submitted = sum(self._submit_one(batch, body, self.fence, now) for batch in sound)
        if len(sound) < len(sealed):
            raise NotTrusted(
                "batch_damaged", "a stored batch is not what its salts and tokens give",
                "comity doctor --ledger names it; restore the database from the newest copy",
            )  # fmt: skip
        return submitted

    def _submit_one(self, batch: OpenBatch, body: Membership, fence: int, now: datetime) -> bool:
        try:
            self._sender.prepare(
                OutgoingKind.ANCHOR,
                self._calls.anchor(batch.root, batch.size, fence),
                now=now,
                attach=lambda connection, outgoing_id: batches.mark_sent(
                    connection, batch.id, outgoing_id
                ),
            )
        except LedgerRefused as refused:
            if refused.code in _STALE or refused.code in _NOT_OURS:
                raise self._stopping(refused) from None
            self._hold_or_refuse(batch, body, refused)
            return False
        self._held = None
        return True

    def _is_sound(self, batch: OpenBatch) -> bool:
        """Compute leaves and root again: a flipped bit on disk must not be anchored for ever."""
        with self._store.reading() as connection:
            found = next(findings_of_batch(connection, batch.id, batch.root, batch.size), None)
        if found is not None:
            self._log.error("batch_damaged", batch_id=batch.id, code=found.code)
        return found is None

    def _hold_or_refuse(self, batch: OpenBatch, body: Membership, refused: LedgerRefused) -> None:
        code = "member_expelled" if body.is_expelled else refused.code
        if code not in _FOR_GOOD:
            self._hold(refused)
            return
        with self._store.writing(Step.REFUSAL_KEPT) as connection:
            batches.mark_refused(connection, batch.id, code)
        self._log.error("batch_refused", batch_id=batch.id, code=code)

    def _hold(self, refused: LedgerRefused) -> None:
        if self._held != refused.code:
            self._log.warning("anchoring_held", code=refused.code)
        self._held = refused.code

    def _stopping(self, refused: LedgerRefused) -> Fenced:
        if refused.code in _STALE:
            return _taken_over()
        return Fenced(
            "not_operating", "the operating account is not this body's any more: the worker stops",
            "name the new account's key in node.toml",
        )  # fmt: skip


def _taken_over() -> Fenced:
    return Fenced(
        "fenced", "another worker of this body has taken over: this one stops",
        "run one worker for each body",
    )  # fmt: skip


def anchor_event(evidence: LedgerEvidence, member: int, batch: OpenBatch) -> Anchored | None:
    """Return the ledger's own record of a batch, None while there is none."""
    history = evidence.history(anchor_key(member, batch.root))
    return next((e for e in history if isinstance(e, Anchored) and e.size == batch.size), None)
