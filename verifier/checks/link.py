"""What the rungs of recognition have in common: what is asked, which moments count, an answer.

Decides nothing itself.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from core.events import SubjectKind, alert_key
from core.reasons import REASONS
from core.recognition import Facts, Standing
from core.report import Outcome
from core.spans import held_since, held_until
from verifier.checks.case import date

MANAGEMENT_SYSTEMS: Final = "MSC"
"""The main scope of every e-certificate there is so far."""

LOST: Final = frozenset({Standing.SUSPENDED, Standing.EXPELLED})
"""Where a member stands that carries nothing any more."""

_GRAVITY: Final = {
    Outcome.YES: 0,
    Outcome.NOT_ASKED: 0,
    Outcome.CONDITION: 1,
    Outcome.NOT_SHARED: 2,
    Outcome.COULD_NOT_BE_CHECKED: 3,
    Outcome.NO: 4,
}
_NO_PLACES: Final[Mapping[str, str]] = MappingProxyType({})


class Asked(NamedTuple):
    """What recognition depends on beside the ledger, the policy and the moment.

    Attributes:
        body: the certification body's member number.
        standard: the certificate's.
        sectors: the certificate's, as far as they are shared; None when they are held back.
        sector: the one sector asked for, None for all of the certificate's.
        market: economy it is to be used in.
    """

    body: int
    standard: str
    sectors: tuple[str, ...] | None
    sector: str | None
    market: str


class When(NamedTuple):
    """The moments that count, in Unix seconds.

    Attributes:
        at: the moment asked about.
        registered: when the certificate was registered, None when it is not.
        is_past: whether a moment other than now is asked about, so that it matters what was
            recorded only after it.
        is_dated: whether it is asked since when and until when the answer holds. To look for that
            costs far more than the answer, and whoever looks for it over many moments needs it of
            none of them.
    """

    at: int
    registered: int | None
    is_past: bool
    is_dated: bool = True


class Link(NamedTuple):
    """The answer at one rung: a reason code, its places, and from when until when it holds."""

    code: str
    places: Mapping[str, str] = _NO_PLACES
    begins: int = 0
    until: int = 0

    @property
    def outcome(self) -> Outcome:
        """The outcome the code stands for."""
        return REASONS[self.code].outcome

    @property
    def gravity(self) -> int:
        """How bad that is; 0 is good."""
        return _GRAVITY[self.outcome]


def named(facts: Facts, member: int, moment: int | None = None) -> dict[str, str]:
    """Return the places of a sentence about a member, with a day where there is one."""
    places = {"body": facts.name_of(member)}
    return places if moment is None else places | {"date": date(moment)}


def span(
    when: When, moments: Callable[[], Iterable[int]], holds: Callable[[int], bool]
) -> tuple[int, int]:
    """Return since when and until when something holds; twice 0 where that is not asked.

    Args:
        moments: gives every moment at which it can begin or end.
        holds: whether it holds at a moment.
    """
    if not when.is_dated:
        return 0, 0
    known = sorted(moments())
    return held_since(known, when.at, holds), held_until(known, when.at, holds)


def is_warned_about(facts: Facts, member: int) -> bool:
    """Return whether an alert about a member is open."""
    return facts.open_alert(alert_key(SubjectKind.MEMBER, member, b"")) is not None
