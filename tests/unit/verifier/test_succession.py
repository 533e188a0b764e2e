"""Certificates that follow each other: a pair is followed and shown only where each names the
other."""

from __future__ import annotations

from core.credential import Slot
from core.events import State, StatusDeclared
from core.report import Report, Verdict
from core.report_details import PREDECESSOR, SUCCESSOR, THIS
from core.status_reasons import BY_WORD
from tests.support.network import Body, Issued, MemoryLedger
from verifier.verify import check

RENEWED = BY_WORD["renewed"].number


def say(body: Body, slot: Slot, state: State, linked: tuple[Body, Slot] | None = None) -> None:
    """Declare a state that may name another certificate."""
    position, time = body.ledger.next()
    member, digest = (linked[0].number, linked[1].digest) if linked else (0, bytes(32))
    number = sum(
        isinstance(e, StatusDeclared) and e.slot == slot.digest for e in body.ledger.events
    )
    body.ledger.record(
        StatusDeclared(
            position, time, body.number, slot.digest, state, RENEWED, time, 0, member, digest,
            number,
        )
    )  # fmt: skip


def pair(other: Body | None = None) -> tuple[Body, Issued, Body, Issued]:
    """Return two registered certificates, of one body or two, that know nothing of each other."""
    old_body = Body(MemoryLedger(), 1).join()
    new_body = old_body if other is None else Body(old_body.ledger, other.number).join()
    old, new = old_body.issue(), new_body.issue()
    old_body.anchor(old)
    new_body.anchor(new)
    return old_body, old, new_body, new


def ask(body: Body, issued: Issued) -> Report:
    return check(body.bundle(issued), body.ledger.state, now=body.ledger.now)


def told(report: Report) -> list[tuple[str, str, int | None]]:
    return [(e.certificate, e.state, e.linked_member) for e in report.status_history]


def test_a_pair_pointing_both_ways_is_followed_from_both_ends() -> None:
    body, old, _, new = pair()
    say(body, new.slot, State.IN_FORCE, (body, old.slot))
    say(body, old.slot, State.SUPERSEDED, (body, new.slot))
    before, after = ask(body, old), ask(body, new)
    assert before.checks[4].code == "superseded"
    assert told(before) == [(SUCCESSOR, "in_force", 1), (THIS, "superseded", 1)]
    assert after.verdict is Verdict.GENUINE_AND_IN_FORCE
    assert told(after) == [(THIS, "in_force", 1), (PREDECESSOR, "superseded", 1)]
    assert before.status_history[1].reason == "renewed"


def test_a_transfer_to_another_body_is_followed_too() -> None:
    body, old, taker, new = pair(Body(MemoryLedger(), 2))
    say(taker, new.slot, State.IN_FORCE, (body, old.slot))
    say(body, old.slot, State.SUPERSEDED, (taker, new.slot))
    assert told(ask(body, old)) == [(SUCCESSOR, "in_force", 1), (THIS, "superseded", 2)]
    assert told(ask(taker, new)) == [(THIS, "in_force", 1), (PREDECESSOR, "superseded", 2)]


def test_a_successor_that_does_not_point_back_is_not_followed() -> None:
    body, old, _, new = pair()
    say(body, old.slot, State.SUPERSEDED, (body, new.slot))
    report = ask(body, old)
    assert report.checks[4].code == "superseded_unconfirmed"
    assert told(report) == [(THIS, "superseded", None)]
    assert told(ask(body, new)) == []


def test_a_successor_that_points_back_to_another_is_not_followed() -> None:
    body, old, _, new = pair()
    third = body.issue()
    body.anchor(third)
    say(body, new.slot, State.IN_FORCE, (body, third.slot))
    say(body, old.slot, State.SUPERSEDED, (body, new.slot))
    assert ask(body, old).checks[4].code == "superseded_unconfirmed"
    assert told(ask(body, old)) == [(THIS, "superseded", None)]
    assert told(ask(body, new)) == [(THIS, "in_force", None)]


def test_a_predecessor_that_does_not_point_on_is_not_followed() -> None:
    body, old, taker, new = pair(Body(MemoryLedger(), 2))
    say(body, old.slot, State.SUSPENDED)
    say(taker, new.slot, State.IN_FORCE, (body, old.slot))  # claims what is not its own
    assert told(ask(taker, new)) == [(THIS, "in_force", None)]
    assert told(ask(body, old)) == [(THIS, "suspended", None)]


def test_a_restoration_shows_the_history_of_what_it_restores() -> None:
    body, old, _, new = pair()
    say(body, old.slot, State.SUSPENDED)
    say(body, old.slot, State.IN_FORCE)
    say(body, new.slot, State.IN_FORCE, (body, old.slot))
    say(body, old.slot, State.SUPERSEDED, (body, new.slot))
    states = [(entry.certificate, entry.state) for entry in ask(body, new).status_history]
    assert states == [
        (PREDECESSOR, "suspended"),
        (PREDECESSOR, "in_force"),
        (THIS, "in_force"),
        (PREDECESSOR, "superseded"),
    ]


def test_certificates_that_follow_in_a_ring_end() -> None:
    body, old, _, new = pair()
    for slot, other in ((old.slot, new.slot), (new.slot, old.slot)):
        say(body, slot, State.IN_FORCE, (body, other))
    for slot, other in ((old.slot, new.slot), (new.slot, old.slot)):
        say(body, slot, State.SUPERSEDED, (body, other))
    assert len(ask(body, old).status_history) == 4  # its own, and the other's once


def test_nothing_is_shown_of_a_certificate_that_is_not_genuine() -> None:
    body, old, _, _ = pair()
    say(body, old.slot, State.SUSPENDED)
    stranger = Body(body.ledger, 1, "node9.example")
    forged = stranger.issue(old.slot)
    stranger.anchor(forged)
    report = ask(stranger, forged)
    assert report.verdict is Verdict.NOT_VALID
    assert report.status_history == ()
