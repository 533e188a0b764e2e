"""Dishonest members (threats, table B), as the verifier meets them: B1, B6, B8, B11, B12.

The ledger here records what no contract of ours would: a verifier must not rely on the contracts.
Each act is beside its honest twin, which differs as little as possible and passes.
"""

from __future__ import annotations

import pytest

from core import limits
from core.credential import Slot
from core.events import KeyRevoked, NoticeKind, PartyAction, Role, State, SubjectKind
from core.recognition import _known
from core.report import Outcome, Question, Report, Verdict
from tests.support.network import Body, MemoryLedger, body_with_certificate
from tests.support.recognition import AB, AUTHORITY, CB, HOME, MARKET, Scene, policy_of
from verifier.render import report_text
from verifier.verify import check

IN = "grant@1 ab+MSC@1 home+MSC@1 plain@2"


def ask(body: Body, presented: object, **question: str) -> Report:
    bundle = body.bundle(presented)  # type: ignore[arg-type]
    return check(bundle, body.ledger.state, question=Question(**question), now=body.ledger.now)


def code(report: Report, line: int) -> str:
    return report.checks[line - 1].code


# ---------------------------------------------------------------- B1


@pytest.mark.parametrize("roles", [role for role in Role if role != Role.CERTIFICATION_BODY])
def test_b1_only_a_certification_body_can_register(roles: Role) -> None:
    honest = Body(MemoryLedger(), 1).join()
    other = Body(honest.ledger, 2).join(roles)
    for body, verdict in (
        (honest, Verdict.GENUINE_AND_IN_FORCE),
        (other, Verdict.NOT_VALID),
    ):
        issued = body.issue()
        body.anchor(issued)
        assert ask(body, issued).verdict is verdict
    assert code(ask(other, issued), 3) == "registered_without_standing"


def test_b1_nobody_registers_or_changes_status_for_another_body() -> None:
    body, issued = body_with_certificate()
    other = Body(body.ledger, 2).join()
    other.declare(issued.slot, State.WITHDRAWN)
    assert ask(body, issued).verdict is Verdict.GENUINE_AND_IN_FORCE
    theirs = body.issue()
    other.anchor(theirs)
    report = ask(body, theirs)
    assert (report.verdict, code(report, 3)) == (Verdict.NOT_VALID, "registered_by_another")


# ---------------------------------------------------------------- B6


def test_b6_a_stolen_key_cannot_backdate_a_certificate_or_a_policy() -> None:
    body, before = body_with_certificate()
    body.revoke_key(body.signer)
    stolen = body.issue()  # dated from the ledger's first day, like the honest one
    body.anchor(stolen)
    assert ask(body, before).verdict is Verdict.GENUINE_AND_IN_FORCE
    assert code(ask(body, stolen), 1) == "issuer_key_revoked"

    for revoked, verdict in ((False, Verdict.VERIFIED), (True, Verdict.NOT_FOR_THIS_USE)):
        scene = Scene().play("grant@1 ab+MSC@1 home+MSC@1 nothing@2")
        authority = scene.bodies[AUTHORITY]
        if revoked:
            thumbprint = authority.signer.public.thumbprint
            ledger = scene.ledger
            ledger.record(KeyRevoked(*ledger.next(), AUTHORITY, thumbprint, 1, False))
        backdated = policy_of("plain", version=2, day=1)
        signed = backdated.signed_by(authority.signer, authority.issuer.did)
        authority.publish(NoticeKind.POLICY, signed.file_bytes())
        assert scene.ask().verdict is verdict, revoked


def test_b6_a_policy_counts_only_when_its_own_authority_signed_and_published_it() -> None:
    for publisher, signer, verdict in (
        (AUTHORITY, AUTHORITY, Verdict.VERIFIED),
        (AUTHORITY, HOME, Verdict.NOT_FOR_THIS_USE),
        (HOME, HOME, Verdict.NOT_FOR_THIS_USE),
        (HOME, AUTHORITY, Verdict.NOT_FOR_THIS_USE),
        (CB, AUTHORITY, Verdict.NOT_FOR_THIS_USE),
    ):
        scene = Scene().play("grant@1 ab+MSC@1 home+MSC@1 nothing@2")
        by = scene.bodies[signer]
        signed = policy_of("plain", version=2).signed_by(by.signer, by.issuer.did)
        scene.bodies[publisher].publish(NoticeKind.POLICY, signed.file_bytes())
        assert scene.ask().verdict is verdict, (publisher, signer)


def test_b6_a_policy_signed_in_the_name_of_another_does_not_count() -> None:
    for name, verdict in ((AUTHORITY, Verdict.VERIFIED), (HOME, Verdict.NOT_FOR_THIS_USE)):
        scene = Scene().play("grant@1 ab+MSC@1 home+MSC@1 nothing@2")
        authority, did = scene.bodies[AUTHORITY], scene.bodies[name].issuer.did
        signed = policy_of("plain", version=2).signed_by(authority.signer, did)
        authority.publish(NoticeKind.POLICY, signed.file_bytes())
        assert scene.ask().verdict is verdict, name


# ---------------------------------------------------------------- B8


def test_b8_admitted_then_expelled() -> None:
    body, before = body_with_certificate()
    body.ledger.expel(1)
    after = body.issue()
    body.anchor(after)
    old, new = ask(body, before), ask(body, after)
    assert (old.verdict, code(old, 3)) == (
        Verdict.VERIFIED_WITH_CONDITIONS,
        "registered_body_expelled",
    )
    assert old.disclosed  # old proofs stay answerable
    assert (new.verdict, code(new, 3)) == (Verdict.NOT_VALID, "registered_without_standing")


def test_b8_an_expelled_body_cannot_widen_the_past_by_a_reduction() -> None:
    base = "grant@1:9001=28 ab+MSC@1 home+MSC@1 plain@2 ab.expelled@50"
    for reduced in ("", "reduce@60>2:9001", "reduce@60>2:9001=19,28", "reduce@60>2:9001=19"):
        report = Scene().play(base, reduced).ask(at=30)
        assert report.verdict is Verdict.NOT_FOR_THIS_USE, reduced
    base = base.replace("grant@1:9001=28", "grant@1<20:9001")
    assert code(Scene().play(base, "reduce@60>2:9001").ask(at=30), 7) == "accreditation_ended"


def test_b8_an_expelled_body_may_still_withdraw() -> None:
    body, issued = body_with_certificate()
    body.ledger.expel(1)
    body.declare(issued.slot, State.WITHDRAWN)
    assert code(ask(body, issued), 5) == "withdrawn"


# ---------------------------------------------------------------- B11


@pytest.mark.parametrize(
    "text",
    [
        b"<script>alert(1)</script>",
        b"\xe2\x9c\x94 Verified\r\nRecognised here?  Yes",
        b"http://169.254.169.254/latest",
        b"\x1b[2J\xff\xfe",
        b"A" * 24_576,
    ],
)
def test_b11_hostile_texts_are_shown_inert_or_not_at_all(text: bytes) -> None:
    scene = Scene()
    scene.bodies[HOME].make_arrangement(AB, HOME, text=text)
    scene.play("grant@1 ab+MSC@1 home+MSC@1 second@2")
    scene.bodies[AUTHORITY].publish(NoticeKind.ALERT, text, SubjectKind.MEMBER, CB)
    report = scene.ask()
    lines = report_text(report, scene.ledger.now).split("\n")
    assert "✔ Verified" not in lines
    assert not any(line.strip().startswith("Recognised here?  Yes") for line in lines)
    assert all(line.isprintable() for line in lines)
    assert max(map(len, lines)) < 1000
    (rung,) = (rung for rung in report.ladder if rung.kind == "arrangement")
    assert rung.name.startswith("arrangement 2")
    assert len(rung.name) < 150


# ---------------------------------------------------------------- B12


@pytest.mark.parametrize(
    ("accepted", "outcome"),
    [
        ("home+MSC@1", Outcome.NO),
        ("ab+MSC@1", Outcome.NO),
        ("ab+MSC@1 home+MSC@1", Outcome.YES),
    ],
)
def test_b12_an_arrangement_claimed_alone_is_unilateral(accepted: str, outcome: Outcome) -> None:
    report = Scene().play(f"grant@1 {accepted} plain@2").ask()
    assert report.checks[7].outcome is outcome
    if outcome is Outcome.NO:
        assert code(report, 8) == "arrangement_unilateral"
        assert "unilateral" in report.checks[7].reason
        assert report.verdict is Verdict.NOT_FOR_THIS_USE
        broken = [rung.kind for rung in report.ladder if rung.outcome is Outcome.NO]
        assert broken[0] == "arrangement"


def test_an_accreditation_by_one_that_is_no_accreditation_body_is_none() -> None:
    scene = Scene().play("ab+MSC@1 home+MSC@1 plain@2")
    scene.bodies[AUTHORITY].accredit(CB)
    report = scene.ask(market=MARKET)
    assert code(report, 7) == "accreditation_none"


def test_nobody_accredits_itself() -> None:
    scene = Scene().play("ab+MSC@1 home+MSC@1 plain@2")
    both = Body(scene.ledger, 9).join(Role.CERTIFICATION_BODY | Role.ACCREDITATION_BODY)
    issued = both.issue()
    both.anchor(issued)
    both.accredit(9)
    scene.ledger.of_party(1, 9, PartyAction.ACCEPTED, "MSC")
    assert code(ask(both, issued, market=MARKET), 7) == "accreditation_none"
    scene.bodies[AB].accredit(9)
    assert ask(both, issued, market=MARKET).checks[7].outcome is Outcome.YES


def test_nobody_warns_about_others_without_being_asked_to() -> None:
    scene = Scene().play(IN)
    other = Body(scene.ledger, 9).join()
    other.publish(NoticeKind.ALERT, b"Do not trust them.", SubjectKind.MEMBER, CB)
    assert scene.ask().verdict is Verdict.VERIFIED
    scene.bodies[CB].publish(NoticeKind.ALERT, b"Our key is lost.", SubjectKind.MEMBER, CB)
    assert code(scene.ask(), 3) == "registered_with_alert"


@pytest.mark.parametrize(
    ("stated", "verdict", "sectors"),
    [
        (["19"], Verdict.VERIFIED, "accredited"),
        ("19", Verdict.VERIFIED, "accredited"),
        ("28", Verdict.NOT_FOR_THIS_USE, "accreditation_other_sector"),
        (["19", 20], Verdict.VERIFIED_WITH_CONDITIONS, "accredited_in_part"),
        (["19", {"code": "28"}], Verdict.VERIFIED_WITH_CONDITIONS, "accredited_in_part"),
        (["１９"], Verdict.NOT_FOR_THIS_USE, "accreditation_other_sector"),
        ("", Verdict.NOT_FOR_THIS_USE, "accredited_sectors_not_stated"),
    ],
)
def test_sectors_in_another_form_are_not_passed_over(
    stated: object, verdict: Verdict, sectors: str
) -> None:
    scene = Scene().play_until(9, "grant@1:9001=19 ab+MSC@1 home+MSC@1 showsectors@2")
    body = scene.bodies[CB]
    slot = Slot(f"{body.endpoint}/status/1", 0)
    claims = body.claims(slot)
    claims["credentialSubject"]["certification"]["sectorCode"] = stated
    scene.issued = body.issue(slot, claims)
    body.anchor(scene.issued)
    report = scene.ask()
    assert (report.verdict, code(report, 7)) == (verdict, sectors)


@pytest.mark.parametrize(
    ("name", "stated"),
    [
        ("standard", "ISO 9001:2015" + " " * limits.NAME_CHARS),
        ("standard", "ISO 9001:2015/" + "x" * 3_000),
        ("sectorCode", ["19", *(f"sector {number}" for number in range(1_000))]),
    ],
)
def test_nothing_large_of_one_certificate_is_kept_with_the_facts(name: str, stated: object) -> None:
    """What is remembered for the next check must not grow with what a body writes."""
    scene = Scene().play_until(9, "grant@1:9001=19 ab+MSC@1 home+MSC@1 plain@2")
    body = scene.bodies[CB]
    slot = Slot(f"{body.endpoint}/status/1", 0)
    claims = body.claims(slot)
    claims["credentialSubject"]["certification"][name] = stated
    scene.issued = body.issue(slot, claims)
    body.anchor(scene.issued)
    assert scene.ask().verdict is not Verdict.VERIFIED
    kept = _known(scene.ledger.state.origin, scene.ledger.state.registry_version)
    assert max(len(repr(key)) for key in kept) < 1_000
