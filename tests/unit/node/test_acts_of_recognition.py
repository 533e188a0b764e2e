"""Drafts of accreditations, arrangements, notices and key assurances."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.interfaces import functions_of
from core.accreditation import ALL_SECTORS, Coverage
from core.encoding import b64url
from core.errors import FormatError, NotFound, Refused, UsageError
from core.events import AccreditationAction, Assurance, NoticeKind, PartyAction, Role, SubjectKind
from node.accrediting import (
    Wanted,
    accreditations,
    accrediting,
    coverage_of_file,
    coverage_of_words,
)
from node.acting import Draft
from node.arranged import arrangements
from node.arranging import Move, making, moving
from node.assuring import assuring
from node.naming import members_of
from node.noticing import Subject, lifting, notices, publishing, subject_named, text_of
from tests.support.acting import ActingNetwork

FROM = datetime(2026, 1, 1, tzinfo=UTC)
NINE = Coverage({"ISO 9001": frozenset({"19", "28"})})


@pytest.fixture
def network() -> ActingNetwork:
    return ActingNetwork()


def wanted(network: ActingNetwork, action: AccreditationAction, **how: Any) -> Draft:
    subject = members_of(network.evidence)[1]
    return accrediting(network.ground(2), Wanted(action, subject, **how))


# ------------------------------------------------------------------ accreditations


def test_a_grant_states_the_event_that_will_record_it(network: ActingNetwork) -> None:
    draft = wanted(network, AccreditationAction.GRANT, coverage=NINE, effective_at=FROM)
    ((body, scope, action, reason, coverage, start, until),) = functions_of("accreditations")[
        "declare"
    ].inputs.decode(draft.call.data[4:])
    assert (body, scope.rstrip(b"\0"), action, reason, until) == (1, b"MSC", 1, 0, 0)
    assert (coverage, start) == ('{"ISO 9001":["19","28"]}', int(FROM.timestamp()))
    assert draft.expected.key == "accreditation/2/1/MSC"
    assert draft.standing is None


def test_what_stands_last_is_not_declared_again(network: ActingNetwork) -> None:
    network.bodies[2].accredit(1, coverage=NINE.dump())
    grant = AccreditationAction.GRANT
    assert wanted(network, grant, coverage=NINE).standing is not None
    assert wanted(network, grant, coverage=NINE, effective_at=FROM).standing is None
    assert wanted(network, grant, coverage=NINE, until=network.ledger.now).standing is None
    more = Coverage({"ISO 9001": ALL_SECTORS})
    assert wanted(network, grant, coverage=more).standing is None
    network.bodies[2].accredit(1, AccreditationAction.WITHDRAW, reason=1)
    assert wanted(network, grant, coverage=NINE).standing is None


@pytest.mark.parametrize("coverage", [{"ISO 9001": ALL_SECTORS}, {"ISO 14001": {"19"}},
                                      {"ISO 9001": {"03"}}])  # fmt: skip
def test_a_reduction_does_not_extend(network: ActingNetwork, coverage: Any) -> None:
    network.bodies[2].accredit(1, coverage=NINE.dump())
    more = Coverage({name: frozenset(sectors) for name, sectors in coverage.items()})
    with pytest.raises(Refused) as refused:
        wanted(network, AccreditationAction.REDUCE, coverage=more)
    assert refused.value.code == "reduction_extends"
    less = Coverage({"ISO 9001:2015": frozenset({"19"})})
    assert wanted(network, AccreditationAction.REDUCE, coverage=less).standing is None


@pytest.mark.parametrize(
    ("action", "how"),
    [
        (AccreditationAction.GRANT, {}),
        (AccreditationAction.GRANT, {"coverage": NINE, "reason": "misuse"}),
        (AccreditationAction.GRANT, {"coverage": NINE, "scope": "MSC/QMS"}),
        (AccreditationAction.SUSPEND, {}),
        (AccreditationAction.SUSPEND, {"reason": "misuse", "coverage": NINE}),
        (AccreditationAction.RESTORE, {"reason": "misuse"}),
        (AccreditationAction.RESTORE, {"until": FROM}),
        (AccreditationAction.WITHDRAW, {"reason": "whim"}),
        (AccreditationAction.WITHDRAW, {"reason": "misuse", "until": FROM}),
    ],
)
def test_what_does_not_belong_to_an_action(
    network: ActingNetwork, action: AccreditationAction, how: dict[str, Any]
) -> None:
    with pytest.raises(UsageError):
        wanted(network, action, **how)


def test_coverage_by_words_and_by_file() -> None:
    assert coverage_of_words(["ISO 9001"], []).standards == {"ISO 9001": ALL_SECTORS}
    assert coverage_of_words(["iso9001:2015"], ["19"]).standards == {
        "ISO 9001:2015": frozenset({"19"})
    }
    assert coverage_of_file(b' {"ISO 9001": ["28", "19"]} ') == NINE
    for raw in (b"[]", b"{}", b'{"ISO 9001":[]}', b'{"ISO 9001":[19]}', b'{"ISO 9001":"some"}'):
        with pytest.raises(FormatError):
            coverage_of_file(raw)


def test_accreditations_are_listed_as_they_stand(network: ActingNetwork) -> None:
    network.bodies[2].accredit(1, coverage=NINE.dump())
    network.bodies[3].accredit(1)
    network.bodies[3].accredit(1, AccreditationAction.SUSPEND, reason=1)
    told = accreditations(network.evidence, network.ledger.now)
    states = [(one["accreditation_body"]["member"], one["state"]) for one in told]
    assert states == [(2, "in_effect"), (3, "suspended")]
    assert told[0]["covers"] == "ISO 9001 in sectors 19, 28"


# ------------------------------------------------------------------ arrangements


def move(network: ActingNetwork, member: int, action: PartyAction, **how: Any) -> Draft:
    moved = Move(action, 1, how.pop("party", member), **how)
    return moving(network.ground(member), moved)


def test_an_acceptance_tells_with_whom_it_is_in_effect(network: ActingNetwork) -> None:
    network.bodies[2].make_arrangement(2, 3)
    alone = move(network, 3, PartyAction.ACCEPTED, scope="MSC/QMS")
    assert alone.sentence.endswith("It stays unilateral until another party accepts it too.")
    network.ledger.of_party(1, 2, PartyAction.ACCEPTED, "MSC")
    both = move(network, 3, PartyAction.ACCEPTED, scope="MSC/QMS")
    assert both.sentence.endswith("It is then in effect with Body 2.")
    assert both.standing is None
    network.ledger.of_party(1, 3, PartyAction.ACCEPTED, "MSC/QMS")
    assert move(network, 3, PartyAction.ACCEPTED, scope="MSC/QMS").standing is not None
    assert move(network, 3, PartyAction.ACCEPTED, scope="MSC").standing is None
    assert move(network, 3, PartyAction.LEFT, scope="MSC/QMS").standing is None
    [told] = arrangements(network.evidence, network.ledger.now)
    assert told["in_effect"] == [
        {"scope": "MSC", "between": [2], "unilateral": True},
        {"scope": "MSC/QMS", "between": [2, 3], "unilateral": False},
    ]


def test_leaving_and_coming_back_does_not_lift_a_suspension(network: ActingNetwork) -> None:
    network.bodies[2].make_arrangement(2, 3)
    for action in (PartyAction.ACCEPTED, PartyAction.SUSPENDED):
        network.ledger.of_party(1, 3, action, "MSC")
    suspended = move(network, 2, PartyAction.SUSPENDED, party=3, scope="MSC", reason="misuse")
    assert suspended.standing is not None
    assert move(network, 2, PartyAction.RESTORED, party=3, scope="MSC").standing is None
    network.ledger.of_party(1, 3, PartyAction.LEFT, "MSC")
    assert move(network, 3, PartyAction.ACCEPTED, scope="MSC").standing is None
    network.ledger.of_party(1, 3, PartyAction.ACCEPTED, "MSC")
    again = move(network, 2, PartyAction.SUSPENDED, party=3, scope="MSC", reason="misuse")
    assert again.standing is not None  # coming back did not lift it
    network.ledger.of_party(1, 3, PartyAction.RESTORED, "MSC")
    assert move(network, 3, PartyAction.ACCEPTED, scope="MSC").standing is not None


def test_an_invitation_stands_once_given(network: ActingNetwork) -> None:
    network.bodies[2].make_arrangement(2)
    assert move(network, 2, PartyAction.INVITED, party=3).standing is None
    assert move(network, 2, PartyAction.INVITED, party=2).standing is not None


def test_the_same_arrangement_is_made_once(network: ActingNetwork) -> None:
    text, roles = b"We recognise each other.", Role.ACCREDITATION_BODY
    parties = [members_of(network.evidence)[3]]
    assert making(network.ground(2), roles, parties, text).standing is None
    network.bodies[2].make_arrangement(2, 3, roles=roles, text=text)
    assert making(network.ground(2), roles, parties, text).standing is not None
    assert making(network.ground(3), roles, parties, text).standing is None
    for bad in (Role(0), Role.OBSERVER, Role.OBSERVER | roles):
        with pytest.raises(UsageError):
            making(network.ground(2), bad, parties, text)
    with pytest.raises(NotFound):
        moving(network.ground(2), Move(PartyAction.INVITED, 2, 3))
    with pytest.raises(UsageError):
        move(network, 2, PartyAction.ACCEPTED, scope="QMS")


# ------------------------------------------------------------------ notices


def test_an_alert_can_be_given_again_once_it_is_lifted(network: ActingNetwork) -> None:
    ground, about = network.ground(4), Subject(SubjectKind.MEMBER, 1)
    assert publishing(ground, NoticeKind.ALERT, b"Stolen.", about).standing is None
    number = network.bodies[4].publish(NoticeKind.ALERT, b"Stolen.", SubjectKind.MEMBER, 1)
    assert publishing(ground, NoticeKind.ALERT, b"Stolen.", about).standing is not None
    assert lifting(ground, number).standing is None
    with pytest.raises(NotFound):
        lifting(network.ground(2), number)
    network.bodies[4].lift(number)
    assert lifting(ground, number).standing is not None
    assert publishing(ground, NoticeKind.ALERT, b"Stolen.", about).standing is None
    [told] = notices(network.evidence)
    assert told["lifted_at"] is not None
    assert text_of(network.evidence, bytes.fromhex(told["text"]["sha256"])) == "Stolen."
    assert text_of(network.evidence, bytes(32)) is None


def test_what_a_notice_can_be_about(network: ActingNetwork) -> None:
    thumbprint, root = b64url(b"k" * 32), "ab" * 32
    ground = network.ground(4)
    assert subject_named(ground, "member:Body 1") == Subject(SubjectKind.MEMBER, 1)
    assert subject_named(ground, f"key:node2.example/{thumbprint}").hash == b"k" * 32
    assert subject_named(ground, f"batch:2/0x{root}").hash == bytes.fromhex(root)
    assert subject_named(ground, "notice:3") == Subject(SubjectKind.NOTICE, 4, (3).to_bytes(32))
    for text in ("", "member", "member:9", "key:2/x", "batch:2/ab", "notice:0", "notice:x", "3"):
        with pytest.raises(UsageError):
            subject_named(ground, text)
    for kind, about in (
        (NoticeKind.CHANGE, Subject(SubjectKind.MEMBER, 1)),
        (NoticeKind.ALERT, Subject()),
        (NoticeKind.ALERT, Subject(SubjectKind.NOTICE, 4, (1).to_bytes(32))),
        (NoticeKind.CORRECTION, Subject(SubjectKind.MEMBER, 1)),
    ):
        with pytest.raises(UsageError):
            publishing(ground, kind, b"Text.", about)


# ------------------------------------------------------------------ keys


def test_a_key_is_kept_in_a_file_unless_declared_otherwise(network: ActingNetwork) -> None:
    body = network.bodies[1]
    thumbprint = b64url(body.signer.public.thumbprint)
    ground = network.ground(1)
    assert assuring(ground, "assertion", Assurance.FILE).standing is not None
    assert assuring(ground, thumbprint, Assurance.HSM).standing is None
    body.assure_key(body.signer, Assurance.HSM)
    assert assuring(ground, thumbprint, Assurance.HSM).standing is not None
    assert assuring(ground, thumbprint, Assurance.FILE).standing is None
    for key, error in (("share", NotFound), (b64url(bytes(32)), NotFound), ("x", UsageError)):
        with pytest.raises(error):
            assuring(ground, key, Assurance.HSM)
    body.revoke_key(body.signer)
    with pytest.raises(NotFound):
        assuring(ground, "assertion", Assurance.HSM)
