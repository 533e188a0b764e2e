"""Where a passphrase comes from: a file, the environment, or a person.

Decides the order: a file named on the command line, else ``COMITY_PASSPHRASE`` or
``COMITY_PASSPHRASE_FILE``, else a prompt. Refuses both variables at once, empty and oversized
values, control characters (they come from pasting several lines and could never be typed again),
and for new keys anything shorter than ``MINIMUM_CHARS``. There is no way to give one as an
argument of a command, where every user of the machine could read it.

Prefer the file: other processes of the same user can read the environment of this one.
"""

import hmac
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NoReturn

from core.errors import FormatError, LimitError, Refused, UsageError
from keys.private_files import read_private_file

VARIABLE: Final = "COMITY_PASSPHRASE"
FILE_VARIABLE: Final = "COMITY_PASSPHRASE_FILE"
MINIMUM_CHARS: Final = 12  # of a new passphrase; a key file may be attacked where it is backed up
MAXIMUM_BYTES: Final = 1024

Ask = Callable[[str], str]


class Passphrase:
    """A passphrase that does not show itself, and can be neither pickled nor copied."""

    __slots__ = ("_secret",)

    def __init__(self, text: str) -> None:
        if not text:
            raise FormatError("passphrase_empty", "passphrase: expected at least one character")
        # the same words typed on another keyboard must give the same bytes (NIST SP 800-63B)
        normal = unicodedata.normalize("NFKC", text)
        if any(unicodedata.category(char) in ("Cc", "Cs") for char in normal):
            raise FormatError(
                "passphrase_form", "passphrase: has a control character or line break"
            )
        secret = normal.encode("utf-8")
        if len(secret) > MAXIMUM_BYTES:
            raise LimitError("too_large", f"passphrase: larger than {MAXIMUM_BYTES} bytes")
        self._secret = secret

    def reveal(self) -> bytes:
        """Return the bytes for key derivation. For nothing else."""
        return self._secret

    def require_strength(self) -> None:
        """Raise ``Refused`` unless this is long enough to protect a new key."""
        if len(self._secret.decode("utf-8")) < MINIMUM_CHARS:
            raise Refused(
                "passphrase_short",
                f"passphrase: expected at least {MINIMUM_CHARS} characters",
                "take four or more words at random",
            )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Passphrase) and hmac.compare_digest(self._secret, other._secret)

    __hash__ = None  # type: ignore[assignment]  # nobody needs a set of passphrases

    def __repr__(self) -> str:
        return "Passphrase(hidden)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a passphrase cannot be pickled or copied")


def passphrase_from_file(path: Path) -> Passphrase:
    """Return the passphrase in a file of mode 0600, without one line end at its end."""
    raw = read_private_file(path, what="passphrase file", max_bytes=MAXIMUM_BYTES + 2)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        # ``from None``: the exception would carry the bytes
        raise FormatError("not_utf8", f"passphrase file {path}: not UTF-8") from None
    return Passphrase(text.removesuffix("\n").removesuffix("\r"))


def passphrase_from_environment(environment: Mapping[str, str]) -> Passphrase | None:
    """Return the passphrase that the environment gives or names, None if it does neither."""
    text = environment.get(VARIABLE)
    file = environment.get(FILE_VARIABLE)
    if text is not None and file is not None:
        raise UsageError("passphrase_twice", f"{VARIABLE} and {FILE_VARIABLE}: set one, not both")
    if text is not None:
        return Passphrase(text)
    if file is not None:
        return passphrase_from_file(Path(file))
    return None


def passphrase_from_prompt(ask: Ask, *, confirm: bool) -> Passphrase:
    """Return the passphrase a person types; with ``confirm``, typed twice and alike."""
    passphrase = Passphrase(ask("Passphrase: "))
    if confirm:
        passphrase.require_strength()  # before the second time, not after
        if Passphrase(ask("Passphrase, once more: ")) != passphrase:
            raise Refused("passphrase_mismatch", "passphrase: the two are not the same")
    return passphrase


def obtain_passphrase(
    environment: Mapping[str, str], *, file: Path | None, ask: Ask | None, confirm: bool = False
) -> Passphrase:
    """Return the passphrase from the first place that has one.

    Args:
        environment: the process's environment.
        file: a file named by the user, which goes before the environment.
        ask: shows a text and returns what is typed unseen; None where nobody can be asked.
        confirm: the passphrase is new, so a person types it twice.

    Raises:
        UsageError: no place has one, or two variables do.
    """
    if file is not None:
        return passphrase_from_file(file)
    passphrase = passphrase_from_environment(environment)
    if passphrase is not None:
        return passphrase
    if ask is None:
        raise UsageError(
            "passphrase_missing",
            "passphrase: none given, and there is no terminal to ask on",
            f"set {FILE_VARIABLE} to a file of mode 0600",
        )
    return passphrase_from_prompt(ask, confirm=confirm)
