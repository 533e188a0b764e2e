"""What the benchmarks check: the worked example with seven disclosures, in a full batch.

The batch has 131,072 leaves, so the path has all the 17 steps it can have; the ledger state is a
file as a verifier's follower leaves it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from contracts.ledgerstore import LedgerStore
from core import limits
from core.anchor import Anchor
from core.batch import Batch
from core.bundle import Bundle
from core.credential import Credential, did_of_endpoint
from core.events import Anchored
from core.leaf import Leaf, leaf_hash
from core.report import Verdict
from tests.support.network import Body, Issued, MemoryLedger
from verifier.verify import check

SEVEN_FIELDS = (
    "registered-id",
    "id-scheme",
    "certificate-link",
    "scope",
    "sectors",
    "original-date",
    "authorisation",
)


@dataclass(frozen=True)
class World:
    """One certificate, ready to be checked."""

    ledger: MemoryLedger
    body: Body
    issued: Issued
    bundle: Bundle
    document: bytes
    store: LedgerStore
    state_file: Path

    @property
    def now(self) -> datetime:
        return self.ledger.now


@contextmanager
def world() -> Iterator[World]:
    """Make the certificate, its batch and the followed ledger."""
    ledger = MemoryLedger()
    body = Body(ledger, 1).join()
    issued = body.issue()
    _anchor_in_a_full_batch(body, issued)
    bundle = body.bundle(issued, fields=SEVEN_FIELDS)
    assert bundle.presentation.count("~") == len(SEVEN_FIELDS) + 1
    with TemporaryDirectory() as folder:
        file = Path(folder) / "ledger.db"
        ledger.save(file)
        store = LedgerStore.open(file, ledger.origin, did_of_endpoint)
        made = World(ledger, body, issued, bundle, bundle.dump(), store, file)
        with store.snapshot() as evidence:
            report = check(made.document, evidence, now=made.now)
            assert report.verdict is Verdict.GENUINE_AND_IN_FORCE
        try:
            yield made
        finally:
            store.close()


def _anchor_in_a_full_batch(body: Body, issued: Issued) -> None:
    random = Random("leaves").randbytes
    salt = random(limits.SALT_BYTES)
    own = leaf_hash(salt, Credential.parse(issued.tokens["selective"]).token)
    others = [sha256(b"%d" % i).digest() for i in range(limits.BATCH_LEAVES_MAX - 1)]
    batch = Batch.seal([own, *others], random)
    position, time = body.ledger.next()
    body.ledger.record(Anchored(position, time, body.number, batch.root, batch.size))
    index = batch.index_of(0)
    issued.leaves["selective"] = Leaf(salt, index, batch.path(index))
    issued.anchor = Anchor(body.number, batch.root, batch.size, position)
