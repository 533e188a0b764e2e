"""``comity doctor --ledger``: everything the node keeps, compared with its source.

Decides what is asked and in which order: what the node keeps against itself and the followed
ledger (``node/fsck.py``), then the followed ledger against the chain node, block by block. A chain
node that does not answer leaves the second part open, which is said and is no fault. Refuses to
judge as long as the ledger has not been followed far enough to know this body.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from contracts.blocks import Block
from contracts.chain import Chain
from contracts.ledgerstore import LedgerStore, Snapshot
from contracts.reader import Ledger
from core.errors import ComityError, Unavailable, UsageError
from core.events import Event, MemberAdmitted, Position, member_key
from core.issuer import did_of_endpoint
from core.limits import LOG_RANGE_BLOCKS
from core.runtime.exits import Exit
from node.config import LedgerSettings, NodeConfig
from node.fsck import CHECKS, inspect
from node.membership import open_followed
from node.places import NodePlaces
from node.recompute import Finding
from node.store.engine import Store

_EVENTS_AT_ONCE: Final = 1_000
_AGAIN: Final = "stop the node, remove ledger.db, start: it is fetched again"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found.

    Args:
        findings: what is not as it must be.
        not_compared: why the followed ledger was not compared with the chain node; None if it was.
    """

    findings: tuple[Finding, ...]
    not_compared: str | None

    @property
    def exit(self) -> Exit:
        """0 nothing is wrong, 1 something is, 3 not all could be looked at."""
        if self.findings:
            return Exit.REFUSED
        return Exit.DONE if self.not_compared is None else Exit.UNREACHABLE

    def dump(self) -> dict[str, Any]:
        """Return the diagnosis as ``--json`` shows it."""
        return {
            "faults": [finding.dump() for finding in self.findings],
            "chain": "compared" if self.not_compared is None else self.not_compared,
        }


def diagnose(
    config: NodeConfig,
    places: NodePlaces,
    store: Store,
    *,
    now: datetime,
    advance: Callable[[int], None] = lambda _steps: None,
) -> Diagnosis:
    """Look at everything; changes nothing.

    Args:
        advance: is called after each of ``STEPS`` steps.

    Raises:
        UsageError: the node is connected to no ledger.
        Unavailable: the database does not answer, or the ledger was not followed far enough.
    """
    settings = config.ledger
    if settings is None:
        raise UsageError(
            "no_ledger_configured", "node.toml names no ledger", "run: comity node connect"
        )
    followed = open_followed(places.followed_ledger, settings.origin)
    try:
        member = _member(followed, config.endpoint)
        findings = inspect(store, followed.snapshot, member, now=now, advance=advance)
        not_compared = None
        try:
            findings += compare_mirror(followed, settings)
        except ComityError as error:
            not_compared = error.code
        advance(1)
    finally:
        followed.close()
    return Diagnosis(tuple(findings), not_compared)


STEPS: Final = len(CHECKS) + 1


def compare_mirror(followed: LedgerStore, settings: LedgerSettings) -> list[Finding]:
    """Return where the followed ledger differs from what the chain node tells, at its first block.

    Raises:
        ComityError: the chain node does not answer, or shows what no honest one can.
    """
    head = followed.cursor()
    if head is None:
        return []
    chain = Chain(settings.rpc_url, settings.chain_id)
    try:
        ledger = Ledger.open(chain, settings.directory)
        emitters = ledger.emitters()
        keys: Counter[str] = Counter()
        for first in range(0, head.block + 1, LOG_RANGE_BLOCKS):
            last = min(first + LOG_RANGE_BLOCKS - 1, head.block)
            found = ledger.follow(first, last, emitters)
            emitters = found.emitters
            keys.update(event.key() for event in found.events)
            if not _is_mirrored(followed, found.blocks, found.events):
                return [_differs(f"blocks {first} to {last}")]
    finally:
        chain.close()
    with followed.snapshot() as snapshot:
        wrong = [key for key in keys if len(snapshot.history(key)) < keys[key]]
    return [_differs(key) for key in wrong[:1]]


def _is_mirrored(followed: LedgerStore, blocks: Sequence[Block], events: Sequence[Event]) -> bool:
    try:
        with followed.snapshot() as snapshot:
            told = list(_told(snapshot, blocks[0].number, blocks[-1].number))
        hashes = {block.number: followed.block_hash(block.number) for block in blocks}
    except (ComityError, ValueError, TypeError):  # what cannot be read is no mirror either
        return False
    return told == list(events) and all(hashes[b.number] in (None, b.hash) for b in blocks)


def _told(snapshot: Snapshot, first: int, last: int) -> Iterator[Event]:
    after = Position(first, -1)
    while page := snapshot.events(after, _EVENTS_AT_ONCE):
        for event in page:
            if event.position.block > last:
                return
            yield event
        after = page[-1].position


def _differs(where: str) -> Finding:
    at = f"followed ledger, {where}"
    return Finding("mirror_differs", at, "it is not what the chain node tells", _AGAIN)


def _member(followed: LedgerStore, endpoint: str) -> int:
    with followed.snapshot() as evidence:
        member = evidence.member_of(did_of_endpoint(endpoint) or "")
        history = evidence.history(member_key(member)) if member is not None else ()
    admitted = next((event for event in history if isinstance(event, MemberAdmitted)), None)
    if member is None or admitted is None or admitted.endpoint != endpoint:
        raise Unavailable(
            "ledger_not_followed",
            "the ledger has not been followed far enough to know this body",
            "keep comity node run going; it follows the ledger",
        )
    return member
