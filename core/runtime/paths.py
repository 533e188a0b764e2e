"""Where things lie on disk.

Decides the state folder: ``$COMITY_HOME``, else ``$XDG_STATE_HOME/comity``, else
``~/.local/state/comity``. Nothing is ever kept beside the code. Refuses a state folder that is
not absolute, because a process started elsewhere would find another one.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from core.errors import UsageError

HOME_VARIABLE = "COMITY_HOME"
LEDGERS_FOLDER = "ledgers"


def home(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the state folder, which need not exist yet."""
    named = environment.get(HOME_VARIABLE)
    if named:
        return _absolute(HOME_VARIABLE, named)
    state = environment.get("XDG_STATE_HOME")
    if state:
        return _absolute("XDG_STATE_HOME", state) / "comity"
    return Path.home() / ".local" / "state" / "comity"


def demo_home(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of the demonstration network."""
    return home(environment) / "demo"


def tools_folder() -> Path:
    """Return the folder of a checkout in which ``bootstrap.py`` puts fetched programs."""
    return Path(__file__).resolve().parents[2] / ".tools"


def ledger_file(folder: Path, origin: str) -> Path:
    """Return the file in which a verifier's folder keeps what it followed of a ledger."""
    _, chain_id, address = origin.split("/")
    return folder / LEDGERS_FOLDER / f"{chain_id}-{address}.db"


def followed_ledgers(folder: Path) -> dict[str, Path]:
    """Return the ledgers of which a verifier's folder keeps anything, by origin."""
    files = sorted((folder / LEDGERS_FOLDER).glob("*-*.db"))
    return {f"comity/{file.stem.replace('-', '/', 1)}": file for file in files}


def private_folder(folder: Path) -> Path:
    """Make a folder that only its owner can enter, and return it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


def private_file(file: Path) -> None:
    """Make an empty file that only its owner can read, unless there is one already.

    For programs that would make it readable for all; whoever cannot make it tells so themselves.
    """
    with suppress(OSError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))


def _absolute(variable: str, value: str) -> Path:
    folder = Path(value)
    if not folder.is_absolute():
        raise UsageError(
            "home_not_absolute",
            f"{variable} must be an absolute path",
            hint=f'export {variable}="$PWD/{folder.name or "state"}"',
        )
    return folder
