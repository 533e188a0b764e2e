"""A long chain, made quickly: the journal of a development chain with as much in it as is asked.

Each transaction sets two storage slots and leaves an event of 256 bytes, about what a declaration
of one status does. Signed with coincurve: eth-account takes a second for a thousand.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Final

from coincurve import PrivateKey
from eth_hash.auto import keccak

from contracts.devchain.anvil import Anvil, locate
from contracts.devchain.journal import Accepted, Block, Genesis, Journal
from contracts.devchain.replay import make_block
from contracts.devchain.supervisor import DEFAULT_CHAIN_ID

PERIOD: Final = 20
# SSTORE(word 0, number + 1), SSTORE(word 0 + 1, word 1), LOG2(all of the input, word 0, word 1)
_RUNTIME: Final = bytes.fromhex(
    "436001016000355560203560003560010155366000600037602035600035366000a200"
)
_INIT: Final = bytes.fromhex(f"60{len(_RUNTIME):02x}600c60003960{len(_RUNTIME):02x}6000f3")


def write_journal(folder: Path, begin: int, empty: int, transactions: int, together: int) -> None:
    """Write the journal of a chain: a contract, empty blocks, then blocks of transactions.

    Args:
        folder: the chain's; made if absent.
        begin: the genesis time.
        empty: how many blocks hold nothing.
        transactions: how many there are.
        together: how many of them share a block.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    genesis = Genesis(DEFAULT_CHAIN_ID, begin)
    journal = Journal.open(folder / "journal")
    journal.append(genesis)
    anvil = Anvil.start(locate(), folder, genesis)
    raws = _transactions()
    full, rest = divmod(transactions, together)
    counts = [1] + [0] * empty + [together] * full + [rest] * bool(rest)
    try:
        for number, size in enumerate(counts, 1):
            block, hashes = Block(number, begin + PERIOD * number, size), []
            for _ in range(size):
                raw = next(raws)
                hashes.append(anvil.call("eth_sendRawTransaction", "0x" + raw.hex()))
                journal.append(Accepted(raw))
            journal.append(block)
            journal.append(make_block(anvil, block, hashes))
    finally:
        anvil.stop()
        journal.sync(journal.end)
        journal.close()


def _transactions() -> Iterator[bytes]:
    key = PrivateKey((7).to_bytes(32, "big"))
    sender = keccak(key.public_key.format(compressed=False)[1:])[-20:]
    yield _signed(key, 0, b"", _RUNTIME_INIT)
    contract = keccak(_list(_item(sender), _item(b"")))[-20:]
    for nonce in count(1):
        words = keccak(b"slot %d" % nonce) + keccak(b"value %d" % nonce)
        yield _signed(key, nonce, contract, words + bytes(192))


def _signed(key: PrivateKey, nonce: int, to: bytes, data: bytes) -> bytes:
    fields = [
        *(_number(DEFAULT_CHAIN_ID), _number(nonce), _number(0), _number(0), _number(200_000)),
        *(_item(to), _number(0), _item(data), _list()),
    ]
    signature = key.sign_recoverable(keccak(b"\x02" + _list(*fields)), hasher=None)
    r, s, parity = signature[:32], signature[32:64], signature[64]
    ends = [_number(each) for each in (parity, int.from_bytes(r, "big"), int.from_bytes(s, "big"))]
    return b"\x02" + _list(*fields, *ends)


def _number(number: int) -> bytes:
    return _item(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def _item(content: bytes) -> bytes:
    if len(content) == 1 and content[0] < 0x80:
        return content
    return _headed(0x80, content)


def _list(*items: bytes) -> bytes:
    return _headed(0xC0, b"".join(items))


def _headed(kind: int, content: bytes) -> bytes:
    if len(content) < 56:
        return bytes([kind + len(content)]) + content
    size = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([kind + 55 + len(size)]) + size + content


_RUNTIME_INIT: Final = _INIT + _RUNTIME
