"""The command line starts at once, and every row of its table leads somewhere."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.runtime.commands import COMMANDS, resolve

ROOT = Path(__file__).resolve().parents[2]
HELP = "import sys; from core.runtime.commands import main; sys.exit(main(sys.argv[1:]))"


@pytest.mark.parametrize("argv", [[], ["--help"], ["--version"]])
def test_help_takes_at_most_three_tenths_of_a_second(argv: list[str]) -> None:
    times = []
    for _ in range(3):
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", HELP, *argv], cwd=ROOT, capture_output=True, check=False
        )
        times.append(time.perf_counter() - started)
        assert done.returncode == 0, done.stderr
    assert min(times) <= 0.3


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_resolves_and_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = COMMANDS[name]
    action = resolve(command)
    assert action([name, "--help"] if command.shared else ["--help"]) == 0
    said = capsys.readouterr()
    assert f"comity {name}" in said.out
    assert said.err == ""
