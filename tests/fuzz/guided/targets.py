"""What guided fuzzing feeds: each target reads bytes as one of our formats and uses what it read.

A target may refuse with an error of ours and may return. Anything else is a find: another error, a
reading that does not write back what it read, a document that is believed and should not be, or
more time than an input of its size can need. Nothing here needs the fuzzer, so a find is run again
without it.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from core import limits
from core.acceptance import Acceptance
from core.bundle import Bundle
from core.crypto.jose import CompactJws, PublicKey
from core.encoding import b64url, canonical_json, parse_canonical_json, parse_json
from core.errors import ComityError, FormatError, ProofError
from core.record import Record
from core.sdjwt import SdJwt
from core.sdjwt_binding import KeyBinding
from core.statuslist import StatusBits, StatusList
from node.register import Register
from tests.fuzz import test_signed_content
from tests.fuzz.guided import opened, seeds
from tests.fuzz.test_bundle_mutations import original, require_nothing_gained
from tests.fuzz.test_record_and_credential import use_all_of
from tests.fuzz.test_signed_content import require_a_report
from tests.support.tokens import ed25519_signer

SECONDS: Final = 2.0  # of processor time for one input; the largest takes a tenth of it
LARGEST: Final = 64 * 1024
_LEDGER_LENGTH: Final = 500
_ED25519: Final = ed25519_signer("fuzz")
_BELIEVED: Final = "Ed25519"  # the same token in every process


class TooSlow(AssertionError):
    """An input took more time than it may."""


@dataclass(frozen=True, slots=True)
class Target:
    """One way in: what it reads, how it is used, and what to start from."""

    group: str
    use: Callable[[bytes], bool | None]  # False: refused, without an error
    seeds: Callable[[], Iterable[bytes]]


def attempt(target: Target, raw: bytes) -> bool:
    """Use one input; return whether it was read, False where it was refused as it should be."""
    started = time.process_time()
    try:
        return target.use(raw) is not False
    except ComityError:
        return False
    finally:
        took = time.process_time() - started
        if took > SECONDS:
            raise TooSlow(f"{len(raw)} bytes took {took:.1f} s")


# ---------------------------------------------------------------- JSON


def _json(raw: bytes) -> None:
    """Strict JSON says what the standard library says, and the same for text as for bytes."""
    value = parse_json(raw, what="input", max_bytes=limits.BUNDLE_BYTES)
    expected = json.loads(raw, object_pairs_hook=_each_once, parse_constant=_refused)
    assert _exact(value) == _exact(expected)
    assert _exact(parse_json(raw.decode(), what="input", max_bytes=limits.BUNDLE_BYTES)) == _exact(
        value
    )
    written = canonical_json(value)
    again = parse_canonical_json(written, what="input", max_bytes=2 * limits.BUNDLE_BYTES)
    assert canonical_json(again) == written


def _canonical(raw: bytes) -> None:
    value = parse_canonical_json(raw, what="input", max_bytes=limits.BUNDLE_BYTES)
    assert canonical_json(value) == raw


def _each_once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    assert len({name for name, _ in pairs}) == len(pairs)
    return dict(pairs)


def _refused(constant: str) -> Any:
    raise AssertionError(constant)


def _exact(value: Any) -> str:
    """Tell 1, 1.0 and true apart, and keep the order of members."""
    return json.dumps(value)


# ---------------------------------------------------------------- tokens


def _text(raw: bytes) -> str:
    """Every string of bytes is a text; that of a token is ASCII."""
    return raw.decode("latin-1")


def _jws(raw: bytes) -> None:
    token = CompactJws.parse(_text(raw))
    assert token.dump() == _text(raw)
    token.verify(seeds.SIGNER.public if token.algorithm == "ES256" else _ED25519.public)


def _jws_opened(raw: bytes) -> None:
    token = CompactJws.parse(opened.put_together(raw, _ED25519, selective=False))
    token.verify(_ED25519.public)
    assert token.payload == [*raw.split(b"\n"), b""][1]


def _key(raw: bytes) -> None:
    try:
        assert PublicKey.from_canonical(raw).canonical == raw
    except FormatError:
        value = parse_json(raw, what="key", max_bytes=limits.JWS_HEADER_BYTES)
        if isinstance(value, dict):
            key = PublicKey.from_jwk(value)
            assert PublicKey.from_jwk(key.jwk) == key


def _sd_jwt(raw: bytes) -> None:
    _use_sd_jwt(_text(raw))


def _sd_jwt_opened(raw: bytes) -> None:
    _use_sd_jwt(opened.put_together(raw, _ED25519, selective=True))


def _use_sd_jwt(text: str) -> None:
    """Open the token, and every way of narrowing that keeps all, some or none of it."""
    token = SdJwt.parse(text)
    assert token.dump() == text
    if token.key_binding is not None:
        KeyBinding.parse(token.key_binding).require_bound_to(token)
    whole = token.process()
    paths = sorted(whole.disclosed, key=repr)
    assert len(paths) == len(token.disclosures)
    for chosen in (set(paths), set(paths[::2]), set[Any]()):
        narrowed = token.select(chosen)
        again = SdJwt.parse(narrowed.dump()).process()
        assert chosen <= again.disclosed.keys() <= whole.disclosed.keys()
        if chosen == set(paths):
            assert _exact(again.claims) == _exact(whole.claims)


# ---------------------------------------------------------------- documents


def _credential(raw: bytes) -> bool:
    return use_all_of(_text(raw))


def _credential_opened(raw: bytes) -> bool:
    """A member may sign and anchor anything; its report must be whole and safe to print."""
    body = test_signed_content.body()
    if body.ledger.block > _LEDGER_LENGTH:
        test_signed_content.body.cache_clear()
        body = test_signed_content.body()
    reports = [
        require_a_report(opened.put_together(raw, body.signer, selective=selective))
        for selective in (True, False)
    ]
    return reports != [None, None]


def _bundle(raw: bytes) -> None:
    assert Bundle.parse(raw).dump() == raw
    require_nothing_gained(_BELIEVED, raw)


def _bundle_rewritten(raw: bytes) -> None:
    """The same for any JSON, put into canonical form first."""
    _bundle(canonical_json(parse_json(raw, what="input", max_bytes=limits.BUNDLE_BYTES)))


def _status_list(raw: bytes) -> None:
    read = StatusList.parse(_text(raw))
    assert read.jws.dump() == _text(raw)
    read.in_date(datetime(2026, 11, 20, tzinfo=UTC))


def _status_list_opened(raw: bytes) -> None:
    _status_list(opened.put_together(raw, seeds.SIGNER, selective=False).encode())


def _status_bits(raw: bytes) -> None:
    bits = StatusBits.decode(_text(raw))
    assert StatusBits.decode(bits.encode()) == bits
    bits.is_set(limits.STATUS_LIST_ENTRIES - 1)


def _status_bits_opened(raw: bytes) -> None:
    """The gzip stream below the text."""
    _status_bits(b"u" + b64url(raw).encode())


def _record(raw: bytes) -> None:
    value = parse_json(raw, what="record", max_bytes=limits.RECORD_BYTES)
    assert canonical_json(Record.parse(value).dump()) == canonical_json(value)


def _policy(raw: bytes) -> None:
    """What is read is what stands there, and nobody signs by changing what another signed."""
    policy = Acceptance.read(raw)
    value = parse_json(raw, what="policy", max_bytes=limits.LEDGER_TEXT_BYTES)
    assert canonical_json(policy.dump()) == canonical_json(value)
    assert Acceptance.read(policy.file_bytes()) == policy
    if policy.signer is not None:
        with suppress(ProofError):
            policy.verify(seeds.SIGNER.public)
            assert replace(policy, signature=None).file_bytes() in seeds.signed_policies()


def _register(raw: bytes) -> None:
    for row in Register(io.BytesIO(raw)):
        assert (row.record is None) == bool(row.faults)
        if row.record is not None:
            assert Record.parse(row.record.dump()) == row.record


# ---------------------------------------------------------------- the table


def _opened(tokens: Callable[[], Iterable[bytes]]) -> Callable[[], Iterable[bytes]]:
    """Return the opened forms of tokens that have one."""

    def made() -> Iterable[bytes]:
        for token in tokens():
            try:
                yield opened.take_apart(token.decode())
            except ComityError:
                continue

    return made


def _anchored() -> Iterable[bytes]:
    return [token.encode() for token in test_signed_content.TOKENS.values()]


def _bundles() -> Iterable[bytes]:
    return [original(_BELIEVED).bundle.dump(), original(_BELIEVED).twin.dump()]


TARGETS: Final[Mapping[str, Target]] = {
    "json": Target("json", _json, seeds.documents),
    "canonical-json": Target("json", _canonical, seeds.documents),
    "jws": Target("jws", _jws, seeds.jws),
    "jws-opened": Target("jws", _jws_opened, _opened(seeds.jws)),
    "key": Target("jws", _key, seeds.keys),
    "sd-jwt": Target("sd-jwt", _sd_jwt, seeds.sd_jwts),
    "sd-jwt-opened": Target("sd-jwt", _sd_jwt_opened, _opened(seeds.sd_jwts)),
    "credential": Target("credential", _credential, seeds.presentations),
    "credential-opened": Target("credential", _credential_opened, _opened(_anchored)),
    "bundle": Target("bundle", _bundle, _bundles),
    "bundle-rewritten": Target("bundle", _bundle_rewritten, _bundles),
    "status-list": Target("status", _status_list, seeds.status_lists),
    "status-list-opened": Target("status", _status_list_opened, _opened(seeds.status_lists)),
    "status-bits": Target("status", _status_bits, seeds.encoded_lists),
    "status-bits-opened": Target("status", _status_bits_opened, seeds.packed_lists),
    "record": Target("record", _record, seeds.records),
    "policy": Target("record", _policy, seeds.policies),
    "register": Target("record", _register, seeds.registers),
}
GROUPS: Final = tuple(dict.fromkeys(target.group for target in TARGETS.values()))
