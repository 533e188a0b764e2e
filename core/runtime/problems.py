"""Problem documents (RFC 9457) from exceptions.

Decides status, title and members of every error body of the HTTP APIs; the web edge only sends
them. Refuses to pass on the text of an exception that is not ours: it may quote what was being
handled, so it becomes one neutral message.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from core import errors

CONTENT_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:comity:problem:"

_KINDS: Final[tuple[tuple[type[errors.ComityError], HTTPStatus, str], ...]] = (
    (errors.LimitError, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Larger than we accept"),
    (errors.FormatError, HTTPStatus.BAD_REQUEST, "Not in the expected format"),
    (errors.UsageError, HTTPStatus.BAD_REQUEST, "The request was put together wrongly"),
    (errors.Unauthorized, HTTPStatus.UNAUTHORIZED, "A valid token is needed"),
    (errors.Forbidden, HTTPStatus.FORBIDDEN, "The token does not allow this"),
    (errors.NotTrusted, HTTPStatus.FORBIDDEN, "Not trusted"),
    (errors.NotFound, HTTPStatus.NOT_FOUND, "There is no such thing"),
    (errors.Refused, HTTPStatus.CONFLICT, "Refused by a rule"),
    (errors.Expired, HTTPStatus.GONE, "Expired"),
    (errors.Invalid, HTTPStatus.UNPROCESSABLE_ENTITY, "The content has faults"),
    (errors.ProofError, HTTPStatus.UNPROCESSABLE_ENTITY, "The proof does not hold"),
    (errors.Unavailable, HTTPStatus.SERVICE_UNAVAILABLE, "Not available right now"),
)
_STATUS_OF_CODE: Final[dict[str, HTTPStatus]] = {
    "idempotency_mismatch": HTTPStatus.UNPROCESSABLE_ENTITY,
    "too_many_requests": HTTPStatus.TOO_MANY_REQUESTS,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem document."""

    code: str
    title: str
    status: int
    detail: str
    retry_after: int | None = None
    faults: tuple[errors.Fault, ...] = ()

    def dump(self, instance: str | None = None) -> dict[str, Any]:
        """Return the JSON object.

        Args:
            instance: the path or the identifier of the request, where it may be told.
        """
        document: dict[str, Any] = {
            "type": TYPE_PREFIX + self.code,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        }
        if instance is not None:
            document["instance"] = instance
        if self.retry_after is not None:
            document["retry_after"] = self.retry_after
        if self.faults:
            document["errors"] = [
                {"pointer": fault.pointer, "code": fault.code, "detail": fault.message}
                for fault in self.faults
            ]
        return document

    def headers(self) -> dict[str, str]:
        """Return the headers that go with it."""
        headers = {"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"}
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        if self.status == HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = "Bearer"
        return headers


def from_error(error: BaseException) -> Problem:
    """Return the problem document of an exception; one neutral document for a foreign one."""
    if not isinstance(error, errors.ComityError):
        return from_status(HTTPStatus.INTERNAL_SERVER_ERROR)
    status, title = _kind(error)
    detail = f"{error.message}. {error.hint}".rstrip(". ") if error.hint else error.message
    faults = error.faults if isinstance(error, errors.Invalid) else ()
    if error.pointer is not None and not faults:
        faults = (errors.Fault(error.pointer, error.code, error.message),)
    return Problem(
        code=error.code,
        title=title,
        status=_STATUS_OF_CODE.get(error.code, status),
        detail=detail,
        retry_after=error.retry_after if isinstance(error, errors.Unavailable) else None,
        faults=faults,
    )


def from_status(status: int) -> Problem:
    """Return the problem document of a bare HTTP status, as the framework raises it."""
    known = HTTPStatus(status)
    if known is HTTPStatus.INTERNAL_SERVER_ERROR:
        return Problem(
            code="internal_error",
            title="Something went wrong here",
            status=known,
            detail="The fault is ours and has been noted; the request may be sent again.",
        )
    code = known.name.lower()
    return Problem(code=code, title=known.phrase, status=known, detail=known.description or "")


def _kind(error: errors.ComityError) -> tuple[HTTPStatus, str]:
    for kind, status, title in _KINDS:
        if isinstance(error, kind):
            return status, title
    return HTTPStatus.BAD_REQUEST, "The request cannot be met"
