"""A node in one process: its real database and followed ledger, and workers on demand."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from core.record import Record
from node.config import LedgerSettings, NodeConfig, SealSettings
from node.identifiers import Clock
from node.intake import accept
from node.membership import evidence_of
from node.places import NodePlaces
from node.store.engine import Store
from node.worker import Worker, WorkerSigners, prepare_database
from tests.support.ledger import MadeLedger, Member

PATIENCE = 40.0


def utc_now() -> datetime:
    return datetime.now(UTC)


def record_json(number: str, **changes: Any) -> dict[str, Any]:
    """Return a good record as JSON, with some members changed."""
    return {
        "kind": "management_system",
        "certificate_number": number,
        "standard": "ISO 9001:2015",
        "holder": {"names": {"en": "Sample Export Co., Ltd. (example)"}, "economy": "CN"},
        "scope": {"en": "Design and manufacture of LED drivers"},
        "sectors": ["19"],
        "sites": [{"name": "Plant 1", "economy": "CN"}],
        "dates": {"effective": "2026-03-02", "expiry": "2029-03-01", "decision": "2026-02-27"},
        "revision": 0,
        **changes,
    }


@dataclass
class RunningNode:
    """A node without its web process: database, followed ledger and, while told to, a worker."""

    made: MadeLedger
    member: Member
    folder: Path
    config: NodeConfig
    store: Store
    workers: list[Worker] = field(default_factory=list)

    @property
    def places(self) -> NodePlaces:
        return NodePlaces(self.folder)

    def worker(self, clock: Clock = utc_now) -> Worker:
        """Start another worker; whoever asks for two has two."""
        signers = WorkerSigners(self.member.assertion_signer, self.member.operating_signer)
        made = Worker(self.places, self.config, signers, clock=clock, random=os.urandom)
        self.workers.append(made)
        return made

    def accept(self, number: str, **changes: Any) -> str:
        """Take in a record and return its receipt's id."""
        record = Record.parse(record_json(number, **changes))
        return accept(self.store, record, now=utc_now(), random=os.urandom).receipt.id

    def evidence(self) -> Any:
        """The followed ledger, as a context."""
        return evidence_of(self.places.followed_ledger, self.made.origin)

    def close(self) -> None:
        for worker in self.workers:
            worker.close()
        self.store.close()


def work_until(worker: Worker, is_done: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Let a worker work until something holds."""
    deadline = monotonic() + patience
    while not is_done():
        assert monotonic() < deadline, "the worker did not get there in time"
        worker.step()
        sleep(0.02)


def make_node(
    made: MadeLedger, folder: Path, member: int = 0, rpc_url: str | None = None, **settings: Any
) -> RunningNode:
    """Return a node of one of the ledger's bodies, before the ledger's chain node or another."""
    chosen = made.members[member]
    config = NodeConfig(
        endpoint=chosen.founder.endpoint,
        ledger=LedgerSettings(origin=made.origin, rpc_url=rpc_url or made.rpc_url),
        **{"seal": SealSettings(seconds=0.0), "resend_seconds": 1.0, **settings},
    )
    folder.mkdir(exist_ok=True)
    store = prepare_database(NodePlaces(folder), config)
    return RunningNode(made, chosen, folder, config, store)
