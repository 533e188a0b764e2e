"""Events of a certificate's life through real HTTP: what is kept, refused, and told again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.functional.node.test_api import (
    CSV,
    HEADER,
    nothing_written,
    problem,
    row,
    suspension,
)
from tests.support.node import record_json
from tests.support.webnode import WebNode

FAR = "https://far.example"


def test_a_certificates_way_and_a_change_of_its_status(node: WebNode, token: str) -> None:
    number = node.issued("SUL/0001")
    path = "/v1/certificates/SUL%2F0001"
    told = node.ask("GET", path, token).json()
    assert told["number"] == number
    assert told["revisions"][0]["status"] == {"state": "in_force", "since": None}
    key = {"Idempotency-Key": "change 1"}
    sent = node.ask("POST", f"{path}/status", token, json=suspension(), headers=key)
    assert sent.status_code == 202
    assert sent.json()["status"] == "suspended"
    assert sent.json()["until"] == "2027-03-31T23:59:59Z"
    assert sent.headers["Location"] == path
    with nothing_written(node):
        again = node.ask("POST", f"{path}/status", token, json=suspension(), headers=key)
        other = node.ask(
            "POST", f"{path}/status", token, json=suspension(reason="obligations"), headers=key
        )
        twice = node.ask("POST", f"{path}/status", token, json=suspension())
    assert again.json() == sent.json()
    problem(other, 422, "idempotency_mismatch")
    problem(twice, 409, "already_suspended")
    [revision] = node.ask("GET", path, token).json()["revisions"]
    assert revision["status"]["state"] == "suspended"
    assert [one["id"] for one in revision["declarations"]] == [sent.json()["id"]]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"event": "expel"}, 422),
        ({"event": "suspend", "reason": "misuse", "until": "2027-03-31", "note": "x"}, 422),
        ({"event": "suspend", "reason": 1, "until": "2027-03-31"}, 422),
        ({"event": "suspend", "reason": "misuse", "until": "2027-03-31", "announced": "yes"}, 422),
        ({"event": "suspend", "reason": "misuse", "until": "2027-03-31", "revision": 0.0}, 422),
        ({"event": "suspend", "reason": "misuse", "until": "31.03.2027"}, 400),
        ({"event": "suspend", "reason": "misuse", "until": "2027-02-30"}, 400),
        ({"event": "suspend", "reason": "because", "until": "2027-03-31"}, 400),
        ({"event": "suspend", "reason": "misuse"}, 409),
        ({"event": "suspend", "reason": "misuse", "until": "2020-01-01"}, 409),
        ({"event": "restore"}, 409),
        ({"event": "restore", "reason": "misuse"}, 400),
        ({"event": "withdraw"}, 400),
        ({"event": "withdraw", "reason": "misuse", "effective_at": "2027-01-01"}, 409),
        ({"event": "supersede", "reason": "renewed"}, 422),
        ({"event": "expire"}, 422),
        ({"event": "grant"}, 422),
        ({"event": "renew"}, 400),
        ({"event": "renew", "successor": "a record"}, 422),
        ({"event": "renew", "successor": {"kind": "management_system"}}, 422),
        ({"event": "transfer"}, 400),
        ({"event": "transfer", "to": {"member": 2, "slot": "no slot"}}, 400),
        ({"event": "transfer", "to": {"member": 9, "slot": f"{FAR}/status/1#1"}}, 409),
        ({"event": "maintain"}, 400),
        ({"event": "maintain", "decided_on": "2099-01-01"}, 409),
        ({"event": "maintain", "decided_on": "2026-13-01"}, 400),
        ({"event": "refuse", "reason": "misuse", "decided_on": "2026-11-01"}, 409),
        ([], 400),
    ],
)
def test_a_change_that_is_refused(node: WebNode, token: str, body: Any, status: int) -> None:
    node.issued("F-1")
    with nothing_written(node):
        problem(node.ask("POST", "/v1/certificates/F-1/status", token, json=body), status)


def test_a_successor_takes_the_place(node: WebNode, token: str) -> None:
    number = node.issued("LIFE-1")
    path = f"/v1/certificates/{number}"
    renewed = record_json(number, revision=1, dates={
        "effective": "2026-03-02", "expiry": "2032-03-01",
    })  # fmt: skip
    body = {"event": "renew", "successor": renewed}
    declaring = node.token("declare")
    with nothing_written(node):
        told = node.ask("POST", f"{path}/status", declaring, json=body)
        problem(told, 403, "scope_missing")
        wrong = {**body, "successor": {**renewed, "sectors": ["99"]}}
        faults = problem(node.ask("POST", f"{path}/status", token, json=wrong), 422)["errors"]
        assert [fault["pointer"] for fault in faults] == ["/successor/sectors/0"]
        same = {**body, "successor": record_json(number)}
        told = node.ask("POST", f"{path}/status", token, json=same)
        problem(told, 409, "successor_is_itself")
    sent = node.ask("POST", f"{path}/status", token, json=body)
    assert sent.status_code == 202
    assert (sent.json()["state"], sent.json()["status"]) == ("waiting", "superseded")
    receipt = sent.json()["successor_receipt"]
    assert node.ask("GET", f"/v1/receipts/{receipt}", token).json()["state"] == "received"
    with nothing_written(node):
        assert node.ask("POST", f"{path}/status", token, json=body).json() == sent.json()
        again = node.ask("POST", f"{path}/status", token, json=suspension(revision=0))
        problem(again, 409, "certificate_superseded")
    newest, oldest = node.ask("GET", path, token).json()["revisions"]
    assert (newest["revision"], newest["slot"], newest["status"]) == (1, None, None)
    assert oldest["status"]["state"] == "superseded"
    assert oldest["slot"].startswith(f"{node.config.endpoint}/status/1#")
    assert [event["event"] for event in oldest["events"]] == ["grant", "renew"]


def test_what_is_decided_stays_at_home(node: WebNode, token: str) -> None:
    number = node.issued("LIFE-2")
    path = f"/v1/certificates/{number}"
    body = {"event": "maintain", "decided_on": "2026-03-05"}
    kept = node.ask("POST", f"{path}/status", token, json=body, headers={"Idempotency-Key": "m"})
    assert kept.status_code == 201
    assert kept.json()["event"] == "maintain"
    with nothing_written(node):
        again = node.ask(
            "POST", f"{path}/status", token, json=body, headers={"Idempotency-Key": "m"}
        )
    assert again.json() == kept.json()
    [revision] = node.ask("GET", path, token).json()["revisions"]
    assert [event["event"] for event in revision["events"]] == ["grant", "maintain"]
    refused = {"event": "refuse", "reason": "nonconformity", "decided_on": "2026-03-05"}
    told = node.ask("POST", "/v1/certificates/NEVER/status", token, json=refused)
    assert told.status_code == 201
    assert node.ask("GET", "/v1/certificates/NEVER", token).json()["refused"] == [told.json()]
    with nothing_written(node):
        sent = node.ask("POST", "/v1/records", token, json=record_json("NEVER"))
        problem(sent, 409, "certification_refused")
        row_sent = node.ask(
            "POST", "/v1/registers", token, content=HEADER + row("NEVER"), headers=CSV
        )
    [fault] = row_sent.json()["refused"][0]["faults"]
    assert fault["code"] == "certification_refused"
