"""A body's whole network as real processes that come and go: a chain, a worker, a web process.

Started by their own commands, or by a launcher (``tests/support/launching.py``) where many starts
have to be cheap. A stage knows every receipt that it was ever given.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx2

from contracts.chain import Chain
from contracts.deploy import deploy
from contracts.founders import parse_founder
from contracts.reader import Ledger
from core.events import Role
from core.runtime.children import answers
from core.runtime.faults import BROKEN, VARIABLE
from keys.passphrase import Passphrase
from node.config import LedgerSettings, load_config
from node.declare import declaration_of
from node.demo.processes import free_port
from node.places import NodePlaces
from node.receipt import receipt_of
from node.setup import NewBody, connect, make_node
from node.store.engine import Store
from node.tokens import Scope, make_token
from tests.support.devchain import anvil_of, is_answering
from tests.support.jsonrpc import JsonRpc
from tests.support.launching import Child, FastClock, Launcher, from_command
from tests.support.node import record_json

PASSPHRASE: Final = "four words for the tests"
CHAIN_ID: Final = 31_337
READY_SECONDS: Final = 30.0
SETTLED_SECONDS: Final = 90.0
LOOK_SECONDS: Final = 0.01
HEADER: Final = (
    "certificate_number,standard,holder_name_en,holder_economy,scope_en,effective_date,expiry_date"
)
PROCESSES: Final = ("supervisor", "worker", "web")


@dataclass
class Stage:
    """One body on one chain.

    Attributes:
        receipts: every receipt that was given; ``pending``: those whose end was not seen yet.
        orders: status changes whose end was not seen yet.
        standing: numbers of certificates that are anchored and were never suspended.
        starts: how long each unarmed start took until ready, by process.
    """

    folder: Path
    port: int
    rpc_port: int
    launcher: Launcher | None = None
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    token: str = ""
    receipts: list[str] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)
    standing: list[str] = field(default_factory=list)
    processes: dict[str, Child] = field(default_factory=dict)
    starts: dict[str, list[float]] = field(default_factory=dict)
    _fresh: list[str] = field(default_factory=list)
    _count: int = 0

    def __post_init__(self) -> None:
        self._client = httpx2.Client(timeout=20, trust_env=False)

    @property
    def node(self) -> Path:
        return self.folder / "node"

    @property
    def chain(self) -> Path:
        return self.folder / "chain"

    @property
    def rpc(self) -> str:
        return f"http://127.0.0.1:{self.rpc_port}"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    # ------------------------------------------------------------ processes

    def start(self, name: str, fault: str | None = None) -> None:
        """Start a process, armed or not, and wait until it is ready, or broken already."""
        started = time.monotonic()
        self.begin(name, fault)
        while not (self.is_ready(name, is_armed=fault is not None) or self.has_ended(name)):
            assert time.monotonic() - started < READY_SECONDS, self.told(name)
            time.sleep(LOOK_SECONDS)
        if fault is None:
            assert self.is_ready(name), self.told(name)
            self.starts.setdefault(name, []).append(time.monotonic() - started)

    def begin(self, name: str, fault: str | None = None, *, halted: bool = False) -> Child:
        """Start a process and wait for nothing."""
        self.kill(name)
        environment = {"COMITY_PASSPHRASE": PASSPHRASE}
        if fault is not None:
            environment[VARIABLE] = f"tests only: {fault}"
        if name != "web":
            told = self.node / "worker.json" if name == "worker" else self.chain / "ready.json"
            told.unlink(missing_ok=True)
        self.log(name).unlink(missing_ok=True)
        if self.launcher is not None:
            settings: dict[str, Any] = {"node": str(self.node)}
            if name == "supervisor":
                settings = {"folder": str(self.chain), "port": self.rpc_port, "chain_id": CHAIN_ID}
            child = self.launcher.start(name, settings, environment, self.log(name), halted=halted)
        else:
            words = {
                "supervisor": ["chain", "run", "--dir", str(self.chain), "--port",
                               str(self.rpc_port), "--chain-id", str(CHAIN_ID)],
                "worker": ["node", "worker", "--node", str(self.node)],
                "web": ["node", "web", "--node", str(self.node)],
            }[name]  # fmt: skip
            child = from_command(
                [sys.executable, "-m", "core", *words], {**os.environ, **environment},
                self.log(name),
            )  # fmt: skip
        self.processes[name] = child
        return child

    def kill(self, name: str) -> None:
        """``kill -9`` a process with all that belongs to it, or anvil alone."""
        if name == "anvil":
            pid = anvil_of(self.chain)
            if pid:
                os.kill(pid, 9)
        elif name in self.processes:
            self.processes[name].kill()

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def told(self, name: str) -> str:
        try:
            return self.log(name).read_text("utf-8", "replace")[-3000:]
        except FileNotFoundError:
            return ""

    def is_broken(self, name: str) -> bool:
        """Whether the process has reached the step it was to break at."""
        return BROKEN in self.told(name)

    def is_dead(self, name: str) -> bool:
        return name not in self.processes or self.processes[name].is_dead

    def has_ended(self, name: str) -> bool:
        return self.is_dead(name) or self.is_broken(name)

    def is_ready(self, name: str, *, is_armed: bool = False) -> bool:
        """Whether it does its work; a worker that is armed need not hold its fence yet."""
        if name == "web":
            return answers(f"{self.url}/healthz")
        if name == "supervisor":
            return (self.chain / "ready.json").exists()
        try:
            told = json.loads((self.node / "worker.json").read_text())
        except FileNotFoundError:
            return False
        return is_armed or told["fence"] is not None

    def restart(self) -> None:
        """Start what is dead."""
        for name in PROCESSES:
            # one that was just told to die may take a moment
            if self.is_dead(name) or (self.is_broken(name) and self.processes[name].wait(0.3)):
                self.start(name)

    def wait_for_chain(self, since: float) -> None:
        """Wait until a chain whose anvil was killed answers again, and note how long it took."""

        def answers_again() -> bool:
            if self.is_dead("supervisor"):  # it gives up when its anvil dies six times a minute
                self.start("supervisor")
            try:
                return is_answering(JsonRpc(self.rpc))
            except OSError:
                return False

        self.wait(answers_again, READY_SECONDS, "the chain does not come back")
        self.starts.setdefault("anvil", []).append(time.monotonic() - since)

    def close(self) -> None:
        for name in reversed(PROCESSES):
            self.kill(name)
        self._client.close()

    # ------------------------------------------------------------ load

    def ask(self, path: str, key: str, body: Any, seconds: float = SETTLED_SECONDS) -> Any:
        """Send a request until it is answered, as a program of the body does."""
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key}
        how: dict[str, Any] = {"json": body}
        if isinstance(body, str):
            how = {"content": body.encode()}
            headers["Content-Type"] = "text/csv"
        deadline = time.monotonic() + seconds
        while True:
            try:
                answer = self._client.post(self.url + path, headers=headers, **how)
                if answer.status_code < 300:
                    return answer.json()
                assert answer.status_code >= 500, answer.text
            except httpx2.HTTPError:
                pass
            assert time.monotonic() < deadline, f"{path}: no answer"
            time.sleep(0.03)

    def load(self, randomness: random.Random) -> None:
        """Records one by one, a register, and a status change."""
        for _ in range(randomness.randint(1, 3)):
            number = self.next_number()
            receipt = self.ask("/v1/records", f"record {number}", record_json(number))["id"]
            assert self.ask("/v1/records", f"again {number}", record_json(number))["id"] == receipt
            self._given(number, receipt)
        self.load_register(2)
        if self.standing:
            self.order(self.standing.pop(), {"event": "withdraw", "reason": "misuse"})

    def load_register(self, rows: int) -> None:
        names = [self.next_number() for _ in range(rows)]
        lines = [
            f"{name},ISO 9001:2015,Sample Ltd,CN,Drivers,2026-03-02,2029-03-01" for name in names
        ]
        register = "\n".join([HEADER, *lines]) + "\n"
        imported = self.ask("/v1/registers", f"register {names[0]}", register)
        assert imported["refused"] == []
        for name, row in zip(names, imported["receipts"], strict=True):
            self._given(name, row["receipt"])

    def order(self, number: str, change: dict[str, Any]) -> str:
        """Ask for a status change; return what names it."""
        asked = self.ask(f"/v1/certificates/{number}/status", f"order {number}", change)
        self.orders.append(asked["id"])
        return str(asked["id"])

    def next_number(self) -> str:
        self._count += 1
        return f"KILL-{self._count}"

    def _given(self, number: str, receipt: str) -> None:
        self.receipts.append(receipt)
        self.pending.append(receipt)
        self._fresh.append(number)

    # ------------------------------------------------------------ ends

    def settle(self) -> None:
        """Wait for the end of every receipt and every status change."""
        with self.store() as store:

            def have_ended() -> bool:
                # a supervisor gives up when its anvil dies six times a minute, as it does here
                if self.is_dead("supervisor"):
                    self.start("supervisor")
                return all(receipt_of(store, one).is_final for one in self.pending) and all(
                    declaration_of(store, one).is_final for one in self.orders
                )

            self.wait(have_ended, SETTLED_SECONDS, "not everything came to its end")

    def settled(self) -> None:
        """Take note that all ends were looked at."""
        self.standing += self._fresh
        self.pending, self.orders, self._fresh = [], [], []

    @contextmanager
    def store(self) -> Iterator[Store]:
        store = Store.open(NodePlaces(self.node).database_url(load_config(self.node)))
        try:
            yield store
        finally:
            store.close()

    def settings(self) -> LedgerSettings:
        ledger = load_config(self.node).ledger
        assert ledger is not None
        return ledger

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        """The ledger, asked of the chain itself."""
        chain = Chain(self.rpc, CHAIN_ID)
        try:
            yield Ledger.open(chain, self.settings().directory)
        finally:
            chain.close()

    def wait(self, holds: Callable[[], bool], seconds: float, why: str | Callable[[], str]) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() >= deadline:
                logs = "\n".join(f"--- {name}\n{self.told(name)}" for name in self.processes)
                raise AssertionError(f"{why if isinstance(why, str) else why()}\n{logs}")
            time.sleep(LOOK_SECONDS)


@contextmanager
def stage(folder: Path, *, fast: bool = False) -> Iterator[Stage]:
    """Set up chain, ledger and node as their own commands would, and start everything.

    Args:
        fast: by a launcher, whose clock is fast; else by the commands themselves.
    """
    folder.mkdir(exist_ok=True)
    made = Stage(folder, free_port(), free_port())
    if fast:
        clock = FastClock(time.time())
        made.launcher, made.clock = Launcher(clock), clock
    try:
        _set_up(made)
        made.load_register(10)
        made.settle()
        made.settled()
        yield made
    finally:
        made.close()
        if made.launcher is not None:
            made.launcher.close()


def _set_up(made: Stage) -> None:
    role = Role.CERTIFICATION_BODY
    body = NewBody({"en": "North (example)"}, "CN", role, "https://north.example", made.port)
    make_node(made.node, body, Passphrase(PASSPHRASE), {})
    made.chain.mkdir()
    made.start("supervisor")
    chain = Chain(made.rpc, int(JsonRpc(made.rpc)("eth_chainId"), 16))
    founder = parse_founder((made.node / "founder.json").read_bytes())
    ledger = deploy(chain, [founder], os.urandom(32), {"finality_depth": 0})
    chain.close()
    origin = f"comity/{chain.chain_id}/{ledger.contracts['directory'].lower()}"
    connect(made.node, made.rpc, origin)
    settings = made.node / "node.toml"
    is_fast = made.launcher is not None
    first = "requests_per_minute = 0\n" + ("poll_seconds = 0.05\n" if is_fast else "")
    last = f"\n[seal]\nseconds = {1.0 if is_fast else 0.1}\n"
    settings.write_text(first + settings.read_text() + last)
    with made.store() as store:
        made.token = make_token(
            store, "kill", frozenset(Scope), now=made.clock(), random=os.urandom
        )[1]
    made.start("worker")
    made.start("web")
