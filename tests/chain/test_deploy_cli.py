"""``comity chain deploy``: founder files in, a ledger out."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from contracts.chain import Chain
from contracts.devchain.supervisor import DevChain
from contracts.founders import dump_founder
from contracts.reader import Ledger
from tests.support.anvil import free_port
from tests.support.ledger import body


@pytest.fixture
def founders(tmp_path: Path) -> list[str]:
    """Founder files of two bodies."""
    files = []
    for economy in ("CN", "DE"):
        file = tmp_path / f"{economy}.json"
        file.write_bytes(dump_founder(body(economy, "cli").founder))
        files.append(str(file))
    return files


def comity(*words: str) -> subprocess.CompletedProcess[str]:
    code = "import sys; from core.runtime.commands import main; sys.exit(main())"
    command = [sys.executable, "-c", code, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_ledger_is_made_and_can_be_opened(devchain: DevChain, founders: list[str]) -> None:
    done = comity("chain", "deploy", "--rpc", devchain.rpc_url, "--json", *founders)
    assert (done.returncode, done.stderr) == (0, "")
    made = json.loads(done.stdout)
    assert made["members"] == {"https://cn.example": 1, "https://de.example": 2}
    _, chain_id, directory = made["origin"].split("/")
    with closing(Chain(devchain.rpc_url, int(chain_id))) as chain:
        ledger = Ledger.open(chain, directory)
        assert ledger.contracts == made["contracts"]
        assert ledger.member_count() == 2


def test_members_are_numbered_in_the_order_given(devchain: DevChain, founders: list[str]) -> None:
    words = ("chain", "deploy", "--rpc", devchain.rpc_url, "--founders")
    done = comity(*words, founders[1], founders[0])
    assert done.returncode == 0, done.stderr
    assert "member 1 https://de.example" in done.stdout


def test_nobody_there_is_3_and_no_founder_is_4(founders: list[str], tmp_path: Path) -> None:
    rpc = ("--rpc", f"http://127.0.0.1:{free_port()}")
    assert comity("chain", "deploy", *rpc, *founders).returncode == 3
    assert comity("chain", "deploy", *rpc).returncode == 4
    broken = tmp_path / "broken.json"
    broken.write_text("{}")
    done = comity("chain", "deploy", *rpc, founders[0], str(broken))
    assert done.returncode == 4
    assert "broken.json" in done.stderr


def test_two_founders_of_one_endpoint_are_refused(devchain: DevChain, founders: list[str]) -> None:
    done = comity("chain", "deploy", "--rpc", devchain.rpc_url, founders[0], founders[0])
    assert done.returncode == 1
    assert "used" in done.stderr
