"""The demonstration's processes: started detached, found again by a state file, stopped by pid.

A pid is only ever signalled when the process still is the one that was started (same start time),
so a recycled pid is left alone.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from core.errors import Unavailable
from core.runtime.paths import private_folder

_START_TIME_FIELD = 21  # of /proc/<pid>/stat, see proc(5); counted from 0
_STOP_SECONDS = 20.0


def comity(*words: str) -> list[str]:
    """Return the command line that runs a ``comity`` command with this interpreter."""
    return [sys.executable, "-m", "core", *words]


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Return different loopback ports that nobody listens on now."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


class Processes:
    """The long-lived processes of one demonstration folder."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._logs = folder / "logs"
        self._pids = folder / "processes.json"
        self._environment = dict(environment)
        self._children: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, name: str, words: Sequence[str], extra: Mapping[str, str] | None = None) -> int:
        """Start a command in the background with a log file of its own; return its pid."""
        private_folder(self._folder)
        private_folder(self._logs)
        with (self._logs / f"{name}.log").open("ab") as log:
            child = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**self._environment, **(extra or {})},
                start_new_session=True,
            )
        self._children[child.pid] = child
        known = self._read()
        known.append({"name": name, "pid": child.pid, "started": _start_time(child.pid)})
        self._write(known)
        return child.pid

    def wait_ready(self, name: str, file: Path, seconds: float = 60.0) -> dict[str, Any]:
        """Wait for the file that a process writes when it is ready, and return its content.

        Raises:
            Unavailable: the process ended, or did not get ready in time.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if file.exists():
                ready: dict[str, Any] = json.loads(file.read_text("utf-8"))
                return ready
            if not self.alive(name):
                break
            time.sleep(0.05)
        raise Unavailable(
            "demo_not_ready",
            f"{name} did not start",
            f"read {self._logs / f'{name}.log'}",
        )

    def alive(self, name: str) -> bool:
        """Return whether the named process still runs."""
        return any(p["name"] == name and self._is_same(p) for p in self._read())

    def running(self) -> bool:
        """Return whether every process that was started still runs."""
        known = self._read()
        return bool(known) and all(self._is_same(p) for p in known)

    def any_running(self) -> bool:
        """Return whether any process that was started still runs, be it on its way out."""
        return any(self._is_same(p) for p in self._read())

    def stop(self) -> None:
        """Stop all, the last started first, and forget them."""
        known = self._read()
        for process in reversed(known):
            if self._is_same(process):
                os.kill(process["pid"], signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        while any(self._is_same(p) for p in known) and time.monotonic() < deadline:
            time.sleep(0.05)
        for process in known:
            if self._is_same(process):
                os.killpg(process["pid"], signal.SIGKILL)
        if known:
            self._write([])

    def _is_same(self, process: Mapping[str, Any]) -> bool:
        """Return whether a process still is the one that was started."""
        child = self._children.get(process["pid"])
        if child is not None and child.poll() is not None:  # ours, and ended: collected now
            return False
        started = _start_time(process["pid"])
        return started is not None and started == process["started"]

    def _read(self) -> list[dict[str, Any]]:
        if not self._pids.exists():
            return []
        known: list[dict[str, Any]] = json.loads(self._pids.read_text("utf-8"))
        return known

    def _write(self, known: list[dict[str, Any]]) -> None:
        fresh = self._pids.with_suffix(".new")
        fresh.write_text(json.dumps(known), "utf-8")
        fresh.replace(self._pids)


def _start_time(pid: int) -> str | None:
    """Return when a process started, in the system's own ticks; None when it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8")
    except OSError:
        return _start_time_without_proc(pid)
    return stat.rpartition(")")[2].split()[_START_TIME_FIELD - 2]


def _start_time_without_proc(pid: int) -> str | None:
    if Path("/proc/self").exists():
        return None
    found = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or None
