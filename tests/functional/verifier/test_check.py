"""``comity check`` and ``POST /v1/checks`` on good and on bad files."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest

from core.bundle import Bundle
from core.credential import Credential
from core.runtime import commands
from tests.support.badfiles import FORMAT, bad_files
from tests.support.running import RunningVerifier

SECONDS_EACH = 1.0


def bundle_of(verifier: RunningVerifier) -> Bundle:
    return verifier.body.bundle(verifier.issued, fields=("scope", "sites"))


def comity_check(
    verifier: RunningVerifier, file: Path, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    """Run the command in this process, as its console script does."""
    words = ["check", str(file), "--json", "--verifier", str(verifier.folder)]
    code = commands.run(words, sys.stdout, sys.stderr)
    told = capsys.readouterr()
    return code, told.out, told.err


def post(verifier: RunningVerifier, document: bytes) -> httpx2.Response:
    body = {"document": base64.b64encode(document).decode()}
    return httpx2.post(f"{verifier.url}/v1/checks", json=body, timeout=30)


def test_command_api_and_form_give_the_same_report(
    verifier: RunningVerifier, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = bundle_of(verifier).dump()
    file = tmp_path / "good.comity.json"
    file.write_bytes(good)
    code, out, _ = comity_check(verifier, file, capsys)
    by_command = json.loads(out)
    assert code == 0
    assert by_command["verdict"] == "genuine_and_in_force"
    assert by_command["disclosed"]["scope"]
    url = f"{verifier.url}/v1/checks"
    as_object = httpx2.post(url, json={"document": json.loads(good)})
    as_form = httpx2.post(url, files={"document": ("x.comity.json", good)})
    for answer in (post(verifier, good), as_object, as_form):
        assert answer.status_code == 200
        assert _timeless(answer.json()) == _timeless(by_command)


def test_standard_input_and_text_output_through_a_real_process(verifier: RunningVerifier) -> None:
    words = [sys.executable, "-m", "core", "check", "-", "--verifier", str(verifier.folder)]
    done = subprocess.run(words, input=bundle_of(verifier).dump(), capture_output=True, check=False)
    assert done.returncode == 0
    text = done.stdout.decode()
    assert text.startswith("✔ Genuine and in force")
    assert "Design and manufacture of LED drivers" in text
    hidden = text[text.index("Not shared by the exporter") :].splitlines()[1:]
    assert "  First certified" in hidden, "in the page's words, not in those of --fields"
    assert done.stderr == b""


def test_without_any_verifier_set_up_nothing_is_claimed(
    verifier: RunningVerifier, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "good.comity.json"
    file.write_bytes(bundle_of(verifier).dump())
    assert commands.run(["check", str(file), "--json"], sys.stdout, sys.stderr) == 3
    report = json.loads(capsys.readouterr().out)
    assert report["verdict"] == "could_not_be_checked"
    assert report["disclosed"] == {}


def cases(verifier: RunningVerifier) -> list[tuple[str, bytes, str]]:
    return list(bad_files(bundle_of(verifier), verifier.body.signer.public))


def test_there_are_at_least_fifty_bad_files(verifier: RunningVerifier) -> None:
    found = cases(verifier)
    assert len(found) >= 50
    assert len({raw for _, raw, _ in found}) == len(found)


def test_bad_files_to_the_command(
    verifier: RunningVerifier, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, raw, expected in cases(verifier):
        file = tmp_path / "bad"
        file.write_bytes(raw)
        started = time.monotonic()
        code, out, err = comity_check(verifier, file, capsys)
        assert time.monotonic() - started <= SECONDS_EACH, name
        if expected == FORMAT:
            assert code == 4, (name, out)
            assert out == "", name
            assert err.startswith("error: "), name
            assert "\nhint: " in err, name
        else:
            report = json.loads(out)
            assert (code, report["verdict"]) == (1, "not_valid"), name
            assert _first_no(report)["reason"], name
        _no_echo(name, out + err)


def test_bad_files_to_the_api(verifier: RunningVerifier) -> None:
    for name, raw, expected in cases(verifier):
        started = time.monotonic()
        answer = post(verifier, raw)
        assert time.monotonic() - started <= SECONDS_EACH, name
        if expected == FORMAT:
            assert answer.status_code in (400, 413), (name, answer.text)
            assert answer.headers["content-type"] == "application/problem+json", name
            assert answer.json()["code"], name
        else:
            assert answer.status_code == 200, (name, answer.text)
            report = answer.json()
            assert report["verdict"] == "not_valid", name
            assert _first_no(report)["reason"], name
        _no_echo(name, answer.text)


def test_bad_files_on_the_page_get_a_sentence_and_no_server_error(
    verifier: RunningVerifier,
) -> None:
    for name, raw, expected in cases(verifier):
        answer = httpx2.post(verifier.url, files={"document": ("x", raw)}, timeout=30)
        assert answer.status_code == (200 if expected != FORMAT else answer.status_code), name
        assert answer.status_code in (200, 400, 413), name
        assert ("Not valid" in answer.text) is (expected != FORMAT), name
        assert ("cannot be read" in answer.text) is (expected == FORMAT), name
        _no_echo(name, answer.text)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_json"),
        (b"no", "not_json"),
        (b"[]", "not_an_object"),
        (b"{}", "request_form"),
        (b'{"document": 5}', "request_form"),
        (b'{"document": "AA", "verdict": "verified"}', "request_form"),
        (b'{"document": "AA", "market": "Germany"}', "request_form"),
        (b'{"document": "AA", "document": "AB"}', "duplicate_member"),
        (b'{"document": "\xc3\xa9"}', "base64url"),
        (b'{"document": "' + b"A" * 1_100_000 + b'"}', "request_entity_too_large"),
    ],
)
def test_wrong_requests_are_told_what_is_wrong(
    verifier: RunningVerifier, body: bytes, code: str
) -> None:
    answer = httpx2.post(
        f"{verifier.url}/v1/checks", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code in (400, 413)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code


@pytest.mark.parametrize("at", ["2999-01-01", "2026-02-30", "yesterday", "2026-03-02T12:00:00"])
def test_a_question_as_of_a_day_to_come_or_of_none_is_refused(
    verifier: RunningVerifier, at: str
) -> None:
    body = {"document": json.loads(bundle_of(verifier).dump()), "at": at}
    answer = httpx2.post(f"{verifier.url}/v1/checks", json=body)
    assert answer.status_code == 400
    assert answer.json()["code"] == ("at_future" if at == "2999-01-01" else "at_form")


def test_a_question_as_of_a_day_before_the_registration_is_answered_so(
    verifier: RunningVerifier,
) -> None:
    body = {"document": json.loads(bundle_of(verifier).dump()), "at": "2026-01-01"}
    report = httpx2.post(f"{verifier.url}/v1/checks", json=body).json()
    assert report["question"]["at"] == "2026-01-01T23:59:59Z"
    assert [report["checks"][line - 1]["code"] for line in (3, 5)] == [
        "registered_here_since",
        "status_before_registration",
    ]


def test_pages_forbid_foreign_content_and_storage(verifier: RunningVerifier) -> None:
    for path in ("/", "/static/comity.css", "/nowhere", "/openapi/openapi.json"):
        answer = httpx2.get(verifier.url + path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy, path
        assert "http" not in policy, path
        assert answer.headers["referrer-policy"] == "no-referrer", path
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert "set-cookie" not in answer.headers, path


def test_a_request_for_another_host_is_refused(verifier: RunningVerifier) -> None:
    assert httpx2.get(verifier.url, headers={"host": "evil.example"}).status_code == 400


def test_the_ledgers_and_their_age_are_told(verifier: RunningVerifier) -> None:
    ledgers = httpx2.get(f"{verifier.url}/v1/ledgers").json()["ledgers"]
    assert [ledger["origin"] for ledger in ledgers] == [verifier.body.ledger.origin]
    assert ledgers[0]["block"] == verifier.body.ledger.block


def test_the_openapi_document_names_its_answers(verifier: RunningVerifier) -> None:
    document = httpx2.get(f"{verifier.url}/openapi/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    post_check = document["paths"]["/v1/checks"]["post"]
    assert {"200", "400", "413"} <= post_check["responses"].keys()
    assert "requestBody" in post_check


def test_nothing_that_was_checked_is_kept(verifier: RunningVerifier) -> None:
    number = Credential.parse(bundle_of(verifier).presentation).certificate_number.encode()
    assert post(verifier, bundle_of(verifier).dump()).status_code == 200
    kept = [file for file in verifier.folder.rglob("*") if file.is_file()]
    assert kept
    assert not [file for file in kept if number in file.read_bytes()]


def _timeless(report: dict[str, Any]) -> dict[str, Any]:
    without = {name: value for name, value in report.items() if name != "checks"}
    checks = [{k: v for k, v in c.items() if k != "evidence_at"} for c in report["checks"]]
    return {**without, "checks": checks}


def _first_no(report: dict[str, Any]) -> dict[str, Any]:
    return next(check for check in report["checks"] if check["outcome"] == "no")


def _no_echo(name: str, text: str) -> None:
    for planted in ("FORGED-1", "alert(1)", "etc/passwd", "127.0.0.1/keys"):
        assert planted not in text, name
