"""The tree: sizes, docstrings, no machine's paths, locks that fit the ranges."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
FILE_LINES = 500
FUNCTION_LINES = 50
MACHINE_PATHS = re.compile(
    "|".join(["/ro" + "ot/", "/ho" + "me/[a-z]", "/wo" + "rk/", "/Us" + "ers/[a-z]"])
)
HOSTS = re.compile(r"https?://|--(extra-)?index-url|--find-links")


@cache
def _tracked() -> tuple[Path, ...]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return tuple(ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file())


def _python() -> list[Path]:
    """The product's Python files: the tests' are judged by their readers."""
    return [
        file
        for file in _tracked()
        if file.suffix == ".py" and not file.is_relative_to(ROOT / "tests")
    ]


def _named(file: Path) -> str:
    return str(file.relative_to(ROOT))


def test_no_file_is_longer_than_it_may_be() -> None:
    source = [file for file in _tracked() if file.suffix in {".py", ".sol", ".js", ".html"}]
    lengths = {_named(file): len(file.read_text().splitlines()) for file in source}
    assert {name: lines for name, lines in lengths.items() if lines > FILE_LINES} == {}


def _lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = function.body
    said = ast.get_docstring(function) is not None and len(body) > 1
    first = body[1] if said else body[0]
    return (function.end_lineno or first.lineno) - first.lineno + 1


def test_no_function_is_longer_than_it_may_be() -> None:
    long = {
        f"{_named(file)}:{node.lineno} {node.name}": _lines_of(node)
        for file in _python()
        if "migrations" not in file.parts  # a migration is a table
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and _lines_of(node) > FUNCTION_LINES
    }
    assert long == {}


def test_every_module_says_what_it_decides() -> None:
    silent = [
        _named(file)
        for file in _python()
        if file.read_text().strip() and not ast.get_docstring(ast.parse(file.read_text()))
    ]
    assert silent == []


def test_no_path_of_a_machine_stands_in_the_project() -> None:
    found = []
    for file in _tracked():
        try:
            text = file.read_text()
        except UnicodeDecodeError:
            continue
        if MACHINE_PATHS.search(text):
            found.append(_named(file))
    assert found == []


@pytest.mark.parametrize("name", ["core", "dev", "devchain", "fuzz"])
def test_locks_hold_hashes_and_no_host(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    assert not HOSTS.search(text)
    packages = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert packages
    assert all("--hash=sha256:" in package for package in packages)


def test_the_lock_of_the_contracts_names_no_host() -> None:
    assert '"resolved"' not in (ROOT / "contracts" / "package-lock.json").read_text()


def _locked(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s;\\]+)", text, re.MULTILINE))


@pytest.mark.parametrize(
    ("lock", "extra"),
    [("core", None), ("dev", "dev"), ("devchain", "devchain"), ("fuzz", "fuzz")],
)
def test_locks_fit_the_ranges(lock: str, extra: str | None) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    ranges = project["optional-dependencies"][extra] if extra else project["dependencies"]
    locked = _locked(lock)
    for text in ranges:
        requirement = Requirement(text)
        assert requirement.name in locked, f"{requirement.name}: run make lock"
        assert requirement.specifier.contains(locked[requirement.name], prereleases=True)


def test_the_development_lock_holds_the_other_one() -> None:
    assert _locked("core").items() <= _locked("dev").items()
