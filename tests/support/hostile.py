"""A network whose members registered everything that could hurt a reader (threat B11).

Scripts, markup, internal addresses, marks that turn the direction of reading, control characters,
line ends, half of a document, and texts as long as the contracts let them be. One address is given
by the test: whatever fetches it is caught.
"""

from __future__ import annotations

import json
from html.parser import HTMLParser

from core.acceptance import Acceptance
from core.events import (
    MemberAdmitted,
    NoticeKind,
    PartyAction,
    Position,
    Proposed,
    Role,
    SubjectKind,
    Voted,
)
from tests.support.network import Body, MemoryLedger
from tests.support.policies import least_policy

SCRIPT = "<script>alert(1)</script>"
TURNED = "safe\u202egnp.exe"
ENDING = "]]></content></entry></feed>"
NEWLINE = "Body 9\nVerified: accepted everywhere since 2000-01-01"
ESCAPE = "\x1b[2J\x1b]0;owned\x07"
MARKUP = '"><img src=x onerror=alert(1)>'
WORST = f"{MARKUP}{SCRIPT}{ENDING}{TURNED}{ESCAPE}\x00\ud7ff\ufffe&amp;{{{{7*7}}}}"
LONG = "L" * 23_000
FORBIDDEN = ("\u202e", "\x1b", "\x07", "\x00", "\ufffe")


def hostile_network(ledger: MemoryLedger, address: str) -> None:
    """Record members, arrangements, notices and votes full of hostile texts.

    Args:
        address: which nobody may ask.
    """
    names = (WORST, SCRIPT, TURNED, NEWLINE, address, "N" * 900)
    for number, name in enumerate(names, start=1):
        _admit(
            ledger, number, name, address if number % 2 else f"javascript:alert({number})//{WORST}"
        )
    authority = Body(ledger, 7).join(Role.AUTHORITY | Role.ACCREDITATION_BODY, "XB")
    _accreditations(authority)
    number = authority.make_arrangement(1, 7, text=f"# {WORST}\n{address}\n{LONG}".encode())
    ledger.of_party(number, 1, PartyAction.ACCEPTED, "MSC")
    authority.make_arrangement(7, text=b"\xff\xfe\x00" * 900)
    for kind, subject in (
        (NoticeKind.CHANGE, SubjectKind.NONE),
        (NoticeKind.ALERT, SubjectKind.MEMBER),
        (NoticeKind.CORRECTION, SubjectKind.NOTICE),
        (NoticeKind.POLICY, SubjectKind.NONE),
    ):
        text = f"{WORST}\n[link]({address})\n{LONG}".encode()
        authority.publish(kind, text, subject, 1 if subject else 0)
    authority.publish(NoticeKind.CHANGE, b"\xff\x00\xfe" * 8_000)
    _policy(authority)
    payload = b"\0" * 31 + b"\x20" + f"{WORST}{address}".encode()
    for action in (1, 7, 99):
        ledger.record(Proposed(*ledger.next(), action, action, 1, 1, payload))
    ledger.record(Voted(*ledger.next(), 1, 2, True))


def _admit(ledger: MemoryLedger, number: int, name: str, endpoint: str) -> None:
    position, time = ledger.next()
    names = json.dumps({"en": name, SCRIPT: "a language"})
    ledger.record(
        MemberAdmitted(
            Position(position.block, 0), time, number, names, '"><i', int(Role(15)), endpoint,
            f"0x{number:040x}", f"0x{number + 100:040x}",
        )
    )  # fmt: skip


def _accreditations(body: Body) -> None:
    body.accredit(1, coverage=json.dumps({SCRIPT: "all"}, separators=(",", ":")))
    body.accredit(2, coverage=f"{WORST}{LONG}")
    body.accredit(3, coverage='{"ISO 9001":"all"}', scope="MSC")


def _policy(authority: Body) -> None:
    stated = least_policy() | {"economy": "XB", "title": {"en": SCRIPT}}
    policy = Acceptance.parse(stated).signed_by(authority.signer, authority.issuer.did)
    authority.publish(NoticeKind.POLICY, policy.file_bytes())


class Markup(HTMLParser):
    """What of a page is markup: its tags, and every address that it leads to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.addresses: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name in ("href", "src", "action", "srcset", "data", "formaction", "poster"):
                self.addresses.add(value or "")
