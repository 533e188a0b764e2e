"""What the README tells people to type exists."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from core.runtime.commands import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
DOCUMENTS = [README, (ROOT / "CONTRIBUTING.md").read_text()]


def _targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_the_first_commands_are_demo_and_test() -> None:
    commands = re.findall(r"^    (make \S+)", README, re.MULTILINE)
    assert commands[:2] == ["make demo", "make test"]


def test_every_make_target_in_the_documents_exists() -> None:
    for document in DOCUMENTS:
        typed = re.findall(r"(?:^    |`)make ((?:[a-z][a-z-]*\s?)+)", document, re.MULTILINE)
        named = {target for line in typed for target in line.split()}
        assert named
        assert named <= _targets()


def test_every_command_in_the_documents_exists() -> None:
    named = set(re.findall(r"`comity ([a-z]+)", "\n".join(DOCUMENTS)))
    assert named
    assert named <= set(COMMANDS)


def test_make_alone_lists_every_target() -> None:
    shown = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert all(re.search(rf"^  {target}\s+\S", shown, re.MULTILINE) for target in _targets())


def test_ci_runs_the_test_command_of_the_readme() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    pattern = re.search(r"sed -n '(.*)' README\.md", script)
    assert pattern is not None
    found = subprocess.run(
        ["sed", "-n", pattern[1], "README.md"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert found.strip() == "make test"
