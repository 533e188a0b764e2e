"""The demonstration as its users meet it: up, look, check, down."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

EXIT_CODES = {
    "verified": 0,
    "genuine_and_in_force": 0,
    "not_valid": 1,
    "verified_with_conditions": 2,
    "could_not_be_checked": 3,
    "not_for_this_use": 5,
}
EXPECTED = {
    "good": "genuine_and_in_force",
    "suspended": "not_valid",
    "forged": "not_valid",
    "unreachable": "could_not_be_checked",
}

pytestmark = pytest.mark.timeout(600)  # a whole network is started and walked


class Shell:
    """Runs ``comity`` with a state folder of its own and nothing else set up."""

    def __init__(self, home: Path) -> None:
        self.home = home
        own = {k: v for k, v in os.environ.items() if not k.startswith("COMITY_")}
        self.environment = {**own, "COMITY_HOME": str(home)}

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "core", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=self.environment,
            check=False,
        )

    def alive(self) -> list[int]:
        """Return the processes that were started in this state folder and still run."""
        marker = f"COMITY_HOME={self.home}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal() and int(entry.name) != os.getpid():
                try:
                    environment = (entry / "environ").read_bytes().split(b"\0")
                except OSError:
                    continue
                if marker in environment:
                    found.append(int(entry.name))
        return found


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    shell = Shell(tmp_path_factory.mktemp("demo"))
    yield shell
    shell.run("demo", "down")


@pytest.fixture(scope="module")
def network(shell: Shell) -> dict[str, Any]:
    done = shell.run("demo", "up", "--json")
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)  # one JSON object and nothing else
    return told


def test_it_names_addresses_examples_and_timings(network: dict[str, Any]) -> None:
    assert {"urls", "examples", "timings"} <= network.keys()
    assert {name: network["examples"][name]["verdict"] for name in EXPECTED} == EXPECTED
    assert all(Path(example["file"]).is_file() for example in network["examples"].values())
    for name in ("verifier", "north", "rhein", "sul", "sino", "xenia", "market"):
        assert httpx2.get(f"{network['urls'][name]}/healthz").status_code == 200


def test_the_command_gives_each_example_its_verdict_and_exit_code(
    shell: Shell, network: dict[str, Any]
) -> None:
    for name, verdict in EXPECTED.items():
        done = shell.run("check", network["examples"][name]["file"], "--json")
        assert done.returncode == EXIT_CODES[verdict], (name, done.stderr)
        assert json.loads(done.stdout)["verdict"] == verdict, name


def test_one_certificate_is_recognised_by_market_and_moment(
    shell: Shell, network: dict[str, Any]
) -> None:
    told = [(row["market"], row["verdict"], row.get("at")) for row in network["recognised"]]
    assert [(market, verdict) for market, verdict, _ in told] == [
        ("XA", "verified"),
        ("XB", "verified_with_conditions"),
        ("XC", "not_for_this_use"),
        ("XA", "could_not_be_checked"),
        ("XA", "not_for_this_use"),
        ("XA", "verified"),
    ]
    moments = [at for _, _, at in told if at]
    assert len(moments) == 3
    assert moments == sorted(moments)
    good = network["examples"]["good"]["file"]
    for market, verdict, at in told:
        words = ("--market", market, *(("--at", at) if at else ()))
        done = shell.run("check", good, "--json", *words)
        report = json.loads(done.stdout)
        assert (report["verdict"], done.returncode) == (verdict, EXIT_CODES[verdict]), words
        assert [rung["kind"] for rung in report["ladder"]][-1] == "market"
    shown = shell.run("check", good, "--market", "XC")
    assert "Not for this use" in shown.stdout
    assert "Eastern Accreditation" in shown.stdout


def test_who_may_certify_for_a_market_and_since_when(shell: Shell, network: dict[str, Any]) -> None:
    asked = ("--standard", "ISO 9001", "--sector", "19", "--market", "XA")
    done = shell.run("network", *asked, "--json")
    assert done.returncode == 0, done.stderr
    bodies = {row["name"]: row for row in json.loads(done.stdout)["accepted"]}
    assert len([row for row in bodies.values() if row["outcome"] == "yes"]) == 3
    page = httpx2.get(
        f"{network['urls']['verifier']}/network",
        params={"standard": "ISO 9001", "sector": "19", "market": "XA"},
    )
    assert page.status_code == 200
    assert all(name in page.text for name in bodies)


def test_the_page_checks_the_four_examples_live(network: dict[str, Any]) -> None:
    url = network["urls"]["verifier"]
    start = httpx2.get(url).text
    words = {
        "good": "Genuine and in force",
        "suspended": "Suspended on",
        "forged": "The signature is not the named body",
        "unreachable": "Could not be checked",
    }
    for name, said in words.items():
        assert f"/examples/{name}" in start
        assert said in httpx2.get(f"{url}/examples/{name}").text, name
    assert httpx2.get(f"{url}/examples/withdrawn").status_code == 404


def test_the_ledger_that_does_not_answer_is_told_from_the_one_that_does(
    network: dict[str, Any],
) -> None:
    ledgers = httpx2.get(f"{network['urls']['verifier']}/v1/ledgers").json()["ledgers"]
    assert [ledger["block"] is None for ledger in ledgers] == [False, True]


def test_every_body_publishes_its_key_and_its_status_list(network: dict[str, Any]) -> None:
    for name in ("north", "rhein", "sul"):
        url = network["urls"][name]
        document = httpx2.get(f"{url}/.well-known/did.json").json()
        assert document["id"] == f"did:web:localhost%3A{url.rpartition(':')[2]}"
        listed = httpx2.get(f"{url}/status/1")
        assert listed.status_code == 200
        assert listed.headers["content-type"].startswith("application/vc+jwt")


def test_up_again_tells_the_same_and_a_second_demonstration_leaves_the_first_alone(
    shell: Shell, network: dict[str, Any]
) -> None:
    again = shell.run("demo", "up", "--json")
    assert json.loads(again.stdout) == network
    beside = shell.run("demo")
    assert beside.returncode == 1
    assert "already running" in beside.stderr
    assert "comity demo down" in beside.stderr
    assert httpx2.get(f"{network['urls']['verifier']}/healthz").status_code == 200


def test_down_leaves_no_process_and_no_file(shell: Shell, network: dict[str, Any]) -> None:
    assert shell.alive()
    assert shell.run("demo", "down").returncode == 0
    assert shell.alive() == []
    assert list(Path(network["folder"]).iterdir()) == []
    assert shell.run("demo", "down").returncode == 0
