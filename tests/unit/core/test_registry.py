"""What follows from a history: position alone decides before and after."""

from __future__ import annotations

import hashlib
from itertools import permutations

import pytest

from core.errors import FormatError
from core.events import (
    DAILY_KINDS,
    AccreditationDeclared,
    AlertLifted,
    Anchored,
    ArrangementMade,
    ArrangementParty,
    Disowned,
    Event,
    FenceClaimed,
    KeyAdded,
    KeyAssured,
    KeyRevoked,
    MemberAdmitted,
    MemberSuspended,
    NoticePublished,
    ParameterSet,
    Position,
    SeatGiven,
    StatusAnnulled,
    StatusDeclared,
    anchor_key,
    key_key,
    member_key,
    restore_event,
    status_key,
)
from core.issuer import did_of_endpoint
from core.registry import Head, LedgerState, key_good_at, slot_state

KEY, SLOT, ROOT = b"\x01" * 32, b"\x02" * 32, b"\x03" * 32
ORIGIN = "comity/1/0x" + "00" * 20


def added(block: int, index: int = 0) -> KeyAdded:
    return KeyAdded(Position(block, index), block, 1, KEY, 1, b"{}", b"")


def revoked(block: int, index: int = 0) -> KeyRevoked:
    return KeyRevoked(Position(block, index), block, 1, KEY, 1, False)


def declared(sequence: int, state: int, linked: int = 0) -> StatusDeclared:
    at = Position(10 + sequence, 0)
    return StatusDeclared(at, 0, 1, SLOT, state, 0, 0, 0, linked, bytes(32), sequence)


def annulled(sequence: int) -> StatusAnnulled:
    return StatusAnnulled(Position(50 + sequence, 0), 0, 1, SLOT, sequence)


def admitted(member: int, endpoint: str, names: str = '{"en":"A"}') -> MemberAdmitted:
    return MemberAdmitted(Position(member, 0), 0, member, names, "DE", 1, endpoint, "0x1", "0x2")


# -------------------------------------------------------------- positions and keys


def test_positions_order_by_block_and_then_by_index() -> None:
    places = [Position(1, 0), Position(1, 9), Position(2, 0), Position(10, 0)]
    for shuffled in permutations(places):
        assert sorted(shuffled) == places
    assert Position(3, 4).dump() == [3, 4]


@pytest.mark.parametrize(
    ("place", "good"),
    [
        (Position(5, 1), False),  # before it was added
        (Position(5, 2), False),  # its own position is not before it
        (Position(5, 3), True),
        (Position(9, 6), True),
        (Position(9, 7), True),  # what stands at the revocation's own place stands before it
        (Position(9, 8), False),
        (Position(99, 0), False),
    ],
)
def test_a_key_is_good_after_it_was_added_and_up_to_its_revocation(
    place: Position, good: bool
) -> None:
    assert key_good_at([added(5, 2), revoked(9, 7)], place) is good


def test_a_revoked_key_does_not_come_back() -> None:
    assert not key_good_at([added(1), revoked(2), added(3)], Position(4, 0))
    assert not key_good_at([], Position(4, 0))
    assert not key_good_at([revoked(2)], Position(4, 0))


# -------------------------------------------------------------- slots


def test_annulled_events_do_not_count_wherever_they_stand() -> None:
    history: list[Event] = [declared(0, 2), declared(1, 1), declared(2, 3), annulled(2)]
    state = slot_state(history)
    assert [event.sequence for event in state.standing] == [0, 1]
    assert state.annulled == {2}
    assert slot_state([*history, annulled(0)]).standing == (history[1],)
    assert slot_state([]).standing == ()


@pytest.mark.parametrize(
    ("history", "has"),
    [
        ([declared(0, 1, linked=2)], True),
        ([declared(0, 1)], False),
        ([declared(0, 2, linked=2)], False),
        ([declared(0, 1, linked=2), annulled(0)], False),
        ([declared(0, 1, linked=2), declared(1, 2)], True),
        ([], False),
    ],
)
def test_a_predecessor_is_named_by_the_first_grant_alone(history: list[Event], has: bool) -> None:
    predecessor = slot_state(history).predecessor
    assert predecessor == (history[0] if has else None)


# -------------------------------------------------------------- the state as a whole


def test_histories_are_kept_by_key_and_order() -> None:
    state = LedgerState(ORIGIN, did_of_endpoint)
    assert (state.head, state.history(member_key(1)), state.member_of("did:web:a.example")) == (
        None, (), None,
    )  # fmt: skip
    first, second = admitted(1, "https://a.example"), MemberSuspended(Position(2, 0), 0, 1, 4)
    others = [
        added(3),
        Anchored(Position(4, 0), 0, 1, ROOT, 64),
        Disowned(Position(5, 0), 0, 1, ROOT),
    ]
    head = Head(6, bytes(32), 60)
    state.apply([first], Head(1, bytes(32), 10)).apply([second, *others, declared(0, 2)], head)
    assert state.head == head
    assert list(state.history(member_key(1))) == [first, second]
    assert list(state.history(key_key(1, KEY))) == others[:1]
    assert list(state.history(anchor_key(1, ROOT))) == others[1:]
    assert list(state.history(status_key(1, SLOT))) == [declared(0, 2)]
    for stranger in (member_key(2), key_key(2, KEY), anchor_key(2, ROOT), status_key(2, SLOT)):
        assert list(state.history(stranger)) == []


def test_a_did_belongs_to_the_first_that_registered_it() -> None:
    state = LedgerState(ORIGIN, did_of_endpoint)
    same = ("https://localhost", "http://localhost")  # two endpoints, one DID
    events = [admitted(n, endpoint) for n, endpoint in enumerate(same, start=1)]
    state.apply([*events, admitted(3, "https://A.example")], Head(3, bytes(32), 0))
    assert state.member_of("did:web:localhost") == 1
    for no_did in ("did:web:A.example", "did:web:a.example", "https://localhost", ""):
        assert state.member_of(no_did) is None


def test_a_registry_key_names_kind_member_and_thing() -> None:
    assert admitted(3, "https://a.example").key() == "member/3"
    assert added(1).key() == "key/1/AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"
    assert Disowned(Position(1, 0), 0, 7, ROOT).key() == f"anchor/7/{'03' * 32}"
    assert annulled(0).key() == declared(0, 1).key() == f"status/1/{'02' * 32}"
    assert ParameterSet(Position(1, 0), 0, "finality_depth", 1).key() == "parameter/finality_depth"


# -------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("names", "language", "name"),
    [
        ('{"en":"A","de":"B"}', "de", "B"),
        ('{"en":"A","de":"B"}', "fr", "A"),
        ('{"zh":"华信","de":"B"}', "fr", "华信"),
        ('{"en":"","de":"B"}', "en", "B"),
        ('{"en":7}', "en", "member 3"),
        ("not JSON", "en", "member 3"),
        ('["A"]', "en", "member 3"),
        ('{"en":"A\\nB"}', "en", "member 3"),
        ('{"en":"A\\u202eB","de":"C"}', "en", "C"),
        ('{"en":"\\ud800"}', "en", "member 3"),
    ],
)
def test_a_name_is_one_that_can_be_shown(names: str, language: str, name: str) -> None:
    assert admitted(3, "https://a.example", names).name(language) == name


# -------------------------------------------------------------- restoring


def test_an_event_is_restored_from_its_members() -> None:
    for event in (added(3, 4), admitted(2, "https://a.example"), declared(1, 2), revoked(9)):
        body = event.body()
        assert restore_event(event.kind, event.position, event.time, body) == event


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("no_such_kind", {}),
        ("anchored", {"size": "64"}),
        ("anchored", {"size": True}),
        ("anchored", {"size": 64.0}),
        ("anchored", {"root": "zz"}),
        ("anchored", {"root": "AB" * 32}),
        ("anchored", {"root": "ab " * 32}),
        ("anchored", {"root": None}),
        ("anchored", {"more": 1}),
        ("disowned", {}),
    ],
)
def test_members_of_another_form_are_refused(kind: str, change: dict[str, object]) -> None:
    good = Anchored(Position(1, 0), 0, 1, ROOT, 64).body()
    with pytest.raises(FormatError):
        restore_event(kind, Position(1, 0), 0, {**good, **change})


# -------------------------------------------------------------- recognition


def test_the_keys_of_recognition() -> None:
    at, one = Position(1, 0), b"\1" * 32
    key = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"
    assert SeatGiven(at, 0, 3).key() == "member/3"
    assert KeyAssured(at, 0, 3, one, 2).key() == f"key/3/{key}"
    assert (
        AccreditationDeclared(at, 0, 2, 1, "MSC", 1, 0, "{}", 5, 0, 0).key()
        == "accreditation/2/1/MSC"
    )
    assert ArrangementMade(at, 0, 4, 2, 7, one, 1).key() == "arrangement/4"
    assert ArrangementParty(at, 0, 4, 2, "MSC/QMS", 2, 0, 5, 0).key() == "arrangement/4/2"


@pytest.mark.parametrize(
    ("kind", "subject", "key"),
    [
        (1, 0, "notice/3/9"),
        (2, 0, "notice/3/9"),
        (4, 4, "notice/3/9"),
        (3, 1, "alert/member/5"),
        (3, 2, "alert/key/5/AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"),
        (3, 3, "alert/anchor/5/" + "01" * 32),
    ],
)
def test_an_alert_belongs_to_what_it_warns_about(kind: int, subject: int, key: str) -> None:
    at, one = Position(1, 0), b"\1" * 32
    assert NoticePublished(at, 0, 3, 9, kind, subject, 5, one, one, 1).key() == key
    if kind == 3:
        assert AlertLifted(at, 0, 3, 9, subject, 5, one).key() == key


def test_the_version_moves_with_all_but_anchors_fences_and_statuses() -> None:
    state = LedgerState(ORIGIN, did_of_endpoint)
    head = Head(1, bytes(32), 0)
    events = (added(1), revoked(2), admitted(2, "https://a.example"))
    seen = [state.registry_version]
    seen += [state.apply([event], head).registry_version for event in events]
    seen.append(state.learn_text(b"text").registry_version)
    assert len(set(seen)) == len(seen)
    daily = [declared(0, 1), annulled(0), Disowned(Position(1, 0), 0, 7, ROOT)]
    daily += [Anchored(Position(1, 0), 0, 7, ROOT, 64), FenceClaimed(Position(1, 0), 0, 7, 1)]
    assert state.apply(daily, Head(2, b"\2" * 32, 9)).registry_version == seen[-1]
    assert {event.kind for event in daily} == DAILY_KINDS
    assert state.learn_text(b"text").registry_version == seen[-1]


def test_a_text_is_found_by_its_hash() -> None:
    state = LedgerState(ORIGIN, did_of_endpoint).learn_text(b"text")
    assert state.text(hashlib.sha256(b"text").digest()) == b"text"
    assert state.text(bytes(32)) is None
