"""What is asked on a terminal: a real one, with somebody typing."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Sequence

import pytest

from tests.support.webnode import WebNode

# makes the terminal the process's own, so that Ctrl-C reaches it
ON_TERMINAL = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "core", *sys.argv[1:]])
"""
SUSPEND = ("--reason", "misuse", "--until", "2027-03-31")


def typed(words: Sequence[str], question: bytes, answer: bytes) -> tuple[int, str, str]:
    """Run a command on a terminal, answer its question; return code, what is on it, and stdout."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", ON_TERMINAL, *words],
        stdin=theirs,
        stderr=theirs,
        stdout=subprocess.PIPE,
    )
    os.close(theirs)
    shown, asked, deadline = b"", False, time.monotonic() + 60
    while time.monotonic() < deadline:
        if select.select([ours], [], [], 0.1)[0]:
            try:
                chunk = os.read(ours, 4096)
            except OSError:  # the terminal is closed
                break
            shown += chunk
        if not asked and question in shown:
            asked = True
            os.write(ours, answer)
        if process.poll() is not None and not select.select([ours], [], [], 0)[0]:
            break
    os.close(ours)
    out, _ = process.communicate(timeout=30)
    assert asked, shown
    return process.returncode, shown.decode(), out.decode()


@pytest.fixture
def declared(node: WebNode) -> int:
    return node.rows()["declaration"]


def test_the_number_is_asked_for_again(node: WebNode, declared: int) -> None:
    number = node.issued("T-1")
    words = ("suspend", number, *SUSPEND, "--node", str(node.places.folder))
    code, shown, out = typed(words, b"to go on", b"T-2\n")
    assert (code, out) == (1, "")
    assert "Suspended on " in shown
    assert "another number" in shown
    assert node.rows()["declaration"] == declared
    code, _, out = typed(words, b"to go on", b"T-1\n")
    assert code == 0
    assert out.startswith("T-1: on its way to the ledger")
    assert node.rows()["declaration"] == declared + 1


def test_ctrl_c_changes_nothing_and_is_quiet(node: WebNode, declared: int) -> None:
    number = node.issued("T-3")
    words = ("withdraw", number, "--reason", "misuse", "--node", str(node.places.folder))
    code, shown, out = typed(words, b"to go on", b"\x03")
    assert out == ""
    assert "Traceback" not in shown
    assert "error" not in shown
    assert code == 130
    assert node.rows()["declaration"] == declared


def test_json_stays_json_on_a_terminal(node: WebNode, declared: int) -> None:
    number = node.issued("T-4")
    words = ("cancel", number, "--json", "--node", str(node.places.folder))
    code, _, out = typed(words, b"to go on", b"T-4\n")
    assert code == 0
    assert out.startswith('{"number": "T-4"')
    assert node.rows()["declaration"] == declared + 1


def test_a_whole_life_is_told_in_words(node: WebNode) -> None:
    number = node.issued("T-5")
    at = ("--node", str(node.places.folder))

    def comity(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "core", *words, *at], capture_output=True, text=True, check=True
        )
        return done.stdout

    comity("maintain", number, "--decision", "2026-03-05", "--yes")
    comity("suspend", number, *SUSPEND, "--yes")
    told = comity("status", number)
    assert "status    suspended since " in told
    events = [line.split(maxsplit=1)[1] for line in told.splitlines() if "    event " in line]
    assert events[0].startswith("grant from 2026-03-02")
    assert events[1].startswith("maintain on 2026-03-05")
    assert events[2].endswith("until 2027-03-31T23:59:59Z, misuse, on its way")
    comity("refuse", "T-6", "--reason", "nonconformity", "--decision", "2026-03-05", "--yes")
    assert "certification refused on 2026-03-05" in comity("status", "T-6")
