"""Running a development chain under test: senders, a quiet chain, and the process behind it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount

from contracts.devchain.supervisor import DEFAULT_CHAIN_ID, DevChain
from tests.support.jsonrpc import JsonRpc

STORE_AND_LOG = "0x600160005560005060006000a0"  # SSTORE(0, 1), then an empty log, as init code
REVERT = "0x60006000fd"
_SEEDS = itertools.count(1)
KNOWN = ("transaction already imported", "nonce too low")  # the answer was lost, not the thing


class Sender:
    """An account that signs transactions with zero fees, one nonce after the other."""

    def __init__(self, chain_id: int = DEFAULT_CHAIN_ID) -> None:
        self.account: LocalAccount = Account.from_key(next(_SEEDS).to_bytes(32, "big"))
        self.chain_id = chain_id
        self.nonce = 0

    @property
    def address(self) -> str:
        return self.account.address

    def sign(self, **changes: object) -> str:
        fields: dict[str, Any] = {
            "chainId": self.chain_id,
            "nonce": self.nonce,
            "gas": 100_000,
            "to": self.address,
            "value": 0,
            "maxFeePerGas": 0,
            "maxPriorityFeePerGas": 0,
        } | changes
        fields = {name: value for name, value in fields.items() if value is not None}
        self.nonce += 1
        return "0x" + bytes(self.account.sign_transaction(fields).raw_transaction).hex()


@contextmanager
def quiet_chain(folder: Path, **settings: Any) -> Iterator[JsonRpc]:
    """A chain that makes no empty blocks while a test looks at it."""
    with DevChain(folder, **({"block_period": 3600.0} | settings)) as chain:
        yield JsonRpc(chain.rpc_url)


def anvil_of(folder: Path) -> int:
    """The process id of a folder's anvil, as the kernel knows it."""
    for process in Path("/proc").iterdir():
        try:
            is_anvil = process.name.isdigit() and (process / "comm").read_text() == "anvil\n"
            if is_anvil and (process / "cwd").resolve() == folder.resolve():
                return int(process.name)
        except OSError:
            continue
    return 0


def is_answering(rpc: JsonRpc) -> bool:
    return "result" in rpc.answer("eth_blockNumber")
