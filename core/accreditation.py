"""An accreditation: what an accreditation body's declarations mean at a moment.

The history of one accreditation body, certification body and main scope holds everything that was
ever declared. Of the declarations in effect at a moment the one *recorded last* decides the state,
the last grant or reduction among them what is covered, and the last grant until when: a reduction
after it may end it earlier, and never later.

=============  =====================================================================
state          at moment T
=============  =====================================================================
none           nothing was ever declared
not_yet        a grant is recorded that takes effect after T
in_effect      granted or restored, and T is before the grant's ``until``
ended          as above, and T is not before it
suspended      suspended; also past the suspension's ``until``, for only a restoration
               ends a suspension
withdrawn      withdrawn
not_understood a declaration in effect, or the coverage, is none that this version knows
=============  =====================================================================

A reduction takes away and adds nothing, whatever it states: even a body that was expelled may still
reduce, and date it back. So nothing is covered, and nothing lasts, beyond the grant before it.

Coverage is RFC 8785 JSON, ``{"ISO 9001":["19","28"],"ISO 14001":"all"}``: a standard without a year
covers every edition of it. Refuses any other text; the ledger bounds only its length.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final

from core import codes, limits
from core.encoding import canonical_json, parse_canonical_json
from core.errors import FormatError
from core.events import AccreditationAction, AccreditationDeclared, Event
from core.plaintext import text_finding

ALL_SECTORS: Final = frozenset({"all"})
NO_SECTORS: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which standards an accreditation covers, each with its sectors.

    Attributes:
        standards: by standard, with or without a year, its sectors or ``ALL_SECTORS``.
    """

    standards: Mapping[str, frozenset[str]]

    @classmethod
    def parse(cls, text: str) -> "Coverage":
        """Return the coverage that ``text`` states.

        Raises:
            FormatError: not canonical JSON, or not standards with sectors.
        """
        value = parse_canonical_json(
            text.encode("utf-8", "surrogatepass"), what="coverage", max_bytes=limits.COVERAGE_BYTES
        )
        if not isinstance(value, dict) or not value:
            raise FormatError("coverage_form", "coverage: expected standards with their sectors")
        for name in value:
            if text_finding(name, limits.NAME_CHARS) is not None:
                raise FormatError("coverage_form", "coverage: expected the names of standards")
        return cls({name: _sectors(sectors) for name, sectors in value.items()})

    def dump(self) -> str:
        """Return the text that ``parse`` reads."""
        return canonical_json(
            {
                name: "all" if sectors == ALL_SECTORS else sorted(sectors)
                for name, sectors in self.standards.items()
            }
        ).decode()

    def within(self, wider: "Coverage") -> "Coverage":
        """Return what both cover; of a family and one edition of it, the edition."""
        found: dict[str, frozenset[str]] = {}
        theirs = _by_family(wider)
        for name, sectors in self.standards.items():
            family, edition = codes.family_and_edition(name)
            for other, of_other, held in theirs.get(family, ()):
                both = _common(sectors, held)
                if both and (edition == of_other or "" in (edition, of_other)):
                    narrow = name if edition else other
                    found[narrow] = _together(found.get(narrow, NO_SECTORS), both)
        return Coverage(found)

    def sectors_of(self, standard: str) -> frozenset[str]:
        """Return the sectors covered for a standard, empty when it is not covered at all."""
        fitting = [s for name, s in self.standards.items() if codes.same_standard(name, standard)]
        return _together(*fitting)


def _together(*held: frozenset[str]) -> frozenset[str]:
    return ALL_SECTORS if ALL_SECTORS in held else NO_SECTORS.union(*held)


def _common(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    if one == ALL_SECTORS:
        return other
    return one if other == ALL_SECTORS else one & other


def _by_family(coverage: Coverage) -> dict[str, list[tuple[str, str, frozenset[str]]]]:
    """Return what is covered by family: name, edition and sectors of each entry."""
    found: dict[str, list[tuple[str, str, frozenset[str]]]] = {}
    for name, sectors in coverage.standards.items():
        family, edition = codes.family_and_edition(name)
        found.setdefault(family, []).append((name, edition, sectors))
    return found


def _sectors(value: Any) -> frozenset[str]:
    if value == "all":
        return ALL_SECTORS
    known = codes.sectors()
    if not isinstance(value, list) or not value or value != sorted({*map(str, value)}):
        raise FormatError("coverage_form", 'coverage: expected "all" or sectors in order')
    if any(sector not in known for sector in value):
        raise FormatError("unknown_sector", "coverage: expected two-digit sector codes, 01 to 39")
    return frozenset(value)


class AccreditationStanding(StrEnum):
    """The states of the module's table."""

    NONE = "none"
    NOT_YET = "not_yet"
    IN_EFFECT = "in_effect"
    ENDED = "ended"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"
    NOT_UNDERSTOOD = "not_understood"


@dataclass(frozen=True, slots=True)
class AccreditationState:
    """What holds at one moment.

    Args:
        standing: the state.
        coverage: what is or was covered last, None where nothing was granted.
        begins: since when the state holds; for ``not_yet``, from when it will.
        until: the end that the grant states, 0 for none.
        declared: when the ledger recorded what decides, 0 for ``none``.
    """

    standing: AccreditationStanding
    coverage: Coverage | None = None
    begins: int = 0
    until: int = 0
    declared: int = 0

    def covers(self, standard: str, sectors: Iterable[str]) -> bool:
        """Return whether it is in effect for a standard in all of ``sectors``."""
        if self.standing is not AccreditationStanding.IN_EFFECT or self.coverage is None:
            return False
        covered = self.coverage.sectors_of(standard)
        return bool(covered) and (covered == ALL_SECTORS or covered.issuperset(sectors))


_NOTHING: Final = AccreditationState(AccreditationStanding.NONE)
_IN_EFFECT: Final = AccreditationStanding.IN_EFFECT
_ACTIONS: Final = frozenset(AccreditationAction)
_ACTION: Final = attrgetter("action")
_COVERING: Final = frozenset({AccreditationAction.GRANT, AccreditationAction.REDUCE})
_DECIDING: Final[Mapping[int, AccreditationStanding]] = {
    AccreditationAction.GRANT: AccreditationStanding.IN_EFFECT,
    AccreditationAction.RESTORE: AccreditationStanding.IN_EFFECT,
    AccreditationAction.SUSPEND: AccreditationStanding.SUSPENDED,
    AccreditationAction.WITHDRAW: AccreditationStanding.WITHDRAWN,
}


def accreditation_at(
    history: Sequence[Event], moment: int, known_by: int | None = None
) -> AccreditationState:
    """Return what an accreditation's history says of a moment.

    Args:
        history: of one key ``accreditation/AB/CB/SCOPE``, oldest first.
        moment: Unix seconds.
        known_by: only what the ledger had recorded by then counts; None for all of it.
    """
    known = history if known_by is None else [e for e in history if e.time <= known_by]
    counted = [
        event
        for event in known
        if isinstance(event, AccreditationDeclared) and event.effective_at <= moment
    ]
    if not _ACTIONS.issuperset(map(_ACTION, counted)):
        return AccreditationState(AccreditationStanding.NOT_UNDERSTOOD, declared=counted[-1].time)
    lasting = _lasting(counted)
    last = next((e for e in reversed(counted) if e.action != AccreditationAction.REDUCE), None)
    if last is not None and (lasting or _DECIDING[last.action] is not _IN_EFFECT):
        return _state(last, lasting, moment)
    declared = [event for event in known if isinstance(event, AccreditationDeclared)]
    if not declared:
        return _NOTHING
    first = min(declared, key=lambda event: (event.effective_at <= moment, event.effective_at))
    return AccreditationState(
        AccreditationStanding.NOT_YET, begins=first.effective_at, declared=first.time
    )


def _state(
    last: AccreditationDeclared, lasting: Sequence[AccreditationDeclared], moment: int
) -> AccreditationState:
    standing = _DECIDING[last.action]
    if not lasting:  # suspended or withdrawn from before it took effect
        return AccreditationState(standing, begins=last.effective_at, declared=last.time)
    texts = dict.fromkeys(event.coverage for event in lasting)
    until = min((event.until for event in lasting if event.until), default=0)
    coverage = _reduced(tuple(texts)) if len(texts) <= 1 + limits.REDUCTIONS else None
    begins, declared = last.effective_at, last.time
    if standing is _IN_EFFECT:
        declared = max(last.time, lasting[-1].time)
        if coverage is None:
            standing = AccreditationStanding.NOT_UNDERSTOOD
        elif until and moment >= until:
            standing, begins = AccreditationStanding.ENDED, until
    return AccreditationState(standing, coverage, begins, until, declared)


def _lasting(counted: Sequence[AccreditationDeclared]) -> Sequence[AccreditationDeclared]:
    """Return the last grant and the reductions after it: together they say what is left."""
    found = []
    for event in reversed(counted):
        if event.action in _COVERING:
            found.append(event)
            if event.action == AccreditationAction.GRANT:
                break
    return found[::-1]


@lru_cache(maxsize=4096)
def _reduced(texts: tuple[str, ...]) -> Coverage | None:
    """Return what a grant and the reductions after it leave, None when one cannot be understood."""
    last = coverage_of(texts[-1])
    if len(texts) == 1 or last is None:
        return last
    before = _reduced(texts[:-1])
    return None if before is None else last.within(before)


@lru_cache(maxsize=4096)
def coverage_of(text: str) -> Coverage | None:
    """Return the coverage that a declaration states, None when it cannot be understood."""
    try:
        return Coverage.parse(text)
    except FormatError:
        return None


def moments_of(history: Sequence[Event]) -> set[int]:
    """Return the moments at which what a history says can change."""
    moments: set[int] = set()
    for event in history:
        if isinstance(event, AccreditationDeclared):
            moments |= {event.time, event.effective_at, event.until}
    return moments
