"""The contracts' interfaces as compiled: what can be called, what is recorded, why it refuses.

Decides the tables from which calls, events and errors are read, all derived from the committed
artifacts, so none can drift from the code on the chain. Refuses names that the artifacts do not
hold. Error codes are the contracts' error names in snake case, arguments included.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

import orjson

from contracts.abi import Tuple, keccak, signature, types_of
from core.errors import FormatError, Refused

CONTRACTS: Final[Mapping[str, str]] = {
    "directory": "Directory",
    "members": "Members",
    "keys": "Keys",
    "anchors": "Anchors",
    "statuses": "Statuses",
    "accreditations": "Accreditations",
    "arrangements": "Arrangements",
    "notices": "Notices",
}


@dataclass(frozen=True, slots=True)
class Function:
    """One function of a contract."""

    selector: bytes
    inputs: Tuple
    outputs: Tuple

    def call_data(self, arguments: Sequence[Any]) -> bytes:
        """Return the bytes that call it."""
        return self.selector + self.inputs.encode(arguments)


@dataclass(frozen=True, slots=True)
class ErrorType:
    """One custom error: its code here, and its arguments' names."""

    code: str
    names: tuple[str, ...]
    inputs: Tuple


class LedgerRefused(Refused):
    """A contract refused; ``code`` is the error's name in snake case.

    Args:
        code: for example ``fence_stale``; ``reverted`` when the contract gave no reason.
        values: the error's arguments by name: ids, accounts, hashes and numbers.
    """

    def __init__(self, code: str, values: Mapping[str, Any]) -> None:
        said = ", ".join(f"{name} {_shown(value)}" for name, value in values.items())
        super().__init__(code, f"the ledger refused: {code}" + (f" ({said})" if said else ""))
        self.values = dict(values)


@cache
def artifact(name: str) -> Mapping[str, Any]:
    """Return the compiled contract ``name``, for example ``Members``."""
    folder = resources.files("contracts") / "artifacts"
    found: dict[str, Any] = orjson.loads((folder / f"{name}.json").read_bytes())
    return found


def creation_code(contract: str) -> bytes:
    """Return the code that creates ``contract``, without constructor arguments."""
    return bytes.fromhex(artifact(CONTRACTS[contract])["bytecode"][2:])


def constructor_of(contract: str) -> Tuple:
    """Return the type of the constructor's arguments."""
    found = _entries(contract, "constructor")
    return types_of(found[0]["inputs"] if found else ())


@cache
def functions_of(contract: str) -> Mapping[str, Function]:
    """Return a contract's functions by name (ours are not overloaded)."""
    return {
        entry["name"]: Function(
            keccak(signature(entry).encode())[:4],
            types_of(entry["inputs"]),
            types_of(entry["outputs"]),
        )
        for entry in _entries(contract, "function")
    }


@cache
def events_of(contract: str) -> Mapping[bytes, Mapping[str, Any]]:
    """Return a contract's events, as its JSON ABI describes them, by their topic."""
    return {keccak(signature(e).encode()): e for e in _entries(contract, "event")}


@cache
def errors() -> Mapping[bytes, ErrorType]:
    """Return the custom errors of all contracts, and the compiler's own two, by selector."""
    found: list[dict[str, Any]] = [
        {"name": "Error", "inputs": [{"name": "text", "type": "string"}]},
        {"name": "Panic", "inputs": [{"name": "number", "type": "uint256"}]},
    ]
    for contract in CONTRACTS:
        found += _entries(contract, "error")
    return {
        keccak(signature(entry).encode())[:4]: ErrorType(
            snake_case(entry["name"]),
            tuple(snake_case(p["name"]) for p in entry["inputs"]),
            types_of(entry["inputs"]),
        )
        for entry in found
    }


def refusal(revert: bytes) -> LedgerRefused:
    """Return our error for the bytes a contract reverted with."""
    error = errors().get(revert[:4])
    if error is None:
        return LedgerRefused("reverted", {"selector": revert[:4]} if revert else {})
    try:
        values = error.inputs.decode(revert[4:])
    except FormatError:
        values = ()
    return LedgerRefused(error.code, dict(zip(error.names, values, strict=False)))


def snake_case(name: str) -> str:
    """Return ``FenceStale`` as ``fence_stale``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _entries(contract: str, kind: str) -> list[dict[str, Any]]:
    return [entry for entry in artifact(CONTRACTS[contract])["abi"] if entry["type"] == kind]


def _shown(value: Any) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)[:100]
