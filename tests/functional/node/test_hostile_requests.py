"""What no client of ours would send: never answered with 500, never repeated in a log."""

from __future__ import annotations

import json
import socket

import pytest

from tests.support.node import record_json
from tests.support.webnode import PROBLEM, WebNode

WITHDRAW = {"event": "withdraw", "reason": "misuse"}


def log_lines(node: WebNode) -> list[str]:
    return (node.places.folder / "log").read_text("utf-8").splitlines()


def raw(node: WebNode, request: str) -> bytes:
    """Send bytes that no HTTP library would, and return all that comes back."""
    with socket.create_connection(("127.0.0.1", node.config.port), timeout=20) as connection:
        connection.sendall(request.encode())
        return b"".join(iter(lambda: connection.recv(65_536), b""))


@pytest.mark.parametrize("number", ["2147483648", "9" * 20, "9" * 3000, "0", "-1", "1e3", "..%2f1"])
def test_a_status_list_that_cannot_be(node: WebNode, number: str) -> None:
    answer = node.ask("GET", f"/status/{number}")
    assert answer.status_code in (400, 404)
    assert answer.headers["content-type"] == PROBLEM


def test_a_certificate_to_the_end_of_the_calendar(node: WebNode, token: str) -> None:
    dates = {"effective": "0026-03-02", "expiry": "9999-12-31"}
    record = record_json("CALENDAR", dates=dates)
    assert node.ask("POST", "/v1/records", token, json=record).status_code == 202
    node.issued("CALENDAR-2")
    path = "/v1/certificates/CALENDAR"
    (revision,) = node.ask("GET", path, token).json()["revisions"]
    assert revision["status"]["state"] == "in_force"
    early = node.ask(
        "POST", f"{path}/status", token, json={**WITHDRAW, "effective_at": "0026-03-02"}
    )
    assert (early.status_code, early.json()["code"]) == (409, "before_1970")
    assert node.ask("POST", f"{path}/status", token, json=WITHDRAW).status_code == 202


@pytest.mark.parametrize(
    "line",
    [
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nAuthorization Bearer {secret}\r\n\r\n",
        "GET /v1/certificates/{secret} X HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /v1/certificates/{secret} HTTP/1.1\r\nHost: localhost\r\nHost: {secret}\r\n\r\n",
        "{secret}\r\n\r\n",
    ],
)
def test_a_malformed_request_is_not_repeated_in_the_log(
    node: WebNode, token: str, line: str
) -> None:
    answer = raw(node, line.format(secret=token))
    assert answer.startswith(b"HTTP/1.1 400")
    lines = log_lines(node)
    assert lines
    assert token.casefold() not in "\n".join(lines).casefold()
    for one in lines:
        json.loads(one)


@pytest.mark.parametrize("size", ["-6", "-ffff", "+5", "x", "1_0", ""])
def test_a_chunk_size_that_is_none(node: WebNode, token: str, size: str) -> None:
    head = "POST /v1/records HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    sent = f"{head}Authorization: Bearer {token}\r\nTransfer-Encoding: chunked\r\n\r\n{size}\r\n"
    answer = raw(node, sent)
    assert b"HTTP/1.1 2" not in answer
    assert node.ask("GET", "/healthz").status_code == 200
