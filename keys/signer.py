"""Private halves: the two kinds of signers, and how one is opened by URI.

Decides that a key signs for its own purpose and for nothing else: the check stands here, above
every implementation. Refuses another purpose, a digest that is not 32 bytes, and a URI scheme
without an opener. A signer does not show its key and can be neither pickled nor copied.

How far secrecy in memory goes: an implementation wipes the buffers it owns, and a process that
opens a key writes no core dump. Python and the libraries below keep copies that nobody can wipe,
for as long as the signer lives and somewhat beyond. Whoever can read this process's memory, or the
machine's swap, has the key. Against that only a hardware module helps.
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Literal, NoReturn, overload
from urllib.parse import unquote_to_bytes

from core.errors import Refused, Unavailable, UsageError
from core.runtime import faults
from core.runtime.steps import Step
from keys.passphrase import Passphrase
from keys.public import AccountPublic, DocumentPublic
from keys.purposes import Algorithm, Purpose, require_purpose

DIGEST_BYTES: Final = 32


class _Signer(ABC):
    """What both kinds share: a purpose, and silence about the key."""

    __slots__ = ()

    @property
    @abstractmethod
    def purpose(self) -> Purpose:
        """The one purpose this key signs for."""

    def __reduce__(self) -> NoReturn:
        raise TypeError("a signer cannot be pickled or copied")


class DocumentSigner(_Signer):
    """Signs documents of one purpose: e-certificates, releases or reports."""

    __slots__ = ()

    @property
    @abstractmethod
    def public(self) -> DocumentPublic:
        """The public half."""

    @abstractmethod
    def _sign(self, signing_input: bytes) -> bytes:
        """Return the raw JOSE signature: for ES256 r ‖ s, for Ed25519 as RFC 8032 has it."""

    @property
    def algorithm(self) -> Algorithm:
        """The JOSE ``alg``: ES256 or Ed25519."""
        return self.public.algorithm

    @property
    def public_jwk(self) -> dict[str, str]:
        """The public key with the members RFC 7638 requires, and no others."""
        return self.public.jwk

    @property
    def thumbprint(self) -> str:
        """The RFC 7638 thumbprint, base64url."""
        return self.public.fingerprint

    def sign(self, signing_input: bytes, *, use: Purpose) -> bytes:
        """Return the raw JOSE signature over ``signing_input``.

        Raises:
            Refused: ``use`` is not this key's purpose.
        """
        require_purpose(self.purpose, use)
        return _used(Step.DOCUMENT_SIGNED, self._sign, signing_input)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.purpose}, {self.algorithm}, {self.thumbprint})"


class AccountSigner(_Signer):
    """Signs digests for one account on the ledger, operating or recovery."""

    __slots__ = ()

    @property
    @abstractmethod
    def public(self) -> AccountPublic:
        """The public half."""

    @abstractmethod
    def _sign_digest(self, digest: bytes) -> bytes:
        """Return r ‖ s ‖ recovery id (0 or 1), 65 bytes, with s in the lower half."""

    @property
    def address(self) -> str:
        """The account's address with its checksum (EIP-55)."""
        return self.public.address

    def sign_digest(self, digest: bytes, *, use: Purpose) -> bytes:
        """Return r ‖ s ‖ recovery id over a 32-byte digest, with s in the lower half (EIP-2).

        Raises:
            Refused: ``use`` is not this key's purpose, or ``digest`` is not 32 bytes.
        """
        require_purpose(self.purpose, use)
        if len(digest) != DIGEST_BYTES:
            raise Refused(
                "digest_length", f"digest: expected {DIGEST_BYTES} bytes, got {len(digest)}"
            )
        return _used(Step.TRANSACTION_SIGNED, self._sign_digest, digest)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.purpose}, {self.address})"


def _used(step: Step, sign: Callable[[bytes], bytes], content: bytes) -> bytes:
    """Use a key; a device that does not answer is no fault of whoever asked."""
    try:
        faults.failing(step)
        signature = sign(content)
        faults.persisted(step)
    except OSError:
        raise Unavailable(
            "key_not_answering", "a key could not be used now", "look at its device", 10
        ) from None
    return signature


Signer = DocumentSigner | AccountSigner
_Opener = Callable[[str, Purpose, Passphrase], Signer]


@overload
def open_signer(
    uri: str,
    purpose: Literal[Purpose.ASSERTION, Purpose.SHARE, Purpose.REPORT],
    passphrase: Passphrase,
) -> DocumentSigner: ...
@overload
def open_signer(
    uri: str, purpose: Literal[Purpose.OPERATING, Purpose.RECOVERY], passphrase: Passphrase
) -> AccountSigner: ...
@overload
def open_signer(uri: str, purpose: Purpose, passphrase: Passphrase) -> Signer: ...
def open_signer(uri: str, purpose: Purpose, passphrase: Passphrase) -> Signer:
    """Return the signer that ``uri`` names, for ``purpose``.

    Args:
        uri: ``file:`` with an absolute path (RFC 8089), as ``Path.as_uri`` writes it.
        purpose: what the caller will sign; a key made for another purpose is refused.
        passphrase: what unlocks it.

    Raises:
        UsageError: the URI is malformed or its scheme unknown.
        Refused: not in this version, another purpose, a wrong passphrase, an open file mode.
        NotFound: there is no such key.
        FormatError: it is no key.
    """
    scheme, colon, rest = uri.partition(":")
    if not colon:
        raise UsageError("key_uri", "key: expected a URI", "write file:///folder/name.json")
    opener = _OPENERS.get(scheme.lower())
    if opener is None:
        # only known schemes are repeated: what stands before a colon may be anything
        raise UsageError("key_scheme", f"key URI: expected one of {', '.join(sorted(_OPENERS))}")
    return opener(rest, purpose, passphrase)


def _open_file(rest: str, purpose: Purpose, passphrase: Passphrase) -> Signer:
    from keys.file_signer import open_key  # cryptography, only if needed

    return open_key(_path_of(rest), purpose, passphrase)


def _path_of(rest: str) -> Path:
    """Return the path of a file URI (RFC 8089), given what stands after ``file:``."""
    path = rest
    for local in ("//localhost", "//"):
        if rest.startswith(local + "/"):
            path = rest[len(local) :]
            break
    name = unquote_to_bytes(os.fsencode(path))
    if not path.startswith("/") or path.startswith("//") or set("?#") & set(path) or b"\0" in name:
        raise UsageError(
            "key_uri",
            "key URI: expected file: and an absolute path on this machine, without ? and #",
            "write file:///folder/name.json",
        )
    return Path(os.fsdecode(name))


def _open_pkcs11(_rest: str, _purpose: Purpose, _passphrase: Passphrase) -> NoReturn:
    raise Refused(
        "key_scheme_later",
        "key URI: hardware modules (pkcs11:) are not in this version",
        "use a key file (file:)",
    )


_OPENERS: Mapping[str, _Opener] = {"file": _open_file, "pkcs11": _open_pkcs11}
