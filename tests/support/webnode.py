"""A node's web process as it runs: its own process, real HTTP, its database and ledger on disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import func, select

from core.record import Record
from core.runtime.children import answers
from node.config import NodeConfig, load_config
from node.demo.processes import free_port
from node.intake import accept
from node.issue import SlotSource, issue_waiting
from node.membership import evidence_of
from node.places import NodePlaces
from node.status_list import refresh_lists
from node.store import schema
from node.store.engine import Store
from node.tokens import Scope, make_token
from node.worker import prepare_database
from tests.support.network import Body, MemoryLedger
from tests.support.node import record_json

PROBLEM = "application/problem+json"


@dataclass
class WebNode:
    """A served node of one body; nothing moves what it receives, for there is no worker."""

    places: NodePlaces
    config: NodeConfig
    store: Store
    body: Body

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.config.port}"

    def token(self, *scopes: str) -> str:
        """Return a new token."""
        chosen = frozenset(Scope(scope) for scope in scopes)
        return make_token(self.store, "test", chosen, now=datetime.now(UTC), random=os.urandom)[1]

    def ask(
        self, method: str, path: str, token: str | None = None, **request: Any
    ) -> httpx2.Response:
        """Send a request as a program of the body would."""
        headers = dict(request.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return httpx2.request(method, self.url + path, headers=headers, timeout=20, **request)

    def issued(self, number: str) -> str:
        """Take in and sign a certificate, as the worker would; return its number."""
        now, body = datetime.now(UTC), self.body
        record = Record.parse(record_json(number))
        accept(self.store, record, now=now, random=os.urandom)
        slots = SlotSource(body.endpoint, os.urandom)
        issue_waiting(self.store, slots, body.issuer, body.signer, now=now, random=os.urandom)
        return number

    def sign_lists(self, evidence: Any) -> None:
        """Sign the status lists, as the worker would."""
        refresh_lists(
            self.store, evidence, self.body.number, self.body.issuer, self.body.signer,
            now=datetime.now(UTC), max_age_seconds=3600,
        )  # fmt: skip

    def followed(self) -> Any:
        """The followed ledger, as a context."""
        return evidence_of(self.places.followed_ledger, self.body.ledger.origin)

    def rows(self) -> dict[str, int]:
        """Return how many rows each table has."""
        with self.store.reading() as connection:
            return {
                name: connection.execute(select(func.count()).select_from(table)).scalar_one()
                for name, table in schema.metadata.tables.items()
            }


@contextmanager
def web_node(folder: Path, settings: str = "") -> Iterator[WebNode]:
    """Serve a node whose followed ledger knows it as member 1; settings are lines of TOML."""
    ledger = MemoryLedger(start=int(time.time()) - 200)
    body = Body(ledger, 1).join()
    (folder / "node.toml").write_text(
        f'endpoint = "{body.endpoint}"\nport = {free_port()}\n{settings}\n'
        f'[ledger]\norigin = "{ledger.origin}"\nrpc_url = "http://127.0.0.1:1"\n'
    )
    config, places = load_config(folder, {}), NodePlaces(folder)
    ledger.save(places.followed_ledger)
    store = prepare_database(places, config)
    node = WebNode(places, config, store, body)
    with _served(folder, f"{node.url}/healthz"):
        yield node
    store.close()


@contextmanager
def _served(folder: Path, healthz: str) -> Iterator[None]:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "core", "node", "web", "--node", str(folder)],
            stderr=log,
            env={**os.environ, "COMITY_PASSPHRASE": "not for the web process"},
        )
    try:
        deadline = time.monotonic() + 60
        while not answers(healthz):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.1)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
