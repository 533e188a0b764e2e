"""Proposals: how each is put to the vote, and what one asks for, in words.

Decides the sentence from the payload itself, so that members read what the contract would do and
not what the proposer says it does. A payload of an unknown kind, or that is not what its kind
takes, is told by its number and size. Refuses what no ledger would take for its form.
"""

from collections.abc import Mapping
from typing import Any, Final

from contracts.abi import types_of
from contracts.calls import Action, Call, Calls
from contracts.events import name_of as word_of
from contracts.founders import parse_founder
from contracts.interfaces import functions_of
from core.act_reasons import title_of
from core.errors import ComityError, UsageError
from core.events import MemberAdmitted, Position, Role
from node.naming import Member, name_of, role_words

_REASON: Final = types_of([{"type": "uint16"}])
_ACCOUNT: Final = types_of([{"type": "address"}])
_PARAMETER: Final = types_of([{"type": "bytes32"}, {"type": "uint256"}])
_CODE: Final = types_of([{"type": "bytes32"}, {"type": "address"}])
_SEAT: Final = types_of([{"type": "uint256"}])
PARAMETER_MAX: Final = 2**64 - 1


def admission(calls: Calls, founder: bytes) -> Call:
    """Return the proposal to admit the body of a founder file.

    Raises:
        FormatError: it is no founder file.
    """
    return calls.propose_admission(parse_founder(founder))


def parameter(calls: Calls, name: str, value: str) -> Call:
    """Return the proposal to set a ledger parameter.

    Raises:
        UsageError: the value is no whole number that a parameter can hold.
    """
    if not value.isdecimal() or not value.isascii() or int(value) > PARAMETER_MAX:
        raise UsageError("parameter_value", "VALUE: expected a whole number of at most 64 bits")
    return calls.propose_parameter(name, int(value))


def parts_of(call: Call) -> tuple[Action, int, bytes]:
    """Return action, subject and payload of a call that proposes."""
    action, subject, payload = functions_of("members")["propose"].inputs.decode(call.data[4:])
    return Action(action), subject, payload


def described(action: int, subject: int, payload: bytes, members: Mapping[int, Member]) -> str:
    """Return what a proposal asks for, as a phrase that can follow "to"."""
    try:
        return _described(action, payload, name_of(members, subject))
    except (ComityError, ValueError, IndexError):
        return f"do what kind {action} means, with {len(payload)} bytes that cannot be read"


def _described(action: int, payload: bytes, whom: str) -> str:
    match action:
        case Action.ADMIT:
            return _admission_described(payload)
        case Action.SUSPEND:
            return f"suspend {whom}: {title_of(_decode(_REASON, payload)[0])}"
        case Action.RESTORE:
            return f"lift the suspension of {whom}"
        case Action.EXPEL:
            return f"expel {whom}, for ever: {title_of(_decode(_REASON, payload)[0])}"
        case Action.RECOVERY_ACCOUNT:
            return f"give {whom} the recovery account {_decode(_ACCOUNT, payload)[0]}"
        case Action.PARAMETER:
            name, value = _decode(_PARAMETER, payload)
            return f"set the ledger parameter {word_of(name)} to {value}"
        case Action.CODE:
            name, address = _decode(_CODE, payload)
            return f"put the contract {address} in the place of {word_of(name)}"
        case Action.SEAT:
            given = _decode(_SEAT, payload)[0]
            return f"give {whom} a cosigner's seat" if given else f"take {whom}'s cosigner seat"
    return f"do what kind {action} means, which this version does not know"


def _admission_described(payload: bytes) -> str:
    (admitted,) = functions_of("members")["found"].inputs.decode(payload)
    names, economy, roles, endpoint, operating, recovery, keys = admitted
    event = MemberAdmitted(
        Position(0, 0), 0, 0, names, economy, roles, endpoint, operating, recovery
    )
    name = next(iter([event.texts().get("en"), *event.texts().values()]), None) or "a body"
    what = role_words(Role(roles))
    return f"admit {name} ({economy}) as {what}, at {endpoint}, with {len(keys)} keys"


def _decode(kinds: Any, payload: bytes) -> tuple[Any, ...]:
    values: tuple[Any, ...] = kinds.decode(payload)
    return values
