"""``comity network``: the network as this verifier's ledger shows it, and who is accepted where.

Decides nothing: ``verifier/network.py`` does. Needs a verifier folder with a followed ledger.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from core.runtime.exits import Exit


def network(
    standard: Annotated[
        str | None, typer.Option(help="Who may certify to it? With a year, or every edition.")
    ] = None,
    sector: Annotated[str | None, typer.Option(help="Only in this sector, 01 to 39.")] = None,
    market: Annotated[str | None, typer.Option(help="Only for this economy, two letters.")] = None,
    at: Annotated[
        str | None, typer.Option(help="Day or moment (UTC) it is asked for, instead of now.")
    ] = None,
    ledger: Annotated[
        str | None,
        typer.Option(metavar="ORIGIN", help="Which ledger, where several are followed."),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--verifier", help="Verifier folder whose ledger state is used.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object and nothing else.")
    ] = False,
) -> int:
    """Show members, keys, accreditations, arrangements, votes, policies; who is accepted where.

    Exit code 0 shown, 3 the ledger is not known or its newest block is too old, 4 wrong usage.
    """
    from verifier.config import FILE_NAME, VerifierSettings, folder_in_use
    from verifier.desk import Desk
    from verifier.policies import policy_of
    from verifier.render_network import network_text
    from verifier.sources import Sources

    used = folder_in_use(folder, os.environ)
    file = used / FILE_NAME
    settings = VerifierSettings.load(file if file.exists() else None, "COMITY_VERIFIER_")
    sources = Sources(used, [followed.origin for followed in settings.ledgers])
    now = datetime.now(UTC)
    try:
        desk = Desk(settings, sources, lambda: now, policy_of(settings))
        asked = {"standard": standard, "sector": sector, "market": market, "at": at}
        found = desk.network(asked, ledger)
    finally:
        sources.close()
    typer.echo(json.dumps(found.dump()) if as_json else network_text(found, now))
    return Exit.DONE if found.when.usable else Exit.UNREACHABLE
