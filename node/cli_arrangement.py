"""``comity arrangement``: make one, join it, leave it; suspend and restore its parties.

Decides nothing but the options: ``node/arranging.py`` drafts, ``node/cli_acts.py`` holds the
dialogue.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core import limits
from core.errors import UsageError
from core.events import PartyAction, Role
from core.runtime.exits import Exit
from node.cli_acts import DryRun, MemberName, Reason, inert, take_part
from node.cli_common import Json, Node, Wait, note, open_desk, read_file, show
from node.dates import beginning

if TYPE_CHECKING:
    from node.acting import Draft, Ground

app = typer.Typer(
    help="Arrangements of mutual recognition.", no_args_is_help=True, rich_markup_mode=None
)

Number = Annotated[int, typer.Argument(metavar="ID", min=1, help="The arrangement's number.")]
Scope = Annotated[str, typer.Option(metavar="SCOPE", help="MSC, or a sub-scope as MSC/QMS.")]
From = Annotated[
    str | None, typer.Option("--from", metavar="DATE", help="A day or moment. Default: now.")
]


@app.command()
def new(
    text: Annotated[Path, typer.Argument(metavar="FILE", help="Its text: public, for ever.")],
    role: Annotated[list[str], typer.Option(help="What its parties are; may be repeated.")],
    party: Annotated[
        list[str] | None, typer.Option(metavar="MEMBER", help="Invited at once; may be repeated.")
    ] = None,
    dry_run: DryRun = False,
    wait: Wait = False,
    as_json: Json = False,
    node: Node = None,
) -> int:
    """Make an arrangement, which this body then keeps."""
    from node.arranging import making
    from node.naming import member_named, members_of

    raw, roles = read_file(text, limits.LEDGER_TEXT_BYTES), _roles(role)

    def draft(ground: "Ground") -> "Draft":
        members = members_of(ground.evidence)
        return making(ground, roles, [member_named(members, one) for one in party or []], raw)

    return take_part(draft, dry_run=dry_run, wait=wait, as_json=as_json, node=node)


@app.command()
def invite(
    number: Number,
    member: MemberName,
    dry_run: DryRun = False,
    wait: Wait = False,
    as_json: Json = False,
    node: Node = None,
) -> int:
    """Invite a member to an arrangement that this body keeps."""
    return _move(
        PartyAction.INVITED, number, member,
        dry_run=dry_run, wait=wait, as_json=as_json, node=node,
    )  # fmt: skip


@app.command()
def accept(
    number: Number,
    scope: Scope,
    effective: From = None,
    dry_run: DryRun = False,
    wait: Wait = False,
    as_json: Json = False,
    node: Node = None,
) -> int:
    """Accept an arrangement for a scope."""
    return _move(
        PartyAction.ACCEPTED, number, None, scope=scope, effective=effective,
        dry_run=dry_run, wait=wait, as_json=as_json, node=node,
    )  # fmt: skip


@app.command()
def leave(
    number: Number,
    scope: Scope,
    effective: From = None,
    dry_run: DryRun = False,
    wait: Wait = False,
    as_json: Json = False,
    node: Node = None,
) -> int:
    """Leave an arrangement for a scope."""
    return _move(
        PartyAction.LEFT, number, None, scope=scope, effective=effective,
        dry_run=dry_run, wait=wait, as_json=as_json, node=node,
    )  # fmt: skip


@app.command()
def suspend(
    number: Number,
    member: MemberName,
    scope: Scope,
    reason: Reason,
    effective: From = None,
    dry_run: DryRun = False,
    wait: Wait = False,
    as_json: Json = False,
    node: Node = None,
) -> int:
    """Suspend a party of an arrangement that this body keeps."""
    return _move(
        PartyAction.SUSPENDED, number, member, scope=scope, effective=effective, reason=reason,
        dry_run=dry_run, wait=wait, as_json=as_json, node=node,
    )  # fmt: skip


@app.command()
def restore(
    number: Number,
    member: MemberName,
    scope: Scope,
    effective: From = None,
    dry_run: DryRun = False,
    wait: Wait = False,
    as_json: Json = False,
    node: Node = None,
) -> int:
    """Lift the suspension of a party."""
    return _move(
        PartyAction.RESTORED, number, member, scope=scope, effective=effective,
        dry_run=dry_run, wait=wait, as_json=as_json, node=node,
    )  # fmt: skip


@app.command("show")
def shown(
    number: Annotated[
        int | None, typer.Argument(metavar="ID", min=1, help="One, with its text; none for all.")
    ] = None,
    as_json: Json = False,
    node: Node = None,
) -> int:
    """Show arrangements, their parties, and who is bound to whom."""
    from node.arranged import arrangement_made, arrangements
    from node.noticing import text_of

    with open_desk(node) as desk, desk.ledger() as view:
        found = arrangements(view.evidence, desk.clock())
        if number is not None:
            text = text_of(view.evidence, arrangement_made(view.evidence, number).text_hash)
            found = [one for one in found if one["arrangement"] == number]
            found[0]["text"]["content"] = text
    if as_json:
        show({"arrangements": found})
        return Exit.DONE
    for one in found:
        _tell(one)
    if not found:
        note("the ledger has no arrangement yet")
    return Exit.DONE


def _tell(one: dict[str, Any]) -> None:
    roles = ", ".join(role.replace("_", " ") for role in one["roles"])
    typer.echo(f"{one['arrangement']}  kept by {one['keeper']['name']}, for the role {roles}")
    for party in one["parties"]:
        states = ", ".join(
            f"{place['scope']} {place['state'].replace('_', ' ')}"
            + (f" since {place['since'][:10]}" if place["since"] else "")
            for place in party["scopes"]
        )
        typer.echo(f"   {party['name']}: {states or 'invited'}")
    names = {party["member"]: party["name"] for party in one["parties"]}
    for bound in one["in_effect"]:
        who = ", ".join(names[member] for member in bound["between"])
        how = "unilateral, only" if bound["unilateral"] else "in effect between"
        typer.echo(f"   {bound['scope']}: {how} {who}")
    content = one["text"].get("content")
    if content is not None:
        typer.echo(inert(content))


def _roles(words: list[str]) -> Role:
    roles = Role(0)
    for word in words:
        named = Role.__members__.get(word.upper())
        if named is None:
            known = ", ".join(name.lower() for name in Role.__members__)
            raise UsageError("usage", f"--role: expected one of {known}")
        roles |= named
    return roles


def _move(
    action: PartyAction,
    number: int,
    member: str | None,
    *,
    dry_run: bool,
    wait: bool,
    as_json: bool,
    node: Path | None,
    scope: str = "",
    reason: str | None = None,
    effective: str | None = None,
) -> int:
    from node.arranging import Move, moving
    from node.naming import member_named, members_of

    start = None if effective is None else beginning(effective, what="--from")

    def draft(ground: "Ground") -> "Draft":
        party = ground.member
        if member is not None:
            party = member_named(members_of(ground.evidence), member).number
        return moving(ground, Move(action, number, party, scope, reason, start))

    return take_part(draft, dry_run=dry_run, wait=wait, as_json=as_json, node=node)
