"""Reading a signed transaction just far enough to queue it: sender, nonce, gas, hash.

anvil remains the judge of signature, chain id, fees, intrinsic gas and canonical form. Refused
here are blob and code-setting transactions (types 3 and 4): the first carries data that no block
keeps, the second can spend another account's nonce and so make a waiting transaction void.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where a transaction type keeps what is wanted; the last three fields are the signature."""

    fields: int
    nonce: int
    gas: int


# EIP-155 and before, EIP-2930, EIP-1559
_LAYOUTS: Final = {0: _Layout(9, 0, 2), 1: _Layout(11, 1, 3), 2: _Layout(12, 1, 4)}


@dataclass(frozen=True, slots=True)
class Transaction:
    """A signed transaction and what the queue needs to know of it."""

    raw: bytes
    hash: str
    sender: str
    nonce: int
    gas: int

    @classmethod
    def parse(cls, raw: bytes) -> Transaction:
        """Read a raw transaction.

        Raises:
            ValueError: it is none, or of a type this chain does not take.
        """
        from eth_hash.auto import keccak

        kind = raw[0] if raw and raw[0] < 0x80 else 0
        layout = _LAYOUTS.get(kind)
        if layout is None:
            raise ValueError(f"transaction type {kind} is not supported")
        fields = _fields(raw[1:] if kind else raw)
        if len(fields) != layout.fields:
            raise ValueError("not a signed transaction")
        return cls(
            raw=raw,
            hash="0x" + keccak(raw).hex(),
            sender=_sender(kind, fields),
            nonce=_number(fields[layout.nonce]),
            gas=_number(fields[layout.gas]),
        )


def _sender(kind: int, fields: list[bytes]) -> str:
    """Recover the address whose key made the signature."""
    from coincurve import PublicKey
    from eth_hash.auto import keccak

    parity, r, s = (_number(field) for field in fields[-3:])
    unsigned = b"".join(fields[:-3])
    if not kind and parity >= 35:  # EIP-155: v names the chain, which is signed as well
        unsigned += _encoded_number((parity - 35) // 2) + b"\x80\x80"
        parity = (parity - 35) % 2
    elif not kind:
        parity -= 27
    if parity not in (0, 1):
        raise ValueError("not a signed transaction")
    digest = keccak((bytes([kind]) if kind else b"") + _encoded_list(unsigned))
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([parity])
    try:
        key = PublicKey.from_signature_and_message(signature, digest, hasher=None)
    except Exception as error:  # coincurve raises a bare Exception when there is no such key
        raise ValueError("the signature is not one") from error
    return "0x" + keccak(key.format(compressed=False)[1:])[-20:].hex()


# ---------------------------------------------------------------- RLP, one level deep


def _fields(encoded: bytes) -> list[bytes]:
    """Return the items of an RLP list, each still encoded; lists inside are not looked into."""
    content, end = _bounds(encoded, 0)
    if not encoded or encoded[0] < 0xC0 or end != len(encoded):
        raise ValueError("not a signed transaction")
    items = []
    while content < end:
        _, next_item = _bounds(encoded, content)
        items.append(encoded[content:next_item])
        content = next_item
    return items


def _bounds(encoded: bytes, start: int) -> tuple[int, int]:
    """Return where the content of the item at ``start`` begins and ends."""
    head = encoded[start] if start < len(encoded) else 0x80
    if head < 0x80:
        begin, length = start, 1
    elif head < 0xB8:
        begin, length = start + 1, head - 0x80
    elif 0xC0 <= head < 0xF8:
        begin, length = start + 1, head - 0xC0
    else:
        size = head - (0xB7 if head < 0xC0 else 0xF7)
        begin = start + 1 + size
        length = int.from_bytes(encoded[start + 1 : begin], "big")
    if begin + length > len(encoded):
        raise ValueError("not a signed transaction")
    return begin, begin + length


def _number(item: bytes) -> int:
    begin, end = _bounds(item, 0)
    if item[0] >= 0xC0 or end - begin > 32:
        raise ValueError("not a signed transaction")
    return int.from_bytes(item[begin:end], "big")


def _encoded_number(number: int) -> bytes:
    content = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return content if number and number < 0x80 else bytes([0x80 + len(content)]) + content


def _encoded_list(content: bytes) -> bytes:
    if len(content) < 56:
        return bytes([0xC0 + len(content)]) + content
    size = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([0xF7 + len(size)]) + size + content
