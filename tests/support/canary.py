"""Canaries: texts that exist nowhere else, and a search for them in every form they could leak in.

Each canary is a prefix, the field's name, 80 random bits and a tail in another script. It is
looked for in about thirty forms, in the random part alone, and inside whatever can be unpacked.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
import re
import shutil
import subprocess
import unicodedata
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from urllib.parse import quote

TAIL = "测Ж"
_WINDOW = 12
_HASHES = ("md5", "sha1", "sha256", "sha512", "sha3_256")


@dataclass(frozen=True)
class Canary:
    """One planted text; ``name`` says what it is, ``drawn`` is its random part."""

    name: str
    text: str
    drawn: str

    @classmethod
    def plant(cls, name: str, random: Random) -> Canary:
        drawn = base64.b32encode(random.randbytes(10)).decode()
        return cls(name, f"Kanarie {name} {drawn} {TAIL}", drawn)


@dataclass(frozen=True)
class Hit:
    """A canary that was found where it must not be."""

    canary: str
    place: str


def forms(canary: Canary) -> set[bytes]:
    """Return every byte string that would give the canary away."""
    text, drawn = canary.text, canary.drawn
    found: set[bytes] = set()
    for spelled in (text, drawn):
        for normal in ("NFC", "NFD", "NFKC"):
            shape = unicodedata.normalize(normal, spelled)
            for variant in (shape, shape.upper(), shape.lower(), shape[::-1]):
                found |= _encodings(variant)
    found |= {drawn[i : i + _WINDOW].encode() for i in range(len(drawn) - _WINDOW + 1)}
    for name in _HASHES:
        digest = hashlib.new(name, text.encode()).digest()
        found |= {
            digest,
            digest.hex().encode(),
            digest.hex().upper().encode(),
            base64.b64encode(digest).rstrip(b"="),
            base64.urlsafe_b64encode(digest).rstrip(b"="),
        }
    return {form for form in found if len(form) >= _WINDOW}


def _encodings(text: str) -> set[bytes]:
    raw = text.encode()
    found = {
        raw,
        text.encode("utf-16-le"),
        text.encode("utf-16-be"),
        raw.hex().encode(),
        raw.hex().upper().encode(),
        quote(text).encode(),
        quote(text, safe="").lower().encode(),
        text.replace(" ", "+").encode(),
        json.dumps(text)[1:-1].encode(),
        html.escape(text).encode(),
        text.encode("ascii", "xmlcharrefreplace"),
    }
    for shift in range(3):
        # what base64 makes of the text wherever it begins, without the characters at both ends
        # that depend on its neighbours
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            body = encode(bytes(shift) + raw)
            found.add(body[4 if shift else 0 : -4])
    return found


class Search:
    """Looks for canaries in files and bytes; uses grep, which reads gigabytes in seconds."""

    def __init__(self, canaries: Iterable[Canary], folder: Path) -> None:
        self._owner: dict[bytes, str] = {}
        for canary in canaries:
            for form in forms(canary):
                if b"\n" not in form:
                    self._owner.setdefault(form, canary.name)
        self._patterns = folder / "patterns"
        self._patterns.write_bytes(b"\n".join(self._owner) + b"\n")
        self._haystacks = folder / "haystacks"

    @property
    def patterns(self) -> int:
        return len(self._owner)

    def places(self, places: Mapping[str, bytes]) -> list[Hit]:
        """Return the hits in named bytes, unpacked as far as they can be."""
        shutil.rmtree(self._haystacks, ignore_errors=True)
        self._haystacks.mkdir()
        owners = {}
        for place, content in places.items():
            for form in _unpacked(content):
                name = str(len(owners))
                owners[name.encode()] = place
                (self._haystacks / name).write_bytes(form)
        hits = {Hit(self._owner[found], owners[name]) for name, found in self._grep()}
        return sorted(hits, key=lambda hit: (hit.place, hit.canary))

    def _grep(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield (file name, pattern found) over all haystacks, in one run of grep."""
        done = subprocess.run(
            ["grep", "-r", "-a", "-o", "-F", "-Z", "-f", str(self._patterns), "."],
            capture_output=True,
            cwd=self._haystacks,
            env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
            check=False,
        )
        assert done.returncode in (0, 1), done.stderr
        for line in done.stdout.split(b"\n"):
            name, end, found = line.partition(b"\0")
            if end:
                yield name.removeprefix(b"./"), found


def _unpacked(content: bytes) -> Iterator[bytes]:
    """Yield the bytes, their hexadecimal runs as bytes, and every gzip or deflate stream in them.

    JSON-RPC carries call data as hexadecimal: read back, a text in it is found as a text.
    """
    yield content
    runs = re.findall(rb"(?:[0-9a-fA-F]{2}){16,}", content)
    if runs:
        yield b"\n".join(bytes.fromhex(run.decode()) for run in runs)
    for start in (match.start() for match in re.finditer(rb"\x1f\x8b\x08", content)):
        try:
            yield zlib.decompressobj(wbits=31).decompress(content[start:], 64 * 1024 * 1024)
        except (zlib.error, gzip.BadGzipFile):
            continue


def files_below(folder: Path, label: str) -> dict[str, bytes]:
    """Return label/path → bytes, and each path itself, of every file below a folder."""
    found: dict[str, bytes] = {}
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            name = str(file.relative_to(folder))
            found[f"{label}/{name}"] = file.read_bytes()
            found[f"name of {label}/{name}"] = name.encode()
    return found
