"""``comity verifier init`` and ``run``: what is wrong is named by its option, nothing is left."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from core.runtime import commands

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
