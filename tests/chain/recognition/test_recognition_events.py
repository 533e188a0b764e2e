"""Accreditations, arrangements and notices on a real chain, as the follower reads them."""

from __future__ import annotations

import hashlib
from typing import Any

from contracts.calls import Accreditation, Call, Notice
from contracts.follower import Follower
from contracts.ledgerstore import LedgerStore
from contracts.writer import check
from core import events as recorded
from core.events import (
    AccreditationAction,
    Assurance,
    NoticeKind,
    PartyAction,
    Role,
    SubjectKind,
)
from tests.support.ledger import MadeLedger, body
from tests.support.recognised import COVERAGE, NOW, TEXT, acts, refused

# ------------------------------------------------------------ recorded and read back


def test_an_accreditation_is_granted_and_suspended(made: MadeLedger, store: LedgerStore) -> None:
    _, de, _ = made.members
    grant = Accreditation(
        1, "MSC", AccreditationAction.GRANT, NOW, coverage=COVERAGE, until=NOW + 9
    )
    event = acts(de, made.calls.declare_accreditation(grant))
    assert isinstance(event, recorded.AccreditationDeclared)
    assert event.body() == {
        "accreditation_body": 2, "certification_body": 1, "scope": "MSC", "action": 1,
        "reason": 0, "coverage": COVERAGE, "effective_at": NOW, "until": NOW + 9, "sequence": 0,
    }  # fmt: skip
    suspend = Accreditation(1, "MSC", AccreditationAction.SUSPEND, NOW + 1, reason=3)
    again = acts(de, made.calls.declare_accreditation(suspend))
    assert made.ledger.accreditation_count(2, 1, "MSC") == 2
    Follower(made.ledger, store).catch_up()
    with store.snapshot() as snapshot:
        assert snapshot.keys("accreditation/") == ["accreditation/2/1/MSC"]
        assert snapshot.history("accreditation/2/1/MSC") == [event, again]


def test_an_arrangement_is_made_accepted_left_suspended_and_restored(
    made: MadeLedger, store: LedgerStore
) -> None:
    _, de, br = made.members
    calls = made.calls
    roles = Role.ACCREDITATION_BODY | Role.AUTHORITY
    first, *invited = br.operating.transact(calls.make_arrangement(roles, [2], TEXT)).events
    digest = hashlib.sha256(TEXT).digest()
    assert isinstance(first, recorded.ArrangementMade)
    assert first.body() == {
        "arrangement": 1, "keeper": 3, "roles": 6, "text_hash": digest.hex(), "text_size": len(TEXT)
    }  # fmt: skip
    assert [
        (e.party, e.scope, e.action, e.effective_at)
        for e in invited
        if isinstance(e, recorded.ArrangementParty)
    ] == [(3, "", PartyAction.INVITED, 0), (2, "", PartyAction.INVITED, 0)]
    assert refused(lambda: acts(br, calls.invite_party(1, 1))) == "role_missing"
    moves = [
        acts(de, calls.accept_arrangement(1, "MSC", NOW)),
        acts(br, calls.suspend_party(1, 2, "MSC/QMS", 4, NOW + 1)),
        acts(br, calls.restore_party(1, 2, "MSC/QMS", NOW + 2)),
        acts(de, calls.leave_arrangement(1, "MSC", NOW + 3)),
    ]
    assert [
        (e.scope, e.action, e.reason, e.effective_at, e.sequence)
        for e in moves
        if isinstance(e, recorded.ArrangementParty)
    ] == [
        ("MSC", PartyAction.ACCEPTED, 0, NOW, 1),
        ("MSC/QMS", PartyAction.SUSPENDED, 4, NOW + 1, 2),
        ("MSC/QMS", PartyAction.RESTORED, 0, NOW + 2, 3),
        ("MSC", PartyAction.LEFT, 0, NOW + 3, 4),
    ]
    assert made.ledger.arrangement_count() == 1
    Follower(made.ledger, store).catch_up()
    with store.snapshot() as snapshot:
        assert snapshot.keys("arrangement/1") == [
            "arrangement/1", "arrangement/1/2", "arrangement/1/3"
        ]  # fmt: skip
        assert snapshot.history("arrangement/1/2") == [invited[1], *moves]
        assert snapshot.text(digest) == TEXT


def test_an_alert_is_published_and_lifted(made: MadeLedger, store: LedgerStore) -> None:
    cn, de, _ = made.members
    thumbprint = hashlib.sha256(cn.founder.keys[0].public_key).digest()
    alert = Notice(NoticeKind.ALERT, SubjectKind.KEY, 1, thumbprint)
    published = acts(de, made.calls.publish_notice(alert, b"Do not rely on this key."))
    lifted = acts(de, made.calls.lift_alert(1))
    assert (published.kind, lifted.kind) == ("notice_published", "alert_lifted")
    assert made.ledger.notice_count(2) == 1
    assert refused(lambda: acts(de, made.calls.lift_alert(1))) == "already_lifted"
    Follower(made.ledger, store).catch_up()
    with store.snapshot() as snapshot:
        (key,) = snapshot.keys("alert/")
        assert key == recorded.alert_key(SubjectKind.KEY, 1, thumbprint)
        assert snapshot.history(key) == [published, lifted]


def test_a_key_is_assured_and_a_seat_is_given_and_taken(
    made: MadeLedger, store: LedgerStore
) -> None:
    cn, de, br = made.members
    thumbprint = hashlib.sha256(cn.founder.keys[0].public_key).digest()
    assured = acts(cn, made.calls.assure_key(thumbprint, Assurance.HSM))
    assert assured.key() == recorded.key_key(1, thumbprint)
    for seated in (True, False):
        proposed = de.operating.transact(made.calls.propose_seat(1, seated)).events[0]
        assert isinstance(proposed, recorded.Proposed)
        br.operating.transact(made.calls.vote(proposed.proposal, True))
        done = br.operating.transact(made.calls.execute(proposed.proposal)).events[-1]
        assert (done.kind, done.key()) == ("seat_given" if seated else "seat_taken", "member/1")
        assert made.ledger.is_seated(1) is seated
    Follower(made.ledger, store).catch_up()
    with store.snapshot() as snapshot:
        assert snapshot.history(assured.key())[-1] == assured
        kinds = [event.kind for event in snapshot.history("member/1")]
    assert kinds[-2:] == ["seat_given", "seat_taken"]


def test_recognition_is_encoded_and_decoded_as_web3_does(made: MadeLedger) -> None:
    from contracts.interfaces import artifact

    grant = Accreditation(1, "MSC", 1, NOW, 0, COVERAGE, 0)
    notice = Notice(NoticeKind.CHANGE)
    word = b"MSC/QMS".ljust(32, b"\0")
    cases: list[tuple[str, str, list[Any], Call]] = [
        ("Accreditations", "declare", [grant.values()], made.calls.declare_accreditation(grant)),
        ("Arrangements", "make", [7, [1, 2], TEXT], made.calls.make_arrangement(7, [1, 2], TEXT)),
        (
            "Arrangements",
            "suspend",
            [1, 2, word, 3, NOW],
            made.calls.suspend_party(1, 2, "MSC/QMS", 3, NOW),
        ),
        ("Notices", "publish", [notice.values(), TEXT], made.calls.publish_notice(notice, TEXT)),
    ]
    for contract, function, arguments, call in cases:
        theirs = made.chain.web3.eth.contract(abi=artifact(contract)["abi"])
        assert "0x" + call.data.hex() == theirs.encode_abi(function, arguments)


# ------------------------------------------------------------ who may not (B1, B12)


def test_nobody_speaks_for_another_body(made: MadeLedger) -> None:
    """B1: what is recorded is of the member whose account sent it, whoever it speaks about."""
    cn, de, br = made.members
    grant = Accreditation(1, "MSC", AccreditationAction.GRANT, NOW, coverage=COVERAGE)
    call = made.calls.declare_accreditation(grant)
    assert refused(lambda: acts(cn, call)) == "role_missing"
    assert refused(lambda: acts(br, call)) == "role_missing"
    stranger = body("FR", "stranger").founder.operating
    assert refused(lambda: check(made.chain, call, stranger)) == "not_operating"
    policy = made.calls.publish_notice(Notice(NoticeKind.POLICY), TEXT)
    assert refused(lambda: acts(de, policy)) == "role_missing"
    warning = Notice(NoticeKind.ALERT, SubjectKind.MEMBER, 2)
    assert refused(lambda: acts(cn, made.calls.publish_notice(warning, TEXT))) == "cannot_warn"
    others = hashlib.sha256(de.founder.keys[0].public_key).digest()
    assert refused(lambda: acts(cn, made.calls.assure_key(others, 2))) == "key_unknown"


def test_an_arrangement_claimed_alone_binds_nobody_else(
    made: MadeLedger, store: LedgerStore
) -> None:
    """B12: its keeper accepts; for the other side nobody but itself can."""
    _, de, br = made.members
    br.operating.transact(made.calls.make_arrangement(7, [2], TEXT))
    acts(br, made.calls.accept_arrangement(1, "MSC", NOW))
    assert refused(lambda: acts(br, made.calls.restore_party(1, 2, "MSC", NOW))) == "party_forbids"
    assert refused(lambda: acts(de, made.calls.invite_party(1, 1))) == "not_keeper"
    Follower(made.ledger, store).catch_up()
    with store.snapshot() as snapshot:
        accepted = {
            event.party
            for key in snapshot.keys("arrangement/1/")
            for event in snapshot.history(key)
            if isinstance(event, recorded.ArrangementParty) and event.action == PartyAction.ACCEPTED
        }
    assert accepted == {3}
