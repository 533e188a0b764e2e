"""What anybody may read: DID document, signed status lists, our JSON-LD context, health.

Decides how long each may be cached: a status list never longer than its own time to live. Refuses
to list anything; a status list tells nothing but bits at random places.
"""

from hashlib import sha256
from typing import Final

from flask import Response, current_app, jsonify, request
from flask_openapi3.blueprint import APIBlueprint
from pydantic import BaseModel, Field

from core import codes, limits
from core.errors import NotFound
from node.documents import DID_PATH, did_document
from node.store import credentials
from node.web import described
from node.web.api import desk

blueprint = APIBlueprint("public", __name__, abp_responses=described.WITHOUT_TOKEN)
_DAY: Final = 86_400
_LISTS: Final = 2**31 - 1  # what the database counts to


class ListPath(BaseModel):
    """Which status list."""

    number: int = Field(ge=1, le=_LISTS)


@blueprint.get(
    DID_PATH,
    tags=[described.PUBLIC],
    summary="The body's DID document",
    responses={
        200: described.answer("its keys that stand on the ledger", "Document",
                              "application/did+json"),
        **described.problems(e503="the ledger is not known here yet"),
    },
)  # fmt: skip
def get_did_document() -> Response:
    """Return the ``did:web`` document, made from the ledger."""
    with desk().ledger() as view:
        document = did_document(view.evidence, view.body)
    return _cached(
        current_app.json.dumps(document).encode(), "application/did+json", limits.STATUS_LIST_TTL
    )


@blueprint.get(
    "/status/<int:number>",
    tags=[described.PUBLIC],
    summary="A signed Bitstring status list",
    responses={
        200: described.answer("the list", "Token", "application/vc+jwt"),
        **described.problems(e404="no such list"),
    },
)
def get_status_list(path: ListPath) -> Response:
    """Return a status list as the worker signed it."""
    with desk().store.reading() as connection:
        token = credentials.list_token(connection, path.number)
    if token is None:
        raise NotFound("no_such_status_list", "this body has no such status list")
    return _cached(token.encode("ascii"), "application/vc+jwt", limits.STATUS_LIST_TTL)


@blueprint.get(
    "/ecert/context/v1",
    tags=[described.PUBLIC],
    summary="The JSON-LD context of e-certificates",
    responses={200: described.answer("the context", "Document", "application/ld+json")},
)
def get_context() -> Response:
    """Return our JSON-LD extension context."""
    return _cached(codes.ecert_context(), "application/ld+json", _DAY)


@blueprint.get(
    "/healthz",
    tags=[described.PUBLIC],
    summary="Whether the web process can work",
    responses={
        200: described.answer("it can", "Document"),
        **described.problems(e503="its database is not there"),
    },
)
def healthz() -> Response:
    """Return 200 while this process reaches its database."""
    desk().store.require_revision()
    return jsonify({"status": "ok"})


@blueprint.get(
    "/openapi/openapi.json",
    tags=[described.PUBLIC],
    summary="This description",
    responses={200: described.answer("OpenAPI 3.1", "Document")},
)
def get_openapi() -> Response:
    """Return the OpenAPI document."""
    return jsonify(described.complete(current_app.api_doc))  # type: ignore[attr-defined]


def _cached(body: bytes, content_type: str, seconds: int) -> Response:
    response = Response(body, content_type=content_type)
    response.set_etag(sha256(body).hexdigest()[:32])
    response.headers["Cache-Control"] = f"public, max-age={seconds}"
    # public for programs in browsers too
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.make_conditional(request)
    return response
