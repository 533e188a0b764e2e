"""What the body shows the world: status lists, its DID document, and presented certificates."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from core.bundle import Bundle
from core.credential import Credential
from core.errors import NotFound, Refused, UsageError
from core.events import KeyPurpose, MemberExpelled, OperatingAccountChanged, State
from core.issuer import Slot
from core.report import Verdict
from core.statuslist import StatusList
from node.documents import did_document
from node.membership import assertion_key_stands, membership, require_endpoint
from node.present import fields_of, present
from node.states import Envelope
from node.status_list import is_due, refresh_lists
from node.store import credentials, schema
from tests.support.tokens import es256_signer
from tests.unit.node.conftest import UnitNode

OPERATING = f"0x{1:040x}"
HOUR = 3600.0


def refresh(node: UnitNode, later: float = 0) -> int:
    now = node.now + timedelta(seconds=later)
    return refresh_lists(
        node.store, node.evidence, 1, node.body.issuer, node.body.signer,
        now=now, max_age_seconds=HOUR,
    )  # fmt: skip


def signed_list(node: UnitNode) -> StatusList:
    with node.store.reading() as connection:
        token = credentials.list_token(connection, 1)
    assert token is not None
    return StatusList.parse(token)


def slot(node: UnitNode, number: str) -> schema.AnyRow:
    with node.store.reading() as connection:
        row = credentials.held(connection, number, None)
    assert row is not None
    return row


def declare(node: UnitNode, number: str, state: State, after: int = 0) -> None:
    held = slot(node, number)
    text = f"https://node1.example/status/{held.list_number}#{held.list_index}"
    node.body.declare(Slot.parse(text), state, after=after)


def test_a_list_is_signed_by_the_body_and_clear_at_first(node: UnitNode) -> None:
    node.anchored("A")
    assert is_due(node.store, now=node.now, max_age_seconds=HOUR)
    assert refresh(node) == 1
    assert not is_due(node.store, now=node.now, max_age_seconds=HOUR)
    read = signed_list(node)
    read.jws.verify(node.body.signer.public)
    assert read.list_url == "https://node1.example/status/1"
    assert not any(read.bits.raw)


def test_nothing_changed_nothing_is_signed_until_it_is_old(node: UnitNode) -> None:
    node.anchored("A")
    refresh(node)
    assert refresh(node) == 0
    assert refresh(node, later=HOUR + 1) == 1


def test_a_list_is_signed_again_with_another_key(node: UnitNode) -> None:
    node.anchored("A")
    refresh(node)
    node.body.signer = es256_signer("another")
    assert refresh(node) == 1
    assert signed_list(node).kid.thumbprint == node.body.signer.public.thumbprint
    assert refresh(node) == 0


@pytest.mark.parametrize("state", [s for s in State if s is not State.IN_FORCE])
def test_the_bit_is_set_whenever_the_certificate_is_not_in_force(
    node: UnitNode, state: State
) -> None:
    node.anchored("A", "B")
    declare(node, "A", state)
    refresh(node)
    bits = signed_list(node).bits
    assert bits.is_set(slot(node, "A").list_index)
    assert not bits.is_set(slot(node, "B").list_index)


def test_the_bit_is_cleared_by_a_restoration(node: UnitNode) -> None:
    node.anchored("A")
    declare(node, "A", State.SUSPENDED)
    refresh(node)
    declare(node, "A", State.IN_FORCE)
    assert refresh(node) == 1
    assert not signed_list(node).bits.is_set(slot(node, "A").list_index)


def test_an_announced_change_sets_the_bit_when_its_time_comes(node: UnitNode) -> None:
    node.anchored("A")
    refresh(node)
    declare(node, "A", State.SUSPENDED, after=600)
    assert refresh(node) == 1
    assert not signed_list(node).bits.is_set(slot(node, "A").list_index)
    later = node.now + timedelta(seconds=700)
    assert is_due(node.store, now=later, max_age_seconds=HOUR)
    assert refresh(node, later=700) == 1
    assert signed_list(node).bits.is_set(slot(node, "A").list_index)


def test_an_announced_restoration_leaves_the_bit_until_then(node: UnitNode) -> None:
    node.anchored("A")
    declare(node, "A", State.SUSPENDED)
    declare(node, "A", State.IN_FORCE, after=600)
    refresh(node)
    assert signed_list(node).bits.is_set(slot(node, "A").list_index)


def test_the_body_is_known_by_its_operating_account(node: UnitNode) -> None:
    found = membership(node.evidence, OPERATING.upper().replace("X", "x"))
    assert found is not None
    assert (found.member, found.endpoint, found.name) == (1, "https://node1.example", "Body 1")
    assert found.issuer() == node.body.issuer
    assert membership(node.evidence, f"0x{9:040x}") is None


def test_a_replaced_operating_account_is_the_bodys_no_more(node: UnitNode) -> None:
    position, time = node.ledger.next()
    new = f"0x{77:040x}"
    node.ledger.record(OperatingAccountChanged(position, time, 1, OPERATING, new, False))
    assert membership(node.evidence, OPERATING) is None
    assert membership(node.evidence, new) is not None


def test_an_expelled_body_knows_it(node: UnitNode) -> None:
    position, time = node.ledger.next()
    node.ledger.record(MemberExpelled(position, time, 1, 1))
    found = membership(node.evidence, OPERATING)
    assert found is not None
    assert found.is_expelled


def test_another_endpoint_than_the_registered_one_is_refused(node: UnitNode) -> None:
    found = membership(node.evidence, OPERATING)
    assert found is not None
    require_endpoint(found, "https://node1.example")
    with pytest.raises(Refused) as refused:
        require_endpoint(found, "https://node2.example")
    assert refused.value.code == "other_endpoint"


def test_a_revoked_key_stands_no_more_and_leaves_the_did_document(node: UnitNode) -> None:
    other = es256_signer("another")
    share = es256_signer("share")
    node.body.add_key(other)
    node.body.add_key(share, KeyPurpose.SHARE)
    body = membership(node.evidence, OPERATING)
    assert body is not None
    assert len(did_document(node.evidence, body)["assertionMethod"]) == 2
    assert assertion_key_stands(node.evidence, 1, other.public.thumbprint)
    assert not assertion_key_stands(node.evidence, 1, share.public.thumbprint)
    node.body.revoke_key(other)
    document = did_document(node.evidence, body)
    assert [m["publicKeyJwk"] for m in document["verificationMethod"]] == [
        node.body.signer.public.jwk
    ]
    assert not assertion_key_stands(node.evidence, 1, other.public.thumbprint)


@pytest.mark.parametrize("envelope", Envelope)
def test_a_presented_certificate_is_genuine_and_in_force(
    node: UnitNode, envelope: Envelope
) -> None:
    node.anchored("A", "B", sites=[{"name": "Plant", "economy": "CN"}])
    fields = ["sites", "scope"] if envelope is Envelope.SELECTIVE else []
    shown = present(
        node.store, node.evidence, 1, "A", None, fields, now=node.now, envelope=envelope
    )
    assert shown.report.verdict is Verdict.GENUINE_AND_IN_FORCE
    assert Bundle.parse(shown.document).dump() == shown.document


def test_only_the_named_fields_are_shared(node: UnitNode) -> None:
    node.anchored("A", sectors=["19"])
    names = fields_of(node.store, "A", None)
    assert "scope" in names
    assert "sectors" in names
    shown = present(node.store, node.evidence, 1, "A", None, ["scope"], now=node.now)
    presented = Credential.parse(Bundle.parse(shown.document).presentation)
    assert "sectors" in presented.not_shared
    assert "scope" not in presented.not_shared


def test_a_suspended_certificate_is_presented_with_a_warning(node: UnitNode) -> None:
    node.anchored("A")
    declare(node, "A", State.SUSPENDED)
    shown = present(node.store, node.evidence, 1, "A", None, ["none"], now=node.now)
    assert shown.report.verdict is Verdict.NOT_VALID
    assert shown.warnings[0].startswith("Suspended on")


def test_what_our_own_verifier_refuses_is_not_released(node: UnitNode) -> None:
    node.anchored("A")
    with node.store.writing() as connection:
        connection.execute(update(schema.leaf).values(salt=bytes(32)))
    with pytest.raises(Refused) as refused:
        present(node.store, node.evidence, 1, "A", None, ["none"], now=node.now)
    assert refused.value.code == "own_check_failed"


def test_presenting_what_is_not_there(node: UnitNode) -> None:
    with pytest.raises(NotFound):
        present(node.store, node.evidence, 1, "A", None, [], now=node.now)
    node.accept("A")
    with pytest.raises(Refused) as refused:
        present(node.store, node.evidence, 1, "A", None, [], now=node.now)
    assert refused.value.code == "not_anchored_yet"


def test_the_newest_revision_is_presented_unless_another_is_named(node: UnitNode) -> None:
    node.anchored("A")
    node.anchored("A", revision=1)
    documents = {
        revision: present(node.store, node.evidence, 1, "A", revision, ["none"], now=node.now)
        for revision in (None, 0, 1)
    }
    assert documents[None].document == documents[1].document != documents[0].document


def test_unknown_fields_are_refused(node: UnitNode) -> None:
    node.anchored("A")
    with pytest.raises(UsageError):
        present(node.store, node.evidence, 1, "A", None, ["colour"], now=node.now)
    with pytest.raises(UsageError):
        present(
            node.store, node.evidence, 1, "A", None, ["scope"],
            now=node.now, envelope=Envelope.PLAIN,
        )  # fmt: skip
