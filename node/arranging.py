"""Arrangements: made, joined, left; parties suspended and restored.

Decides the sentences and whether something is so already. An arrangement is in effect between two
parties only while both have accepted it for the scope; one side alone is told as unilateral. Its
text is public and stays on the ledger for ever. Refuses a text that is empty, too large or not
UTF-8, and scopes that no list knows; the rest is the ledger's to refuse.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from contracts.calls import Call
from core import codes, limits
from core.act_reasons import act_reason, title_of
from core.errors import UsageError
from core.events import ArrangementMade, ArrangementParty, Event, PartyAction, Role, party_key
from core.report import timestamp
from node.acting import Draft, Expected, Ground
from node.arranged import accepted_by, arrangement_made
from node.naming import Member, members_of, name_of, role_words
from node.states import ActKind

PARTY_ROLES: Final = Role.CERTIFICATION_BODY | Role.ACCREDITATION_BODY | Role.AUTHORITY
_KINDS: Final = (
    {PartyAction.INVITED},
    {PartyAction.ACCEPTED, PartyAction.LEFT},
    {PartyAction.SUSPENDED, PartyAction.RESTORED},
)


@dataclass(frozen=True, slots=True)
class Move:
    """What is to become of a party.

    Args:
        party: the member it happens to; oneself when accepting and leaving.
        scope: a main scope or a sub-scope; empty for an invitation.
        reason: word of ``core/act_reasons.py``, to suspend.
        effective_at: from when; None for now.
    """

    action: PartyAction
    arrangement: int
    party: int
    scope: str = ""
    reason: str | None = None
    effective_at: datetime | None = None


def making(ground: Ground, roles: Role, parties: Sequence[Member], text: bytes) -> Draft:
    """Draft a new arrangement, which its maker keeps.

    Args:
        roles: what its parties may be.
        parties: who is invited at once.

    Raises:
        UsageError: the text, or the roles, are none.
    """
    require_text_sound(text)
    if not roles or roles & ~PARTY_ROLES:
        raise UsageError("party_roles", "--role: expected certification_body, accreditation_body "
                         "or authority")  # fmt: skip
    digest = sha256(text).digest()
    body = {
        "keeper": ground.member, "roles": int(roles), "text_hash": digest.hex(),
        "text_size": len(text),
    }  # fmt: skip
    numbers = sorted({one.number for one in parties} - {ground.member})
    expected = Expected("arrangement/", ArrangementMade.kind, body)
    invited = ", ".join(one.name for one in parties if one.number in numbers) or "nobody yet"
    return Draft(
        kind=ActKind.ARRANGEMENT,
        stated={"roles": int(roles), "parties": numbers, "text_sha256": digest.hex()},
        call=ground.calls.make_arrangement(int(roles), numbers, text),
        expected=expected,
        sentence=f"{ground.body.name} makes an arrangement for members of the role "
        f"{role_words(roles)}, with a text of {len(text)} bytes, and invites {invited}.",
        undo="It stays on the ledger; it binds nobody who has not accepted it.",
        standing=expected.found_in(ground.evidence),
    )


def moving(ground: Ground, move: Move) -> Draft:
    """Draft an invitation, an acceptance, a departure, a suspension or a restoration.

    Raises:
        NotFound: there is no such arrangement.
        UsageError: the scope or the reason is none.
    """
    arrangement_made(ground.evidence, move.arrangement)
    if move.action is not PartyAction.INVITED:
        _require_scope(move.scope)
    effective = move.effective_at or ground.now
    seconds = 0 if move.action is PartyAction.INVITED else int(effective.timestamp())
    reason = act_reason(move.reason).number if move.reason else 0
    body = {"scope": move.scope, "action": int(move.action), "reason": reason}
    key = party_key(move.arrangement, move.party)
    return Draft(
        kind=ActKind.PARTY,
        stated={
            "action": move.action.name.lower(),
            "arrangement": move.arrangement,
            "party": move.party,
            "scope": move.scope or None,
            "reason": move.reason,
            "effective_at": timestamp(move.effective_at) if move.effective_at else None,
        },
        call=_call(ground, move, reason, seconds),
        expected=Expected(key, ArrangementParty.kind, {**body, "effective_at": seconds}),
        sentence=_sentence(ground, move, effective),
        undo=_UNDO[move.action],
        standing=_standing(ground.evidence.history(key), move),
    )


def require_text_sound(text: bytes) -> None:
    """Raise ``UsageError`` unless a public text can be put on the ledger and read."""
    if not 0 < len(text) <= limits.LEDGER_TEXT_BYTES:
        raise UsageError(
            "text_size", f"the text: expected 1 to {limits.LEDGER_TEXT_BYTES} bytes",
            "publish a shorter one that names where the whole is found",
        )  # fmt: skip
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError("text_form", "the text: expected UTF-8") from None


_UNDO: Final[Mapping[PartyAction, str]] = {
    PartyAction.INVITED: "An invitation stays; it binds nobody.",
    PartyAction.ACCEPTED: "comity arrangement leave ends it for this body.",
    PartyAction.LEFT: "comity arrangement accept joins again; both stay in the history.",
    PartyAction.SUSPENDED: "comity arrangement restore ends the suspension.",
    PartyAction.RESTORED: "It can be suspended again.",
}


def _call(ground: Ground, move: Move, reason: int, seconds: int) -> Call:
    calls, number, party, scope = ground.calls, move.arrangement, move.party, move.scope
    match move.action:
        case PartyAction.INVITED:
            return calls.invite_party(number, party)
        case PartyAction.ACCEPTED:
            return calls.accept_arrangement(number, scope, seconds)
        case PartyAction.LEFT:
            return calls.leave_arrangement(number, scope, seconds)
        case PartyAction.SUSPENDED:
            return calls.suspend_party(number, party, scope, reason, seconds)
        case PartyAction.RESTORED:
            return calls.restore_party(number, party, scope, seconds)


def _standing(history: Sequence[Event], move: Move) -> Event | None:
    """Return the event by which it is so already, None when it is not.

    Accepting and leaving are the party's, suspending and restoring the keeper's: neither undoes
    the other, so each is compared with its own kind.
    """
    kind = next(kind for kind in _KINDS if move.action in kind)
    alike = [
        event
        for event in history
        if isinstance(event, ArrangementParty)
        and event.scope == move.scope
        and event.action in kind
    ]
    if not alike or alike[-1].action != move.action:
        return None
    wanted = move.effective_at
    if wanted is not None and alike[-1].effective_at != int(wanted.timestamp()):
        return None
    return alike[-1]


def _sentence(ground: Ground, move: Move, effective: datetime) -> str:
    members = members_of(ground.evidence)
    party, number = name_of(members, move.party), move.arrangement
    dates = f"from {effective.astimezone(UTC).date().isoformat()}"
    match move.action:
        case PartyAction.INVITED:
            return f"{ground.body.name} invites {party} to arrangement {number}."
        case PartyAction.ACCEPTED:
            at = int(effective.timestamp())
            bound = accepted_by(ground.evidence, number, move.scope, at)
            others = [name_of(members, one) for one in bound if one != move.party]
            then = (
                f"It is then in effect with {', '.join(others)}."
                if others
                else "It stays unilateral until another party accepts it too."
            )
            return f"{party} accepts arrangement {number} for {move.scope} {dates}. {then}"
        case PartyAction.LEFT:
            return f"{party} leaves arrangement {number} for {move.scope} {dates}."
        case PartyAction.SUSPENDED:
            why = title_of(act_reason(move.reason).number) if move.reason else ""
            return (
                f"{ground.body.name} suspends {party} in arrangement {number} for {move.scope} "
                f"{dates}: {why}."
            )
        case PartyAction.RESTORED:
            return (
                f"{ground.body.name} restores {party} in arrangement {number} for {move.scope} "
                f"{dates}."
            )


def _require_scope(scope: str) -> None:
    if scope not in codes.scopes():
        raise UsageError(
            "scope_unknown", "--scope: expected a main scope or a sub-scope", "as MSC or MSC/QMS"
        )
