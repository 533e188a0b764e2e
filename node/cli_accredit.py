"""``comity accredit``: what an accreditation body says of certification bodies.

Decides nothing but the options: ``node/accrediting.py`` drafts, ``node/cli_acts.py`` holds the
dialogue.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.errors import UsageError
from core.events import AccreditationAction
from core.runtime.exits import Exit
from node.cli_acts import DryRun, MemberName, Reason, take_part
from node.cli_common import Json, Node, Wait, note, open_desk, read_file, show
from node.dates import beginning, end

if TYPE_CHECKING:
    from core.accreditation import Coverage
    from node.acting import Draft, Ground

app = typer.Typer(
    help="Accredit certification bodies.", no_args_is_help=True, rich_markup_mode=None
)

Scope = Annotated[str, typer.Option(metavar="SCOPE", help="A main scope.")]
From = Annotated[
    str | None, typer.Option("--from", metavar="DATE", help="A day or moment. Default: now.")
]
Until = Annotated[str | None, typer.Option(metavar="DATE", help="When it ends. Default: open.")]
Standards = Annotated[
    list[str] | None,
    typer.Option("--standard", metavar="NAME", help="ISO 9001 (every edition), or with a year."),
]
Sectors = Annotated[
    list[str] | None, typer.Option("--sector", metavar="CODE", help="Default: all sectors.")
]
CoverageFile = Annotated[
    Path | None,
    typer.Option("--coverage", metavar="FILE", help='{"ISO 9001": ["19"], "ISO 14001": "all"}'),
]


@app.command()
def grant(
    member: MemberName,
    standard: Standards = None,
    sector: Sectors = None,
    coverage: CoverageFile = None,
    effective: From = None,
    until: Until = None,
    scope: Scope = "MSC",
    dry_run: DryRun = False,
    wait: Wait = False,
    as_json: Json = False,
    node: Node = None,
) -> int:
    """Accredit a body, renew its accreditation, or extend it."""
    covered = _coverage(standard, sector, coverage)
    return _declare(
        AccreditationAction.GRANT, member, coverage=covered, effective=effective, until=until,
        scope=scope, dry_run=dry_run, wait=wait, as_json=as_json, node=node,
    )  # fmt: skip


@app.command()
def reduce(
    member: MemberName,
    standard: Standards = None,
    sector: Sectors = None,
    coverage: CoverageFile = None,
    effective: From = None,
    until: Until = None,
    scope: Scope = "MSC",
    dry_run: DryRun = False,
    wait: Wait = False,
    as_json: Json = False,
    node: Node = None,
) -> int:
    """Reduce an accreditation to what is named here."""
    covered = _coverage(standard, sector, coverage)
    return _declare(
        AccreditationAction.REDUCE, member, coverage=covered, effective=effective, until=until,
        scope=scope, dry_run=dry_run, wait=wait, as_json=as_json, node=node,
    )  # fmt: skip


@app.command()
def suspend(
    member: MemberName,
    reason: Reason,
    effective: From = None,
    until: Until = None,
    scope: Scope = "MSC",
    dry_run: DryRun = False,
    wait: Wait = False,
    as_json: Json = False,
    node: Node = None,
) -> int:
    """Suspend an accreditation; only restoring it ends that, whatever --until says."""
    return _declare(
        AccreditationAction.SUSPEND, member, reason=reason, effective=effective, until=until,
        scope=scope, dry_run=dry_run, wait=wait, as_json=as_json, node=node,
    )  # fmt: skip


@app.command()
def restore(
    member: MemberName,
    effective: From = None,
    scope: Scope = "MSC",
    dry_run: DryRun = False,
    wait: Wait = False,
    as_json: Json = False,
    node: Node = None,
) -> int:
    """End the suspension of an accreditation."""
    return _declare(
        AccreditationAction.RESTORE, member, effective=effective,
        scope=scope, dry_run=dry_run, wait=wait, as_json=as_json, node=node,
    )  # fmt: skip


@app.command()
def withdraw(
    member: MemberName,
    reason: Reason,
    effective: From = None,
    scope: Scope = "MSC",
    dry_run: DryRun = False,
    wait: Wait = False,
    as_json: Json = False,
    node: Node = None,
) -> int:
    """Withdraw an accreditation."""
    return _declare(
        AccreditationAction.WITHDRAW, member, reason=reason, effective=effective,
        scope=scope, dry_run=dry_run, wait=wait, as_json=as_json, node=node,
    )  # fmt: skip


@app.command("list")
def listed(
    member: Annotated[
        str | None,
        typer.Argument(metavar="MEMBER", help="Given by it or to it; none for all."),
    ] = None,
    as_json: Json = False,
    node: Node = None,
) -> int:
    """List the accreditations on the ledger as they stand now."""
    from node.accrediting import accreditations
    from node.naming import member_named, members_of

    with open_desk(node) as desk, desk.ledger() as view:
        found = accreditations(view.evidence, desk.clock())
        if member is not None:
            number = member_named(members_of(view.evidence), member).number
            sides = ("accreditation_body", "certification_body")
            found = [one for one in found if any(one[side]["member"] == number for side in sides)]
    if as_json:
        show({"accreditations": found})
        return Exit.DONE
    for one in found:
        _tell(one)
    if not found:
        note("the ledger has no accreditation of that kind")
    return Exit.DONE


def _tell(one: dict[str, Any]) -> None:
    giver, taker = one["accreditation_body"], one["certification_body"]
    dates = f" since {one['since'][:10]}" if one["since"] else ""
    dates += f" until {one['until'][:10]}" if one["until"] else ""
    typer.echo(f"{taker['name']} by {giver['name']}, {one['scope']}: "
               f"{one['state'].replace('_', ' ')}{dates}")  # fmt: skip
    if one["covers"]:
        typer.echo(f"  {one['covers']}")


def _coverage(
    standards: list[str] | None, sectors: list[str] | None, file: Path | None
) -> "Coverage":
    from node.accrediting import COVERAGE_FILE_BYTES, coverage_of_file, coverage_of_words

    if file is not None:
        if standards or sectors:
            raise UsageError("usage", "--coverage stands alone: the file names them all")
        return coverage_of_file(read_file(file, COVERAGE_FILE_BYTES))
    if not standards:
        raise UsageError("coverage_missing", "name the standards that are covered",
                         "--standard with --sector, or --coverage FILE")  # fmt: skip
    return coverage_of_words(standards, sectors or [])


def _declare(
    action: AccreditationAction,
    member: str,
    *,
    scope: str,
    dry_run: bool,
    wait: bool,
    as_json: bool,
    node: Path | None,
    coverage: "Coverage | None" = None,
    reason: str | None = None,
    effective: str | None = None,
    until: str | None = None,
) -> int:
    from node.accrediting import Wanted, accrediting
    from node.naming import member_named, members_of

    start = None if effective is None else beginning(effective, what="--from")
    ending = None if until is None else end(until, what="--until")

    def draft(ground: "Ground") -> "Draft":
        subject = member_named(members_of(ground.evidence), member)
        wanted = Wanted(action, subject, scope, coverage, reason, start, ending)
        return accrediting(ground, wanted)

    return take_part(draft, dry_run=dry_run, wait=wait, as_json=as_json, node=node)
