"""How things are measured: in turns, in one run, so that a noisy machine disturbs all alike.

Absolute figures drift with the machine; a ratio of minima from one alternating run does not drift
much. Every measurement has a budget of seconds and ends when it is used up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter

_SLICE_SECONDS = 0.01  # in one turn: long enough to be warm, short enough to share disturbances
_CLOCK_SECONDS = 20e-6  # shorter operations are timed several at once
_ROUNDS_AT_LEAST = 5


@dataclass(frozen=True)
class Sample:
    """Seconds that one operation took, each time."""

    seconds: tuple[float, ...]

    @property
    def minimum(self) -> float:
        return min(self.seconds)

    @property
    def median(self) -> float:
        return median(self.seconds)


@dataclass(frozen=True)
class Goal:
    """A figure that was promised, and what became of it."""

    what: str
    value: float
    limit: float
    at_least: bool
    unit: str = "×"

    @property
    def is_met(self) -> bool:
        return self.value >= self.limit if self.at_least else self.value <= self.limit


@dataclass
class Result:
    """What one benchmark found: timed contenders, other figures, and goals."""

    name: str
    title: str
    samples: dict[str, Sample] = field(default_factory=dict)
    figures: dict[str, str] = field(default_factory=dict)
    goals: list[Goal] = field(default_factory=list)

    def at_least(self, what: str, value: float, limit: float, unit: str = "×") -> None:
        self.goals.append(Goal(what, value, limit, True, unit))

    def at_most(self, what: str, value: float, limit: float, unit: str = "×") -> None:
        self.goals.append(Goal(what, value, limit, False, unit))


def in_turns(
    contenders: Mapping[str, Callable[[], object]], *, seconds: float = 4.0
) -> dict[str, Sample]:
    """Time the contenders in turns until the budget is used up."""
    at_once = {name: _at_once(run) for name, run in contenders.items()}
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    ends = perf_counter() + seconds
    rounds = 0
    while rounds < _ROUNDS_AT_LEAST or perf_counter() < ends:
        for name, run in contenders.items():
            turn_ends = perf_counter() + _SLICE_SECONDS
            while perf_counter() < turn_ends:
                taken[name].append(_time(run, at_once[name]))
        rounds += 1
    return {name: Sample(tuple(all_of)) for name, all_of in taken.items()}


def ratio(over: Sample, under: Sample) -> float:
    """Return the ratio of the minima."""
    return over.minimum / under.minimum


def _at_once(run: Callable[[], object]) -> int:
    run()  # caches, imports
    return max(1, round(_CLOCK_SECONDS / _time(run, 1)))


def _time(run: Callable[[], object], loops: int) -> float:
    begun = perf_counter()
    for _ in range(loops):
        run()
    return (perf_counter() - begun) / loops
