"""Keys load without what they do not need: help is instant, and no chain client is near a key."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import keys

ROOT = Path(keys.__file__).parents[1]
HEAVY = {"cryptography", "coincurve", "Crypto", "rfc8785"}
FORBIDDEN = {"web3", "eth_account", "eth_keys", "eth_utils", "flask", "redis", "requests", "http"}
FORBIDDEN |= {"contracts", "node", "verifier"}

OPENS = """
from keys.file_signer import create_key, open_key
from keys.passphrase import Passphrase
from keys.purposes import Purpose
from pathlib import Path
words = Passphrase("gull lantern quartz meadow")
for purpose in (Purpose.SHARE, Purpose.OPERATING):
    create_key(Path(sys.argv[2]) / purpose, purpose, words)
    open_key(Path(sys.argv[2]) / purpose, purpose, words)
"""


def _modules_after(code: str, folder: Path) -> set[str]:
    report = "print(*{name.partition('.')[0] for name in sys.modules})"
    program = f"import sys\nsys.path.insert(0, sys.argv[1])\n{code}\n{report}"
    child = subprocess.run(
        [sys.executable, "-c", program, str(ROOT), str(folder)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(child.stdout.split())


@pytest.mark.parametrize("module", ["keys.signer", "keys.purposes", "keys.cli"])
def test_the_interface_loads_without_cryptography(module: str, tmp_path: Path) -> None:
    loaded = _modules_after(f"import {module}", tmp_path)
    heavy = HEAVY - {"rfc8785"} if module == "keys.signer" else HEAVY
    assert "keys" in loaded
    assert not loaded & (heavy | FORBIDDEN)


def test_opening_a_key_needs_no_chain_client(tmp_path: Path) -> None:
    loaded = _modules_after(OPENS, tmp_path)
    assert loaded >= HEAVY
    assert not loaded & FORBIDDEN
