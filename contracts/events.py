"""Logs of the ledger's contracts, read into the events of ``core/events.py``.

Decides which logs count: those of the Directory, and those of a contract that the Directory named
before, for as long as it names it. Logs of other addresses are nobody's business here and ignored.
Refuses a log of ours that is not one of our events, in form or in kind: then this version does not
understand the ledger, and reading on would be guessing.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from contracts.abi import WORD, Type, lower_address, offset_in, type_of
from contracts.interfaces import CONTRACTS, events_of, snake_case
from core.errors import FormatError
from core.events import ContractSet, Event, Position, event_class

DIRECTORY: Final = "directory"

# Recorded by the contracts, of no meaning for anyone's history: the ledger opened.
_IN_LETTERS: Final = frozenset({"name", "scope"})  # bytes32 that hold ASCII, then zeros
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
        topics = log["topics"]
        reader = _readers(contract)[topics[0]]
        words = "".join([topic[2:] for topic in topics[1:]])
        whole = len(words) == 2 * WORD * (len(topics) - 1)
        raw = bytes.fromhex(words + log["data"][2:])
        position = Position(int(log["blockNumber"], 16), int(log["logIndex"], 16))
    except (KeyError, IndexError, TypeError, ValueError):
        whole = False
    if not whole:
        raise FormatError("unknown_event", f"a log of the {contract} contract is no event of it")
    return reader(raw, len(topics), position, time)


_Reader = Callable[[bytes, int, Position, int], Event | None]
_Decode = Callable[[bytes, int], Any]


@cache
def _readers(contract: str) -> Mapping[str, _Reader]:
    return {"0x" + topic.hex(): _reader(entry) for topic, entry in events_of(contract).items()}


def _reader(entry: Mapping[str, Any]) -> _Reader:
    """Return what reads one kind of event from its topics and data, all in one row of words."""
    if entry["name"] in _WITHOUT_MEANING:
        return lambda _raw, _topics, _position, _time: None
    event = event_class(snake_case(entry["name"]))
    inputs = entry["inputs"]
    base = WORD * sum(bool(one["indexed"]) for one in inputs)
    places = {True: 0, False: base}  # indexed inputs come first
    plan: list[tuple[_Decode, int]] = []
    size: int | None = base
    for one in inputs:
        kind, indexed = type_of(one), bool(one["indexed"])
        plan.append((_decoder(one, kind, base), places[indexed]))
        places[indexed] += kind.size
        size = None if size is None or kind.dynamic else max(places.values())

    def read(raw: bytes, topics: int, position: Position, time: int) -> Event:
        if topics * WORD != base + WORD or (size is not None and len(raw) != size):
            raise FormatError("unknown_event", f"a {event.kind} log has another size")
        return event(position, time, *[decode(raw, at) for decode, at in plan])

    return read


def _decoder(parameter: Mapping[str, Any], kind: Type, base: int) -> _Decode:
    if kind.dynamic:
        return lambda raw, at: kind.decode(raw, base + offset_in(raw, at))
    if parameter["type"] == "bytes32" and parameter["name"] in _IN_LETTERS:
        return lambda raw, at: name_of(kind.decode(raw, at))
    return kind.decode


def name_of(word: bytes) -> str:
    """Return a name or a scope that fills 32 bytes with zeros, as the contracts keep it."""
    return word.rstrip(b"\0").decode("ascii", "replace")


def name_word(name: str) -> bytes:
    """Return a name or a scope as the contracts keep it.

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
