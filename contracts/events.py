"""Logs of the ledger's contracts, read into the events of ``core/registry.py``.

Decides which logs count: those of the Directory, and those of a contract that the Directory named
before, for as long as it names it. Logs of other addresses are nobody's business here and ignored.
Refuses a log of ours that is not one of our events, in form or in kind: then this version does not
understand the ledger, and reading on would be guessing.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, Final

from contracts.abi import Tuple, lower_address, type_of, types_of
from contracts.interfaces import CONTRACTS, events_of, snake_case
from core import registry
from core.errors import FormatError
from core.registry import ContractSet, Event, Position

DIRECTORY: Final = "directory"

# Recorded by the contracts, of no meaning for anyone's history: the ledger opened.
_WITHOUT_MEANING: Final = frozenset({"Opened"})


class Emitters:
    """The contracts of one ledger at one place of its log.

    Args:
        directory: address of the Directory.
        named: the contracts named so far, by name.
    """

    def __init__(self, directory: str, named: Mapping[str, str] | None = None) -> None:
        self._directory = lower_address(directory)
        self._names: dict[str, str] = dict(named or {})
        self._seen: set[str] = set()
        self._contracts: dict[str, str] = {}
        self._index()

    @property
    def seen(self) -> frozenset[str]:
        """Every address whose logs counted at some place since the start."""
        return frozenset(self._seen)

    def copy(self) -> "Emitters":
        """Return one that starts at this place."""
        return Emitters(self._directory, self._names)

    def read(self, log: Mapping[str, Any], time: int) -> Event | None:
        """Return the event of the next log, None when it is not one that counts.

        Args:
            log: as ``eth_getLogs`` gives it; to be called in ledger order.
            time: the time of its block.

        Raises:
            FormatError: a log of ours that is none of our events.
        """
        contract = self._contracts.get(log["address"].lower())
        if contract is None:
            return None
        event = decode_log(contract, log, time)
        if isinstance(event, ContractSet):
            self._names[event.name] = event.address
            self._index()
        return event

    def _index(self) -> None:
        known = {at: name for name, at in self._names.items() if name in CONTRACTS}
        self._contracts = {**known, self._directory: DIRECTORY}
        self._seen.update(self._contracts)


def decode_log(contract: str, log: Mapping[str, Any], time: int) -> Event | None:
    """Return the event that a log of ``contract`` records, None for one without meaning to us.

    Raises:
        FormatError: not an event of this contract, or not properly encoded.
    """
    try:
        topics, data = log["topics"], bytes.fromhex(log["data"][2:])
        reader = _readers(contract)[topics[0]]
        position = Position(int(log["blockNumber"], 16), int(log["logIndex"], 16))
    except (KeyError, IndexError, TypeError, ValueError):
        raise FormatError(
            "unknown_event", f"a log of the {contract} contract is none of its events"
        ) from None
    return reader(topics, data, position, time)


_Reader = Callable[[list[str], bytes, Position, int], Event | None]


@cache
def _readers(contract: str) -> Mapping[str, _Reader]:
    return {"0x" + topic.hex(): _reader(entry) for topic, entry in events_of(contract).items()}


def _reader(entry: Mapping[str, Any]) -> _Reader:
    if entry["name"] in _WITHOUT_MEANING:
        return lambda _topics, _data, _position, _time: None
    event = _event_class(entry["name"])
    inputs = entry["inputs"]
    indexed = [(at, type_of(p)) for at, p in enumerate(inputs) if p["indexed"]]
    rest = [at for at, p in enumerate(inputs) if not p["indexed"]]
    data_type = types_of([inputs[at] for at in rest])
    names = [at for at, p in enumerate(inputs) if p["type"] == "bytes32" and p["name"] == "name"]
    order = _order([at for at, _ in indexed], rest)

    def read(topics: list[str], data: bytes, position: Position, time: int) -> Event:
        if len(topics) != len(indexed) + 1:
            raise FormatError("unknown_event", f"a {event.kind} log has other topics")
        values: list[Any] = [
            kind.decode(bytes.fromhex(topic[2:]), 0)
            for (_, kind), topic in zip(indexed, topics[1:], strict=True)
        ]
        values += _whole(data_type, data, event.kind)
        values = [values[at] for at in order]
        for at in names:
            values[at] = name_of(values[at])
        return event(position, time, *values)

    return read


def _order(indexed: Iterable[int], rest: Iterable[int]) -> list[int]:
    """Where each input, in the order of the interface, stands among topics then data."""
    places = [*indexed, *rest]
    return [places.index(at) for at in range(len(places))]


def _whole(kind: Tuple, data: bytes, event: str) -> tuple[Any, ...]:
    values = kind.decode(data)
    if not kind.dynamic and len(data) != kind.size:
        raise FormatError("unknown_event", f"a {event} log has other data")
    return values


@cache
def _event_classes() -> Mapping[str, type[Event]]:
    found = (one for one in vars(registry).values() if isinstance(one, type))
    return {one.kind: one for one in found if issubclass(one, Event) and one.kind}


def _event_class(name: str) -> type[Event]:
    event = _event_classes().get(snake_case(name))
    if event is None:
        raise FormatError("unknown_event", f"the ledger records {name}, which is no event of ours")
    return event


def name_of(word: bytes) -> str:
    """Return a name that fills 32 bytes with zeros, as the Directory keeps it."""
    return word.rstrip(b"\0").decode("ascii", "replace")


def name_word(name: str) -> bytes:
    """Return ``name`` as the Directory keeps it.

    Raises:
        FormatError: longer than 32 bytes or not ASCII.
    """
    try:
        raw = name.encode("ascii")
    except UnicodeEncodeError:
        raw = b""
    if not 0 < len(raw) <= 32:
        raise FormatError("name", "ledger name: expected 1 to 32 ASCII characters")
    return raw.ljust(32, b"\0")
