"""Run the benchmarks: ``python -m tests.bench [NAME…] [--seconds S] [--json]``, or ``make bench``.

Prints medians and minima of alternating runs and, for each goal, whether it is met. Exits 0 either
way: a figure of a busy machine is no failure.
"""

from __future__ import annotations

import argparse
import json
import sys
from importlib import import_module

from tests.bench.measure import Goal, Result

BENCHMARKS = ("check", "sdjwt", "seal", "scale", "follow", "http", "register")
_SECONDS = 6.0


def main(words: list[str]) -> int:
    """Run the benchmarks named, all when none is."""
    asked = argparse.ArgumentParser(prog="tests.bench", description=__doc__)
    asked.add_argument("name", nargs="*", choices=[*BENCHMARKS, []], help=", ".join(BENCHMARKS))
    asked.add_argument("--seconds", type=float, default=_SECONDS, help="of each comparison")
    asked.add_argument("--json", action="store_true", help="one JSON object on standard output")
    options = asked.parse_args(words)
    results = []
    for name in options.name or BENCHMARKS:
        result: Result = import_module(f"tests.bench.{name}").main(options.seconds)
        results.append(result)
        if not options.json:
            _print(result)
    if options.json:
        print(json.dumps({result.name: _json(result) for result in results}, indent=2))
    return 0


def _print(result: Result) -> None:
    print(f"\n{result.name}: {result.title}")
    if result.samples:
        print(f"  {'':<44} {'median':>11} {'minimum':>11}")
    for name, sample in result.samples.items():
        print(f"  {name:<44} {_time(sample.median):>11} {_time(sample.minimum):>11}")
    for name, text in result.figures.items():
        print(f"  {name:<44} {text:>11}")
    for goal in result.goals:
        print(f"  {'met    ' if goal.is_met else 'NOT MET'}  {_sentence(goal)}")
    sys.stdout.flush()


def _sentence(goal: Goal) -> str:
    sign = "≥" if goal.at_least else "≤"
    return f"{goal.what}: {goal.value:,.2f} {goal.unit} (goal {sign} {goal.limit:,g})"


def _time(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:,.2f} {unit}"
    return f"{seconds * 1e6:,.1f} µs"


def _json(result: Result) -> dict[str, object]:
    return {
        "title": result.title,
        "seconds": {
            name: {"median": s.median, "minimum": s.minimum, "rounds": len(s.seconds)}
            for name, s in result.samples.items()
        },
        "figures": result.figures,
        "goals": [
            {"what": g.what, "value": g.value, "limit": g.limit, "at_least": g.at_least,
             "unit": g.unit, "met": g.is_met}
            for g in result.goals
        ],
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
