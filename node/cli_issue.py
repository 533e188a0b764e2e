"""``comity issue`` and ``comity register``: take in records, or only look at them.

Decides by content whether a file is one JSON record or a CSV register. Exit code 0 when all rows
are good, 1 when none is, 2 when some are or there are warnings. Takes nothing in while as much
waits as the node allows (3): the limit of the API (``node/backlog.py``) holds here too. Also 3
where nothing was taken in because the accreditation could not be looked up.
"""

import os
import shutil
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Annotated, Any, BinaryIO, Final, cast

import typer

from core import limits
from core.errors import LimitError, Unavailable, UsageError
from core.runtime.exits import Exit, line
from node.accredited import NOT_KNOWN, Gate
from node.cli_common import (
    Json,
    Node,
    Wait,
    note,
    open_desk,
    show,
    wait_for_anchors,
    worker_is_running,
)
from node.importing import Imported, RefusedRow, import_rows, judging, record_row
from node.intake import Row, RowFault
from node.register import Register
from node.register_columns import RegisterMapping, parse_mapping
from node.states import ReceiptState

_SHOWN_REFUSALS: Final = 20
_RECORD_BYTES: Final = 2 * limits.RECORD_BYTES

File = Annotated[str, typer.Argument(help="A JSON record or CSV register; - for standard input.")]
Mapping = Annotated[
    Path | None, typer.Option(help="How a register with another header is read (TOML).")
]


def issue(
    file: File,
    mapping: Mapping = None,
    wait: Wait = False,
    as_json: Json = False,
    node: Node = None,
) -> int:
    """Issue e-certificates from one record or a whole register; each gets a receipt.

    Exit code 0 all rows, 1 none, 2 some or with warnings, 3 too much waits already, or the ledger
    is not known and intake is strict.
    """
    from core.runtime.progress import step

    with open_desk(node) as desk, _opened(file) as stream:
        desk.require_room()
        rows, count = _rows(stream, _mapping(mapping))
        with step("receiving", count, sys.stderr) as advance:
            imported = import_rows(
                desk.store,
                rows,
                now=desk.clock(),
                random=desk.random,
                gate=desk.gate(),
                advance=advance,
            )
        desk.wake_worker()
        if not as_json:
            _tell_refused(imported.refused)
            _tell_refused(imported.warnings, "warning: ")
            _tell(imported)
            if imported.receipts and not worker_is_running(desk):
                note("note: no worker is running; comity node run signs and anchors what waits")
        if wait and imported.receipts:
            states = wait_for_anchors(desk, [one.receipt for one in imported.receipts])
            moved = (replace(one, state=states[one.receipt]) for one in imported.receipts)
            imported = replace(imported, receipts=tuple(moved))
            if not as_json:
                _tell_ends(imported)
    if as_json:
        show(imported.dump())
    return _exit_of(imported)


def register(file: File, mapping: Mapping = None, as_json: Json = False, node: Node = None) -> int:
    """Look at a register, or one record, without taking anything in: names every fault.

    With a node in use also what this body is not accredited for. Exit code 0 all rows are good, 1
    none, 2 some or with warnings.
    """
    gate, told = _gate(node), dict[int, tuple[RowFault, ...]]()
    with _opened(file) as stream:
        rows, _ = _rows(stream, _mapping(mapping))
        good, refused = 0, []
        for row in rows if gate is None else judging(rows, gate, told):
            faults = row.faults or row.refused
            if faults:
                refused.append(RefusedRow(row.number, faults))
            else:
                good += 1
    warnings = [RefusedRow(number, faults) for number, faults in told.items()]
    if as_json:
        show(
            {
                "good": good,
                "refused": [one.dump() for one in refused],
                "warnings": [one.dump() for one in warnings],
            }
        )
    else:
        _tell_refused(tuple(refused))
        _tell_refused(tuple(warnings), "warning: ")
        typer.echo(f"{good} good, {len(refused)} with faults; nothing was taken in")
    code = _exit(good, len(refused))
    return Exit.PARTLY if code == Exit.DONE and warnings else code


def _gate(node: Path | None) -> Gate | None:
    """Return what judges records by the ledger; None where no node is named and none is in use."""
    try:
        with open_desk(node) as desk:
            return desk.gate()
    except (UsageError, Unavailable):
        if node is not None:
            raise
        return None


def _rows(stream: BinaryIO, mapping: RegisterMapping | None) -> tuple[Iterable[Row], int]:
    """Return the rows of a file, and how many there are."""
    start = stream.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()
    stream.seek(0)
    if start[:1] in (b"{", b"["):
        raw = stream.read(_RECORD_BYTES + 1)
        return [record_row(raw)], 1
    found = Register(stream, mapping)
    return found, found.row_count


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    """Yield a file, or all of standard input, a pipe or a device, as something seekable."""
    with ExitStack() as open_files:
        stream: BinaryIO = sys.stdin.buffer
        if file != "-":
            stream = open_files.enter_context(Path(file).open("rb"))
            if stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                yield stream
                return
        copy = open_files.enter_context(SpooledTemporaryFile(max_size=limits.REQUEST_BYTES))
        shutil.copyfileobj(_Bounded(stream), copy)
        copy.seek(0)
        yield cast(BinaryIO, copy)


class _Bounded:
    """Reads a stream, but never more than a register may have."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._left = limits.REGISTER_BYTES

    def read(self, size: int = -1, /) -> bytes:
        chunk = self._stream.read(size)
        self._left -= len(chunk)
        if self._left < 0:
            raise LimitError("too_large", f"register: larger than {limits.REGISTER_BYTES} bytes")
        return chunk


def _mapping(file: Path | None) -> RegisterMapping | None:
    return None if file is None else parse_mapping(file.read_bytes())


def _tell_refused(refused: tuple[RefusedRow, ...], word: str = "") -> None:
    for one in refused[:_SHOWN_REFUSALS]:
        for fault in one.faults:
            at = f"row {one.row}" + (f", {fault.column}" if fault.column else "")
            note(f"{word}{line(at)}: {line(fault.message)}")
    if len(refused) > _SHOWN_REFUSALS:
        note(f"… and {len(refused) - _SHOWN_REFUSALS} more rows; --json names them all")


def _tell(imported: Imported) -> None:
    if not imported.receipts:
        return
    if len(imported.receipts) == 1:
        one = imported.receipts[0]
        said = "received" if imported.accepted else "was received before"
        typer.echo(f"{one.certificate.number} {said}; receipt {one.receipt}")
        return
    typer.echo(
        f"{imported.accepted} received, {imported.duplicates} received before, "
        f"{len(imported.refused)} refused"
    )


def _tell_ends(imported: Imported) -> None:
    ended: dict[Any, int] = {}
    for one in imported.receipts:
        ended[one.state] = ended.get(one.state, 0) + 1
    typer.echo(", ".join(f"{count} {state}" for state, count in ended.items()))


def _exit_of(imported: Imported) -> int:
    lost = sum(one.state is ReceiptState.REFUSED for one in imported.receipts)
    good, bad = len(imported.receipts) - lost, len(imported.refused) + lost
    codes = {fault.code for row in imported.refused for fault in row.faults}
    if not good and codes == {NOT_KNOWN}:
        return Exit.UNREACHABLE
    code = _exit(good, bad)
    return Exit.PARTLY if code == Exit.DONE and imported.warnings else code


def _exit(good: int, bad: int) -> int:
    if not bad:
        return Exit.DONE
    return Exit.PARTLY if good else Exit.REFUSED
