"""``comity status``, ``suspend``, ``restore``, ``withdraw``, ``cancel`` and ``present``.

Decides the dialogue of a change: the sentence readers abroad will see, its effect and the way
back, then the certificate's number typed once more. Without a terminal it wants ``--yes``. A
refusal writes nothing; ``--dry-run`` neither.
"""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from core.errors import Refused, UsageError
from core.runtime.exits import Exit, line
from node.cli_common import Json, Node, Wait, note, open_desk, show, wait_until_final
from node.dates import beginning, end
from node.declare import Declaration, Order, Preview, declaration_of, declare, preview
from node.lifecycle import Change
from node.states import DeclarationState, Envelope

Number = Annotated[str, typer.Argument(help="The certificate's number.", metavar="NUMBER")]
Revision = Annotated[
    int | None,
    typer.Option(min=0, max=9_999, help="Default: the newest.", show_default=False),
]
Reason = Annotated[str, typer.Option(metavar="WORD", help="docs/formats/api.md lists them.")]
From = Annotated[
    str | None,
    typer.Option("--from", metavar="DATE", help="A day or moment. Default: now."),
]
Announce = Annotated[bool, typer.Option("--announce", help="--from may lie ahead.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be said; change nothing.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask for the number again.")]


def status(
    number: Annotated[
        str | None, typer.Argument(metavar="NUMBER", help="A certificate; none for the node.")
    ] = None,
    as_json: Json = False,
    node: Node = None,
) -> int:
    """Show one certificate and where it stands, or how the node stands."""
    with open_desk(node) as desk:
        told = desk.overview() if number is None else desk.certificate(number)
    if as_json:
        show(told)
    elif number is None:
        _tell_overview(told)
    else:
        _tell_certificate(told)
    return 0


def suspend(
    number: Number,
    reason: Reason,
    until: Annotated[str, typer.Option(metavar="DATE", help="When it ends at the latest.")],
    effective: From = None,
    announce: Announce = False,
    revision: Revision = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    wait: Wait = False,
    as_json: Json = False,
    node: Node = None,
) -> int:
    """Suspend a certificate."""
    order = Order(
        Change.SUSPEND, number, revision, reason, _from(effective),
        end(until, what="--until"), announce,
    )  # fmt: skip
    return _change(order, dry_run=dry_run, yes=yes, wait=wait, as_json=as_json, node=node)


def restore(
    number: Number,
    effective: From = None,
    announce: Announce = False,
    revision: Revision = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    wait: Wait = False,
    as_json: Json = False,
    node: Node = None,
) -> int:
    """End a suspension."""
    order = Order(Change.RESTORE, number, revision, None, _from(effective), None, announce)
    return _change(order, dry_run=dry_run, yes=yes, wait=wait, as_json=as_json, node=node)


def withdraw(
    number: Number,
    reason: Reason,
    effective: From = None,
    announce: Announce = False,
    revision: Revision = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    wait: Wait = False,
    as_json: Json = False,
    node: Node = None,
) -> int:
    """Withdraw a certificate, for good."""
    order = Order(Change.WITHDRAW, number, revision, reason, _from(effective), None, announce)
    return _change(order, dry_run=dry_run, yes=yes, wait=wait, as_json=as_json, node=node)


def cancel(
    number: Number,
    reason: Annotated[
        str | None, typer.Option(metavar="WORD", help="Default: holder_request.")
    ] = None,
    effective: From = None,
    announce: Announce = False,
    revision: Revision = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    wait: Wait = False,
    as_json: Json = False,
    node: Node = None,
) -> int:
    """Cancel a certificate at its holder's wish, for good."""
    order = Order(Change.CANCEL, number, revision, reason, _from(effective), None, announce)
    return _change(order, dry_run=dry_run, yes=yes, wait=wait, as_json=as_json, node=node)


def present(
    number: Number,
    out: Annotated[Path, typer.Option("-o", "--out", help="The proof file to write.")],
    fields: Annotated[
        str, typer.Option(help="What to share: names with commas between, all, or none.")
    ] = "",
    revision: Revision = None,
    envelope: Annotated[Envelope, typer.Option(help="plain shares everything.")] = (
        Envelope.SELECTIVE
    ),
    as_json: Json = False,
    node: Node = None,
) -> int:
    """Write a proof file that shares the fields you choose, and what is never hidden.

    Exit code 2 when it was written with warnings: a reader will not find it in force.
    """
    from node.present import fields_of
    from node.present import present as make

    chosen = [name.strip() for name in fields.split(",") if name.strip()]
    with open_desk(node) as desk, desk.ledger() as view:
        made = make(
            desk.store,
            view.evidence,
            view.body.member,
            number,
            revision,
            chosen,
            now=desk.clock(),
            envelope=envelope,
        )
        available = fields_of(desk.store, number, revision)
    _write(out, made.document)
    code = Exit.PARTLY if made.warnings else Exit.DONE
    if as_json:
        show(
            {
                "file": str(out),
                "bytes": len(made.document),
                "verdict": made.report.verdict.value,
                "warnings": list(made.warnings),
            }
        )
        return code
    for warning in made.warnings:
        note(f"warning: {line(warning)}")
    typer.echo(f"wrote {out}, {len(made.document)} bytes")
    if not chosen and envelope is Envelope.SELECTIVE:
        note(f"hint: it shares no more than it must; --fields can add {', '.join(available)}")
    return code


def _write(out: Path, document: bytes) -> None:
    """Write a file whole or not at all."""
    draft = out.with_name(f"{out.name}.part")
    try:
        draft.write_bytes(document)
        draft.replace(out)
    except OSError as fault:  # names the file that was asked for, not our draft of it
        raise OSError(fault.errno, fault.strerror, str(out)) from None
    finally:
        draft.unlink(missing_ok=True)


def _from(text: str | None) -> datetime | None:
    return None if text is None else beginning(text, what="--from")


def _change(
    order: Order, *, dry_run: bool, yes: bool, wait: bool, as_json: bool, node: Path | None
) -> int:
    with open_desk(node) as desk:
        with desk.ledger() as view:
            seen = preview(desk.store, view.evidence, view.body.member, order, now=desk.clock())
        declared = None
        if not dry_run:
            _confirm(order, seen, yes=yes)
            with desk.ledger() as view:
                declared = declare(
                    desk.store, view.evidence, view.body.member, order,
                    now=desk.clock(), random=desk.random,
                )  # fmt: skip
            desk.wake_worker()
            if wait:
                known = declared.id
                declared = wait_until_final(
                    desk, lambda: declaration_of(desk.store, known), lambda one: one.is_final
                )
    _tell_change(order, seen, declared, as_json=as_json)
    return Exit.REFUSED if declared and declared.state is DeclarationState.REFUSED else Exit.DONE


def _confirm(order: Order, seen: Preview, *, yes: bool) -> None:
    """Ask for the number again.

    Raises:
        UsageError: there is nobody to ask, and no ``--yes``.
        Refused: it was another number.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("confirmation_missing", "there is no terminal to confirm on", "add --yes")
    note(f"Readers abroad will see: {seen.sentence}\n{seen.effect} {seen.undo}")
    typer.echo("Type the certificate number to go on: ", err=True, nl=False)
    if sys.stdin.readline().strip() != order.number:
        raise Refused("confirmation_mismatch", "that is another number: nothing was changed")


def _tell_change(
    order: Order, seen: Preview, declared: Declaration | None, *, as_json: bool
) -> None:
    if as_json:
        show(
            {
                "number": order.number,
                "dry_run": declared is None,
                "sentence": seen.sentence,
                "effect": seen.effect,
                "undo": seen.undo,
                "declaration": declared.dump() if declared else None,
            }
        )
        return
    if declared is None:
        typer.echo(f"Readers abroad would see: {seen.sentence}\n{seen.effect} {seen.undo}")
        note("nothing was changed")
    elif declared.refusal is not None:
        note(f"error: {line(declared.refusal.message)}\nhint: {line(declared.refusal.hint)}")
    else:
        said = "on the ledger" if declared.is_final else "on its way to the ledger"
        typer.echo(f"{order.number}: {said}. {seen.sentence}")


def _tell_certificate(told: dict[str, Any]) -> None:
    typer.echo(told["number"])
    for one in told["revisions"]:
        receipt, standing = one["receipt"], one["status"]
        typer.echo(f"  revision {one['revision']}")
        if standing is not None:
            since = f" since {standing['since']}" if standing["since"] else ""
            typer.echo(f"    status    {standing['state'].replace('_', ' ')}{since}")
        typer.echo(f"    receipt   {receipt['id']}, {receipt['state']}")
        for step in ("received", "issued", "sealed", "anchored"):
            if receipt[f"{step}_at"]:
                typer.echo(f"    {step:<9} {receipt[f'{step}_at']}")
        if receipt["refusal"]:
            typer.echo(f"    refused   {receipt['refusal']['message']}")
        for declared in one["declarations"]:
            reason = f", {declared['reason']}" if declared["reason"] else ""
            typer.echo(
                f"    declared  {declared['status'].replace('_', ' ')} from "
                f"{declared['effective_at']}{reason}: {declared['state']}"
            )


def _tell_overview(told: dict[str, Any]) -> None:
    ledger, worker, last = told["ledger"], told["worker"], told["last_anchor"]
    rows = [("address", told["endpoint"])]
    if ledger is None:
        rows.append(("ledger", "none; comity node connect"))
    else:
        age = "not followed yet" if ledger["age_seconds"] is None else f"{ledger['age_seconds']} s"
        rows.append(("ledger", f"{ledger['origin']}, member {ledger['member'] or 'unknown'}"))
        rows.append(("head age", age))
    rows.append(("backlog", f"{told['backlog']} to be anchored, {told['open_batches']} batches"))
    rows.append(("anchored", str(told["receipts"]["anchored"])))
    rows.append(
        ("last anchor", "none yet" if last is None else f"block {last['block']}, {last['root']}")
    )
    if worker is None:
        rows.append(("worker", "has never run; comity node run"))
    else:
        trouble = ", ".join((worker["failing"] or {}).values()) or worker["held"] or "well"
        rows.append(("worker", f"{trouble}, {worker['age_seconds']} s ago"))
    for name, text in rows:
        typer.echo(f"{name:<12} {text}")
