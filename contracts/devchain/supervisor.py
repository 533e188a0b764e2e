"""Running a development chain: one folder, one supervisor, one anvil, one gateway.

Decides who may: the holder of the lock on ``supervisor.pid``; a second one is refused. Keeps the
chain going: makes blocks when they are due, and replays the journal when anvil has died. Gives up,
rather than guess, when the journal cannot be made durable, when the replay differs, or when anvil
keeps dying.

The folder holds ``journal`` (the chain), ``snapshot-…`` (shortcuts to it), ``supervisor.pid`` (the
lock), ``ready.json`` (written once the gateway answers, removed at a clean stop), ``anvil.log``.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from contracts.devchain.anvil import Anvil, RpcError, locate
from contracts.devchain.gateway import Gateway, Rpc
from contracts.devchain.journal import Journal
from contracts.devchain.miner import DEFAULT_LEAD, DEFAULT_PERIOD, Miner, Pace
from contracts.devchain.restore import DEFAULT_OFTEN, Often, StartAnvil
from core.errors import ComityError, Refused, Unavailable

_log = logging.getLogger(__name__)

DEFAULT_CHAIN_ID: Final = 787_223
JOURNAL: Final = "journal"
LOCK: Final = "supervisor.pid"
READY: Final = "ready.json"
_TICK_SECONDS: Final = 0.5
_DEATHS_ALLOWED: Final = 5
_DEATHS_WITHIN_SECONDS: Final = 60.0
_GIVE_UP: Final = "anvil_keeps_dying"


@dataclass(frozen=True, slots=True)
class Settings:
    """How a chain is run.

    Attributes:
        folder: where it lives; made if absent.
        port: the gateway's port on 127.0.0.1; 0 takes a free one.
        chain_id: fixed with the first start; another one is refused later.
        pace: when blocks are made.
        binary: the anvil program; found by ``anvil.locate`` if None.
        often: when snapshots are written.
    """

    folder: Path
    port: int = 0
    chain_id: int = DEFAULT_CHAIN_ID
    pace: Pace = field(default_factory=Pace)
    binary: Path | None = None
    often: Often = DEFAULT_OFTEN


class Supervisor:
    """One running chain. ``start`` returns when it answers; ``wait`` when it has ended."""

    def __init__(self, settings: Settings, wall_clock: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._wall_clock = wall_clock
        self._started = threading.Event()
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._failure: Exception | None = None
        self._thread: threading.Thread | None = None
        self._miner: Miner | None = None
        self._lock = -1
        self.rpc_url = ""

    def start(self) -> None:
        """Bring the chain up: lock, replay, gateway, ready file.

        Raises:
            Refused: another supervisor has this folder, or it holds another chain.
            ProofError: journal and replay do not agree.
            Unavailable: anvil or the port is not to be had.
        """
        self._settings.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = _lock(self._settings.folder / LOCK)
        self._thread = threading.Thread(target=self._run, name="chain", daemon=True)
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            self.stop()
            raise self._failure

    def wait(self) -> None:
        """Return when the chain was stopped.

        Raises:
            Exception: what ended it, if it was not ``stop``.
        """
        self._ended.wait()
        if self._failure is not None:
            raise self._failure

    def request_stop(self) -> None:
        """Let the chain end soon; safe to call from a signal handler."""
        self._stopping.set()
        if self._miner is not None:
            self._miner.leave()

    def stop(self) -> None:
        """End the chain and give the folder free; calling it twice is harmless."""
        self.request_stop()
        if self._miner is not None:
            self._miner.wake()
        if self._thread is not None:
            self._thread.join()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    # ------------------------------------------------------------ the chain's thread

    def _run(self) -> None:
        """Live from first to last in one thread: anvil dies with the thread that starts it."""
        try:
            self._serve()
        except Exception as error:  # handed to whoever called start or wait
            self._failure = error
        finally:
            self._started.set()
            self._ended.set()

    def _serve(self) -> None:
        settings = self._settings
        ready = settings.folder / READY
        ready.unlink(missing_ok=True)
        binary = settings.binary or locate()
        journal = Journal.open(settings.folder / JOURNAL)
        miner = Miner(
            journal,
            self._starter(binary),
            settings.chain_id,
            settings.pace,
            self._wall_clock,
            settings.often,
        )
        self._miner = miner
        gateway = None
        try:
            gateway = _listen(Rpc(miner), settings.port)
            gateway.start()  # it says "being restored" until it is
            miner.recover()
            self.rpc_url = gateway.url
            info = {"rpc": gateway.url, "chain_id": settings.chain_id, "pid": os.getpid()}
            _write_atomically(ready, json.dumps(info) + "\n")
            self._started.set()
            self._keep_mining(miner, journal)
        finally:
            ready.unlink(missing_ok=True)
            miner.close()
            if gateway is not None:
                gateway.stop()
            journal.close()

    def _starter(self, binary: Path) -> StartAnvil:
        return lambda genesis, state: Anvil.start(binary, self._settings.folder, genesis, state)

    def _keep_mining(self, miner: Miner, journal: Journal) -> None:
        deaths: deque[float] = deque(maxlen=_DEATHS_ALLOWED)
        while not self._stopping.is_set():
            try:
                if miner.needs_recovery():
                    _count_death(deaths)
                    miner.recover()
            except Unavailable as error:
                if journal.is_broken or error.code == _GIVE_UP:
                    raise
                self._stumbled(error)
                continue
            try:
                miner.keep_snapshot()
                if miner.wait_until_due(_TICK_SECONDS):
                    miner.mine()
            except (ComityError, RpcError) as error:
                # A block other than the journalled one is made again from the journal; if that
                # fails too, recover raises, and nothing here catches it.
                if journal.is_broken:
                    raise
                self._stumbled(error)

    def _stumbled(self, error: Exception) -> None:
        _log.warning("the chain stumbled: %s", error)
        self._stopping.wait(_TICK_SECONDS)


class DevChain:
    """A development chain for tests and the demo, in threads of this process.

    Example:
        with DevChain(folder) as chain:
            connect(chain.rpc_url)
    """

    def __init__(
        self,
        dir: Path,  # noqa: A002 (the caller's word for it)
        port: int = 0,
        chain_id: int = DEFAULT_CHAIN_ID,
        block_period: float = DEFAULT_PERIOD,
        lead: int = DEFAULT_LEAD,
        often: Often = DEFAULT_OFTEN,
    ) -> None:
        self.chain_id = chain_id
        pace = Pace(period=block_period, lead=lead)
        self._supervisor = Supervisor(Settings(Path(dir), port, chain_id, pace, often=often))

    @property
    def rpc_url(self) -> str:
        """Where its gateway answers."""
        return self._supervisor.rpc_url

    def start(self) -> None:
        """Bring it up; see ``Supervisor.start``."""
        self._supervisor.start()

    def stop(self) -> None:
        """End it; the folder keeps the chain."""
        self._supervisor.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _listen(rpc: Rpc, port: int) -> Gateway:
    try:
        return Gateway(rpc.answer, port)
    except OSError as error:
        raise Unavailable(
            "port_taken", f"port {port} cannot be used: {error.strerror}", hint="try another --port"
        ) from error


def _lock(path: Path) -> int:
    """Take the folder, for as long as this process lives, and write down who has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.read(descriptor, 20).decode("ascii", "replace").strip()
        os.close(descriptor)
        raise Refused(
            "chain_already_running",
            f"a chain is already running in {path.parent} (process {holder or 'unknown'})",
            hint="stop it first, or give this chain another --dir",
        ) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def _write_atomically(path: Path, text: str) -> None:
    making = path.with_name(path.name + ".new")
    making.write_text(text)
    making.replace(path)


def _count_death(deaths: deque[float]) -> None:
    now = time.monotonic()
    if len(deaths) == _DEATHS_ALLOWED and now - deaths[0] < _DEATHS_WITHIN_SECONDS:
        raise Unavailable(
            _GIVE_UP,
            f"anvil ended {_DEATHS_ALLOWED + 1} times within {_DEATHS_WITHIN_SECONDS:.0f} s",
            hint="see anvil.log in the chain's folder",
        )
    deaths.append(now)
