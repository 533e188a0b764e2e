"""The benchmarks are there to be run, and call a goal met only when it is."""

from __future__ import annotations

from importlib import import_module

import pytest

from tests.bench.__main__ import BENCHMARKS
from tests.bench.measure import Goal, Result, in_turns, ratio


@pytest.mark.parametrize("name", BENCHMARKS)
def test_each_benchmark_has_a_main(name: str) -> None:
    assert callable(import_module(f"tests.bench.{name}").main)


@pytest.mark.parametrize(
    ("value", "at_least", "is_met"),
    [(2.99, True, False), (3, True, True), (3, False, True), (3.01, False, False)],
)
def test_a_goal_is_met_on_its_limit_and_not_beyond(
    value: float, at_least: bool, is_met: bool
) -> None:
    assert Goal("ratio", value, 3, at_least).is_met is is_met


def test_contenders_take_turns() -> None:
    order: list[str] = []
    samples = in_turns({n: lambda n=n: order.append(n) for n in "ab"}, seconds=0)  # type: ignore[misc]
    turns = [n for n, before in zip(order, ["", *order], strict=False) if n != before]
    assert turns[-10:] == ["a", "b"] * 5
    assert ratio(samples["a"], samples["a"]) == 1
    assert samples["a"].minimum <= samples["a"].median


def test_a_result_keeps_its_goals() -> None:
    result = Result("name", "title")
    result.at_least("rate", 1, 2)
    result.at_most("size", 1, 2)
    assert [goal.is_met for goal in result.goals] == [False, True]
