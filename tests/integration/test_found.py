"""Founding the one-machine network: once, again, and after having been broken off."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.devchain.supervisor import DevChain

ROOT = Path(__file__).resolve().parents[2]
FOUND = ROOT / "docker" / "found.py"
ENDPOINT = "north=http://localhost:8471"
pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevChain]:
    with DevChain(tmp_path_factory.mktemp("chain")) as running:
        yield running


def found(home: Path, rpc: str, patience: str = "300") -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("COMITY_")}
    return subprocess.run(
        [sys.executable, str(FOUND), "--rpc", rpc, "--patience", patience, ENDPOINT],
        env={**kept, "COMITY_HOME": str(home), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def kept_files(home: Path) -> dict[str, bytes]:
    changing = {"node.db-wal", "node.db-shm"}
    return {
        str(file.relative_to(home)): file.read_bytes()
        for file in home.rglob("*")
        if file.is_file() and file.name not in changing
    }


def test_it_goes_on_after_being_broken_off_and_changes_nothing_once_done(
    tmp_path: Path, chain: DevChain
) -> None:
    refused = found(tmp_path, "http://127.0.0.1:1", patience="1")
    assert refused.returncode == 3, refused.stderr  # the chain node does not answer
    (tmp_path / "north" / "node.toml").unlink()
    keys = {file.name: file.read_bytes() for file in (tmp_path / "north" / "keys").iterdir()}
    assert keys

    first = found(tmp_path, chain.rpc_url)
    assert first.returncode == 0, first.stderr
    assert {f.name: f.read_bytes() for f in (tmp_path / "north" / "keys").iterdir()} == keys
    origin = json.loads((tmp_path / "founded" / "ledger.json").read_text())["origin"]
    assert origin in (tmp_path / "north" / "node.toml").read_text()
    assert origin in (tmp_path / "verifier" / "verifier.toml").read_text()
    passphrase = tmp_path / "passphrases" / "north" / "passphrase"
    assert stat.S_IMODE(passphrase.stat().st_mode) == 0o600
    assert passphrase.read_text().strip() not in refused.stderr + first.stderr
    before = kept_files(tmp_path)

    again = found(tmp_path, chain.rpc_url)
    assert again.returncode == 0, again.stderr
    assert kept_files(tmp_path) == before
