"""The command table."""

from __future__ import annotations

import io
import sys
from types import ModuleType

import pytest

from core.errors import Refused
from core.runtime.commands import COMMANDS, Command, help_text, resolve, run


def _run(*argv: str) -> tuple[int, str, str]:
    stdout, stderr = io.StringIO(), io.StringIO()
    return run(list(argv), stdout, stderr), stdout.getvalue(), stderr.getvalue()


@pytest.mark.parametrize("argv", [(), ("--help",), ("-h",), ("help",)])
def test_help_lists_every_command(argv: tuple[str, ...]) -> None:
    code, out, err = _run(*argv)
    assert (code, err) == (0, "")
    assert all(f"  {name} " in out for name in COMMANDS)
    assert out.rstrip("\n") == help_text()
    assert max(map(len, out.splitlines())) <= 90


def test_version() -> None:
    code, out, _ = _run("--version")
    assert code == 0
    assert out.startswith("comity ")


def test_unknown_command_suggests_the_nearest() -> None:
    assert _run("isue") == (
        4,
        "",
        "error: there is no command 'isue'\nhint: did you mean 'comity issue'\n",
    )
    assert "hint: type 'comity --help'" in _run("zzzz")[2]


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    made = ModuleType("made_up_commands")
    monkeypatch.setitem(sys.modules, "made_up_commands", made)
    return made


def test_a_shared_target_gets_the_name_too(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []
    module.main = lambda argv: seen.append(argv) or 2  # type: ignore[attr-defined]
    for shared in (False, True):
        row = Command("issue", "made_up_commands:main", "…", shared)
        monkeypatch.setitem(COMMANDS, "issue", row)
        assert _run("issue", "x")[0] == 2
    assert seen == [["x"], ["issue", "x"]]


def test_what_a_target_raises_becomes_an_exit_code(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(argv: list[str]) -> int:
        raise Refused("no", "not allowed")

    module.main = refuse  # type: ignore[attr-defined]
    monkeypatch.setitem(COMMANDS, "issue", Command("issue", "made_up_commands:main", "…"))
    assert _run("issue") == (1, "", "error: not allowed\n")


def test_a_target_that_is_missing_is_a_defect(module: ModuleType) -> None:
    with pytest.raises(LookupError):
        resolve(Command("x", "made_up_commands:main", "…"))
