"""The whole road of one body by its own commands: set up, connect, run, issue, declare, present."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from contracts.devchain.anvil import locate
from contracts.devchain.supervisor import DevChain
from core.bundle import Bundle
from core.errors import Unavailable
from node.demo.processes import free_port
from tests.support.node import record_json

PASSPHRASE = "four words at random"
NUMBER = "RZ/0001"


@dataclass
class Road:
    """A body's folder, and how its commands are run."""

    folder: Path
    rpc: str
    environment: dict[str, str]
    origin: str = ""

    @property
    def node(self) -> Path:
        return self.folder / "north"

    def comity(self, *words: str, code: int = 0) -> Any:
        done = subprocess.run(
            [sys.executable, "-m", "core", *words, "--json"],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stderr
        if code not in (0, 2):
            assert done.stdout == ""
            return done.stderr
        return json.loads(done.stdout)

    def set_up(self, name: str, economy: str, port: int) -> str:
        folder = self.folder / name
        self.comity(
            "node", "init", "--node", str(folder), "--name", name, "--economy", economy,
            "--endpoint", f"http://localhost:{port}", "--port", str(port),
        )  # fmt: skip
        return str(folder / "founder.json")


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    try:
        locate()
    except Unavailable as error:
        pytest.skip(f"{error.message}; {error.hint}")
    folder = tmp_path_factory.mktemp("road")
    environment = {
        **os.environ, "COMITY_PASSPHRASE": PASSPHRASE, "COMITY_NODE": str(folder / "north"),
    }  # fmt: skip
    with DevChain(folder / "chain", block_period=1.0) as chain:
        made = Road(folder, chain.rpc_url, environment)
        founders = [made.set_up(*body, free_port()) for body in (("north", "CN"), ("south", "BR"))]
        made.origin = made.comity("chain", "deploy", "--rpc", made.rpc, *founders)["origin"]
        yield made


@pytest.fixture(scope="module")
def running(road: Road) -> Iterator[Road]:
    assert road.comity("node", "connect", "--rpc", road.rpc, "--origin", road.origin)["member"] == 1
    log, ready = road.folder / "log", road.node / "ready.json"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "core", "node", "run"], env=road.environment, stderr=stream
        )
    try:
        deadline = time.monotonic() + 60
        while not ready.exists():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield road
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert not ready.exists()
    assert NUMBER not in log.read_text()


def test_a_stranger_does_not_connect(road: Road) -> None:
    road.set_up("stranger", "DE", free_port())
    words = ("node", "connect", "--node", str(road.folder / "stranger"), "--rpc", road.rpc)
    assert "no member" in road.comity(*words, "--origin", road.origin, code=1)
    chain, _, address = road.origin.partition("/")[2].partition("/")
    assert "chain" in road.comity(*words, "--origin", f"comity/{int(chain) + 1}/{address}", code=1)
    nowhere = f"comity/{chain}/0x{'0' * 39}1"
    assert "no contract" in road.comity(*words, "--origin", nowhere, code=1)
    assert "[ledger]" not in (road.folder / "stranger" / "node.toml").read_text()


def test_the_whole_road(running: Road, tmp_path: Path) -> None:
    file = tmp_path / "record.json"
    file.write_text(json.dumps(record_json(NUMBER)))
    [receipt] = running.comity("issue", str(file), "--wait")["receipts"]
    assert receipt["state"] == "anchored"
    out = tmp_path / "proof.json"
    made = running.comity("present", NUMBER, "--fields", "scope,sites", "-o", str(out))
    assert (made["verdict"], made["warnings"]) == ("genuine_and_in_force", [])
    assert Bundle.parse(out.read_bytes()).ledger == running.origin
    least = tmp_path / "least.json"
    running.comity("present", NUMBER, "-o", str(least))
    assert b"LED drivers" not in least.read_bytes()

    suspend = ("suspend", NUMBER, "--reason", "misuse", "--until", "2027-03-31")
    tried = running.comity(*suspend, "--dry-run")
    assert (tried["dry_run"], tried["declaration"]) == (True, None)
    assert tried["sentence"].startswith("Suspended on ")
    assert "--yes" in running.comity(*suspend, code=4)  # nobody could be asked
    assert running.comity("status", NUMBER)["revisions"][0]["declarations"] == []
    done = running.comity(*suspend, "--yes", "--wait")
    assert done["declaration"]["state"] == "recorded"
    warned = running.comity("present", NUMBER, "-o", str(out), code=2)
    assert warned["verdict"] == "not_valid"
    assert warned["warnings"]
    running.comity(*suspend, "--yes", code=1)
    assert running.comity("restore", NUMBER, "--yes", "--wait")["declaration"]["position"]
    assert running.comity("status", NUMBER)["revisions"][0]["status"]["state"] == "in_force"

    told = running.comity("status")
    assert (told["backlog"], told["ledger"]["member"], told["worker"]["failing"]) == (0, 1, {})


def test_the_life_of_a_certificate(running: Road, tmp_path: Path) -> None:
    number = "RZ/LIFE"
    file, renewed = tmp_path / "record.json", tmp_path / "renewed.json"
    file.write_text(json.dumps(record_json(number)))
    dates = {"effective": "2026-03-02", "expiry": "2032-03-01"}
    renewed.write_text(json.dumps(record_json(number, revision=1, dates=dates)))
    running.comity("issue", str(file), "--wait")
    assert running.comity("maintain", number, "--decision", "2026-03-05", "--yes")["decision"]

    tried = running.comity("renew", number, str(renewed), "--dry-run")
    assert tried["sentence"].startswith("Replaced on ")
    assert tried["successor_sentence"] == "The body has declared nothing against it."
    assert len(running.comity("status", number)["revisions"]) == 1
    done = running.comity("renew", number, str(renewed), "--yes", "--wait")["declaration"]
    assert (done["state"], done["reason"]) == ("recorded", "renewed")
    assert running.comity("renew", number, str(renewed), "--yes")["declaration"] == done
    assert "taken its place" in running.comity("withdraw", number, "--revision", "0",
                                               "--reason", "misuse", "--yes", code=1)  # fmt: skip
    newest, oldest = running.comity("status", number)["revisions"]
    assert [event["event"] for event in oldest["events"]] == ["grant", "maintain", "renew"]
    assert [event["event"] for event in newest["events"]] == ["grant", "take_place"]
    assert oldest["events"][-1]["linked"]["slot"] == sha256(newest["slot"].encode()).hexdigest()
    assert newest["events"][-1]["linked"]["slot"] == sha256(oldest["slot"].encode()).hexdigest()
    out = tmp_path / "proof.json"
    assert running.comity("present", number, "-o", str(out))["verdict"] == "genuine_and_in_force"
    old = running.comity("present", number, "--revision", "0", "-o", str(out), code=2)
    assert (old["verdict"], len(old["warnings"])) == ("not_valid", 1)

    refuse = ("refuse", "RZ/NEVER", "--reason", "nonconformity", "--decision", "2026-03-05")
    assert running.comity(*refuse, "--yes")["decision"]["event"] == "refuse"
    file.write_text(json.dumps(record_json("RZ/NEVER")))
    assert "was refused" in running.comity("renew", "RZ/NEVER", str(file), "--yes", code=1)


def test_a_wrong_passphrase_is_told_at_once(running: Road) -> None:
    wrong = {**running.environment, "COMITY_PASSPHRASE": "four other words"}
    done = subprocess.run(
        [sys.executable, "-m", "core", "node", "run"],
        env=wrong, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: ")
    assert "four other words" not in done.stderr


def test_a_node_stays_with_its_ledger(running: Road) -> None:
    chain, _, address = running.origin.partition("/")[2].partition("/")
    words = ("node", "connect", "--rpc", running.rpc, "--origin")
    running.comity(*words, f"comity/{int(chain) + 1}/{address}", code=1)
    assert running.comity(*words, running.origin)["member"] == 1  # again is fine


def test_only_the_worker_gets_the_passphrase(running: Road) -> None:
    if not Path("/proc/self/environ").exists():
        return
    told = {}
    for process in Path("/proc").iterdir():
        try:
            words = (process / "cmdline").read_bytes()
            environment = (process / "environ").read_bytes()
        except OSError:
            continue
        if str(running.node).encode() not in environment:
            continue
        for name, mark in (("web", b"gunicorn"), ("worker", b"\0worker\0")):
            if mark in words:
                told[name] = PASSPHRASE.encode() in environment
    # only root can look into the worker
    assert told.pop("worker", os.geteuid() != 0)
    assert told == {"web": False}
