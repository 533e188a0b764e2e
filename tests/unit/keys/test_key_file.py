"""The key file's format: one spelling, nothing unknown, nothing out of bounds."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.encoding import b64url, canonical_json
from core.errors import ComityError, FormatError, LimitError
from keys.key_file import KEY_FILE_BYTES, MAXIMUM_WORK, WORK, KeyFile
from keys.passphrase import Passphrase
from keys.purposes import Algorithm, Purpose
from keys.signer import open_signer
from tests.support.keyfiles import CREATED, KINDS, WORDS, Made, forms_of

Keys = Callable[..., Made]
Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(("purpose", "algorithm"), KINDS)
def test_parse_and_dump_are_inverses(purpose: Purpose, algorithm: Algorithm, key_of: Keys) -> None:
    made = key_of(purpose, algorithm)
    raw = made.path.read_bytes()
    file = KeyFile.parse(raw)
    assert file.dump() == raw
    assert file.header == made.header
    assert (file.header.purpose, file.header.algorithm) == (purpose, algorithm)
    assert file.header.created == CREATED


def test_the_private_key_is_not_in_the_file(key_of: Keys) -> None:
    for purpose, algorithm in KINDS:
        made = key_of(purpose, algorithm)
        text = made.path.read_text()
        assert not any(form in text for form in (*forms_of(made.secret), WORDS, "gull"))


def test_a_key_file_shows_neither_salt_nor_ciphertext(key_of: Keys) -> None:
    file = KeyFile.parse(key_of(Purpose.SHARE).path.read_bytes())
    assert "ciphertext" not in repr(file)
    assert repr(file.header.sealing.salt) not in repr(file)


REFUSED: dict[str, Change] = {
    "unknown member": lambda v: v.update(note="x"),
    "unknown member of kdf": lambda v: v["kdf"].update(note="x"),
    "unknown member of cipher": lambda v: v["cipher"].update(note="x"),
    "unknown member of public": lambda v: v["public"].update(note="x"),
    "unknown member of jwk": lambda v: v["public"]["jwk"].update(use="sig"),
    "private member of jwk": lambda v: v["public"]["jwk"].update(d="AA"),
    "missing member": lambda v: v.pop("created"),
    "version 0": lambda v: v.update(v=0),
    "version 2": lambda v: v.update(v=2),
    "version as text": lambda v: v.update(v="1"),
    "version as truth": lambda v: v.update(v=True),
    "unknown purpose": lambda v: v.update(purpose="cosign"),
    "purpose of another type": lambda v: v.update(purpose=["share"]),
    "unknown algorithm": lambda v: v.update(algorithm="none"),
    "algorithm of another purpose": lambda v: v.update(algorithm="secp256k1"),
    "algorithm of another key": lambda v: v.update(algorithm="Ed25519"),
    "purpose of another kind": lambda v: v.update(purpose="operating"),
    "kdf": lambda v: v["kdf"].update(name="pbkdf2"),
    "work too small": lambda v: v["kdf"].update(n=WORK // 2),
    "work too large": lambda v: v["kdf"].update(n=MAXIMUM_WORK * 2),
    "work no power of two": lambda v: v["kdf"].update(n=WORK + 1),
    "block": lambda v: v["kdf"].update(r=16),
    "parallel": lambda v: v["kdf"].update(p=1000),
    "short salt": lambda v: v["kdf"].update(salt=b64url(bytes(8))),
    "cipher": lambda v: v["cipher"].update(name="AES-256-CBC"),
    "short nonce": lambda v: v["cipher"].update(nonce=b64url(bytes(8))),
    "short text": lambda v: v["cipher"].update(text=b64url(bytes(47))),
    "long text": lambda v: v["cipher"].update(text=b64url(bytes(49))),
    "curve": lambda v: v["public"]["jwk"].update(crv="P-384"),
    "key type": lambda v: v["public"]["jwk"].update(kty="OKP"),
    "point off the curve": lambda v: v["public"]["jwk"].update(x=b64url(bytes(32))),
    "short coordinate": lambda v: v["public"]["jwk"].update(x=b64url(bytes(31))),
    "padding": lambda v: v["kdf"].update(salt=v["kdf"]["salt"] + "=="),
    "no such day": lambda v: v.update(created="2026-02-30T00:00:00Z"),
    "another time form": lambda v: v.update(created="2026-11-20T12:00:00+00:00"),
    "too large": lambda v: v.update(created="x" * KEY_FILE_BYTES),
}


@pytest.mark.parametrize("name", REFUSED)
def test_each_fault_is_refused(name: str, key_of: Keys) -> None:
    value = json.loads(key_of(Purpose.SHARE).path.read_bytes())
    KeyFile.parse(canonical_json(value))  # before the change it is good
    REFUSED[name](value)
    with pytest.raises(FormatError):
        KeyFile.parse(canonical_json(value))


@pytest.mark.parametrize(
    "change",
    [
        lambda v: v["public"].update(address=v["public"]["address"].lower()),
        lambda v: v["public"].update(address="0x" + "11" * 20),
        lambda v: v["public"].update(key=b64url(b"\x02" + bytes(32))),
        lambda v: v["public"].update(key=b64url(bytes(32))),
        lambda v: v.update(algorithm="ES256"),
        lambda v: v.update(purpose="share"),
    ],
)
def test_each_fault_of_an_account_is_refused(change: Change, key_of: Keys) -> None:
    value = json.loads(key_of(Purpose.OPERATING).path.read_bytes())
    KeyFile.parse(canonical_json(value))
    change(value)
    with pytest.raises(FormatError):
        KeyFile.parse(canonical_json(value))


def test_other_spellings_are_refused(key_of: Keys) -> None:
    raw = key_of(Purpose.SHARE).path.read_bytes()
    value = json.loads(raw)
    twice = raw.replace(b'"v":1', b'"v":1,"v":1')
    for other in (
        raw + b"\n",
        json.dumps(value).encode(),
        b"\xef\xbb\xbf" + raw,
        twice,
        b"",
        b"[]",
    ):
        with pytest.raises(FormatError):
            KeyFile.parse(other)


def test_a_larger_work_factor_from_elsewhere_is_read(key_of: Keys) -> None:
    value = json.loads(key_of(Purpose.SHARE).path.read_bytes())
    value["kdf"]["n"] = MAXIMUM_WORK
    assert KeyFile.parse(canonical_json(value)).header.sealing.work == MAXIMUM_WORK
    value["kdf"]["n"] = MAXIMUM_WORK * 2
    with pytest.raises(LimitError):
        KeyFile.parse(canonical_json(value))


def test_every_truncation_is_a_format_error(key_of: Keys) -> None:
    for purpose in (Purpose.SHARE, Purpose.OPERATING):
        raw = key_of(purpose).path.read_bytes()
        for length in range(len(raw)):
            with pytest.raises(FormatError):
                KeyFile.parse(raw[:length])


@given(st.binary(max_size=200))
def test_any_bytes_give_a_format_error_only(raw: bytes) -> None:
    with pytest.raises(FormatError):
        KeyFile.parse(raw)


@pytest.mark.parametrize("purpose", [Purpose.SHARE, Purpose.OPERATING])
def test_no_flipped_bit_opens_or_shows_anything(
    purpose: Purpose, key_of: Keys, passphrase: Passphrase
) -> None:
    """Each byte is changed; one in sixteen of those that still parse is opened as well."""
    made = key_of(purpose)
    raw = made.path.read_bytes()
    ciphertext = KeyFile.parse(raw).ciphertext
    parsed = 0
    for place in range(len(raw)):
        flipped = bytearray(raw)
        flipped[place] ^= 1 << (place % 7)
        try:
            KeyFile.parse(bytes(flipped))
        except FormatError as error:
            text = "".join(traceback.format_exception(error))
            assert b64url(ciphertext) not in text
            continue
        parsed += 1
        if parsed % 16 == 1:
            made.path.write_bytes(flipped)
            with pytest.raises(ComityError) as caught:
                open_signer(made.path.as_uri(), purpose, passphrase)
            assert caught.value.code in ("key_not_opened", "key_purpose")
    assert parsed > 16  # ciphertext, salt, nonce and time parse, and only opening refuses them
