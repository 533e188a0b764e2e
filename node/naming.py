"""The network's members as the followed ledger shows them, and which of them somebody means.

Decides where each member stands and whether it votes, as the contract counts: active, not frozen,
no observer. A member may be named by its number, the host of its endpoint, or its registered name
in any language; refuses a name that fits none, or more than one.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from core.errors import UsageError
from core.events import (
    Event,
    MemberAdmitted,
    MemberExpelled,
    MemberFrozen,
    MemberRestored,
    MemberSuspended,
    MemberThawed,
    Role,
)
from core.report import timestamp
from node.membership import Evidence

_NUMBER = re.compile(r"[1-9][0-9]{0,9}")


class Standing(StrEnum):
    """Where a member stands by the votes of the others."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    EXPELLED = "expelled"


@dataclass(frozen=True, slots=True)
class Member:
    """One member, as it stands at the evidence's head."""

    number: int
    name: str
    names: Mapping[str, str]
    economy: str
    roles: Role
    endpoint: str
    standing: Standing
    is_frozen: bool

    @property
    def is_voter(self) -> bool:
        """Whether its vote counts now."""
        active = self.standing is Standing.ACTIVE and not self.is_frozen
        return active and Role.OBSERVER not in self.roles

    @property
    def host(self) -> str:
        """Host, and port where there is one, of its endpoint."""
        return urlsplit(self.endpoint).netloc

    def dump(self) -> dict[str, Any]:
        """Return number, name and economy as listings show them."""
        return {"member": self.number, "name": self.name, "economy": self.economy}


def members_of(evidence: Evidence) -> dict[int, Member]:
    """Return all members ever admitted, by number."""
    found = {}
    for key in evidence.keys("member/"):
        one = _member(evidence.history(key))
        if one is not None:
            found[one.number] = one
    return dict(sorted(found.items()))


def member_named(members: Mapping[int, Member], text: str) -> Member:
    """Return the member that ``text`` means.

    Raises:
        UsageError: none, or more than one.
    """
    wanted = text.strip()
    if _NUMBER.fullmatch(wanted):
        found = [members[int(wanted)]] if int(wanted) in members else []
    else:
        host = urlsplit(wanted).netloc or wanted
        found = [one for one in members.values() if one.host == host.lower()]
        folded = wanted.casefold()
        found = found or [
            one
            for one in members.values()
            if any(name.casefold() == folded for name in one.names.values())
        ]
    if len(found) == 1:
        return found[0]
    if found:
        numbers = ", ".join(str(one.number) for one in found)
        raise UsageError("member_ambiguous", f"members {numbers} all have this name",
                         "name the one you mean by its number")  # fmt: skip
    raise UsageError(
        "member_unknown", "there is no such member",
        "name it by number, endpoint host or registered name",
    )  # fmt: skip


def role_words(roles: Role) -> str:
    """Return roles in words, as ``certification body, authority``."""
    words = (str(role.name).lower().replace("_", " ") for role in Role if role & roles)
    return ", ".join(words)


def name_of(members: Mapping[int, Member], number: int) -> str:
    """Return a member's registered name; its number where the ledger knows none."""
    known = members.get(number)
    return known.name if known is not None else f"member {number}"


def dumped(members: Mapping[int, Member], number: int) -> dict[str, Any]:
    """Return a member as listings show it, also one that the ledger does not know."""
    known = members.get(number)
    return known.dump() if known else {"member": number, "name": None, "economy": None}


def time_of(seconds: int) -> str | None:
    """Return a time of the ledger as listings show it, None for none."""
    return timestamp(datetime.fromtimestamp(seconds, UTC)) if seconds else None


def _member(history: Sequence[Event]) -> Member | None:
    admitted = next((event for event in history if isinstance(event, MemberAdmitted)), None)
    if admitted is None:
        return None
    standing, frozen = Standing.ACTIVE, False
    for event in history:
        match event:
            case MemberSuspended():
                standing = Standing.SUSPENDED
            case MemberRestored():
                standing = Standing.ACTIVE
            case MemberExpelled():
                standing = Standing.EXPELLED
            case MemberFrozen():
                frozen = True
            case MemberThawed():
                frozen = False
    return Member(
        admitted.member, admitted.name(), admitted.texts(), admitted.economy,
        Role(admitted.roles), admitted.endpoint, standing, frozen,
    )  # fmt: skip
