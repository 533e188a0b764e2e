"""The network page, ``GET /v1/network``, the feeds and ``comity network``, as they are served."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx2
import pytest

from core.events import NoticeKind, PartyAction, Role
from core.runtime import commands
from core.runtime.paths import ledger_file
from node.demo.processes import free_port
from tests.support.hostile import FORBIDDEN, Markup, hostile_network
from tests.support.network import Body, MemoryLedger
from tests.support.recognition import policy_of
from tests.support.running import running

QUESTION = {"standard": "ISO 9001", "sector": "19", "market": "XB"}


@dataclass(frozen=True)
class Serving:
    """A verifier with a network to show."""

    folder: Path
    url: str
    ledger: MemoryLedger

    def get(self, path: str, **given: Any) -> httpx2.Response:
        return httpx2.get(f"{self.url}{path}", timeout=30, **given)


def _serve(folder: Path, ledger: MemoryLedger) -> Iterator[Serving]:
    ledger.save(ledger_file(folder, ledger.origin))
    port = free_port()
    (folder / "verifier.toml").write_text(
        f'port = {port}\n[[ledgers]]\norigin = "{ledger.origin}"\nrpc_url = "http://127.0.0.1:1"\n'
    )
    with running(folder, "verifier", "run", "--folder", str(folder)):
        yield Serving(folder, f"http://127.0.0.1:{port}", ledger)


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A body that XB accepts for ISO 9001 sector 19, and one that it does not."""
    ledger = MemoryLedger(start=int(time.time()) - 600)
    Body(ledger, 1).join(economy="XA")
    ab = Body(ledger, 2).join(Role.ACCREDITATION_BODY, "XA")
    home = Body(ledger, 3).join(Role.ACCREDITATION_BODY, "XB")
    authority = Body(ledger, 4).join(Role.AUTHORITY, "XB")
    Body(ledger, 5).join(economy="XC")
    ab.accredit(1, coverage='{"ISO 9001":["19","28"]}')
    number = home.make_arrangement(2, 3, text=b"# Mutual recognition\n")
    for party in (2, 3):
        ledger.of_party(number, party, PartyAction.ACCEPTED, "MSC")
    policy = policy_of("conditions").signed_by(authority.signer, authority.issuer.did)
    authority.publish(NoticeKind.POLICY, policy.file_bytes())
    yield from _serve(tmp_path_factory.mktemp("network"), ledger)


class Listener:
    """An address that nobody may ask; it remembers who did."""

    def __init__(self) -> None:
        self.server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.server.getsockname()[1]}/latest/meta-data"
        self.asked: list[Any] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                connection, address = self.server.accept()
            except OSError:
                return
            self.asked.append(address)
            connection.close()


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Serving, Listener]]:
    listener = Listener()
    ledger = MemoryLedger(start=int(time.time()) - 900)
    hostile_network(ledger, listener.url)
    with closing(listener.server):
        for one in _serve(tmp_path_factory.mktemp("hostile"), ledger):
            yield one, listener


def comity(serving: Serving, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = commands.run(
        ["network", "--verifier", str(serving.folder), *words], sys.stdout, sys.stderr
    )
    return code, capsys.readouterr().out


# ---------------------------------------------------------------- who is accepted where


def test_page_api_and_command_answer_who_may_certify_and_since_when(
    serving: Serving, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = serving.get("/v1/network", params=QUESTION).json()
    first, second = answer["accepted"]
    assert (first["member"], first["outcome"]) == (1, "condition")
    assert first["since"] == max(rung["from"] for rung in first["ladder"] if rung["from"])
    assert (second["member"], second["outcome"], second["since"]) == (5, "no", None)
    words = [word for name, text in QUESTION.items() for word in (f"--{name}", text)]
    code, told = comity(serving, capsys, *words, "--json")
    assert (code, json.loads(told)) == (0, answer)
    code, text = comity(serving, capsys, *words)
    assert code == 0
    told = "Body 1 (1): ISO 9001:2015, sector 19, in XB: Yes, with a condition, since "
    assert told + first["since"][:10] in text
    assert "\nArrangements (1)\n" in text, "counted are arrangements, not rows"
    page = serving.get("/network", params=QUESTION).text
    assert "Who may certify ISO 9001 sector 19 for XB now?" in page
    assert f'<time datetime="{first["since"].replace("Z", "+00:00")}">' in page
    assert "Register first." in page
    assert 'value="ISO 9001"' in page, "the form keeps what was asked"
    assert '<option value="19" selected>' in page


def test_the_command_is_one_process(serving: Serving) -> None:
    words = [sys.executable, "-m", "core", "network", "--verifier", str(serving.folder)]
    done = subprocess.run(words, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().startswith(serving.ledger.origin)


def test_all_is_on_the_page_without_a_script(serving: Serving) -> None:
    answer = serving.get("/network")
    assert answer.status_code == 200
    markup = Markup(answer.text)
    assert "script" not in markup.tags
    assert all(one.startswith(("/", "#", "data:,")) for one in markup.addresses)
    for title in ("Members (5)", "Accreditations (1)", "Arrangements (1)", "Keys (5)",
                  "Acceptance policies in force (1)", "Open proposals and votes (0)",
                  "Open alerts (0)", "Notices (1)"):  # fmt: skip
        assert title in answer.text
    assert "https://node1.example" in answer.text
    assert "https://node1.example" not in markup.addresses


def test_an_answer_is_kept_until_the_ledger_moves(serving: Serving) -> None:
    for path in ("/v1/network", "/feeds/network.json", "/feeds/network.atom"):
        first = serving.get(path)
        assert first.headers["cache-control"] == "public, max-age=5"
        again = serving.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        other = serving.get(path, headers={"If-None-Match": '"other"'})
        assert other.status_code == 200


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("sector=19", "standard_missing"),
        ("standard=ISO+90001", "unknown_standard"),
        ("standard=ISO+9001&sector=77", "unknown_sector"),
        ("standard=ISO+9001&market=Europe", "economy_form"),
        ("standard=ISO+9001&at=2999-01-01", "at_future"),
        ("standrad=ISO+9001", "request_form"),
        ("standard=ISO+9001&standard=ISO+14001", "request_form"),
        (f"standard={'x' * 201}", "request_form"),
    ],
)
def test_a_wrong_question_is_a_clear_400(serving: Serving, asked: str, code: str) -> None:
    answer = serving.get(f"/v1/network?{asked}")
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer.headers["content-type"] == "application/problem+json"
    page = serving.get(f"/network?{asked}")
    assert page.status_code == 400
    assert "This cannot be shown" in page.text
    assert "90001" not in answer.text


def test_an_empty_form_asks_nothing(serving: Serving) -> None:
    answer = serving.get("/v1/network?standard=&sector=&market=&at=")
    assert answer.json()["accepted"] == []
    assert serving.get("/network?standard=&sector=&market=&at=").status_code == 200


def test_a_ledger_that_is_not_followed_is_named(serving: Serving) -> None:
    answer = serving.get("/v1/network?ledger=comity/1/0x00")
    assert (answer.status_code, answer.json()["code"]) == (404, "ledger_not_followed")


# ---------------------------------------------------------------- feeds


def test_feeds_are_served_in_both_forms(serving: Serving) -> None:
    feed = serving.get("/feeds/network.json?subject=accreditation")
    assert feed.headers["content-type"] == "application/feed+json"
    assert [one["title"] for one in feed.json()["items"]] == ["Body 2 accredits Body 1 (MSC)"]
    atom = serving.get("/feeds/members/1.atom?subject=accreditation")
    assert atom.headers["content-type"] == "application/atom+xml"
    root = ElementTree.fromstring(atom.content)
    link = root.find("{http://www.w3.org/2005/Atom}link")
    assert link is not None
    assert link.get("href") == "/feeds/members/1.atom?subject=accreditation"
    assert len(root.findall("{http://www.w3.org/2005/Atom}entry")) == 1


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/feeds/network.rss", 404),
        ("/feeds/members/99.json", 404),
        ("/feeds/members/0.json", 400),
        ("/feeds/members/x.json", 404),
        ("/feeds/network.json?subject=everything", 400),
        ("/feeds/network.json?sbject=alert", 400),
    ],
)
def test_other_feeds_there_are_none(serving: Serving, path: str, status: int) -> None:
    assert serving.get(path).status_code == status


def test_the_description_names_network_and_feeds(serving: Serving) -> None:
    paths = serving.get("/openapi/openapi.json").json()["paths"]
    assert {"/v1/network", "/feeds/network.{form}", "/feeds/members/{member}.{form}"} <= set(paths)
    assert "/network" not in paths
    shown = paths["/v1/network"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert set(shown["required"]) == set(serving.get("/v1/network").json())


# ---------------------------------------------------------------- hostile registry texts (B11)


def test_b11_hostile_texts_are_inert_everywhere_and_nothing_is_fetched(
    hostile: tuple[Serving, Listener], capsys: pytest.CaptureFixture[str]
) -> None:
    serving, listener = hostile
    answer = serving.get("/network?standard=ISO+9001")
    assert answer.status_code == 200
    markup = Markup(answer.text)
    assert not markup.tags & {"script", "img", "iframe", "i", "object", "base", "content", "entry"}
    assert not [name for name in markup.attributes if name.startswith("on")]
    assert all(one.startswith(("/", "#", "data:,")) for one in markup.addresses)
    assert not any(character in answer.text for character in FORBIDDEN)
    assert "{{7*7}}" in answer.text, "shown as it is, and computed by nobody"
    for path in ("/v1/network", "/feeds/network.json", "/feeds/network.atom"):
        raw = serving.get(path)
        assert raw.status_code == 200, path
        assert not any(character in raw.text for character in FORBIDDEN), path
    ElementTree.fromstring(serving.get("/feeds/network.atom").content)
    for number in range(1, 8):
        assert serving.get(f"/feeds/members/{number}.atom").status_code == 200
    code, text = comity(serving, capsys, "--standard", "ISO 9001")
    assert code == 0
    assert not any(character in text for character in FORBIDDEN)
    assert not [line for line in text.splitlines() if line.startswith("Verified")]
    assert listener.asked == []


def test_the_listener_would_have_noticed(hostile: tuple[Serving, Listener]) -> None:
    """Runs last: proves that the address above can be reached from here."""
    _, listener = hostile
    with pytest.raises(httpx2.HTTPError):
        httpx2.get(listener.url, timeout=5)
    assert len(listener.asked) == 1
