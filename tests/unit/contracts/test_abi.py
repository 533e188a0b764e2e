"""Our ABI codec against web3's, and against bytes that are no proper encoding."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from typing import Any

import pytest
from eth_abi import encode as reference_encode

from contracts.abi import Type, keccak, lower_address, signature, types_of
from contracts.interfaces import errors, functions_of, refusal, snake_case
from core.errors import ComityError, FormatError

ADDRESS = "0x" + "ab" * 20
FIRST_KEY = {
    "type": "tuple[]",
    "components": [{"type": "uint8"}, {"type": "bytes"}, {"type": "bytes"}],
}
CASES: tuple[tuple[list[Any], list[str], list[Any]], ...] = (
    ([{"type": "uint256"}], ["uint256"], [2**256 - 1]),
    ([{"type": "bool"}, {"type": "address"}], ["bool", "address"], [True, ADDRESS]),
    ([{"type": "string"}, {"type": "bytes"}], ["string", "bytes"], ["华信 é", b"\x01" * 33]),
    ([{"type": "bytes"}], ["bytes"], [b""]),
    ([{"type": "bytes2"}, {"type": "bytes32"}], ["bytes2", "bytes32"], [b"CN", b"\x07" * 32]),
    ([{"type": "uint32[]"}], ["uint32[]"], [[1, 2, 3]]),
    ([FIRST_KEY], ["(uint8,bytes,bytes)[]"], [[(1, b"key", b""), (3, b"b" * 48, b"p" * 96)]]),
    (
        [{"type": "tuple", "components": [{"type": "string"}, FIRST_KEY, {"type": "address"}]}],
        ["(string,(uint8,bytes,bytes)[],address)"],
        [("n", [(1, b"key", b"")], ADDRESS)],
    ),
)


@pytest.mark.parametrize(("ours", "theirs", "values"), CASES)
def test_encodes_and_decodes_as_the_reference(
    ours: list[Any], theirs: list[str], values: list[Any]
) -> None:
    kind = types_of(ours)
    raw = kind.encode(values)
    assert raw == reference_encode(theirs, values)
    assert kind.encode(kind.decode(raw)) == raw


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("uint8", 256), ("uint8", -1), ("uint8", True), ("uint8", "1"), ("bool", 1),
        ("address", "0x12"), ("bytes32", b"short"), ("bytes", "text"), ("string", b"bytes"),
        ("uint8[]", 5), ("uint8[]", "12"),
    ],
)  # fmt: skip
def test_values_of_another_type_are_refused(name: str, value: Any) -> None:
    with pytest.raises(FormatError):
        types_of([{"type": name}]).encode([value])


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("uint8", (256).to_bytes(32, "big")),
        ("bool", (2).to_bytes(32, "big")),
        ("address", b"\1" + bytes(31)),
        ("bytes2", b"CN" + b"\1" + bytes(29)),
        ("uint8", bytes(31)),
        ("bytes", (32).to_bytes(32, "big") + (5).to_bytes(32, "big") + b"12345" + b"\1" * 27),
        ("bytes", (32).to_bytes(32, "big") + (2**255).to_bytes(32, "big")),
        ("bytes", (2**255).to_bytes(32, "big")),
        ("uint8[]", (32).to_bytes(32, "big") + (2**200).to_bytes(32, "big")),
    ],
)
def test_improper_bytes_are_refused(name: str, raw: bytes) -> None:
    with pytest.raises(FormatError):
        types_of([{"type": name}]).decode(raw)


def test_any_mutation_decodes_or_is_a_format_error(randomness: random.Random) -> None:
    kind = types_of(CASES[-1][0])
    raw = kind.encode(CASES[-1][2])
    for _ in range(2_000):
        changed = bytearray(raw)
        changed[randomness.randrange(len(raw))] ^= 1 << randomness.randrange(8)
        _only_format_errors(kind, bytes(changed[: randomness.randrange(len(raw) + 1)]))
        _only_format_errors(kind, bytes(changed))


def _only_format_errors(kind: Type, raw: bytes) -> None:
    with contextlib.suppress(FormatError):
        kind.decode(raw, 0)


def test_unknown_types_are_refused() -> None:
    with pytest.raises(FormatError):
        types_of([{"type": "int256"}])


def test_keccak_and_signatures() -> None:
    assert keccak(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    entry = {"name": "f", "inputs": [FIRST_KEY, {"type": "bytes32"}]}
    assert signature(entry) == "f((uint8,bytes,bytes)[],bytes32)"
    assert functions_of("anchors")["claim"].selector == keccak(b"claim(uint64)")[:4]


def test_every_custom_error_becomes_ours() -> None:
    kind = errors()[keccak(b"FenceStale(uint32,uint64,uint64)")[:4]]
    raw = keccak(b"FenceStale(uint32,uint64,uint64)")[:4] + kind.inputs.encode([3, 5, 4])
    refused = refusal(raw)
    assert (refused.code, refused.values) == (
        "fence_stale",
        {"member": 3, "current": 5, "given": 4},
    )
    assert "member 3" in refused.message
    assert all(error.code == snake_case(error.code) for error in errors().values())


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "reverted"),
        (b"\1\2", "reverted"),
        (b"\xde\xad\xbe\xef", "reverted"),
        (keccak(b"Panic(uint256)")[:4] + (17).to_bytes(32, "big"), "panic"),
        (keccak(b"FenceStale(uint32,uint64,uint64)")[:4] + b"broken", "fence_stale"),
    ],
)
def test_reverts_without_a_proper_reason_have_a_code(raw: bytes, code: str) -> None:
    assert refusal(raw).code == code


@pytest.mark.parametrize("text", ["", "0x", "0x" + "g" * 40, "ab" * 20, "0x" + "a" * 41])
def test_addresses(text: str) -> None:
    assert lower_address("0x" + "AB" * 20) == ADDRESS
    check: Callable[[str], str] = lower_address
    with pytest.raises(ComityError):
        check(text)
