"""Exit codes, and the one place where an exception becomes a code and two lines of text.

The rules of the interface:

* Answers go to standard output; what went wrong goes to standard error, as ``error: …`` and,
  where there is something to do about it, ``hint: …``: lower case, no full stop, no colour.
* A usage error, and input that is none of our formats, is 4 in every command.
* ``check`` answers with the codes of its verdicts (0, 1, 2, 3, 5); everything else uses 0 to 3.
* A defect of ours is never 1: for ``check`` that would read "Not valid". It is 70, and its text
  names the place in our code, never the value that was being handled.
* Ctrl-C ends quietly with 130; a reader that went away, as in ``… | head``, with 141.
* A standard stream that the caller has closed is empty, or takes everything.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, TextIO

from core import errors

if TYPE_CHECKING:
    from typer import Typer


class Exit(IntEnum):
    """What a command's exit code means."""

    DONE = 0  # check: verified, or genuine and in force
    REFUSED = 1  # refused, or a fault found; check: not valid
    PARTLY = 2  # done in part, or with warnings; check: verified with conditions
    UNREACHABLE = 3  # something could not be reached; check: could not be checked
    USAGE = 4  # put together wrongly, or not one of our formats
    NOT_FOR_THIS_USE = 5  # check only: genuine and in force, but not recognised there
    DEFECT = 70  # a fault of ours
    INTERRUPTED = 130  # Ctrl-C
    READER_GONE = 141  # standard output was closed


_PARSER_WORDS = (
    (": Value error, ", ": "),
    (
        "Input should be a valid integer, unable to parse string as an integer",
        "expected a whole number",
    ),
)
_EXIT_OF_ERROR: tuple[tuple[type[Exception], Exit], ...] = (
    (errors.UsageError, Exit.USAGE),
    (errors.FormatError, Exit.USAGE),
    (errors.Unavailable, Exit.UNREACHABLE),
    (errors.ComityError, Exit.REFUSED),
    (ConnectionError, Exit.UNREACHABLE),
    (TimeoutError, Exit.UNREACHABLE),
)
_FILE_FAULTS = frozenset(
    {errno.ENOENT, errno.EACCES, errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.EPERM}
)
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def exit_code(error: BaseException) -> Exit:
    """Return the exit code of an exception."""
    if isinstance(error, KeyboardInterrupt):
        return Exit.INTERRUPTED
    if isinstance(error, BrokenPipeError):
        return Exit.READER_GONE
    for kind, code in _EXIT_OF_ERROR:
        if isinstance(error, kind):
            return code
    if isinstance(error, EOFError):
        return Exit.USAGE
    if isinstance(error, OSError) and error.filename and error.errno in _FILE_FAULTS:
        return Exit.USAGE
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        return Exit.UNREACHABLE
    return Exit.DEFECT


def describe(error: Exception) -> tuple[str, str]:
    """Return the text and the hint for an exception, neither of them with a value in it."""
    if isinstance(error, errors.ComityError):
        return error.message, error.hint
    if isinstance(error, OSError) and error.strerror:
        where = f"{os.fsdecode(error.filename)}: " if error.filename else ""
        return f"{where}{error.strerror.lower()}", ""
    if isinstance(error, EOFError):
        return "the input ended before the answer", "type it, or see --help for how to give it"
    place = _place(error)
    return (
        f"a fault in comity itself: {type(error).__name__} at {place}",
        "please report this line; SECURITY.md says where",
    )


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "an unknown place"
    return f"{'/'.join(frames[-1].filename.split(os.sep)[-2:])}:{frames[-1].lineno}"


def line(text: str) -> str:
    """Return text as one line of the interface: printable, lower case start, no full stop."""
    printable = "".join(
        character if character.isprintable() else " " for character in text.replace("\n", "; ")
    ).strip()
    if printable.endswith(".") and not printable.endswith(".."):
        printable = printable[:-1]
    head, space, rest = printable.partition(" ")
    if head[:1].isupper() and head[1:].islower():
        head = head.lower()
    return head + space + rest


def report(error: BaseException, stderr: TextIO) -> int:
    """Write what went wrong for a person and return the exit code."""
    code = exit_code(error)
    if code in (Exit.INTERRUPTED, Exit.READER_GONE) or not isinstance(error, Exception):
        return code
    text, hint = describe(error)
    print(f"error: {line(text)}", file=stderr)
    if isinstance(error, errors.Invalid):
        for fault in error.faults:
            print(f"  {line(fault.pointer or '/')}: {line(fault.message)}", file=stderr)
    if hint:
        print(f"hint: {line(hint)}", file=stderr)
    return code


def guarded(action: Callable[[], object], stderr: TextIO) -> int:
    """Run an action and turn whatever it raises into an exit code and its text.

    Args:
        action: returns an exit code, or anything else for done.
        stderr: where errors are written.
    """
    try:
        answer = action()
        sys.stdout.flush()
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except BrokenPipeError as error:
        _silence_stdout()
        return report(error, stderr)
    except (Exception, KeyboardInterrupt) as error:
        return report(error, stderr)
    return answer if isinstance(answer, int) else Exit.DONE


def open_closed_streams() -> None:
    """Give the process the standard streams that its caller has closed (``<&-``, ``>&-``).

    Python leaves None in their place; and the next file that is opened would get their number.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # the lowest free number is the one that was closed
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115


def _silence_stdout() -> None:
    """Keep the interpreter from complaining about the closed pipe once more on its way out."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        return


def run_app(app: Typer, argv: Sequence[str], name: str = "comity") -> object:
    """Run a typer application; its usage errors and Ctrl-C become ours.

    Args:
        app: the application.
        argv: its arguments, without a program name.
        name: what the help text calls it.

    Returns:
        What the command returned, or the code it left with.

    Raises:
        errors.UsageError: the arguments do not fit.
    """
    import typer
    from typer.exceptions import TyperException

    try:
        with typer.main.get_command(app).make_context(name, list(argv)) as context:
            return context.command.invoke(context)
    except typer.Exit as leaving:
        return leaving.exit_code
    except typer.Abort:
        raise KeyboardInterrupt from None
    except TyperException as wrong:
        at = getattr(getattr(wrong, "ctx", None), "command_path", None) or _path_of(app, argv, name)
        bare = type(wrong).__name__ == "NoArgsIsHelpError"  # typer has printed the help already
        text = "a command is missing" if bare else _plainer(wrong.format_message())
        raise errors.UsageError("usage", text, hint=f"type '{at} --help'") from None


def _plainer(text: str) -> str:
    """Return a sentence of the argument parser without the words of its own trade."""
    for theirs, ours in _PARSER_WORDS:
        text = text.replace(theirs, ours)
    return text


def _path_of(app: Typer, argv: Sequence[str], name: str) -> str:
    """Return the command that the first words name, as ``comity node connect``."""
    import typer

    command: object = typer.main.get_command(app)
    for word in argv:
        command = getattr(command, "commands", {}).get(word)
        if command is None:
            break
        name = f"{name} {word}"
    return name


def typer_command(app: Typer, name: str = "comity") -> Callable[[list[str]], int]:
    """Return the ``f(argv) -> exit code`` that the command table calls for a typer application.

    Args:
        app: the application.
        name: what its help text calls it, such as ``comity keys``.
    """
    return lambda argv: guarded(lambda: run_app(app, argv, name), sys.stderr)
