"""A process that asked for it cannot be read or traced by others of its user."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own means")
NOBODY = 65_534
ASKED = (
    "import ctypes, sys; from core.runtime.secrecy import forbid_reading; forbid_reading();"
    "print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), flush=True); sys.stdin.read()"
)


def test_the_kernel_was_asked() -> None:
    words = [sys.executable, "-c", ASKED]
    done = subprocess.run(words, input="", capture_output=True, text=True, check=True)
    assert done.stdout == "0\n", done.stderr


@pytest.mark.parametrize("asked", [False, True])
def test_another_process_of_the_same_user(asked: bool) -> None:
    """Both as nobody where we are root, who may read everything."""
    user = NOBODY if os.geteuid() == 0 else None
    code = "import sys; print(1, flush=True); sys.stdin.read()"
    if asked:
        hide = Path("core/runtime/secrecy.py").read_text("utf-8") + "\nforbid_reading()\n"
        code = hide + code
    words = ["/usr/bin/env", "python3", "-c", code]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, user=user, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "1\n"
        read = subprocess.run(
            ["/bin/cat", f"/proc/{process.pid}/environ"],
            capture_output=True,
            user=user,
            check=False,
        )
        process.communicate("")
    assert (read.returncode == 0) is not asked
