"""The tables of ``docs/life-of-a-certificate.md``, made from those of ``node/lifecycle.py``.

``python -m tests.support.lifecycle_page`` writes them into the page; a test fails when they are
stale.
"""

from __future__ import annotations

import re
from pathlib import Path

from node.lifecycle import (
    BARRIERS,
    MOVES,
    RESTORED_BY_SUCCESSOR,
    RULES,
    Barrier,
    CertificateState,
    Change,
    Move,
    Outcome,
)

PAGE = Path(__file__).resolve().parents[2] / "docs" / "life-of-a-certificate.md"
_MARKS = ("<!-- made by tests/support/lifecycle_page.py -->", "<!-- end -->")
_COMMANDS = {
    Change.GRANT: "`comity issue`",
    Change.EXPIRE: "–",
    **{
        change: f"`comity {change.value.replace('_', '-')}`"
        for change in Change
        if change not in (Change.GRANT, Change.EXPIRE)
    },
}


def tables() -> str:
    """Return the tables as they must be, marks included."""
    parts = [
        _MARKS[0],
        "",
        "| Event | From | What it means | Reason on the ledger | Command |",
        "|---|---|---|---|---|",
        *(_move(move) for move in MOVES.values() if move.change is not Change.RESTORE),
        _move(MOVES[Change.RESTORE], frozenset({CertificateState.SUSPENDED})),
        _move(RESTORED_BY_SUCCESSOR, frozenset({CertificateState.EXPIRED})),
        "",
        "Every other move is refused; the first row that fits says how:",
        "",
        "| Error | From | Events | Refused by | Says |",
        "|---|---|---|---|---|",
        *map(_barrier, BARRIERS),
        "",
        "And what a move must satisfy besides:",
        "",
        "| Error | Refused by | The contract's error | Says |",
        "|---|---|---|---|",
        *(
            f"| `{rule.code}` | {rule.by} | {f'`{rule.contract}`' if rule.contract else '–'} "
            f"| {rule.message} |"
            for rule in RULES.values()
        ),
        "",
        _MARKS[1],
    ]
    return "\n".join(parts)


def page(text: str) -> str:
    """Return a page with its tables made anew."""
    start, end = map(re.escape, _MARKS)
    return re.sub(f"{start}.*{end}", lambda _: tables(), text, flags=re.DOTALL)


def _move(move: Move, origins: frozenset[CertificateState] | None = None) -> str:
    kept = move.outcome is Outcome.SUCCEEDED or move.outcome is Outcome.LINKED
    reason = f"`{move.reason}`" if kept else "–"
    if move.outcome is Outcome.DECLARED and move.change is not Change.RESTORE:
        reason = "named by the body"
    return (
        f"| {_words(move.change)} | {_listed(origins or move.origins)} | {move.outcome.value} "
        f"| {reason} | {_COMMANDS[move.change]} |"
    )


def _barrier(one: Barrier) -> str:
    every = one.changes == frozenset(Change)
    events = "every" if every else ", ".join(_words(c) for c in Change if c in one.changes)
    return f"| `{one.code}` | {_listed(one.states)} | {events} | {one.by} | {one.message} |"


def _listed(states: frozenset[CertificateState]) -> str:
    if states == frozenset(CertificateState):
        return "everywhere"
    return ", ".join(_words(state) for state in CertificateState if state in states)


def _words(name: str) -> str:
    return str(name).replace("_", " ")


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), encoding="utf-8")
