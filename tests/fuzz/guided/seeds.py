"""What guided fuzzing starts from: our own examples, and third-party vectors where there are any.

Vectors are harvested and not interpreted: from every JSON file in the folder that COMITY_VECTORS
names come its text, its texts that look like tokens, and its encoded status lists.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from core import examples
from core.acceptance import Acceptance
from core.credential import claims, issue_plain, issue_selective
from core.encoding import b64url_decode, canonical_json, compact_json
from core.record import Record
from core.sdjwt import SdJwt
from core.statuslist import StatusBits, issue_status_list, status_list_claims
from tests.support.certificates import ISSUER, SLOT, full_record, least_record
from tests.support.network import Body, MemoryLedger
from tests.support.policies import full_policy, least_policy
from tests.support.tokens import CountedRandomness, ed25519_signer, es256_signer
from tests.vectors import generate_sdjwt

SIGNER = es256_signer("north")
_LARGEST = 64 * 1024
_TOKEN = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_~.-]*")
_ROOT = Path(__file__).resolve().parents[3]
_ODD_JSON = (
    '{"a":1,"a":2}', '{"\\u0061":1,"a":2}', "[1e400]", "[-0]", "[0.1e-7]", "[9007199254740993]",
    '["\\ud800"]', '["\\ud83d\\ude00"]', "[NaN]", "[1,]", '"\\u003a"', "\ufeff{}", "[[[[]]]]",
    '{"a":{"b":[{"c":":"}]}}', '{"😀":1,"\uffff":2}', "[1] ", "\t{}", "01", "-", '"\x00"',
)  # fmt: skip


def documents() -> list[bytes]:
    """JSON of every kind that comes in."""
    ours = [canonical_json(record()) for record in (full_record, least_record)]
    return [*ours, *bundles(), *(text.encode() for text in _ODD_JSON), *_vector_files()]


def records() -> list[bytes]:
    return [canonical_json(full_record()), compact_json(least_record())]


@cache
def policies() -> list[bytes]:
    """Acceptance policies: the least, everything there is, signed, and the worked examples."""
    values = (least_policy(), full_policy(), *(one.dump() for one in examples.policies().values()))
    made = [Acceptance.parse(value) for value in values]
    signed = [one.signed_by(SIGNER, ISSUER.did) for one in made[:2]]
    return [one.file_bytes() for one in (*made, *signed)]


@cache
def signed_policies() -> list[bytes]:
    """What ``SIGNER`` has signed, without the signatures."""
    return policies()[:2]


def keys() -> list[bytes]:
    ours = [SIGNER.public.canonical, ed25519_signer("fuzz").public.canonical]
    return [*ours, *[compact_json(value) for value in _vector_objects("kty")]]


def jws() -> list[bytes]:
    """Compact tokens: credentials, status lists, and what others publish."""
    found = [_plain(), status_lists()[0].decode(), generate_sdjwt.GOOD, *_vectors("token")]
    return [token.partition("~")[0].encode() for token in found]


def sd_jwts() -> list[bytes]:
    """SD-JWTs, good and bad, and what others publish."""
    refused = json.loads(Path(generate_sdjwt.FILE).read_text("utf-8"))
    texts = [*_texts(refused, "token"), *_vectors("token"), generate_sdjwt.GOOD, _selective()]
    return [text.encode() for text in texts if "~" in text and len(text) < _LARGEST]


def presentations() -> list[bytes]:
    """Credentials in both envelopes, shown in full and in part."""
    whole = SdJwt.parse(_selective())
    few = whole.select(set(list(whole.process().disclosed)[:3]))
    return [text.encode() for text in (_plain(), _selective(), few.dump())]


@cache
def bundles() -> list[bytes]:
    body = Body(MemoryLedger(), 1)
    body.join()
    issued = body.issue()
    body.anchor(issued)
    return [
        body.bundle(issued, envelope, fields).dump()
        for envelope, fields in (("selective", ("scope",)), ("plain", ()), ("selective", ("all",)))
    ]


@cache
def status_lists() -> list[bytes]:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    made = status_list_claims(ISSUER, SLOT.list_url, StatusBits.of([3, 131_071]), now)
    return [issue_status_list(made, SIGNER).encode()]


def encoded_lists() -> list[bytes]:
    ours = [StatusBits.of(bits).encode() for bits in ([], [0, 8, 131_071], range(0, 131_072, 3))]
    return [text.encode() for text in [*ours, *_vectors("encodedList")]]


def packed_lists() -> list[bytes]:
    return [b64url_decode(text[1:].decode()) for text in encoded_lists()]


def registers() -> list[bytes]:
    """The register of its documentation, and one of as little as will do."""
    page = (_ROOT / "docs" / "formats" / "register.md").read_text("utf-8")
    example = page.partition("```csv\n")[2].partition("```")[0]
    least = (
        "certificate_number,standard,holder_name,holder_economy,scope,effective_date,expiry_date\n"
        'A-1,VDA 6.1:2016,"Muster ""Beispiel"" GmbH",DE,Parts,2026-01-01,2028-12-31\n'
    )
    return [example.encode(), least.encode()]


@cache
def _claims() -> dict[str, Any]:
    return claims(Record.parse(full_record()), ISSUER, SLOT)


@cache
def _selective() -> str:
    return issue_selective(_claims(), SIGNER, CountedRandomness())


@cache
def _plain() -> str:
    return issue_plain(_claims(), SIGNER)


@cache
def _vector_files() -> tuple[bytes, ...]:
    folder = os.environ.get("COMITY_VECTORS")
    files = sorted(Path(folder).rglob("*.json")) if folder else []
    return tuple(file.read_bytes() for file in files)


def _vector_objects(member: str) -> Iterator[dict[str, Any]]:
    """Give the objects with a member of this name, whatever file they stand in."""
    waiting: list[Any] = [json.loads(raw) for raw in _vector_files()]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict) and member in value:
            yield value
        waiting += value.values() if isinstance(value, dict) else []
        waiting += value if isinstance(value, list) else []


def _vectors(kind: str) -> list[str]:
    found = {text for raw in _vector_files() for text in _texts(json.loads(raw), kind)}
    return sorted(found, key=lambda text: (len(text), text))


def _texts(value: Any, kind: str, name: str = "") -> Iterator[str]:
    """Give the texts in a JSON value that are tokens, or stand under the name asked for."""
    if isinstance(value, dict):
        for member, inner in value.items():
            yield from _texts(inner, kind, member)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, kind, name)
    elif isinstance(value, str) and (
        _TOKEN.fullmatch(value) if kind == "token" else name == kind and value.startswith("u")
    ):
        yield value
