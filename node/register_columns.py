"""The columns of a CSV register, and mapping files for registers with other headers.

Decides which column becomes which member of a record (``docs/formats/register.md`` is the reader's
version of this table), and what a mapping file may say. Refuses a column that nobody declared, two
columns for one member, and a header that cannot give a certificate number: a typo must not
silently drop a field of twenty thousand certificates.
"""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from core import limits
from core.errors import FormatError
from core.shape import LANGUAGE_PATTERN

UNDETERMINED: Final = "und"  # language of a text whose column names none (BCP 47)
_NUMBERED_MAX: Final = 1_000
_MAPPING_BYTES: Final = 256 * 1024

Path = tuple[str | int, ...]
Converter = Callable[[str], Any]


def _text(cell: str) -> Any:
    return cell


def _whole_number(cell: str) -> Any:
    # anything else goes on as text, and the record's own rule names the fault
    return int(cell) if re.fullmatch(r"[0-9]{1,9}", cell) else cell


def _list(cell: str) -> Any:
    return [part for part in re.split(r"[;,\s]+", cell) if part]


@dataclass(frozen=True, slots=True)
class Column:
    """Where a column's cells go: the path of the member, and how its text is read.

    In a path a negative number -n stands for the n-th numbered group (site, audit); empty groups
    close up.
    """

    path: Path
    read: Converter = _text
    is_date: bool = False


def _date(*path: str) -> Column:
    return Column(path, is_date=True)


FIXED: Final[Mapping[str, Column]] = {
    "kind": Column(("kind",)),
    "certificate_number": Column(("certificate_number",)),
    "revision": Column(("revision",), _whole_number),
    "cycle": Column(("cycle",), _whole_number),
    "standard": Column(("standard",)),
    "standard_uri": Column(("standard_uri",)),
    "holder_economy": Column(("holder", "economy")),
    "holder_identifier_scheme": Column(("holder", "identifier", "scheme")),
    "holder_identifier": Column(("holder", "identifier", "value")),
    "sectors": Column(("sectors",), _list),
    "decision_date": _date("dates", "decision"),
    "effective_date": _date("dates", "effective"),
    "expiry_date": _date("dates", "expiry"),
    "original_date": _date("dates", "original"),
    "scheme_name": Column(("scheme", "name")),
    "scheme_uri": Column(("scheme", "uri")),
    "accreditation_body": Column(("accreditation", "body")),
    "accreditation_body_uri": Column(("accreditation", "body_uri")),
    "accreditation_number": Column(("accreditation", "number")),
    "accreditation_level": Column(("accreditation", "level")),
    "approval_number": Column(("approval_number",)),
    "predecessor_slot": Column(("predecessor", "slot")),
    "predecessor_member": Column(("predecessor", "member"), _whole_number),
    "certificate_url": Column(("certificate_link", "url")),
}
_BY_LANGUAGE: Final[Mapping[str, Path]] = {
    "holder_name": ("holder", "names"),
    "holder_address": ("holder", "address"),
    "scope": ("scope",),
}
_NUMBERED: Final[Mapping[str, tuple[str, frozenset[str]]]] = {
    "site": ("sites", frozenset({"name", "address", "economy", "scope"})),
    "audit": ("audits", frozenset({"kind", "date"})),
}
_LANGUAGE_COLUMN: Final = re.compile(rf"({'|'.join(_BY_LANGUAGE)})(?:_({LANGUAGE_PATTERN}))?")
_NUMBERED_COLUMN: Final = re.compile(r"(site|audit)_([1-9][0-9]{0,2})_([a-z]+)")

DEFAULTS: Final[Mapping[str, str]] = {"kind": "management_system", "revision": "0"}
"""What an absent column, or an empty cell, of these names means."""


def column(name: str) -> Column | None:
    """Return the column of our documented header with this name, or None."""
    if name in FIXED:
        return FIXED[name]
    if match := _LANGUAGE_COLUMN.fullmatch(name):
        return Column((*_BY_LANGUAGE[match[1]], match[2] or UNDETERMINED))
    if match := _NUMBERED_COLUMN.fullmatch(name):
        member, names = _NUMBERED[match[1]]
        if match[3] in names and int(match[2]) <= _NUMBERED_MAX:
            return Column((member, -int(match[2]), match[3]), is_date=match[3] == "date")
    return None


@dataclass(frozen=True, slots=True)
class RegisterMapping:
    """How another header is read.

    Args:
        columns: their header → our column.
        ignore: their columns that are not wanted.
        constants: our column → the value every row has.
        values: our column → their value → ours.
        delimiter: what stands between cells.
        date_format: how they write dates (strptime); ISO 8601 if empty.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    ignore: frozenset[str] = frozenset()
    constants: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    delimiter: str = ","
    date_format: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """A register's header, understood: the column of each place, and what every row has besides.

    Args:
        places: for each cell its name in the file, our column, and the column; None is ignored.
        constants: our column, the column, and the value.
    """

    places: tuple[tuple[str, str, Column] | None, ...]
    constants: tuple[tuple[str, Column, str], ...]
    mapping: RegisterMapping

    @classmethod
    def of(cls, header: Sequence[str], mapping: RegisterMapping) -> "Layout":
        """Return the lay-out that a header has under a mapping.

        Raises:
            FormatError: a column is unknown, comes twice, or is missing.
        """
        places: list[tuple[str, str, Column] | None] = []
        seen: set[str] = set(mapping.constants)
        for number, theirs in enumerate(header, start=1):
            if theirs in mapping.ignore:
                places.append(None)
                continue
            ours = mapping.columns.get(theirs, theirs)
            found = column(ours)
            if found is None:
                raise FormatError(
                    "register_column",
                    f"register: column {number} of the header is not known",
                    "docs/formats/register.md lists the columns; a mapping file renames others",
                )
            if ours in seen:
                raise FormatError("register_column_twice", f"register: column {ours} comes twice")
            seen.add(ours)
            places.append((theirs, ours, found))
        missing = sorted(set(mapping.columns) - set(header))
        if missing:
            raise FormatError(
                "register_column_missing",
                f"register: {len(missing)} columns that the mapping file names are not there",
            )
        if "certificate_number" not in seen:
            raise FormatError(
                "register_column_missing", "register: there is no column certificate_number"
            )
        defaults = {name: text for name, text in DEFAULTS.items() if name not in seen}
        constants = {**defaults, **mapping.constants}
        return cls(
            tuple(places),
            tuple((name, _known(name), text) for name, text in constants.items()),
            mapping,
        )

    def value(self, ours: str, target: Column, cell: str) -> Any:
        """Return what a cell says, as the record wants it."""
        text = self.mapping.values.get(ours, {}).get(cell, cell)
        if target.is_date and self.mapping.date_format:
            try:
                moment = datetime.strptime(text, self.mapping.date_format)  # noqa: DTZ007 - a day
            except ValueError:
                return text  # the record's own rule names the fault
            return moment.date().isoformat()
        return target.read(text)


def parse_mapping(raw: bytes) -> RegisterMapping:
    """Return the mapping that a TOML file states.

    Raises:
        FormatError: not TOML, an unknown key, or a column that is not one of ours.
    """
    if len(raw) > _MAPPING_BYTES:
        raise FormatError("too_large", f"mapping file: larger than {_MAPPING_BYTES} bytes")
    try:
        value = tomllib.loads(raw.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise FormatError("not_toml", "mapping file: not TOML") from None
    known = {"columns", "ignore", "constants", "values", "delimiter", "date_format"}
    if value.keys() - known:
        raise _mapping_error(f"the keys known are {', '.join(sorted(known))}")
    columns = _texts(value.get("columns", {}), "columns")
    constants = _texts(value.get("constants", {}), "constants")
    values = {
        name: _texts(table, "values")
        for name, table in _table(value.get("values", {}), "values").items()
    }
    for name in (*columns.values(), *constants, *values):
        _known(name)
    ignore = value.get("ignore", [])
    if not isinstance(ignore, list) or not all(isinstance(name, str) for name in ignore):
        raise _mapping_error("ignore is a list of column names")
    delimiter = value.get("delimiter", ",")
    if delimiter not in {",", ";", "\t", "|"}:
        raise _mapping_error("delimiter is a comma, semicolon, tab or bar")
    date_format = value.get("date_format", "")
    if not isinstance(date_format, str):
        raise _mapping_error("date_format is a text such as %d.%m.%Y")
    return RegisterMapping(columns, frozenset(ignore), constants, values, delimiter, date_format)


def _known(name: str) -> Column:
    found = column(name)
    if found is None:
        raise _mapping_error("it names a column that docs/formats/register.md does not list")
    return found


def _texts(value: Any, key: str) -> dict[str, str]:
    table = _table(value, key)
    if not all(isinstance(text, str) for text in table.values()):
        raise _mapping_error(f"{key}: expected texts")
    if any(len(text) > limits.TEXT_CHARS for text in table.values()):
        raise _mapping_error(f"{key}: a text is too long")
    return table


def _table(value: Any, key: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _mapping_error(f"{key} is a table")
    return value


def _mapping_error(message: str) -> FormatError:
    return FormatError("register_mapping", f"mapping file: {message}")
