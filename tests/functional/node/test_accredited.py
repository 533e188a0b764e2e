"""Intake says what a body is not accredited for: as typed, and over HTTP; strict, and with a word.

The node's followed ledger knows the body, and nobody who accredits it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.runtime import commands
from tests.support.node import record_json
from tests.support.webnode import PROBLEM, WebNode, web_node

ACCREDITED = {"accreditation": {"body": "Example Accreditation Body", "number": "C999-M"}}
Typed = Callable[..., tuple[int, Any, str]]


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebNode]:
    folder = tmp_path_factory.mktemp("strict")
    with web_node(folder, 'intake = "strict"') as served:
        yield served


@pytest.fixture
def typed(
    node: WebNode,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Typed:
    """Type a command about a record; with a mode of intake other than the file says."""
    monkeypatch.setenv("COMITY_NODE", str(node.places.folder))

    def run(command: str, record: dict[str, Any], mode: str = "warn") -> tuple[int, Any, str]:
        monkeypatch.setenv("COMITY_NODE_INTAKE", mode)
        file = tmp_path / "record.json"
        file.write_text(json.dumps(record), "utf-8")
        capsys.readouterr()
        told = commands.run([command, str(file), "--json"], sys.stdout, sys.stderr)
        document = capsys.readouterr()
        shown = commands.run([command, str(file)], sys.stdout, sys.stderr)
        assert shown == told
        return told, json.loads(document.out), capsys.readouterr().err

    return run


def test_a_warning_stands_beside_the_receipt_and_in_the_exit_code(typed: Typed) -> None:
    code, told, err = typed("issue", record_json("W-1", **ACCREDITED))
    assert (code, told["accepted"], told["refused"]) == (2, 1, [])
    (warned,) = told["warnings"]
    assert warned["row"] == 1
    assert [(f["pointer"], f["code"]) for f in warned["faults"]] == [
        ("/accreditation", "not_accredited")
    ]
    assert "warning: row 1, /accreditation: " in err
    code, told, _ = typed("issue", record_json("W-2"))
    assert (code, told["warnings"]) == (0, [])


def test_strict_intake_refuses_by_name_and_keeps_nothing(typed: Typed, node: WebNode) -> None:
    before = node.rows()
    code, told, err = typed("issue", record_json("S-1", **ACCREDITED), "strict")
    assert (code, told["accepted"], told["receipts"], told["warnings"]) == (1, 0, [], [])
    assert told["refused"][0]["faults"][0]["code"] == "not_accredited"
    assert "row 1, /accreditation: " in err
    assert node.rows() == before


def test_looking_at_a_register_says_the_same(typed: Typed) -> None:
    record = record_json("L-1", **ACCREDITED)
    code, told, _ = typed("register", record)
    assert (code, told["good"], told["warnings"][0]["row"]) == (2, 1, 1)
    code, told, _ = typed("register", record, "strict")
    assert (code, told["good"], told["refused"][0]["row"]) == (1, 0, 1)


def test_a_ledger_that_is_not_known_is_an_outage(
    typed: Typed, node: WebNode, tmp_path: Path
) -> None:
    followed, aside = node.places.followed_ledger, tmp_path / "aside.db"
    followed.rename(aside)
    try:
        code, told, _ = typed("issue", record_json("O-1", **ACCREDITED))
        assert (code, told["accepted"]) == (2, 1)
        assert told["warnings"][0]["faults"][0]["code"] == "accreditation_not_looked_up"
        code, told, _ = typed("issue", record_json("O-2", **ACCREDITED), "strict")
        assert (code, told["accepted"]) == (3, 0)
        assert told["refused"][0]["faults"][0]["code"] == "accreditation_not_looked_up"
        code, told, _ = typed("issue", record_json("O-3"), "strict")
        assert (code, told["accepted"]) == (0, 1), "it says that it is not accredited"
    finally:
        aside.replace(followed)


def test_over_http_a_warning_stands_beside_the_receipt(node: WebNode, token: str) -> None:
    answer = node.ask("POST", "/v1/records", token, json=record_json("H-1", **ACCREDITED))
    assert answer.status_code == 202
    assert [one["code"] for one in answer.json()["warnings"]] == ["not_accredited"]
    register = (
        "certificate_number,standard,holder_name_en,holder_economy,scope_en,effective_date,"
        "expiry_date,accreditation_body,accreditation_number\n"
        "H-2,ISO 9001:2015,Sample (example),CN,Lamps,2026-03-02,2029-03-01,Example AB,1\n"
    )
    headers = {"Content-Type": "text/csv"}
    told = node.ask("POST", "/v1/registers", token, content=register, headers=headers).json()
    assert (told["accepted"], told["warnings"][0]["row"]) == (1, 2)


def test_over_http_strict_intake_is_a_problem_with_pointers(strict: WebNode) -> None:
    token = strict.token("issue", "declare")
    before = strict.rows()
    answer = strict.ask("POST", "/v1/records", token, json=record_json("P-1", **ACCREDITED))
    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM)
    problem = answer.json()
    assert problem["code"] == "record_not_accredited"
    assert [(one["pointer"], one["code"]) for one in problem["errors"]] == [
        ("/accreditation", "not_accredited")
    ]
    assert strict.rows() == before
    strict.issued("P-2")
    successor = record_json("P-2", revision=1, cycle=1, **ACCREDITED)
    asked = {"event": "renew", "successor": successor}
    answer = strict.ask("POST", "/v1/certificates/P-2/status", token, json=asked)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == "/successor/accreditation"
    plain = strict.ask("POST", "/v1/records", token, json=record_json("P-3"))
    assert (plain.status_code, plain.json()["warnings"]) == (202, [])


def test_a_successor_is_judged_too(
    node: WebNode,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COMITY_NODE", str(node.places.folder))
    number, file = node.issued("R-1"), tmp_path / "successor.json"
    words = ["renew", number, str(file), "--dry-run", "--json"]
    later = {"effective": "2026-03-03", "expiry": "2032-03-01"}
    renewed = record_json(number, revision=1, cycle=1, dates=later)
    for extra, code, expected in ((ACCREDITED, 2, ["not_accredited"]), ({}, 0, [])):
        file.write_text(json.dumps(renewed | extra), "utf-8")
        capsys.readouterr()
        assert commands.run(words, sys.stdout, sys.stderr) == code
        told = json.loads(capsys.readouterr().out)
        assert [one["code"] for one in told["warnings"]] == expected
    file.write_text(json.dumps(renewed | ACCREDITED), "utf-8")
    monkeypatch.setenv("COMITY_NODE_INTAKE", "strict")
    assert commands.run(words, sys.stdout, sys.stderr) == 1
