"""Shapes: one description of a value that reads it, writes it and states its JSON Schema.

A dataclass whose fields carry a shape (``field(metadata=of(shape, "what it is"))``) is a wire
object: ``read_object`` builds it from JSON, ``dump_object`` is the exact inverse, and
``object_schema`` describes it. Reading goes on after a fault, so that all faults are found at once.

Refuses whatever has a second spelling: unknown members, null, empty text and empty lists (leave
the member out), text that is not NFC, control characters, marks that turn the direction of text,
spaces at the ends. No fault repeats a value, nor a name that came from outside.
"""

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Any, Final, Protocol

from core import limits
from core.encoding import b64url, b64url_decode
from core.errors import Fault, FormatError, Invalid
from core.instants import INSTANT_PATTERN, instant, require_instant
from core.plaintext import Finding, text_finding

FAULTY: Final = object()
"""What ``read`` returns where it found a fault."""

LANGUAGE_PATTERN: Final = (
    r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?(-([a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*"
)
_LANGUAGE = re.compile(LANGUAGE_PATTERN)
_DAY_PATTERN = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_DAY = re.compile(_DAY_PATTERN)


_KNOWN: Final[dict[type[Any], dict[str, tuple["Shape", bool]]]] = {}
"""Members of the wire objects seen so far; what a class says does not change."""


class Shape(Protocol):
    """What a value must look like."""

    def read(self, value: Any, pointer: str, faults: list[Fault]) -> Any:
        """Return the Python value, or ``FAULTY`` with at least one fault added."""

    def dump(self, value: Any) -> Any:
        """Return the JSON value."""

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema (2020-12); necessary, where it cannot say all also sufficient."""


def of(shape: Shape, meaning: str) -> dict[str, Any]:
    """Return the metadata of a dataclass field of this shape."""
    return {"shape": shape, "meaning": meaning}


@dataclass(frozen=True, slots=True)
class Text:
    """A text.

    Attributes:
        pattern: regular expression the whole text must match, and its fault.
        rule: a further judgement of the text.
    """

    max_chars: int
    pattern: str | None = None
    expected: str = ""
    rule: Callable[[str], Finding | None] | None = None

    def read(self, value: Any, pointer: str, faults: list[Fault]) -> Any:
        finding = text_finding(value, self.max_chars)
        if finding is None and self.pattern and not re.fullmatch(self.pattern, value):
            finding = ("wrong_form", f"expected {self.expected}")
        if finding is None and self.rule is not None:
            finding = self.rule(value)
        if finding is not None:
            faults.append(Fault(pointer, *finding))
            return FAULTY
        return value

    def dump(self, value: Any) -> Any:
        return value

    def schema(self) -> dict[str, Any]:
        pattern = {"pattern": f"^(?:{self.pattern})$"} if self.pattern else {}
        return {"type": "string", "minLength": 1, "maxLength": self.max_chars, **pattern}


@dataclass(frozen=True, slots=True)
class Code:
    """One of the codes of a list that is loaded when first needed."""

    known: Callable[[], Collection[str]]
    fault: str
    expected: str

    def read(self, value: Any, pointer: str, faults: list[Fault]) -> Any:
        if isinstance(value, str) and value in self.known():
            return value
        faults.append(Fault(pointer, self.fault, f"expected {self.expected}"))
        return FAULTY

    def dump(self, value: Any) -> Any:
        return value

    def schema(self) -> dict[str, Any]:
        return {"enum": sorted(self.known())}


@dataclass(frozen=True, slots=True)
class Fixed:
    """One value and no other, such as a version."""

    value: int | str

    def read(self, value: Any, pointer: str, faults: list[Fault]) -> Any:
        if type(value) is type(self.value) and value == self.value:
            return value
        faults.append(Fault(pointer, "unknown_value", f"expected {self.value}"))
        return FAULTY

    def dump(self, value: Any) -> Any:
        return value

    def schema(self) -> dict[str, Any]:
        return {"const": self.value}


@dataclass(frozen=True, slots=True)
class Flag:
    """Yes or no."""

    def read(self, value: Any, pointer: str, faults: list[Fault]) -> Any:
        if isinstance(value, bool):
            return value
        faults.append(Fault(pointer, "not_a_flag", "expected true or false"))
        return FAULTY

    def dump(self, value: Any) -> Any:
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of an enumeration; ``reserved`` ones are named and not accepted yet."""

    options: type[StrEnum]
    reserved: frozenset[str] = frozenset()

    def read(self, value: Any, pointer: str, faults: list[Fault]) -> Any:
        if isinstance(value, str) and value in self.reserved:
            faults.append(Fault(pointer, "reserved", "this value is reserved for a later version"))
            return FAULTY
        accepted = [str(option) for option in self.options if option not in self.reserved]
        if not isinstance(value, str) or value not in accepted:
            listed = ", ".join(accepted)
            faults.append(Fault(pointer, "unknown_value", f"expected one of: {listed}"))
            return FAULTY
        return self.options(value)

    def dump(self, value: Any) -> Any:
        return str(value)

    def schema(self) -> dict[str, Any]:
        return {"enum": [str(option) for option in self.options if option not in self.reserved]}


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number from ``low`` to ``high``."""

    low: int
    high: int

    def read(self, value: Any, pointer: str, faults: list[Fault]) -> Any:
        if not isinstance(value, int) or isinstance(value, bool):
            faults.append(Fault(pointer, "not_an_integer", "expected a whole number"))
            return FAULTY
        if not self.low <= value <= self.high:
            faults.append(Fault(pointer, "out_of_range", f"expected {self.low} to {self.high}"))
            return FAULTY
        return value

    def dump(self, value: Any) -> Any:
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True, slots=True)
class Day:
    """A calendar date, ``YYYY-MM-DD`` and no other of the spellings of ISO 8601."""

    def read(self, value: Any, pointer: str, faults: list[Fault]) -> Any:
        if isinstance(value, str) and _DAY.fullmatch(value):
            try:
                return date.fromisoformat(value)
            except ValueError:
                pass
        faults.append(Fault(pointer, "not_a_date", "expected a calendar date YYYY-MM-DD"))
        return FAULTY

    def dump(self, value: Any) -> Any:
        return value.isoformat()

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "date", "pattern": f"^{_DAY_PATTERN}$"}


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment, ``YYYY-MM-DDTHH:MM:SSZ`` and no other spelling."""

    def read(self, value: Any, pointer: str, faults: list[Fault]) -> Any:
        try:
            return require_instant(value, what="moment")
        except FormatError as refusal:
            faults.append(Fault(pointer, refusal.code, "expected a moment YYYY-MM-DDTHH:MM:SSZ"))
            return FAULTY

    def dump(self, value: Any) -> Any:
        return instant(value)

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "date-time", "pattern": f"^{INSTANT_PATTERN}$"}


@dataclass(frozen=True, slots=True)
class Bytes:
    """Bytes of a fixed size, in canonical base64url."""

    size: int

    def read(self, value: Any, pointer: str, faults: list[Fault]) -> Any:
        try:
            return b64url_decode(value, size=self.size)
        except FormatError:
            message = f"expected {self.size} bytes in unpadded base64url"
            faults.append(Fault(pointer, "base64url", message))
            return FAULTY

    def dump(self, value: Any) -> Any:
        return b64url(value)

    def schema(self) -> dict[str, Any]:
        chars = (self.size * 8 + 5) // 6
        return {"type": "string", "pattern": f"^[A-Za-z0-9_-]{{{chars}}}$"}


@dataclass(frozen=True, slots=True)
class Texts:
    """One text in several languages and scripts, by BCP 47 tag, in the order of the tags."""

    by_language: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, texts: Mapping[str, str]) -> "Texts":
        """Return the texts of a mapping from language tag to text."""
        return cls(tuple(sorted(texts.items())))

    def to_dict(self) -> dict[str, str]:
        """Return the mapping from language tag to text."""
        return dict(self.by_language)

    def preferred(self, *languages: str) -> str:
        """Return the text in the first of ``languages`` there is, else in the first tag's."""
        for language in languages:
            for tag, text in self.by_language:
                if tag == language or tag.startswith(f"{language}-"):
                    return text
        return self.by_language[0][1]


@dataclass(frozen=True, slots=True)
class ByLanguage:
    """A text by language tag (``en``, ``zh-Hans``, ``pt-BR``), at least one.

    Attributes:
        needed: languages that must be among them, by their exact tags.
    """

    max_chars: int
    needed: tuple[str, ...] = ()

    def read(self, value: Any, pointer: str, faults: list[Fault]) -> Any:
        if not isinstance(value, dict):
            message = "expected an object of texts by language tag"
            faults.append(Fault(pointer, "not_an_object", message))
            return FAULTY
        if not 1 <= len(value) <= limits.LANGUAGES:
            message = f"expected 1 to {limits.LANGUAGES} languages"
            faults.append(Fault(pointer, "languages", message))
            return FAULTY
        before = len(faults)
        for tag, text in value.items():
            if not _LANGUAGE.fullmatch(tag):
                message = "a name here is no language tag (expected en, zh-Hans, pt-BR …)"
                faults.append(Fault(pointer, "language_tag", message))
                continue
            finding = text_finding(text, self.max_chars)
            if finding is not None:
                faults.append(Fault(f"{pointer}/{tag}", *finding))
        faults.extend(
            Fault(f"{pointer}/{tag}", "missing_language", f"a text in {tag} is required")
            for tag in self.needed
            if tag not in value
        )
        return Texts.of(value) if len(faults) == before else FAULTY

    def dump(self, value: Any) -> Any:
        return value.to_dict()

    def schema(self) -> dict[str, Any]:
        needed = {"required": list(self.needed)} if self.needed else {}
        return {
            "type": "object",
            **needed,
            "minProperties": 1,
            "maxProperties": limits.LANGUAGES,
            "propertyNames": {"pattern": f"^(?:{LANGUAGE_PATTERN})$"},
            "additionalProperties": Text(self.max_chars).schema(),
        }


@dataclass(frozen=True, slots=True)
class Many:
    """One or more values of one shape, in order; ``unique`` ones may not repeat."""

    item: Shape
    max_items: int
    unique: bool = False

    def read(self, value: Any, pointer: str, faults: list[Fault]) -> Any:
        if not isinstance(value, list):
            faults.append(Fault(pointer, "not_an_array", "expected an array"))
            return FAULTY
        if not value:
            message = "empty; leave the member out where there is nothing to say"
            faults.append(Fault(pointer, "empty_list", message))
            return FAULTY
        if len(value) > self.max_items:
            faults.append(Fault(pointer, "too_many", f"more than {self.max_items} items"))
            return FAULTY
        before = len(faults)
        items = [self.item.read(v, f"{pointer}/{i}", faults) for i, v in enumerate(value)]
        if len(faults) == before and self.unique:
            for i, item in enumerate(items):
                if item in items[:i]:
                    faults.append(Fault(f"{pointer}/{i}", "twice", "stands in the list twice"))
        return tuple(items) if len(faults) == before else FAULTY

    def dump(self, value: Any) -> Any:
        return [self.item.dump(item) for item in value]

    def schema(self) -> dict[str, Any]:
        unique = {"uniqueItems": True} if self.unique else {}
        return {
            "type": "array",
            "items": self.item.schema(),
            "minItems": 1,
            "maxItems": self.max_items,
            **unique,
        }


@dataclass(frozen=True, slots=True)
class Nested:
    """A wire object inside another.

    Attributes:
        kind: its dataclass.
        rule: judges the whole object once its members are sound; yields (pointer below the
            object, code, message).
    """

    kind: type[Any]
    rule: Callable[[Any], Iterable[tuple[str, str, str]]] | None = None

    def read(self, value: Any, pointer: str, faults: list[Fault]) -> Any:
        before = len(faults)
        built = read_object(self.kind, value, pointer, faults)
        if built is not FAULTY and self.rule is not None:
            faults.extend(Fault(pointer + below, *rest) for below, *rest in self.rule(built))
        return built if len(faults) == before else FAULTY

    def dump(self, value: Any) -> Any:
        return dump_object(value)

    def schema(self) -> dict[str, Any]:
        return object_schema(self.kind)


def read_object(kind: type[Any], value: Any, pointer: str, faults: list[Fault]) -> Any:
    """Return an instance of the dataclass ``kind``, or ``FAULTY`` with all faults added."""
    if not isinstance(value, dict):
        faults.append(Fault(pointer, "not_an_object", "expected an object"))
        return FAULTY
    before = len(faults)
    members = _members(kind)
    faults.extend(
        Fault(pointer, "unknown_member", _unknown(name, members))
        for name in value
        if name not in members
    )
    built = {}
    for name, (shape, is_required) in members.items():
        if name in value:
            built[name] = shape.read(value[name], f"{pointer}/{name}", faults)
        elif is_required:
            faults.append(Fault(f"{pointer}/{name}", "missing_member", "this member is required"))
    return kind(**built) if len(faults) == before else FAULTY


def dump_object(value: Any) -> dict[str, Any]:
    """Return the JSON value of a wire object; members that say nothing are left out."""
    dumped = {}
    for name, (shape, is_required) in _members(type(value)).items():
        content = getattr(value, name)
        if is_required or content not in (None, ()):
            dumped[name] = shape.dump(content)
    return dumped


def object_schema(kind: type[Any]) -> dict[str, Any]:
    """Return the JSON Schema of the dataclass ``kind``."""
    properties = {}
    for member in fields(kind):
        described = {"description": member.metadata["meaning"]}
        properties[member.name] = described | member.metadata["shape"].schema()
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [member.name for member in fields(kind) if _is_required(member)],
        "properties": properties,
    }


def refusal(kind: str, faults: Iterable[Fault]) -> Invalid:
    """Return the error that names all faults of a ``kind`` of object, in the order of places."""
    ordered = tuple(sorted(faults, key=lambda fault: (fault.pointer, fault.code)))
    count = "1 fault" if len(ordered) == 1 else f"{len(ordered)} faults"
    return Invalid(f"{kind}_invalid", f"the {kind} has {count}", ordered)


def _members(kind: type[Any]) -> dict[str, tuple[Shape, bool]]:
    """Return shape and whether it is required, of each member of a wire object."""
    known = _KNOWN.get(kind)
    if known is None:
        known = {m.name: (m.metadata["shape"], _is_required(m)) for m in fields(kind)}
        _KNOWN[kind] = known
    return known


def _is_required(member: "Field[Any]") -> bool:
    return member.default is MISSING and member.default_factory is MISSING


def _unknown(name: str, members: Collection[str]) -> str:
    """Say that a member is unknown; name the defined one that was probably meant, never itself."""
    near = difflib.get_close_matches(name[:100], members, n=1, cutoff=0.75)
    return "a member that is not defined" + (f"; is {near[0]} meant?" if near else "")
