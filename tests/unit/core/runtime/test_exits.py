"""Exit codes and the text of errors."""

from __future__ import annotations

import errno
import io
import sys
from pathlib import Path
from typing import Annotated

import pytest
import typer

from core import errors
from core.runtime.exits import (
    Exit,
    describe,
    exit_code,
    guarded,
    line,
    open_closed_streams,
    report,
    typer_command,
)

SECRET = "CN=secret holder"

MAPPING = [
    (errors.UsageError("c", "m"), Exit.USAGE),
    (errors.FormatError("c", "m"), Exit.USAGE),
    (errors.LimitError("c", "m"), Exit.USAGE),
    (errors.ProofError("c", "m"), Exit.REFUSED),
    (errors.NotTrusted("c", "m"), Exit.REFUSED),
    (errors.Expired("c", "m"), Exit.REFUSED),
    (errors.Refused("c", "m"), Exit.REFUSED),
    (errors.NotFound("c", "m"), Exit.REFUSED),
    (errors.Forbidden("c", "m"), Exit.REFUSED),
    (errors.Unauthorized("c", "m"), Exit.REFUSED),
    (errors.Invalid("c", "m", ()), Exit.REFUSED),
    (errors.Unavailable("c", "m"), Exit.UNREACHABLE),
    (ConnectionRefusedError(), Exit.UNREACHABLE),
    (TimeoutError(), Exit.UNREACHABLE),
    (FileNotFoundError(errno.ENOENT, "No such file", "x.json"), Exit.USAGE),
    (OSError(errno.ENOSPC, "No space left on device"), Exit.UNREACHABLE),
    (OSError(errno.EBADF, "Bad file descriptor"), Exit.DEFECT),
    (EOFError(), Exit.USAGE),
    (ValueError(SECRET), Exit.DEFECT),
    (KeyboardInterrupt(), Exit.INTERRUPTED),
    (BrokenPipeError(), Exit.READER_GONE),
]


@pytest.mark.parametrize(("error", "code"), MAPPING, ids=lambda value: type(value).__name__)
def test_every_kind_of_error_has_its_exit_code(error: BaseException, code: Exit) -> None:
    assert exit_code(error) is code


def test_every_kind_of_our_errors_is_in_the_table() -> None:
    covered = {type(error) for error, _ in MAPPING}
    ours = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.ComityError)
    ]
    assert set(ours) - covered == {errors.ComityError}


def test_a_defect_is_told_by_its_place_and_never_reads_not_valid() -> None:
    stderr = io.StringIO()

    def fail() -> None:
        raise ValueError(SECRET)

    assert guarded(fail, stderr) == 70
    assert SECRET not in stderr.getvalue()
    assert "ValueError at runtime/test_exits.py:" in stderr.getvalue()


def test_error_and_hint_are_one_lower_case_line_each() -> None:
    stderr = io.StringIO()
    error = errors.Refused("c", "The batch is gone.\nreally", hint="Type 'comity status'.")
    assert report(error, stderr) == 1
    assert stderr.getvalue().splitlines() == [
        "error: the batch is gone.; really",
        "hint: type 'comity status'",
    ]


def test_faults_of_a_record_are_listed_with_their_pointers() -> None:
    stderr = io.StringIO()
    faults = (errors.Fault("/holder/economy", "unknown", "no such economy."),)
    assert report(errors.Invalid("record_invalid", "the record has a fault", faults), stderr) == 1
    assert "  /holder/economy: no such economy\n" in stderr.getvalue()


def test_terminal_controls_and_proper_names_in_a_text() -> None:
    assert "\x1b" not in line("a \x1b[31m b")
    assert line("JSON is broken.") == "JSON is broken"
    assert line("DE is unknown") == "DE is unknown"


def test_interruption_says_nothing() -> None:
    stderr = io.StringIO()

    def interrupt() -> None:
        raise KeyboardInterrupt

    assert guarded(interrupt, stderr) == 130
    assert stderr.getvalue() == ""


def test_an_input_that_ends_before_the_answer_is_no_fault_of_ours() -> None:
    text, hint = describe(EOFError())
    assert text == "the input ended before the answer"
    assert hint


def test_a_stream_that_the_caller_closed_is_empty_or_takes_everything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    open_closed_streams()
    try:
        assert sys.stdin.buffer.read() == b""
        assert not sys.stdin.isatty()
        print("lost")
        sys.stdout.flush()
    finally:
        for stream in (sys.stdin, sys.stdout, sys.stderr):
            stream.close()


@pytest.mark.parametrize(("left_with", "code"), [(0, 0), (3, 3), (None, 0), ("text", 1)])
def test_sys_exit_keeps_its_code(left_with: object, code: int) -> None:
    def leave() -> None:
        raise SystemExit(left_with)

    assert guarded(leave, io.StringIO()) == code


def test_a_foreign_os_error_says_file_and_reason() -> None:
    text, _ = describe(FileNotFoundError(errno.ENOENT, "No such file or directory", "x.json"))
    assert text == "x.json: no such file or directory"


def _application() -> typer.Typer:
    app = typer.Typer()

    @app.command()
    def number(value: int, file: Annotated[Path | None, typer.Option(exists=True)] = None) -> int:
        if value == 9:
            raise typer.Exit(3)
        return value

    @app.command()
    def other() -> None:
        raise errors.Unavailable("c", "Nobody answered")

    return app


@pytest.mark.parametrize(
    ("argv", "code", "text"),
    [
        (["number", "0"], 0, ""),
        (["number", "2"], 2, ""),
        (["number", "9"], 3, ""),
        (["number", "x"], 4, "error: invalid value for 'value': expected a whole number\n"),
        (["number"], 4, "hint: type 'comity try number --help'"),
        (["number", "1", "--file", "missing"], 4, "error: invalid value for '--file'"),
        (["number", "1", "--nope"], 4, "error: no such option"),
        (["number", "1", "--file"], 4, "hint: type 'comity try number --help'"),
        (["nope"], 4, "error: no such command"),
        (["other"], 3, "error: nobody answered"),
    ],
)
def test_typer_applications_use_our_codes(
    argv: list[str], code: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typer_command(_application(), "comity try")(argv) == code
    said = capsys.readouterr()
    assert text in said.err
    assert bool(said.err) is bool(text)
    assert said.out == ""
