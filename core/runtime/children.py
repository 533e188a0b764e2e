"""A parent that keeps a few child processes running: a node's worker and web, a verifier's parts.

Decides when a child is started again: whenever it ends before it was told to, after a pause that
grows to half a minute. SIGTERM and SIGINT stop all of them gracefully; should the parent be killed,
the kernel takes the children with it (Linux), so no half of a node is left behind.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from core.runtime.logs import logger

# A wrapper, because Python's own preexec_fn is not safe in a process with threads. The parent is
# compared once the request to the kernel is in place: it may have died before.
_WRAPPER: Final = """
import ctypes, os, signal, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGTERM, 0, 0, 0)
if os.getppid() != int(sys.argv[1]):
    sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""
_PAUSE_FIRST: Final = 0.5
_PAUSE_MOST: Final = 30.0
_STEADY_SECONDS: Final = 60.0  # a child that ran this long starts with the first pause again
_STOP_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.2


@dataclass(slots=True)
class _Child:
    name: str
    words: Sequence[str]
    environment: Mapping[str, str] | None
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = _PAUSE_FIRST
    due: float = 0.0


@dataclass(slots=True)
class Children:
    """The children of one parent.

    Args:
        commands: name → command line; the first word is an absolute path.
        ready: whether the whole is fit for use; asked until it says so once.
        ready_file: written when ready, removed when stopped: ``{**ready_content, "pid"}``.
        ready_content: what to tell in it, such as the address.
        environments: name → the child's whole environment; a child that is not named gets ours.
            So a secret can be given to the one child that needs it.
        on_ready: called once when ready, to tell a person.
    """

    commands: Mapping[str, Sequence[str]]
    ready: Callable[[], bool]
    ready_file: Path
    ready_content: Mapping[str, object]
    environments: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    on_ready: Callable[[], object] | None = None
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Run the children until SIGTERM or SIGINT; call from the main thread."""
        self.ready_file.unlink(missing_ok=True)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        children = [
            _Child(name, words, self.environments.get(name))
            for name, words in self.commands.items()
        ]
        told = False
        try:
            while not self._stop.wait(_LOOK_SECONDS if told else _LOOK_SECONDS / 4):
                for child in children:
                    _keep(child)
                if not told and self.ready():
                    told = True
                    self._tell()
        finally:
            self.ready_file.unlink(missing_ok=True)
            _end(children)

    def _tell(self) -> None:
        content = json.dumps({**self.ready_content, "pid": os.getpid()})
        fresh = self.ready_file.with_suffix(".new")
        fresh.write_text(content, "utf-8")
        fresh.replace(self.ready_file)
        if self.on_ready is not None:
            self.on_ready()


def _keep(child: _Child) -> None:
    now = time.monotonic()
    if child.process is not None:
        if child.process.poll() is None:
            return
        logger("children").warning(
            "child_ended", process=child.name, status_code=child.process.returncode
        )
        steady = now - child.started > _STEADY_SECONDS
        child.pause = _PAUSE_FIRST if steady else min(child.pause * 2, _PAUSE_MOST)
        child.due = now + child.pause
        child.process = None
    if now >= child.due:
        words = [sys.executable, "-c", _WRAPPER, str(os.getpid()), *child.words]
        child.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, env=child.environment)
        child.started = now


def _end(children: Sequence[_Child]) -> None:
    running = [child.process for child in children if child.process is not None]
    for process in running:
        process.terminate()
    deadline = time.monotonic() + _STOP_SECONDS
    for process in running:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def answers(url: str) -> bool:
    """Return whether a server of ours answers 200 at ``url`` (loopback, no proxies)."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def gunicorn_words(
    application: str, *, host: str, port: int, workers: int, threads: int
) -> list[str]:
    """Return the command line of a gunicorn that serves ``application`` (``module:factory()``).

    Requests get a thread when they have arrived, so slow clients hold none (``patient.py``);
    workers are replaced after a number of requests, so that what one request left in memory does
    not stay there; at SIGTERM what was begun is finished; no control socket, whose one path for
    each user a second node would take over.
    """
    return [
        sys.executable, "-m", "gunicorn", "--no-control-socket",
        "--worker-class", "core.runtime.patient.PatientWorker",
        "--workers", str(workers), "--threads", str(threads), "--worker-connections", "800",
        "--max-requests", "2000", "--max-requests-jitter", "400",
        "--timeout", "30", "--graceful-timeout", "15", "--keep-alive", "5",
        "--limit-request-line", "4094", "--limit-request-fields", "64",
        "--limit-request-field_size", "8190", "--log-level", "warning",
        "--bind", f"{host}:{port}", application,
    ]  # fmt: skip
