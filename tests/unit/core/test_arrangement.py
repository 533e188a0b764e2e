"""A party of an arrangement: bound or not, for a scope, at a moment."""

from __future__ import annotations

import pytest

from core.arrangement import PartyStanding, party_at
from core.events import ArrangementParty, PartyAction, Position

ACTIONS = {
    "?": PartyAction.INVITED,
    "+": PartyAction.ACCEPTED,
    "-": PartyAction.LEFT,
    "!": PartyAction.SUSPENDED,
    "^": PartyAction.RESTORED,
}


def history(told: str) -> list[ArrangementParty]:
    """Return a history of words such as ``+MSC``, recorded at 10, 20 …; ``>`` another effect."""
    events = []
    for place, word in enumerate(told.split()):
        what, _, effective = word.partition(">")
        time = 10 * (place + 1)
        action = ACTIONS.get(what[0], 9)
        events.append(
            ArrangementParty(
                Position(time, 0), time, 1, 2, what[1:], int(action), 0,
                int(effective or time), place,
            )
        )  # fmt: skip
    return events


@pytest.mark.parametrize(
    ("told", "scope", "moment", "standing"),
    [
        ("", "MSC/QMS", 99, "none"),
        ("?", "MSC/QMS", 99, "invited"),
        ("? +MSC", "MSC/QMS", 99, "accepted"),
        ("? +MSC", "MSC", 99, "accepted"),
        ("? +MSC/QMS", "MSC/QMS", 99, "accepted"),
        ("? +MSC/QMS", "MSC", 99, "other_scope"),
        ("? +MSC/EMS", "MSC/QMS", 99, "other_scope"),
        ("? +MSC", "MSC/QMS", 15, "not_yet"),
        ("? +MSC>50", "MSC/QMS", 40, "not_yet"),
        ("? +MSC -MSC", "MSC/QMS", 99, "left"),
        ("? +MSC -MSC/QMS", "MSC/QMS", 99, "left"),
        ("? +MSC -MSC/QMS", "MSC/EMS", 99, "accepted"),
        ("? +MSC -MSC +MSC/QMS", "MSC/QMS", 99, "accepted"),
        ("? +MSC -MSC +MSC/QMS", "MSC/EMS", 99, "left"),
        ("? +MSC/QMS -MSC", "MSC/QMS", 99, "left"),
        ("? +MSC !MSC", "MSC/QMS", 99, "suspended"),
        ("? +MSC !MSC/QMS", "MSC/QMS", 99, "suspended"),
        ("? +MSC !MSC/QMS", "MSC/EMS", 99, "accepted"),
        ("? +MSC !MSC/QMS ^MSC", "MSC/QMS", 99, "suspended"),
        ("? +MSC !MSC ^MSC", "MSC/QMS", 99, "accepted"),
        ("? +MSC !MSC -MSC", "MSC/QMS", 99, "left"),
        ("? +MSC !MSC -MSC +MSC", "MSC/QMS", 99, "suspended"),
        ("? +MSC !MSC +MSC/QMS", "MSC/QMS", 99, "suspended"),
        ("? +MSC !MSC>60", "MSC/QMS", 50, "accepted"),
        ("? +MSC -MSC>60", "MSC/QMS", 59, "accepted"),
        ("? +MSC -MSC>60", "MSC/QMS", 60, "left"),
        ("? ^MSC", "MSC/QMS", 99, "invited"),
        ("? +MSC xMSC", "MSC/QMS", 99, "not_understood"),
    ],
)
def test_where_a_party_stands(told: str, scope: str, moment: int, standing: str) -> None:
    assert party_at(history(told), scope, moment).standing is PartyStanding(standing)


def test_what_was_recorded_later_does_not_count_where_it_is_not_to() -> None:
    told = history("? +MSC>5")
    assert party_at(told, "MSC", 15).standing is PartyStanding.ACCEPTED
    assert party_at(told, "MSC", 15, known_by=15).standing is PartyStanding.INVITED


def test_it_says_since_when_and_when_that_was_recorded() -> None:
    state = party_at(history("? +MSC>5 !MSC ^MSC>35"), "MSC", 99)
    assert (state.begins, state.declared) == (35, 40)
