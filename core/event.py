"""What every ledger event is: a place in the ledger, a time, and the registry key it belongs to.

Decides the JSON form of an event's own members, and its inverse; refuses members of another type
or spelling. The kinds are in ``core/events.py``, those of recognition in
``core/recognition_events.py``.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, ClassVar, Self, cast, get_type_hints

from core.encoding import b64url
from core.errors import FormatError


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in the ledger: block number, then index of the log within the block."""

    block: int
    index: int

    def dump(self) -> list[int]:
        """Return ``[block, index]``."""
        return [self.block, self.index]


@dataclass(frozen=True, slots=True)
class Event:
    """One ledger event.

    Args:
        position: where the ledger recorded it.
        time: the block's time, Unix seconds.
    """

    kind: ClassVar[str] = ""

    position: Position
    time: int

    def key(self) -> str:
        """Return the registry key this event belongs to."""
        raise NotImplementedError

    def body(self) -> dict[str, Any]:
        """Return the event's own members as JSON values (bytes as hex)."""
        own = (f for f in fields(self) if f.name not in ("position", "time"))
        return {f.name: _to_json(getattr(self, f.name)) for f in own}

    @classmethod
    def of_body(cls, position: Position, time: int, body: Mapping[str, Any]) -> Self:
        """Return the event that ``body`` was made from; the inverse of :meth:`body`.

        Raises:
            FormatError: members that are not this kind's.
        """
        hints = _hints(cast(Hashable, cls))
        if body.keys() != hints.keys():
            raise FormatError("event_members", f"a {cls.kind} event has other members")
        values = {name: _from_json(value, hints[name]) for name, value in body.items()}
        return cls(position, time, **values)


@dataclass(frozen=True, slots=True)
class MemberEvent(Event):
    """An event in a member's own history."""

    member: int

    def key(self) -> str:
        """Return ``member/M``."""
        return member_key(self.member)


@dataclass(frozen=True, slots=True)
class KeyEvent(Event):
    """An event in a signing key's history."""

    member: int
    thumbprint: bytes

    def key(self) -> str:
        """Return ``key/M/THUMBPRINT``."""
        return key_key(self.member, self.thumbprint)


def member_key(member: int) -> str:
    """Return the registry key of a member's history."""
    return f"member/{member}"


def key_key(member: int, thumbprint: bytes) -> str:
    """Return the registry key of a signing key's history."""
    return f"key/{member}/{b64url(thumbprint)}"


def _to_json(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value


def _from_json(value: Any, kind: type) -> Any:
    if kind is bytes and isinstance(value, str):
        try:
            raw = bytes.fromhex(value)
        except ValueError:
            raw = None
        if raw is None or raw.hex() != value:  # one spelling: lower case, no spaces
            raise FormatError("event_members", "a ledger event holds bytes that are not hex")
        return raw
    if type(value) is not kind:
        raise FormatError("event_members", "a ledger event holds a member of another type")
    return value


@cache
def _hints(event: Any) -> dict[str, type]:
    hints = get_type_hints(event)
    return {f.name: hints[f.name] for f in fields(event) if f.name not in ("position", "time")}
