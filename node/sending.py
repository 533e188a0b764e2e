"""The one sender of the body's operating account.

Decides the order that makes a crash harmless: run the call on the newest state (what the ledger
would refuse never gets a nonce), take the next nonce, sign, store the raw bytes together with what
they are for, and only then send. After a restart the same bytes are sent again, in order of
nonces. Sending twice is harmless. A transaction has ended only when its block is final: done,
failed, or replaced, when another transaction of the account used its nonce.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from contracts import writer
from contracts.abi import lower_address
from contracts.calls import Call
from contracts.chain import quantity
from contracts.reader import Ledger
from contracts.writer import SignedTransaction, Signer
from core.errors import Refused
from core.runtime.logs import logger
from core.runtime.steps import Step
from node.identifiers import milliseconds
from node.states import OutgoingKind, OutgoingState
from node.store import outbox
from node.store.engine import Store
from node.store.outbox import Signed, Stored


@dataclass(frozen=True, slots=True)
class Ended:
    """A transaction whose end is final."""

    outgoing_id: int
    kind: OutgoingKind
    fence: int | None
    state: OutgoingState


class Sender:
    """Sends one account's transactions. There must be no second one for the account.

    Args:
        ledger: the ledger, open.
        signer: the operating account.
        resend_seconds: after how long a transaction that is in no block is sent again.
    """

    def __init__(
        self, store: Store, ledger: Ledger, signer: Signer, *, resend_seconds: float = 10.0
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._signer = signer
        self._resend_ms = int(resend_seconds * 1000)
        self._sent_ms: dict[int, int] = {}
        self._log = logger("sender")

    @property
    def account(self) -> str:
        """The account's address, lower case."""
        return lower_address(self._signer.address)

    def prepare(
        self,
        kind: OutgoingKind,
        call: Call,
        *,
        now: datetime,
        attach: Callable[[Connection, int], None],
        fence: int | None = None,
    ) -> int:
        """Sign and store a transaction, and what it is for, in one commit; return its id.

        Args:
            attach: writes what the transaction is for, given its id.

        Raises:
            LedgerRefused: the contract would refuse the call; nothing was stored.
            Unavailable: the chain node or the database does not answer; nothing was stored.
        """
        chain = self._ledger.chain
        gas = writer.gas_for(chain, call, self.account)
        waiting_nonce = self._ledger.nonce(self.account, pending=True)
        with self._store.reading() as connection:
            nonce = max(waiting_nonce, outbox.next_nonce(connection, self.account))
        signed = writer.sign(call, nonce, chain.chain_id, gas, self._signer)
        row = Signed(self.account, nonce, kind, fence, call.to, call.data, signed.raw, signed.hash)
        with self._store.writing(Step.TRANSACTION_KEPT) as connection:
            outgoing_id = outbox.keep(connection, row, milliseconds(now))
            attach(connection, outgoing_id)
        self._log.info(
            "transaction_signed", outbox_id=outgoing_id, kind=kind.value, nonce=nonce,
            transaction=signed.hash.hex(),
        )  # fmt: skip
        return outgoing_id

    def send(self, *, now: datetime) -> None:
        """Send what is stored and in no block yet, lowest nonce first.

        Raises:
            Unavailable: the chain node does not answer; the rest is sent next time.
        """
        now_ms = milliseconds(now)
        with self._store.reading() as connection:
            stored = outbox.unfinished(connection, self.account)
        for transaction in stored:
            last = self._sent_ms.get(transaction.id)
            if last is not None and 0 <= now_ms - last < self._resend_ms:
                continue
            if not self._send(transaction):
                return
            self._sent_ms[transaction.id] = now_ms

    def settle(self, final_block: int) -> list[Ended]:
        """Look up every transaction without an end and keep the ends that are final.

        Args:
            final_block: the newest block that counts as final.
        """
        with self._store.reading() as connection:
            stored = outbox.unfinished(connection, self.account)
        ended = [end for end in (self._end(one, final_block) for one in stored) if end is not None]
        for end in ended:
            self._sent_ms.pop(end.outgoing_id, None)
        return ended

    def reopen(self, final_block: int) -> None:
        """After a reorganisation: what was mined above ``final_block`` has no end any more."""
        nonce = self._final_nonce(final_block)
        with self._store.writing(Step.RETURN_KEPT) as connection:
            outbox.reopen(connection, self.account, nonce)
        self._sent_ms.clear()

    def _send(self, stored: Stored) -> bool:
        try:
            writer.send(
                self._ledger.chain, SignedTransaction(stored.raw, stored.hash, stored.nonce)
            )
        except Refused as refused:
            # perhaps it is mined by now, perhaps another one has its nonce: settle() finds out
            self._log.warning(
                "transaction_not_taken", outbox_id=stored.id, code=refused.code, nonce=stored.nonce
            )
            return refused.code == "nonce_taken"
        if stored.state is OutgoingState.SIGNED:
            with self._store.writing(Step.SENDING_KEPT) as connection:
                outbox.mark(connection, stored.id, OutgoingState.SENT)
        return True

    def _end(self, stored: Stored, final_block: int) -> Ended | None:
        receipt = self._ledger.receipt(stored.hash)
        code = None
        if receipt is not None:
            if receipt.block > final_block:
                return None
            state = OutgoingState.DONE if receipt.succeeded else OutgoingState.FAILED
            if not receipt.succeeded:
                code = receipt.refusal.code if receipt.refusal is not None else "reverted"
            elif not receipt.events and not self._still_counts(stored):
                state, code = OutgoingState.FAILED, "contract_replaced"
        elif self._final_nonce(final_block) > stored.nonce and self._is_absent(stored):
            state = OutgoingState.REPLACED
        else:
            return None
        with self._store.writing(Step.ENDING_KEPT) as connection:
            outbox.mark(connection, stored.id, state, code)
        self._log.info(
            "transaction_ended", outbox_id=stored.id, kind=stored.kind.value, state=state.value,
            transaction=stored.hash.hex(), code=code or "none",
        )  # fmt: skip
        return Ended(stored.id, stored.kind, stored.fence, state)

    def _still_counts(self, stored: Stored) -> bool:
        """Whether the contract it went to is still the ledger's: what others record is nothing."""
        return writer.stated(stored.raw).call.to in self._ledger.contracts.values()

    def _final_nonce(self, final_block: int) -> int:
        answer = self._ledger.chain.request(
            "eth_getTransactionCount", self.account, hex(final_block)
        )
        return quantity(answer)

    def _is_absent(self, stored: Stored) -> bool:
        """Look once more: the transaction may have been mined between the two questions."""
        return self._ledger.receipt(stored.hash) is None
