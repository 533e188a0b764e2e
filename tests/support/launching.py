"""Starting product processes fast, many times: forked from one that has imported everything.

What is started is the product's own worker, web process (gunicorn) or chain supervisor, with what
its entry point gives it and two differences. Its clock runs ``RATE`` times as fast as this
machine's: block times are whole seconds and may not run far ahead of the clock, so that by a true
clock a chain makes no more than one block a second in the long run, and one kill takes four. And
scrypt, which makes a key file slow to open on purpose, is computed once for each file.

Each is a process of its own in a session of its own, armed by its environment as the command line
is. The kernel kills it when the launcher ends, and the launcher when the tests end.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

RATE: Final = 20
_DIES_WITH_PARENT: Final = 1  # PR_SET_PDEATHSIG of <linux/prctl.h>


@dataclass(frozen=True)
class FastClock:
    """A clock that showed the true time at ``start`` and has run ahead since."""

    start: float

    def seconds(self) -> float:
        return self.start + RATE * (time.time() - self.start)

    def __call__(self) -> datetime:
        return datetime.fromtimestamp(self.seconds(), UTC)


# ------------------------------------------------------------ whoever wants processes


@dataclass
class Child:
    """A process in a session of its own, and what else is in it. It is reaped by ``kill`` alone,
    so that until then no other process or group can have its number."""

    pid: int
    reap: Callable[[], object]
    _pidfd: int = field(init=False)
    _is_reaped: bool = False

    def __post_init__(self) -> None:
        self._pidfd = os.pidfd_open(self.pid)

    @property
    def is_dead(self) -> bool:
        return self._is_reaped or bool(select.select([self._pidfd], [], [], 0)[0])

    def wait(self, seconds: float) -> bool:
        """Return whether it has ended by then."""
        return self._is_reaped or bool(select.select([self._pidfd], [], [], seconds)[0])

    @property
    def is_halted(self) -> bool:
        """Whether it, or a child of it, has been stopped as by SIGSTOP."""
        try:
            children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
            states = [Path(f"/proc/{pid}/stat").read_text() for pid in (str(self.pid), *children)]
        except OSError:  # one ended meanwhile
            return False
        return any(state.rpartition(")")[2].split()[0] == "T" for state in states)

    def signal(self, number: int) -> None:
        """Send a signal to all of the session's processes, also after the first has ended."""
        if not self._is_reaped:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def kill(self) -> None:
        """``kill -9`` all of them."""
        if not self._is_reaped:
            self.signal(signal.SIGKILL)
            self.reap()
            self._is_reaped = True
            os.close(self._pidfd)


def from_command(
    words: list[str], environment: Mapping[str, str], log: Path, folder: Path | None = None
) -> Child:
    """Start a command as a service manager would; it dies with us, whatever becomes of us."""
    wrapper = (
        "import ctypes, os, sys\n"
        f"ctypes.CDLL(None).prctl({_DIES_WITH_PARENT}, 9, 0, 0, 0)\n"
        "if os.getppid() != int(sys.argv[1]): sys.exit(1)\n"
        "os.execvp(sys.argv[2], sys.argv[2:])\n"
    )
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", wrapper, str(os.getpid()), *words],
            stdin=subprocess.DEVNULL, stdout=stream, stderr=stream,
            env=dict(environment), start_new_session=True, cwd=folder,
        )  # fmt: skip
    return Child(process.pid, process.wait)


class Launcher:
    """The process that has imported everything; ``start`` has it fork."""

    def __init__(self, clock: FastClock) -> None:
        read, write = os.pipe()
        words = [sys.executable, "-m", "tests.support.launching", str(clock.start), str(write)]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, pass_fds=[write])
        os.close(write)
        self._answers = os.fdopen(read)
        self._answers.readline()  # it has imported everything

    def start(
        self, role: str, settings: Mapping[str, Any], environment: Mapping[str, str], log: Path,
        *, halted: bool = False,
    ) -> Child:  # fmt: skip
        """Start a role's process.

        Args:
            settings: arguments of the role, as named in ``ROLES``.
            environment: what its environment holds besides ours.
            halted: it stops before its first step, until somebody lets it go on.
        """
        pid = self._ask(role=role, settings=settings, environment=environment, log=str(log),
                        halted=halted)  # fmt: skip
        return Child(pid, lambda: self._ask(reap=pid))

    def close(self) -> None:
        """End it, and with it all it has started."""
        self._process.kill()
        self._process.communicate()
        self._answers.close()

    def _ask(self, **request: Any) -> int:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()
        answer = self._answers.readline()
        assert answer, "the launcher has ended"
        return int(answer)


# ------------------------------------------------------------ in the process that forks

_CLOCK: Final = "COMITY_TEST_CLOCK"
_clock = FastClock(0.0)


def _worker(node: str) -> None:
    """As ``comity node worker``."""
    from core.runtime import logs
    from core.runtime.secrecy import forbid_reading
    from keys.passphrase import VARIABLE, Passphrase
    from node.config import load_config
    from node.places import NodePlaces
    from node.worker import open_worker_signers, run_worker

    config = load_config(Path(node))
    forbid_reading()
    signers = open_worker_signers(config, Passphrase(os.environ.pop(VARIABLE)))
    logs.configure()
    stop = threading.Event()
    places = NodePlaces(Path(node))
    run_worker(places, config, signers, clock=_clock, random=os.urandom, stop=stop)


def _web(node: str) -> None:
    """As ``comity node web``."""
    from gunicorn.app.wsgiapp import run

    from core.runtime.children import gunicorn_words
    from keys.passphrase import VARIABLE
    from node.config import load_config
    from node.folder import FOLDER_VARIABLE

    config = load_config(Path(node))
    os.environ.pop(VARIABLE, None)
    os.environ.update({FOLDER_VARIABLE: node, _CLOCK: str(_clock.start)})
    words = gunicorn_words(
        "tests.support.launching:application()",
        host=config.host, port=config.port,
        workers=config.web_processes, threads=config.web_threads,
    )  # fmt: skip
    sys.argv = words[2:]
    run()


def application() -> Any:
    """As ``node.app.from_environment``."""
    from core.runtime import faults, logs
    from node.app import create_app
    from node.config import load_config
    from node.folder import FOLDER_VARIABLE
    from node.places import NodePlaces
    from node.store.engine import Store

    clock = FastClock(float(os.environ[_CLOCK]))
    faults.arm(os.environ)
    logs.configure()
    places = NodePlaces(Path(os.environ[FOLDER_VARIABLE]))
    config = load_config(places.folder)
    store = Store.open(places.database_url(config))
    return create_app(config, places, store, clock, os.urandom)


def _supervisor(folder: str, port: int, chain_id: int) -> None:
    """As ``comity chain run``, with empty blocks and snapshots as often as the clock is fast."""
    from contracts.devchain.miner import Pace
    from contracts.devchain.restore import Often
    from contracts.devchain.supervisor import Settings, Supervisor

    pace = Pace(period=20.0 / RATE, gather=0.01, interval=1.0 / RATE)
    settings = Settings(Path(folder), port, chain_id, pace, often=Often(blocks=200))
    supervisor = Supervisor(settings, _clock.seconds)
    supervisor.start()
    supervisor.wait()


ROLES: Final[Mapping[str, Callable[..., None]]] = {
    "worker": _worker, "web": _web, "supervisor": _supervisor,
}  # fmt: skip


def _import_everything() -> None:
    import web3  # noqa: F401
    from eth_account.typed_transactions import typed_transaction  # noqa: F401
    from gunicorn.app import wsgiapp  # noqa: F401

    from contracts.devchain import supervisor  # noqa: F401
    from core.runtime import patient  # noqa: F401
    from keys import file_signer
    from node import app, worker  # noqa: F401
    from node.store import migrate  # noqa: F401

    @cache
    def derived(passphrase: bytes, *parameters: Any) -> bytes:
        return bytes(scrypt(*parameters).derive(passphrase))

    class Remembered:
        def __init__(self, *parameters: Any) -> None:
            self._parameters = parameters

        def derive_into(self, passphrase: bytes, into: bytearray) -> None:
            into[:] = derived(bytes(passphrase), *self._parameters)

    scrypt = file_signer.Scrypt
    file_signer.Scrypt = Remembered  # type: ignore[assignment,misc]


def _open_keys(node: str, passphrase: str) -> None:
    """Open a node's keys once, here, so that no child has to derive anything."""
    from keys.passphrase import Passphrase
    from node.config import load_config
    from node.worker import open_worker_signers

    open_worker_signers(load_config(Path(node)), Passphrase(passphrase))


def _fork(request: Mapping[str, Any], opened: set[str]) -> int:
    from keys.passphrase import VARIABLE

    node, passphrase = request["settings"].get("node"), request["environment"].get(VARIABLE)
    if request["role"] == "worker" and node not in opened:
        _open_keys(node, passphrase)
        opened.add(node)
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        _become(request, parent)
        status = 0
    except BaseException:  # the end of this process, whatever it is
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _become(request: Mapping[str, Any], parent: int) -> None:
    from core.runtime import faults

    os.setsid()
    ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        return
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, wanted in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(descriptor, wanted)
    os.closerange(3, 64)
    os.environ.update(request["environment"])
    if request["halted"]:
        os.kill(os.getpid(), signal.SIGSTOP)
    faults.arm(os.environ)
    ROLES[request["role"]](**request["settings"])


def serve(start: float, answers: int) -> None:
    """Fork and reap as standard input says, until it ends."""
    global _clock  # every child is a fork of this process
    ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
    _clock = FastClock(start)
    _import_everything()
    gc.collect()
    gc.freeze()
    opened: set[str] = set()
    os.write(answers, b"ready\n")
    for line in iter(sys.stdin.buffer.readline, b""):
        request = json.loads(line)
        if "reap" in request:
            answer = os.waitpid(request["reap"], 0)[1]
        else:
            answer = _fork(request, opened)
        os.write(answers, f"{answer}\n".encode())


if __name__ == "__main__":
    serve(float(sys.argv[1]), int(sys.argv[2]))
