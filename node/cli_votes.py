"""``comity propose``, ``vote`` and ``proposals``.

Decides nothing but the words: ``node/voting.py`` counts, ``node/cli_acts.py`` holds the dialogue.
"""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.runtime.exits import Exit, line
from node.cli_acts import DryRun, MemberName, Reason, take_part
from node.cli_common import Json, Node, Wait, note, open_desk, read_file, show

if TYPE_CHECKING:
    from collections.abc import Callable

    from contracts.calls import Call
    from node.acting import Ground
    from node.naming import Member

app = typer.Typer(help="Ask the members for a vote.", no_args_is_help=True, rich_markup_mode=None)

Number = Annotated[int, typer.Argument(metavar="ID", min=1, help="The proposal's number.")]


class Ballot(StrEnum):
    """A vote."""

    YES = "yes"
    NO = "no"


@app.command()
def admit(
    founder: Annotated[Path, typer.Argument(metavar="FOUNDER.json", help="The body's own file.")],
    dry_run: DryRun = False,
    wait: Wait = False,
    as_json: Json = False,
    node: Node = None,
) -> int:
    """Propose to admit the body that made this file."""
    from contracts.founders import FILE_BYTES
    from node.proposing import admission

    raw = read_file(founder, FILE_BYTES)
    return _propose(
        lambda ground: admission(ground.calls, raw),
        dry_run=dry_run, wait=wait, as_json=as_json, node=node,
    )  # fmt: skip


@app.command()
def suspend(
    member: MemberName,
    reason: Reason,
    dry_run: DryRun = False,
    wait: Wait = False,
    as_json: Json = False,
    node: Node = None,
) -> int:
    """Propose to suspend a member."""
    from core.act_reasons import act_reason

    number = act_reason(reason).number
    return _propose(
        lambda ground: ground.calls.propose_suspension(_named(ground, member).number, number),
        dry_run=dry_run, wait=wait, as_json=as_json, node=node,
    )  # fmt: skip


@app.command()
def restore(
    member: MemberName,
    dry_run: DryRun = False,
    wait: Wait = False,
    as_json: Json = False,
    node: Node = None,
) -> int:
    """Propose to lift a member's suspension."""
    return _propose(
        lambda ground: ground.calls.propose_restoration(_named(ground, member).number),
        dry_run=dry_run, wait=wait, as_json=as_json, node=node,
    )  # fmt: skip


@app.command()
def expel(
    member: MemberName,
    reason: Reason,
    dry_run: DryRun = False,
    wait: Wait = False,
    as_json: Json = False,
    node: Node = None,
) -> int:
    """Propose to expel a member, for ever."""
    from core.act_reasons import act_reason

    number = act_reason(reason).number
    return _propose(
        lambda ground: ground.calls.propose_expulsion(_named(ground, member).number, number),
        dry_run=dry_run, wait=wait, as_json=as_json, node=node,
    )  # fmt: skip


@app.command()
def recovery(
    member: MemberName,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="0x and 40 hex digits.")],
    dry_run: DryRun = False,
    wait: Wait = False,
    as_json: Json = False,
    node: Node = None,
) -> int:
    """Propose another recovery account for a member that lost its own."""
    from contracts.abi import lower_address

    at = lower_address(address)
    return _propose(
        lambda ground: ground.calls.propose_recovery_account(_named(ground, member).number, at),
        dry_run=dry_run, wait=wait, as_json=as_json, node=node,
    )  # fmt: skip


@app.command()
def seat(
    member: MemberName,
    take: Annotated[bool, typer.Option("--take", help="Take the seat instead.")] = False,
    dry_run: DryRun = False,
    wait: Wait = False,
    as_json: Json = False,
    node: Node = None,
) -> int:
    """Propose to give a member a cosigner's seat, or to take it."""
    return _propose(
        lambda ground: ground.calls.propose_seat(_named(ground, member).number, not take),
        dry_run=dry_run, wait=wait, as_json=as_json, node=node,
    )  # fmt: skip


@app.command()
def parameter(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Such as finality_depth.")],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="A whole number.")],
    dry_run: DryRun = False,
    wait: Wait = False,
    as_json: Json = False,
    node: Node = None,
) -> int:
    """Propose another value of a ledger parameter."""
    from node.proposing import parameter as proposed

    return _propose(
        lambda ground: proposed(ground.calls, name, value),
        dry_run=dry_run, wait=wait, as_json=as_json, node=node,
    )  # fmt: skip


@app.command()
def code(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Such as statuses.")],
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="0x and 40 hex digits.")],
    dry_run: DryRun = False,
    wait: Wait = False,
    as_json: Json = False,
    node: Node = None,
) -> int:
    """Propose another contract in the place of one."""
    from contracts.abi import lower_address

    at = lower_address(address)
    return _propose(
        lambda ground: ground.calls.propose_code(name, at),
        dry_run=dry_run, wait=wait, as_json=as_json, node=node,
    )  # fmt: skip


@app.command("carry-out")
def carry_out(
    number: Number,
    dry_run: DryRun = False,
    wait: Wait = False,
    as_json: Json = False,
    node: Node = None,
) -> int:
    """Carry out a proposal that passes, where its proposer's node does not."""
    from node.voting import carrying_out_numbered

    return take_part(
        lambda ground: carrying_out_numbered(ground, number),
        dry_run=dry_run, wait=wait, as_json=as_json, node=node,
    )  # fmt: skip


def vote(
    number: Number,
    ballot: Annotated[Ballot, typer.Argument(metavar="yes|no", show_choices=False)],
    dry_run: DryRun = False,
    wait: Wait = False,
    as_json: Json = False,
    node: Node = None,
) -> int:
    """Vote on a proposal, once."""
    from node.voting import voting

    return take_part(
        lambda ground: voting(ground, number, ballot is Ballot.YES),
        dry_run=dry_run, wait=wait, as_json=as_json, node=node,
    )  # fmt: skip


def proposals(
    number: Annotated[
        int | None, typer.Argument(metavar="ID", min=1, help="One proposal; none for all.")
    ] = None,
    as_json: Json = False,
    node: Node = None,
) -> int:
    """Show what is put to the vote, who has voted, and what is still needed."""
    from node.voting import proposal_numbered
    from node.voting import proposals as listed

    with open_desk(node) as desk, desk.ledger() as view:
        found = (
            listed(view.evidence) if number is None else [proposal_numbered(view.evidence, number)]
        )
        told = [one.dump() for one in found]
        lines = [(one.number, one.state.value.replace("_", " "), one.asks(), one.standing())
                 for one in found]  # fmt: skip
    if as_json:
        show({"proposals": told})
        return Exit.DONE
    for known, state, asks, standing in lines:
        typer.echo(f"{known}  {state}: {line(asks)}")
        if state in ("open", "passed"):
            typer.echo(f"   {line(standing)}")
    if not lines:
        note("nothing has been put to the vote yet")
    return Exit.DONE


def _propose(
    call_of: "Callable[[Ground], Call]",
    *,
    dry_run: bool,
    wait: bool,
    as_json: bool,
    node: Path | None,
) -> int:
    from node.voting import proposing

    return take_part(
        lambda ground: proposing(ground, call_of(ground)),
        dry_run=dry_run, wait=wait, as_json=as_json, node=node,
    )  # fmt: skip


def _named(ground: "Ground", text: str) -> "Member":
    from node.naming import member_named, members_of

    return member_named(members_of(ground.evidence), text)
