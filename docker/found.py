"""Found the one-machine network: keys of three bodies, their ledger, their settings, a verifier's.

Runs the product's own commands and waits for each. Every step leaves what tells the next run that
it is done, so it can be broken off anywhere and run again; run on a network that stands, it changes
nothing. Refuses nothing itself: what a command refuses ends it, with the command's own words.

    found.py --rpc http://chain:8545 north=http://localhost:8471 rhein=… sul=…

The bodies are those of the demonstration, and fictional. Passphrases are drawn here, one for each
body, and written to a volume that only this job and that body's worker mount.
"""

import argparse
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from core.runtime.paths import home, private_folder
from node.demo.bodies import BODIES, DemoBody

WEB_PORT = 8471  # of every node, in its own container
VERIFIER_PORT = 8080


def main(arguments: Sequence[str]) -> int:
    """Do what is left to do; return the exit code of the first command that fails, else 0."""
    parser = argparse.ArgumentParser(description="Found the one-machine network.")
    parser.add_argument("--rpc", required=True, help="the chain node, as all containers reach it")
    parser.add_argument("endpoints", nargs="+", metavar="BODY=URL", help="public address of a body")
    given = parser.parse_args(arguments)
    endpoints = dict(text.split("=", 1) for text in given.endpoints)
    bodies = [body for body in BODIES if body.key in endpoints]
    try:
        found(home(), bodies, endpoints, given.rpc)
    except subprocess.CalledProcessError as failed:
        return int(failed.returncode)
    return 0


def found(state: Path, bodies: Sequence[DemoBody], endpoints: Mapping[str, str], rpc: str) -> None:
    """Bring keys, ledger, settings and verifier into being, as far as they are not there."""
    with ThreadPoolExecutor() as pool:  # making keys is slow on purpose
        list(pool.map(lambda body: _make_node(state, body, endpoints[body.key]), bodies))
        origin = _ledger(state / "founded" / "ledger.json", state, bodies, rpc)
        list(pool.map(lambda body: _connect(state / body.key, rpc, origin), bodies))
    folder = state / "verifier"
    if not (folder / "verifier.toml").exists():
        _comity(
            "verifier", "init", "--folder", str(folder), "--port", str(VERIFIER_PORT),
            "--ledger", f"{origin}={rpc}",
        )  # fmt: skip
    _say(f"founded {origin}")


def _make_node(state: Path, body: DemoBody, endpoint: str) -> None:
    folder = state / body.key
    if (folder / "node.toml").exists():
        return
    _say(f"making the keys of {body.name}")
    passphrase = _passphrase(state / "passphrases" / body.key / "passphrase")
    _comity(
        "node", "init", "--node", str(folder), "--name", body.name,
        "--name-in", f"{body.language}={body.local_name}", "--economy", body.economy,
        "--endpoint", endpoint, "--port", str(WEB_PORT),
        COMITY_PASSPHRASE_FILE=str(passphrase),
    )  # fmt: skip


def _connect(node: Path, rpc: str, origin: str) -> None:
    _comity("node", "connect", "--node", str(node), "--rpc", rpc, "--origin", origin)


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


def _comity(*words: str, **environment: str) -> Any:
    """Run a command, its complaints shown, and return its JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "core", *words, "--json"],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout)


def _say(text: str) -> None:
    sys.stderr.write(f"comity: {text}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
