"""What the README tells people to type works, typed as it stands there.

Only the places in capitals are filled in, as the text says, and the ports are free ones.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
PORTS = ("8545", "8471")
NUMBER = "01526Q30012R1M"
PATIENCE = 60.0


def section(title: str) -> str:
    return README.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def commands(title: str) -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", section(title), re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines()]


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


class Reader:
    """Somebody who types what stands there, in a state folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.places: dict[str, str] = {port: free_port() for port in PORTS}
        passphrase = folder / "passphrase"
        passphrase.touch(mode=0o600)
        passphrase.write_text("nine quiet lamps on a hill\n", "utf-8")
        kept = {k: v for k, v in os.environ.items() if not k.startswith("COMITY_")}
        self.environment = {
            **kept,
            "COMITY_HOME": str(self.home),
            "COMITY_PASSPHRASE_FILE": str(passphrase),
            "COMITY_VERIFIER_PORT": free_port(),
        }

    def words(self, line: str) -> list[str]:
        for place, value in self.places.items():
            line = re.sub(rf"\b{place}\b", value, line)
        first, *rest = shlex.split(line)
        if first == "curl":
            return ["curl", "-s", *rest]
        assert first == "comity"
        return [sys.executable, "-m", "core", *rest]

    def type(self, line: str, expect: int = 0) -> str:
        done = subprocess.run(
            self.words(line),
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == expect, f"{line}: {done.stderr}"
        return done.stdout

    @contextmanager
    def terminal(self, line: str, folder: str) -> Iterator[None]:
        """Keep a command running until the end; it must stop cleanly then."""
        process = subprocess.Popen(
            self.words(line), cwd=ROOT, env=self.environment, stderr=subprocess.DEVNULL
        )
        ready = self.home / folder / "ready.json"
        try:
            deadline = time.monotonic() + PATIENCE
            while not ready.exists():
                assert process.poll() is None, line
                assert time.monotonic() < deadline, line
                time.sleep(0.05)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0


def test_the_quickstart_is_short() -> None:
    assert len(section("Run a node").split()) <= 400
    assert len(commands("Run a node")) <= 6


@pytest.mark.timeout(300)
def test_the_quickstart_runs_as_it_stands(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    chain, init, deploy, connect, run, issue = commands("Run a node")
    check, curl, verifier_init, verifier_run = commands("Check a file")
    with ExitStack() as terminals:
        terminals.enter_context(reader.terminal(chain, "chain"))
        reader.places["FOUNDER"] = re.findall(r"^wrote (.*)$", reader.type(init), re.MULTILINE)[0]
        reader.places["ORIGIN"] = re.findall(r"^ledger (.*)$", reader.type(deploy), re.MULTILINE)[0]
        reader.type(connect)
        terminals.enter_context(reader.terminal(run, "node"))
        assert "1 anchored" in reader.type(issue, expect=2)  # it warns: not accredited

        (present,) = re.findall(r"`(comity present [^`]*)`", section("Run a node"))
        reader.places["FILE"] = str(tmp_path / "proof.comity.json")
        reader.type(present)
        status = json.loads(reader.type(f"comity status {NUMBER} --json"))
        assert status["revisions"][0]["receipt"]["state"] == "anchored"

        reader.places["URL"] = f"http://127.0.0.1:{reader.places['8545']}"
        reader.type(verifier_init)
        assert "Could not be checked" in reader.type(check, expect=3)  # nothing is followed yet
        terminals.enter_context(reader.terminal(verifier_run, "verifier"))
        report = _checked(reader, check)
        assert [line["outcome"] for line in report["checks"][:3]] == ["yes"] * 3
        assert report["checks"][4]["code"] == "no_status_event"
        if shutil.which("curl"):
            reader.places["VERIFIER"] = f"127.0.0.1:{reader.environment['COMITY_VERIFIER_PORT']}"
            assert json.loads(reader.type(curl))["verdict"] == "genuine_and_in_force"


def _checked(reader: Reader, line: str) -> dict[str, list[dict[str, str]]]:
    """Check until the verifier has followed the ledger that far."""
    deadline = time.monotonic() + PATIENCE
    while True:
        done = subprocess.run(
            [*reader.words(line), "--json"],
            cwd=ROOT,
            env=reader.environment,
            capture_output=True,
            check=False,
        )
        report: dict[str, list[dict[str, str]]] = json.loads(done.stdout)
        if done.returncode != 3 or time.monotonic() > deadline:
            return report
        time.sleep(0.5)
