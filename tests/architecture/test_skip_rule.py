"""Skips: with CI=true only a test marked `vectors` may skip; its number is printed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

VECTORS = """
import pytest

@pytest.mark.vectors
def test_vector(vectors_dir):
    assert vectors_dir.is_dir()

def test_always():
    pass
"""
DEPENDENCY = """
import pytest

def test_dependency():
    pytest.importorskip("no_such_module")
"""


def _run(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    shutil.copy(ROOT / "tests" / "conftest.py", folder)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n  vectors: x\n")
    kept = {k: v for k, v in os.environ.items() if k not in {"CI", "COMITY_VECTORS"}}
    kept = {k: v for k, v in kept.items() if not k.startswith("PYTEST")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)]
    return subprocess.run(
        command, cwd=folder, env=kept | environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def test_vectors_may_skip_and_are_counted(folder: Path) -> None:
    (folder / "test_it.py").write_text(VECTORS)
    done = _run(folder, CI="true")
    assert done.returncode == 0, done.stdout
    assert "skipped for want of COMITY_VECTORS: 1" in done.stdout


def test_vectors_run_where_the_folder_is_named(folder: Path) -> None:
    (folder / "test_it.py").write_text(VECTORS)
    done = _run(folder, CI="true", COMITY_VECTORS=str(folder))
    assert done.returncode == 0
    assert "2 passed" in done.stdout
    assert "skipped for want of COMITY_VECTORS: 0" in done.stdout


def test_a_named_folder_that_is_missing_is_an_error(folder: Path) -> None:
    (folder / "test_it.py").write_text(VECTORS)
    assert _run(folder, COMITY_VECTORS=str(folder / "missing")).returncode not in (0, 1)


def test_a_missing_dependency_may_skip_here_and_fails_under_ci(folder: Path) -> None:
    (folder / "test_it.py").write_text(DEPENDENCY)
    assert _run(folder).returncode == 0
    done = _run(folder, CI="true")
    assert done.returncode == 1
    assert "FAILED (skipped under CI)" in done.stdout
