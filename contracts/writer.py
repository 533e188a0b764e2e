"""Signing and sending transactions, one sender per account.

Decides the form of every transaction: EIP-1559 with explicit zero fees, checked against the
contracts before it is signed, and sendable again as the same bytes. The pieces are separate on
purpose: whoever anchors stores the signed bytes before they are sent, and after a crash sends just
these again. Refuses a nonce that another transaction took (``nonce_taken``) and more gas than
``GAS_CAP``.

A signer is anything with an address that signs digests for one use; no key is ever seen here.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from contracts.abi import keccak, lower_address
from contracts.calls import Call
from contracts.chain import Chain, quantity
from contracts.reader import Ledger, Receipt
from contracts.rpc import RpcError
from core.errors import FormatError, ProofError, Refused, Unavailable

GAS_CAP: Final = 16_777_216  # 2^24, what one transaction may use since EIP-7825
_KNOWN: Final = ("already known", "already imported", "known transaction")
_NONCE_GONE: Final = ("nonce too low", "nonce_too_low", "replacement transaction underpriced")
_POLL: Final = 0.05


class Signer(Protocol):
    """Signs digests for one account; ``keys.signer.AccountSigner`` is one."""

    @property
    def address(self) -> str: ...

    def sign_digest(self, digest: bytes, *, use: Any) -> bytes:
        """Return r ‖ s ‖ recovery id for ``use``: ``operating`` or ``recovery``."""
        ...


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """Bytes ready to be sent, any number of times."""

    raw: bytes
    hash: bytes
    nonce: int


def sign(
    call: Call, nonce: int, chain_id: int, gas: int, signer: Signer, use: str = "operating"
) -> SignedTransaction:
    """Return ``call`` signed, with zero fees.

    Args:
        call: its ``to`` is empty to create a contract.

    Raises:
        Refused: the signer does not sign for ``use``.
        ProofError: the signer's signature is not by its address.
    """
    from eth_account import Account
    from eth_account.typed_transactions.typed_transaction import TypedTransaction

    fields: dict[str, Any] = {
        "type": 2,
        "chainId": chain_id,
        "nonce": nonce,
        "maxPriorityFeePerGas": 0,
        "maxFeePerGas": 0,
        "gas": gas,
        "to": bytes.fromhex(call.to[2:]),
        "value": 0,
        "data": call.data,
        "accessList": [],
    }
    digest = bytes(TypedTransaction.from_dict(fields).hash())
    signature = signer.sign_digest(digest, use=use)
    if len(signature) != 65:
        raise ProofError("signature", "transaction signature: expected 65 bytes")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")
    signed = TypedTransaction.from_dict({**fields, "v": signature[64], "r": r, "s": s})
    raw = signed.encode()
    if Account.recover_transaction(raw).lower() != signer.address.lower():
        raise ProofError("signature", "transaction signature: it is not by the account's key")
    return SignedTransaction(raw, keccak(raw), nonce)


@dataclass(frozen=True, slots=True)
class Stated:
    """What signed bytes say."""

    sender: str
    nonce: int
    call: Call
    hash: bytes


def stated(raw: bytes) -> Stated:
    """Return what a transaction that ``sign`` made says, and who signed it.

    Raises:
        FormatError: the bytes are no such transaction.
    """
    from eth_account import Account
    from eth_account.typed_transactions import typed_transaction

    try:
        encoded = typed_transaction.HexBytes(raw)  # type: ignore[attr-defined]
        fields = typed_transaction.TypedTransaction.from_bytes(encoded).as_dict()
        call = Call(lower_address("0x" + bytes(fields["to"]).hex()), bytes(fields["data"]))
        sender = lower_address(Account.recover_transaction(raw))
        return Stated(sender, int(fields["nonce"]), call, keccak(raw))
    except Exception:  # the libraries raise whatever comes up
        raise FormatError("transaction", "signed bytes: expected a transaction of ours") from None


def check(chain: Chain, call: Call, sender: str) -> None:
    """Run ``call`` on the newest state without sending it.

    Raises:
        LedgerRefused: the contract would refuse it; with the contract's reason.
    """
    chain.request("eth_call", _message(call, sender), "latest")


def gas_for(chain: Chain, call: Call, sender: str) -> int:
    """Return the gas to send with ``call``: the node's estimate and a quarter more.

    Raises:
        LedgerRefused: the contract would refuse it.
        Refused: ``too_much_gas``.
    """
    estimate = quantity(chain.request("eth_estimateGas", _message(call, sender)))
    if estimate > GAS_CAP:
        raise Refused(
            "too_much_gas", f"transaction: expected at most {GAS_CAP} gas, got {estimate}"
        )
    return min(estimate + estimate // 4, GAS_CAP)


def send(chain: Chain, signed: SignedTransaction) -> bytes:
    """Send signed bytes, or send them again; return the transaction's hash.

    Raises:
        Refused: ``nonce_taken``, another transaction has this nonce; ``transaction_refused``.
        Unavailable: the node did not answer; the transaction may have arrived all the same.
    """
    try:
        chain.request("eth_sendRawTransaction", "0x" + signed.raw.hex())
    except RpcError as error:
        _judge(chain, signed, error)
    return signed.hash


def wait(
    ledger: Ledger,
    transaction: bytes,
    depth: int = 0,
    timeout: float = 60.0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Receipt:
    """Return the receipt once ``depth`` blocks stand on it.

    Raises:
        Unavailable: ``not_mined``, not within ``timeout`` seconds.
    """
    deadline = clock() + timeout
    while True:
        receipt = ledger.receipt(transaction)
        if receipt is not None and (not depth or ledger.head().block - receipt.block >= depth):
            return receipt
        if clock() >= deadline:
            raise Unavailable(
                "not_mined", f"transaction 0x{transaction.hex()}: not final within {timeout:g} s"
            )
        sleep(_POLL)


class Account:
    """Sends one account's transactions one by one, for administration.

    Its nonce lives in memory: whoever must survive a crash stores :class:`SignedTransaction`
    instead.

    Args:
        use: what the signer signs for: ``operating`` or ``recovery``.
    """

    def __init__(self, ledger: Ledger, signer: Signer, use: str = "operating") -> None:
        self._ledger = ledger
        self._signer = signer
        self._use = use
        self._nonce: int | None = None

    @property
    def address(self) -> str:
        """The account's address, lower case."""
        return lower_address(self._signer.address)

    def forget_nonce(self) -> None:
        """Ask the chain for the next nonce, after somebody else used the account."""
        self._nonce = None

    def transact(self, call: Call) -> Receipt:
        """Check, sign and send ``call`` and return its receipt.

        Raises:
            LedgerRefused: the contract refuses it; nothing was sent, or it was reverted.
        """
        return self.transact_all([call])[0]

    def transact_all(self, calls: Sequence[Call]) -> list[Receipt]:
        """Send ``calls`` one after another, in one block where they fit; return their receipts.

        Each is checked before any is sent, so none may rest on another of them.

        Raises:
            LedgerRefused: the contract refuses one; nothing was sent, or it was reverted.
        """
        gas = [self._gas(call) for call in calls]
        sent = [self._send(*one) for one in zip(calls, gas, strict=True)]
        receipts = [wait(self._ledger, transaction) for transaction in sent]
        for receipt in receipts:
            if not receipt.succeeded:
                raise receipt.refusal or Refused("reverted", "the ledger refused the transaction")
        return receipts

    def _gas(self, call: Call) -> int:
        if call.to:
            check(self._ledger.chain, call, self.address)
        return gas_for(self._ledger.chain, call, self.address)

    def _send(self, call: Call, gas: int) -> bytes:
        chain = self._ledger.chain
        if self._nonce is None:
            self._nonce = self._ledger.nonce(self.address, pending=True)
        signed = sign(call, self._nonce, chain.chain_id, gas, self._signer, self._use)
        try:
            sent = send(chain, signed)
        except BaseException:
            self._nonce = None  # asked again before the next one
            raise
        self._nonce += 1
        return sent


def _message(call: Call, sender: str) -> dict[str, str]:
    """Return a call as a node takes it; written here, for web3 takes a second to load."""
    message = {
        "from": lower_address(sender),
        "data": "0x" + call.data.hex(),
        "maxFeePerGas": "0x0",
        "maxPriorityFeePerGas": "0x0",
    }
    return {**message, "to": lower_address(call.to)} if call.to else message


def _judge(chain: Chain, signed: SignedTransaction, error: RpcError) -> None:
    """Return when the node has our transaction already; otherwise raise why it does not."""
    said = error.text.lower()
    if any(words in said for words in _KNOWN):
        return
    if any(words in said for words in _NONCE_GONE):
        text = "0x" + signed.hash.hex()
        if chain.request("eth_getTransactionByHash", text) is not None:
            return
        raise Refused(
            "nonce_taken",
            f"transaction 0x{signed.hash.hex()}: another one has the nonce {signed.nonce}",
            "is a second worker using this account?",
        ) from None
    raise Refused("transaction_refused", f"the chain node refused: {error.text[:200]}") from None
