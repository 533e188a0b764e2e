"""Whether a check costs more as the ledger fills: 1,000 anchored certificates, then 1,000,000.

The certificates are counted the hard way, as if each were anchored alone, and one in ten has a
status event; the rows are made up, the one certificate that is checked is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from hashlib import sha256
from itertools import islice

from core.events import Anchored, Event, Position, StatusDeclared
from core.registry import Head
from tests.bench.check import whole_check
from tests.bench.measure import Result, in_turns, ratio
from tests.bench.world import World, world

_FEW, _MANY = 1_000, 1_000_000
_ONE_IN = 10
_BLOCK_ROWS = 2_000


def main(seconds: float) -> Result:
    """Check one certificate over a small and over a large followed ledger."""
    result = Result("scale", "one check, as the number of anchored certificates grows")
    with ExitStack() as held:
        few, many = (held.enter_context(world()) for _ in range(2))
        _fill(few, _FEW)
        _fill(many, _MANY)
        names = (f"check, {_FEW:,} anchored", f"check, {_MANY:,} anchored")
        result.samples = in_turns(
            dict(zip(names, map(whole_check, (few, many)), strict=True)), seconds=seconds
        )
        size = many.state_file.stat().st_size / 2**20
    result.figures = {"the larger ledger state": f"{size:,.0f} MiB"}
    growth = ratio(result.samples[names[1]], result.samples[names[0]])
    result.at_most(f"cost at {_MANY:,} ÷ at {_FEW:,}", growth, 1.3)
    return result


def _fill(made: World, certificates: int) -> None:
    """Add blocks with made-up anchors and status events behind the real ones."""
    block = made.ledger.block
    start = made.ledger.time
    rows = _rows(certificates)
    while some := list(islice(rows, _BLOCK_ROWS)):
        block += 1
        events = [row(Position(block, index), start) for index, row in enumerate(some)]
        made.store.append([Head(block, block.to_bytes(32), start)], events)


class _Row:
    """One event of the certificate with a number, once its place is known."""

    def __init__(self, number: int, is_status: bool) -> None:
        self._digest = sha256(b"%d" % number).digest()
        self._is_status = is_status

    def __call__(self, position: Position, time: int) -> Event:
        if self._is_status:
            return StatusDeclared(
                position, time, 1, self._digest, 2, 1, time, time + 1, 0, bytes(32), 0
            )
        return Anchored(position, time, 1, self._digest, 64)


def _rows(certificates: int) -> Iterator[_Row]:
    for number in range(certificates):
        yield _Row(number, is_status=False)
        if number % _ONE_IN == 0:
            yield _Row(number, is_status=True)
