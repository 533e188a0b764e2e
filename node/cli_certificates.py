"""``comity status`` and ``present``.

Decides how a certificate's life and the node's own standing are told to a person.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from core.runtime.exits import Exit, line
from node.cli_common import Json, Node, Revision, note, open_desk, show
from node.states import Envelope


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


def present(
    number: Annotated[str, typer.Argument(help="The certificate's number.", metavar="NUMBER")],
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


def _tell_certificate(told: dict[str, Any]) -> None:
    typer.echo(told["number"])
    for refused in told["refused"]:
        typer.echo(f"  certification refused on {refused['decided_on']}, {refused['reason']}")
    for one in told["revisions"]:
        receipt, standing = one["receipt"], one["status"]
        typer.echo(f"  revision {one['revision']}")
        if standing is not None:
            since = f" since {standing['since']}" if standing["since"] else ""
            typer.echo(f"    status    {standing['state'].replace('_', ' ')}{since}")
        if one["slot"] is not None:
            typer.echo(f"    slot      {one['slot']}")
        typer.echo(f"    receipt   {receipt['id']}, {receipt['state']}")
        for step in ("received", "issued", "sealed", "anchored"):
            if receipt[f"{step}_at"]:
                typer.echo(f"    {step:<9} {receipt[f'{step}_at']}")
        if receipt["refusal"]:
            typer.echo(f"    refused   {receipt['refusal']['message']}")
        for event in one["events"]:
            typer.echo(f"    event     {_event(event)}")
        for declared in one["declarations"]:
            if declared["refusal"]:
                typer.echo(
                    f"    refused   {declared['status'].replace('_', ' ')} from "
                    f"{declared['effective_at']}: {declared['refusal']['message']}"
                )


def _event(event: dict[str, Any]) -> str:
    """Return one event of a certificate's life in one line."""
    at = "on" if event["source"] == "home" else "from"
    parts = [f"{event['event'].replace('_', ' ')} {at} {event['effective_at']}"]
    if event["until"]:
        parts.append(f"until {event['until']}")
    if event["reason"]:
        parts.append(event["reason"].replace("_", " "))
    if event["linked"]:
        parts.append(f"member {event['linked']['member']}, slot {event['linked']['slot'][:16]}…")
    if event["source"] == "under_way":
        parts.append("on its way")
    if event["annulled"]:
        parts.append("annulled")
    return ", ".join(parts)


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
    if told["open_acts"]:
        rows.append(("acts", f"{told['open_acts']} wait; comity acts"))
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
