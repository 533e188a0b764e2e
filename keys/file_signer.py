"""Private keys in files: making one, opening one, signing with it.

Decides nothing about the format (``keys/key_file.py``) or about file modes
(``keys/private_files.py``); joins them with the cryptography. Refuses a wrong passphrase, an
altered file, and another purpose before any work is spent on the passphrase. No error carries the
passphrase, the key, or an exception of a library that saw them.
"""

import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Generic, TypeAlias, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from core.errors import Refused, Unavailable
from core.runtime import faults
from core.runtime.steps import Step
from keys.key_file import (
    BLOCK,
    KEY_FILE_BYTES,
    NONCE_BYTES,
    PARALLEL,
    SALT_BYTES,
    SECRET_BYTES,
    KeyFile,
    KeyHeader,
    Sealing,
)
from keys.passphrase import Passphrase
from keys.private_files import read_private_file, require_free_name, write_new_private_file
from keys.public import AccountPublic, DocumentPublic
from keys.purposes import Algorithm, Purpose, algorithm_for, require_purpose
from keys.signer import AccountSigner, DocumentSigner, Signer

if TYPE_CHECKING:
    import coincurve

Random = Callable[[int], bytes]
DocumentKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
AccountKey: TypeAlias = "coincurve.PrivateKey"
Key = TypeVar("Key")
Public = TypeVar("Public")

_SCALAR_BYTES: Final = 32
# Orders of the groups (SEC 2): a private key is a number from 1 to one below.
_ORDERS: Final = {
    Algorithm.ES256: 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    Algorithm.SECP256K1: 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
}
_DRAWS: Final = 8  # one draw in 2^32 is out of range; eight in a row means the source is broken


class _Opened(Generic[Key, Public]):
    """A key opened from a file, and what its header says of it."""

    __slots__ = ("_key", "_public", "_purpose")

    def __init__(self, purpose: Purpose, key: Key, public: Public) -> None:
        self._purpose = purpose
        self._key = key
        self._public = public

    @property
    def purpose(self) -> Purpose:
        return self._purpose

    @property
    def public(self) -> Public:
        return self._public


class FileDocumentSigner(_Opened[DocumentKey, DocumentPublic], DocumentSigner):
    """A document key opened from a file."""

    __slots__ = ()

    def _sign(self, signing_input: bytes) -> bytes:
        if isinstance(self._key, ed25519.Ed25519PrivateKey):
            return self._key.sign(signing_input)
        # RFC 6979: a bad source of randomness at signing time cannot give the key away
        scheme = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        r, s = decode_dss_signature(self._key.sign(signing_input, scheme))
        return r.to_bytes(_SCALAR_BYTES, "big") + s.to_bytes(_SCALAR_BYTES, "big")


class FileAccountSigner(_Opened[AccountKey, AccountPublic], AccountSigner):
    """An account key opened from a file."""

    __slots__ = ()

    def _sign_digest(self, digest: bytes) -> bytes:
        # libsecp256k1: RFC 6979 nonce, s always in the lower half
        return self._key.sign_recoverable(digest, hasher=None)


def create_key(
    path: Path,
    purpose: Purpose,
    passphrase: Passphrase,
    *,
    algorithm: Algorithm | None = None,
    random: Random = os.urandom,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> KeyHeader:
    """Make a key, write it sealed to a new file at ``path``, and return its public part.

    Args:
        path: a name that is free, in a folder that exists.
        purpose: the one thing this key will ever sign.
        passphrase: at least ``keys.passphrase.MINIMUM_CHARS`` long.
        algorithm: one that the purpose takes; its default if None.
        random: a cryptographic source of bytes.
        now: the time to note as the key's creation.

    Raises:
        Refused: the name is taken, the passphrase is short, the algorithm is not for this purpose.
        NotFound: the folder does not exist.
        Unavailable: not enough memory, or the file system failed.
    """
    chosen = algorithm_for(purpose, algorithm)
    passphrase.require_strength()
    require_free_name(path)
    _forbid_core_dumps()
    sealing = Sealing(salt=random(SALT_BYTES), nonce=random(NONCE_BYTES))
    with _wiped(SECRET_BYTES) as secret, _wiped(SECRET_BYTES) as wrapping:
        secret[:] = _draw_secret(chosen, random)
        public = _load(purpose, chosen, secret).public
        header = KeyHeader(purpose, public, now().astimezone(UTC).replace(microsecond=0), sealing)
        _derive(passphrase, sealing, wrapping)
        ciphertext = AESGCM(wrapping).encrypt(sealing.nonce, secret, header.associated_bytes())
    write_new_private_file(path, KeyFile(header, ciphertext).dump(), random=random)
    return header


def read_header(path: Path) -> KeyHeader:
    """Return the public part of a key file, which needs no passphrase and is not yet proven.

    Raises:
        NotFound, Refused, FormatError: as ``open_key``.
    """
    return _read(path).header


def open_key(path: Path, purpose: Purpose, passphrase: Passphrase) -> Signer:
    """Return the signer in the key file at ``path``.

    Raises:
        NotFound: there is no such file.
        Refused: group or others may read it, it is for another purpose, the passphrase is wrong,
            or the file was altered (the last two cannot be told apart).
        FormatError: it is no key file.
        Unavailable: not enough memory to derive from the passphrase.
    """
    file = _read(path)
    header = file.header
    require_purpose(header.purpose, purpose)
    _forbid_core_dumps()
    with _wiped(SECRET_BYTES) as secret, _wiped(SECRET_BYTES) as wrapping:
        _derive(passphrase, header.sealing, wrapping)
        try:
            AESGCM(wrapping).decrypt_into(
                header.sealing.nonce, file.ciphertext, header.associated_bytes(), secret
            )
        except InvalidTag:
            raise _not_opened(path) from None
        try:
            signer = _load(header.purpose, header.algorithm, secret)
        except ValueError:  # out of range; ``from None``: the exception saw the key
            raise _not_opened(path) from None
    if signer.public != header.public:  # sealed by someone with the passphrase, yet not a pair
        raise _not_opened(path)
    return signer


def _read(path: Path) -> KeyFile:
    try:
        with faults.at(Step.KEY_OPENED):
            content = read_private_file(path, what="key file", max_bytes=KEY_FILE_BYTES)
    except OSError as error:
        raise Unavailable(
            "key_file_not_read", f"key file {path}: cannot be read ({error.strerror})"
        ) from None
    return KeyFile.parse(content)


def _load(purpose: Purpose, algorithm: Algorithm, secret: bytearray) -> Signer:
    """Return the signer for a private key whose range the caller vouches for."""
    if algorithm is Algorithm.SECP256K1:
        import coincurve

        account = coincurve.PrivateKey(bytes(secret))
        return FileAccountSigner(purpose, account, AccountPublic.of(account.public_key.format()))
    if algorithm is Algorithm.ED25519:
        edwards = ed25519.Ed25519PrivateKey.from_private_bytes(secret)
        raw = edwards.public_key().public_bytes_raw()
        return FileDocumentSigner(purpose, edwards, DocumentPublic(algorithm, raw, None))
    curve = ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256R1())
    point = curve.public_key().public_numbers()
    x, y = (number.to_bytes(_SCALAR_BYTES, "big") for number in (point.x, point.y))
    return FileDocumentSigner(purpose, curve, DocumentPublic(algorithm, x, y))


def _draw_secret(algorithm: Algorithm, random: Random) -> bytes:
    """Return a uniform private key: drawn again, not reduced, when out of range."""
    order = _ORDERS.get(algorithm)
    for _ in range(_DRAWS):
        secret = random(SECRET_BYTES)
        if len(secret) == SECRET_BYTES and (
            order is None or 0 < int.from_bytes(secret, "big") < order
        ):
            return secret
    raise Unavailable("randomness", "the source of randomness is broken; no key was made")


def _derive(passphrase: Passphrase, sealing: Sealing, into: bytearray) -> None:
    try:
        Scrypt(sealing.salt, SECRET_BYTES, sealing.work, BLOCK, PARALLEL).derive_into(
            passphrase.reveal(), into
        )
    except MemoryError:
        mebibytes = sealing.work * BLOCK * 128 >> 20
        raise Unavailable(
            "memory", f"opening a key file needs {mebibytes} MiB of memory for a moment"
        ) from None


@contextmanager
def _wiped(size: int) -> Iterator[bytearray]:
    """Yield a buffer that is overwritten with zeros at the end, whatever happens."""
    buffer = bytearray(size)
    try:
        yield buffer
    finally:
        buffer[:] = bytes(size)


def _forbid_core_dumps() -> None:
    """A process that holds a private key does not write its memory to disk when it crashes."""
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))


def _not_opened(path: Path) -> Refused:
    return Refused(
        "key_not_opened",
        f"key file {path}: the passphrase is wrong, or the file was altered",
        "try the passphrase again; else restore the file from a backup",
    )
