"""What a dishonest or robbed member can really put on the ledger, and what a check makes of it.

Every act here is a transaction that the contracts accept. Each is compared with its honest twin,
which differs from it as little as possible and passes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.calls import Declaration
from contracts.follower import Follower
from contracts.ledgerstore import LedgerStore
from core.anchor import Anchor
from core.batch import Batch
from core.bundle import Bundle
from core.credential import Credential, claims, issue_plain, issue_selective
from core.encoding import b64url_decode
from core.errors import Refused
from core.events import Anchored, KeyPurpose, State
from core.issuer import Issuer, Slot
from core.leaf import Leaf, leaf_hash
from core.record import Record
from core.report import Outcome, Report, Verdict
from keys.file_signer import FileDocumentSigner
from keys.purposes import Purpose
from tests.support.ledger import NAMES, MadeLedger, Member, document_signer
from tests.support.node import record_json, utc_now
from verifier.verify import check

FENCE = 1


@dataclass(frozen=True)
class Certificate:
    """One e-certificate in both envelopes."""

    slot: Slot
    selective: str
    plain: str


@dataclass(frozen=True)
class Sealed:
    """A batch with one credential in it."""

    batch: Batch
    presentation: str
    leaf: Leaf


@dataclass
class Scene:
    """A ledger with three bodies, whatever they do on it, and a verifier that follows it."""

    made: MadeLedger
    store: LedgerStore
    count: int = 0

    @property
    def honest(self) -> Member:
        return self.made.members[0]

    @property
    def other(self) -> Member:
        return self.made.members[1]

    def key(self, word: str) -> FileDocumentSigner:
        """Return a key that the honest body has not registered yet."""
        return document_signer(Purpose.ASSERTION, word)

    def register(self, signer: FileDocumentSigner) -> None:
        call = self.made.calls.add_key(KeyPurpose.ASSERTION, signer.public.canonical_jwk)
        self.honest.operating.transact(call)

    def issue(
        self, signer: FileDocumentSigner | None = None, by: Member | None = None, name: str = ""
    ) -> Certificate:
        """Issue a certificate, in the honest body's name unless told otherwise."""
        self.count += 1
        body = by or self.honest
        endpoint = body.founder.endpoint
        slot = Slot(f"{endpoint}/status/{os.urandom(4).hex()}", self.count)
        issuer = Issuer.at(endpoint, name or NAMES[body.economy]["en"])
        record = Record.parse(record_json(f"DISHONEST-{self.count}"))
        content, used = claims(record, issuer, slot), signer or body.assertion_signer
        return Certificate(
            slot, issue_selective(content, used, os.urandom), issue_plain(content, used)
        )

    def seal(self, presentation: str, salt: bytes | None = None) -> Sealed:
        salt = salt or os.urandom(32)
        own = leaf_hash(salt, Credential.parse(presentation).token)
        batch = Batch.seal([own], os.urandom)
        index = batch.index_of(0)
        return Sealed(batch, presentation, Leaf(salt, index, batch.path(index)))

    def anchor(self, sealed: Sealed, by: Member | None = None) -> Bundle:
        """Anchor a batch for real and return the bundle that rests on it."""
        member = by or self.honest
        call = self.made.calls.anchor(sealed.batch.root, sealed.batch.size, FENCE)
        done = member.operating.transact(call)
        event = next(event for event in done.events if isinstance(event, Anchored))
        anchor = Anchor(event.member, event.root, event.size, event.position)
        return Bundle(self.made.origin, sealed.presentation, sealed.leaf, anchor)

    def declare(self, slot: Slot, state: State, by: Member | None = None) -> None:
        now = int(utc_now().timestamp())
        until = now + 90 * 86_400 if state is State.SUSPENDED else 0
        declaration = Declaration(slot.digest, state, 1, now, until)
        (by or self.honest).operating.transact(self.made.calls.declare(declaration))

    def ask(self, bundle: Bundle) -> Report:
        Follower(self.made.ledger, self.store).catch_up()
        with self.store.snapshot() as evidence:
            return check(bundle.dump(), evidence, now=utc_now() + timedelta(seconds=1))

    def passes(self, bundle: Bundle) -> None:
        report = self.ask(bundle)
        assert [line.outcome for line in report.checks[:5]] == [Outcome.YES] * 5
        assert (report.verdict, report.exit) == (Verdict.GENUINE_AND_IN_FORCE, 0)

    def fails(self, bundle: Bundle, line: int, code: str) -> None:
        report = self.ask(bundle)
        assert (report.verdict, report.exit) == (Verdict.NOT_VALID, 1)
        assert report.checks[line - 1].code == code
        assert [c.line for c in report.checks if c.outcome is Outcome.NO] == [line]


@pytest.fixture(scope="module")
def fenced(made: MadeLedger) -> MadeLedger:
    """The ledger once its first two bodies may anchor."""
    for member in made.members[:2]:
        member.operating.transact(made.calls.claim(FENCE))
    return made


@pytest.fixture
def scene(fenced: MadeLedger, tmp_path: Path) -> Iterator[Scene]:
    with closing(fenced.store(tmp_path / "followed.db")) as store:
        yield Scene(fenced, store)


# -------------------------------------------------------------- line 3


def test_a_batch_with_another_bodys_certificate(scene: Scene) -> None:
    sealed = scene.seal(scene.issue().selective)
    stolen = scene.anchor(sealed, by=scene.other)
    scene.fails(stolen, 3, "registered_by_another")
    # told as the issuer's own, it is not there
    own = replace(stolen, anchor=replace(stolen.anchor, member=scene.honest.id))
    scene.fails(own, 3, "not_registered")
    honest = scene.anchor(sealed)  # the same batch, by its own body
    scene.passes(honest)
    scene.fails(stolen, 3, "registered_by_another")
    elsewhere = replace(honest, anchor=replace(honest.anchor, position=stolen.anchor.position))
    scene.fails(elsewhere, 3, "registration_differs")


def test_a_disowned_batch_and_the_same_leaf_in_a_good_one(scene: Scene) -> None:
    certificate, salt = scene.issue(), os.urandom(32)
    first = scene.anchor(scene.seal(certificate.selective, salt))
    second = scene.anchor(scene.seal(certificate.selective, salt))
    assert (first.leaf.salt, first.presentation) == (second.leaf.salt, second.presentation)
    assert first.anchor.root != second.anchor.root
    scene.passes(first)
    with pytest.raises(Refused):  # another body's recovery account cannot
        scene.other.recovery.transact(scene.made.calls.disown(first.anchor.root))
    scene.honest.recovery.transact(scene.made.calls.disown(first.anchor.root))
    scene.fails(first, 3, "registration_disowned")
    scene.passes(second)


def test_a_disowned_batch_stays_disowned_for_its_own_body_alone(scene: Scene) -> None:
    """Two bodies may anchor one root; one body's word is not the other's."""
    sealed = scene.seal(scene.issue().plain)
    scene.anchor(sealed, by=scene.other)
    honest = scene.anchor(sealed)
    scene.other.recovery.transact(scene.made.calls.disown(sealed.batch.root))
    scene.passes(honest)


# -------------------------------------------------------------- line 1


def test_a_key_registered_only_after_the_anchor(scene: Scene) -> None:
    signer = scene.key("registered late")
    certificate = scene.issue(signer)
    early = scene.anchor(scene.seal(certificate.selective))
    scene.register(signer)
    scene.fails(early, 1, "issuer_key_too_late")
    scene.passes(scene.anchor(scene.seal(certificate.selective)))  # the same token, registered now


@pytest.mark.parametrize("account", ["operating", "recovery"])
def test_a_key_revoked_before_the_anchor(scene: Scene, account: str) -> None:
    signer = scene.key(f"revoked by {account}")
    scene.register(signer)
    certificate = scene.issue(signer)
    before = scene.anchor(scene.seal(certificate.selective))
    revocation = scene.made.calls.revoke_key(b64url_decode(signer.thumbprint), 1)
    getattr(scene.honest, account).transact(revocation)
    after = scene.anchor(scene.seal(certificate.selective))
    scene.fails(after, 1, "issuer_key_revoked")
    scene.passes(before)


def test_another_bodys_name_or_identity(scene: Scene) -> None:
    """A member signs with its own good key and anchors by itself, but says it is another."""
    own = scene.issue(by=scene.other)
    scene.passes(scene.anchor(scene.seal(own.selective), by=scene.other))
    named = scene.issue(by=scene.other, name=NAMES[scene.honest.economy]["en"])
    bundle = scene.anchor(scene.seal(named.selective), by=scene.other)
    scene.fails(bundle, 1, "issuer_named_otherwise")
    identity = scene.issue(scene.other.assertion_signer)  # in the honest body's name
    bundle = scene.anchor(scene.seal(identity.selective), by=scene.other)
    report = scene.ask(bundle)
    assert report.exit == 1
    assert report.checks[0].code == "issuer_key_unknown"
    assert report.checks[2].code == "registered_by_another"


# -------------------------------------------------------------- line 5


def test_one_slots_two_envelopes_in_two_batches_around_a_suspension(scene: Scene) -> None:
    certificate, twin = scene.issue(), scene.issue()
    first = scene.anchor(scene.seal(certificate.selective))
    scene.passes(first)
    scene.declare(certificate.slot, State.SUSPENDED)
    second = scene.anchor(scene.seal(certificate.plain))
    for bundle in (first, second):
        scene.fails(bundle, 5, "suspended")
    for envelope in (twin.selective, twin.plain):
        scene.passes(scene.anchor(scene.seal(envelope)))
    scene.declare(certificate.slot, State.IN_FORCE)
    for bundle in (first, second):
        scene.passes(bundle)


def test_another_body_declares_on_a_slot_that_is_not_its_own(scene: Scene) -> None:
    certificate = scene.issue()
    bundle = scene.anchor(scene.seal(certificate.selective))
    scene.declare(certificate.slot, State.WITHDRAWN, by=scene.other)
    scene.passes(bundle)
    scene.declare(certificate.slot, State.WITHDRAWN)
    scene.fails(bundle, 5, "withdrawn")
