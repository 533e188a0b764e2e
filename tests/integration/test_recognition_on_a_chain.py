"""Recognition over a real chain: what members sent as transactions, as a check finds it.

CN certifies, DE accredits, BR is accreditation body and authority of the market asked about. Each
dishonest act of the threats' table B is beside the honest one that differs from it least.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from contracts.calls import Accreditation, Call, Notice
from contracts.ledgerstore import LedgerStore
from core.anchor import Anchor
from core.batch import Batch
from core.bundle import Bundle
from core.credential import Credential, claims, issue_selective
from core.errors import Refused
from core.events import AccreditationAction, Anchored, Event, NoticeKind, Proposed, Role
from core.issuer import Issuer, Slot
from core.leaf import Leaf, leaf_hash
from core.record import Record
from core.report import Question, Report, Verdict
from tests.support.ledger import NAMES, MadeLedger, Member, deploy_test_ledger
from tests.support.node import record_json, utc_now
from tests.support.policies import policy
from verifier.verify import check

MARKET = "BR"
ACCEPTED = {"arrangement": 1, "through": "accreditation", "scopes": ["MSC"]}


@dataclass
class Network:
    """Three members on a chain, and what each sends."""

    made: MadeLedger
    folder: Path
    count: int = 0

    def send(self, member: Member, call: Call) -> tuple[Event, ...]:
        return tuple(member.operating.transact(call).events)

    @property
    def now(self) -> int:
        return int(utc_now().timestamp())

    def register(self) -> Bundle:
        """Have CN issue and register a certificate."""
        body = self.made.members[0]
        self.count += 1
        slot = Slot(f"{body.founder.endpoint}/status/1", self.count)
        issuer = Issuer.at(body.founder.endpoint, NAMES["CN"]["en"])
        content = claims(Record.parse(record_json(f"ABROAD-{self.count}")), issuer, slot)
        token = issue_selective(content, body.assertion_signer, os.urandom)
        salt = os.urandom(32)
        batch = Batch.seal([leaf_hash(salt, Credential.parse(token).token)], os.urandom)
        sent = self.send(body, self.made.calls.anchor(batch.root, batch.size, 1))
        event = next(event for event in sent if isinstance(event, Anchored))
        anchor = Anchor(event.member, event.root, event.size, event.position)
        index = batch.index_of(0)
        return Bundle(self.made.origin, token, Leaf(salt, index, batch.path(index)), anchor)

    def accept(self, member: Member) -> None:
        self.send(member, self.made.calls.accept_arrangement(1, "MSC", self.now))

    def ask(self, bundle: Bundle) -> Report:
        """Check as a stranger would who begins to follow now."""
        self.count += 1
        store: LedgerStore = self.made.store(self.folder / f"stranger-{self.count}.db")
        with closing(store), store.snapshot() as evidence:
            return check(bundle, evidence, question=Question(market=MARKET), now=utc_now())

    def vote_out(self, member: Member) -> None:
        """Expel a member by the votes of the others."""
        calls, others = self.made.calls, [m for m in self.made.members if m != member]
        sent = self.send(others[0], calls.propose_expulsion(member.id, 1))
        number = next(event.proposal for event in sent if isinstance(event, Proposed))
        for voter in others[1:]:
            self.send(voter, calls.vote(number, True))
        self.send(others[0], calls.execute(number))


@pytest.fixture(scope="module")
def network(chain_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    roles = {
        "DE": Role.ACCREDITATION_BODY,
        "BR": Role.ACCREDITATION_BODY | Role.AUTHORITY,
    }
    with deploy_test_ledger(chain_url, seed="abroad", roles=roles) as made:
        network = Network(made, tmp_path_factory.mktemp("strangers"))
        cn, de, br = made.members
        calls = made.calls
        network.send(cn, calls.claim(1))
        coverage = '{"ISO 9001":"all"}'
        grant = Accreditation(
            cn.id, "MSC", AccreditationAction.GRANT, network.now, coverage=coverage
        )
        network.send(de, calls.declare_accreditation(grant))
        text = b"# Recognition of management-system certificates\n"
        network.send(de, calls.make_arrangement(Role.ACCREDITATION_BODY, [br.id], text))
        accepting = policy(
            economy=MARKET, ledger=None, home_bodies=[br.id], accepts=[ACCEPTED],
            required_disclosures=None, conditions=None,
        ).signed_by(br.assertion_signer, f"did:web:{br.founder.endpoint.removeprefix('https://')}",
                    br.assertion_signer.purpose)  # fmt: skip
        network.send(br, calls.publish_notice(Notice(NoticeKind.POLICY), accepting.file_bytes()))
        yield network


@pytest.mark.timeout(120)
def test_a_ladder_is_built_and_breaks_as_its_members_act(network: Network) -> None:
    cn, de, br = network.made.members
    bundle = network.register()

    network.accept(de)  # B12: alone
    alone = network.ask(bundle)
    assert (alone.verdict, alone.checks[7].code) == (
        Verdict.NOT_FOR_THIS_USE,
        "arrangement_unilateral",
    )
    with pytest.raises(Refused):  # nobody accepts for another
        network.accept(cn)
    network.accept(br)
    whole = network.ask(bundle)
    assert whole.verdict is Verdict.VERIFIED, whole.dump()["checks"]
    assert [rung.member for rung in whole.ladder] == [None, cn.id, de.id, None, br.id, None]
    assert whole.ladder[3].name == ("arrangement 1: Recognition of management-system certificates")

    suspend = Accreditation(cn.id, "MSC", AccreditationAction.SUSPEND, network.now, reason=1)
    network.send(de, network.made.calls.declare_accreditation(suspend))
    broken = network.ask(bundle)
    assert broken.checks[6].code == "accreditation_suspended"
    restore = Accreditation(cn.id, "MSC", AccreditationAction.RESTORE, network.now)
    network.send(de, network.made.calls.declare_accreditation(restore))
    assert network.ask(bundle).checks[6].code in ("accredited", "accredited_since")

    network.vote_out(cn)  # B8
    after = network.ask(bundle)
    assert after.verdict is Verdict.VERIFIED_WITH_CONDITIONS
    assert after.checks[2].code == "registered_body_expelled"
    with pytest.raises(Refused):
        network.register()
