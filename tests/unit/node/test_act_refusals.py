"""Every error a contract can answer an act with has words of its own."""

from __future__ import annotations

import pytest

from contracts.interfaces import CONTRACTS, artifact, snake_case
from node.act_refusals import ACT_REFUSALS, act_refusal

# Errors that no act of a node can meet, each with who meets it.
_OF_OTHERS = {
    "not_authorised", "contract_missing", "nobody_can_vote", "already_open",  # the deployer
    "not_founding", "only_members",
    "not_recovery", "not_frozen",  # the recovery account
}  # fmt: skip
_ACTED_ON = ("directory", "members", "keys", "accreditations", "arrangements", "notices")


@pytest.mark.parametrize("contract", _ACTED_ON)
def test_every_error_is_told_in_words_with_what_to_do(contract: str) -> None:
    entries = artifact(CONTRACTS[contract])["abi"]
    errors = {snake_case(entry["name"]) for entry in entries if entry["type"] == "error"}
    missing = {code for code in errors - _OF_OTHERS if not code.startswith("safe_cast")}
    assert missing <= set(ACT_REFUSALS)


def test_words_end_as_sentences_and_codes_are_not_repeated() -> None:
    for refusal in ACT_REFUSALS.values():
        assert refusal.message.endswith(".")
        assert refusal.hint
        assert refusal.code not in refusal.message


def test_an_error_without_words_is_told_by_its_code() -> None:
    refusal = act_refusal("moon_too_full")
    assert refusal.code == "moon_too_full"
    assert "moon too full" in refusal.message
