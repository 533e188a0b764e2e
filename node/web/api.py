"""The issuer API: records and registers in, receipts and certificates out, status changes.

Decides who may do what (``read``, ``issue``, ``declare``) before it looks at a body. A receipt is
answered only after its commit; a refusal writes nothing.
"""

import hashlib
from collections.abc import Iterable
from typing import Any, BinaryIO, Final
from urllib.parse import quote

from flask import Response, current_app, g, jsonify, request
from flask_openapi3.blueprint import APIBlueprint
from pydantic import BaseModel, Field

from core import limits
from core.errors import Fault, Invalid
from core.record import Record
from core.slot import Slot
from node.dates import beginning, day, end
from node.declare import Declaration
from node.desk import Desk
from node.importing import claim_key, import_rows
from node.intake import accept
from node.lifecycle import Change
from node.order import Order
from node.receipt import receipt_of
from node.register import Register
from node.tokens import Scope
from node.web import described
from node.web.auth import authorized
from node.web.requests import (
    StatusRequest,
    idempotency_key,
    read_model,
    require_content_type,
    spooled_body,
)

blueprint = APIBlueprint(
    "api",
    __name__,
    url_prefix="/v1",
    abp_security=[{described.BEARER: []}],
    abp_responses=described.WITH_TOKEN,
)
SCOPES: Final = {
    "api.post_record": Scope.ISSUE,
    "api.post_register": Scope.ISSUE,
    "api.get_receipt": Scope.READ,
    "api.get_certificate": Scope.READ,
    "api.post_status": Scope.DECLARE,
}


class WriteHeader(BaseModel):
    """What every write may say."""

    key: str | None = Field(
        None,
        alias="Idempotency-Key",
        description="Names the request: sent again with an equal body it gets the first answer.",
    )


class ReceiptPath(BaseModel):
    """Which receipt."""

    receipt: str = Field(max_length=64)


class CertificatePath(BaseModel):
    """Which certificate."""

    number: str = Field(
        description="Certificate number; every character outside A-Z a-z 0-9 - . _ ~ "
        "percent-encoded."
    )


@blueprint.before_request
def _authorize() -> None:
    operation = request.endpoint or ""
    g.caller = authorized(desk().store, request.headers.get("Authorization"), operation, SCOPES)


@blueprint.post(
    "/records",
    tags=[described.ISSUING],
    summary="Send one record",
    openapi_extensions=described.body("Record"),
    responses={
        202: described.answer("received, and durable here", "Received"),
        **described.problems(e409="another record with this number and revision came before"),
    },
)
def post_record(header: WriteHeader) -> Response:
    """Take in one record; the answer is its receipt."""
    del header  # read below, with its rules
    require_content_type(request, "application/json")
    key = _key()
    desk().require_room()
    record = Record.read(request.get_data())
    judgement = desk().gate().judge(record)
    accepted = accept(
        desk().store,
        record,
        now=desk().clock(),
        random=desk().random,
        idempotency_key=key,
        refused=judgement.error(),
    )
    desk().wake_worker()
    response = jsonify(accepted.receipt.dump() | {"warnings": _shown(judgement.warnings)})
    response.status_code = 202
    response.headers["Location"] = f"/v1/receipts/{accepted.receipt.id}"
    return response


@blueprint.post(
    "/registers",
    tags=[described.ISSUING],
    summary="Send a CSV register",
    openapi_extensions=described.body("Register", "text/csv"),
    responses={200: described.answer("what became of each row", "Imported")},
)
def post_register(header: WriteHeader) -> Response:
    """Take in the good rows and name the bad ones; the same register gives the same receipts."""
    del header
    require_content_type(request, "text/csv")
    key = _key()
    at = desk()
    at.require_room()
    with spooled_body(request, at.places.folder, limits.REGISTER_BYTES) as file:
        register = Register(file)
        if key is not None:
            claim_key(at.store, key, _digest(file), now=at.clock())
        imported = import_rows(at.store, register, now=at.clock(), random=at.random, gate=at.gate())
    at.wake_worker()
    return jsonify(imported.dump())


@blueprint.get(
    "/receipts/<receipt>",
    tags=[described.ISSUING],
    summary="See how far a record has come",
    responses={
        200: described.answer("the receipt as it stands", "Receipt"),
        **described.problems(e404="no such receipt"),
    },
)
def get_receipt(path: ReceiptPath) -> Response:
    """Return a receipt as it stands now."""
    return jsonify(receipt_of(desk().store, path.receipt).dump())


@blueprint.get(
    "/certificates/<path:number>",
    tags=[described.CERTIFICATES],
    summary="See one certificate's way and status",
    responses={
        200: described.answer("its revisions, newest first", "Certificate"),
        **described.problems(e404="no such certificate"),
    },
)
def get_certificate(path: CertificatePath) -> Response:
    """Return receipts, status and declarations of a certificate's revisions."""
    return jsonify(desk().certificate(path.number))


@blueprint.post(
    "/certificates/<path:number>/status",
    tags=[described.CERTIFICATES],
    summary="Suspend, restore, withdraw, cancel, renew, correct, transfer …",
    openapi_extensions=described.body("StatusRequest"),
    responses={
        201: described.answer("kept at home; no ledger is told", "Decision"),
        202: described.answer("kept, and on its way to the ledger", "Declaration"),
        **described.problems(
            e404="no such certificate", e409="the certificate's state does not allow it"
        ),
    },
)
def post_status(path: CertificatePath, header: WriteHeader) -> Response:
    """Make an event in a certificate's life; one with a successor needs the scope to issue too."""
    del header
    asked = read_model(request, StatusRequest)
    if asked.successor is not None:
        g.caller.require(Scope.ISSUE)
    order = _order(path.number, asked)
    told: dict[str, Any] = {}
    if order.successor is not None:
        warned = _at_successor(desk().gate().judge(order.successor).warnings)
        told = {"warnings": _shown(warned)}
    try:
        done = desk().carry_out(order, _key())
    except Invalid as wrong:
        faults = _at_successor(wrong.faults)
        raise Invalid(wrong.code, wrong.message, faults, wrong.hint) from None
    response = jsonify(done.dump() | told)
    response.status_code = 202 if isinstance(done, Declaration) else 201
    response.headers["Location"] = f"/v1/certificates/{quote(path.number, safe='')}"
    return response


def desk() -> Desk:
    """Return the desk of the application at work."""
    found: Desk = current_app.extensions["comity_desk"]
    return found


def _key() -> str | None:
    return idempotency_key(request, g.caller.token_id)


def _order(number: str, asked: StatusRequest) -> Order:
    effective, until, decided, to = asked.effective_at, asked.until, asked.decided_on, asked.to
    return Order(
        change=Change(asked.event),
        number=number,
        revision=asked.revision,
        reason=asked.reason,
        effective_at=beginning(effective, what="effective_at") if effective is not None else None,
        until=end(until, what="until") if until is not None else None,
        announced=asked.announced,
        successor=_successor(asked.successor) if asked.successor is not None else None,
        link=(to.member, Slot.parse(to.slot)) if to is not None else None,
        decided_on=day(decided, what="decided_on") if decided is not None else None,
    )


def _successor(value: dict[str, Any]) -> Record:
    """Return the successor's record; the pointers of its faults start at the request."""
    try:
        return Record.parse(value)
    except Invalid as wrong:
        faults = _at_successor(wrong.faults)
        raise Invalid(wrong.code, wrong.message, faults, wrong.hint) from None


def _at_successor(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    return tuple(Fault(f"/successor{f.pointer}", f.code, f.message) for f in faults)


def _shown(faults: Iterable[Fault]) -> list[dict[str, str]]:
    return [{"pointer": f.pointer, "code": f.code, "message": f.message} for f in faults]


def _digest(file: BinaryIO) -> bytes:
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(256 * 1024):
        digest.update(chunk)
    return digest.digest()
