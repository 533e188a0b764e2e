"""``comity chain deploy``: make a ledger from its founders' files.

Decides nothing; reads the files, draws the deployer's throw-away key, and shows what was made. The
key is written nowhere: once the ledger is open it has no power.
"""

import json
import secrets
import sys
from pathlib import Path
from typing import Annotated

import typer

from core.errors import FormatError, UsageError


def deploy(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE...", help="Founder files, in the order of their member ids."),
    ] = None,
    founders: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="A founder file; before those given as arguments."),
    ] = None,
    rpc: Annotated[str, typer.Option(help="The chain node's URL.")] = "http://127.0.0.1:8545",
    finality_depth: Annotated[
        int, typer.Option(min=0, max=1000, help="Blocks until one counts as final; 0 on QBFT.")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Make a ledger: its contracts, its founding members, and hand it over to them."""
    paths = [*(founders or ()), *(files or ())]
    if not paths:
        raise UsageError("no_founders", "founder files are missing", "name one for each founder")
    from contracts.chain import Chain, quantity
    from contracts.deploy import deploy as make
    from contracts.founders import parse_founder
    from contracts.rpc import Rpc

    found = []
    for path in paths:
        try:
            found.append(parse_founder(path.read_bytes()))
        except FormatError as error:
            raise type(error)(error.code, f"{path.name}: {error.message}", error.hint) from None
    asking = Rpc(rpc)
    chain_id = quantity(asking.call("eth_chainId"))
    asking.close()
    chain = Chain(rpc, chain_id)
    try:
        made = make(
            chain, found, secrets.token_bytes(32), {"finality_depth": finality_depth}, _tell
        )
    finally:
        chain.close()
    if as_json:
        value = {"origin": made.origin, "contracts": made.contracts, "members": made.members}
        typer.echo(json.dumps(value))
        return
    typer.echo(f"ledger {made.origin}")
    for endpoint, member in made.members.items():
        typer.echo(f"member {member} {endpoint}")


def _tell(step: str) -> None:
    """Show a step to whoever is watching."""
    if sys.stderr.isatty():
        typer.echo(step, err=True)
