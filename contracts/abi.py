"""The contract ABI: values to bytes and back, strictly.

Decides how Solidity values of our contracts look as bytes. Small on purpose: the types our
interfaces use (uintN, bool, address, bytesN, bytes, string, enums as uint8, structs, arrays) and no
others. Refuses what is not the one proper encoding: a uint8 of 256, an address with high bytes, a
bool of 2, dirty padding, an offset outside the bytes.

Addresses are ``0x`` and 40 lower-case hex digits everywhere in this project.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any, Final

from core.errors import FormatError

WORD: Final = 32
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_UINT = re.compile(r"uint(\d{1,3})")
_BYTES = re.compile(r"bytes(\d{1,2})")


def keccak(value: bytes) -> bytes:
    """Return Keccak-256 (the one of Ethereum, not SHA3-256)."""
    from Crypto.Hash import keccak as hashes  # slow to import

    return hashes.new(digest_bits=256, data=value).digest()


def lower_address(text: str) -> str:
    """Return the address in lower case.

    Raises:
        FormatError: it is no address.
    """
    if not _ADDRESS.fullmatch(text):
        raise FormatError("address", "account or contract: expected 0x and 40 hex digits")
    return text.lower()


class Type:
    """One ABI type.

    Args:
        dynamic: whether the head holds an offset.
        size: bytes in the head.
    """

    __slots__ = ("dynamic", "size")

    def __init__(self, dynamic: bool, size: int = WORD) -> None:
        self.dynamic = dynamic
        self.size = size

    def encode(self, value: Any) -> bytes:
        """Return the encoding of ``value``."""
        raise NotImplementedError

    def decode(self, raw: bytes, at: int) -> Any:
        """Return the value that starts at ``at``."""
        raise NotImplementedError


class _Uint(Type):
    __slots__ = ("_limit",)

    def __init__(self, bits: int) -> None:
        super().__init__(False)
        self._limit = 1 << bits

    def encode(self, value: Any) -> bytes:
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < self._limit:
            raise _wrong(f"a whole number below 2^{self._limit.bit_length() - 1}")
        return value.to_bytes(WORD, "big")

    def decode(self, raw: bytes, at: int) -> int:
        value = int.from_bytes(_word(raw, at), "big")
        if value >= self._limit:
            raise _wrong(f"a number below 2^{self._limit.bit_length() - 1}")
        return value


class _Bool(Type):
    __slots__ = ()

    def encode(self, value: Any) -> bytes:
        if not isinstance(value, bool):
            raise _wrong("a yes or no")
        return int(value).to_bytes(WORD, "big")

    def decode(self, raw: bytes, at: int) -> bool:
        value = int.from_bytes(_word(raw, at), "big")
        if value > 1:
            raise _wrong("0 or 1")
        return value == 1


class _Address(Type):
    __slots__ = ()

    def encode(self, value: Any) -> bytes:
        return bytes(12) + bytes.fromhex(lower_address(value)[2:])

    def decode(self, raw: bytes, at: int) -> str:
        word = _word(raw, at)
        if any(word[:12]):
            raise _wrong("an address")
        return "0x" + word[12:].hex()


class _FixedBytes(Type):
    __slots__ = ("_length",)

    def __init__(self, length: int) -> None:
        super().__init__(False)
        self._length = length

    def encode(self, value: Any) -> bytes:
        if not isinstance(value, bytes) or len(value) != self._length:
            raise _wrong(f"{self._length} bytes")
        return value.ljust(WORD, b"\0")

    def decode(self, raw: bytes, at: int) -> bytes:
        word = _word(raw, at)
        if any(word[self._length :]):
            raise _wrong(f"{self._length} bytes and zeros")
        return word[: self._length]


class _Bytes(Type):
    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(True)

    def encode(self, value: Any) -> bytes:
        if not isinstance(value, bytes):
            raise _wrong("bytes")
        return len(value).to_bytes(WORD, "big") + value + bytes(-len(value) % WORD)

    def decode(self, raw: bytes, at: int) -> Any:
        length = int.from_bytes(_word(raw, at), "big")
        start, end = at + WORD, at + WORD + length
        padded = end + -length % WORD
        if padded > len(raw) or any(raw[end:padded]):
            raise _wrong("bytes of the stated length, then zeros")
        return raw[start:end]


class _String(_Bytes):
    __slots__ = ()

    def encode(self, value: Any) -> bytes:
        if not isinstance(value, str):
            raise _wrong("a text")
        return super().encode(value.encode())

    def decode(self, raw: bytes, at: int) -> str:
        # the contracts check length only: a text that is no UTF-8 must not stop a reader
        text: str = super().decode(raw, at).decode("utf-8", "replace")
        return text


class _Array(Type):
    __slots__ = ("_item",)

    def __init__(self, item: Type) -> None:
        super().__init__(True)
        self._item = item

    def encode(self, value: Any) -> bytes:
        if not isinstance(value, Sequence) or isinstance(value, str | bytes):
            raise _wrong("a list")
        body = Tuple([self._item] * len(value)).encode(value)
        return len(value).to_bytes(WORD, "big") + body

    def decode(self, raw: bytes, at: int) -> list[Any]:
        count = int.from_bytes(_word(raw, at), "big")
        if count * self._item.size > len(raw):
            raise _wrong("a list that fits")
        return list(Tuple([self._item] * count).decode(raw, at + WORD))


class Tuple(Type):
    """A struct, or the arguments of a function, error or event."""

    __slots__ = ("_items",)

    def __init__(self, items: Sequence[Type]) -> None:
        dynamic = any(item.dynamic for item in items)
        super().__init__(dynamic, WORD if dynamic else sum(item.size for item in items))
        self._items = tuple(items)

    @property
    def places(self) -> tuple[int, ...]:
        """Where each item stands in the head: the value, or the offset of a dynamic one."""
        return tuple(accumulate((item.size for item in self._items[:-1]), initial=0))

    def encode(self, value: Any) -> bytes:
        """Return the encoding of a sequence with one value for each item."""
        if len(value) != len(self._items):
            raise _wrong(f"{len(self._items)} values")
        parts = [item.encode(one) for item, one in zip(self._items, value, strict=True)]
        at = sum(item.size for item in self._items)
        head, tail = bytearray(), bytearray()
        for item, part in zip(self._items, parts, strict=True):
            if item.dynamic:
                head += (at + len(tail)).to_bytes(WORD, "big")
                tail += part
            else:
                head += part
        return bytes(head + tail)

    def decode(self, raw: bytes, at: int = 0) -> tuple[Any, ...]:
        """Return the values that are encoded from ``at`` on."""
        values = []
        head = at
        for item in self._items:
            if item.dynamic:
                values.append(item.decode(raw, at + offset_in(raw, head)))
            else:
                values.append(item.decode(raw, head))
            head += item.size
        return tuple(values)


_SIMPLE: Final[Mapping[str, Type]] = {
    "bool": _Bool(False),
    "address": _Address(False),
    "bytes": _Bytes(),
    "string": _String(),
}


def type_of(parameter: Mapping[str, Any]) -> Type:
    """Return the type of one parameter as a JSON ABI describes it."""
    name: str = parameter["type"]
    if name.endswith("[]"):
        return _Array(type_of({**parameter, "type": name[:-2]}))
    if name == "tuple":
        return Tuple([type_of(part) for part in parameter["components"]])
    if match := _UINT.fullmatch(name):
        return _Uint(int(match[1]))
    if match := _BYTES.fullmatch(name):
        return _FixedBytes(int(match[1]))
    if name not in _SIMPLE:
        raise FormatError("abi_type", f"contract interface: type {name} is not one of ours")
    return _SIMPLE[name]


def types_of(parameters: Sequence[Mapping[str, Any]]) -> Tuple:
    """Return the type of a parameter list."""
    return Tuple([type_of(parameter) for parameter in parameters])


def signature(entry: Mapping[str, Any]) -> str:
    """Return the canonical signature of a function, event or error of a JSON ABI."""
    name: str = entry["name"]
    return name + "(" + ",".join(_canonical(p) for p in entry["inputs"]) + ")"


def _canonical(parameter: Mapping[str, Any]) -> str:
    name: str = parameter["type"]
    if not name.startswith("tuple"):
        return name
    return "(" + ",".join(_canonical(p) for p in parameter["components"]) + ")" + name[5:]


def offset_in(raw: bytes, at: int) -> int:
    """Return the offset that is written at ``at``."""
    offset = int.from_bytes(_word(raw, at), "big")
    if offset > len(raw):
        raise _wrong("an offset inside the bytes")
    return offset


def _word(raw: bytes, at: int) -> bytes:
    word = raw[at : at + WORD]
    if len(word) != WORD:
        raise _wrong("more bytes")
    return word


def _wrong(expected: str) -> FormatError:
    return FormatError("abi_value", f"contract value: expected {expected}")
