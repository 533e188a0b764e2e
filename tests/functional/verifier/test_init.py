"""``comity verifier init`` and ``run``: what is wrong is named by its option, nothing is left."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from core.runtime import commands
from tests.support.network import body_with_certificate
from tests.support.policies import policy
from verifier.config import VerifierSettings

ORIGIN = f"comity/787223/0x{'a1' * 20}"


def comity(*words: str) -> int:
    return commands.run(list(words), sys.stdout, sys.stderr)


@pytest.mark.parametrize(
    "ledger", ["bogus", "foo=bar", f"{ORIGIN}=", f"{ORIGIN}=localhost:8545", "=http://localhost:1"]
)
def test_a_ledger_that_is_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], ledger: str
) -> None:
    assert comity("verifier", "init", "--folder", str(tmp_path), "--ledger", ledger) == 4
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("error: --ledger: expected ORIGIN=URL\nhint: ")
    assert list(tmp_path.iterdir()) == []


def test_two_ledgers_with_one_origin_leave_nothing(tmp_path: Path) -> None:
    ledger = f"--ledger={ORIGIN}=http://localhost:1"
    assert comity("verifier", "init", "--folder", str(tmp_path), ledger, ledger) == 4
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_taken_is_refused_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMITY_VERIFIER", str(tmp_path))  # ``run`` sets it for its children
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert comity("verifier", "init", "--folder", str(tmp_path), "--port", str(port)) == 0
        capsys.readouterr()
        assert comity("verifier", "run", "--folder", str(tmp_path)) == 1
    assert "port in verifier.toml" in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["verifier.toml"]


def test_a_folder_of_policies_is_read_before_anything_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policies, folder = tmp_path / "policies", tmp_path / "verifier"
    policies.mkdir()
    words = ("verifier", "init", "--folder", str(folder), "--policies", str(policies))
    held = policies / "xa.json"
    held.write_bytes(policy(version=2).file_bytes().replace(b'"XA"', b'"QL"'))
    assert comity(*words) == 4
    told = capsys.readouterr().err
    assert "xa.json: the policy has 1 fault" in told
    assert "/economy" in told
    assert not folder.exists()
    held.write_bytes(policy(version=2).file_bytes())
    assert comity(*words) == 0
    settings = VerifierSettings.load(folder / "verifier.toml", "COMITY_VERIFIER_", {})
    assert settings.policies == policies


def test_a_policy_for_a_check_that_is_none_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, none = tmp_path / "good.comity.json", tmp_path / "none.json"
    file.write_bytes(_bundle())
    none.write_text("[]")
    assert comity("check", str(file), "--market", "XA", "--policy", str(none)) == 4
    assert "none.json: the policy has 1 fault" in capsys.readouterr().err
    assert comity("check", str(file), "--market", "QL") == 4


def _bundle() -> bytes:
    body, issued = body_with_certificate()
    return body.bundle(issued).dump()
