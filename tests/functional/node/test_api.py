"""The issuer API through real HTTP: who may, what is taken, and that a refusal writes nothing."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from core import limits
from node.store import tokens
from tests.support.node import record_json
from tests.support.webnode import PROBLEM, WebNode

JSON = {"Content-Type": "application/json"}
CSV = {"Content-Type": "text/csv"}
HEADER = "certificate_number,standard,holder_name_en,holder_economy,scope_en,effective_date,"
HEADER += "expiry_date\n"
ROUTES = (
    ("POST", "/v1/records", "issue"),
    ("POST", "/v1/registers", "issue"),
    ("GET", "/v1/receipts/abc", "read"),
    ("GET", "/v1/certificates/A", "read"),
    ("POST", "/v1/certificates/A/status", "declare"),
)


def row(number: str, economy: str = "CN") -> str:
    return f"{number},ISO 9001:2015,Sample,{economy},LED drivers,2026-03-02,2029-03-01\n"


@contextmanager
def nothing_written(node: WebNode) -> Iterator[None]:
    before = node.rows()
    yield
    assert node.rows() == before


def problem(response: httpx2.Response, status: int, code: str | None = None) -> dict[str, Any]:
    """Return a problem document, which must be one of this status and code."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == PROBLEM
    assert response.headers["Cache-Control"] == "no-store"
    told: dict[str, Any] = response.json()
    assert told["status"] == status
    assert told["type"] == f"urn:comity:problem:{told['code']}"
    assert told["title"]
    if code is not None:
        assert told["code"] == code
    return told


def suspension(**changes: Any) -> dict[str, Any]:
    return {"event": "suspend", "reason": "misuse", "until": "2027-03-31", **changes}


# ------------------------------------------------------------------ who may


@pytest.mark.parametrize(("method", "path", "_scope"), ROUTES)
@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer x",
        "Basic YTpi",
        "Bearer comity_" + "A" * 43,
        "Bearer " + "A" * 900,
    ],
)
def test_without_a_token_that_stands(
    node: WebNode, method: str, path: str, _scope: str, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    with nothing_written(node):
        answer = node.ask(method, path, headers=headers, content=b"{}")
    problem(answer, 401)
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path", "scope"), ROUTES)
def test_a_token_without_the_scope(node: WebNode, method: str, path: str, scope: str) -> None:
    others = {"read", "issue", "declare"} - {scope}
    wrong = node.token(*others)
    with nothing_written(node):
        problem(node.ask(method, path, wrong, json=record_json("A")), 403, "scope_missing")


def test_a_revoked_token(node: WebNode) -> None:
    revoked = node.token("read")
    assert node.ask("GET", "/v1/receipts/abc", revoked).status_code == 404
    with node.store.writing() as connection:
        newest = tokens.listed(connection)[-1].public_id
        assert tokens.revoke(connection, newest, 1)
    problem(node.ask("GET", "/v1/receipts/abc", revoked), 401, "token_unknown")


# ------------------------------------------------------------------ records


def test_a_record_and_its_receipt(node: WebNode, token: str) -> None:
    sent = node.ask("POST", "/v1/records", token, json=record_json("R-1"))
    assert sent.status_code == 202
    receipt = sent.json()
    assert receipt["state"] == "received"
    assert receipt.pop("warnings") == []  # it says that it is not accredited
    assert "R-1" not in sent.text
    assert node.ask("GET", sent.headers["Location"], token).json() == receipt
    with nothing_written(node):
        again = node.ask("POST", "/v1/records", token, json=record_json("R-1"))
    assert (again.status_code, again.json()["id"]) == (202, receipt["id"])


def test_the_same_record_many_times_at_once(node: WebNode, token: str) -> None:
    before = node.rows()
    with ThreadPoolExecutor(8) as pool:
        record = record_json("R-0")
        sent = [pool.submit(node.ask, "POST", "/v1/records", token, json=record) for _ in range(8)]
        answers = [one.result() for one in sent]
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert node.rows()["record"] == before["record"] + 1


def test_an_unequal_duplicate(node: WebNode, token: str) -> None:
    node.ask("POST", "/v1/records", token, json=record_json("R-2"))
    other = record_json("R-2", scope={"en": "Something else"})
    with nothing_written(node):
        problem(node.ask("POST", "/v1/records", token, json=other), 409, "unequal_duplicate")


def test_an_idempotency_key_names_one_request(node: WebNode, token: str) -> None:
    key = {"Idempotency-Key": "order 17"}
    first = node.ask("POST", "/v1/records", token, json=record_json("R-3"), headers=key)
    with nothing_written(node):
        again = node.ask("POST", "/v1/records", token, json=record_json("R-3"), headers=key)
        other = node.ask("POST", "/v1/records", token, json=record_json("R-4"), headers=key)
    assert again.json() == first.json()
    problem(other, 422, "idempotency_mismatch")
    theirs = node.token("issue")  # another client's key is another key
    assert (
        node.ask("POST", "/v1/records", theirs, json=record_json("R-5"), headers=key).status_code
        == 202
    )


@pytest.mark.parametrize("key", ["", "k" * (limits.IDEMPOTENCY_KEY_CHARS + 1), "a\tb", "é"])
@pytest.mark.parametrize("path", ["/v1/records", "/v1/registers"])
def test_an_unusable_idempotency_key(node: WebNode, token: str, key: str, path: str) -> None:
    csv = path.endswith("registers")
    body = (HEADER + row("R-6")).encode() if csv else json.dumps(record_json("R-6")).encode()
    headers = {"Idempotency-Key": key.encode("latin-1"), **(CSV if csv else JSON)}
    with nothing_written(node):
        problem(node.ask("POST", path, token, content=body, headers=headers), 400)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"null", 422),
        (b"[]", 422),
        (b'"record"', 422),
        (b"\xff\xfe", 400),
        (b'{"kind":"a","kind":"b"}', 400),
        (b'{"revision":NaN}', 400),
        (b'{"revision":1e400}', 413),
        (b"[" * 2_000 + b"]" * 2_000, 413),
        (b'{"kind":"management_system"}', 422),
        (json.dumps(record_json("B", revision=True)).encode(), 422),
        (json.dumps(record_json("B", revision="0")).encode(), 422),
        (json.dumps(record_json("B", unknown=1)).encode(), 422),
        (json.dumps(record_json("B", kind="product")).encode(), 422),
    ],
)
def test_a_malformed_record(node: WebNode, token: str, body: bytes, status: int) -> None:
    with nothing_written(node):
        answer = node.ask("POST", "/v1/records", token, content=body, headers=JSON)
    told = problem(answer, status)
    if status == 422:
        assert told["errors"]
        assert all(set(one) == {"pointer", "code", "detail"} for one in told["errors"])


def test_an_unknown_member_is_named_by_its_place(node: WebNode, token: str) -> None:
    holder = {"names": {"en": "Secret Ltd."}, "economy": "CN", "colour": "red"}
    answer = node.ask("POST", "/v1/records", token, json=record_json("B", holder=holder))
    told = problem(answer, 422, "record_invalid")
    assert [one["pointer"] for one in told["errors"]] in (["/holder"], ["/holder/colour"])
    assert "Secret" not in answer.text
    assert "red" not in answer.text


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "text/csv"])
def test_another_content_type(node: WebNode, token: str, kind: str) -> None:
    body = json.dumps(record_json("B")).encode()
    headers = {"Content-Type": kind}
    with nothing_written(node):
        problem(node.ask("POST", "/v1/records", token, content=body, headers=headers), 415)


@pytest.mark.parametrize(
    ("path", "kind", "most"),
    [
        ("/v1/records", "application/json", limits.REQUEST_BYTES),
        ("/v1/certificates/A/status", "application/json", limits.REQUEST_BYTES),
        ("/v1/registers", "text/csv", limits.REGISTER_BYTES),
    ],
)
def test_an_announced_size_above_the_limit(
    node: WebNode, token: str, path: str, kind: str, most: int
) -> None:
    request = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: {kind}\r\nContent-Length: {most + 1}\r\nConnection: close\r\n\r\n"
    )
    with (
        nothing_written(node),
        socket.create_connection(("127.0.0.1", node.config.port), 10) as connection,
    ):
        connection.sendall(request.encode())
        answer = b""
        while chunk := connection.recv(65_536):
            answer += chunk
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 413")
    assert PROBLEM.encode() in head
    assert json.loads(body)["status"] == 413


def test_a_body_of_unknown_size_above_the_limit(node: WebNode, token: str) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(limits.REQUEST_BYTES // 65_536 + 1):
            yield b" " * 65_536

    with nothing_written(node):
        problem(node.ask("POST", "/v1/records", token, content=chunks(), headers=JSON), 413)


# ------------------------------------------------------------------ registers


def test_a_register_is_good_but_for_one_row(node: WebNode, token: str) -> None:
    body = (HEADER + row("C-1") + row("C-2", economy="QQ") + row("C-3")).encode()
    answer = node.ask("POST", "/v1/registers", token, content=body, headers=CSV)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["accepted"], told["duplicates"]) == (2, 0)
    assert [one["number"] for one in told["receipts"]] == ["C-1", "C-3"]
    [refused] = told["refused"]
    assert refused["row"] == 3
    assert refused["faults"][0]["pointer"] == "holder_economy"
    again = node.ask("POST", "/v1/registers", token, content=body, headers=CSV).json()
    assert (again["accepted"], again["duplicates"]) == (0, 2)
    assert again["receipts"] == told["receipts"]


def test_a_register_larger_than_other_requests(node: WebNode, token: str) -> None:
    blank = b",,,,,,\n"
    body = (HEADER + row("D-1")).encode() + blank * (limits.REQUEST_BYTES // len(blank))
    assert len(body) > limits.REQUEST_BYTES
    answer = node.ask("POST", "/v1/registers", token, content=body, headers=CSV)
    assert (answer.status_code, answer.json()["accepted"]) == (200, 1)


def test_a_registers_idempotency_key(node: WebNode, token: str) -> None:
    headers = {**CSV, "Idempotency-Key": "register 1"}
    first, other = (HEADER + row("E-1")).encode(), (HEADER + row("E-2")).encode()
    assert node.ask("POST", "/v1/registers", token, content=first, headers=headers).json()[
        "accepted"
    ]
    with nothing_written(node):
        again = node.ask("POST", "/v1/registers", token, content=first, headers=headers)
        refused = node.ask("POST", "/v1/registers", token, content=other, headers=headers)
    assert again.json()["duplicates"] == 1
    problem(refused, 422, "idempotency_mismatch")


@pytest.mark.parametrize(
    "body",
    [b"", b"nonsense\n1\n", b"\xff\xfe\x00", b'certificate_number\n"open', b"standard\nISO\n"],
)
def test_a_malformed_register(node: WebNode, token: str, body: bytes) -> None:
    with nothing_written(node):
        headers = {**CSV, "Idempotency-Key": "bad register"}
        problem(node.ask("POST", "/v1/registers", token, content=body, headers=headers), 400)


# ------------------------------------------------------------------ what is not there


def test_unknown_things(node: WebNode, token: str) -> None:
    with nothing_written(node):
        problem(node.ask("GET", "/v1/certificates/none", token), 404, "no_such_certificate")
        problem(node.ask("GET", "/v1/receipts/none", token), 404, "no_such_receipt")
        problem(
            node.ask("POST", "/v1/certificates/none/status", token, json=suspension()),
            404, "no_such_certificate",
        )  # fmt: skip


@pytest.mark.parametrize(
    "path", ["/v1/certificates", "/v1/receipts", "/v1/records", "/status", "/"]
)
def test_nothing_can_be_listed(node: WebNode, path: str) -> None:
    assert node.ask("GET", path).status_code in (404, 405)


# ------------------------------------------------------------------ public


def test_the_did_document(node: WebNode) -> None:
    answer = node.ask("GET", "/.well-known/did.json")
    assert answer.status_code == 200
    told = answer.json()
    assert told["id"] == node.body.issuer.did
    thumbprint = node.body.signer.public.thumbprint_text
    assert told["assertionMethod"] == [f"{node.body.issuer.did}#{thumbprint}"]


def test_a_status_list_is_cached_no_longer_than_it_lives(node: WebNode) -> None:
    node.issued("G-1")
    assert node.ask("GET", "/status/1").status_code == 404
    with node.followed() as evidence:
        node.sign_lists(evidence)
    answer = node.ask("GET", "/status/1")
    assert answer.headers["Content-Type"] == "application/vc+jwt"
    age = int(answer.headers["Cache-Control"].rpartition("=")[2])
    assert 0 < age <= limits.STATUS_LIST_TTL
    unchanged = node.ask("GET", "/status/1", headers={"If-None-Match": answer.headers["ETag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    problem(node.ask("GET", "/status/2"), 404)
    problem(node.ask("GET", "/status/0"), 400)


def test_the_json_ld_context(node: WebNode) -> None:
    answer = node.ask("GET", "/ecert/context/v1")
    assert answer.headers["Content-Type"] == "application/ld+json"
    assert "@context" in answer.json()


def test_other_hosts_and_methods(node: WebNode) -> None:
    other = node.ask("GET", "/healthz", headers={"Host": "evil.example"})
    assert "trusted_hosts" in problem(other, 400, "host_not_trusted")["detail"]
    assert node.ask("GET", "/healthz", headers={"Host": "node1.example"}).status_code == 200
    answer = node.ask("DELETE", "/healthz")
    problem(answer, 405)
    assert "GET" in answer.headers["Allow"]


def test_the_openapi_document(node: WebNode) -> None:
    told = node.ask("GET", "/openapi/openapi.json").json()
    assert told["openapi"].startswith("3.1")
    assert set(told["paths"]) == {
        "/v1/records", "/v1/registers", "/v1/receipts/{receipt}", "/v1/certificates/{number}",
        "/v1/certificates/{number}/status", "/.well-known/did.json", "/status/{number}",
        "/ecert/context/v1", "/healthz", "/openapi/openapi.json",
    }  # fmt: skip
    [scheme] = told["components"]["securitySchemes"]
    assert told["components"]["securitySchemes"][scheme]["scheme"] == "bearer"
    for path, operations in told["paths"].items():
        for operation in operations.values():
            assert operation["responses"]
            assert operation["operationId"]
            assert bool(operation.get("security")) is path.startswith("/v1/")
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    assert set(answer["content"]) == {PROBLEM}
    known = told["components"]["schemas"]
    wanted = [place.rpartition("/")[2] for place in _references(told["paths"])]
    assert wanted
    assert set(wanted) <= set(known)


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for one in value.values():
            yield from _references(one)
    elif isinstance(value, list):
        for one in value:
            yield from _references(one)


# ------------------------------------------------------------------ the process


def test_the_web_process_has_no_passphrase(node: WebNode) -> None:
    proc = Path("/proc")
    if not proc.exists():
        return
    named = f"COMITY_NODE={node.places.folder.resolve()}".encode()
    environments = [_environment(one) for one in proc.iterdir() if one.name.isdigit()]
    ours = [told for told in environments if named in told.split(b"\0")]
    assert ours
    assert not any(b"PASSPHRASE" in told for told in ours)


def _environment(process: Path) -> bytes:
    try:
        return (process / "environ").read_bytes()
    except OSError:
        return b""
