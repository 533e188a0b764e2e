"""Why an act in the network is not carried out: the ledger's own errors, in words.

Decides what the author of an act reads, and which command comes next. The codes are the contracts'
error names in snake case, and a few of the worker's own. A code without words here reads as the
general refusal, with the code in it, so that nothing is hidden.
"""

from collections.abc import Mapping
from typing import Final

from node.refusals import Refusal

_ALL: Final = (
    # -- who acts
    Refusal("member_not_active", "The ledger takes this only from an active member.",
            "A suspended body may still warn, reduce, suspend and withdraw; comity proposals."),
    Refusal("member_is_frozen", "This body's operating account is frozen.",
            "The recovery account thaws it."),
    Refusal("role_missing", "This body does not have the role for it.",
            "Roles are given with the admission, by vote."),
    Refusal("not_operating", "This account is not the body's operating account.",
            "Name the right key in node.toml."),
    Refusal("member_unknown", "There is no such member.",
            "Name it by number, endpoint host or registered name."),
    # -- votes
    Refusal("not_open", "The ledger has not been opened yet: there is nothing to vote on.",
            "Ask whoever deployed it."),
    Refusal("observer_cannot_vote", "Observers neither propose nor vote.",
            "Ask a member that votes."),
    Refusal("subject_cannot_vote", "The body that it is about neither proposes nor votes.",
            "Leave it to the other members."),
    Refusal("already_voted", "This body has voted on it, and a vote cannot be changed.",
            "comity proposals shows the votes."),
    Refusal("not_passed", "The proposal does not have enough votes now.",
            "comity proposals shows what is needed."),
    Refusal("proposal_unknown", "There is no such proposal.", "comity proposals lists them."),
    Refusal("proposal_executed", "The proposal is carried out already.", "Nothing is left to do."),
    Refusal("proposal_expired", "The proposal has run out of time.",
            "comity propose makes a new one."),
    Refusal("standing_forbids", "The member's standing does not allow this step.",
            "comity proposals shows what was decided before."),
    Refusal("address_used", "An account of this admission is, or was, a member's.",
            "Let the body make new keys: comity node init."),
    Refusal("endpoint_used", "Another member has, or had, this endpoint.",
            "Let the body choose another address."),
    Refusal("payload_malformed", "The proposal's content is not what its kind takes.",
            "Make it again with comity propose."),
    Refusal("contract_unchanged", "The ledger names this contract already.",
            "Nothing is left to do."),
    Refusal("no_code", "There is no contract at this address.", "Deploy it first."),
    Refusal("too_many_members", "The ledger is full.", "Ask the members of the network."),
    # -- the act itself
    Refusal("move_forbidden", "Where it stands does not allow this step.",
            "Look at the listing; somebody else may have changed it first."),
    Refusal("effective_time_out_of_range", "The date lies more than a year ahead, or before 1970.",
            "Choose another --from."),
    Refusal("until_out_of_range", "--until does not lie after --from.", "Choose another --until."),
    Refusal("restored_before_suspension", "The restoration is dated before the suspension.",
            "Choose a later --from."),
    Refusal("reason_missing", "The ledger wants a reason for this.", "Add --reason."),
    Refusal("key_unknown", "This body has no such key.", "Name a key of its own."),
    Refusal("key_already_revoked", "The key is revoked.", "Name a key that stands."),
    # -- the worker's own
    Refusal("contract_replaced", "The members have put another contract in the place of this one.",
            "Do it again: it is drafted for the new one."),
    Refusal("nothing_recorded", "The ledger took it and recorded nothing.",
            "Look at the listing; it was so already."),
    Refusal("too_much_gas", "It is larger than one transaction of this ledger may be.",
            "Shorten the text."),
)  # fmt: skip

ACT_REFUSALS: Final[Mapping[str, Refusal]] = {refusal.code: refusal for refusal in _ALL}


def act_refusal(code: str) -> Refusal:
    """Return the refusal with this code; one without words of its own is told by its code."""
    return ACT_REFUSALS.get(code) or Refusal(
        code, f"The ledger refused it: {code.replace('_', ' ')}.", "comity acts shows the act."
    )
