"""Reading a CSV register: rows become records, or faults with row number and column.

Decides that the file as a whole must be sound before any row is taken in (UTF-8, a byte order mark
tolerated; strict CSV; a header we know; within the limits), and that after that each row stands
for itself. A cell is text, whatever it looks like: nothing is computed, guessed or trimmed but the
spaces around it. An empty cell says nothing. No error holds a cell's value.

Row numbers are those a spreadsheet shows: the header is row 1.
"""

import csv
import io
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import Any, BinaryIO, Final

from core import limits
from core.errors import FormatError, Invalid, LimitError
from core.record import Record
from node.intake import Row, RowFault, row_faults
from node.register_columns import Column, Layout, RegisterMapping

_FIRST_ROW: Final = 2


class Register:
    """A register that is sound as a file. Iterate over it to get its rows.

    Args:
        stream: the file's bytes; read twice, so it must be seekable.
        mapping: how a header other than the documented one is read.

    Raises:
        FormatError: not UTF-8, not CSV, or a header that is not understood.
        LimitError: too many bytes or rows.
    """

    def __init__(self, stream: BinaryIO, mapping: RegisterMapping | None = None) -> None:
        self._stream = stream
        self._mapping = mapping or RegisterMapping()
        _require_size(stream)
        with closing(self._cells()) as cells:
            header = next(cells, None)
            if header is None:
                raise FormatError("register_empty", "register: there is no header")
            self._layout = Layout.of([name.strip() for name in header], self._mapping)
            self.row_count = sum(1 for row in cells if not _is_blank(row))

    def __iter__(self) -> Iterator[Row]:
        with closing(self._cells()) as cells:
            next(cells)
            for number, row in enumerate(cells, start=_FIRST_ROW):
                if not _is_blank(row):
                    yield self._row(number, row)

    def _cells(self) -> Generator[list[str], None, None]:
        self._stream.seek(0)
        text = io.TextIOWrapper(self._stream, encoding="utf-8-sig", newline="")
        row_number = 0
        try:
            reader = csv.reader(text, delimiter=self._mapping.delimiter, strict=True)
            for row_number, row in enumerate(reader, start=1):
                if row_number > limits.REGISTER_ROWS + 1:
                    raise LimitError("too_many", f"register: more than {limits.REGISTER_ROWS} rows")
                yield row
        except UnicodeDecodeError:
            raise FormatError(
                "not_utf8", f"register: not UTF-8, somewhere after row {row_number}",
                "save it as CSV in UTF-8",
            ) from None  # fmt: skip
        except csv.Error:
            raise FormatError(
                "register_csv", f"register: row {row_number + 1} is not well-formed CSV",
                "a quotation mark inside a quoted cell is written twice",
            ) from None  # fmt: skip
        finally:
            text.detach()  # the stream is the caller's, and stays open

    def _row(self, number: int, cells: Sequence[str]) -> Row:
        layout = self._layout
        if len(cells) != len(layout.places):
            message = f"expected {len(layout.places)} cells, got {len(cells)}"
            return Row(number, None, (RowFault("", "cell_count", message),))
        parts: list[tuple[str, Column, Any]] = [
            (name, target, layout.value(name, target, text))
            for name, target, text in layout.constants
        ]
        for place, cell in zip(layout.places, cells, strict=True):
            text = cell.strip()
            if place is not None and text:
                theirs, ours, target = place
                parts.append((theirs, target, layout.value(ours, target, text)))
        value, column_of = _assemble(parts)
        value.setdefault("revision", 0)
        value.setdefault("kind", "management_system")
        try:
            return Row(number, Record.parse(value))
        except Invalid as invalid:
            return Row(number, None, row_faults(invalid.faults, column_of))


def _assemble(
    parts: Sequence[tuple[str, Column, Any]],
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the JSON value that the cells state, and which column each member came from."""
    value: dict[str, Any] = {}
    column_of: dict[str, str] = {}
    groups: dict[str, list[int]] = {}
    for _, target, _ in parts:
        if len(target.path) > 1 and isinstance(target.path[1], int):
            numbers = groups.setdefault(str(target.path[0]), [])
            if target.path[1] not in numbers:
                numbers.append(target.path[1])
    for name, numbers in groups.items():
        numbers.sort(reverse=True)  # -1 is the first group
        value[name] = [{} for _ in numbers]
    for name, target, content in parts:
        pointer, place = "", value
        path = [str(step) for step in target.path]
        if path[0] in groups:
            index = groups[path[0]].index(int(path[1]))
            pointer, place, path = f"/{path[0]}/{index}", value[path[0]][index], path[2:]
        for step in path[:-1]:
            pointer += f"/{step}"
            place = place.setdefault(step, {})
        place[path[-1]] = content
        column_of[f"{pointer}/{path[-1]}"] = name
        column_of.setdefault(pointer, name)
    column_of.pop("", None)
    return value, column_of


def _is_blank(row: Sequence[str]) -> bool:
    return not any(cell.strip() for cell in row)


def _require_size(stream: BinaryIO) -> None:
    if stream.seek(0, io.SEEK_END) > limits.REGISTER_BYTES:
        raise LimitError("too_large", f"register: larger than {limits.REGISTER_BYTES} bytes")
