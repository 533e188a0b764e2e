"""Sealing a batch of the largest size, shuffle and random padding included."""

from __future__ import annotations

import os
from hashlib import sha256

from core import limits
from core.batch import Batch
from tests.bench.measure import Result, in_turns


def main(seconds: float) -> Result:
    """Seal 131,072 leaves, none of them padding."""
    leaves = [sha256(b"%d" % i).digest() for i in range(limits.BATCH_LEAVES_MAX)]
    result = Result("seal", f"sealing {len(leaves):,} leaves")
    result.samples = in_turns(
        {
            "seal": lambda: Batch.seal(leaves, os.urandom),
            "its hashes alone": lambda: _hashes(len(leaves) - 1),
        },
        seconds=seconds,
    )
    result.at_most("seal", result.samples["seal"].minimum, 0.3, "s")
    return result


def _hashes(count: int) -> None:
    node = b"\x01" + bytes(64)
    for _ in range(count):
        sha256(node).digest()
