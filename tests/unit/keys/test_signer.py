"""Signatures: other implementations accept them, and know whose they are."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from eth_account import Account
from eth_keys.datatypes import PrivateKey, Signature
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey

from core.encoding import b64url, b64url_decode
from core.errors import ComityError, FormatError, NotFound, Refused, UsageError
from keys.passphrase import Passphrase
from keys.public import AccountPublic, DocumentPublic, account_address
from keys.purposes import ACCOUNT_PURPOSES, DOCUMENT_PURPOSES, Algorithm, Purpose
from keys.signer import AccountSigner, DocumentSigner, open_signer
from tests.support.keyfiles import Made, forms_of

Keys = Callable[..., Made]
HALF_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141 // 2
MESSAGE = b"eyJhbGciOiJFUzI1NiJ9.eyJ4IjoxfQ"


@pytest.fixture
def open_kind(key_of: Keys, passphrase: Passphrase) -> Callable[..., DocumentSigner]:
    def opened(purpose: Purpose, algorithm: Algorithm | None = None) -> object:
        return open_signer(key_of(purpose, algorithm).path.as_uri(), purpose, passphrase)

    return opened  # type: ignore[return-value]


@pytest.fixture
def account(key_of: Keys, passphrase: Passphrase) -> AccountSigner:
    uri = key_of(Purpose.OPERATING).path.as_uri()
    return open_signer(uri, Purpose.OPERATING, passphrase)


def _es256_verify(jwk: dict[str, str], signature: bytes, message: bytes) -> None:
    x, y = (int.from_bytes(b64url_decode(jwk[name], size=32), "big") for name in "xy")
    key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    key.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize("purpose", sorted(DOCUMENT_PURPOSES))
def test_es256_is_raw_deterministic_and_verifies(
    purpose: Purpose, open_kind: Callable[..., DocumentSigner]
) -> None:
    signer = open_kind(purpose)
    signature = signer.sign(MESSAGE, use=purpose)
    assert (signer.algorithm, len(signature)) == ("ES256", 64)
    assert signature == signer.sign(MESSAGE, use=purpose)
    _es256_verify(signer.public_jwk, signature, MESSAGE)
    with pytest.raises(InvalidSignature):
        _es256_verify(signer.public_jwk, signature, MESSAGE + b"x")


@pytest.mark.parametrize("purpose", sorted(DOCUMENT_PURPOSES))
def test_ed25519_verifies(purpose: Purpose, open_kind: Callable[..., DocumentSigner]) -> None:
    signer = open_kind(purpose, Algorithm.ED25519)
    signature = signer.sign(MESSAGE, use=purpose)
    key = ed25519.Ed25519PublicKey.from_public_bytes(b64url_decode(signer.public_jwk["x"]))
    key.verify(signature, MESSAGE)
    assert signer.algorithm == "Ed25519"
    with pytest.raises(InvalidSignature):
        key.verify(signature, MESSAGE + b"x")


@pytest.mark.parametrize("algorithm", [Algorithm.ES256, Algorithm.ED25519])
def test_a_jose_library_reads_key_and_signature(
    algorithm: Algorithm, open_kind: Callable[..., DocumentSigner]
) -> None:
    signer = open_kind(Purpose.ASSERTION, algorithm)
    header = b64url(json.dumps({"alg": algorithm}).encode())
    signing_input = f"{header}.{b64url(b'{}')}"
    signature = signer.sign(signing_input.encode(), use=Purpose.ASSERTION)
    kind = ECKey if algorithm is Algorithm.ES256 else OKPKey
    key = kind.import_key(dict(signer.public_jwk))
    token = f"{signing_input}.{b64url(signature)}"
    assert jws.deserialize_compact(token, key, algorithms=[algorithm]).payload == b"{}"
    assert key.thumbprint() == signer.thumbprint


def test_the_jwk_has_the_required_members_only_and_hashes_to_the_thumbprint(
    open_kind: Callable[..., DocumentSigner],
) -> None:
    signer = open_kind(Purpose.ASSERTION)
    assert set(signer.public_jwk) == {"crv", "kty", "x", "y"}
    # what the ledger stores, and what its contract hashes
    assert json.loads(signer.public.canonical_jwk) == signer.public_jwk
    assert signer.thumbprint == b64url(sha256(signer.public.canonical_jwk).digest())


def test_thumbprint_of_rfc_8037_example() -> None:
    jwk = {
        "crv": "Ed25519",
        "kty": "OKP",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    }
    public = DocumentPublic.parse(Algorithm.ED25519, {"jwk": jwk})
    assert public.fingerprint == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@pytest.mark.parametrize("purpose", sorted(ACCOUNT_PURPOSES))
def test_an_account_signature_recovers_to_its_address(
    purpose: Purpose, key_of: Keys, passphrase: Passphrase
) -> None:
    made = key_of(purpose)
    signer = open_signer(made.path.as_uri(), purpose, passphrase)
    assert isinstance(signer, AccountSigner)
    assert signer.address == Account.from_key(made.secret).address
    digest = sha256(b"a transaction").digest()
    signature = signer.sign_digest(digest, use=purpose)
    recovered = Signature(signature).recover_public_key_from_msg_hash(digest)
    assert recovered.to_checksum_address() == signer.address
    # exactly what eth_account signs, in its order: v after r and s
    theirs = Account.unsafe_sign_hash(digest, made.secret)
    assert signature[:64] == theirs.r.to_bytes(32, "big") + theirs.s.to_bytes(32, "big")
    assert signature[64] == theirs.v - 27


def test_s_is_always_in_the_lower_half(account: AccountSigner) -> None:
    recovery_ids = set()
    for number in range(200):
        digest = sha256(number.to_bytes(4, "big")).digest()
        signature = account.sign_digest(digest, use=Purpose.OPERATING)
        assert 0 < int.from_bytes(signature[32:64], "big") <= HALF_ORDER
        recovery_ids.add(signature[64])
    assert recovery_ids == {0, 1}


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_digest_of_another_size_is_refused(account: AccountSigner, size: int) -> None:
    with pytest.raises(Refused) as caught:
        account.sign_digest(bytes(size), use=Purpose.OPERATING)
    assert caught.value.code == "digest_length"


@pytest.mark.parametrize("number", [1, 2, 3, 2**200 + 7])
def test_addresses_agree_with_eth_account(number: int) -> None:
    private = PrivateKey(number.to_bytes(32, "big"))
    compressed = private.public_key.to_compressed_bytes()
    assert account_address(compressed) == Account.from_key(private.to_bytes()).address
    assert AccountPublic.parse(AccountPublic.of(compressed).dump()) == AccountPublic.of(compressed)


@pytest.mark.parametrize("key", [bytes(33), b"\x02" + b"\xff" * 32, b"\x05" + bytes(31) + b"\x01"])
def test_what_is_no_point_has_no_address(key: bytes) -> None:
    with pytest.raises(FormatError):
        account_address(key)


def test_a_signer_hides_its_key_and_cannot_be_copied(key_of: Keys, passphrase: Passphrase) -> None:
    for purpose in Purpose:
        made = key_of(purpose)
        signer = open_signer(made.path.as_uri(), purpose, passphrase)
        shown = f"{signer!r} {signer!s} {[signer]}"
        assert made.header.fingerprint in shown
        assert not any(form in shown for form in forms_of(made.secret))
        assert not hasattr(signer, "__dict__")
        for duplicate in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError):
                duplicate(signer)


# ---------------------------------------------------------------- URIs


@pytest.mark.parametrize("form", ["file:{}", "file://{}", "file://localhost{}", "FILE:{}"])
def test_every_form_of_a_file_uri_opens(form: str, key_of: Keys, passphrase: Passphrase) -> None:
    made = key_of(Purpose.SHARE)
    uri = form.format(made.path)
    assert open_signer(uri, Purpose.SHARE, passphrase).thumbprint == made.header.fingerprint


def test_a_path_with_odd_characters_opens(key_of: Keys, passphrase: Passphrase) -> None:
    made = key_of(Purpose.SHARE)
    odd = made.path.rename(made.path.parent / "a b%41#?ü\udcff.json")
    assert open_signer(odd.as_uri(), Purpose.SHARE, passphrase).purpose is Purpose.SHARE


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "assertion.json",
        "file:",
        "file:assertion.json",
        "file://assertion.json",
        "file://elsewhere/key.json",
        "file:////elsewhere/key.json",
        "file:///key.json?x=1",
        "file:///key.json#x",
        "file:///key%00.json",
        "https://example.org/key.json",
        "correct horse:battery",
    ],
)
def test_a_uri_of_another_form_is_a_usage_error(uri: str, passphrase: Passphrase) -> None:
    with pytest.raises(UsageError) as caught:
        open_signer(uri, Purpose.SHARE, passphrase)
    assert caught.value.code in ("key_uri", "key_scheme")
    assert "correct horse" not in str(caught.value)


def test_hardware_modules_are_said_to_come_later(passphrase: Passphrase) -> None:
    with pytest.raises(ComityError, match="not in this version") as caught:
        open_signer("pkcs11:token=body;object=assertion", Purpose.ASSERTION, passphrase)
    assert caught.value.code == "key_scheme_later"
    assert isinstance(caught.value, Refused)


def test_a_missing_file_is_not_found(tmp_path: Path, passphrase: Passphrase) -> None:
    with pytest.raises(NotFound):
        open_signer((tmp_path / "none.json").as_uri(), Purpose.SHARE, passphrase)
