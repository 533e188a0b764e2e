"""The network, seen: what it says of acceptance is what a check says, and since when it would."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.accreditation import AccreditationState, accreditation_at
from core.errors import Unavailable, UsageError
from core.events import Assurance, Event, MemberFrozen, PartyAction, Proposed, Role, Voted
from core.recognition import Facts
from core.report import Outcome, Report
from tests.support.network import START, Body, MemoryLedger
from tests.support.recognition import AB, CB, DAY, HOME, LAST, MARKET, NOW, Scene, policy_of
from verifier.acceptors import Acceptor
from verifier.inquiry import NetworkQuestion, network_question
from verifier.network import Network, network_of
from verifier.policy import LocalPolicies, Policy
from verifier.render_network import network_text
from verifier.sources import NoState

WHOLE = "grant@1:9001=19,28 ab+MSC@2 home+MSC/QMS@3 plain@4"


def seen(scene: Scene, *, late: int = 0, policy: Policy | None = None, **asked: Any) -> Network:
    now = scene.ledger.now + timedelta(seconds=late)
    at = asked.get("at")
    if isinstance(at, int):  # a day of the scene
        asked["at"] = datetime.fromtimestamp(START + at * DAY + LAST, UTC).strftime(
            "%Y-%m-%dT%H:%M:%SZ"
        )
    return network_of(
        scene.ledger.state, policy or Policy(), network_question(**asked, now=now), now
    )


def asked_of(scene: Scene, sector: str | None = "19", **asked: Any) -> Acceptor:
    """Return the one answer there is for the one certification body and market."""
    found = seen(scene, standard="ISO 9001", sector=sector, market=MARKET, **asked).acceptors
    (one,) = (answer for answer in found if answer.body == CB)
    return one


def codes_of(report: Report) -> dict[str, str]:
    return {rung.kind: rung.code for rung in report.ladder}


# ---------------------------------------------------------------- who, and since when


def test_who_may_certify_and_since_when() -> None:
    one = asked_of(Scene().play(WHOLE))
    assert (one.body, one.standard, one.sectors) == (CB, "ISO 9001:2015", ("19",))
    assert one.outcome is Outcome.YES
    assert one.through == "accreditation"
    starts = [rung.begins for rung, _ in one.rungs]
    assert one.since == max(start for start in starts if start is not None)
    assert one.since.date().isoformat() == "2026-03-06"  # the policy came last
    assert [rung.kind for rung, _ in one.rungs] == [
        "certification_body", "accreditation_body", "arrangement", "home_body", "market",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("events", "since"),
    [
        ("grant@9:9001=19 ab+MSC@2 home+MSC/QMS@3 plain@4", 9),
        ("grant@1:9001=19 ab+MSC@9 home+MSC/QMS@3 plain@4", 9),
        ("grant@1:9001=19 ab+MSC@2 home+MSC/QMS@9 plain@4", 9),
        (f"{WHOLE} plain:2@9", 4),  # a second version that accepts the same breaks nothing
        (f"{WHOLE} suspend@9 restore@12", 12),
        (f"{WHOLE} home.suspended@9 home.restored@12", 12),
        (f"{WHOLE} cb.suspended@9 cb.restored@12", 12),
        (f"{WHOLE} grant@9:9001=03,19,28", 4),  # renewed
        (f"{WHOLE} keyhsm:2@8 hsm@9", 9),
    ],
)
def test_since_when(events: str, since: int) -> None:
    one = asked_of(Scene().play(events))
    assert one.outcome is Outcome.YES
    assert one.since is not None
    assert round((one.since.timestamp() - START) / DAY) == since


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ("ab+MSC@2 home+MSC@3 plain@4", "accreditation_none"),
        (f"{WHOLE} suspend@9", "accreditation_suspended"),
        (f"{WHOLE} home-MSC/QMS@9", "arrangement_home_left"),
        ("grant@1 ab+MSC@2 plain@4", "arrangement_unilateral"),
        (f"{WHOLE} nothing:2@9", "market_refuses_scope"),
        (f"{WHOLE} keyhsm:2@8", "market_refuses_key_assurance"),
        (f"{WHOLE} ed25519:2@8", "market_refuses_algorithm"),
        (f"{WHOLE} cb.suspended@9", "body_suspended"),
        (f"{WHOLE} cb.expelled@9", "body_expelled"),
        ("grant@1:9001=03 ab+MSC@2 home+MSC@3 plain@4", "accreditation_other_sector"),
    ],
)
def test_one_broken_rung_and_nobody_is_accepted(events: str, code: str) -> None:
    one = asked_of(Scene().play(events))
    assert one.outcome is Outcome.NO
    assert (one.since, one.through) == (None, None)
    assert code in {rung.code for rung, _ in one.rungs}
    assert one.why_not
    assert not any("See line" in told for _, told in one.rungs), "there are no lines here"


def test_a_body_that_is_stopped_or_has_no_key_may_certify_nothing() -> None:
    stopped, keyless = Scene().play(WHOLE), Scene().play(WHOLE)
    stopped.ledger.record(MemberFrozen(*stopped.ledger.next(), CB))
    assert asked_of(stopped).rungs[0][0].code == "body_stopped"
    keyless.bodies[CB].revoke_key(keyless.bodies[CB].signer)
    assert asked_of(keyless).rungs[0][0].code == "body_without_key"


def test_without_a_sector_those_with_one_answer_are_told_together() -> None:
    scene = Scene().play(WHOLE)
    assert asked_of(scene, sector=None).sectors == ("19", "28")
    everything = Scene().play("grant@1 ab+MSC@2 home+MSC@3 plain@4")
    assert asked_of(everything, sector=None).sectors is None
    nothing = Scene().play("ab+MSC@2 home+MSC@3 plain@4")
    assert asked_of(nothing, sector=None).sectors is None


def test_every_market_with_a_policy_is_asked_where_none_is_named() -> None:
    scene = Scene().play(WHOLE)
    local = LocalPolicies((policy_of("nothing", economy="XC"),))
    found = seen(scene, standard="ISO 9001", sector="19", policy=Policy(local=local)).acceptors
    assert [(one.market, one.outcome) for one in found] == [
        ("XB", Outcome.YES), ("XC", Outcome.NO),
    ]  # fmt: skip


def test_a_market_without_a_policy_could_not_be_checked() -> None:
    found = seen(Scene().play(WHOLE), standard="ISO 9001", sector="19", market="DE").acceptors
    assert [one.outcome for one in found] == [Outcome.COULD_NOT_BE_CHECKED]


def test_old_evidence_says_nothing_of_acceptance() -> None:
    scene = Scene().play(WHOLE)
    assert asked_of(scene, late=500).outcome is Outcome.YES
    found = seen(scene, late=700, standard="ISO 9001", sector="19", market=MARKET)
    assert not found.when.usable
    assert "too old" in found.acceptors[0].why_not
    assert [one.outcome for one in found.acceptors] == [Outcome.COULD_NOT_BE_CHECKED]
    fresh = Scene().play(f"{WHOLE} fresh:2@9")  # the market itself wants evidence of 30 seconds
    assert asked_of(fresh).outcome is Outcome.YES
    assert asked_of(fresh, late=100).outcome is Outcome.COULD_NOT_BE_CHECKED


def test_before_it_all_began_nobody_was_accepted() -> None:
    scene = Scene().play(WHOLE)
    assert asked_of(scene, at=3).outcome is not Outcome.YES
    assert asked_of(scene, at=5).outcome is Outcome.YES
    assert seen(scene, at=5).listing["members"][0]["standing"] == "active"


def test_conditions_and_disclosures_are_told() -> None:
    one = asked_of(Scene().play(f"{WHOLE} conditions:2@9"))
    assert one.outcome is Outcome.CONDITION
    assert [condition.id for condition in one.conditions] == ["registration"]
    assert asked_of(Scene().play(f"{WHOLE} showsites:2@9")).discloses == ("sites",)


# ---------------------------------------------------------------- the same as a check

_MOVES = st.sampled_from(["grant", "reduce", "suspend", "restore", "withdraw"])
_WORDS = st.one_of(
    st.builds(
        lambda act, day, off, sectors: (
            f"{act}@{day}>{day + off}"
            + (f":9001={sectors}" if act in ("grant", "reduce") and sectors else "")
        ),
        _MOVES, st.integers(1, 40), st.sampled_from([0, 0, -5, 5]),
        st.sampled_from(["", "19", "03"]),
    ),
    st.builds(
        lambda who, how, scope, day, off: f"{who}{how}{scope}@{day}>{day + off}",
        st.sampled_from(["ab", "home", "cb", "ab2", "home2"]), st.sampled_from("++-!^"),
        st.sampled_from(["MSC", "MSC/QMS", "MSC/EMS"]), st.integers(1, 40),
        st.sampled_from([0, 0, -5, 5]),
    ),
    st.builds(
        lambda who, how, day: f"{who}.{how}@{day}",
        st.sampled_from(["ab", "home", "ab2"]),
        st.sampled_from(["suspended", "restored", "expelled"]), st.integers(1, 40),
    ),
    st.builds(
        lambda name, version, day: f"{name}:{version}@{day}",
        st.sampled_from(["plain", "homes", "direct", "both", "own", "conditions", "sector19",
                         "keyhsm", "es256", "edition", "nothing"]),
        st.integers(1, 3), st.integers(1, 40),
    ),
    st.builds(lambda day: f"hsm@{day}", st.integers(1, 40)),
)  # fmt: skip
_BASES = st.sampled_from([WHOLE, "grant@1 ab+MSC@1 home+MSC@1 plain@1", "cb+MSC@1 home+MSC@1", ""])


@given(base=_BASES, words=st.lists(_WORDS, max_size=8), at=st.none() | st.integers(47, 95))
@settings(max_examples=120, deadline=None)
def test_it_says_what_a_check_says(base: str, words: list[str], at: int | None) -> None:
    """A certificate registered after everything has taken effect: the same answer ever since."""
    scene = Scene().play(base, *words, "anchor@46")
    report = scene.ask(at=at, sector="19")
    one = asked_of(scene, at=at)
    told = {rung.kind: rung.code for rung, _ in one.rungs}
    checked = codes_of(report)
    checked.pop("organization"), checked.pop("certification_body")
    told.pop("certification_body")
    assert told == checked
    assert one.is_accepted == all(
        check.outcome in (Outcome.YES, Outcome.CONDITION, Outcome.NOT_ASKED)
        for check in report.checks
        if check.line >= 6
    )
    assert {c.id for c in one.conditions} == {
        c.id for c in report.conditions
    } or not one.is_accepted


@given(words=st.lists(_WORDS, max_size=8))
@settings(max_examples=60, deadline=None)
def test_since_when_is_the_first_moment_without_a_break(words: list[str]) -> None:
    """Asked as of that second it is accepted; asked as of the second before it is not."""
    scene = Scene().play(WHOLE, *words, "anchor@44")
    one = asked_of(scene)
    if one.since is None:
        return
    for moment, expected in ((one.since, True), (one.since - timedelta(seconds=1), False)):
        asked: dict[str, Any] = {"standard": "ISO 9001", "sector": "19", "market": MARKET}
        text = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        found = seen(scene, **asked, at=text).acceptors
        assert any(answer.is_accepted for answer in found) is expected


# ---------------------------------------------------------------- what is listed


def test_everything_there_is_is_listed() -> None:
    scene = Scene().play(f"{WHOLE} alert.cb@9 hsm@9 garbage@20")
    scene.bodies[AB].revoke_key(scene.bodies[AB].signer)
    listing = seen(scene).listing
    assert [one["member"] for one in listing["members"]] == [1, 2, 3, 4, 5, 6]
    by_member = {one["member"]: one for one in listing["keys"]}
    assert by_member[CB]["assurance"] == "hsm"
    assert by_member[AB]["revoked_at"]
    assert by_member[CB]["revoked_at"] is None
    (accreditation,) = listing["accreditations"]
    assert accreditation["coverage"] == {"ISO 9001": ["19", "28"]}
    (arrangement,) = listing["arrangements"]
    assert arrangement["title"] == "arrangement 1: Mutual recognition"
    bound = {one["scope"]: one for one in arrangement["in_effect"]}
    assert (bound["MSC"]["unilateral"], bound["MSC/QMS"]["unilateral"]) == (True, False)
    assert [party["member"] for party in bound["MSC/QMS"]["parties"]] == [AB, HOME]
    (policy,) = listing["policies"]
    assert (policy["economy"], policy["unreadable_newer"]) == (MARKET, True)
    (alert,) = listing["alerts"]
    assert (alert["subject"]["member"], alert["title"]) == (CB, "Take care.")
    assert [one["kind"] for one in listing["notices"]] == ["policy", "policy"]


def test_what_was_lifted_left_or_came_later_is_not_listed() -> None:
    scene = Scene().play(f"{WHOLE} alert.cb@9 lift@10 home-MSC/QMS@11")
    listing = seen(scene).listing
    assert listing["alerts"] == []
    assert all(one["unilateral"] for one in listing["arrangements"][0]["in_effect"])
    assert not seen(scene, at=10).listing["arrangements"][0]["in_effect"][1]["unilateral"]
    assert seen(scene, at=0).listing["policies"][0]["in_force"] is None


def test_open_proposals_show_what_they_ask_and_who_has_voted() -> None:
    ledger = MemoryLedger()
    for number, economy in ((1, "XA"), (2, "XB"), (3, "XC"), (4, "XC")):
        Body(ledger, number).join(Role.AUTHORITY, economy)
    Body(ledger, 5).join(Role.OBSERVER, "XD")
    reason = (4).to_bytes(32)
    ledger.record(Proposed(*ledger.next(), 1, 2, 4, 1, reason))
    ledger.record(Voted(*ledger.next(), 1, 1, True))
    ledger.record(Voted(*ledger.next(), 1, 2, False))
    state, now = ledger.state, ledger.now
    (one,) = network_of(state, Policy(), NetworkQuestion(), now).listing["proposals"]
    assert one["asks"] == (
        "suspend Body 4: obligations to the network or the other parties not met"
    )
    assert (one["yes"], one["no"], one["not_yet"]) == ([1], [2], [3])  # neither 4 nor the observer
    assert (one["needed"], one["economies_needed"], one["passes"]) == (3, 2, False)
    ledger.idle(91 * 86_400 // 20)
    assert network_of(state, Policy(), NetworkQuestion(), ledger.now).listing["proposals"] == []


@pytest.mark.parametrize("payload", [b"", b"\xff" * 32, b"\xff" * 320, b"x" * 33, bytes(4096)])
@pytest.mark.parametrize("action", range(10))
def test_a_proposal_that_makes_no_sense_is_told_and_harms_nothing(
    action: int, payload: bytes
) -> None:
    ledger = MemoryLedger()
    Body(ledger, 1).join()
    ledger.record(Proposed(*ledger.next(), 1, action, 1, 1, payload))
    found = network_of(ledger.state, Policy(), NetworkQuestion(), ledger.now)
    (one,) = found.listing["proposals"]
    assert one["asks"].isprintable()
    assert network_text(found, ledger.now)


def test_a_party_of_any_number_is_bound_for_what_it_accepted() -> None:
    ledger = MemoryLedger()
    bodies = [Body(ledger, number).join(Role.ACCREDITATION_BODY) for number in range(1, 41)]
    number = bodies[0].make_arrangement(*range(1, 41))
    for body in bodies:
        ledger.of_party(number, body.number, PartyAction.ACCEPTED, "MSC")
    listing = network_of(ledger.state, Policy(), NetworkQuestion(), ledger.now).listing
    assert len(listing["arrangements"][0]["in_effect"][0]["parties"]) == 40


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"sector": "19"}, "standard_missing"),
        ({"market": "XB"}, "standard_missing"),
        ({"standard": "ISO 90001"}, "unknown_standard"),
        ({"standard": "ISO\x009001"}, "unknown_standard"),
        ({"standard": "ISO 9001", "sector": "40"}, "unknown_sector"),
        ({"standard": "ISO 9001", "market": "x1"}, "economy_form"),
        ({"standard": "ISO 9001", "at": "tomorrow"}, "at_form"),
        ({"standard": "ISO 9001", "at": "2999-01-01"}, "at_future"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(asked: dict[str, Any], code: str) -> None:
    with pytest.raises(UsageError) as refused:
        seen(Scene().play(WHOLE), **asked)
    assert refused.value.code == code


def test_a_standard_that_only_an_accreditation_knows_can_be_asked_for() -> None:
    scene = Scene().play("ab+MSC@2 home+MSC@3 wide@4")
    with pytest.raises(UsageError):
        seen(scene, standard="XS 17", sector="19", market=MARKET)
    scene.bodies[AB].accredit(CB, coverage='{"XS 17":"all"}')
    (one,) = seen(scene, standard="XS 17", sector="19", market=MARKET).acceptors
    assert one.standard == "XS 17"


def test_a_ledger_that_was_never_reached_is_no_empty_network() -> None:
    now = datetime.fromtimestamp(START + NOW * DAY, UTC)
    with pytest.raises(Unavailable):
        network_of(NoState("comity/1/0x" + "0" * 40), Policy(), NetworkQuestion(), now)


@pytest.mark.parametrize("sector", ["19", None])
def test_a_long_history_is_not_gone_through_again_for_each_moment_and_sector(
    monkeypatch: pytest.MonkeyPatch, sector: str | None
) -> None:
    scene = Scene().play_until(10, "ab+MSC@2 home+MSC@3 plain@4")
    moves = 40
    for _ in range(moves):
        scene.bodies[AB].accredit(CB)
    asked: list[int] = []

    def counted(history: Sequence[Event], moment: int, *known_by: int | None) -> AccreditationState:
        asked.append(moment)
        return accreditation_at(history, moment, *known_by)

    monkeypatch.setattr("verifier.checks.accreditation.accreditation_at", counted)
    one = asked_of(scene, sector)
    assert (one.outcome, one.sectors) == (Outcome.YES, None if sector is None else (sector,))
    assert len(asked) < 10 * moves


def test_what_is_read_once_serves_the_next_question() -> None:
    scene = Scene().play(WHOLE)
    first, second = asked_of(scene), asked_of(scene)
    assert first == second
    assert Facts(scene.ledger.state).member(CB) is Facts(scene.ledger.state).member(CB)
    scene.bodies[CB].assure_key(scene.bodies[CB].signer, Assurance.HSM)
    assert seen(scene).listing["keys"][0]["assurance"] == "hsm"


def test_the_text_says_the_same() -> None:
    scene = Scene().play(WHOLE)
    text = network_text(
        seen(scene, standard="ISO 9001", sector="19", market=MARKET), scene.ledger.now
    )
    assert "Who may certify ISO 9001 sector 19 for XB now?" in text
    assert "✔ Body 1 (1): ISO 9001:2015, sector 19, in XB: Yes, since 2026-03-06" in text
    assert "MSC: unilateral, Body 2 (2)" in text
