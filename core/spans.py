"""Stretches of time: when something began that holds at a moment, and when it will end.

What follows from a history changes only at the moments that the history names, so between two of
them every answer is the same.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence


def period(moments: Sequence[int], moment: int) -> int:
    """Return a number for the stretch of time around a moment in which nothing changes.

    Args:
        moments: every moment at which anything can change, in order.
        moment: Unix seconds.
    """
    return bisect_right(moments, moment)


def held_since(moments: Iterable[int], moment: int, holds: Callable[[int], bool]) -> int:
    """Return since when without a break something holds that holds at ``moment``.

    Args:
        moments: every moment at which it can begin or end.
        moment: where to look back from.
        holds: whether it holds at a moment.
    """
    since = moment
    for earlier in sorted({m for m in moments if m <= moment}, reverse=True):
        if not holds(earlier):
            break
        since = earlier
    return since


def held_until(moments: Iterable[int], moment: int, holds: Callable[[int], bool]) -> int:
    """Return the moment after ``moment`` at which something holds no more, 0 for none known."""
    later = sorted({m for m in moments if m > moment})
    return next((m for m in later if not holds(m)), 0)
