"""Line 7: was the issuer accredited for this standard and sector at that moment?

Decides what one accreditation says: that it is in effect and covers the certificate, and whether it
already did when the certificate was registered, or was declared only afterwards. Nobody accredits
itself. For sectors, the one asked for counts, else all that the certificate names: some of them
covered is a condition. Held back ones are not shared, unless all sectors are covered; so are then
all needed, or hiding them would answer better than showing them.
"""

from typing import Final

from core.accreditation import (
    ALL_SECTORS,
    AccreditationStanding,
    AccreditationState,
    accreditation_at,
    moments_of,
)
from core.events import Role
from core.outcome import Outcome
from core.reasons import REASONS
from core.recognition import Accredited, Facts, Member
from verifier.checks.case import date
from verifier.checks.link import LOST, Asked, Link, When, is_warned_about, named, span

_UNACCREDITED: Final = {
    AccreditationStanding.NONE: "accreditation_none",
    AccreditationStanding.NOT_YET: "accreditation_not_yet",
    AccreditationStanding.IN_EFFECT: "accreditation_not_understood",
    AccreditationStanding.ENDED: "accreditation_ended",
    AccreditationStanding.SUSPENDED: "accreditation_suspended",
    AccreditationStanding.WITHDRAWN: "accreditation_withdrawn",
    AccreditationStanding.NOT_UNDERSTOOD: "accreditation_not_understood",
}


def accredited(facts: Facts, asked: Asked, when: When, entry: Accredited) -> Link:
    """Return what one accreditation says of a kind of certificate."""
    body = facts.member(entry.accreditation_body)
    of_itself = entry.accreditation_body == asked.body
    if body is None or of_itself or not body.has_role(Role.ACCREDITATION_BODY):
        return Link("accreditation_none", named(facts, asked.body))
    state = accreditation_at(entry.history, when.at)
    if state.standing is not AccreditationStanding.IN_EFFECT or state.coverage is None:
        return Link(_UNACCREDITED[state.standing], named(facts, body.number, state.begins))
    standing, lost = body.standing_at(when.at)
    if standing in LOST:
        return Link(f"accreditation_body_{standing}", named(facts, body.number, lost))
    covered = state.coverage.sectors_of(asked.standard)
    if not covered:
        return Link("accreditation_other_standard", {"body": body.name})
    code, wanted = _sectors(asked, covered)
    if REASONS[code].outcome in (Outcome.NO, Outcome.NOT_SHARED):
        return Link(code, {"body": body.name})
    return _in_effect(facts, asked, when, entry, body, state, (code, wanted))


def _in_effect(
    facts: Facts, asked: Asked, when: When, entry: Accredited,
    body: Member, state: AccreditationState, covering: tuple[str, tuple[str, ...]],
) -> Link:  # fmt: skip
    """Return the answer of an accreditation that covers it: since when, and with what condition."""
    history, (code, wanted) = entry.history, covering

    def holds(moment: int) -> bool:
        return (
            accreditation_at(history, moment).covers(asked.standard, wanted)
            and body.standing_at(moment)[0] not in LOST
        )

    def moments() -> set[int]:
        return moments_of(history) | {turn.time for turn in body.turns}

    since, until = span(when, moments, holds)
    day = since
    known = accreditation_at(history, when.at, when.at if when.is_past else None)
    if not known.covers(asked.standard, wanted):
        code, day = "accredited_declared_later", state.declared
    elif when.registered is not None and when.registered <= when.at and not holds(when.registered):
        code = "accredited_since"
    elif code == "accredited" and is_warned_about(facts, body.number):
        code = "accredited_with_alert"
    places = {"body": body.name, "date": date(day)}
    return Link(code, places, since, until)


def _sectors(asked: Asked, covered: frozenset[str]) -> tuple[str, tuple[str, ...]]:
    """Return the code for the sectors covered, and those that have to be at other moments too."""
    if asked.sector is not None:
        fits = covered == ALL_SECTORS or asked.sector in covered
        return ("accredited" if fits else "accreditation_other_sector"), (asked.sector,)
    if covered == ALL_SECTORS:  # where none is shown, it may be any
        return "accredited", asked.sectors or tuple(ALL_SECTORS)
    if asked.sectors is None:
        return "accreditation_sectors_not_shared", ()
    if not asked.sectors:
        return "accredited_sectors_not_stated", ()
    fitting = tuple(sector for sector in asked.sectors if sector in covered)
    if not fitting:
        return "accreditation_other_sector", ()
    whole = len(fitting) == len(asked.sectors)
    return ("accredited" if whole else "accredited_in_part"), fitting
