"""``comity suspend``, ``renew``, ``transfer`` … : the events of a certificate's life.

One table says what each command takes, one list what an option is; the functions are made of both.
Decides the dialogue of a change: the sentence readers abroad will see, its effect and the way
back, then the certificate's number typed once more. Without a terminal it wants ``--yes``. A
refusal writes nothing; ``--dry-run`` neither. Exit code 2 where the body is not accredited for what
the successor states.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import Parameter, Signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from core import limits
from core.errors import Fault, Refused, UsageError
from core.record import Record
from core.runtime.exits import Exit, line
from core.slot import Slot
from node.cli_common import (
    DryRun,
    Json,
    Node,
    Revision,
    Wait,
    note,
    open_desk,
    show,
    wait_until_final,
)
from node.dates import beginning, day, end
from node.lifecycle import Change
from node.order import Order
from node.states import DeclarationState

if TYPE_CHECKING:  # the database takes a second to load, and help does not need it
    from node.decide import Decision
    from node.declare import Declaration, Preview

_RECORD_BYTES: Final = 2 * limits.RECORD_BYTES
_FILE_HELP: Final = "The successor's record (JSON); - for standard input."


@dataclass(frozen=True, slots=True)
class ChangeCommand:
    """One command: the event it makes, its help, and the options it takes beside those of all."""

    change: Change
    help: str
    takes: tuple[str, ...]

    @property
    def name(self) -> str:
        """The command's name."""
        return self.change.value.replace("_", "-")


_DATED: Final = ("effective", "announce", "revision", "wait")
_REPLACED: Final = ("file", "effective", "revision", "wait")
COMMANDS: Final = (
    ChangeCommand(Change.SUSPEND, "Suspend a certificate.", ("reason", "until", *_DATED)),
    ChangeCommand(
        Change.RESTORE,
        "End a suspension; or, with the successor's record, bring back what has expired.",
        ("maybe_file", *_DATED),
    ),
    ChangeCommand(Change.WITHDRAW, "Withdraw a certificate, for good.", ("reason", *_DATED)),
    ChangeCommand(
        Change.CANCEL, "Cancel a certificate at its holder's wish, for good.",
        ("maybe_reason", *_DATED),
    ),
    ChangeCommand(Change.RENEW, "Renew a certificate: a successor takes its place.", _REPLACED),
    ChangeCommand(
        Change.REDUCE_SCOPE, "Reduce the scope: a successor takes the certificate's place.",
        _REPLACED,
    ),
    ChangeCommand(
        Change.EXTEND_SCOPE, "Extend the scope: a successor takes the certificate's place.",
        _REPLACED,
    ),
    ChangeCommand(
        Change.CORRECT, "Correct an error: a successor takes the certificate's place.", _REPLACED
    ),
    ChangeCommand(
        Change.TRANSFER, "Point to the certificate of another body that takes this one's place.",
        ("to_member", "slot", "effective", "revision", "wait"),
    ),
    ChangeCommand(
        Change.MAINTAIN, "Record at home that surveillance was passed.", ("decision", "revision")
    ),
    ChangeCommand(
        Change.REFUSE, "Record at home that certification was refused.", ("reason", "decision")
    ),
)  # fmt: skip
_BEFORE: Final = ("number",)
_AFTER: Final = ("dry_run", "yes", "as_json", "node")
_REQUIRED: Final = Parameter.empty
_WORD: Final = "docs/formats/api.md lists them."
_OPTIONS: Final[Mapping[str, tuple[Any, Any]]] = {
    "number": (
        Annotated[str, typer.Argument(help="The certificate's number.", metavar="NUMBER")],
        _REQUIRED,
    ),
    "file": (Annotated[str, typer.Argument(help=_FILE_HELP, metavar="FILE")], _REQUIRED),
    "maybe_file": (
        Annotated[str | None, typer.Argument(help=_FILE_HELP, metavar="FILE")], None,
    ),
    "reason": (Annotated[str, typer.Option("--reason", metavar="WORD", help=_WORD)], _REQUIRED),
    "maybe_reason": (
        Annotated[
            str | None,
            typer.Option("--reason", metavar="WORD", help="Default: holder_request."),
        ],
        None,
    ),
    "until": (
        Annotated[str, typer.Option(metavar="DATE", help="When it ends at the latest.")], _REQUIRED,
    ),
    "effective": (
        Annotated[
            str | None,
            typer.Option("--from", metavar="DATE", help="A day or moment. Default: now."),
        ],
        None,
    ),
    "announce": (Annotated[bool, typer.Option("--announce", help="--from may lie ahead.")], False),
    "to_member": (
        Annotated[
            int,
            typer.Option("--to-member", metavar="M", min=1, help="The other body's number."),
        ],
        _REQUIRED,
    ),
    "slot": (
        Annotated[
            str,
            typer.Option(metavar="SLOT", help="Its certificate there: status list address#index."),
        ],
        _REQUIRED,
    ),
    "decision": (
        Annotated[str, typer.Option(metavar="DATE", help="The day of the decision.")], _REQUIRED,
    ),
    "revision": (Revision, None),
    "dry_run": (DryRun, False),
    "yes": (Annotated[bool, typer.Option("--yes", help="Do not ask for the number again.")], False),
    "wait": (Wait, False),
    "as_json": (Json, False),
    "node": (Node, None),
}  # fmt: skip


def function_of(command: ChangeCommand) -> Callable[..., int]:
    """Return the function that typer makes the command of."""

    def run(**given: Any) -> int:
        return _run(_order(command.change, given), given)

    parameters = []
    for name in (*_BEFORE, *command.takes, *_AFTER):
        annotation, default = _OPTIONS[name]
        parameters.append(
            Parameter(
                name.removeprefix("maybe_"), Parameter.KEYWORD_ONLY,
                annotation=annotation, default=default,
            )
        )  # fmt: skip
    run.__name__ = command.change.value
    run.__doc__ = command.help
    run.__annotations__ = {one.name: one.annotation for one in parameters} | {"return": int}
    run.__signature__ = Signature(parameters, return_annotation=int)  # type: ignore[attr-defined]
    return run


def _order(change: Change, given: Mapping[str, Any]) -> Order:
    effective, until, decision = (given.get(name) for name in ("effective", "until", "decision"))
    file, member = given.get("file"), given.get("to_member")
    return Order(
        change=change,
        number=given["number"],
        revision=given.get("revision"),
        reason=given.get("reason"),
        effective_at=None if effective is None else beginning(effective, what="--from"),
        until=None if until is None else end(until, what="--until"),
        announced=given.get("announce", False),
        successor=None if file is None else Record.read(_bytes_of(file)),
        link=None if member is None else (member, Slot.parse(given["slot"])),
        decided_on=None if decision is None else day(decision, what="--decision"),
    )


def _bytes_of(file: str) -> bytes:
    """Return the bytes of a file or of standard input, and of none more than a record may have."""
    if file == "-":
        return sys.stdin.buffer.read(_RECORD_BYTES + 1)
    with Path(file).open("rb") as stream:
        return stream.read(_RECORD_BYTES + 1)


def _run(order: Order, given: Mapping[str, Any]) -> int:
    from node.declare import Declaration, declaration_of

    with open_desk(given["node"]) as desk:
        seen = desk.preview(order)
        successor = order.successor
        warnings = () if successor is None else desk.gate().judge(successor).warnings
        done = None
        if not given["dry_run"]:
            _confirm(order, seen, yes=given["yes"])
            done = desk.carry_out(order)
            if isinstance(done, Declaration) and given["wait"]:
                known = done.id
                done = wait_until_final(
                    desk, lambda: declaration_of(desk.store, known), lambda one: one.is_final
                )
    _tell(order, seen, done, warnings, as_json=given["as_json"])
    refused = isinstance(done, Declaration) and done.state is DeclarationState.REFUSED
    if refused:
        return Exit.REFUSED
    return Exit.PARTLY if warnings else Exit.DONE


def _confirm(order: Order, seen: "Preview", *, yes: bool) -> None:
    """Ask for the certificate's number once more.

    Raises:
        UsageError: there is nobody to ask, and no ``--yes``.
        Refused: it was another number.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("confirmation_missing", "there is no terminal to confirm on", "add --yes")
    note("\n".join(_said(seen, "will")))
    typer.echo("Type the certificate number to go on: ", err=True, nl=False)
    if sys.stdin.readline().strip() != order.number:
        raise Refused("confirmation_mismatch", "that is another number: nothing was changed")


def _said(seen: "Preview", verb: str) -> list[str]:
    """Return what readers abroad will see, and what follows from it."""
    said = []
    if seen.sentence is not None:
        said.append(f"Readers abroad {verb} see: {seen.sentence}")
    if seen.successor_sentence is not None:
        said.append(f"Of its successor they {verb} see: {seen.successor_sentence}")
    return [*said, f"{seen.effect} {seen.undo}"]


def _tell(
    order: Order,
    seen: "Preview",
    done: "Declaration | Decision | None",
    warnings: Sequence[Fault],
    *,
    as_json: bool,
) -> None:
    from node.decide import Decision
    from node.declare import Declaration

    if not as_json:
        for warned in warnings:
            note(f"warning: {warned.pointer}: {warned.message}")
    if as_json:
        show(
            {
                "number": order.number,
                "dry_run": done is None,
                "sentence": seen.sentence,
                "successor_sentence": seen.successor_sentence,
                "effect": seen.effect,
                "undo": seen.undo,
                "declaration": done.dump() if isinstance(done, Declaration) else None,
                "decision": done.dump() if isinstance(done, Decision) else None,
                "warnings": [
                    {"pointer": one.pointer, "code": one.code, "message": one.message}
                    for one in warnings
                ],
            }
        )
    elif done is None:
        typer.echo("\n".join(_said(seen, "would")))
        note("nothing was changed")
    elif isinstance(done, Decision):
        typer.echo(f"{order.number}: recorded at home. {seen.effect}")
    elif done.refusal is not None:
        note(f"error: {line(done.refusal.message)}\nhint: {line(done.refusal.hint)}")
    else:
        where = "on the ledger" if done.is_final else "on its way to the ledger"
        if done.successor_receipt is not None and not done.is_final:
            where = "ordered; it goes to the ledger once its successor is anchored"
        typer.echo(f"{order.number}: {where}. {seen.sentence}")
