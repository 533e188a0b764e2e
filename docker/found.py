"""Found the one-machine network: keys of three bodies, their ledger, their settings, a verifier's.

Runs the product's own commands, one after another and all in this process, for loading them is
most of the work. Every step leaves what tells the next run that it is done, so it can be broken off
anywhere and run again; run on a network that stands, it changes nothing. What needs the chain waits
for it, for it starts at the same time. Refuses nothing itself: what a command refuses ends it, with
the command's own words.

    found.py --rpc http://chain:8545 north=http://localhost:8471 rhein=… sul=…

The bodies are those of the demonstration, and fictional. Passphrases are drawn here, one for each
body, and written to a volume that only this job and that body's worker mount.
"""

import argparse
import io
import json
import os
import secrets
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from contracts.rpc import Rpc
from core.errors import Unavailable
from core.runtime.commands import run
from core.runtime.paths import home, private_folder
from keys.passphrase import FILE_VARIABLE
from node.demo.bodies import BODIES, DemoBody

WEB_PORT = 8471  # of every node, in its own container
VERIFIER_PORT = 8080
PATIENCE = 300.0  # a chain with a long journal takes its time
_POLL = 0.2


class Failed(Exception):
    """A command ended with this exit code, and has said why."""


def main(arguments: Sequence[str]) -> int:
    """Do what is left to do; return the exit code of the first command that fails, else 0."""
    parser = argparse.ArgumentParser(description="Found the one-machine network.")
    parser.add_argument("--rpc", required=True, help="the chain node, as all containers reach it")
    parser.add_argument("--patience", type=float, default=PATIENCE, help="seconds, for the chain")
    parser.add_argument("endpoints", nargs="+", metavar="BODY=URL", help="public address of a body")
    given = parser.parse_args(arguments)
    endpoints = dict(text.split("=", 1) for text in given.endpoints)
    bodies = [body for body in BODIES if body.key in endpoints]
    try:
        found(home(), bodies, endpoints, given.rpc, given.patience)
    except Failed as failed:
        return int(failed.args[0])
    return 0


def found(
    state: Path,
    bodies: Sequence[DemoBody],
    endpoints: Mapping[str, str],
    rpc: str,
    patience: float = PATIENCE,
) -> None:
    """Bring keys, ledger, settings and verifier into being, as far as they are not there."""
    for body in bodies:
        _make_node(state, body, endpoints[body.key])
    if not all(_is_connected(state / body.key, rpc) for body in bodies):
        _await_chain(rpc, patience)
    origin = _ledger(state / "founded" / "ledger.json", state, bodies, rpc)
    for body in bodies:
        _connect(state / body.key, rpc, origin)
    _make_verifier(state / "verifier", rpc, origin)
    _say(f"founded {origin}")


def _await_chain(rpc: str, patience: float) -> None:
    """Return when the chain answers, or has not for too long: the next command says so."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        node = Rpc(rpc)
        try:
            node.call("eth_chainId")
        except Unavailable:
            time.sleep(_POLL)
        else:
            return
        finally:
            node.close()


def _make_node(state: Path, body: DemoBody, endpoint: str) -> None:
    folder = state / body.key
    if (folder / "node.toml").exists():
        return
    _say(f"making the keys of {body.name}")
    os.environ[FILE_VARIABLE] = str(_passphrase(state / "passphrases" / body.key / "passphrase"))
    _comity(
        "node", "init", "--node", str(folder), "--name", body.name,
        "--name-in", f"{body.language}={body.local_name}", "--economy", body.economy,
        "--endpoint", endpoint, "--port", str(WEB_PORT),
    )  # fmt: skip


def _is_connected(node: Path, rpc: str) -> bool:
    """Whether a body's settings name a ledger, as reached at this address."""
    return f'"{rpc}"' in (node / "node.toml").read_text("utf-8")


def _connect(node: Path, rpc: str, origin: str) -> None:
    if not _is_connected(node, rpc):
        _comity("node", "connect", "--node", str(node), "--rpc", rpc, "--origin", origin)


def _make_verifier(folder: Path, rpc: str, origin: str) -> None:
    if not (folder / "verifier.toml").exists():
        _comity(
            "verifier", "init", "--folder", str(folder), "--port", str(VERIFIER_PORT),
            "--ledger", f"{origin}={rpc}",
        )  # fmt: skip


def _passphrase(file: Path) -> Path:
    """Return a file with a passphrase, drawn now if there is none."""
    if not file.exists():
        draft = private_folder(file.parent) / "passphrase.new"
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(secrets.token_urlsafe(24) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(file)
    return file


def _ledger(kept: Path, state: Path, bodies: Sequence[DemoBody], rpc: str) -> str:
    """Return the ledger's origin; make the ledger if none was made."""
    if not kept.exists():
        _say("making the ledger")
        founders = [str(state / body.key / "founder.json") for body in bodies]
        made = _comity("chain", "deploy", "--rpc", rpc, *founders)
        draft = private_folder(kept.parent) / "ledger.new"
        draft.write_text(json.dumps(made), "utf-8")
        draft.replace(kept)
    return str(json.loads(kept.read_text("utf-8"))["origin"])


def _comity(*words: str) -> Any:
    """Run a command, its complaints shown, and return its JSON."""
    answer = io.StringIO()
    with redirect_stdout(answer):
        code = run([*words, "--json"], answer, sys.stderr)
    if code:
        raise Failed(code)
    return json.loads(answer.getvalue())


def _say(text: str) -> None:
    sys.stderr.write(f"comity: {text}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
