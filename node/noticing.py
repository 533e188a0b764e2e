"""Notices: texts that a member publishes for everybody, and risk alerts taken back.

Decides the sentence and whether the same is published already. A notice is public for ever. An
acceptance policy is published only if readers would count it: for this body's own economy, and
signed with an assertion key of its own that stands. Refuses texts that are empty, too large or not
UTF-8, and subjects that a kind of notice cannot have.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from contracts.calls import Notice
from core.acceptance import Acceptance
from core.encoding import b64url, b64url_decode
from core.errors import FormatError, NotFound, Refused, UsageError
from core.events import (
    AlertLifted,
    Event,
    NoticeKind,
    NoticePublished,
    SubjectKind,
    alert_key,
)
from node.acting import Draft, Expected, Ground
from node.arranging import require_text_sound
from node.membership import Evidence, assertion_key_stands
from node.naming import Member, dumped, member_named, members_of, name_of, time_of
from node.policies import SignatureState, require_may_sign, signature_state
from node.states import ActKind

NOTHING: Final = bytes(32)
_ROOT = re.compile(r"(0x)?[0-9a-f]{64}")
_ABOUT: Final[Mapping[NoticeKind, frozenset[SubjectKind]]] = {
    NoticeKind.POLICY: frozenset({SubjectKind.NONE}),
    NoticeKind.CHANGE: frozenset({SubjectKind.NONE}),
    NoticeKind.ALERT: frozenset({SubjectKind.MEMBER, SubjectKind.KEY, SubjectKind.ANCHOR}),
    NoticeKind.CORRECTION: frozenset({SubjectKind.NOTICE}),
}
_SPELLED: Final[Mapping[SubjectKind, str]] = {
    SubjectKind.MEMBER: "member:MEMBER",
    SubjectKind.KEY: "key:MEMBER/THUMBPRINT",
    SubjectKind.ANCHOR: "batch:MEMBER/ROOT",
    SubjectKind.NOTICE: "notice:NUMBER",
}
_FAILING: Final[Mapping[SignatureState, str]] = {
    SignatureState.UNSIGNED: "it is not signed",
    SignatureState.GOOD: "another body signed it",
    SignatureState.NOT_REGISTERED: "its key does not stand on the ledger",
    SignatureState.BROKEN: "its signature does not belong to it",
    SignatureState.NOT_CHECKED: "its signature could not be checked",
}
KIND_WORDS: Final[Mapping[NoticeKind, str]] = {
    NoticeKind.POLICY: "an acceptance policy",
    NoticeKind.CHANGE: "a change of standard or interface",
    NoticeKind.ALERT: "a risk alert",
    NoticeKind.CORRECTION: "a correction",
}


@dataclass(frozen=True, slots=True)
class Subject:
    """What a notice is about.

    Args:
        member: whose; 0 for nothing.
        hash: of a key its thumbprint, of a batch its root, of a notice its number.
    """

    kind: SubjectKind = SubjectKind.NONE
    member: int = 0
    hash: bytes = NOTHING

    def words(self, members: Mapping[int, Member]) -> str:
        """Return the subject as a phrase."""
        whose = name_of(members, self.member)
        match self.kind:
            case SubjectKind.MEMBER:
                return whose
            case SubjectKind.KEY:
                return f"the key {b64url(self.hash)} of {whose}"
            case SubjectKind.ANCHOR:
                return f"the batch {self.hash.hex()} of {whose}"
            case SubjectKind.NOTICE:
                return f"notice {int.from_bytes(self.hash)} of {whose}"
            case SubjectKind.NONE:
                return "nothing in particular"

    def dump(self, members: Mapping[int, Member]) -> dict[str, Any] | None:
        """Return the subject as listings show it, None for nothing."""
        if self.kind is SubjectKind.NONE:
            return None
        told = {
            SubjectKind.KEY: b64url(self.hash),
            SubjectKind.ANCHOR: self.hash.hex(),
            SubjectKind.NOTICE: str(int.from_bytes(self.hash)),
        }
        return {
            "kind": "batch" if self.kind is SubjectKind.ANCHOR else self.kind.name.lower(),
            **dumped(members, self.member),
            "id": told.get(self.kind),
        }


def subject_named(ground: Ground, text: str) -> Subject:
    """Return the subject that ``text`` names.

    Args:
        text: ``member:MEMBER``, ``key:MEMBER/THUMBPRINT``, ``batch:MEMBER/ROOT`` or ``notice:N``;
            MEMBER may be a number, an endpoint's host or a registered name.

    Raises:
        UsageError: it names none.
    """
    word, _, rest = text.partition(":")
    whose, _, what = rest.rpartition("/")
    members = members_of(ground.evidence)
    try:
        match word:
            case "member":
                return Subject(SubjectKind.MEMBER, member_named(members, rest).number)
            case "key":
                thumbprint = b64url_decode(what, what="thumbprint", size=32)
                return Subject(SubjectKind.KEY, member_named(members, whose).number, thumbprint)
            case "batch" if _ROOT.fullmatch(what.lower()):
                root = bytes.fromhex(what.lower().removeprefix("0x"))
                return Subject(SubjectKind.ANCHOR, member_named(members, whose).number, root)
            case "notice" if rest.isascii() and rest.isdecimal() and 0 < int(rest) < 2**32:
                return Subject(SubjectKind.NOTICE, ground.member, int(rest).to_bytes(32))
    except FormatError:
        pass
    raise UsageError(
        "subject_form", "--subject: expected a member, a key, a batch or a notice of our own",
        "member:MEMBER, key:MEMBER/THUMBPRINT, batch:MEMBER/ROOT or notice:NUMBER",
    )  # fmt: skip


def publishing(
    ground: Ground, kind: NoticeKind, text: bytes, subject: Subject | None = None
) -> Draft:
    """Draft a notice.

    Args:
        text: what everybody will read, for ever.
        subject: what it is about; an alert and a correction have one, nothing else does.

    Raises:
        UsageError: the text or the subject does not fit.
        Refused: a policy that no reader would count.
    """
    require_text_sound(text)
    about = subject or Subject()
    if about.kind not in _ABOUT[kind]:
        fitting = ", ".join(_SPELLED[one] for one in sorted(_ABOUT[kind]) if one in _SPELLED)
        raise UsageError(
            "subject_unfit",
            f"{KIND_WORDS[kind]} {'needs a fitting' if fitting else 'takes no'} --subject",
            f"one of: {fitting}" if fitting else "leave it out",
        )
    if kind is NoticeKind.POLICY:
        _require_counted(ground, text)
    digest = sha256(text).digest()
    body = {
        "member": ground.member,
        "notice_kind": int(kind),
        "subject_kind": int(about.kind),
        "subject_member": about.member,
        "subject_hash": about.hash.hex(),
        "text_hash": digest.hex(),
        "text_size": len(text),
    }
    key = (
        alert_key(about.kind, about.member, about.hash)
        if kind is NoticeKind.ALERT
        else f"notice/{ground.member}/"
    )
    expected = Expected(key, NoticePublished.kind, body)
    members = members_of(ground.evidence)
    regarding = "" if about.kind is SubjectKind.NONE else f" about {about.words(members)}"
    return Draft(
        kind=ActKind.NOTICE,
        stated={
            "kind": kind.name.lower(),
            "subject": about.dump(members),
            "text_sha256": digest.hex(),
            "bytes": len(text),
        },
        call=ground.calls.publish_notice(
            Notice(int(kind), int(about.kind), about.member, about.hash), text
        ),
        expected=expected,
        sentence=f"{ground.body.name} publishes {KIND_WORDS[kind]}{regarding}, "
        f"{len(text)} bytes, for everybody and for ever.",
        undo="comity notice lift takes an alert back; it stays in the history."
        if kind is NoticeKind.ALERT
        else "It cannot be taken back; a later notice can correct or replace it.",
        standing=_not_lifted(ground.evidence, expected),
    )


def lifting(ground: Ground, number: int) -> Draft:
    """Draft the taking back of an alert of this body.

    Raises:
        NotFound: this body has no alert with this number.
    """
    published = alert_numbered(ground.evidence, ground.member, number)
    subject = _subject(published)
    expected = Expected(
        published.key(), AlertLifted.kind, {"member": ground.member, "number": number}
    )
    return Draft(
        kind=ActKind.LIFT,
        stated={"number": number},
        call=ground.calls.lift_alert(number),
        expected=expected,
        sentence=f"{ground.body.name} takes its risk alert about "
        f"{subject.words(members_of(ground.evidence))} back.",
        undo="Both stay in the history; comity notice publish alert warns again.",
        standing=expected.found_in(ground.evidence),
    )


def alert_numbered(evidence: Evidence, member: int, number: int) -> NoticePublished:
    """Return a member's alert.

    Raises:
        NotFound: it has none with this number.
    """
    for event in _published(evidence):
        is_alert = event.notice_kind == NoticeKind.ALERT
        if is_alert and (event.member, event.number) == (member, number):
            return event
    raise NotFound("alert_unknown", "this body has no alert with this number", "comity notices")


def notices(evidence: Evidence) -> list[dict[str, Any]]:
    """Return every notice on the ledger as ``--json`` shows it, newest first."""
    members = members_of(evidence)
    published = sorted(_published(evidence), key=lambda event: event.position, reverse=True)
    return [
        {
            "notice": f"{event.member}/{event.number}",
            "publisher": dumped(members, event.member),
            "kind": _kind_word(event.notice_kind),
            "subject": _subject(event).dump(members),
            "published_at": time_of(event.time),
            "lifted_at": time_of(_lifted_at(evidence, event)),
            "text": {"sha256": event.text_hash.hex(), "bytes": event.text_size},
        }
        for event in published
    ]


def text_of(evidence: Evidence, digest: bytes) -> str | None:
    """Return a public text, None where this node does not have it."""
    raw = evidence.text(digest)
    return None if raw is None else raw.decode("utf-8", "replace")


def _published(evidence: Evidence) -> list[NoticePublished]:
    keys = [*evidence.keys("notice/"), *evidence.keys("alert/")]
    return [e for key in keys for e in evidence.history(key) if isinstance(e, NoticePublished)]


def _not_lifted(evidence: Evidence, expected: Expected) -> Event | None:
    found = expected.found_in(evidence)
    lifted = isinstance(found, NoticePublished) and _lifted_at(evidence, found)
    return None if lifted else found


def _lifted_at(evidence: Evidence, published: NoticePublished) -> int:
    if published.notice_kind != NoticeKind.ALERT:
        return 0
    return next(
        (
            event.time
            for event in evidence.history(published.key())
            if isinstance(event, AlertLifted)
            and (event.member, event.number) == (published.member, published.number)
        ),
        0,
    )


def _subject(event: NoticePublished) -> Subject:
    known = event.subject_kind in SubjectKind._value2member_map_
    kind = SubjectKind(event.subject_kind) if known else SubjectKind.NONE
    return Subject(kind, event.subject_member, event.subject_hash)


def _kind_word(kind: int) -> str:
    known = kind in NoticeKind._value2member_map_
    return NoticeKind(kind).name.lower() if known else f"kind {kind}"


def _require_counted(ground: Ground, text: bytes) -> None:
    """Refuse a policy that readers would pass over, for it would stay on the ledger for ever."""
    policy = Acceptance.read(text)
    require_may_sign(policy, ground.evidence, ground.body)
    kid, state = policy.signer, signature_state(policy, ground.evidence)
    is_ours = kid is not None and ground.evidence.member_of(kid.did) == ground.member
    if kid is None or state is not SignatureState.GOOD or not is_ours:
        raise Refused("policy_signature", f"no reader would count it: {_FAILING[state]}",
                      "comity policy sign")  # fmt: skip
    if not assertion_key_stands(ground.evidence, ground.member, kid.thumbprint):
        raise Refused("policy_signature", "no reader would count it: its key is revoked",
                      "comity policy sign")  # fmt: skip
