"""What the OpenAPI document says of bodies, answers and errors.

Decides nothing the API does: the models and parsers do that. Kept beside them so that the
document has one place to be corrected.
"""

from collections.abc import Mapping
from typing import Any, Final

from flask_openapi3.models.info import Info
from flask_openapi3.models.security_scheme import SecurityScheme
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel

from core import __version__
from core.events import State
from core.record import record_schema
from core.runtime.problems import CONTENT_TYPE
from node.states import DeclarationState, ReceiptState
from node.web.requests import StatusRequest, TransferredTo

Answers = dict[str | int, type[BaseModel] | dict[Any, Any] | None]
"""Answers by status, as flask-openapi3 takes them."""

INFO: Final = Info(
    title="Comity node",
    version=__version__,
    description="The API of one certification body's node, and its public documents.",
)
BEARER: Final = "token"
SECURITY: Final[dict[str, SecurityScheme | dict[str, Any]]] = {
    BEARER: SecurityScheme(
        type="http", scheme="bearer", description="A token of `comity token new`."
    )
}
ISSUING: Final = Tag(name="issuing")
CERTIFICATES: Final = Tag(name="certificates")
PUBLIC: Final = Tag(name="public")


def ref(name: str) -> dict[str, str]:
    """Return the reference to one of ``SCHEMAS``."""
    return {"$ref": f"#/components/schemas/{name}"}


def answer(description: str, schema: str, content_type: str = "application/json") -> dict[str, Any]:
    """Return the description of one answer, whose schema is one of ``SCHEMAS``."""
    return {"description": description, "content": {content_type: {"schema": ref(schema)}}}


def body(schema: str, content_type: str = "application/json") -> dict[str, Any]:
    """Return the extension that describes a request's body."""
    return {"requestBody": {"required": True, "content": {content_type: {"schema": ref(schema)}}}}


def problems(**meanings: str) -> Answers:
    """Return error answers; a name such as ``e404`` gives the status."""
    return {name[1:]: answer(text, "Problem", CONTENT_TYPE) for name, text in meanings.items()}


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """Return the generated document with our schemas in it, and with nothing that is not used."""
    components = {**document["components"], "schemas": dict(SCHEMAS)}
    return {**document, "components": components}


WITHOUT_TOKEN: Final = problems(e400="not as documented")
WITH_TOKEN: Final = problems(
    e400="not in the expected format",
    e401="no token, or none that stands",
    e403="the token does not have the scope",
    e413="larger than we accept",
    e415="another content type than the documented one",
    e422="the content has faults, each named by a pointer; or an Idempotency-Key came before "
    "with another body",
    e429="more requests in a minute than this token may make; see Retry-After",
    e503="the database or the ledger is not available right now",
)

_TEXT: Final = {"type": "string"}
_MAYBE: Final = {"type": ["string", "null"]}
_COUNT: Final = {"type": "integer", "minimum": 0}
_OBJECT: Final = {"type": "object"}
_POSITION: Final = {"type": ["array", "null"], "description": "Block and log index."}
_REFUSAL: Final = {"type": ["object", "null"], "description": "Code, message and hint."}


def _object(required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required.split(), "properties": properties}


def _many(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


_FAULT: Final = _object("pointer code message", pointer=_TEXT, code=_TEXT, message=_TEXT)
_ROW: Final = _object("row faults", row=_COUNT, faults=_many(_FAULT))
_RECEIPT: Final[Mapping[str, Any]] = {
    "id": _TEXT,
    "state": {"enum": [state.value for state in ReceiptState]},
    "received_at": _TEXT,
    "issued_at": _MAYBE,
    "sealed_at": _MAYBE,
    "root": _MAYBE,
    "size": {"type": ["integer", "null"]},
    "position": _POSITION,
    "anchored_at": _MAYBE,
    "refusal": _REFUSAL,
}
SCHEMAS: Final[Mapping[str, Any]] = {
    "Record": record_schema(),
    "Register": {**_TEXT, "description": "CSV in UTF-8; docs/formats/register.md"},
    "StatusRequest": StatusRequest.model_json_schema(
        ref_template="#/components/schemas/{model}", mode="validation"
    ),
    "TransferredTo": TransferredTo.model_json_schema(),
    "Receipt": _object("id state received_at", **_RECEIPT),
    "Received": _object("id state received_at warnings", **_RECEIPT, warnings=_many(_FAULT)),
    "Imported": _object(
        "accepted duplicates refused receipts warnings",
        accepted=_COUNT,
        duplicates=_COUNT,
        refused=_many(_ROW),
        warnings=_many(_ROW),
        receipts=_many(
            _object(
                "receipt number revision state",
                receipt=_TEXT, number=_TEXT, revision=_COUNT, state=_TEXT,
            )
        ),
    ),
    "Certificate": _object(
        "number revisions refused", number=_TEXT, revisions=_many(_OBJECT), refused=_many(_OBJECT)
    ),
    "Declaration": _object(
        "id state status effective_at",
        id=_TEXT,
        state={"enum": [state.value for state in DeclarationState]},
        status={"enum": [state.name.lower() for state in State]},
        reason=_MAYBE,
        effective_at=_TEXT,
        until=_MAYBE,
        linked={"type": ["object", "null"], "description": "Member and SHA-256 of the slot."},
        successor_receipt=_MAYBE,
        received_at=_TEXT,
        position=_POSITION,
        refusal=_REFUSAL,
        warnings=_many(_FAULT),
    ),
    "Decision": _object(
        "id event decided_on received_at",
        id=_TEXT,
        event=_TEXT,
        revision={"type": ["integer", "null"]},
        reason=_MAYBE,
        decided_on=_TEXT,
        received_at=_TEXT,
    ),
    "Problem": _object(
        "type title status detail code",
        type=_TEXT,
        title=_TEXT,
        status={"type": "integer"},
        detail=_TEXT,
        code=_TEXT,
        retry_after={"type": "integer"},
        errors=_many(_object("pointer code detail", pointer=_TEXT, code=_TEXT, detail=_TEXT)),
    ),
    "Document": _OBJECT,
    "Token": {**_TEXT, "description": "A compact JWS."},
}  # fmt: skip
