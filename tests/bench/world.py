"""What the benchmarks check: the worked example with seven disclosures, in a full batch.

The batch has 131,072 leaves, so the path has all the 17 steps it can have; the ledger state is a
file as a verifier's follower leaves it. There are hundreds of certificates, taken in turns: what
could be remembered of one document would be no gain to a verifier, and shall be none here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from contracts.ledgerstore import LedgerStore
from core import limits
from core.acceptance import Acceptance
from core.anchor import Anchor
from core.batch import Batch
from core.bundle import Bundle
from core.credential import Credential, did_of_endpoint
from core.events import Anchored, NoticeKind, PartyAction, Role
from core.leaf import Leaf, leaf_hash
from core.report import Question, Verdict
from tests.support.network import Body, Issued, MemoryLedger
from tests.support.policies import least_policy
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


CERTIFICATES = 256
MEMBERS = 40
MARKET = "XB"


@dataclass(frozen=True)
class World:
    """Certificates of one batch, ready to be checked."""

    ledger: MemoryLedger
    body: Body
    bundles: tuple[Bundle, ...]
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
    _recognise(body)
    issued = [body.issue() for _ in range(CERTIFICATES)]
    _anchor_in_a_full_batch(body, issued)
    bundles = tuple(body.bundle(one, fields=SEVEN_FIELDS) for one in issued)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "ledger.db"
        ledger.save(file)
        store = LedgerStore.open(file, ledger.origin, did_of_endpoint)
        made = World(ledger, body, bundles, store, file)
        with store.snapshot() as evidence:
            for bundle in bundles:
                assert bundle.presentation.count("~") == len(SEVEN_FIELDS) + 1
                report = check(bundle.dump(), evidence, now=made.now)
                assert report.verdict is Verdict.GENUINE_AND_IN_FORCE
                recognised = check(bundle, evidence, question=Question(market=MARKET), now=made.now)
                assert recognised.verdict is Verdict.VERIFIED
        try:
            yield made
        finally:
            store.close()


def _recognise(body: Body) -> None:
    """Have the body accredited and recognised in ``MARKET``, among others that are not."""
    ledger, role = body.ledger, Role.ACCREDITATION_BODY
    bodies = [Body(ledger, number).join(role, "XA") for number in range(2, MEMBERS)]
    home = bodies[-1]
    authority = Body(ledger, MEMBERS).join(Role.AUTHORITY, MARKET)
    for other in bodies:
        other.accredit(body.number, coverage='{"ISO 9001":["03","19","28"]}')
    number = home.make_arrangement(*(one.number for one in bodies))
    for party in bodies[:-2:2]:
        ledger.of_party(number, party.number, PartyAction.ACCEPTED, "MSC")
    ledger.of_party(number, home.number, PartyAction.ACCEPTED, "MSC")
    moment = datetime.fromtimestamp(ledger.start, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    policy = Acceptance.parse(
        least_policy()
        | {
            "economy": MARKET,
            "effective_at": moment,
            "home_bodies": [home.number],
            "accepts": [
                {"arrangement": number, "through": "accreditation", "scopes": ["MSC"]},
                {"arrangement": number, "through": "direct", "scopes": ["MSC/QMS"]},
            ],
            "required_disclosures": ["sectors", "scope"],
        }
    ).signed_by(authority.signer, authority.issuer.did)
    authority.publish(NoticeKind.POLICY, policy.file_bytes())


def _anchor_in_a_full_batch(body: Body, issued: Sequence[Issued]) -> None:
    random = Random("leaves").randbytes
    salts = [random(limits.SALT_BYTES) for _ in issued]
    tokens = [Credential.parse(one.tokens["selective"]).token for one in issued]
    own = list(map(leaf_hash, salts, tokens))
    others = [sha256(b"%d" % i).digest() for i in range(limits.BATCH_LEAVES_MAX - len(own))]
    batch = Batch.seal([*own, *others], random)
    position, time = body.ledger.next()
    body.ledger.record(Anchored(position, time, body.number, batch.root, batch.size))
    for number, (one, salt) in enumerate(zip(issued, salts, strict=True)):
        index = batch.index_of(number)
        one.leaves["selective"] = Leaf(salt, index, batch.path(index))
        one.anchor = Anchor(body.number, batch.root, batch.size, position)
