"""Events as rows of the followed ledger: a JSON list of their values, in the order of their fields.

Decides that form and nothing else; it is read as often as a check asks for a history, so it is kept
short. A row that holds other values than its kind of event is damage, and no evidence.
"""

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any, Final, get_type_hints

import orjson

from contracts.events import event_class
from core.errors import FormatError, Unavailable
from core.registry import Event, Position

_NOT_VALUES: Final = ("position", "time")


def dump_event(event: Event) -> bytes:
    """Return the values of an event; position, time and kind have columns of their own."""
    values = [getattr(event, name) for name in _types(event.kind)]
    try:
        return orjson.dumps([v.hex() if type(v) is bytes else v for v in values])
    except TypeError:  # a number beyond 64 bits: no contract of ours records it
        raise FormatError(
            "event_members", f"a {event.kind} event holds an impossible value"
        ) from None


def load_event(kind: str, block: int, index: int, time: int, row: bytes) -> Event:
    """Return the event that :func:`dump_event` was given.

    Raises:
        Unavailable: ``ledger_store_damaged``: an unknown kind, or values that are not this kind's.
    """
    try:
        event, types = event_class(kind), _types(kind)
        values = orjson.loads(row)
    except (FormatError, ValueError):
        raise _damaged() from None
    if not isinstance(values, list) or len(values) != len(types):
        raise _damaged()
    return event(
        Position(block, index),
        time,
        *[
            value if type(value) is wanted else _bytes(value, wanted)
            for value, wanted in zip(values, types.values(), strict=True)
        ],
    )


def _bytes(value: Any, wanted: type) -> bytes:
    try:
        if wanted is bytes:
            return bytes.fromhex(value)
    except (TypeError, ValueError):
        pass
    raise _damaged()


@cache
def _types(kind: str) -> Mapping[str, type]:
    event = event_class(kind)
    hints = get_type_hints(event)
    return {f.name: hints[f.name] for f in fields(event) if f.name not in _NOT_VALUES}


def _damaged() -> Unavailable:
    return Unavailable(
        "ledger_store_damaged",
        "the followed ledger is damaged",
        "stop the follower and remove the file; it is fetched again",
    )
