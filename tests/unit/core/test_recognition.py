"""What is read of a ledger for recognition: members, alerts, policies; and what is remembered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from hashlib import sha256

from core.acceptance import understood
from core.events import (
    Event,
    MemberFrozen,
    MemberThawed,
    NoticeKind,
    NoticePublished,
    Position,
    Role,
    SubjectKind,
    alert_key,
)
from core.recognition import Facts, Standing
from core.registry import Head, LedgerState
from tests.support.network import Body, MemoryLedger
from tests.support.recognition import AB, AUTHORITY, CB, HOME, MARKET, Scene, policy_of
from verifier.checks.ladder import Asked, When, climb
from verifier.policy import NO_LOCAL_POLICIES

ABOUT = alert_key(SubjectKind.MEMBER, CB, b"")


class Counting:
    """Evidence that counts what it is asked."""

    source = "ledger"

    def __init__(self, state: LedgerState, *, versioned: bool = True) -> None:
        self._state = state
        self._versioned = versioned
        self.asked: Counter[str] = Counter()
        self.origin = state.origin
        self.head: Head | None = state.head

    def history(self, key: str, /) -> Sequence[Event]:
        self.asked["history"] += 1
        return self._state.history(key)

    def member_of(self, did: str, /) -> int | None:
        return self._state.member_of(did)

    def keys(self, prefix: str, /) -> Sequence[str]:
        self.asked["keys"] += 1
        return self._state.keys(prefix)

    def text(self, digest: bytes, /) -> bytes | None:
        self.asked["text"] += 1
        return self._state.text(digest)

    @property
    def registry_version(self) -> Hashable | None:
        return self._state.registry_version if self._versioned else None


def test_a_members_standing_is_by_block_time_and_by_position() -> None:
    ledger = MemoryLedger()
    Body(ledger, 1).join()
    joined = ledger.time
    ledger.suspend(1)
    suspended = ledger.time
    ledger.restore(1)
    ledger.expel(1)
    member = Facts(ledger.state).member(1)
    assert member is not None
    assert member.standing_at(joined - 100) == (Standing.NONE, 0)
    assert member.standing_at(suspended - 1)[0] is Standing.ACTIVE
    assert member.standing_at(suspended) == (Standing.SUSPENDED, suspended)
    assert member.standing_at(suspended + 20) == (Standing.ACTIVE, suspended + 20)
    assert member.standing_at(ledger.time + 10**9) == (Standing.EXPELLED, ledger.time)
    blocks = range(ledger.block + 2)
    may_act = [member.may_act_before(Position(block, 0)) for block in blocks]
    assert may_act == [False, False, False, True, True, False, True, False]


def test_a_member_whose_account_is_stopped_may_not_act() -> None:
    ledger = MemoryLedger()
    Body(ledger, 1).join()
    ledger.record(MemberFrozen(*ledger.next(), 1))
    frozen = Position(ledger.block + 1, 0)
    ledger.record(MemberThawed(*ledger.next(), 1))
    member = Facts(ledger.state).member(1)
    assert member is not None
    assert not member.may_act_before(frozen)
    assert member.may_act_before(Position(ledger.block + 1, 0))
    assert member.standing_at(ledger.time)[0] is Standing.ACTIVE


def test_an_alert_is_open_until_its_publisher_lifts_it_or_is_expelled() -> None:
    scene = Scene().play("")
    authority, home = scene.bodies[AUTHORITY], scene.bodies[HOME]
    first = authority.publish(NoticeKind.ALERT, b"One.", SubjectKind.MEMBER, CB)
    home.publish(NoticeKind.ALERT, b"Two.", SubjectKind.MEMBER, CB)

    def open_now() -> int | None:
        alert = Facts(scene.ledger.state).open_alert(ABOUT)
        return alert.member if alert is not None else None

    assert open_now() == HOME  # the newest
    authority.lift(first)
    assert open_now() == HOME
    scene.ledger.expel(HOME)
    assert open_now() is None
    assert not Facts(scene.ledger.state).has_alerts


def test_an_arrangement_is_called_by_its_first_line_where_that_can_be_shown() -> None:
    ledger = MemoryLedger()
    body = Body(ledger, 1).join(Role.AUTHORITY)
    texts = (b"# Recognition of tests\nText", b"", b"\xff\xfe", b"a\x1b[2Jb", b"A" * 121)
    for text in texts:
        body.make_arrangement(text=text)
    titles = [Facts(ledger.state).arrangement_title(n) for n in range(1, 7)]
    assert titles == [
        "arrangement 1: Recognition of tests",
        "arrangement 2", "arrangement 3: ��", "arrangement 4", "arrangement 5", "arrangement 6",
    ]  # fmt: skip


def test_facts_are_read_once_for_each_version_of_the_registry() -> None:
    scene = Scene().play("grant@1 ab+MSC@1 home+MSC@1 plain@2")
    state = scene.ledger.state

    def ask(evidence: Counting) -> tuple[str, int]:
        asked = Asked(CB, "ISO 9001:2015", ("19",), None, MARKET)
        when = When(scene.ledger.time, None, False)
        ladder = climb(Facts(evidence), asked, when, NO_LOCAL_POLICIES)
        return ladder.market.code, evidence.asked.total()

    first, again = Counting(state), Counting(state)
    assert ask(first)[0] == "market_accepts"
    assert ask(again) == ("market_accepts", 0)
    scene.ledger.idle(5)
    assert ask(Counting(state)) == ("market_accepts", 0)  # time alone changes nothing here
    scene.bodies[CB].anchor(scene.bodies[CB].issue())
    assert ask(Counting(state)) == ("market_accepts", 0)
    scene.ledger.expel(AB)
    code, cost = ask(Counting(state))
    assert code == "market_ladder_broken"
    assert cost > 0
    unversioned = Counting(state, versioned=False)
    assert ask(unversioned)[1] > 0
    assert ask(Counting(state, versioned=False))[1] > 0


def test_a_policy_is_read_once_however_often_the_registry_changes() -> None:
    scene = Scene().play("grant@1 ab+MSC@1 home+MSC@1 plain@2 conditions:2@3 garbage@4")
    codes, misses = set(), []
    for _ in range(2):
        codes.add(scene.ask().checks[8].code)
        misses.append(understood.cache_info().misses)
        scene.bodies[AB].accredit(CB)
    assert codes == {"market_policy_unreadable"}
    assert misses[0] == misses[1]


def test_what_is_remembered_ends_with_the_moment_at_which_it_changes() -> None:
    scene = Scene().play("grant@1<150 ab+MSC@1 home+MSC@1 plain@2")
    asked = Asked(CB, "ISO 9001:2015", ("19",), None, MARKET)
    facts = Facts(scene.ledger.state)
    day = 86_400
    codes = []
    for later in (0, 49 * day, 49 * day, 51 * day):
        when = When(scene.ledger.time + later, None, False)
        codes.append(climb(facts, asked, when, NO_LOCAL_POLICIES).accreditation.code)
    assert codes == ["accredited", "accredited", "accredited", "accreditation_ended"]


def test_a_text_that_is_not_at_hand_leaves_open_which_policy_is_in_force() -> None:
    scene = Scene().play("plain:1@2")
    authority, ledger = scene.bodies[AUTHORITY], scene.ledger

    def in_force() -> tuple[int, bool]:
        policy, is_open = Facts(ledger.state).policies_of(MARKET).in_force(ledger.time)
        assert policy is not None
        return policy.acceptance.version, is_open

    newer = policy_of("nothing", version=2).signed_by(authority.signer, authority.issuer.did)
    text = newer.file_bytes()
    digest, nothing = sha256(text).digest(), bytes(32)
    ledger.record(
        NoticePublished(
            *ledger.next(), AUTHORITY, 2, NoticeKind.POLICY, SubjectKind.NONE, 0, nothing, digest,
            len(text),
        )
    )  # fmt: skip
    assert in_force() == (1, True)
    scene.play("plain:1@60")  # recorded later, which makes the missing one no less likely
    assert in_force() == (1, True)
    ledger.state.learn_text(text)  # a node that has it came back
    assert in_force() == (2, False)


def test_a_policy_for_another_ledger_or_economy_says_nothing() -> None:
    scene = Scene().play("plain:1@2")
    authority = scene.bodies[AUTHORITY]
    for changed in (
        policy_of("nothing", version=2, economy="XC"),
        policy_of("nothing", version=3, ledger="comity/1/0x" + "0" * 40),
    ):
        signed = changed.signed_by(authority.signer, authority.issuer.did)
        authority.publish(NoticeKind.POLICY, signed.file_bytes())
    policy, is_open = Facts(scene.ledger.state).policies_of(MARKET).in_force(scene.ledger.time)
    assert policy is not None
    assert (policy.acceptance.version, is_open) == (1, False)
    assert Facts(scene.ledger.state).policies_of("XC").valid == ()
