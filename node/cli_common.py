"""What the node's commands share: their options, the desk they work at, and waiting.

Waiting decides nothing: what was received goes on whether anybody watches or not. It gives up when
nothing moves for two minutes, and says what to look at.
"""

import getpass
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from core.errors import LimitError, Unavailable
from node.folder import node_in_use
from node.states import ReceiptState

if TYPE_CHECKING:  # the database takes a second to load, and not every command needs it
    from node.desk import Desk
    from node.store.engine import Store

if TYPE_CHECKING:
    from keys.passphrase import Ask

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Node = Annotated[
    Path | None,
    typer.Option("--node", help="The node's folder; else COMITY_NODE.", show_default=False),
]
Wait = Annotated[bool, typer.Option("--wait", help="Wait until the ledger has it for good.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be said; change nothing.")]
Revision = Annotated[
    int | None,
    typer.Option(min=0, max=9_999, help="Default: the newest.", show_default=False),
]

PATIENCE_SECONDS: Final = 120.0
_WORKER_SILENT_SECONDS: Final = 60  # it speaks every two
_LOOK_SECONDS: Final = 0.25
_RECEIPTS_LOOKED_AT_A_SECOND: Final = 20_000
_STAGES: Final = (
    (ReceiptState.ISSUED, "signing"),
    (ReceiptState.SEALED, "sealing into batches"),
    (ReceiptState.SENT, "sending to the chain"),
    (ReceiptState.ANCHORED, "waiting for final anchors"),
)
_RANK: Final = {state: rank for rank, state in enumerate(ReceiptState)}  # refused is an end too


@contextmanager
def open_desk(named: Path | None) -> Iterator["Desk"]:
    """Yield the desk of the node in use.

    Raises:
        UsageError: there is no such node.
        Unavailable: its database does not answer.
    """
    from node.desk import Desk
    from node.store.engine import Store

    config, places = node_in_use(named, os.environ)
    store = Store.open(places.database_url(config))
    desk = Desk(config, places, store, lambda: datetime.now(UTC), os.urandom)
    try:
        yield desk
    finally:
        desk.close()


def show(value: Any) -> None:
    """Print one JSON document; what a terminal would obey in somebody else's text is escaped."""
    text = json.dumps(value, ensure_ascii=False)
    typer.echo("".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text))


def read_file(path: Path, max_bytes: int) -> bytes:
    """Return a file's bytes.

    Raises:
        LimitError: there are more; also of what never ends.
    """
    with path.open("rb") as stream:
        raw = stream.read(max_bytes + 1)
    if len(raw) > max_bytes:
        raise LimitError("too_large", f"{path.name}: larger than {max_bytes} bytes")
    return raw


def note(text: str) -> None:
    """Say something beside the answer."""
    typer.echo(text, err=True)


def passphrase_prompt() -> "Ask | None":
    """Return how a person is asked for a passphrase; None where there is no terminal."""
    return getpass.getpass if sys.stdin.isatty() else None


def worker_is_running(desk: "Desk") -> bool:
    """Return whether the node's worker has lately said that it lives."""
    worker = desk.worker()
    return worker is not None and worker["age_seconds"] <= _WORKER_SILENT_SECONDS


def wait_for_anchors(desk: "Desk", receipts: Sequence[str]) -> dict[str, ReceiptState]:
    """Wait until every receipt has come to its end; return the states.

    Raises:
        Unavailable: nothing moved for too long.
    """
    from core.runtime.progress import step

    pause = max(_LOOK_SECONDS, len(receipts) / _RECEIPTS_LOOKED_AT_A_SECOND)
    states = dict.fromkeys(receipts, ReceiptState.RECEIVED)
    watch = _Watch(desk)
    for stage, label in _STAGES:
        shown = 0
        with step(label, len(states), sys.stderr) as advance:
            while True:
                _look(desk.store, states)
                reached = sum(_RANK[state] >= _RANK[stage] for state in states.values())
                advance(reached - shown)
                shown = reached
                if reached == len(states):
                    break
                watch.require_movement(tuple(states.values()))
                time.sleep(pause)
    return states


def wait_until_final(desk: "Desk", look: Callable[[], Any], is_final: Callable[[Any], bool]) -> Any:
    """Look again and again until what is seen is final, and return it.

    Raises:
        Unavailable: nothing moved for too long.
    """
    from core.runtime.progress import step

    watch = _Watch(desk)
    with step("waiting for the ledger", None, sys.stderr):
        while not is_final(seen := look()):
            watch.require_movement(seen)
            time.sleep(_LOOK_SECONDS)
    return seen


class _Watch:
    """Notices when nothing moves any more."""

    def __init__(self, desk: "Desk") -> None:
        self._desk = desk
        self._last: Any = None
        self._since = time.monotonic()

    def require_movement(self, seen: Any) -> None:
        """Raise ``Unavailable`` if this is what was seen for two minutes."""
        if seen != self._last:
            self._last, self._since = seen, time.monotonic()
        elif time.monotonic() - self._since > PATIENCE_SECONDS:
            raise Unavailable("waiting_in_vain", *_why(self._desk))


def _why(desk: "Desk") -> tuple[str, str]:
    """Return what holds things up, as far as the worker says, and what to do."""
    worker = desk.worker()
    if worker is None or not worker_is_running(desk):
        return (
            "received and safe, but not on the ledger yet: the worker is not running",
            "start it: comity node run",
        )
    failing = ", ".join(sorted((worker["failing"] or {}).values())) or worker["held"] or "unknown"
    return (
        f"received and safe, but not on the ledger yet: {failing}",
        "the worker goes on trying; comity status shows how it stands",
    )


def _look(store: "Store", states: dict[str, ReceiptState]) -> None:
    from node.store import journeys

    ends = (ReceiptState.ANCHORED, ReceiptState.REFUSED)
    pending = [receipt for receipt, state in states.items() if state not in ends]
    with store.reading() as connection:
        states.update(journeys.states(connection, pending))
