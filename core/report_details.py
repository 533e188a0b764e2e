"""What a report shows beside its nine lines: the ladder, the market's conditions, the history.

Decides their JSON form; refuses any other. Names in a ladder are registered names, and the
certified organization's as the certificate has it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from core import limits
from core.encoding import require_integer, require_members, require_text
from core.errors import FormatError
from core.instants import instant, require_instant
from core.outcome import Outcome

RUNGS: Final = (
    "organization",
    "certification_body",
    "accreditation_body",
    "arrangement",
    "home_body",
    "market",
)
"""The kinds of rungs from the certificate to the reader."""

THIS: Final = "this"
PREDECESSOR: Final = "predecessor"
SUCCESSOR: Final = "successor"

_OUTCOMES: Final = tuple(outcome.value for outcome in Outcome)
_MEMBERS_MOST: Final = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung of the ladder.

    Args:
        kind: one of ``RUNGS``.
        name: what to call it, empty where it is not known.
        member: its member number, None where it is no member or not known.
        outcome: whether it carries; not asked where a rung below is broken.
        code: the reason, as on the line that answers it.
        begins, until: from when until when it carries, None where there is no such moment.
        scope: the standard or scope of accreditation that it is about.
    """

    kind: str
    name: str
    member: int | None
    outcome: Outcome
    code: str
    begins: datetime | None = None
    until: datetime | None = None
    scope: str | None = None

    @classmethod
    def parse(cls, value: Any) -> "Rung":
        """Return the rung a JSON object states.

        Raises:
            FormatError: other members, or values out of range.
        """
        names = {"kind", "name", "member", "outcome", "code", "from", "until", "scope"}
        members = require_members(value, names, what="rung")
        if members["kind"] not in RUNGS or members["outcome"] not in _OUTCOMES:
            raise FormatError("report_ladder", "rung: a kind or outcome that is not defined")
        if type(members["name"]) is not str or len(members["name"]) > limits.TEXT_CHARS:
            raise FormatError("report_ladder", "rung: expected a name")
        return cls(
            members["kind"],
            members["name"],
            _member(members["member"]),
            Outcome(members["outcome"]),
            require_text(members["code"], what="rung code", max_chars=limits.NAME_CHARS),
            _moment(members["from"]),
            _moment(members["until"]),
            _text(members["scope"], "rung scope"),
        )

    def dump(self) -> dict[str, Any]:
        """Return the rung as a JSON object."""
        return {
            "kind": self.kind,
            "name": self.name,
            "member": self.member,
            "outcome": self.outcome.value,
            "code": self.code,
            "from": _told(self.begins),
            "until": _told(self.until),
            "scope": self.scope,
        }


@dataclass(frozen=True, slots=True)
class MarketCondition:
    """One condition on which a market accepts.

    Args:
        id: its name in the acceptance policy.
        text: what is asked, by language.
    """

    id: str
    text: Mapping[str, str]

    @classmethod
    def parse(cls, value: Any) -> "MarketCondition":
        """Return the condition a JSON object states.

        Raises:
            FormatError: other members, or no texts.
        """
        members = require_members(value, {"id", "text"}, what="condition")
        text = members["text"]
        if not isinstance(text, dict) or not 0 < len(text) <= limits.LANGUAGES:
            raise FormatError("report_condition", "condition: expected texts by language")
        for words in text.values():
            require_text(words, what="condition", max_chars=limits.TEXT_CHARS)
        name = require_text(members["id"], what="condition id", max_chars=limits.NAME_CHARS)
        return cls(name, dict(text))

    def dump(self) -> dict[str, Any]:
        """Return the condition as a JSON object."""
        return {"id": self.id, "text": dict(self.text)}


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """One declaration about a certificate, or about the one before or after it.

    Args:
        certificate: ``this``, ``predecessor`` or ``successor``; the others are shown only where
            both certificates name each other.
        state: the word of the declared state, ``number n`` for one that is not known.
        reason: the word of the reason, ``number n`` for an unknown one, None for none.
        effective_at, until: as the body stated them; ``until`` None is open.
        recorded_at: when the ledger recorded it.
        annulled: whether the body took it back.
        linked_member: member whose certificate it names as the one before or after, None without.
    """

    certificate: str
    state: str
    reason: str | None
    effective_at: datetime
    until: datetime | None
    recorded_at: datetime
    annulled: bool
    linked_member: int | None

    @classmethod
    def parse(cls, value: Any) -> "StatusEntry":
        """Return the entry a JSON object states.

        Raises:
            FormatError: other members, or values out of range.
        """
        names = {
            "certificate", "state", "reason", "effective_at", "until", "recorded_at", "annulled",
            "linked_member",
        }  # fmt: skip
        members = require_members(value, names, what="status entry")
        if members["certificate"] not in (THIS, PREDECESSOR, SUCCESSOR):
            raise FormatError("report_history", "status entry: of a certificate that is not shown")
        if type(members["annulled"]) is not bool:
            raise FormatError("report_history", "status entry: annulled is true or false")
        return cls(
            members["certificate"],
            require_text(members["state"], what="state", max_chars=limits.NAME_CHARS),
            _text(members["reason"], "status reason"),
            require_instant(members["effective_at"], what="effective_at"),
            _moment(members["until"]),
            require_instant(members["recorded_at"], what="recorded_at"),
            members["annulled"],
            _member(members["linked_member"]),
        )

    def dump(self) -> dict[str, Any]:
        """Return the entry as a JSON object."""
        return {
            "certificate": self.certificate,
            "state": self.state,
            "reason": self.reason,
            "effective_at": instant(self.effective_at),
            "until": _told(self.until),
            "recorded_at": instant(self.recorded_at),
            "annulled": self.annulled,
            "linked_member": self.linked_member,
        }


@lru_cache(maxsize=1024)  # certificates of one kind share most of their rungs' moments
def _told(moment: datetime | None) -> str | None:
    return instant(moment) if moment is not None else None


def _member(value: Any) -> int | None:
    if value is None:
        return None
    return require_integer(value, what="member", low=0, high=_MEMBERS_MOST)


def _moment(value: Any) -> datetime | None:
    return None if value is None else require_instant(value, what="moment")


def _text(value: Any, what: str) -> str | None:
    return None if value is None else require_text(value, what=what, max_chars=limits.TEXT_CHARS)
