"""Ways to get an answer that a document does not deserve, beside the plain ones of each line."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.bundle import Bundle
from core.credential import Slot
from core.encoding import b64url, b64url_decode
from core.events import MemberAdmitted, State, StatusDeclared
from core.report import Outcome, Report, Verdict
from tests.support.network import Body, Issued, MemoryLedger, body_with_certificate
from tests.support.tokens import es256_signer
from verifier.verify import check

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
DAY = 86_400


def ask(body: Body, bundle: Bundle, now: datetime | None = None) -> Report:
    return check(bundle.dump(), body.ledger.state, now=now or body.ledger.now)


def code(report: Report, line: int) -> str:
    return report.checks[line - 1].code


def join_as(body: Body, names: str) -> Body:
    """Admit a body under ``names``, the JSON text that it registers."""
    position, time = body.ledger.next()
    body.ledger.record(
        MemberAdmitted(
            position, time, body.number, names, "XA", 1, body.endpoint, "0x01", "0x02"
        )
    )  # fmt: skip
    body.add_key(body.signer)
    return body


def issued_as(body: Body, name: str) -> Issued:
    slot = Slot(f"{body.endpoint}/status/1", 3)
    claims = body.claims(slot)
    claims["issuer"]["name"] = name
    issued = body.issue(slot, claims)
    body.anchor(issued)
    return issued


# -------------------------------------------------------------- names


@pytest.mark.parametrize("name", ["Body 2", "body 1", "Body 1 ", "Вody 1"])
def test_a_member_cannot_issue_under_the_name_of_another(name: str) -> None:
    body = Body(MemoryLedger(), 1).join()
    report = ask(body, body.bundle(issued_as(body, name)))
    assert report.verdict is Verdict.NOT_VALID
    assert code(report, 1) == "issuer_named_otherwise"
    assert report.disclosed == {}


@pytest.mark.parametrize("name", ["华信认证", "Huaxin"])
def test_a_member_may_issue_under_its_name_in_any_language(name: str) -> None:
    body = join_as(Body(MemoryLedger(), 1), '{"en":"Huaxin","zh":"华信认证"}')
    assert ask(body, body.bundle(issued_as(body, name))).exit == 0


@pytest.mark.parametrize(
    "names",
    [
        '{"en":"A\\n\\u2714 Verified"}', '{"en":"A\\u202eB"}', '{"en":"A\\ud800"}', '{"en":""}',
        '{"en":7}', "[]", "", "{", "[" * 1024, '{"en":' + "9" * 1000,
    ],
)  # fmt: skip
def test_a_registered_name_that_cannot_be_shown_is_never_shown(names: str) -> None:
    body = join_as(Body(MemoryLedger(), 1), names)
    report = ask(body, body.bundle(issued_as(body, "member 1")))
    assert report.checks[0].reason == "Signed with a key that member 1 had registered."


# -------------------------------------------------------------- keys and evidence that ends


def test_a_key_is_not_confirmed_where_its_revocation_could_not_be_seen_yet() -> None:
    """The evidence ends before the place that the document names; in between it was revoked."""
    ledger = MemoryLedger()
    body = Body(ledger, 1).join()
    seen_until = ledger.block
    later = Body(MemoryLedger(block=seen_until + 20), 1)
    later.join().revoke_key(later.signer)
    stolen = later.issue()
    later.anchor(stolen)
    report = ask(body, later.bundle(stolen))
    assert report.verdict is Verdict.COULD_NOT_BE_CHECKED
    assert code(report, 1) == "issuer_not_checked"
    assert report.disclosed == {}
    # and a wrong signature is wrong whatever the evidence has not seen yet
    body.add_key(es256_signer("another"))
    later.signer = replace(later.signer, public=es256_signer("another").public)
    forged = later.issue()
    later.anchor(forged)
    assert code(ask(body, later.bundle(forged)), 1) == "issuer_signature_wrong"


def test_old_evidence_that_holds_the_anchor_still_confirms_the_key() -> None:
    body, issued = body_with_certificate()
    report = ask(body, body.bundle(issued), body.ledger.now + timedelta(days=1))
    assert report.checks[0].outcome is Outcome.YES
    assert report.verdict is Verdict.COULD_NOT_BE_CHECKED


def test_the_other_signature_of_the_same_content_is_another_token_and_not_registered() -> None:
    """(r, n - s) verifies like (r, s), but the leaf holds the token's bytes (design section 3)."""
    body, issued = body_with_certificate()
    bundle = body.bundle(issued)
    token, _, disclosures = bundle.presentation.partition("~")
    signed, _, signature = token.rpartition(".")
    raw = b64url_decode(signature)
    other = raw[:32] + (P256_ORDER - int.from_bytes(raw[32:])).to_bytes(32)
    twin = replace(bundle, presentation=f"{signed}.{b64url(other)}~{disclosures}")
    report = ask(body, twin)
    assert [line.outcome for line in report.checks[:2]] == [Outcome.YES] * 2
    assert code(report, 3) == "proof_mismatch"
    assert report.exit == 1
    assert ask(body, bundle).exit == 0


# -------------------------------------------------------------- sequences of status events


def test_a_state_that_this_version_does_not_know_is_never_read_as_good() -> None:
    body, issued = body_with_certificate()
    body.declare(issued.slot, 9)  # type: ignore[arg-type]
    report = ask(body, body.bundle(issued))
    assert report.verdict is Verdict.COULD_NOT_BE_CHECKED
    assert code(report, 5) == "status_not_understood"


def test_of_two_announced_ends_the_nearer_is_told() -> None:
    body, issued = body_with_certificate()
    body.declare(issued.slot, State.SUSPENDED, after=20 * DAY)
    body.declare(issued.slot, State.WITHDRAWN, after=5 * DAY)
    report = ask(body, body.bundle(issued))
    assert code(report, 5) == "end_announced"
    assert (body.ledger.now + timedelta(days=5)).date().isoformat() in report.checks[4].reason


def test_an_announced_suspension_that_was_called_off_is_not_told() -> None:
    body, issued = body_with_certificate()
    body.declare(issued.slot, State.SUSPENDED, after=10 * DAY)
    body.declare(issued.slot, State.IN_FORCE, after=10 * DAY - 20)  # a block of 20 s later
    assert ask(body, body.bundle(issued)).verdict is Verdict.GENUINE_AND_IN_FORCE


def test_a_withdrawal_announced_behind_a_restoration_is_told_and_then_holds() -> None:
    body, issued = body_with_certificate()
    body.declare(issued.slot, State.SUSPENDED)
    body.declare(issued.slot, State.IN_FORCE)
    body.declare(issued.slot, State.WITHDRAWN, after=DAY)
    bundle = body.bundle(issued)
    assert code(ask(body, bundle), 5) == "end_announced"
    body.ledger.idle(DAY // 20)
    assert code(ask(body, bundle), 5) == "withdrawn"


def test_a_suspension_taken_back_leaves_an_earlier_one_standing() -> None:
    body, issued = body_with_certificate()
    body.declare(issued.slot, State.SUSPENDED)
    body.declare(issued.slot, State.IN_FORCE)
    body.declare(issued.slot, State.SUSPENDED)
    body.annul(issued.slot, 1)
    assert code(ask(body, body.bundle(issued)), 5) == "suspended"
    body.annul(issued.slot, 2)
    assert code(ask(body, body.bundle(issued)), 5) == "suspended"
    body.annul(issued.slot, 0)
    assert code(ask(body, body.bundle(issued)), 5) == "no_status_event"


def test_a_time_beyond_the_calendar_is_no_accident() -> None:
    body, issued = body_with_certificate()
    position, time = body.ledger.next()
    body.ledger.record(
        StatusDeclared(
            position, time, 1, issued.slot.digest, State.SUSPENDED, 1, 2**64 - 1, 0, 0, bytes(32), 0
        )
    )
    report = ask(body, body.bundle(issued))
    assert code(report, 5) == "suspension_announced"
    assert "9999-12-31" in report.checks[4].reason
    absurd = MemoryLedger(start=2**62)
    assert ask(Body(absurd, 1).join(), body.bundle(issued), body.ledger.now).exit == 3


# -------------------------------------------------------------- clocks


def test_a_clock_behind_the_ledger_makes_no_certificate_not_valid() -> None:
    body, issued = body_with_certificate()
    early = body.ledger.now - timedelta(days=400)
    report = ask(body, body.bundle(issued), early)
    assert report.verdict is Verdict.COULD_NOT_BE_CHECKED
    assert all(line.outcome is not Outcome.NO for line in report.checks)


def test_the_last_second_counts_whole_and_in_every_time_zone() -> None:
    body, issued = body_with_certificate()
    bundle = body.bundle(issued)
    last = datetime(2029, 3, 1, 23, 59, 59, 999_999, tzinfo=UTC)
    body.ledger.idle((int(last.timestamp()) - body.ledger.time) // 20)
    assert code(ask(body, bundle, last), 4) == "within_dates"
    assert code(ask(body, bundle, last + timedelta(microseconds=1)), 4) == "expired"


# -------------------------------------------------------------- what is said


def test_a_source_is_the_ledger_only_where_the_ledger_was_asked() -> None:
    body, issued = body_with_certificate()
    bundle = body.bundle(issued)
    moved = replace(bundle, leaf=replace(bundle.leaf, index=bundle.leaf.index ^ 1))
    line = ask(body, moved).checks[2]
    assert (line.code, line.source, line.evidence_at) == ("proof_mismatch", "document", None)
    for line in ask(body, bundle).checks:
        assert (line.source == "ledger") is (line.line in {1, 3, 5})


def test_a_reason_holds_nothing_of_a_document_that_is_not_genuine() -> None:
    body, issued = body_with_certificate()
    bundle = body.bundle(issued)
    token, _, disclosures = bundle.presentation.partition("~")
    header, payload, signature = token.split(".")
    claims = json.loads(b64url_decode(payload))
    claims["issuer"]["name"] = claims["credentialSubject"]["issuedToParty"]["name"] = "EvilMark"
    changed = b64url(json.dumps(claims).encode())
    forged = replace(bundle, presentation=f"{header}.{changed}.{signature}~{disclosures}")
    told = json.dumps(ask(body, forged).dump())
    assert "EvilMark" not in told
    assert "01526Q30012R1M" not in told


def test_a_slot_that_nobody_signed_has_no_good_standing() -> None:
    """Moving a suspended certificate to an empty slot breaks lines 1 and 2, and answers line 5 no
    better than before."""
    body, issued = body_with_certificate()
    body.declare(issued.slot, State.SUSPENDED)
    bundle = body.bundle(issued, "plain")
    header, payload, signature = bundle.presentation.split(".")
    claims = json.loads(b64url_decode(payload))
    moved = Slot(issued.slot.list_url, issued.slot.index + 1)
    claims["credentialStatus"] |= {"id": moved.text, "statusListIndex": moved.index}
    changed = b64url(json.dumps(claims).encode())
    report = ask(body, replace(bundle, presentation=f"{header}.{changed}.{signature}"))
    assert code(report, 5) == "status_owner_open"
    assert all(line.outcome is not Outcome.YES for line in report.checks)


def test_evidence_cannot_hold_another_key_under_the_name_of_this_one() -> None:
    body, issued = body_with_certificate()
    robber = Body(MemoryLedger(), 1)
    robber.signer = es256_signer("robber")
    named_as_good = replace(robber.signer.public, thumbprint=body.signer.public.thumbprint)
    robber.signer = replace(robber.signer, public=named_as_good)
    forged = robber.join().issue()  # signed by the robber's key, kid of the good one
    robber.anchor(forged)
    report = ask(robber, robber.bundle(forged))
    assert code(report, 1) == "issuer_signature_wrong"
    assert ask(body, body.bundle(issued)).exit == 0


def test_a_clock_that_lags_a_little_does_not_delay_a_suspension() -> None:
    body, issued = body_with_certificate()
    body.declare(issued.slot, State.SUSPENDED)
    lagging = body.ledger.now - timedelta(seconds=45)
    assert lagging.timestamp() < body.ledger.time
    assert code(ask(body, body.bundle(issued), lagging), 5) == "suspended"
