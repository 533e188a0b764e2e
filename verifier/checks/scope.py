"""Line 6: does it cover the standard, the sector, the site that was asked for?

Answered from what the exporter shares, so only once the signature stands. A standard asked for
without a year means every edition of it. Sites are compared by name and by address, without regard
to case, spacing and punctuation. What is held back could be what was asked for: that is never a
Yes and never a No. What the body never stated is a condition.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from core import limits
from core.codes import same_standard, sectors
from core.outcome import Outcome
from core.reasons import REASONS
from core.report import Question
from verifier.checks.case import Finding

OTHER: Final = "other"
"""What is held back and has no name: it may be any field that is not there."""

_NO_SECTOR: Final = "?"
"""What stands among the sectors and is on no list of them."""

_ORDER: Final = (Outcome.NO, Outcome.NOT_SHARED, Outcome.CONDITION, Outcome.YES)


class Shown(NamedTuple):
    """What a certificate shows whose issuer and content stand.

    Attributes:
        disclosed: values by field name.
        not_shared: names of the fields held back.
    """

    disclosed: Mapping[str, Any]
    not_shared: tuple[str, ...]

    @property
    def standard(self) -> str:
        """The standard; it is never held back. What is too long for a name is none."""
        stated = str(self.disclosed.get("standard", ""))
        return stated if len(stated) <= limits.NAME_CHARS else ""

    def sectors(self) -> tuple[str, ...] | None:
        """Return the sectors, none when it states none; None when they are held back.

        What is no code of a sector stays, as one: it is covered by nothing that names sectors.
        """
        if not self.states("sectors"):
            return None if self.holds_back("sectors") else ()
        stated = self.disclosed["sectors"]
        entries = stated if isinstance(stated, list) else [stated]
        known = sectors()
        found = (known.get(entry) if isinstance(entry, str) else None for entry in entries)
        return tuple(dict.fromkeys(one.code if one else _NO_SECTOR for one in found))

    def states(self, name: str) -> bool:
        """Return whether a field is shown, and says anything."""
        return bool(self.disclosed.get(name))

    def holds_back(self, name: str, item: str = "") -> bool:
        """Return whether a field, or any of its entries, is or may be held back."""
        held = self.not_shared
        if name in held or (item and any(one.startswith(f"{item}-") for one in held)):
            return True
        return OTHER in held and name not in self.disclosed


def check_scope(question: Question, shown: Shown | None) -> Finding:
    """Return the finding of line 6.

    Args:
        question: what was asked.
        shown: what the certificate shows; None unless lines 1 and 2 are Yes.
    """
    if not (question.standard or question.sector or question.site):
        return Finding("scope_not_asked")
    if shown is None:
        return Finding("scope_not_checked")
    codes = list(_answers(question, shown))
    return Finding(min(codes, key=lambda code: _ORDER.index(REASONS[code].outcome)))


def _answers(question: Question, shown: Shown) -> Iterator[str]:
    yield "scope_covered"
    if question.standard and not same_standard(question.standard, shown.standard):
        yield "scope_other_standard"
    if question.sector:
        sectors = shown.sectors()
        if sectors is None:
            yield "scope_sectors_not_shared"
        elif not sectors:
            yield "scope_sectors_not_stated"
        elif question.sector not in sectors:
            yield "scope_other_sector"
    if question.site and not _has_site(shown, question.site):
        if shown.holds_back("sites", "site"):
            yield "scope_sites_not_shared"
        elif not shown.disclosed.get("sites"):
            yield "scope_sites_not_stated"
        else:
            yield "scope_other_site"


def _has_site(shown: Shown, asked: str) -> bool:
    sites = shown.disclosed.get("sites")
    wanted = _fold(asked)
    return bool(wanted) and any(
        _fold(text) == wanted
        for site in (sites if isinstance(sites, list) else ())
        if isinstance(site, dict)
        for name in ("siteName", "siteAddress")
        for text in _texts(site.get(name))
        if len(text) <= limits.TEXT_CHARS
    )


def _texts(value: Any) -> Iterator[str]:
    """Yield a text, or each of a text in several languages."""
    for text in value.values() if isinstance(value, dict) else (value,):
        if isinstance(text, str):
            yield text


@lru_cache(maxsize=1024)
def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in plain if character.isalnum())
