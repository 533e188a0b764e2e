"""Enacting, the worker's part of acts: each goes to the ledger through the one sender.

Decides the order: as they were asked for, and each only once the one before has ended, since it may
rest on it (an arrangement is made before anybody is invited to it). An act is recorded when the
follower has seen the ledger's own event, whoever's transaction that was. What the ledger refuses
ends with its reason and holds nothing up: an act says what its author means today, so it does not
wait for better times as a batch does.

A proposal that passes is carried out by the worker of the body that made it, once.
"""

from collections.abc import Hashable
from datetime import datetime
from typing import Final

from contracts.calls import Call
from contracts.interfaces import LedgerRefused
from contracts.reader import Ledger
from core.errors import FormatError, Refused
from core.runtime.logs import logger
from core.runtime.steps import Step
from node import acting
from node.acting import Expected, Ground
from node.anchoring import Fenced
from node.identifiers import Random
from node.membership import Evidence, Membership
from node.sending import Sender
from node.states import ActState, OutgoingKind, OutgoingState
from node.store import acts, outbox
from node.store.acts import OpenAct
from node.store.engine import Store
from node.voting import carrying_out, proposals

_CAME_TO_NOTHING: Final = (OutgoingState.FAILED, OutgoingState.REPLACED)
_NOT_YET: Final = frozenset({"not_passed"})
"""Refusals after which a proposal is tried again when votes have changed."""


class Enacting:
    """One worker's acts.

    Args:
        sender: the one sender of the body's operating account.
        random: a cryptographic source of bytes.
    """

    def __init__(self, store: Store, ledger: Ledger, sender: Sender, random: Random) -> None:
        self._store = store
        self._ledger = ledger
        self._sender = sender
        self._random = random
        self._counted: Hashable | None = None
        self._log = logger("enacting")

    def observe(self, evidence: Evidence) -> int:
        """Mark the acts that the ledger has recorded; return how many those are.

        An act whose transaction came to nothing is taken back, to be sent again or refused.
        """
        recorded = 0
        while (one := self._oldest()) is not None:
            event = Expected.parse(one.expected).found_in(evidence, one.after_block)
            if event is None:
                self._look_after(one)
                break
            with self._store.writing(Step.RECORDING_KEPT) as connection:
                acts.mark_recorded(connection, one.id, event.position)
            self._log.info("act_recorded", kind=one.kind.value)
            recorded += 1
        return recorded

    def carry_out(self, body: Membership, evidence: Evidence, *, now: datetime) -> None:
        """Keep an act for every proposal of this body that passes by now, once for each.

        Votes are counted again only when the registry has changed.
        """
        version = evidence.registry_version
        if version is not None and version == self._counted:
            return
        ground = Ground(evidence, body, now)
        for proposal in proposals(evidence):
            if proposal.proposer != body.member or not proposal.passes:
                continue
            draft = carrying_out(ground, proposal)
            with self._store.reading() as connection:
                refused = acts.refusals_of(connection, draft.digest)
            if refused <= _NOT_YET:
                acting.keep(self._store, draft, ground, random=self._random)
        self._counted = version

    def submit(self, *, now: datetime) -> bool:
        """Sign and store a transaction for the next act, if none is under way; return whether.

        Raises:
            Fenced: the operating account is not this body's any more.
        """
        while (one := self._oldest()) is not None and one.state is ActState.RECEIVED:
            refused = self._send(one, now)
            if refused is None:
                return True
            with self._store.writing(Step.REFUSAL_KEPT) as connection:
                acts.mark_refused(connection, one.id, refused)
            self._log.warning("act_refused", kind=one.kind.value, code=refused)
        return False

    def _send(self, one: OpenAct, now: datetime) -> str | None:
        """Return the code of a refusal, None when the act is on its way."""
        if one.target not in self._ledger.contracts.values():
            return "contract_replaced"
        try:
            self._sender.prepare(
                OutgoingKind.ACT,
                Call(one.target, one.call),
                now=now,
                attach=lambda connection, outgoing_id: acts.mark_sent(
                    connection, one.id, outgoing_id
                ),
            )
        except (LedgerRefused, FormatError) as refused:
            if refused.code == "not_operating":
                raise Fenced(
                    "not_operating", "the operating account is not this body's any more"
                ) from None
            return refused.code
        except Refused as refused:
            if refused.code != "too_much_gas":
                raise
            return refused.code
        return None

    def _look_after(self, one: OpenAct) -> None:
        """See what became of a transaction that the ledger recorded nothing by."""
        if one.outgoing_id is None:
            return
        with self._store.reading() as connection:
            state, _ = outbox.states(connection, [one.outgoing_id])[one.outgoing_id]
        if state in _CAME_TO_NOTHING:
            with self._store.writing(Step.RETURN_KEPT) as connection:
                acts.mark_received(connection, one.id)
        elif state is OutgoingState.DONE:  # final, so its events have been followed
            with self._store.writing(Step.REFUSAL_KEPT) as connection:
                acts.mark_refused(connection, one.id, "nothing_recorded")
            self._log.warning("act_refused", kind=one.kind.value, code="nothing_recorded")

    def _oldest(self) -> OpenAct | None:
        with self._store.reading() as connection:
            return acts.oldest_open(connection)
