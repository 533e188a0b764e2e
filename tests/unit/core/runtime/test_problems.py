"""Problem documents."""

from __future__ import annotations

import json

import pytest

from core import errors
from core.runtime import problems


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.FormatError("not_json", "m"), 400),
        (errors.UsageError("usage", "m"), 400),
        (errors.LimitError("too_large", "m"), 413),
        (errors.Unauthorized("no_token", "m"), 401),
        (errors.Forbidden("wrong_scope", "m"), 403),
        (errors.NotTrusted("not_trusted", "m"), 403),
        (errors.NotFound("not_found", "m"), 404),
        (errors.Refused("unequal_duplicate", "m"), 409),
        (errors.Refused("idempotency_mismatch", "m"), 422),
        (errors.Expired("expired", "m"), 410),
        (errors.Invalid("record_invalid", "m", ()), 422),
        (errors.ProofError("bad_proof", "m"), 422),
        (errors.Unavailable("chain_down", "m"), 503),
        (errors.Unavailable("too_many_requests", "m", retry_after=3), 429),
        (ValueError("m"), 500),
    ],
)
def test_status(error: Exception, status: int) -> None:
    assert problems.from_error(error).status == status


def test_members() -> None:
    error = errors.Unavailable("chain_down", "the chain does not answer", "try later", 7)
    problem = problems.from_error(error)
    assert problem.dump("/v1/certificates") == {
        "type": "urn:comity:problem:chain_down",
        "title": "Not available right now",
        "status": 503,
        "detail": "the chain does not answer. try later",
        "code": "chain_down",
        "instance": "/v1/certificates",
        "retry_after": 7,
    }
    assert problem.headers()["Retry-After"] == "7"
    assert problem.headers()["Content-Type"] == "application/problem+json"


def test_faults_have_pointers() -> None:
    fault = errors.Fault("/holder/names", "missing", "a name is missing")
    body = problems.from_error(errors.Invalid("record_invalid", "faults", (fault,))).dump()
    assert body["errors"] == [
        {"pointer": "/holder/names", "code": "missing", "detail": "a name is missing"}
    ]
    single = problems.from_error(errors.FormatError("unknown", "no such member", pointer="/x"))
    assert single.dump()["errors"][0]["pointer"] == "/x"


def test_a_foreign_exception_says_nothing() -> None:
    body = problems.from_error(KeyError("Acme Widgets")).dump()
    assert body["code"] == "internal_error"
    assert "Acme" not in json.dumps(body)


def test_a_bare_status() -> None:
    assert problems.from_status(405).dump()["code"] == "method_not_allowed"
    assert problems.from_status(401).headers()["WWW-Authenticate"] == "Bearer"
