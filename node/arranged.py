"""How arrangements stand: who made them, who was invited, who is bound to whom for which scope.

Decides nothing of its own: ``core/arrangement.py`` says what a history means.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core.arrangement import PartyStanding, party_at
from core.errors import NotFound
from core.events import ArrangementMade, ArrangementParty, Role, arrangement_key, party_key
from node.membership import Evidence
from node.naming import Member, dumped, members_of, time_of


def arrangement_made(evidence: Evidence, number: int) -> ArrangementMade:
    """Return how an arrangement was made.

    Raises:
        NotFound: there is none with this number.
    """
    for event in evidence.history(arrangement_key(number)):
        if isinstance(event, ArrangementMade):
            return event
    raise NotFound("arrangement_unknown", f"there is no arrangement {number}",
                   "comity arrangement show")  # fmt: skip


def accepted_by(evidence: Evidence, arrangement: int, scope: str, moment: int) -> list[int]:
    """Return the parties that are bound by an arrangement for a scope at a moment."""
    return [
        party
        for party in parties_of(evidence, arrangement)
        if party_at(evidence.history(party_key(arrangement, party)), scope, moment).standing
        is PartyStanding.ACCEPTED
    ]


def parties_of(evidence: Evidence, arrangement: int) -> list[int]:
    """Return everybody that was ever invited."""
    keys = evidence.keys(f"{arrangement_key(arrangement)}/")
    return sorted(int(key.rpartition("/")[2]) for key in keys)


def arrangements(evidence: Evidence, now: datetime) -> list[dict[str, Any]]:
    """Return every arrangement with its parties as they stand now, as ``--json`` shows them."""
    members = members_of(evidence)
    made = [
        event
        for key in evidence.keys("arrangement/")
        for event in evidence.history(key)
        if isinstance(event, ArrangementMade)
    ]
    made.sort(key=lambda event: event.arrangement)
    return [_told(evidence, members, one, int(now.timestamp())) for one in made]


def _told(
    evidence: Evidence, members: Mapping[int, Member], made: ArrangementMade, moment: int
) -> dict[str, Any]:
    number = made.arrangement
    parties = [_party(evidence, members, number, one, moment)
               for one in parties_of(evidence, number)]  # fmt: skip
    scopes = sorted({one["scope"] for party in parties for one in party["scopes"]})
    bound = {scope: accepted_by(evidence, number, scope, moment) for scope in scopes}
    return {
        "arrangement": number,
        "keeper": dumped(members, made.keeper),
        "roles": [str(role.name).lower() for role in Role if role & made.roles],
        "made_at": time_of(made.time),
        "text": {"sha256": made.text_hash.hex(), "bytes": made.text_size},
        "parties": parties,
        "in_effect": [
            {"scope": scope, "between": between, "unilateral": len(between) == 1}
            for scope, between in bound.items()
            if between
        ],
    }


def _party(
    evidence: Evidence, members: Mapping[int, Member], arrangement: int, party: int, moment: int
) -> dict[str, Any]:
    history = evidence.history(party_key(arrangement, party))
    scopes = sorted({e.scope for e in history if isinstance(e, ArrangementParty) and e.scope})
    states = {scope: party_at(history, scope, moment) for scope in scopes}
    return {
        **dumped(members, party),
        "scopes": [
            {
                "scope": scope,
                "state": state.standing.value,
                "since": time_of(state.begins),
                "declared_at": time_of(state.declared),
            }
            for scope, state in states.items()
        ],
    }
