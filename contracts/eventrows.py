"""Events as rows of the followed ledger: a JSON list of their values, in the order of their fields.

Decides that form and nothing else; it is read as often as a check asks for a history, so it is kept
short. Refuses rows that hold other values than their kind of event.
"""

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any, Final, get_type_hints

import orjson

from contracts.events import event_class
from core.errors import FormatError
from core.registry import Event, Position

_NOT_VALUES: Final = ("position", "time")


def dump_event(event: Event) -> bytes:
    """Return the values of an event; position, time and kind have columns of their own."""
    values = [getattr(event, name) for name in _types(event.kind)]
    try:
        return orjson.dumps([v.hex() if type(v) is bytes else v for v in values])
    except TypeError:  # a number beyond 64 bits: no contract of ours records it
        raise _wrong(event.kind) from None


def load_event(kind: str, block: int, index: int, time: int, row: bytes) -> Event:
    """Return the event that :func:`dump_event` was given.

    Raises:
        FormatError: an unknown kind, or values that are not this kind's.
    """
    event, types = event_class(kind), _types(kind)
    values = orjson.loads(row)
    if len(values) != len(types):
        raise _wrong(kind)
    return event(
        Position(block, index),
        time,
        *[
            value if type(value) is wanted else _bytes(value, wanted, kind)
            for value, wanted in zip(values, types.values(), strict=True)
        ],
    )


def _bytes(value: Any, wanted: type, kind: str) -> bytes:
    try:
        if wanted is bytes:
            return bytes.fromhex(value)
    except (TypeError, ValueError):
        pass
    raise _wrong(kind)


@cache
def _types(kind: str) -> Mapping[str, type]:
    event = event_class(kind)
    hints = get_type_hints(event)
    return {f.name: hints[f.name] for f in fields(event) if f.name not in _NOT_VALUES}


def _wrong(kind: str) -> FormatError:
    return FormatError("event_members", f"a {kind} event holds an impossible value")
