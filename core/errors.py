"""The errors of Comity, grouped by what their reader can do about them.

Decides nothing; names the groups. Every error carries a stable ``code`` (documented, never
reused), a sentence, and where there is one a ``hint`` that says what to do next. None of them may
carry certificate content: the thing, what was expected, what came instead, and no more.
"""


class ComityError(Exception):
    """Root of all errors this project raises on purpose.

    Args:
        code: stable machine value, lower case with underscores.
        message: one sentence for a person, without certificate content.
        hint: what to do next, often a command to type; empty when there is nothing useful to say.
        pointer: RFC 6901 JSON pointer to the member at fault, where the fault has a place.
    """

    def __init__(self, code: str, message: str, hint: str = "", pointer: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.pointer = pointer


class FormatError(ComityError):
    """The bytes are not one of our formats; sending them again will not help."""


class LimitError(FormatError):
    """Larger, deeper or more numerous than ``core/limits.py`` allows."""


class ProofError(ComityError):
    """Well formed, but its own cryptography does not hold."""


class NotTrusted(ComityError):
    """Sound in itself, but made by someone the ledger or the configuration does not trust."""


class Expired(ComityError):
    """Was good once; ask for a newer one."""


class Unavailable(ComityError):
    """Something that is needed did not answer; trying again later may help.

    ``retry_after`` is in seconds, None where nothing sensible can be said.
    """

    def __init__(
        self, code: str, message: str, hint: str = "", retry_after: int | None = None
    ) -> None:
        super().__init__(code, message, hint)
        self.retry_after = retry_after


class Refused(ComityError):
    """Understood, and against a rule: a forbidden move, an unequal duplicate, a wrong purpose."""


class Invalid(ComityError):
    """A record with faults. ``faults`` lists all of them, each with its JSON pointer."""

    def __init__(
        self, code: str, message: str, faults: "tuple[Fault, ...]", hint: str = ""
    ) -> None:
        super().__init__(code, message, hint)
        self.faults = faults


class Fault:
    """One fault of a record: where, which rule, and what to do; never the value itself."""

    __slots__ = ("code", "message", "pointer")

    def __init__(self, pointer: str, code: str, message: str) -> None:
        self.pointer = pointer
        self.code = code
        self.message = message

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fault) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        return f"Fault({self.pointer!r}, {self.code!r}, {self.message!r})"

    def _key(self) -> tuple[str, str, str]:
        return (self.pointer, self.code, self.message)


class NotFound(ComityError):
    """There is no such thing here."""


class Unauthorized(ComityError):
    """Nobody has said who they are, or the token is not known."""


class Forbidden(ComityError):
    """Known, but without the scope this needs."""


class UsageError(ComityError):
    """The command or request was put together wrongly."""
