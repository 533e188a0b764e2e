"""Tokens taken apart into lines and put together again, so that what is inside can be changed.

A change to base64url text seldom gets past the first parser, and a change inside a disclosure never
past its digest. So a fuzzer is given the opened form: header, payload and each disclosure as JSON,
a line each, where ``@0`` stands for the digest of the first disclosure, ``@1`` for the second's.
Putting together writes base64url and digests anew and signs, whatever the lines say.
"""

from __future__ import annotations

from hashlib import sha256

from core.encoding import b64url, b64url_decode
from tests.support.tokens import WordSigner

_FIRST = ord("0")
_NUMBERED = 40  # disclosures with a place holder; "@" before a letter stays what it is


def take_apart(token: str) -> bytes:
    """Return the opened form of a compact JWS or an SD-JWT; its signature is left out."""
    signed, _, rest = token.partition("~")
    parts = [*signed.split(".")[:2], *[part for part in rest.split("~") if part]]
    opened = b"\n".join(b64url_decode(part) for part in parts)
    for number, part in enumerate(parts[2 : 2 + _NUMBERED]):
        opened = opened.replace(_digest(part.encode()), _place(number))
    return opened


def put_together(opened: bytes, signer: WordSigner, *, selective: bool) -> str:
    """Return the token of an opened form, signed; with its disclosures if ``selective``."""
    header, payload, *disclosures = [*opened.split(b"\n"), b""][: None if b"\n" in opened else 2]
    if disclosures and not disclosures[-1]:
        disclosures.pop()
    written = _Written(disclosures)
    signing_input = f"{b64url(header)}.{b64url(written.resolve(payload))}"
    token = f"{signing_input}.{b64url(signer.sign(signing_input.encode(), use='assertion'))}"
    if not selective:
        return token
    return "~".join([token, *[written.part(n) for n in range(len(disclosures))], ""])


class _Written:
    """The disclosures of one opened form, written in whatever order they name each other."""

    def __init__(self, disclosures: list[bytes]) -> None:
        self._disclosures = disclosures
        self._parts: dict[int, str] = {}
        self._begun: set[int] = set()

    def part(self, number: int) -> str:
        if number not in self._parts:
            self._begun.add(number)
            self._parts[number] = b64url(self.resolve(self._disclosures[number]))
        return self._parts[number]

    def resolve(self, line: bytes) -> bytes:
        """Return a line with digests for place holders, but for those that lead back to it."""
        for number in range(min(len(self._disclosures), _NUMBERED)):
            is_open = number in self._begun and number not in self._parts
            if _place(number) in line and not is_open:
                line = line.replace(_place(number), _digest(self.part(number).encode()))
        return line


def _place(number: int) -> bytes:
    return b"@%c" % (_FIRST + number)


def _digest(part: bytes) -> bytes:
    return b64url(sha256(part).digest()).encode()
