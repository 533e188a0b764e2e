"""The import rules hold, and would be noticed if they did not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("core", "contracts", "keys", "node", "verifier")
LINT = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", LINT],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("copy")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package,
            folder / package,
            ignore=lambda _folder, names: [
                name
                for name in names
                if ("." in name and not name.endswith((".py", ".typed"))) or name == "node_modules"
            ],
        )
    return folder


def test_the_rules_hold(copy: Path) -> None:
    done = _lint(copy)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "line", "rule"),
    [
        ("core/limits.py", "import web3", "core knows no framework"),
        ("core/limits.py", "import keys", "core <- keys"),
        ("core/errors.py", "import core.limits", "core.errors imports nothing"),
        ("keys/purposes.py", "import contracts", "core <- keys"),
        ("verifier/policy.py", "import verifier.sources", "stands on core alone"),
        ("verifier/checks/__init__.py", "import keys", "stands on core alone"),
        ("verifier/render.py", "import contracts.reader", "only refresh reads"),
        ("verifier/render.py", "import keys.signer", "build the report signer"),
        ("verifier/refresh.py", "import contracts.writer", "never writes"),
        ("node/intake.py", "import verifier.policy", "one thing of the verifier"),
        ("node/intake.py", "import web3", "web3 is imported where"),
        ("node/web/certificates.py", "import keys.purposes", "reaches no key"),
        ("node/web/certificates.py", "import node.planted", "reaches no key"),
        ("node/app.py", "import node.planted", "reaches no key"),
    ],
)
def test_a_forbidden_import_is_noticed(copy: Path, module: str, line: str, rule: str) -> None:
    file = copy / module
    planted = copy / "node" / "planted.py"
    before = file.read_text() if file.exists() else ""
    file.parent.mkdir(exist_ok=True)
    (file.parent / "__init__.py").touch()
    try:
        planted.write_text("import keys.purposes\n")
        file.write_text(f"{before}\n{line}\n")
        done = _lint(copy)
    finally:
        file.write_text(before)
        planted.unlink()
    assert done.returncode == 1, done.stdout
    broken = [text for text in done.stdout.splitlines() if " BROKEN" in text]
    assert any(rule in text for text in broken), broken


def test_slow_modules_are_imported_by_nobody_at_the_top() -> None:
    """The command table, and every module it can reach at once, start without web3 or py_ecc."""
    code = "import sys, core.runtime.commands; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.split()
    assert not {"web3", "py_ecc", "typer", "pydantic", "rich", "flask"} & set(loaded)


def test_every_package_is_under_the_rules() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    assert set(settings["importlinter"]["root_packages"]) == set(PACKAGES)
    assert set(settings["hatch"]["build"]["targets"]["wheel"]["packages"]) == set(PACKAGES)
