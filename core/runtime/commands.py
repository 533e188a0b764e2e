"""The command line: a table of names, resolved only when called.

Decides which module answers ``comity NAME``; imports none of them before that, so that help is
instant. A target is ``module:attribute``, where the attribute is a typer application or a
function ``f(argv: list[str]) -> int``. It gets the arguments after its name; a target that
answers to several names (``shared``) gets the name as well.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Final, NamedTuple, TextIO

from core import __version__
from core.runtime import faults
from core.runtime.exits import Exit, guarded, line, open_closed_streams, typer_command


class Command(NamedTuple):
    """One row of the table."""

    name: str
    target: str
    summary: str
    shared: bool = False


GROUPS: Final[tuple[tuple[str, tuple[Command, ...]], ...]] = (
    (
        "Check what somebody presents",
        (
            Command("check", "verifier.cli:app", "check a proof file", shared=True),
            Command("network", "verifier.cli:app", "show the network, who is accepted where", True),
            Command("verifier", "verifier.cli:app", "run a verifier: page, API, follower", True),
        ),
    ),
    (
        "Issue and look after e-certificates",
        (
            Command("issue", "node.cli:app", "issue from a record or a register", True),
            Command("status", "node.cli:app", "show one certificate and where it stands", True),
            Command("suspend", "node.cli:app", "suspend a certificate", True),
            Command("restore", "node.cli:app", "end a suspension", True),
            Command("withdraw", "node.cli:app", "withdraw a certificate for good", True),
            Command("cancel", "node.cli:app", "cancel a certificate at its holder's wish", True),
            Command("renew", "node.cli:app", "let a renewed certificate take its place", True),
            Command("reduce-scope", "node.cli:app", "let one with less scope take its place", True),
            Command("extend-scope", "node.cli:app", "let one with more scope take its place", True),
            Command("correct", "node.cli:app", "let a corrected certificate take its place", True),
            Command("transfer", "node.cli:app", "point to the successor at another body", True),
            Command("maintain", "node.cli:app", "record that surveillance was passed", True),
            Command("refuse", "node.cli:app", "record that certification was refused", True),
            Command("present", "node.cli:app", "write a proof file with chosen fields", True),
            Command("register", "node.cli:app", "look at a CSV register before importing it", True),
        ),
    ),
    (
        "Take part in the network",
        (
            Command("accredit", "node.cli:app", "accredit certification bodies", True),
            Command("arrangement", "node.cli:app", "make, join and leave arrangements", True),
            Command("notice", "node.cli:app", "publish notices and risk alerts", True),
            Command("notices", "node.cli:app", "show what members have published", True),
            Command("assure", "node.cli:app", "declare how a key is kept", True),
            Command("propose", "node.cli:app", "ask the members for a vote", True),
            Command("vote", "node.cli:app", "vote on a proposal", True),
            Command("proposals", "node.cli:app", "show proposals, votes, what is needed", True),
            Command("policy", "node.cli:app", "write, sign, show what an economy accepts", True),
            Command("acts", "node.cli:app", "show what this body did in the network", True),
        ),
    ),
    (
        "Run a body's node",
        (
            Command("node", "node.cli_node:app", "set up and run this body's node"),
            Command("doctor", "node.cli:app", "compare all that is kept with the ledger", True),
            Command("token", "node.cli:app", "make and revoke tokens of the node's API", True),
            Command("keys", "keys.cli:app", "make and inspect signing keys"),
            Command("chain", "contracts.cli:app", "run the development chain, deploy a ledger"),
        ),
    ),
    (
        "Try it",
        (Command("demo", "node.demo.cli:app", "six bodies, a chain and a verifier, right here"),),
    ),
)
COMMANDS: Final[dict[str, Command]] = {
    command.name: command for _, commands in GROUPS for command in commands
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``comity`` with the arguments of the process and return its exit code."""
    open_closed_streams()
    arguments = list(sys.argv[1:] if argv is None else argv)
    return run(arguments, sys.stdout, sys.stderr)


def run(arguments: list[str], stdout: TextIO, stderr: TextIO) -> int:
    """Answer help and version at once; hand everything else to the command's own module."""
    if arguments[:1] == ["help"]:
        arguments = [*arguments[1:2], "--help"]
    if not arguments or arguments[0] in ("--help", "-h"):
        print(help_text(), file=stdout)
        return Exit.DONE
    if arguments[0] in ("--version", "-V"):
        print(f"comity {__version__}", file=stdout)
        return Exit.DONE
    name, rest = arguments[0], arguments[1:]
    command = COMMANDS.get(name)
    if command is None:
        return _unknown(name, stderr)
    return guarded(lambda: _call(command, [name, *rest] if command.shared else rest), stderr)


def _call(command: Command, arguments: list[str]) -> int:
    faults.arm(os.environ)
    return resolve(command)(arguments)


def resolve(command: Command) -> Callable[[list[str]], int]:
    """Import a command's module and return the function to call.

    Raises:
        LookupError: the module has no such attribute, or it is no command; a defect of ours.
    """
    module, _, attribute = command.target.partition(":")
    found = getattr(import_module(module), attribute, None)
    if found is not None and hasattr(found, "registered_commands"):
        return typer_command(found, "comity" if command.shared else f"comity {command.name}")
    if not callable(found):
        raise LookupError(f"{command.target} is no command")
    return found  # type: ignore[no-any-return]


def help_text() -> str:
    """Return what ``comity --help`` prints."""
    width = max(map(len, COMMANDS))
    lines = [
        "Usage: comity COMMAND [OPTIONS]",
        "",
        "E-certificates that can be checked abroad, without handing over anybody's records.",
    ]
    for title, commands in GROUPS:
        lines += ["", f"{title}:"]
        lines += [f"  {command.name:<{width}}  {command.summary}" for command in commands]
    lines += [
        "",
        "'comity COMMAND --help' tells more; 'comity --version' the version.",
    ]
    return "\n".join(lines)


def _unknown(name: str, stderr: TextIO) -> int:
    from difflib import get_close_matches

    close = get_close_matches(name, COMMANDS, n=1)
    print(f"error: {line(f'there is no command {name!r}')}", file=stderr)
    hint = f"did you mean 'comity {close[0]}'" if close else "type 'comity --help'"
    print(f"hint: {hint}", file=stderr)
    return Exit.USAGE
