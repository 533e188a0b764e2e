"""What members are voting on: each open proposal, what it asks for, who has voted how.

Counts over the members that may vote at the newest block, the subject left out. What a proposal
asks for is read from its own payload and not from what its proposer says; a payload that is not
what its kind takes is told by its size. Nothing in it is decoded but whole words and the texts of
an admission, so that no library is handed what anybody may propose.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from core import limits
from core.act_reasons import title_of
from core.events import Event, Executed, MemberAdmitted, Position, Proposed, Role, Voted, member_key
from core.instants import instant
from core.recognition import Facts, Member, Standing
from core.registry import LedgerEvidence
from core.tally import Tally
from verifier.checks.case import moment
from verifier.inert import inert_line
from verifier.registrants import is_stopped

_WORD: Final = 32
ACTIONS: Final[Mapping[int, str]] = {
    1: "admit",
    2: "suspend",
    3: "restore",
    4: "expel",
    5: "recovery_account",
    6: "parameter",
    7: "code",
    8: "seat",
}
"""What members vote on, by its number on the ledger."""


def open_proposals(evidence: LedgerEvidence, facts: Facts, at: int) -> list[dict[str, Any]]:
    """Return the proposals that are neither carried out nor out of time at a moment, oldest first.

    Who may vote is counted as of the newest block.
    """
    found = [evidence.history(key) for key in evidence.keys("proposal/")]
    told = [_told(history, evidence, facts, at) for history in found]
    return sorted(filter(None, told), key=lambda one: one["proposal"])


def asks(made: Proposed, facts: Facts) -> str:
    """Return what a proposal asks for, as a phrase that can follow "to"."""
    whom, words = facts.name_of(made.subject), _words(made.payload)
    match ACTIONS.get(made.action), len(words):
        case "admit", _:
            return _admission(made.payload)
        case "suspend", 1:
            return f"suspend {whom}: {title_of(words[0])}"
        case "restore", 0:
            return f"lift the suspension of {whom}"
        case "expel", 1:
            return f"expel {whom}, for ever: {title_of(words[0])}"
        case "recovery_account", 1:
            return f"give {whom} the recovery account {_account(words[0])}"
        case "parameter", 2:
            return f"set the ledger parameter {_name(words[0])} to {words[1]}"
        case "code", 2:
            return f"put the contract {_account(words[1])} in the place of {_name(words[0])}"
        case "seat", 1 if words[0] <= 1:
            return f"give {whom} a cosigner's seat" if words[0] else f"take {whom}'s cosigner seat"
    size = len(made.payload)
    return f"do what kind {made.action} means, with {size} bytes that cannot be read"


def _told(
    history: Sequence[Event], evidence: LedgerEvidence, facts: Facts, at: int
) -> dict[str, Any] | None:
    made = next((event for event in history if isinstance(event, Proposed)), None)
    if made is None or made.time > at or at > made.time + limits.PROPOSAL_SECONDS:
        return None
    if any(isinstance(event, Executed) and event.time <= at for event in history):
        return None
    tally = Tally(
        {
            one.number: one.admitted.economy
            for one in facts.members()
            if one.number != made.subject and _votes(one, evidence)
        },
        {e.member: e.yes for e in history if isinstance(e, Voted) and e.time <= at},
    )
    return {
        "proposal": made.proposal,
        "action": ACTIONS.get(made.action, f"number {made.action}"),
        "asks": asks(made, facts),
        "subject": made.subject or None,
        "proposer": made.proposer,
        "proposed_at": instant(moment(made.time)),
        "expires_at": instant(moment(made.time + limits.PROPOSAL_SECONDS)),
        "yes": tally.in_favour,
        "no": tally.against,
        "not_yet": tally.silent,
        "needed": tally.needed,
        "economies": tally.economies_in_favour,
        "economies_needed": tally.economies_needed,
        "passes": tally.passes,
    }


def _votes(member: Member, evidence: LedgerEvidence) -> bool:
    """Tell whether a member's vote counts at the newest block."""
    last = member.turns[-1]
    stopped = is_stopped(evidence.history(member_key(member.number)), last.time)
    active = last.standing is Standing.ACTIVE and not stopped
    return active and not member.has_role(Role.OBSERVER)


# ---------------------------------------------------------------- payloads


def _words(payload: bytes) -> tuple[int, ...]:
    """Return a payload as whole words of 32 bytes; as none at all where it is not made of them."""
    if len(payload) % _WORD:
        return ()
    return tuple(int.from_bytes(payload[at : at + _WORD]) for at in range(0, len(payload), _WORD))


def _account(word: int) -> str:
    return f"0x{word % 2**160:040x}"


def _name(word: int) -> str:
    """Return the ASCII name in a word, the word itself where it holds none."""
    raw = word.to_bytes(_WORD).rstrip(b"\0")
    text = raw.decode("ascii", "replace")
    return text if text and text.isascii() and text.isprintable() else f"0x{word:064x}"


def _admission(payload: bytes) -> str:
    """Return the body that an admission would let in: name, economy and address."""
    start = _number(payload, 0)
    names, economy, endpoint = (_text(payload, start, place) for place in (0, 1, 3))
    roles = _number(payload, start + 2 * _WORD)
    event = MemberAdmitted(Position(0, 0), 0, 0, names, economy, roles, endpoint, "", "")
    name = next(iter([event.texts().get("en"), *event.texts().values()]), None) or "a body"
    held = Role(roles) if 0 < roles < 2 * Role.OBSERVER else Role(0)
    what = ", ".join(str(role.name).lower().replace("_", " ") for role in Role if role & held)
    parts = [
        f"admit {name}",
        f"({economy})" if economy.isalpha() and len(economy) == 2 else "",
        f"as {what}" if what else "",
        f"at {inert_line(endpoint, limits.ENDPOINT_BYTES)}" if endpoint else "",
    ]
    return " ".join(filter(None, parts))


def _number(payload: bytes, at: int) -> int:
    """Return the word at a place, 0 beyond the end, and nothing that could be a place for ever."""
    word = int.from_bytes(payload[at : at + _WORD]) if 0 <= at <= len(payload) - _WORD else 0
    return word if word <= len(payload) + limits.MEMBER_NAMES_BYTES else 0


def _text(payload: bytes, start: int, place: int) -> str:
    """Return the text whose offset stands at a place of a tuple, empty where there is none."""
    at = start + _number(payload, start + place * _WORD)
    size = _number(payload, at)
    raw = payload[at + _WORD : at + _WORD + min(size, limits.MEMBER_NAMES_BYTES)]
    return raw.decode("utf-8", "replace") if at > start else ""
