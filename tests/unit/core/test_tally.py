"""Votes are counted as ``Members.sol`` counts them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.tally import Tally

MEMBERS = st.integers(1, 12)


@given(
    st.dictionaries(MEMBERS, st.sampled_from(["CN", "DE", "BR", "XA"])),
    st.dictionaries(MEMBERS, st.booleans()),
)
def test_it_passes_exactly_when_the_contract_lets_it(
    voters: dict[int, str], ballots: dict[int, bool]
) -> None:
    yes = [member for member in voters if ballots.get(member, False)]
    economies = {voters[member] for member in yes}
    contract = 3 * len(yes) > 2 * len(voters) and 2 * len(economies) > len(set(voters.values()))
    tally = Tally(voters, ballots)
    assert tally.passes is contract
    assert sorted([*tally.in_favour, *tally.against, *tally.silent]) == sorted(voters)


def test_what_is_needed_is_the_least_that_passes() -> None:
    voters = {1: "CN", 2: "DE", 3: "BR"}
    tally = Tally(voters, {1: True, 2: True, 9: True})
    assert (tally.needed, tally.economies_needed) == (3, 2)
    assert not tally.passes  # a vote of one who has none counts for nothing
    assert Tally(voters, {1: True, 2: True, 3: True}).passes
