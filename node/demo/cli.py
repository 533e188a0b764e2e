"""``comity demo``: play the scenario; ``up`` leaves the network running, ``down`` stops it."""

import json
import os
import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Annotated, Any, Self

import typer

from core.runtime.paths import demo_home
from core.runtime.progress import step
from node.demo.bodies import EVERYBODY
from node.demo.network import Network
from node.demo.scenario import Scenario, Story

app = typer.Typer(
    help="Six bodies, a chain and a verifier on this machine.\n\nWithout a command: play the "
    "scenario and, on a terminal, serve until Ctrl-C; with ONCE=1 set, end by itself.",
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its tracebacks can show local variables
    rich_markup_mode=None,
)

_VERDICTS = {
    "verified": "✔ Verified",
    "verified_with_conditions": "! Verified with conditions",
    "genuine_and_in_force": "✔ Genuine and in force",
    "not_for_this_use": "✖ Not for this use",
    "not_valid": "✖ Not valid",
    "could_not_be_checked": "? Could not be checked",
}

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


@app.callback()
def play(context: typer.Context) -> int:
    """Play the scenario; on a terminal, serve until Ctrl-C (with ONCE=1: end at once)."""
    if context.invoked_subcommand is not None:
        return 0
    network = Network(demo_home(), bodies=EVERYBODY)
    story = _bring_up(network, to_errors=False)
    try:
        _print_story(network, story)
        if not os.environ.get("ONCE") and sys.stdout.isatty():
            typer.echo("\nServing. Ctrl-C stops everything.")
            _serve(network)
        else:
            typer.echo("\nStopping all. To keep it running: comity demo up")
    finally:
        network.down()
    return 0


@app.command()
def up(as_json: Json = False) -> int:
    """Start all, play the scenario, leave it running."""
    network = Network(demo_home(), bodies=EVERYBODY)
    if network.state_file.exists() and network.processes.running():
        state = json.loads(network.state_file.read_text("utf-8"))
    else:
        state = _state(network, _bring_up(network, to_errors=True))
        network.state_file.write_text(json.dumps(state), "utf-8")
    if as_json:
        typer.echo(json.dumps(state))
    else:
        for name, url in state["urls"].items():
            typer.echo(f"{name:<10} {url}")
        typer.echo(f"\nFiles to check with comity check FILE: {network.examples}")
        typer.echo("comity demo down   stops it")
    return 0


@app.command()
def down(as_json: Json = False) -> int:
    """Stop the network and remove what it kept."""
    Network(demo_home(), bodies=EVERYBODY).down()
    typer.echo(json.dumps({"stopped": True}) if as_json else "stopped")
    return 0


def _bring_up(network: Network, *, to_errors: bool) -> Story:
    """Start the network and play the story; where that fails, stop it and leave its logs.

    Raises:
        Refused: one is running already, which is left alone; or a step failed.
    """
    network.require_stopped()
    started = time.monotonic()
    try:
        with _Telling(to_errors=to_errors) as say:
            network.up(say)
            ready = round(time.monotonic() - started, 2)
            story = Scenario(network, say, datetime.now(UTC).date()).play()
    except BaseException:
        network.processes.stop()
        raise
    story.timings = {
        "start": ready,
        **story.timings,
        "total": round(time.monotonic() - started, 2),
    }
    return story


def _state(network: Network, story: Story) -> dict[str, Any]:
    return {
        "urls": _urls(network),
        "examples": story.examples,
        "recognised": story.recognised,
        "timings": story.timings,
        "origin": network.origin,
        "folder": str(network.folder),
    }


def _urls(network: Network) -> dict[str, str]:
    urls = {"verifier": network.verifier_url, "chain": network.rpc}
    return urls | {node.body.key: node.url for node in network.nodes}


def _print_story(network: Network, story: Story) -> None:
    typer.echo(f"\n{story.imported} e-certificates issued and anchored by three bodies.")
    typer.echo("\nWhat the verifier abroad answers")
    asked = [(row["told"], row["verdict"], row["sentence"]) for row in story.recognised]
    for told, verdict, sentence in [*story.answers, *asked]:
        typer.echo(f"  {_VERDICTS[verdict]:<28}{told}\n{'':<30}{sentence}")
    typer.echo(f"\nFiles to check\n  {network.examples}")
    typer.echo("\nAddresses")
    for name, url in _urls(network).items():
        typer.echo(f"  {name:<10} {url}")
    typer.echo(
        "\nSeconds: " + ", ".join(f"{name} {value}" for name, value in story.timings.items())
    )


def _serve(network: Network) -> None:
    try:
        while network.processes.running():
            time.sleep(0.5)
    except KeyboardInterrupt:
        typer.echo("\nStopping.")


class _Telling:
    """Tells each step as it begins; on a terminal, one that lasts is shown to be alive."""

    def __init__(self, *, to_errors: bool) -> None:
        self._to_errors = to_errors
        self._running = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def __call__(self, text: str) -> None:
        self._running.close()
        typer.echo(f"· {text} …", err=self._to_errors)
        self._running.enter_context(step(text, None, sys.stderr))
