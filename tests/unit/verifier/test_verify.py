"""The nine lines on an in-memory network: for each answer the case that gives it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core import limits
from core.bundle import Bundle
from core.credential import Slot
from core.encoding import b64url
from core.errors import FormatError, UsageError
from core.events import KeyPurpose, State
from core.registry import LedgerState
from core.report import Outcome, Question, Report, Verdict
from tests.support.network import ORIGIN, Body, MemoryLedger, body_with_certificate
from tests.support.tokens import ed25519_signer, es256_signer
from verifier.policy import Policy
from verifier.sources import NoState
from verifier.verify import check


def ask(body: Body, bundle: Bundle, **changes: object) -> Report:
    now = changes.pop("now", body.ledger.now)
    evidence = changes.pop("evidence", body.ledger.state)
    return check(bundle.dump(), evidence, now=now, **changes)  # type: ignore[arg-type]


def codes_of(report: Report) -> dict[int, str]:
    return {line.line: line.code for line in report.checks}


@pytest.mark.parametrize("envelope", ["selective", "plain"])
def test_an_anchored_certificate_is_genuine_and_in_force(envelope: str) -> None:
    body, issued = body_with_certificate()
    report = ask(body, body.bundle(issued, envelope))
    assert report.verdict is Verdict.GENUINE_AND_IN_FORCE
    assert report.exit == 0
    assert [line.outcome for line in report.checks] == [Outcome.YES] * 5 + [Outcome.NOT_ASKED] * 4
    assert report.disclosed["certificate-number"] == "01526Q30012R1M"
    assert report.not_shared == ()


def test_what_is_held_back_is_named_and_not_shown() -> None:
    body, issued = body_with_certificate()
    report = ask(body, body.bundle(issued, fields=("scope",)))
    assert report.verdict is Verdict.GENUINE_AND_IN_FORCE
    assert "scope" in report.disclosed
    assert "sectors" not in report.disclosed
    assert "site-1" in report.not_shared


def test_ed25519_keys_are_accepted() -> None:
    body = Body(MemoryLedger(), 1)
    body.signer = ed25519_signer("body 1")
    issued = body.join().issue()
    body.anchor(issued)
    assert ask(body, body.bundle(issued)).exit == 0


# -------------------------------------------------------------- line 1, and 2


def refused(report: Report, line: int, code: str) -> None:
    assert report.verdict is Verdict.NOT_VALID
    assert report.exit == 1
    assert codes_of(report)[line] == code


def test_a_key_registered_only_after_the_anchor_is_not_valid() -> None:
    body, _ = body_with_certificate()
    body.signer = es256_signer("later key")
    issued = body.issue()
    body.anchor(issued)
    body.add_key(body.signer)
    refused(ask(body, body.bundle(issued)), 1, "issuer_key_too_late")


def test_a_key_revoked_before_the_anchor_is_not_valid_and_after_it_is() -> None:
    body, before = body_with_certificate()
    body.revoke_key(body.signer)
    after = body.issue()
    body.anchor(after)
    assert ask(body, body.bundle(before)).exit == 0
    refused(ask(body, body.bundle(after)), 1, "issuer_key_revoked")


def test_a_key_for_another_purpose_is_not_valid() -> None:
    body, _ = body_with_certificate()
    body.signer = es256_signer("share key")
    body.add_key(body.signer, KeyPurpose.SHARE)
    issued = body.issue()
    body.anchor(issued)
    refused(ask(body, body.bundle(issued)), 1, "issuer_key_purpose")


def test_an_unregistered_key_is_not_valid() -> None:
    body, _ = body_with_certificate()
    body.signer = es256_signer("nobody's")
    issued = body.issue()
    body.anchor(issued)
    refused(ask(body, body.bundle(issued)), 1, "issuer_key_unknown")


def test_a_body_that_is_no_member_is_not_valid() -> None:
    body, _ = body_with_certificate()
    stranger = Body(body.ledger, 9)
    issued = stranger.issue()
    stranger.anchor(issued)
    refused(ask(body, stranger.bundle(issued)), 1, "issuer_unknown")


def test_a_wrong_signature_is_not_valid_and_shows_nothing() -> None:
    body, issued = body_with_certificate()
    bundle = body.bundle(issued)
    head, _, rest = bundle.presentation.partition("~")
    token = head.rpartition(".")[0]
    forged = replace(bundle, presentation=f"{token}.{b64url(bytes(64))}~{rest}")
    report = ask(body, forged)
    refused(report, 1, "issuer_signature_wrong")
    refused(report, 2, "content_altered")
    assert report.disclosed == {}
    assert report.not_shared == ()


def test_a_disclosure_of_another_certificate_is_not_valid() -> None:
    body, issued = body_with_certificate()
    other = body.issue()
    bundle = body.bundle(issued, fields=("none",))
    foreign = other.tokens["selective"].split("~")[1]
    forged = replace(bundle, presentation=f"{bundle.presentation}{foreign}~")
    report = ask(body, forged)
    refused(report, 2, "disclosure_mismatch")
    assert report.disclosed == {}


# -------------------------------------------------------------- line 3


def test_anchored_by_another_member_is_not_valid() -> None:
    body, _ = body_with_certificate()
    other = Body(body.ledger, 2).join()
    issued = body.issue()
    other.anchor(issued)
    refused(ask(body, body.bundle(issued)), 3, "registered_by_another")


def test_a_disowned_batch_is_not_valid() -> None:
    body, issued = body_with_certificate()
    assert issued.anchor is not None
    body.disown(issued.anchor)
    refused(ask(body, body.bundle(issued)), 3, "registration_disowned")


def test_one_leaf_in_a_disowned_and_a_good_batch_is_judged_by_the_anchor_it_presents() -> None:
    body, issued = body_with_certificate()
    disowned = body.bundle(issued)
    assert issued.anchor is not None
    body.disown(issued.anchor)
    body.anchor(issued)
    refused(ask(body, disowned), 3, "registration_disowned")
    assert ask(body, body.bundle(issued)).exit == 0


def test_an_anchor_that_the_ledger_does_not_hold_is_not_valid() -> None:
    body, _ = body_with_certificate()
    elsewhere = Body(MemoryLedger(), 1).join()
    issued = elsewhere.issue()
    elsewhere.anchor(issued)
    body.ledger.idle(5)
    refused(ask(body, elsewhere.bundle(issued)), 3, "not_registered")


def test_a_proof_of_another_leaf_is_not_valid() -> None:
    body, issued = body_with_certificate()
    bundle = body.bundle(issued)
    salt = bytes([bundle.leaf.salt[0] ^ 1]) + bundle.leaf.salt[1:]
    forged = replace(bundle, leaf=replace(bundle.leaf, salt=salt))
    refused(ask(body, forged), 3, "proof_mismatch")


@pytest.mark.parametrize("change", [{"block": 1}, {"index": 7}])
def test_an_anchor_told_at_another_place_is_not_valid(change: dict[str, int]) -> None:
    body, issued = body_with_certificate()
    bundle = body.bundle(issued)
    position = replace(bundle.anchor.position, **change)
    forged = replace(bundle, anchor=replace(bundle.anchor, position=position))
    refused(ask(body, forged), 3, "registration_differs")


# -------------------------------------------------------------- line 4


def test_before_its_first_day_it_is_not_yet_in_force() -> None:
    body, _ = body_with_certificate()
    claims = body.claims(Slot(f"{body.endpoint}/status/1", 7))
    claims["validFrom"] = "2026-03-09T00:00:00Z"
    claims["credentialSubject"]["certification"]["effectiveDate"] = "2026-03-09"
    issued = body.issue(Slot(f"{body.endpoint}/status/1", 7), claims)
    body.anchor(issued)
    refused(ask(body, body.bundle(issued)), 4, "not_yet_in_force")


def test_after_its_last_day_it_has_expired() -> None:
    body, issued = body_with_certificate()
    years = 3 * 366 * 86_400
    body.ledger.idle(years // 20)
    refused(ask(body, body.bundle(issued)), 4, "expired")


# -------------------------------------------------------------- line 5


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (State.SUSPENDED, "suspended"),
        (State.WITHDRAWN, "withdrawn"),
        (State.CANCELLED, "cancelled"),
        (State.SUPERSEDED, "superseded_unconfirmed"),
    ],
)
def test_a_declared_end_is_not_valid(state: State, code: str) -> None:
    body, issued = body_with_certificate()
    body.declare(issued.slot, state)
    report = ask(body, body.bundle(issued))
    refused(report, 5, code)
    assert report.disclosed  # genuine, so what it says may be shown


def test_restored_is_in_force_and_says_so() -> None:
    body, issued = body_with_certificate()
    body.declare(issued.slot, State.SUSPENDED)
    body.declare(issued.slot, State.IN_FORCE)
    report = ask(body, body.bundle(issued))
    assert codes_of(report)[5] == "restored"
    assert report.exit == 0


def test_one_slot_in_two_batches_after_a_suspension_is_not_valid_in_both_envelopes() -> None:
    body, issued = body_with_certificate()
    first = body.bundle(issued, "selective")
    body.declare(issued.slot, State.SUSPENDED)
    body.anchor(issued, envelopes=("plain",))
    second = body.bundle(issued, "plain")
    refused(ask(body, first), 5, "suspended")
    refused(ask(body, second), 5, "suspended")
    again = body.issue(issued.slot)
    body.anchor(again)
    refused(ask(body, body.bundle(again)), 5, "suspended")


def test_another_members_declaration_changes_nothing() -> None:
    body, issued = body_with_certificate()
    Body(body.ledger, 2).join().declare(issued.slot, State.WITHDRAWN)
    assert ask(body, body.bundle(issued)).exit == 0


def test_an_announced_suspension_is_a_condition() -> None:
    body, issued = body_with_certificate()
    body.declare(issued.slot, State.SUSPENDED, after=86_400)
    report = ask(body, body.bundle(issued))
    assert report.verdict is Verdict.VERIFIED_WITH_CONDITIONS
    assert codes_of(report)[5] == "suspension_announced"
    assert report.exit == 2


def test_a_restoration_announced_for_later_leaves_it_suspended() -> None:
    body, issued = body_with_certificate()
    body.declare(issued.slot, State.SUSPENDED)
    body.declare(issued.slot, State.IN_FORCE, after=86_400)
    refused(ask(body, body.bundle(issued)), 5, "suspended")


def test_an_annulled_withdrawal_does_not_count() -> None:
    body, issued = body_with_certificate()
    body.declare(issued.slot, State.WITHDRAWN)
    body.annul(issued.slot, 0)
    assert ask(body, body.bundle(issued)).exit == 0


# -------------------------------------------------------------- no evidence: never green nor red


def unchecked(report: Report, *lines: int) -> None:
    assert report.verdict is Verdict.COULD_NOT_BE_CHECKED
    assert report.exit == 3
    for line in lines:
        assert report.checks[line - 1].outcome is Outcome.COULD_NOT_BE_CHECKED


def test_a_ledger_that_is_not_followed_could_not_be_checked() -> None:
    body, issued = body_with_certificate()
    bundle = body.bundle(issued)
    unchecked(ask(body, bundle, evidence=None), 1, 2, 3, 4, 5)
    other = LedgerState(ORIGIN.replace("31337", "5"), lambda endpoint: endpoint)
    report = ask(body, bundle, evidence=other)
    unchecked(report, 1, 2, 3, 4, 5)
    assert codes_of(report)[3] == "ledger_unknown"


def test_a_followed_ledger_without_any_state_could_not_be_checked() -> None:
    body, issued = body_with_certificate()
    report = ask(body, body.bundle(issued), evidence=NoState(ORIGIN))
    unchecked(report, 1, 2, 3, 4, 5)
    assert codes_of(report)[3] == "ledger_unreachable"


def test_evidence_is_good_up_to_its_age_and_not_a_second_longer() -> None:
    body, issued = body_with_certificate()
    bundle = body.bundle(issued)
    edge = body.ledger.now + timedelta(seconds=limits.EVIDENCE_AGE_LIVE - 5)
    assert ask(body, bundle, now=edge).exit == 0
    report = ask(body, bundle, now=edge + timedelta(seconds=1))
    unchecked(report, 3, 5)
    assert codes_of(report)[3] == "ledger_too_old"
    assert codes_of(report)[5] == "status_too_old"
    assert report.checks[0].outcome is Outcome.YES
    longer = Policy(max_evidence_age=limits.EVIDENCE_AGE_LIVE * 2)
    assert ask(body, bundle, now=edge + timedelta(seconds=1), policy=longer).exit == 0


def test_old_evidence_that_shows_a_suspension_could_not_be_checked_either() -> None:
    body, issued = body_with_certificate()
    body.declare(issued.slot, State.SUSPENDED)
    unchecked(ask(body, body.bundle(issued), now=body.ledger.now + timedelta(hours=1)), 3, 5)


def test_what_old_or_short_evidence_does_not_show_is_not_held_against_it() -> None:
    body, _ = body_with_certificate()
    late = body.ledger.now + timedelta(hours=1)
    newcomer = Body(MemoryLedger(block=body.ledger.block + 50), 7, "new.example").join()
    issued = newcomer.issue()
    newcomer.anchor(issued)
    unchecked(ask(body, newcomer.bundle(issued), now=late), 1, 3, 5)
    short = ask(body, newcomer.bundle(issued))  # fresh, but ends before the anchor
    unchecked(short, 1, 3, 5)
    known = Body(MemoryLedger(block=body.ledger.block + 50), 1).join()
    later = known.issue()
    known.anchor(later)
    report = ask(body, known.bundle(later))
    unchecked(report, 3, 5)
    assert codes_of(report)[3] == "ledger_behind"
    assert codes_of(report)[5] == "status_behind"


def test_a_block_that_no_chain_can_have_reached_is_no_excuse() -> None:
    body, _ = body_with_certificate()
    elsewhere = Body(MemoryLedger(), 1).join()
    issued = elsewhere.issue()
    elsewhere.anchor(issued)
    bundle = elsewhere.bundle(issued)
    reach = 5 + limits.CLOCK_SKEW  # the newest block is five seconds old

    def told_at(block: int) -> Report:
        position = replace(bundle.anchor.position, block=block)
        return ask(body, replace(bundle, anchor=replace(bundle.anchor, position=position)))

    unchecked(told_at(body.ledger.block + reach), 3, 5)
    refused(told_at(body.ledger.block + reach + 1), 3, "not_registered")
    refused(told_at(2**53 - 1), 3, "not_registered")


def test_a_disowned_batch_stays_not_valid_at_any_age_for_nobody_can_undo_it() -> None:
    body, issued = body_with_certificate()
    assert issued.anchor is not None
    body.disown(issued.anchor)
    report = ask(body, body.bundle(issued), now=body.ledger.now + timedelta(days=9))
    refused(report, 3, "registration_disowned")


def test_a_clock_behind_the_ledger_could_not_be_checked() -> None:
    body, issued = body_with_certificate()
    body.ledger.idle(10)
    wrong = body.ledger.now - timedelta(seconds=limits.CLOCK_SKEW + 6)
    report = ask(body, body.bundle(issued), now=wrong)
    unchecked(report, 3, 4, 5)
    assert codes_of(report)[3] == "clock_wrong"
    assert codes_of(report)[4] == "dates_clock_wrong"
    assert codes_of(report)[5] == "status_clock_wrong"


# -------------------------------------------------------------- questions


@pytest.mark.parametrize(
    ("question", "codes"),
    [
        (Question(standard="ISO 9001"), {6: "scope_not_checked"}),
        (
            Question(market="DE"),
            {7: "accreditation_not_checked", 8: "arrangement_not_checked", 9: "market_not_checked"},
        ),
    ],
)
def test_what_is_asked_and_cannot_be_answered_is_never_yes(
    question: Question, codes: dict[int, str]
) -> None:
    body, issued = body_with_certificate()
    report = ask(body, body.bundle(issued), question=question, evidence=None)
    unchecked(report, *codes)
    assert {line: code for line, code in codes_of(report).items() if line in codes} == codes


@pytest.mark.parametrize(
    "question", [Question(market="XX1"), Question(market="EU"), Question(sector="191")]
)
def test_a_question_that_cannot_be_asked_is_refused_not_answered(question: Question) -> None:
    body, issued = body_with_certificate()
    with pytest.raises(UsageError):
        ask(body, body.bundle(issued), question=question)


def test_an_answer_as_of_a_day_to_come_is_refused_not_guessed() -> None:
    body, issued = body_with_certificate()
    with pytest.raises(UsageError):
        ask(body, body.bundle(issued), question=Question(at=body.ledger.now + timedelta(seconds=1)))


def test_a_report_names_every_line_with_its_source_and_age() -> None:
    body, issued = body_with_certificate()
    dumped = ask(body, body.bundle(issued)).dump()
    assert dumped["verdict"] == "genuine_and_in_force"
    assert dumped["questions"] == {
        "genuine": "yes",
        "in_force": "yes",
        "recognised_here": "not_asked",
    }
    assert [c["line"] for c in dumped["checks"]] == list(range(1, 10))
    assert {c["source"] for c in dumped["checks"][:5]} == {"ledger", "document", "clock"}
    assert dumped["checks"][2]["evidence_at"].endswith("Z")


def test_what_is_none_of_our_formats_gets_no_verdict() -> None:
    body, issued = body_with_certificate()
    raw = body.bundle(issued).dump()
    for bad in (b"", raw[:-1], raw + b"\n", b" " + raw, raw.replace(b'"v":1', b'"v":2')):
        with pytest.raises(FormatError):
            check(bad, body.ledger.state, now=body.ledger.now)
