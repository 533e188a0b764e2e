"""Feeds of a network and of each member: JSON Feed 1.1 and Atom (RFC 4287).

Decides what is in one: the newest entries up to a limit, and it says where older ones were left
out. An entry's name is its place on the ledger, so that it is the same in every feed and at every
verifier. Texts are plain texts in both; what would be markup in them is escaped, and no address in
them is a link or is ever fetched.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.etree import ElementTree

from core import limits
from core.encoding import compact_json
from core.errors import NotFound, Unavailable, UsageError
from core.instants import instant
from core.recognition import Facts
from core.registry import LedgerEvidence
from verifier.checks.case import moment
from verifier.happenings import SUBJECTS, Happening, happenings, with_text

JSON_TYPE: Final = "application/feed+json"
ATOM_TYPE: Final = "application/atom+xml"
_VERSION: Final = "https://jsonfeed.org/version/1.1"
_ATOM: Final = "http://www.w3.org/2005/Atom"
_NUMBERED: Final = re.compile(r"(?:member|arrangement)/[1-9][0-9]{0,9}")


@dataclass(frozen=True, slots=True)
class Feed:
    """One feed.

    Args:
        origin: which ledger.
        name: what it is of, as the end of a URN; empty for the whole network.
        title: one line.
        entries: newest first.
        total: how many there would be without the limit.
        updated: when the newest entry was recorded, Unix seconds; without any, the newest block.
    """

    origin: str
    name: str
    title: str
    entries: tuple[Happening, ...]
    total: int
    updated: int

    @property
    def description(self) -> str:
        """How much of it this is."""
        if self.total > len(self.entries):
            return f"The newest {len(self.entries)} of {self.total} entries."
        return f"All {self.total} entries."

    @property
    def id(self) -> str:
        """The feed's own name."""
        return f"urn:comity:feed:{_place(self.origin)}" + (f":{self.name}" if self.name else "")

    def entry_id(self, entry: Happening) -> str:
        """Return an entry's name: its place on the ledger."""
        at = entry.position
        return f"urn:comity:event:{_place(self.origin)}:{at.block}:{at.index}"


def feed_of(evidence: LedgerEvidence, member: int | None = None, subject: str = "") -> Feed:
    """Return the feed of a network, or of one member.

    Args:
        subject: only what is found under it; empty for everything.

    Raises:
        UsageError: there is no such kind of subject.
        NotFound: there is no such member.
        Unavailable: nothing is known of the ledger yet.
    """
    if subject and subject not in SUBJECTS and not _NUMBERED.fullmatch(subject):
        raise UsageError(
            "unknown_subject", "subject: there is no such kind",
            f"one of {', '.join(SUBJECTS)}, or as member/3, arrangement/1",
        )  # fmt: skip
    if evidence.head is None:
        raise Unavailable(
            "ledger_not_known", "this ledger has not been followed yet, so there is no feed",
            "comity verifier run follows it", retry_after=5,
        )  # fmt: skip
    title = "Network"
    if member is not None:
        if Facts(evidence).member(member) is None:
            raise NotFound("member_unknown", "there is no such member")
        title = Facts(evidence).name_of(member)
    wanted = {one for one in (subject, f"member/{member}" if member is not None else "") if one}
    found = [one for one in happenings(evidence) if wanted.issubset(one.subjects)]
    entries = tuple(with_text(one, evidence) for one in found[: limits.FEED_ENTRIES])
    name = ":".join(filter(None, ("" if member is None else f"member:{member}", subject)))
    return Feed(
        evidence.origin,
        name.replace("/", ":"),
        f"Comity: {title}" + (f", {subject}" if subject else ""),
        entries,
        len(found),
        entries[0].time if entries else evidence.head.time,
    )


def json_feed(feed: Feed) -> bytes:
    """Return a feed as JSON Feed 1.1."""
    items: Sequence[dict[str, Any]] = [
        {
            "id": feed.entry_id(one),
            "title": one.title,
            "content_text": one.text or one.title,
            "date_published": instant(moment(one.time)),
            "tags": list(one.subjects),
        }
        for one in feed.entries
    ]
    document = {
        "version": _VERSION,
        "title": feed.title,
        "description": feed.description,
        "language": "en",
        "items": items,
        "_comity": {
            "id": feed.id,
            "ledger": feed.origin,
            "updated": instant(moment(feed.updated)),
            "total": feed.total,
            "cut": feed.total > len(feed.entries),
        },
    }
    return compact_json(document)


def atom_feed(feed: Feed, address: str = "") -> bytes:
    """Return a feed as Atom.

    Args:
        address: where it was asked for, relative to its host; empty where that is not known.
    """
    root = ElementTree.Element("feed", {"xmlns": _ATOM})
    _add(root, "id", feed.id)
    _add(root, "title", feed.title)
    _add(root, "subtitle", feed.description)
    _add(root, "updated", instant(moment(feed.updated)))
    if address:
        _add(root, "link", rel="self", href=address)
    _add(_add(root, "author"), "name", feed.origin)
    for one in feed.entries:
        entry = _add(root, "entry")
        _add(entry, "id", feed.entry_id(one))
        _add(entry, "title", one.title)
        _add(entry, "updated", instant(moment(one.time)))
        for subject in one.subjects:
            _add(entry, "category", term=subject)
        _add(entry, "content", one.text or one.title, type="text")
    xml: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return xml


def _add(parent: ElementTree.Element, name: str, text: str = "", **given: str) -> Any:
    element = ElementTree.SubElement(parent, name, given)
    element.text = text or None
    return element


def _place(origin: str) -> str:
    _, chain, address = origin.split("/")
    return f"{chain}:{address}"
