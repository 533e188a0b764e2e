"""The HTTP API: ``POST /v1/checks`` and what a client wants to know about this verifier.

No key and no account. A finished check is 200 whatever the verdict; 4xx means that the request
was wrong. Nothing that was sent is repeated in an answer that refuses it.
"""

from typing import Annotated, Any

from flask import Response, current_app, jsonify, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from core import limits
from core.asking import question_of
from core.bundle import Bundle
from core.encoding import b64url_decode, compact_json, parse_json
from core.errors import FormatError, UsageError
from verifier.desk import Desk

blueprint = APIBlueprint("api", __name__, url_prefix="")
_CHECKS = Tag(name="checks")
_SERVICE = Tag(name="service")

Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class CheckRequest(BaseModel):
    """What to check and what for."""

    model_config = ConfigDict(strict=True, extra="forbid")

    document: dict[str, Any] | str = Field(description="A proof bundle, or its bytes in base64.")
    standard: Text | None = Field(None, description="Standard it must cover.")
    sector: Text | None = Field(None, description="Sector code it must cover.")
    site: Text | None = Field(None, description="Site it must cover.")
    market: Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")] | None = Field(
        None, description="Economy it is for, ISO 3166-1 alpha-2."
    )
    at: Text | None = Field(
        None, description="Day (its last second in UTC; today means now) or moment asked about."
    )


@blueprint.post("/v1/checks", tags=[_CHECKS], summary="Check a proof bundle")
def post_check() -> Response:
    """Check a proof bundle; JSON body, or multipart with the file in ``document``."""
    document: bytes | Bundle
    document, asked = _form() if _is_multipart() else _json()
    report = desk().check(document, question_of(**asked, now=desk().clock()))
    return Response(compact_json(report.dump()), mimetype="application/json")


@blueprint.get("/v1/ledgers", tags=[_SERVICE], summary="Followed ledgers and their state")
def get_ledgers() -> Response:
    """Return each followed ledger with the number and time of its newest block here."""
    views = desk().ledgers()
    return jsonify(
        {"ledgers": [{"origin": v.origin, "block": v.block, "time": v.time} for v in views]}
    )


@blueprint.get("/healthz", tags=[_SERVICE], summary="Whether the web process answers")
def healthz() -> Response:
    """Return 200 while this process answers; ledgers have their own state."""
    return jsonify({"status": "ok"})


def desk() -> Desk:
    """Return the desk of the application at work."""
    found: Desk = current_app.extensions["comity_desk"]
    return found


def _is_multipart() -> bool:
    return request.mimetype == "multipart/form-data"


def uploaded(name: str = "document") -> bytes:
    """Return the bytes of the uploaded file.

    Raises:
        UsageError: there is none.
    """
    file = request.files.get(name)
    if file is None:
        raise UsageError("document_missing", f"send the file in the form field '{name}'")
    return file.stream.read(limits.BUNDLE_BYTES + 1)


_QUESTION = ("standard", "sector", "site", "market", "at")


def _form() -> tuple[bytes, dict[str, Any]]:
    fields = {name: value for name, value in request.form.items() if value}
    _require_known(fields)
    return uploaded(), _validated({"document": "", **fields})


def _json() -> tuple[bytes | Bundle, dict[str, Any]]:
    body = parse_json(request.get_data(), what="request", max_bytes=limits.REQUEST_BYTES)
    if not isinstance(body, dict):
        raise FormatError("not_an_object", "request: expected an object")
    asked = _validated(body)
    document = body["document"]
    if isinstance(document, dict):
        return Bundle.from_json(document), asked
    return _base64(document), asked


def _validated(body: dict[str, Any]) -> dict[str, Any]:
    """Return the question in a request body, checked against the documented model."""
    try:
        model = CheckRequest.model_validate(body)
    except ValueError:
        raise FormatError(
            "request_form", "the request has members that are missing, unknown or wrong",
            "send the file as form field 'document', or JSON; see /openapi/openapi.json",
        ) from None  # fmt: skip
    return {name: getattr(model, name) for name in _QUESTION}


def _require_known(fields: dict[str, str]) -> None:
    if fields.keys() - set(_QUESTION):
        raise FormatError("unknown_member", "the form has a field that is not defined")


def _base64(text: str) -> bytes:
    """Return the bytes of base64 in either alphabet, with or without padding."""
    plain = text.rstrip("=").replace("+", "-").replace("/", "_")
    return b64url_decode(plain, what="document")
