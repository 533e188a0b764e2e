"""Runs that kill a process at a named step, one after another on one standing network.

A run arms one process, lets it reach its step under load, kills whoever is to die there, starts
again what is dead, and waits until everything that was ever promised has come to its end. Then
receipts, database and chain must agree about every anchor and every status; the doctor looks at
all there is after some of the runs, and at the end.
"""

from __future__ import annotations

import random
import shutil
import signal
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import mkdtemp
from typing import Final, TypeVar

from contracts.calls import Call, Calls, Declaration
from contracts.reader import Ledger
from contracts.writer import Account
from core.events import Anchored, State, StatusDeclared
from core.runtime.faults import Form
from core.runtime.steps import Step
from keys.passphrase import Passphrase
from keys.purposes import Purpose
from keys.signer import AccountSigner, open_signer
from node.config import load_config
from node.declare import declaration_of
from node.doctor import Diagnosis, diagnose
from node.places import NodePlaces
from node.receipt import receipt_of
from node.states import BatchState, DeclarationState, ReceiptState
from node.store import credentials, inspection
from node.store.engine import Store
from tests.support.stage import PASSPHRASE, Stage, stage

REACHED_SECONDS: Final = 60.0
DOCTOR_EVERY: Final = 20
RUNS_OF_A_STAGE: Final = 240  # a longer chain makes each look at all of it longer
FAILURES_ALLOWED: Final = 10
VICTIMS: Final = ("worker", "web", "supervisor", "anvil")
OWNERS: Final[Mapping[Step, str]] = {
    **dict.fromkeys((Step.RECEIPT_KEPT, Step.CLAIM_KEPT, Step.ORDER_KEPT), "web"),
    **dict.fromkeys(
        (
            Step.KEY_OPENED, Step.DOCUMENT_SIGNED, Step.TRANSACTION_SIGNED, Step.CREDENTIALS_KEPT,
            Step.BATCH_KEPT, Step.TRANSACTION_KEPT, Step.SENDING_KEPT, Step.ENDING_KEPT,
            Step.ANCHOR_KEPT, Step.RECORDING_KEPT, Step.RETURN_KEPT, Step.REFUSAL_KEPT,
            Step.LIST_KEPT, Step.BLOCKS_KEPT, Step.CHAIN_ASKED, Step.TRANSACTION_SENT,
        ),
        "worker",
    ),
    **dict.fromkeys(
        (
            Step.TRANSACTION_JOURNALLED, Step.BLOCK_JOURNALLED, Step.HEAD_JOURNALLED,
            Step.JOURNAL_SYNCED, Step.BLOCK_MINED,
        ),
        "supervisor",
    ),
}  # fmt: skip
ELSEWHERE: Final = frozenset({"act_kept"})  # taken by a command, which nobody keeps running
_OFTEN: Final = {
    Step.CHAIN_ASKED: 60, Step.JOURNAL_SYNCED: 6, Step.DOCUMENT_SIGNED: 4, Step.RETURN_KEPT: 1,
    Step.REFUSAL_KEPT: 1,
}  # fmt: skip


Case_ = TypeVar("Case_")


@dataclass(frozen=True)
class Case:
    """Who is killed when: ``victim`` as the owner of ``step`` reaches it in this form."""

    victim: str
    step: Step
    form: Form
    seed: int

    def __str__(self) -> str:
        return f"{self.victim} at {self.step}/{self.form}, seed {self.seed}"


@dataclass
class Killing:
    """Runs on one stage, and what was seen of its chain so far."""

    stage: Stage
    runs: int = 0
    _anchored: Counter[bytes] = field(default_factory=Counter)
    _declared: Counter[bytes] = field(default_factory=Counter)
    _foreign: int = 0  # statuses that somebody else declared with this body's key
    _forestalled: set[str] = field(default_factory=set)  # the orders that came too late
    _block: int = 0
    _signer: AccountSigner | None = None

    def run(self, case: Case) -> None:
        """Let one kill happen, and see that nothing is lost, doubled or damaged."""
        stage, owner = self.stage, OWNERS[case.step]
        randomness = random.Random(repr(case))
        action = "kill" if case.victim == owner else "stop"
        nth = randomness.randint(1, _OFTEN.get(case.step, 2))
        self._prepare(case.step)
        stage.start(owner, f"{case.step}/{case.form}/{action}/{nth}")
        sending, killed = _Sending(stage, randomness), 0.0
        try:
            stage.wait(lambda: stage.is_broken(owner), REACHED_SECONDS, f"{case}: never reached")
            if action == "stop":
                # it says so just before: to let it go on earlier would be lost on it
                stage.wait(
                    lambda: stage.processes[owner].is_halted, REACHED_SECONDS, f"{case}: goes on"
                )
                stage.kill(case.victim)
                stage.processes[owner].signal(signal.SIGCONT)
                killed = time.monotonic()
            elif owner == "web":
                stage.kill("web")  # the master as well, not only the process that broke
        finally:
            sending.no_more()
            stage.restart()
        if case.victim == "anvil":
            stage.wait_for_chain(since=killed)
        sending.join()
        self.see_the_ends()

    def see_the_ends(self) -> None:
        """Wait until all has come to its end, and look."""
        self.stage.settle()
        self.runs += 1
        self.look(thoroughly=self.runs % DOCTOR_EVERY == 0)

    # ------------------------------------------------------------ steps off the road

    def _prepare(self, step: Step) -> None:
        """Bring about what a step off the road needs."""
        if step is Step.RETURN_KEPT:
            self._take_a_nonce()
        elif step is Step.REFUSAL_KEPT:
            self._forestall_an_order()

    def _take_a_nonce(self) -> None:
        """Leave a stored anchor unsent, and its nonce to another transaction."""
        stage = self.stage
        stage.start("worker", f"{Step.TRANSACTION_SENT}/failed/kill/2")  # the first is its claim
        stage.load_register(2)
        stage.wait(lambda: stage.is_dead("worker"), REACHED_SECONDS, "no anchor was sent")
        with stage.ledger() as ledger:
            account = self.account(ledger)
            account.transact(Call(account.address, b""))

    def _forestall_an_order(self) -> None:
        """Withdraw a certificate behind the node's back, and ask it for a suspension."""
        stage = self.stage
        stage.kill("worker")
        number = stage.standing.pop()
        with stage.store() as store, store.reading() as connection:
            held = credentials.held(connection, number, None)
        assert held is not None
        with stage.ledger() as ledger:
            at = int(stage.clock().timestamp())
            withdrawn = Declaration(held.slot, State.WITHDRAWN, 1, at, 0)
            self.account(ledger).transact(Calls(ledger.contracts).declare(withdrawn))
        self._foreign += 1
        until = stage.clock().replace(year=stage.clock().year + 1).date().isoformat()
        order = stage.order(number, {"event": "suspend", "reason": "nonconformity", "until": until})
        self._forestalled.add(order)

    def account(self, ledger: Ledger) -> Account:
        """The body's operating account, in somebody else's hands."""
        if self._signer is None:
            opened = open_signer(
                load_config(self.stage.node).keys.operating, Purpose.OPERATING,
                Passphrase(PASSPHRASE),
            )  # fmt: skip
            assert isinstance(opened, AccountSigner)
            self._signer = opened
        return Account(ledger, self._signer, Purpose.OPERATING)

    # ------------------------------------------------------------ looking

    def look(self, *, thoroughly: bool) -> None:
        """See that receipts, database and chain agree; thoroughly: all that the doctor sees."""
        with self.stage.store() as store:
            self._look_at_ends(store)
            with self.stage.ledger() as ledger:
                self._look_at_chain(ledger)
            with store.reading() as connection:
                batches = inspection.batches(connection)
                declarations = list(inspection.declarations(connection))
            kept = [row.root for row in batches if row.state == BatchState.ANCHORED]
            assert self._anchored == Counter(kept), "database and chain differ about anchors"
            assert set(self._anchored.values()) <= {1}, "a root stands on the chain twice"
            recorded = [row for row in declarations if row.state == DeclarationState.RECORDED]
            places = {(row.recorded_block, row.recorded_index) for row in recorded}
            assert len(places) == len(recorded), "two changes claim one record"
            assert self._declared.total() == len(recorded) + self._foreign, "a status was doubled"
            if thoroughly:
                self._ask_the_doctor(store)
        self.stage.settled()

    def _look_at_ends(self, store: Store) -> None:
        for receipt in self.stage.pending:
            assert receipt_of(store, receipt).state is ReceiptState.ANCHORED
        for order in self.stage.orders:
            told = declaration_of(store, order)
            if order in self._forestalled:
                assert told.refusal is not None
                assert told.refusal.code == "move_forbidden"
            else:
                assert told.state is DeclarationState.RECORDED

    def _look_at_chain(self, ledger: Ledger) -> None:
        """Count what the chain has recorded since it was looked at."""
        head = ledger.head().block
        if self._block <= head:
            for event in ledger.events(self._block, head):
                if isinstance(event, Anchored):
                    self._anchored[event.root] += 1
                elif isinstance(event, StatusDeclared):
                    self._declared[event.slot] += 1
        self._block = head + 1

    def _ask_the_doctor(self, store: Store) -> None:
        config, places = load_config(self.stage.node), NodePlaces(self.stage.node)

        def is_sound() -> bool:  # a list is signed a moment after what it says was recorded
            nonlocal found
            found = diagnose(config, places, store, now=self.stage.clock())
            return found.findings == () and found.not_compared is None

        found: Diagnosis | None = None
        self.stage.wait(is_sound, 20, lambda: f"the doctor: {found}")


@dataclass
class Campaign:
    """What many runs came to."""

    runs: int = 0
    failures: list[str] = field(default_factory=list)
    starts: dict[str, list[float]] = field(default_factory=dict)

    @property
    def slowest_start(self) -> float:
        return max((seconds for each in self.starts.values() for seconds in each), default=0.0)

    def __str__(self) -> str:
        starts = ", ".join(
            f"{name} {len(each)} times, median {median(each):.2f} s, slowest {max(each):.2f} s"
            for name, each in sorted(self.starts.items())
        )
        return f"{self.runs} runs, {len(self.failures)} failed; ready after start: {starts}"


def campaign(
    cases: Sequence[Case_],
    folder: Path,
    play: Callable[[Killing, Case_], None] = Killing.run,
) -> Campaign:
    """Make all these runs, ``RUNS_OF_A_STAGE`` on each stage; one that fails ends its stage.

    Its folder is left behind, to be looked at.
    """
    done, left = Campaign(), list(cases)
    while left and len(done.failures) < FAILURES_ALLOWED:
        here = Path(mkdtemp(prefix="stage-", dir=folder))
        with stage(here, fast=True) as on:
            killing = Killing(on)
            try:
                for _ in range(min(RUNS_OF_A_STAGE, len(left))):
                    case, started = left.pop(0), time.monotonic()
                    play(killing, case)
                    print(f"{case}: {time.monotonic() - started:.2f} s", flush=True)
                killing.look(thoroughly=True)
            except Exception:  # told at the end, with all others
                done.failures.append(f"{case} in {here}\n{traceback.format_exc()}")
                print(f"FAILED {done.failures[-1]}", flush=True)
            done.runs += killing.runs
            for name, seconds in on.starts.items():
                done.starts.setdefault(name, []).extend(seconds)
        if not done.failures:
            shutil.rmtree(here)
    return done


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
                if self._enough.wait(0.3):
                    return
        except BaseException as failure:  # told to whoever joins
            self._failure = failure
