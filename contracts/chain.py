"""One chain, through one node of ours: identity checked, answers bounded, errors our own.

Decides what the rest of the project may assume about a chain node: it serves the expected chain
(checked before anything else is asked), it never makes us look anything up elsewhere (CCIP-read is
off), and whatever goes wrong arrives as one of our errors: not reachable, another chain, or the
contract's own reason. ``web3`` gives web3.py over the same connection and limits; what a node and a
verifier read and send does without it, for it takes a second to load.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from contracts.abi import lower_address
from contracts.interfaces import refusal
from contracts.rpc import Call, Rpc, RpcError
from core.errors import Refused, Unavailable
from core.limits import RPC_TIMEOUT

if TYPE_CHECKING:
    from web3 import Web3


class Chain:
    """A chain node that was seen to serve the expected chain.

    Args:
        rpc_url: http or https URL of the node.
        expected_chain_id: the chain that the ledger's origin names.
        timeout: seconds for one round trip.

    Raises:
        Refused: ``wrong_chain``, the node serves another chain.
        Unavailable: ``chain_unreachable``, the node does not answer.
    """

    def __init__(self, rpc_url: str, expected_chain_id: int, timeout: float = RPC_TIMEOUT) -> None:
        self.rpc = Rpc(rpc_url, timeout)
        self.chain_id = expected_chain_id
        try:
            self.require_chain(self.rpc.call("eth_chainId"))
        except BaseException:
            self.rpc.close()
            raise

    def __repr__(self) -> str:
        return f"Chain({self.chain_id} at {self.rpc.place})"

    def close(self) -> None:
        """Close the connections."""
        self.rpc.close()

    def require_chain(self, answer: Any) -> None:
        """Raise ``wrong_chain`` unless ``answer``, of ``eth_chainId``, is the expected chain."""
        served = quantity(answer)
        if served != self.chain_id:
            raise Refused(
                "wrong_chain",
                f"chain node at {self.rpc.place}: expected chain {self.chain_id}, got {served}",
                "check the node's address and the ledger's origin",
            )

    def request(self, method: str, *params: Any) -> Any:
        """Return the result of one call to the node.

        Raises:
            LedgerRefused: a contract reverted.
            RpcError: another error of the node.
            Unavailable: no answer.
        """
        try:
            return self.rpc.call(method, params)
        except RpcError as error:
            if error.revert is not None:
                raise refusal(error.revert) from None
            raise

    def request_batch(self, calls: Sequence[Call]) -> list[Any]:
        """Return the results of several calls, in order; raises as :meth:`request`."""
        try:
            return self.rpc.call_batch(calls)
        except RpcError as error:
            if error.revert is not None:
                raise refusal(error.revert) from None
            raise

    def call(
        self, to: str, data: bytes, sender: str | None = None, block: int | str = "latest"
    ) -> bytes:
        """Return what a contract answers, without a transaction.

        Raises:
            LedgerRefused: it reverted.
        """
        message = {"to": lower_address(to), "data": "0x" + data.hex()}
        if sender is not None:
            message["from"] = lower_address(sender)
        at = hex(block) if isinstance(block, int) else block
        return hex_bytes(self.request("eth_call", message, at))

    def code(self, address: str) -> bytes:
        """Return the code at ``address``, empty when there is none."""
        return hex_bytes(self.request("eth_getCode", lower_address(address), "latest"))

    @cached_property
    def web3(self) -> "Web3":
        """A web3 over this connection: same limits, same errors, nothing looked up elsewhere."""
        from web3 import Web3
        from web3.providers.base import JSONBaseProvider
        from web3.types import RPCEndpoint, RPCResponse

        request = self.request

        class Provider(JSONBaseProvider):
            """Sends web3's requests through :meth:`Chain.request`."""

            global_ccip_read_enabled = False

            def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
                return {"jsonrpc": "2.0", "id": 0, "result": request(str(method), *params)}

        return Web3(Provider(), middleware=[])  # nothing that asks the node for more than we do


def quantity(answer: Any) -> int:
    """Return a number from a node's answer.

    Raises:
        Unavailable: it is none.
    """
    try:
        return int(answer, 16)
    except (TypeError, ValueError):
        raise _not_expected("a number") from None


def hex_bytes(answer: Any) -> bytes:
    """Return bytes from a node's answer.

    Raises:
        Unavailable: they are none.
    """
    if isinstance(answer, str) and answer.startswith("0x"):
        try:
            return bytes.fromhex(answer[2:])
        except ValueError:
            pass
    raise _not_expected("bytes")


def _not_expected(what: str) -> Unavailable:
    return Unavailable("chain_answer", f"the chain node's answer: expected {what}")
