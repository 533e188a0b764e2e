"""Where state is kept."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from core.errors import UsageError
from core.runtime import paths


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"COMITY_HOME": "/a", "XDG_STATE_HOME": "/b"}, Path("/a")),
        ({"XDG_STATE_HOME": "/b"}, Path("/b/comity")),
        ({"COMITY_HOME": ""}, Path.home() / ".local/state/comity"),
    ],
)
def test_home(environment: dict[str, str], expected: Path) -> None:
    assert paths.home(environment) == expected
    assert paths.demo_home(environment) == expected / "demo"


def test_a_relative_home_is_refused() -> None:
    with pytest.raises(UsageError):
        paths.home({"COMITY_HOME": "state"})


def test_a_private_folder_is_closed_to_others(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir(mode=0o755)
    assert stat.S_IMODE(paths.private_folder(folder).stat().st_mode) == 0o700


def test_what_a_verifier_follows_is_found_by_its_files(tmp_path: Path) -> None:
    assert paths.followed_ledgers(tmp_path) == {}
    origin = f"comity/31337/0x{'5b' * 20}"
    file = paths.ledger_file(tmp_path, origin)
    file.parent.mkdir()
    file.touch()
    file.with_suffix(".db-wal").touch()
    assert paths.followed_ledgers(tmp_path) == {origin: file}
