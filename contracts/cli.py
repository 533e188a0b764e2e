"""``comity chain``: run the embedded development chain, and make a ledger on any chain.

Decides nothing itself; reads options, sets up signals, and leaves the rest to the supervisor.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from contracts.deploy_cli import deploy

app = typer.Typer(
    help="The embedded development chain, and making a ledger.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.callback()
def chain() -> None:
    """The embedded development chain, and making a ledger."""


app.command()(deploy)


@app.command()
def run(
    folder: Annotated[
        Path | None, typer.Option("--dir", help="where the chain lives; made if absent")
    ] = None,
    port: Annotated[int, typer.Option(help="port on 127.0.0.1; 0 takes a free one")] = 8545,
    chain_id: Annotated[
        int | None, typer.Option(min=1, max=2**53 - 1, help="fixed with the first start")
    ] = None,
    block_period: Annotated[
        float, typer.Option(min=0.1, help="seconds between empty blocks")
    ] = 20.0,
) -> None:
    """Run a chain in the foreground until it is told to stop (Ctrl-C, SIGTERM)."""
    import signal

    from contracts.devchain.miner import Pace
    from contracts.devchain.supervisor import DEFAULT_CHAIN_ID, Settings, Supervisor
    from core.runtime.paths import home

    settings = Settings(
        folder=(folder or home() / "chain").absolute(),
        port=port,
        chain_id=chain_id or DEFAULT_CHAIN_ID,
        pace=Pace(period=block_period),
    )
    supervisor = Supervisor(settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: supervisor.request_stop())
    try:
        supervisor.start()
        typer.echo(f"chain {settings.chain_id} at {supervisor.rpc_url}", err=True)
        supervisor.wait()
    finally:
        supervisor.stop()
