"""Real processes that are killed at a named step: a chain, a body's worker and its web process.

A run arms one process, lets it reach its step under load, kills whoever is to die there, starts
again what is dead, and waits until every receipt that was ever promised has come to its end.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx2

from contracts.chain import Chain
from contracts.deploy import deploy
from contracts.founders import parse_founder
from core.events import Anchored, Role
from core.runtime.children import answers
from core.runtime.faults import BROKEN, VARIABLE, Form
from core.runtime.steps import Step
from keys.passphrase import Passphrase
from node.config import load_config
from node.demo.processes import free_port
from node.doctor import diagnose
from node.membership import evidence_of
from node.places import NodePlaces
from node.receipt import receipt_of
from node.setup import NewBody, connect, make_node
from node.states import ReceiptState
from node.store.engine import Store
from node.tokens import Scope, make_token
from tests.support.devchain import anvil_of
from tests.support.jsonrpc import JsonRpc
from tests.support.node import record_json

PASSPHRASE: Final = "four words for the tests"
READY_SECONDS: Final = 30.0
REACHED_SECONDS: Final = 60.0
SETTLED_SECONDS: Final = 90.0
HEADER: Final = (
    "certificate_number,standard,holder_name_en,holder_economy,scope_en,effective_date,expiry_date"
)
VICTIMS: Final = ("worker", "web", "supervisor", "anvil")
_OF_WEB: Final = (Step.RECEIPT_KEPT, Step.CLAIM_KEPT, Step.ORDER_KEPT)
_OF_SUPERVISOR: Final = (
    Step.TRANSACTION_JOURNALLED,
    Step.BLOCK_JOURNALLED,
    Step.HEAD_JOURNALLED,
    Step.JOURNAL_SYNCED,
    Step.BLOCK_MINED,
)
# Steps off the road (tests/integration/test_steps.py): a taken nonce, a refusal by the ledger.
ELSEWHERE: Final = (Step.RETURN_KEPT, Step.REFUSAL_KEPT)
OWNERS: Final[Mapping[Step, str]] = {
    step: "web" if step in _OF_WEB else "supervisor" if step in _OF_SUPERVISOR else "worker"
    for step in Step
    if step not in ELSEWHERE
}
_OFTEN: Final = {Step.CHAIN_ASKED: 60, Step.JOURNAL_SYNCED: 6, Step.DOCUMENT_SIGNED: 4}


@dataclass(frozen=True)
class Case:
    """Who is killed when: ``victim`` as the owner of ``step`` reaches it in this form."""

    victim: str
    step: Step
    form: Form
    seed: int


@dataclass
class Stage:
    """One body on one chain; its processes come and go."""

    folder: Path
    port: int
    rpc_port: int
    token: str = ""
    receipts: list[str] = field(default_factory=list)
    suspended: str | None = None
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    slowest_start: float = 0.0
    _count: int = 0

    @property
    def node(self) -> Path:
        return self.folder / "node"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    # ------------------------------------------------------------ processes

    def start(self, name: str, fault: str | None = None, tracer: tuple[str, ...] = ()) -> None:
        """Start a process, armed or not, and wait until it is ready or dead."""
        words = {
            "supervisor": ["chain", "run", "--dir", str(self.folder / "chain"), "--port",
                           str(self.rpc_port), "--chain-id", "31337"],
            "worker": ["node", "worker", "--node", str(self.node)],
            "web": ["node", "web", "--node", str(self.node)],
        }[name]  # fmt: skip
        environment = {**os.environ, "COMITY_PASSPHRASE": PASSPHRASE}
        environment.pop(VARIABLE, None)
        if fault is not None:
            environment[VARIABLE] = f"tests only: {fault}"
        for stale in (self.node / "worker.json", self.folder / "chain" / "ready.json"):
            if stale.parent.name == ("chain" if name == "supervisor" else "node"):
                stale.unlink(missing_ok=True)
        self.log(name).unlink(missing_ok=True)
        with self.log(name).open("wb") as log:
            self.processes[name] = subprocess.Popen(
                [*tracer, sys.executable, "-m", "core", *words],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=environment, start_new_session=True,
            )  # fmt: skip
        started = time.monotonic()
        while not (self.is_ready(name) or self.is_dead(name) or self.is_broken(name)):
            patience = READY_SECONDS * (4 if tracer else 1)  # a traced process is slow
            assert time.monotonic() - started < patience, self.told(name)
            time.sleep(0.02)
        if fault is None and not tracer:
            assert self.is_ready(name), self.told(name)
            self.slowest_start = max(self.slowest_start, time.monotonic() - started)

    def kill(self, name: str) -> None:
        """``kill -9`` a process with all that belongs to it, or anvil alone."""
        if name == "anvil":
            pid = anvil_of(self.folder / "chain")
            if pid:
                os.kill(pid, signal.SIGKILL)
            return
        process = self.processes.get(name)
        if process is not None:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def go_on(self, name: str) -> None:
        """Let a halted process go on."""
        process = self.processes[name]
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGCONT)

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def told(self, name: str) -> str:
        return self.log(name).read_text("utf-8", "replace")[-3000:]

    def is_broken(self, name: str) -> bool:
        """Whether the process has reached the step it was to break at."""
        return BROKEN in self.told(name)

    def is_dead(self, name: str) -> bool:
        process = self.processes.get(name)
        return process is None or process.poll() is not None

    def is_ready(self, name: str) -> bool:
        if name == "web":
            return answers(f"{self.url}/healthz")
        if name == "worker":
            return (self.node / "worker.json").exists()
        return (self.folder / "chain" / "ready.json").exists()

    def close(self) -> None:
        for name in ("web", "worker", "supervisor"):
            self.kill(name)

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
                answer = httpx2.post(self.url + path, headers=headers, timeout=20, **how)
                if answer.status_code < 300:
                    return answer.json()
                assert answer.status_code >= 500, answer.text
            except httpx2.HTTPError:
                pass
            assert time.monotonic() < deadline, f"{path}: no answer"
            time.sleep(0.1)

    def load(self, randomness: random.Random) -> None:
        """Records one by one, a register, and a status change."""
        for _ in range(randomness.randint(1, 4)):
            number = self.next_number()
            receipt = self.ask("/v1/records", f"record {number}", record_json(number))["id"]
            assert self.ask("/v1/records", f"again {number}", record_json(number))["id"] == receipt
            self.receipts.append(receipt)
        names = [self.next_number() for _ in range(2)]
        rows = [
            f"{name},ISO 9001:2015,Sample Ltd,CN,Drivers,2026-03-02,2029-03-01" for name in names
        ]
        register = "\n".join([HEADER, *rows]) + "\n"
        imported = self.ask("/v1/registers", f"register {names[0]}", register)
        assert imported["refused"] == []
        self.receipts += [row["receipt"] for row in imported["receipts"]]
        if self.suspended is not None:
            asked = {"event": "withdraw", "reason": "misuse"}
            self.ask(f"/v1/certificates/{self.suspended}/status", f"w {self.suspended}", asked)
        self.suspended = names[0]

    def next_number(self) -> str:
        self._count += 1
        return f"KILL-{self._count}"

    # ------------------------------------------------------------ a run

    def run(self, case: Case) -> None:
        """Let one kill happen, and see that nothing is lost, doubled or damaged."""
        randomness = random.Random(str(case))
        owner = OWNERS[case.step]
        action = "kill" if case.victim == owner else "stop"
        nth = randomness.randint(1, _OFTEN.get(case.step, 2))
        self.kill(owner)
        self.start(owner, f"{case.step}/{case.form}/{action}/{nth}")
        sending = _Sending(self, randomness)
        try:
            self.wait(lambda: self.is_broken(owner), REACHED_SECONDS, f"{case}: never reached")
            if action == "stop":
                self.kill(case.victim)
                self.go_on(owner)
            elif owner == "web":
                self.kill("web")  # the master as well, not only the process that broke
        finally:
            sending.no_more()
            self.restart()
        sending.join()
        self.settle()

    def restart(self) -> None:
        """Start what is dead."""
        for name in ("supervisor", "worker", "web"):
            process = self.processes.get(name)
            if process is not None and process.poll() is None:
                try:  # one that was just told to die may take a moment
                    process.wait(0.3)
                except subprocess.TimeoutExpired:
                    continue
            self.start(name)

    def settle(self) -> None:
        """Wait for every end, and look at everything."""
        with self.store() as store:

            def have_ended() -> bool:
                # a supervisor gives up when its anvil dies six times a minute, as it does here
                if self.is_dead("supervisor"):
                    self.start("supervisor")
                return all(receipt_of(store, receipt).is_final for receipt in self.receipts)

            self.wait(have_ended, SETTLED_SECONDS, "not all receipts came to an end")
            self.assert_sound(store)

    def assert_sound(self, store: Store) -> None:
        config, places = load_config(self.node), NodePlaces(self.node)
        for receipt in self.receipts:
            assert receipt_of(store, receipt).state is ReceiptState.ANCHORED
        deadline = time.monotonic() + 20
        while True:  # a list is signed a moment after what it says was recorded
            found = diagnose(config, places, store, now=datetime.now(UTC))
            if not found.findings or time.monotonic() > deadline:
                break
            time.sleep(0.3)
        assert found.findings == (), [finding.dump() for finding in found.findings]
        assert found.not_compared is None, found.not_compared
        assert config.ledger is not None
        with evidence_of(places.followed_ledger, config.ledger.origin) as evidence:
            for key in evidence.keys("anchor/"):
                anchors = [e for e in evidence.history(key) if isinstance(e, Anchored)]
                assert len(anchors) == 1

    @contextmanager
    def store(self) -> Iterator[Store]:
        store = Store.open(NodePlaces(self.node).database_url(load_config(self.node)))
        try:
            yield store
        finally:
            store.close()

    def wait(self, holds: Callable[[], bool], seconds: float, why: str) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() >= deadline:
                logs = "\n".join(f"--- {name}\n{self.told(name)}" for name in self.processes)
                raise AssertionError(f"{why}\n{logs}")
            time.sleep(0.03)


class _Sending:
    """Load from a thread of its own, round after round until told that it is enough."""

    def __init__(self, stage: Stage, randomness: random.Random) -> None:
        self._stage = stage
        self._randomness = randomness
        self._enough = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._send)
        self._thread.start()

    def no_more(self) -> None:
        self._enough.set()

    def join(self) -> None:
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _send(self) -> None:
        try:
            while True:
                self._stage.load(self._randomness)
                if self._enough.wait(0.5):
                    return
        except BaseException as failure:  # told to whoever joins
            self._failure = failure


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """Set up chain, ledger and node as their own commands would, and start everything."""
    made = Stage(folder, free_port(), free_port())
    body = NewBody(
        {"en": "North (example)"}, "CN", Role.CERTIFICATION_BODY, "https://north.example", made.port
    )
    make_node(made.node, body, Passphrase(PASSPHRASE), {})
    (folder / "chain").mkdir()
    try:
        made.start("supervisor")
        rpc = json.loads((folder / "chain" / "ready.json").read_text())["rpc"]
        chain = Chain(rpc, int(JsonRpc(rpc)("eth_chainId"), 16))
        founder = parse_founder((made.node / "founder.json").read_bytes())
        ledger = deploy(chain, [founder], os.urandom(32), {"finality_depth": 0})
        chain.close()
        origin = f"comity/{chain.chain_id}/{ledger.contracts['directory'].lower()}"
        connect(made.node, rpc, origin)
        with (made.node / "node.toml").open("a") as settings:
            settings.write("\n[seal]\nseconds = 0.1\n")
        with made.store() as store:
            scopes = frozenset(Scope)
            now = datetime.now(UTC)
            made.token = make_token(store, "kill", scopes, now=now, random=os.urandom)[1]
        made.start("worker")
        made.start("web")
        made.load(random.Random(0))
        made.settle()
        yield made
    finally:
        made.close()
