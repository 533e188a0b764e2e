"""A check in a market, over HTTP, on the page and by the command: the same ladder everywhere."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from core.runtime import commands
from tests.support.recognition import MARKET, policy_of, recognise
from tests.support.running import RunningVerifier, running_verifier


@pytest.fixture(scope="module")
def verifier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningVerifier]:
    folder = tmp_path_factory.mktemp("market")
    with running_verifier(folder, before=lambda body: recognise(body, "conditions")) as running:
        yield running


@pytest.fixture
def file(verifier: RunningVerifier, tmp_path: Path) -> Path:
    """The certificate's proof file."""
    path = tmp_path / "good.comity.json"
    path.write_bytes(verifier.body.bundle(verifier.issued).dump())
    return path


def ask(verifier: RunningVerifier, file: Path, **asked: str) -> httpx2.Response:
    document = json.loads(file.read_bytes())
    return httpx2.post(f"{verifier.url}/v1/checks", json={"document": document, **asked})


def command(
    verifier: RunningVerifier, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[int, str]:
    asked = ["check", *words, "--verifier", str(verifier.folder)]
    code = commands.run(asked, sys.stdout, sys.stderr)
    return code, capsys.readouterr().out


def test_the_ladder_is_the_same_by_api_and_command(
    verifier: RunningVerifier, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = ask(verifier, file, market=MARKET, standard="ISO 9001", sector="19").json()
    assert report["verdict"] == "verified_with_conditions"
    assert [rung["outcome"] for rung in report["ladder"]] == ["yes"] * 5 + ["condition"]
    assert report["conditions"][0]["text"]["zh"] == "先登记。"
    words = ("--json", "--market", MARKET, "--standard", "ISO 9001", "--sector", "19")
    code, told = command(verifier, capsys, str(file), *words)
    assert code == 2
    assert json.loads(told)["ladder"] == report["ladder"]


def test_the_text_shows_ladder_and_conditions(
    verifier: RunningVerifier, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = command(verifier, capsys, str(file), "--market", MARKET)
    assert code == 2
    lines = text.splitlines()
    assert "  registration (zh): 先登记。" in lines
    start = lines.index("Recognition, rung by rung")
    rungs = lines[start + 1 : start + 7]
    indents = [len(line) - len(line.lstrip()) for line in rungs]
    assert indents == [2, 4, 6, 8, 10, 12]
    assert [line.split()[0] for line in rungs] == ["✔"] * 5 + ["!"]


def test_a_broken_rung_says_why(
    verifier: RunningVerifier, file: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    policy = tmp_path / "xb.json"
    policy.write_bytes(policy_of("second").file_bytes())
    words = (str(file), "--market", MARKET, "--policy", str(policy))
    code, text = command(verifier, capsys, *words)
    assert code == 5
    assert "✖ Arrangement: arrangement 2" in text
    assert "Body 2 is not a party to the arrangement." in text
    code, told = command(verifier, capsys, *words, "--json")
    report = json.loads(told)
    assert report["checks"][8]["source"] == "local_policy"
    assert [rung["outcome"] for rung in report["ladder"][2:]] == [
        "yes", "no", "no", "not_asked",
    ]  # fmt: skip


def test_a_market_without_a_policy_could_not_be_checked(
    verifier: RunningVerifier, file: Path
) -> None:
    report = ask(verifier, file, market="XQ").json()
    assert (report["verdict"], report["exit"]) == ("could_not_be_checked", 3)
    assert report["checks"][8]["code"] == "market_no_policy"


@pytest.mark.parametrize(
    ("asked", "code"),
    [({"market": "EU"}, "economy_form"), ({"sector": "77"}, "unknown_sector")],
)
def test_a_misspelled_question_is_refused(
    verifier: RunningVerifier, file: Path, asked: dict[str, str], code: str
) -> None:
    answer = ask(verifier, file, **asked)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_today_is_now_by_api_and_command(
    verifier: RunningVerifier, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    today = datetime.now(UTC).date().isoformat()
    report = ask(verifier, file, market=MARKET, at=today).json()
    assert report["verdict"] == "verified_with_conditions"
    code, told = command(verifier, capsys, str(file), "--market", MARKET, "--at", today)
    assert code == 2
    assert "by all that is known now" in told
    assert command(verifier, capsys, str(file), "--at", "2999-01-01")[0] == 4


def test_the_page_shows_tables_and_nothing_of_others_as_markup(
    verifier: RunningVerifier, file: Path
) -> None:
    form = {"market": MARKET.lower(), "at": ""}
    answer = httpx2.post(
        f"{verifier.url}/", data=form, files={"document": ("x.json", file.read_bytes())}
    )
    assert answer.status_code == 200
    page = answer.text
    for words in (
        "Recognition, rung by rung", "Your accreditation body", "Register first.", "先登记。",
        "arrangement 1: Mutual recognition &lt;b&gt;here&lt;/b&gt;",
    ):  # fmt: skip
        assert words in page, words
    assert "<b>here</b>" not in page
    refused = httpx2.post(
        f"{verifier.url}/", data={"market": "EU"}, files={"document": ("x", file.read_bytes())}
    )
    assert refused.status_code == 400
    assert "This cannot be asked" in refused.text
