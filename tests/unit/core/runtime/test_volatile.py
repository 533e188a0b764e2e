"""Where the embedded Redis listens: in its folder, else in a short place that is ours alone."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from core.errors import UsageError
from core.runtime import volatile


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Path:
    """A short folder for temporary files."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def deep(tmp_path: Path) -> Path:
    folder = tmp_path / ("a" * 60) / ("b" * 60)
    folder.mkdir(parents=True)
    return folder


def test_it_listens_in_its_folder(temporary: Path) -> None:
    assert volatile.address("embedded", temporary) == f"unix://{temporary}/redis.sock"


def test_a_folder_too_deep_for_a_socket_gets_a_private_short_place(
    temporary: Path, tmp_path: Path
) -> None:
    folder = deep(tmp_path)
    first = Path(volatile.address("embedded", folder).removeprefix("unix://"))
    assert first.parent.parent == temporary
    assert first.parent.stat().st_mode & 0o777 == 0o700
    assert volatile.address("embedded", folder) == f"unix://{first}"
    other = folder / "c"
    other.mkdir()
    assert volatile.address("embedded", other) != f"unix://{first}"


def test_a_place_that_others_can_enter_is_refused(temporary: Path, tmp_path: Path) -> None:
    folder = deep(tmp_path)
    place = Path(volatile.address("embedded", folder).removeprefix("unix://")).parent
    place.chmod(0o755)
    with pytest.raises(UsageError, match="too long for a socket"):
        volatile.address("embedded", folder)


def test_a_link_somebody_left_there_is_not_followed(temporary: Path, tmp_path: Path) -> None:
    folder = deep(tmp_path)
    place = Path(volatile.address("embedded", folder).removeprefix("unix://")).parent
    place.rmdir()
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    place.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError):
        volatile.address("embedded", folder)
