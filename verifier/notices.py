"""A notice in words: its kind, its subject, its title and text, each inert.

Decides the title of a text: the first line near its start, without the signs of a heading; of an
acceptance policy its economy and version. A text that is not at hand is told by its hash alone.
"""

from collections.abc import Mapping
from typing import Any, Final

from core import limits
from core.acceptance import understood
from core.encoding import b64url
from core.events import NoticeKind, NoticePublished, SubjectKind
from core.instants import instant
from core.registry import LedgerEvidence
from verifier.checks.case import moment
from verifier.inert import inert_line, inert_text

KINDS: Final[Mapping[int, str]] = {
    NoticeKind.POLICY: "policy",
    NoticeKind.CHANGE: "change",
    NoticeKind.ALERT: "alert",
    NoticeKind.CORRECTION: "correction",
}
_SUBJECTS: Final[Mapping[int, str]] = {
    SubjectKind.MEMBER: "member",
    SubjectKind.KEY: "key",
    SubjectKind.ANCHOR: "batch",
    SubjectKind.NOTICE: "notice",
}


def kind_of(notice: NoticePublished) -> str:
    """Return the word for a notice's kind."""
    return KINDS.get(notice.notice_kind, f"number {notice.notice_kind}")


def subject_of(kind: int, member: int, about: bytes) -> dict[str, Any] | None:
    """Return what a notice is about as a JSON object, None for nothing."""
    if kind == SubjectKind.NONE:
        return None
    told = {
        SubjectKind.KEY: b64url(about),
        SubjectKind.ANCHOR: about.hex(),
        SubjectKind.NOTICE: str(int.from_bytes(about)),
    }
    named = told.get(SubjectKind(kind)) if kind in _SUBJECTS else None
    return {"kind": _SUBJECTS.get(kind, f"number {kind}"), "member": member, "id": named}


def text_of(notice: NoticePublished, evidence: LedgerEvidence) -> str | None:
    """Return a notice's text, None where it is not at hand."""
    raw = evidence.text(notice.text_hash)
    return None if raw is None else inert_text(raw.decode("utf-8", "replace"))


def title_of(notice: NoticePublished, evidence: LedgerEvidence) -> str:
    """Return what to call a notice; empty where its text is not at hand or says nothing."""
    raw = evidence.text(notice.text_hash)
    if raw is None:
        return ""
    if notice.notice_kind == NoticeKind.POLICY:
        policy = understood(raw)
        if policy is None:
            return ""
        return f"{policy.economy}, version {policy.version}: {policy.title.preferred('en')}"
    start = raw[: limits.TITLE_SOUGHT].decode("utf-8", "replace")
    lines = inert_text(start).splitlines()
    return inert_line(next(filter(None, lines), "").lstrip("# "), limits.TITLE_CHARS)


def notice_dump(notice: NoticePublished, evidence: LedgerEvidence) -> dict[str, Any]:
    """Return a notice as a JSON object, without its text."""
    return {
        "notice": f"{notice.member}/{notice.number}",
        "kind": kind_of(notice),
        "publisher": notice.member,
        "published_at": instant(moment(notice.time)),
        "subject": subject_of(notice.subject_kind, notice.subject_member, notice.subject_hash),
        "title": title_of(notice, evidence),
        "text": {
            "sha256": notice.text_hash.hex(),
            "bytes": notice.text_size,
            "at_hand": evidence.text(notice.text_hash) is not None,
        },
    }
