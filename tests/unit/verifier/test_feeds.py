"""Feeds: what is told, in which order, under which subjects; and nothing in them is obeyed."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest

from core import limits
from core.errors import NotFound, Unavailable, UsageError
from core.events import (
    AccreditationAction,
    Assurance,
    ContractSet,
    Executed,
    MemberFrozen,
    MemberThawed,
    NoticeKind,
    NoticePublished,
    OperatingAccountChanged,
    ParameterSet,
    PartyAction,
    Proposed,
    RecoveryAccountChanged,
    Role,
    SeatGiven,
    SeatTaken,
    State,
    SubjectKind,
    Voted,
)
from core.registry import LedgerEvidence
from tests.support.hostile import FORBIDDEN, LONG, hostile_network
from tests.support.network import ORIGIN, Body, MemoryLedger
from verifier.feeds import Feed, atom_feed, feed_of, json_feed
from verifier.happenings import SUBJECTS
from verifier.sources import NoState

ATOM = "{http://www.w3.org/2005/Atom}"


def eventful() -> MemoryLedger:
    """Return a ledger with an event of every kind."""
    ledger = MemoryLedger()
    cb = Body(ledger, 1).join()
    ab = Body(ledger, 2).join(Role.ACCREDITATION_BODY, "XB")
    authority = Body(ledger, 3).join(Role.AUTHORITY, "XC")
    for action in AccreditationAction:
        ab.accredit(1, action, reason=1 if action in (3, 5) else 0)
    number = ab.make_arrangement(2, 3, text=b"# Mutual recognition\n")
    for move in (PartyAction.ACCEPTED, PartyAction.SUSPENDED, PartyAction.RESTORED,
                 PartyAction.LEFT):  # fmt: skip
        ledger.of_party(number, 2, move, "MSC", reason=1 if move == PartyAction.SUSPENDED else 0)
    authority.publish(NoticeKind.CHANGE, b"# A new edition\n\nOf the standard.")
    alert = authority.publish(NoticeKind.ALERT, b"Take care.", SubjectKind.MEMBER, 1)
    authority.publish(NoticeKind.CORRECTION, b"Corrected.", SubjectKind.NOTICE, 3, (1).to_bytes(32))
    authority.lift(alert)
    cb.assure_key(cb.signer, Assurance.HSM)
    cb.revoke_key(cb.signer)
    for kind in (MemberFrozen, MemberThawed, SeatGiven, SeatTaken):
        ledger.record(kind(*ledger.next(), 1))
    ledger.record(OperatingAccountChanged(*ledger.next(), 1, "0xa", "0xb", True))
    ledger.record(RecoveryAccountChanged(*ledger.next(), 1, "0xa", "0xb"))
    ledger.record(ParameterSet(*ledger.next(), "finality_depth", 2))
    ledger.record(ContractSet(*ledger.next(), "keys", "0xc", bytes(32)))
    ledger.record(Proposed(*ledger.next(), 1, 2, 1, 2, (1).to_bytes(32)))
    ledger.record(Voted(*ledger.next(), 1, 3, True))
    ledger.record(Executed(*ledger.next(), 1))
    ledger.suspend(1)
    ledger.restore(1)
    ledger.expel(1)
    return ledger


def titles(evidence: LedgerEvidence, **asked: Any) -> list[str]:
    return [one.title for one in feed_of(evidence, **asked).entries]


def test_an_event_of_every_kind_is_told_newest_first_under_its_own_name() -> None:
    ledger = eventful()
    feed = feed_of(ledger.state)
    assert (
        feed.entries[0].title == "Body 1 is expelled, for ever: requirements persistently not met"
    )
    places = [one.position for one in feed.entries]
    assert places == sorted(places, reverse=True)
    names = [feed.entry_id(one) for one in feed.entries]
    assert len(set(names)) == len(names) == len(ledger.events)
    assert (
        names[0]
        == f"urn:comity:event:{ORIGIN.split('/', 1)[1].replace('/', ':')}:{places[0].block}:0"
    )
    assert all(one.subjects and set(one.subjects) & set(SUBJECTS) for one in feed.entries)


def test_what_bodies_do_day_by_day_is_not_told() -> None:
    ledger = MemoryLedger()
    body = Body(ledger, 1).join()
    before = feed_of(ledger.state)
    issued = body.issue()
    body.anchor(issued)
    body.declare(issued.slot, State.SUSPENDED)
    assert json_feed(feed_of(ledger.state)) == json_feed(before)


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("alert", [
            "Body 3 lifts its alert 2 about Body 1",
            "Body 3: alert about Body 1: Take care.",
        ]),
        ("change", ["Body 3: change: A new edition"]),
        ("correction", ["Body 3: correction about notice 1 of Body 3: Corrected."]),
        ("seat", ["Body 1 is a cosigner no more", "Body 1 is a cosigner"]),
        ("parameter", ["The ledger parameter finality_depth is 2"]),
        ("code", ["The contract keys is set"]),
        ("policy", []),
        ("votes", [
            "Proposal 1 is carried out",
            "Body 3 votes yes on proposal 1",
            "Body 2 proposes to suspend Body 1: requirements persistently not met",
        ]),
        ("accreditation", [
            "Body 2 withdraws the accreditation of Body 1 (MSC)",
            "Body 2 restores the accreditation of Body 1 (MSC)",
            "Body 2 suspends the accreditation of Body 1 (MSC)",
            "Body 2 reduces the accreditation of Body 1 (MSC)",
            "Body 2 accredits Body 1 (MSC)",
        ]),
        ("arrangement/1", [
            "Body 2 leaves arrangement 1: Mutual recognition for MSC",
            "Body 2 is restored in arrangement 1: Mutual recognition for MSC",
            "Body 2 is suspended in arrangement 1: Mutual recognition for MSC",
            "Body 2 accepts arrangement 1: Mutual recognition for MSC",
            "Body 3 is invited to arrangement 1: Mutual recognition",
            "Body 2 is invited to arrangement 1: Mutual recognition",
            "Body 2 makes arrangement 1: Mutual recognition",
        ]),
        ("arrangement/2", []),
    ],
)  # fmt: skip
def test_a_subject_finds_what_belongs_to_it(subject: str, expected: list[str]) -> None:
    assert titles(eventful().state, subject=subject) == expected


def test_a_members_feed_is_what_concerns_it() -> None:
    state = eventful().state
    assert titles(state, member=3) == titles(state, subject="member/3")
    assert titles(state, member=1, subject="seat") == titles(state, subject="seat")
    assert not set(titles(state, member=3)) & set(titles(state, subject="seat"))


def test_nothing_else_is_asked_for() -> None:
    state = eventful().state
    for subject in ("nonsense", "member/0", "member/x", "arrangement/1/2", "alert/3"):
        with pytest.raises(UsageError):
            feed_of(state, subject=subject)
    with pytest.raises(NotFound):
        feed_of(state, member=99)
    with pytest.raises(Unavailable):
        feed_of(NoState(ORIGIN))


def test_a_long_feed_is_cut_and_says_so() -> None:
    ledger = MemoryLedger()
    body = Body(ledger, 1).join(Role.AUTHORITY)
    for number in range(limits.FEED_ENTRIES):
        body.publish(NoticeKind.CHANGE, f"Change {number}.".encode())
    feed = feed_of(ledger.state)
    assert (len(feed.entries), feed.total) == (100, 102)
    shown = json.loads(json_feed(feed))
    assert shown["description"] == "The newest 100 of 102 entries."
    assert (shown["_comity"]["cut"], shown["_comity"]["total"]) == (True, 102)
    assert b"The newest 100 of 102 entries." in atom_feed(feed)
    assert json.loads(json_feed(feed_of(ledger.state, subject="key")))["_comity"]["cut"] is False


def test_both_forms_say_the_same() -> None:
    feed = feed_of(eventful().state)
    shown, root = json.loads(json_feed(feed)), _atom(feed)
    assert shown["version"] == "https://jsonfeed.org/version/1.1"
    entries = root.findall(f"{ATOM}entry")
    assert [one.findtext(f"{ATOM}id") for one in entries] == [one["id"] for one in shown["items"]]
    for entry, item in zip(entries, shown["items"], strict=True):
        assert entry.findtext(f"{ATOM}title") == item["title"]
        assert entry.findtext(f"{ATOM}content") == item["content_text"]
        assert entry.findtext(f"{ATOM}updated") == item["date_published"]
        assert [c.get("term") for c in entry.findall(f"{ATOM}category")] == item["tags"]
    for required in ("id", "title", "updated", "author"):  # RFC 4287 4.1.1
        assert root.find(f"{ATOM}{required}") is not None
    assert root.findtext(f"{ATOM}updated") == shown["items"][0]["date_published"]


def test_a_notices_text_is_there_and_one_that_is_not_at_hand_is_named() -> None:
    ledger = MemoryLedger()
    body = Body(ledger, 1).join(Role.AUTHORITY)
    body.publish(NoticeKind.CHANGE, b"# New\n\nFrom May on.")
    assert feed_of(ledger.state).entries[0].text == "# New\n\nFrom May on."
    ledger.record(NoticePublished(*ledger.next(), 1, 2, 2, 0, 0, bytes(32), bytes(32), 7))
    gone = feed_of(ledger.state).entries[0]
    assert gone.text.startswith("The text is not at hand; its SHA-256 is ")


def test_a_title_is_sought_at_the_start_of_a_notice_alone() -> None:
    """Else who fills many notices with texts of 24 KiB makes every listing read all of them."""
    body = Body(MemoryLedger(), 1).join()
    for blank in (limits.TITLE_SOUGHT - 20, limits.TITLE_SOUGHT):
        body.publish(NoticeKind.CHANGE, b"\n" * blank + "# 通知 Notice\nMore.".encode())
    assert titles(body.ledger.state, subject="change") == [
        "Body 1: change", "Body 1: change: 通知 Notice",
    ]  # fmt: skip


def test_hostile_texts_are_inert_in_both_forms() -> None:
    ledger = MemoryLedger()
    hostile_network(ledger, "http://127.0.0.1:9/")
    feed = feed_of(ledger.state)
    raw = json_feed(feed).decode()
    items = json.loads(raw)["items"]
    root = _atom(feed)  # parses: nothing in it ended the document early
    assert {element.tag.removeprefix(ATOM) for element in root.iter()} == {
        "feed", "id", "title", "subtitle", "updated", "author", "name", "entry", "category",
        "content",
    }  # fmt: skip
    assert all(element.get("type") in (None, "text") for element in root.iter())
    for text in (*(one["content_text"] for one in items), *(one["title"] for one in items)):
        assert not any(character in text for character in FORBIDDEN)
    assert all(len(one["title"]) <= limits.NAME_CHARS and "\n" not in one["title"] for one in items)
    assert any(LONG in one["content_text"] for one in items), "a text the contracts take is whole"
    assert not any("url" in one or "content_html" in one for one in items)


def _atom(feed: Feed) -> ElementTree.Element:
    return ElementTree.fromstring(atom_feed(feed))
