"""The queue reads the same sender, nonce, gas and hash out of a transaction as eth_account."""

from __future__ import annotations

import random

import pytest
from eth_account import Account

from contracts.devchain.transaction import Transaction


def signed(kind: int, randomness: random.Random) -> tuple[bytes, str, str, int, int]:
    account = Account.from_key(randomness.randbytes(32))
    nonce, gas = randomness.choice([0, 1, 127, 128, 2**40]), randomness.choice([21000, 5_000_000])
    fields: dict[str, object] = {
        "nonce": nonce,
        "gas": gas,
        "value": 0,
        "data": randomness.randbytes(randomness.choice([0, 1, 60, 3000])),
        "chainId": randomness.choice([1, 787223, 2**50]),
    }
    if randomness.random() < 0.7:
        fields["to"] = account.address
    if kind == 2:
        fields |= {"maxFeePerGas": 0, "maxPriorityFeePerGas": 0}
    else:
        fields |= {"gasPrice": 0}
    if kind:
        fields |= {"type": kind, "accessList": []}
    if kind == 0 and randomness.random() < 0.3:
        del fields["chainId"]  # before EIP-155
    made = account.sign_transaction(fields)
    return bytes(made.raw_transaction), "0x" + bytes(made.hash).hex(), account.address, nonce, gas


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_it_reads_what_was_signed(kind: int, randomness: random.Random) -> None:
    for _ in range(30):
        raw, tx_hash, sender, nonce, gas = signed(kind, randomness)
        assert Transaction.parse(raw) == Transaction(raw, tx_hash, sender.lower(), nonce, gas)


@pytest.mark.parametrize("kind", [3, 4, 0x7E])
def test_types_that_could_void_a_waiting_transaction_are_refused(kind: int) -> None:
    with pytest.raises(ValueError, match="not supported"):
        Transaction.parse(bytes([kind]) + b"\xc0")


def test_what_is_no_transaction_is_refused(randomness: random.Random) -> None:
    raw, *_ = signed(2, randomness)
    deep = b"\xfa\x0f\xff\xfc" * 200_000
    for wrong in (
        b"",
        b"\x02",
        b"\x02\xc0",
        b"\xc0",
        b"\x80",
        raw[:-1],
        raw + b"\0",
        raw[1:],
        deep,
    ):
        with pytest.raises(ValueError):
            Transaction.parse(wrong)


def test_a_changed_transaction_is_never_its_sender_s(randomness: random.Random) -> None:
    raw, _, sender, *_ = signed(2, randomness)
    for bit in range(len(raw) * 8):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        try:
            assert Transaction.parse(bytes(flipped)).sender != sender.lower()
        except ValueError:
            continue
