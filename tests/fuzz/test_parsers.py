"""Every wire object, once, in one table: reading and writing undo each other, and whatever else
comes in is refused with an error of ours.

What is read must be written again exactly as it came, so nothing has two spellings. The exception
is the status list's encoding, in which others may compress as they like.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import events
from core.acceptance import Acceptance
from core.accreditation import Coverage
from core.anchor import Anchor
from core.bundle import Bundle
from core.credential import Credential
from core.crypto.jose import CompactJws, PublicKey
from core.encoding import canonical_json
from core.errors import ComityError
from core.events import Event, Position, State, event_class, restore_event
from core.leaf import Leaf
from core.record import Record
from core.report import Question, Report
from core.sdjwt import Disclosure, SdJwt
from core.slot import Slot
from core.statuslist import StatusBits, StatusList, issue_status_list, status_list_claims
from keys.key_file import KeyFile, KeyHeader, Sealing
from keys.public import AccountPublic, DocumentPublic
from keys.purposes import Algorithm, Purpose
from tests.support import ledger, policies
from tests.support.certificates import ISSUER, SLOT, full_record, least_record
from tests.support.json_strategy import JSON, edited, mutated
from tests.support.keyfiles import CREATED
from tests.support.network import Body, MemoryLedger, body_with_certificate
from tests.support.recognition import CB, Scene
from tests.support.tokens import ed25519_signer, es256_signer
from tests.vectors import generate_sdjwt
from verifier.verify import check

Wire = Any  # bytes, text or a JSON value


@dataclass(frozen=True)
class Format:
    """One wire object: good examples of it, and its two directions."""

    good: Sequence[Wire]
    parse: Callable[[Any], Any]
    dump: Callable[[Any], Wire]
    has_one_spelling: bool = True


def _bundles() -> list[bytes]:
    body, issued = body_with_certificate()
    return [
        body.bundle(issued, envelope, fields).dump()
        for envelope, fields in (("selective", ("scope",)), ("plain", ()), ("selective", ("all",)))
    ]


def _reports() -> list[dict[str, Any]]:
    body, issued = body_with_certificate()
    bundle, ledger_state, now = body.bundle(issued), body.ledger.state, body.ledger.now
    asked = Question("ISO 9001:2015", "19", "Plant 1", "DE")
    return [
        check(bundle, ledger_state, now=now).dump(),
        check(bundle, ledger_state, question=asked, now=now).dump(),
        check(bundle, None, now=now).dump(),
        _recognised(),
    ]


def _recognised() -> dict[str, Any]:
    """Return a report with a ladder, a condition and a history."""
    scene = Scene().play("grant@1 ab+MSC@1 home+MSC@1 conditions@2")
    assert scene.issued is not None
    scene.bodies[CB].declare(scene.issued.slot, State.SUSPENDED)
    scene.bodies[CB].declare(scene.issued.slot, State.IN_FORCE)
    return scene.ask(at=50).dump()


def _policies() -> list[dict[str, Any]]:
    made = [policies.least_policy(), policies.full_policy()]
    return [*made, policies.policy().signed_by(es256_signer("fuzz"), ISSUER.did).dump()]


def _credentials() -> list[str]:
    body = Body(MemoryLedger(), 1)
    body.signer = ed25519_signer("another")
    issued = body.issue()
    return [*issued.tokens.values(), Bundle.parse(_bundles()[0]).presentation]


def _key_files() -> list[bytes]:
    sealing = Sealing(bytes(16), bytes(12))
    account = ledger.account_signer(Purpose.OPERATING, "fuzz").public
    document = ledger.document_signer(Purpose.ASSERTION, "fuzz").public
    assert isinstance(account, AccountPublic)
    return [
        KeyFile(KeyHeader(purpose, public, CREATED, sealing), bytes(48)).dump()
        for purpose, public in ((Purpose.OPERATING, account), (Purpose.ASSERTION, document))
    ]


def _status_list() -> str:
    bits = StatusBits.of([3, 131_071])
    now = datetime(2026, 11, 20, tzinfo=UTC)
    return issue_status_list(status_list_claims(ISSUER, SLOT.list_url, bits, now), _SIGNER)


def _event(kind: type[Event]) -> dict[str, Any]:
    """Return an event of a kind as JSON, with place and time beside its own members."""
    values = {int: 7, str: "text", bytes: b"\x00\xff" * 16, bool: True}
    hints = get_type_hints(kind)
    own = [f.name for f in fields(kind) if f.name not in ("position", "time")]
    event = kind(Position(5, 1), 9, **{name: values[hints[name]] for name in own})
    return {"kind": kind.kind, "body": event.body()}


def _read_event(value: Any) -> Event:
    """Read what ``_event`` gives; its frame is the store's and holds no surprises."""
    if not isinstance(value, dict) or not isinstance(value.get("body"), dict):
        raise ComityError("frame", "not the frame of an event")
    if value.keys() != {"kind", "body"} or not isinstance(value["kind"], str):
        raise ComityError("frame", "not the frame of an event")
    return restore_event(value["kind"], Position(5, 1), 9, value["body"])


_SIGNER = es256_signer("fuzz")
_BUNDLE = json.loads(_bundles()[0])
_DOCUMENT = ledger.document_signer(Purpose.ASSERTION, "fuzz").public
_ACCOUNT = ledger.account_signer(Purpose.RECOVERY, "fuzz").public
_SD_JWT = generate_sdjwt.GOOD
EVENT_KINDS = [
    kind
    for kind in vars(events).values()
    if isinstance(kind, type) and issubclass(kind, Event) and kind.kind
]

FORMATS: Mapping[str, Format] = {
    "bundle": Format(_bundles(), Bundle.parse, Bundle.dump),
    "bundle as JSON": Format([_BUNDLE], Bundle.from_json, Bundle.to_json),
    "anchor": Format([_BUNDLE["anchor"]], Anchor.parse, Anchor.dump),
    "leaf": Format([_BUNDLE["leaf"]], Leaf.parse, Leaf.dump),
    "credential": Format(_credentials(), Credential.parse, Credential.dump),
    "record": Format([full_record(), least_record()], Record.parse, Record.dump),
    "coverage": Format(
        ['{"ISO 14001":"all","ISO 9001":["03","19"]}', '{"ISO 9001:2015":["28"]}'],
        Coverage.parse,
        Coverage.dump,
    ),
    "policy": Format(_policies(), Acceptance.parse, Acceptance.dump),
    "report": Format(_reports(), Report.parse, Report.dump),
    "key file": Format(_key_files(), KeyFile.parse, KeyFile.dump),
    "document key": Format(
        [_DOCUMENT.dump()],
        lambda value: DocumentPublic.parse(Algorithm.ES256, value),
        DocumentPublic.dump,
    ),
    "account": Format([_ACCOUNT.dump()], AccountPublic.parse, AccountPublic.dump),
    "ledger event": Format(
        [_event(kind) for kind in EVENT_KINDS],
        _read_event,
        lambda event: {"kind": event.kind, "body": event.body()},
    ),
    "status list": Format([_status_list()], StatusList.parse, lambda made: made.jws.dump()),
    "status bits": Format(
        [StatusBits.of([]).encode(), StatusBits.of([0, 8, 131_071]).encode()],
        StatusBits.decode,
        StatusBits.encode,
        has_one_spelling=False,
    ),
    "compact JWS": Format([_SD_JWT.partition("~")[0]], CompactJws.parse, CompactJws.dump),
    "SD-JWT": Format([_SD_JWT], SdJwt.parse, SdJwt.dump),
    "disclosure": Format(_SD_JWT.split("~")[1:-1], Disclosure.parse, Disclosure.dump),
    "slot": Format([SLOT.text, "http://localhost:1/a#0"], Slot.parse, Slot.dump),
    "public key": Format(
        [_SIGNER.public.canonical, ed25519_signer("fuzz").public.canonical],
        PublicKey.from_canonical,
        lambda key: key.canonical,
    ),
}


def _changed(good: Wire) -> st.SearchStrategy[Wire]:
    """Return a good value with something done to it, or anything at all of its kind."""
    if isinstance(good, bytes):
        text = good.decode()
        in_json = mutated(json.loads(good)).map(_canonical)
        bit = st.tuples(st.integers(0, len(good) - 1), st.integers(0, 7)).map(
            lambda at: good[: at[0]] + bytes([good[at[0]] ^ 1 << at[1]]) + good[at[0] + 1 :]
        )
        as_bytes = edited(text).map(lambda made: made.encode("utf-8", "surrogatepass"))
        return in_json | bit | as_bytes | st.binary(max_size=60)
    if isinstance(good, str):
        return edited(good) | st.text(max_size=60)
    return mutated(good) | JSON


def _canonical(value: Any) -> bytes:
    try:
        return canonical_json(value)
    except ComityError:
        return b"{}"


def test_every_kind_of_event_is_in_the_table() -> None:
    assert {kind.kind for kind in EVENT_KINDS} == set(events._KINDS)
    assert all(event_class(kind.kind) is kind for kind in EVENT_KINDS)


@pytest.mark.parametrize("name", FORMATS)
def test_reading_and_writing_undo_each_other(name: str) -> None:
    wire = FORMATS[name]
    for good in wire.good:
        value = wire.parse(good)
        assert wire.dump(value) == good
        assert wire.parse(wire.dump(value)) == value


@pytest.mark.parametrize("name", FORMATS)
@settings(
    max_examples=60, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(data=st.data())
def test_whatever_comes_is_read_exactly_or_refused(name: str, data: st.DataObject) -> None:
    _read_exactly_or_refuse(name, data)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", FORMATS)
@settings(
    max_examples=1_000, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(data=st.data())
def test_whatever_comes_is_read_exactly_or_refused_in_a_long_run(
    name: str, data: st.DataObject
) -> None:
    _read_exactly_or_refuse(name, data)


def _read_exactly_or_refuse(name: str, data: st.DataObject) -> None:
    wire = FORMATS[name]
    given_value = data.draw(st.sampled_from(wire.good).flatmap(_changed))
    try:
        value = wire.parse(given_value)
    except ComityError:
        return
    written = wire.dump(value)
    if wire.has_one_spelling:
        assert _exact(written) == _exact(given_value)
    assert wire.parse(written) == value


def _exact(value: Wire) -> Any:
    """Return a form in which 1, 1.0 and true are three values, as they are on the wire."""
    return json.dumps(value, sort_keys=True) if isinstance(value, dict | list) else value
