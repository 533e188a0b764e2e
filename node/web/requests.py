"""Reading requests: content types, strict bodies, idempotency keys.

Refuses another content type (415), JSON that is not strict, members that are missing, unknown or
of another type, and keys that cannot be kept. No refusal repeats what was sent.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any, BinaryIO, Final, Literal, TypeVar, cast

from flask import Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from werkzeug.exceptions import UnsupportedMediaType

from core import limits
from core.encoding import parse_json
from core.errors import Fault, FormatError, Invalid, Unavailable, UsageError

KEY_HEADER: Final = "Idempotency-Key"
_CHUNK: Final = 256 * 1024

Model = TypeVar("Model", bound=BaseModel)


class Strict(BaseModel):
    """A request body: nothing is converted, nothing unknown is taken."""

    model_config = ConfigDict(strict=True, extra="forbid")


class TransferredTo(Strict):
    """Where a transferred certificate goes on."""

    member: int = Field(ge=1, lt=2**32, description="The other body, by its number on the ledger.")
    slot: str = Field(
        max_length=300, description="Its certificate's slot there: status list address#index."
    )


class StatusRequest(Strict):
    """An event in a certificate's life."""

    event: Literal[
        "suspend", "restore", "withdraw", "cancel", "renew", "reduce_scope", "extend_scope",
        "correct", "transfer", "maintain", "refuse",
    ]  # fmt: skip
    revision: int | None = Field(
        None, ge=0, le=9_999, description="Default: the newest, or the one before the successor's."
    )
    reason: str | None = Field(
        None, max_length=60, description="A word of docs/formats/api.md, such as nonconformity."
    )
    effective_at: str | None = Field(
        None, max_length=40, description="A day, or a moment with its offset. Default: now."
    )
    until: str | None = Field(
        None, max_length=40, description="When a suspension ends at the latest; a day includes it."
    )
    announced: bool = Field(False, description="Must be said where effective_at lies ahead.")
    successor: dict[str, Any] | None = Field(
        None, description="The record of the certificate that takes its place."
    )
    to: TransferredTo | None = Field(None, description="To transfer: where it goes on.")
    decided_on: str | None = Field(
        None, max_length=10, description="To maintain or refuse: the day of the decision."
    )


def require_content_type(request: Request, expected: str) -> None:
    """Raise 415 unless the request's body is of the expected type."""
    if request.mimetype != expected:
        raise UnsupportedMediaType


def read_model(request: Request, model: type[Model]) -> Model:
    """Return the JSON body of a request.

    Raises:
        FormatError: not strict JSON, or no object.
        Invalid: members that are missing, unknown or wrong.
    """
    require_content_type(request, "application/json")
    value = parse_json(request.get_data(), what="request", max_bytes=limits.REQUEST_BYTES)
    if not isinstance(value, dict):
        raise FormatError("not_an_object", "request: expected an object")
    try:
        return model.model_validate(value)
    except ValidationError as wrong:
        raise Invalid(
            "request_invalid", "the request has members that are missing, unknown or wrong",
            tuple(_faults(wrong)), "see /openapi/openapi.json",
        ) from None  # fmt: skip


def idempotency_key(request: Request, token_id: str) -> str | None:
    """Return the request's key, made unlike those of other tokens; None where it has none.

    Raises:
        UsageError: it is empty, too long, or not plain ASCII.
    """
    key = request.headers.get(KEY_HEADER)
    if key is None:
        return None
    if not 0 < len(key) <= limits.IDEMPOTENCY_KEY_CHARS or not (
        key.isascii() and key.isprintable()
    ):
        raise UsageError(
            "idempotency_key",
            f"{KEY_HEADER}: expected 1 to {limits.IDEMPOTENCY_KEY_CHARS} ASCII characters",
        )
    return f"{token_id}:{key}"


@contextmanager
def spooled_body(request: Request, folder: Path, max_bytes: int) -> Iterator[BinaryIO]:
    """Yield the request's body as a seekable file, which exists nowhere by a name.

    Raises:
        Unavailable: the disk has no room for it.
    """
    request.max_content_length = max_bytes
    file = SpooledTemporaryFile(max_size=limits.REQUEST_BYTES, dir=str(folder))  # noqa: SIM115
    try:
        _fill(file, request)
        yield cast(BinaryIO, file)
    finally:
        with suppress(OSError):  # a full disk fails once more at the end
            file.close()


def _fill(file: IO[bytes], request: Request) -> None:
    try:
        while chunk := request.stream.read(_CHUNK):
            file.write(chunk)
        file.seek(0)
    except OSError:  # a client that goes away is none: werkzeug says that otherwise
        raise Unavailable(
            "disk_full", "the node has no room for this register", "make room on its disk", 60
        ) from None


def _faults(wrong: ValidationError) -> Iterator[Fault]:
    for error in wrong.errors(include_input=False, include_url=False, include_context=False):
        known = error["type"] != "extra_forbidden"  # an unknown member's name may be content
        path = error["loc"] if known else error["loc"][:-1]
        message = error["msg"] if known else "it has a member that is not known"
        yield Fault("".join(f"/{part}" for part in path), error["type"], message)
