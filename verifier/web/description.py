"""The OpenAPI 3.1 description of the verifier's API, served at ``/openapi/openapi.json``.

Bodies are read by our own strict parser, so what they hold is said here and not derived from the
view functions.
"""

from typing import Any

from flask import Blueprint, Response, current_app, jsonify

from core.report import EXIT_CODES, QUESTIONS, Outcome, Verdict
from core.report_details import PREDECESSOR, RUNGS, SUCCESSOR, THIS
from core.runtime.problems import CONTENT_TYPE
from verifier.web.api import CheckRequest
from verifier.web.described import describe_network

blueprint = Blueprint("description", __name__)

_REFUSALS = {
    "400": "none of our formats, or a wrong request",
    "413": "larger than we accept",
    "429": "more checks in a minute than this address may ask for; see Retry-After",
}
_TEXT = {"type": "string"}
_MAYBE = {"type": ["string", "null"]}
_NUMBER = {"type": ["integer", "null"]}
_MOMENT = {"type": ["string", "null"], "format": "date-time"}
_OUTCOME = {"type": "string", "enum": [outcome.value for outcome in Outcome]}
_CHECK = {
    "line": {"type": "integer", "minimum": 1, "maximum": 9},
    "code": _TEXT,
    "outcome": _OUTCOME,
    "reason": _TEXT,
    "source": _TEXT,
    "evidence_at": _MOMENT,
}
_RUNG = {
    "kind": {"type": "string", "enum": list(RUNGS)},
    "name": _TEXT,
    "member": _NUMBER,
    "outcome": _OUTCOME,
    "code": _TEXT,
    "from": _MOMENT,
    "until": _MOMENT,
    "scope": _MAYBE,
}
_ENTRY = {
    "certificate": {"type": "string", "enum": [THIS, PREDECESSOR, SUCCESSOR]},
    "state": _TEXT,
    "reason": _MAYBE,
    "effective_at": _MOMENT,
    "until": _MOMENT,
    "recorded_at": _MOMENT,
    "annulled": {"type": "boolean"},
    "linked_member": _NUMBER,
}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _array(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": _object(properties)}


_REPORT = {
    "v": {"type": "integer", "const": 1},
    "verdict": {"type": "string", "enum": [verdict.value for verdict in Verdict]},
    "exit": {"type": "integer", "enum": sorted(set(EXIT_CODES.values()))},
    "question": {"type": "object"},
    "questions": {
        "type": "object",
        "properties": dict.fromkeys(QUESTIONS, _OUTCOME),
        "required": list(QUESTIONS),
    },
    "checks": {
        "type": "array",
        "minItems": 9,
        "maxItems": 9,
        "items": _object(_CHECK),
    },
    "disclosed": {"type": "object"},
    "not_shared": {"type": "array", "items": _TEXT},
    "ladder": _array(_RUNG),
    "conditions": _array({"id": _TEXT, "text": {"type": "object"}}),
    "status_history": _array(_ENTRY),
}


@blueprint.get("/openapi/openapi.json")
def describe() -> Response:
    """Return the description."""
    document: dict[str, Any] = current_app.api_doc  # type: ignore[attr-defined]
    operation = document["paths"]["/v1/checks"]["post"]
    operation["requestBody"] = {"required": True, "content": _request()}
    operation["responses"]["200"] = {
        "description": "the check is finished, whatever its verdict",
        "content": {"application/json": {"schema": _object(_REPORT)}},
    }
    for status, told in _REFUSALS.items():
        operation["responses"][status] = {"description": told, "content": {CONTENT_TYPE: {}}}
    describe_network(document)
    return jsonify(document)


def _request() -> dict[str, Any]:
    schema = CheckRequest.model_json_schema()
    asked = {n: _TEXT for n in schema["properties"] if n != "document"}
    file = {"document": {"type": "string", "contentMediaType": "application/octet-stream"}}
    return {
        "application/json": {"schema": schema},
        "multipart/form-data": {
            "schema": {"type": "object", "properties": file | asked, "required": ["document"]}
        },
    }
