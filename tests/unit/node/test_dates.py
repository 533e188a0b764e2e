"""Days and moments as people write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.errors import UsageError
from node.dates import beginning, end


def test_a_day_is_whole() -> None:
    assert beginning("2027-03-31", what="x") == datetime(2027, 3, 31, tzinfo=UTC)
    assert end("2027-03-31", what="x") == datetime(2027, 3, 31, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2027-03-31T08:00:00+08:00", "2027-03-31T00:00:00Z"])
def test_a_moment_is_itself(text: str) -> None:
    assert beginning(text, what="x") == end(text, what="x") == datetime(2027, 3, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "", "2027-02-29", "2027-3-1", "20270331", "2027-W01-1", "31.03.2027", "2027-03-31T00:00:00",
        "2027-03-31 00:00:00Z", "2027-03-31T24:00:01Z", "0001-01-01T00:00:00+23:59", "٢٠٢٧-٠٣-٣١",
        "2027-03-31\n",
    ],
)  # fmt: skip
def test_everything_else_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        end(text, what="--until")
    assert refused.value.message.startswith("--until: expected")
