"""Reading a signed transaction just far enough to queue it: sender, nonce, gas, hash.

anvil remains the judge of signature, chain id, fees and intrinsic gas. Refused here are blob and
code-setting transactions (types 3 and 4): the first carries data that no block keeps, the second
can spend another account's nonce and so make a waiting transaction void.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, cast

_FIELDS_OF_TYPE: Final = {1: 11, 2: 12}
_NONCE_OF_TYPE: Final = {1: 1, 2: 1}
_GAS_OF_TYPE: Final = {1: 3, 2: 4}
_LEGACY_FIELDS: Final = 9


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
        if kind and kind not in _FIELDS_OF_TYPE:
            raise ValueError(f"transaction type {kind} is not supported")
        fields = _fields(raw[1:] if kind else raw)
        if len(fields) != _FIELDS_OF_TYPE.get(kind, _LEGACY_FIELDS):
            raise ValueError("not a signed transaction")
        nonce, gas = fields[_NONCE_OF_TYPE.get(kind, 0)], fields[_GAS_OF_TYPE.get(kind, 2)]
        return cls(
            raw=raw,
            hash="0x" + keccak(raw).hex(),
            sender=_sender(kind, fields),
            nonce=_number(nonce),
            gas=_number(gas),
        )


def _fields(encoded: bytes) -> list[object]:
    import rlp  # type: ignore[import-untyped]

    try:
        fields = rlp.decode(encoded)
    except rlp.exceptions.RLPException as error:
        raise ValueError("not a signed transaction") from error
    if not isinstance(fields, list):
        raise ValueError("not a signed transaction")
    return fields


def _number(field: object) -> int:
    if not isinstance(field, bytes) or len(field) > 32:
        raise ValueError("not a signed transaction")
    return int.from_bytes(field)


def _sender(kind: int, fields: list[object]) -> str:
    import rlp
    from coincurve import PublicKey
    from eth_hash.auto import keccak

    parity, r, s = (_number(field) for field in fields[-3:])
    unsigned = fields[:-3]
    if not kind and parity >= 35:
        unsigned += [(parity - 35) // 2, 0, 0]  # EIP-155
        parity = (parity - 35) % 2
    elif not kind:
        parity -= 27
    if parity not in (0, 1):
        raise ValueError("not a signed transaction")
    prefix = bytes([kind]) if kind else b""
    digest = keccak(prefix + cast(bytes, rlp.encode(unsigned)))
    try:
        signature = r.to_bytes(32) + s.to_bytes(32) + bytes([parity])
        key = PublicKey.from_signature_and_message(signature, digest, hasher=None)
    except (ValueError, OverflowError) as error:
        raise ValueError("the signature is not one") from error
    except Exception as error:  # coincurve raises a bare Exception when recovery fails
        raise ValueError("the signature is not one") from error
    return "0x" + keccak(key.format(compressed=False)[1:])[-20:].hex()
