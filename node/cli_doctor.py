"""``comity doctor``: look for damage, and say what to do about it.

Decides how findings are told: one line each on standard output with its cause, a hint below it.
Changes nothing, and may run while the node runs.
"""

import os
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from core.errors import UsageError
from core.runtime.exits import line
from node.cli_common import Json, Node, note, show
from node.folder import node_in_use

Ledger = Annotated[
    bool, typer.Option("--ledger", help="Compare everything kept here with the ledger.")
]


def doctor(ledger: Ledger = False, as_json: Json = False, node: Node = None) -> int:
    """Compute every batch again and compare all that is kept with the ledger."""
    from core.runtime.progress import step
    from node.doctor import STEPS, diagnose
    from node.store.engine import Store

    if not ledger:
        raise UsageError("usage", "name what to look at", "comity doctor --ledger")
    config, places = node_in_use(node, os.environ)
    store = Store.open(places.database_url(config))
    try:
        with step("comparing", STEPS, sys.stderr) as advance:
            found = diagnose(config, places, store, now=datetime.now(UTC), advance=advance)
    finally:
        store.close()
    if as_json:
        show(found.dump())
        return found.exit
    for finding in found.findings:
        typer.echo(f"{finding.at}: {line(finding.message)} ({finding.code})")
        typer.echo(f"  hint: {line(finding.hint)}")
    if found.not_compared is not None:
        note(
            f"note: the followed ledger was not compared with the chain node: {found.not_compared}"
        )
    elif not found.findings:
        typer.echo("everything agrees with the ledger")
    return found.exit
