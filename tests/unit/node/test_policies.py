"""Drafting and signing policies, and what the ledger has of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core import examples
from core.acceptance import Acceptance, Through
from core.errors import NotFound, Refused, UsageError
from core.events import KeyPurpose, NoticeKind, PartyAction, Role
from node.membership import Membership
from node.policies import (
    SignatureState,
    Wishes,
    accepted_members,
    draft,
    local,
    published,
    require_may_sign,
    sign,
    signature_state,
)
from node.policy_text import policy_json, policy_text
from tests.support.network import ORIGIN, Body, MemoryLedger
from tests.support.policies import policy
from tests.support.tokens import es256_signer

NOW = datetime(2026, 6, 1, 15, 30, tzinfo=UTC)


def told(**wishes: Any) -> Acceptance:
    return draft(Wishes(**wishes), None, NOW)


# ------------------------------------------------------------ drafts


def test_a_bare_draft_accepts_nothing_from_tomorrow_on() -> None:
    made = told(economy="XA")
    assert (made.economy, made.version, made.accepts, made.home_bodies) == ("XA", 1, (), ())
    assert made.effective_at == datetime(2026, 6, 2, tzinfo=UTC)
    assert made.own_accreditation is False
    assert made.signature is None
    assert Acceptance.read(made.file_bytes()) == made


def test_a_draft_says_what_was_wished() -> None:
    made = told(
        economy="XA", title="Ours", version=3, effective_at=datetime(2027, 1, 1, tzinfo=UTC),
        home_bodies=[5], arrangements=[1, 2], through=Through.DIRECT, scopes=["MSC/QMS"],
        standards=["ISO 9001"], sectors=["19"], conditions=[("importer", "Register first.")],
        disclosures=["sectors"],
    )  # fmt: skip
    assert [entry.arrangement for entry in made.accepts] == [1, 2]
    assert {entry.through for entry in made.accepts} == {Through.DIRECT}
    assert {entry.conditions for entry in made.accepts} == {("importer",)}
    assert made.title.to_dict() == {"en": "Ours"}
    assert made.own_accreditation is True
    assert made.conditions[0].text.to_dict() == {"en": "Register first."}
    assert made.required_disclosures == ("sectors",)


def test_a_draft_starts_from_an_example_without_its_signature() -> None:
    start = examples.policies()["XB"].signed_by(es256_signer("x"), "did:web:a.example")
    assert draft(Wishes(), start, NOW) == examples.policies()["XB"]
    made = draft(Wishes(economy="XA", home_bodies=[9]), start, NOW)
    assert made == replace(examples.policies()["XB"], economy="XA", home_bodies=(9,))
    more = draft(Wishes(conditions=[("label", "Label it.")]), start, NOW)
    assert more.accepts[0].conditions == ("importer-registration", "local-contact", "label")
    other = draft(Wishes(arrangements=[7], scopes=["MSC"]), start, NOW)
    assert (other.accepts[0].arrangement, other.conditions) == (7, ())


@pytest.mark.parametrize(
    "wishes",
    [
        {},
        {"economy": "QL"},
        {"economy": "XA", "arrangements": [1], "home_bodies": [1]},
        {"economy": "XA", "arrangements": [1], "scopes": ["MSC"]},
        {"economy": "XA", "home_bodies": [1], "arrangements": [1], "scopes": ["QMS"]},
        {"economy": "XA", "conditions": [("importer", "Register first.")]},
        {"economy": "XA", "disclosures": ["everything"]},
    ],
)
def test_wishes_that_make_no_policy_are_a_usage_error(wishes: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        told(**wishes)


# ------------------------------------------------------------ the ledger


class Network:
    """An authority of XA with its accreditation body (2), and one of XB (3) with a body (4)."""

    def __init__(self) -> None:
        self.ledger = MemoryLedger()
        self.authority = Body(self.ledger, 1).join(Role.AUTHORITY)
        self.home = Body(self.ledger, 2).join(Role.ACCREDITATION_BODY)
        self.abroad = Body(self.ledger, 3).join(Role.ACCREDITATION_BODY, "XB")
        self.body = Body(self.ledger, 4).join(Role.CERTIFICATION_BODY, "XB")

    @property
    def evidence(self) -> Any:
        return self.ledger.state

    def membership(self, of: Body) -> Membership:
        return Membership(of.number, of.endpoint, of.issuer.name, False)

    def signed(self, made: Acceptance, by: Body | None = None, **options: Any) -> Acceptance:
        body = by or self.authority
        chosen = {"raise_version": False, **options}
        signer = chosen.pop("signer", body.signer)
        return sign(made, self.evidence, self.membership(body), signer, **chosen)

    def publish(self, made: Acceptance) -> None:
        self.authority.publish(NoticeKind.POLICY, made.file_bytes())


@pytest.fixture
def network() -> Network:
    return Network()


def mine(**changes: Any) -> Acceptance:
    """Return the full policy, for no named ledger, with member 2 as home body."""
    return policy(**{"ledger": None, "home_bodies": [2], **changes})


def test_an_authority_signs_for_its_own_ledger(network: Network) -> None:
    signed = network.signed(mine())
    assert signed.ledger == ORIGIN
    signed.verify(network.authority.signer.public)
    assert signature_state(signed, network.evidence) is SignatureState.GOOD
    assert signed.signer is not None
    assert signed.signer.did == network.authority.issuer.did


def test_a_signature_that_would_count_nowhere_is_not_made(network: Network) -> None:
    cases = (
        (network.abroad, mine(), "policy_not_authority"),
        (network.authority, mine(economy="XB"), "policy_other_economy"),
        (network.authority, policy(), "policy_other_ledger"),
    )
    for body, made, code in cases:
        with pytest.raises(Refused) as refused:
            require_may_sign(made, network.evidence, network.membership(body))
        assert refused.value.code == code
        with pytest.raises(Refused):
            network.signed(made, body)
    with pytest.raises(Refused) as refused:
        network.signed(mine(), signer=es256_signer("unknown"))
    assert refused.value.code == "assertion_key_not_registered"
    network.authority.revoke_key(network.authority.signer)
    with pytest.raises(Refused):
        network.signed(mine())


def test_the_version_is_raised_above_what_is_published(network: Network) -> None:
    assert network.signed(mine(version=2), raise_version=True).version == 3
    network.publish(network.signed(mine(version=7)))
    assert network.signed(mine(version=2), raise_version=True).version == 8
    assert network.signed(mine(version=2)).version == 2


def test_what_is_published_is_found_as_of_a_moment(network: Network) -> None:
    with pytest.raises(NotFound):
        published(network.evidence, "XA", NOW)
    network.publish(network.signed(mine()))
    network.publish(network.signed(mine(version=2, effective_at="2026-07-01T00:00:00Z")))
    found = published(network.evidence, "XA", NOW)
    assert (found.policy.version, found.in_force, found.is_local) == (1, True, False)
    later = published(network.evidence, "XA", datetime(2026, 7, 1, tzinfo=UTC))
    assert later.policy.version == 2
    with pytest.raises(NotFound):
        published(network.evidence, "XB", NOW)
    network.publish(policy(title={"en": "not signed"}))
    assert not published(network.evidence, "XA", NOW).is_open
    network.authority.publish(NoticeKind.POLICY, b"illegible")
    assert published(network.evidence, "XA", NOW).is_open


def test_of_two_with_one_version_the_later_counts_and_a_lower_one_never_does(
    network: Network,
) -> None:
    for version, title in ((2, "first"), (1, "lower"), (2, "again"), (1, "lower still")):
        network.publish(network.signed(mine(version=version, title={"en": title})))
    assert published(network.evidence, "XA", NOW).policy.title.preferred("en") == "again"


def test_what_can_be_said_of_a_signature(network: Network) -> None:
    signed = network.signed(mine())
    elsewhere = replace(mine(), ledger=None).signed_by(
        network.authority.signer, "did:web:x.example"
    )
    assert signature_state(mine(), network.evidence) is SignatureState.UNSIGNED
    assert signature_state(signed, None) is SignatureState.NOT_CHECKED
    assert signature_state(elsewhere, network.evidence) is SignatureState.NOT_REGISTERED
    broken = replace(signed, version=9)
    assert signature_state(broken, network.evidence) is SignatureState.BROKEN
    other = MemoryLedger(origin=f"comity/1/0x{'a' * 40}")
    assert signature_state(signed, other.state) is SignatureState.NOT_CHECKED
    share = es256_signer("share")
    network.authority.add_key(share, KeyPurpose.SHARE)
    shared = mine().signed_by(share, network.authority.issuer.did)
    assert signature_state(shared, network.evidence) is SignatureState.NOT_REGISTERED


def test_accepted_are_those_bound_to_a_home_body_in_the_role_asked_for(network: Network) -> None:
    made = policy(home_bodies=[2], ledger=None)
    through, direct = made.accepts
    number = network.home.make_arrangement(2, 3, 4)
    assert number == 1
    direct = replace(direct, arrangement=1)

    def names(entry: Any, scope: str = "MSC/QMS", *, after: int = 0) -> list[int]:
        at = network.ledger.now + timedelta(seconds=after)
        found = accepted_members(made, entry, scope, network.evidence, at)
        return [one.number for one in found]

    for party in (3, 4):
        network.ledger.of_party(1, party, PartyAction.ACCEPTED, "MSC")
    assert names(through) == []  # nobody of ours has accepted yet
    network.ledger.of_party(1, 2, PartyAction.ACCEPTED, "MSC/QMS", after=3600)
    assert names(through) == []
    assert names(through, after=3600) == [3]
    assert names(direct, after=3600) == [4]
    assert names(through, "MSC/EMS", after=3600) == []
    network.ledger.suspend(3)
    assert names(through, after=3600) == []


def test_it_is_told_to_people_and_to_programs(network: Network) -> None:
    network.home.make_arrangement(2, 3)
    for party in (2, 3):
        network.ledger.of_party(1, party, PartyAction.ACCEPTED, "MSC/QMS")
    signed = network.signed(mine())
    network.publish(signed)
    at = network.ledger.now
    found = published(network.evidence, "XA", at)
    text = policy_text(found, network.evidence, at)
    for line in (
        "XA  What XA accepts",
        "version 1, in effect since 2026-01-01T00:00:00Z",
        "published on the ledger, signed by did:web:node1.example",
        "  home bodies: Body 2 (2)",
        "  arrangement 1, through accreditation bodies",
        "    MSC/QMS  ISO 9001",
        "      in effect with: Body 3 (XB)",
        "    MSC/EMS  ISO 14001",
        "      in effect with: nobody",
        "    sectors: 19, 28",
        "  arrangement 2, directly, body to body",
        "Must be shared  Sectors, Sites",
        "Evidence        at most 10 minutes old, offline 30 days",
        "    zh  进口商须登记。",
    ):
        assert line in text.splitlines(), line
    shown = policy_json(found, network.evidence, at)
    assert shown["policy"] == signed.dump()
    assert shown["accepted_now"][0] == {
        "arrangement": 1,
        "through": "accreditation",
        "scope": "MSC/QMS",
        "members": [{"member": 3, "name": "Body 3", "economy": "XB"}],
    }
    assert {name: shown[name] for name in ("economy", "version", "source", "signature")} == {
        "economy": "XA", "version": 1, "source": "ledger", "signature": "good",
    }  # fmt: skip
    assert shown["signed_by"] == "did:web:node1.example"
    assert shown["recorded_at"].endswith("Z")


def test_a_file_is_told_without_any_ledger() -> None:
    made = policy(accepts=None, conditions=None, own_accreditation=False, home_bodies=None)
    found = local(made, None, datetime(2025, 1, 1, tzinfo=UTC))
    text = policy_text(found, None, NOW)
    assert "version 1, takes effect 2026-01-01T00:00:00Z" in text
    assert "local file, not signed" in text
    assert "\n  nothing\n" in text
    shown = policy_json(found, None, NOW)
    assert (shown["accepted_now"], shown["recorded_at"], shown["in_force"]) == ([], None, False)
    own = policy(accepts=None, conditions=None, own_accreditation=True)
    assert "  accredited by a home body: member 4, member 6" in policy_text(
        local(own, None, NOW), None, NOW
    )


# ------------------------------------------------------------ examples


def test_each_example_shows_its_idea() -> None:
    known = examples.policies()
    assert list(known) == ["XA", "XB", "XC", "XD", "XE"]
    for made in known.values():
        assert made.signature is None
        assert made.ledger is None
        assert {tag for tag, _ in made.title.by_language} == {"en", "zh"}
        for condition in made.conditions:
            assert {tag for tag, _ in condition.text.by_language} == {"en", "zh"}
            assert len(condition.text.preferred("en").split()) <= 35
            assert len(condition.text.preferred("zh")) <= 70
        assert made.file_bytes() == Acceptance.read(made.file_bytes()).file_bytes()
    takes = {
        code: [e for e in made.accepts if e.takes_scope("MSC/QMS")] for code, made in known.items()
    }
    assert not takes["XA"][0].conditions
    assert takes["XB"][0].conditions
    assert known["XB"].required_disclosures
    assert not takes["XC"]
    assert takes["XD"][0].through is Through.DIRECT
    assert known["XE"].signatures.key_assurance == "hsm"
    assert known["XE"].max_evidence_age.live < known["XA"].max_evidence_age.live
