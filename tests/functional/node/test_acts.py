"""Taking part in the network, as somebody types it: four bodies, their workers, one real chain."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from contracts.devchain.anvil import locate
from contracts.devchain.supervisor import DevChain
from contracts.founders import dump_founder
from core.errors import Unavailable
from core.events import Role
from core.runtime import commands, faults
from core.runtime.faults import Form
from core.runtime.steps import Step
from core.signed import ASSERTION
from node.config import FILE_NAME
from node.demo.processes import free_port
from tests.support.ledger import MadeLedger, body, deploy_test_ledger
from tests.support.node import RunningNode, make_node
from tests.support.policies import policy

ROLES = {
    "CN": Role.CERTIFICATION_BODY,
    "DE": Role.ACCREDITATION_BODY,
    "BR": Role.ACCREDITATION_BODY,
    "FR": Role.AUTHORITY,
}
NAMES = {
    "CN": "Huaxin Certification",
    "DE": "Rheinland Pruefstelle",
    "BR": "Certifica Brasil",
    "FR": "Certification Lyon",
}


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.out.count("\n") == 1, self.err
        return json.loads(self.out)


class Network:
    """Four bodies' nodes; their workers take turns in one thread."""

    def __init__(self, made: MadeLedger, folder: Path) -> None:
        self.made = made
        self.folder = folder
        self.nodes = {
            economy: make_node(made, folder / economy, member=n) for n, economy in enumerate(ROLES)
        }
        for node in self.nodes.values():
            _write_settings(node)
        self._stop = threading.Event()
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()
        assert self._ready.wait(60)

    def _work(self) -> None:
        try:
            workers = [node.worker() for node in self.nodes.values()]
            while not self._stop.wait(0.02):
                for worker in workers:
                    worker.step()
                if all(worker.fence is not None for worker in workers):
                    self._ready.set()
        except BaseException as failure:  # told to whoever closes
            self._failure = failure

    def wait(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        while not holds():
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def close(self) -> None:
        self._stop.set()
        self._thread.join(20)
        for node in self.nodes.values():
            node.close()
        if self._failure is not None:
            raise self._failure


def _write_settings(node: RunningNode) -> None:
    assert node.config.ledger is not None
    (node.folder / FILE_NAME).write_text(
        f'endpoint = "{node.config.endpoint}"\n[ledger]\n'
        f'origin = "{node.config.ledger.origin}"\nrpc_url = "{node.config.ledger.rpc_url}"\n'
    )


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    try:
        locate()
    except Unavailable as error:
        pytest.skip(f"{error.message}; {error.hint}")
    folder = tmp_path_factory.mktemp("network")
    with (
        DevChain(folder / "chain") as chain,
        deploy_test_ledger(chain.rpc_url, tuple(ROLES), roles=ROLES) as made,
    ):
        running = Network(made, folder)
        yield running
        running.close()


Ask = Callable[..., Said]


@pytest.fixture
def ask(network: Network, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Type a command at one body's desk."""

    def run(economy: str, *words: str) -> Said:
        capsys.readouterr()
        typed = [*words, "--node", str(network.folder / economy)]
        code = commands.run(typed, sys.stdout, sys.stderr)
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return run


def recorded(said: Said) -> Any:
    """Assert that an act is on the ledger; return the answer."""
    assert said.code == 0, said.err
    told = said.json
    assert told["act"]["state"] == "recorded"
    assert told["ledger"] == "accepts"
    return told


# ------------------------------------------------------------------ accreditation


def test_an_accreditation_from_grant_to_withdrawal(ask: Ask) -> None:
    words = ("--standard", "ISO 9001", "--sector", "19", "--sector", "28", "--from", "2026-01-01")
    shown = ask("DE", "accredit", "grant", "cn.example", *words, "--dry-run", "--json").json
    assert (shown["dry_run"], shown["ledger"], shown["act"]) == (True, "accepts", None)
    sentence = (
        "Rheinland Pruefstelle accredits Huaxin Certification for MSC: "
        "ISO 9001 in sectors 19, 28, from 2026-01-01."
    )
    assert shown["sentence"] == sentence
    assert ask("DE", "accredit", "list", "--json").json == {"accreditations": []}

    told = recorded(ask("DE", "accredit", "grant", "cn.example", *words, "--wait", "--json"))
    assert told["sentence"] == sentence
    again = ask("DE", "accredit", "grant", "1", *words, "--json").json
    assert again["already"]["position"] == told["act"]["position"]
    assert again["act"] is None
    [listed] = ask("DE", "accredit", "list", NAMES["CN"], "--json").json["accreditations"]
    assert listed["state"] == "in_effect"
    assert listed["coverage"] == {"ISO 9001": ["19", "28"]}

    wider = ask("DE", "accredit", "reduce", "1", "--standard", "ISO 9001", "--sector", "03")
    assert (wider.code, wider.out) == (1, "")
    assert "comity accredit grant" in wider.err
    less = ("--standard", "ISO 9001", "--sector", "19", "--json", "--wait")
    recorded(ask("DE", "accredit", "reduce", "1", *less))
    why = ("--reason", "nonconformity", "--json", "--wait")
    recorded(ask("DE", "accredit", "suspend", "1", *why))
    assert ask("DE", "accredit", "suspend", "1", *why).json["already"] is not None
    recorded(ask("DE", "accredit", "restore", "1", "--json", "--wait"))
    recorded(ask("DE", "accredit", "withdraw", "1", *why))
    plain = ask("DE", "accredit", "list")
    assert "Huaxin Certification by Rheinland Pruefstelle, MSC: withdrawn since" in plain.out
    assert "ISO 9001 in sector 19" in plain.out


def test_coverage_can_come_from_a_file(ask: Ask, tmp_path: Path) -> None:
    file = tmp_path / "coverage.json"
    file.write_text('{"ISO 9001": ["28", "19"], "ISO 14001": "all"}')
    told = recorded(
        ask("BR", "accredit", "grant", "CN.example", "--coverage", str(file), "--wait", "--json")
    )
    assert told["act"]["act"]["coverage"] == '{"ISO 14001":"all","ISO 9001":["19","28"]}'
    file.write_text('{"ISO 9001": ["99"]}')
    assert ask("BR", "accredit", "grant", "1", "--coverage", str(file)).code == 4


@pytest.mark.parametrize(
    ("economy", "words", "code", "told"),
    [
        ("FR", ("grant", "1", "--standard", "ISO 9001"), 1, "role"),
        ("DE", ("grant", "4", "--standard", "ISO 9001"), 1, "role"),
        ("DE", ("restore", "1"), 1, "does not allow"),
        ("DE", ("suspend", "1", "--reason", "whim"), 4, "one of:"),
        ("DE", ("grant", "1"), 4, "--standard"),
        ("DE", ("grant", "1", "--standard", "ISO 0"), 4, "listed"),
        ("DE", ("grant", "1", "--standard", "ISO 9001", "--sector", "99"), 4, "--sector"),
        ("DE", ("grant", "1", "--standard", "ISO 9001", "--scope", "MSC/QMS"), 4, "--scope"),
        ("DE", ("grant", "nobody", "--standard", "ISO 9001"), 4, "no such member"),
        ("DE", ("grant", "1", "--standard", "ISO 9001", "--from", "2040-01-01"), 1, "--from"),
    ],
)
def test_what_is_refused_is_told_in_words_and_kept_nowhere(
    ask: Ask, economy: str, words: tuple[str, ...], code: int, told: str
) -> None:
    before = ask(economy, "acts", "--json").out
    said = ask(economy, "accredit", *words)
    assert (said.code, said.out) == (code, ""), said
    assert told in said.err
    assert ask(economy, "acts", "--json").out == before


def test_a_refusal_is_json_as_well(ask: Ask) -> None:
    said = ask("FR", "accredit", "grant", "1", "--standard", "ISO 9001", "--json")
    assert said.code == 1
    assert (said.json["ledger"], said.json["act"]) == ("refuses", None)
    assert said.json["refusal"]["code"] == "role_missing"


def test_a_chain_node_that_does_not_answer_delays_an_act_and_loses_none(
    ask: Ask, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("COMITY_NODE_LEDGER__RPC_URL", closed)
    words = ("propose", "parameter", "later", "1")
    shown = ask("BR", *words, "--dry-run")
    assert shown.code == 3
    assert "did not answer" in shown.out
    told = ask("BR", *words, "--json").json
    assert (told["ledger"], told["act"]["state"]) == ("not_reached", "received")
    monkeypatch.undo()
    assert ask("BR", *words, "--wait").code == 0
    assert "set the ledger parameter later to 1" in ask("BR", "proposals").out


# ------------------------------------------------------------------ arrangements


def test_an_arrangement_is_unilateral_until_both_have_accepted(ask: Ask, tmp_path: Path) -> None:
    text = tmp_path / "arrangement.md"
    text.write_text("We recognise each other's certificates.\n\x1b[31m\x9b")
    words = ("new", str(text), "--role", "accreditation_body", "--party", "br.example")
    told = recorded(ask("DE", "arrangement", *words, "--wait", "--json"))
    assert told["act"]["act"]["parties"] == [3]
    assert ask("DE", "arrangement", *words, "--json").json["already"] is not None
    [made] = ask("DE", "arrangement", "show", "--json").json["arrangements"]
    assert [party["member"] for party in made["parties"]] == [2, 3]
    assert made["in_effect"] == []

    one = recorded(ask("DE", "arrangement", "accept", "1", "--scope", "MSC", "--wait", "--json"))
    assert one["sentence"].endswith("It stays unilateral until another party accepts it too.")
    assert "unilateral, only Rheinland" in ask("DE", "arrangement", "show").out
    both = recorded(ask("BR", "arrangement", "accept", "1", "--scope", "MSC", "--wait", "--json"))
    assert both["sentence"].endswith("It is then in effect with Rheinland Pruefstelle.")
    shown = ask("BR", "arrangement", "show", "1")
    assert "MSC: in effect between Rheinland Pruefstelle, Certifica Brasil" in shown.out
    assert "We recognise each other" in shown.out
    escaped = ask("BR", "arrangement", "show", "1", "--json").out
    for said in (shown.out, escaped):
        assert "\x1b" not in said
        assert "\x9b" not in said

    suspend = ("suspend", "1", "3", "--scope", "MSC/QMS", "--reason", "obligations")
    assert ask("BR", "arrangement", *suspend).code == 1  # it is not the keeper
    recorded(ask("DE", "arrangement", *suspend, "--wait", "--json"))
    [made] = ask("DE", "arrangement", "show", "1", "--json").json["arrangements"]
    bound = {one["scope"]: one["between"] for one in made["in_effect"]}
    assert bound == {"MSC": [2, 3], "MSC/QMS": [2]}
    assert made["text"]["content"] == text.read_text()
    recorded(ask("DE", "arrangement", "restore", "1", "BR.example", "--scope", "MSC/QMS",
                 "--wait", "--json"))  # fmt: skip
    recorded(ask("BR", "arrangement", "leave", "1", "--scope", "MSC", "--wait", "--json"))
    [made] = ask("DE", "arrangement", "show", "--json").json["arrangements"]
    assert [one["between"] for one in made["in_effect"] if one["scope"] == "MSC"] == [[2]]
    assert ask("DE", "arrangement", "invite", "1", "1").code == 1  # not an accreditation body
    assert ask("DE", "arrangement", "accept", "9", "--scope", "MSC").code == 1
    assert ask("DE", "arrangement", "accept", "1", "--scope", "nonsense").code == 4


# ------------------------------------------------------------------ notices


def test_an_alert_is_published_shown_and_lifted(ask: Ask, tmp_path: Path) -> None:
    text = tmp_path / "alert.md"
    text.write_text("A batch of certificates was stolen.\n")
    words = ("publish", "alert", str(text), "--subject", "member:cn.example")
    told = recorded(ask("FR", "notice", *words, "--wait", "--json"))
    assert "a risk alert about Huaxin Certification" in told["sentence"]
    assert ask("FR", "notice", *words, "--json").json["already"] is not None
    [one] = ask("CN", "notices", "--json").json["notices"]
    assert (one["notice"], one["kind"], one["lifted_at"]) == ("4/1", "alert", None)
    assert ", about Huaxin Certification" in ask("CN", "notices").out
    assert "was stolen" in ask("CN", "notices", "4/1").out
    recorded(ask("FR", "notice", "lift", "1", "--wait", "--json"))
    assert ask("FR", "notice", "lift", "1", "--json").json["already"] is not None
    assert "lifted" in ask("FR", "notices").out
    assert ask("FR", "notice", "lift", "7").code == 1
    other = ("publish", "alert", str(text), "--subject", "member:de.example")
    assert ask("CN", "notice", *other).code == 1  # it may warn of itself alone
    bare = ask("FR", "notice", "publish", "alert", str(text))
    assert (bare.code, "batch:MEMBER/ROOT" in bare.err) == (4, True)
    assert ask("FR", "notice", "publish", "change", str(text), "--subject", "member:1").code == 4


def test_a_text_that_no_ledger_takes(ask: Ask, tmp_path: Path) -> None:
    text = tmp_path / "text"
    for content in (b"", b"\xff", b"x" * (24 * 1024 + 1)):
        text.write_bytes(content)
        assert ask("FR", "notice", "publish", "change", str(text)).code == 4
    for words in (("notice", "publish", "change"), ("propose", "admit"), ("arrangement", "new")):
        role = ("--role", "authority") if words[0] == "arrangement" else ()
        assert ask("FR", *words, "/dev/zero", *role).code == 4
        assert ask("FR", *words, str(tmp_path / "none"), *role).code == 4
    assert ask("DE", "accredit", "grant", "1", "--coverage", "/dev/zero").code == 4
    text.write_bytes(b"x" * (24 * 1024))
    recorded(ask("FR", "notice", "publish", "change", str(text), "--wait", "--json"))


def test_a_policy_is_published_only_if_readers_would_count_it(
    ask: Ask, network: Network, tmp_path: Path
) -> None:
    file, node = tmp_path / "FR.policy.json", network.nodes["FR"]
    unsigned = policy(economy="FR", ledger=network.made.origin)
    signer, did = node.member.assertion_signer, "did:web:fr.example"
    for wrong in (unsigned, unsigned.signed_by(signer, "did:web:cn.example", ASSERTION),
                  policy(economy="DE").signed_by(signer, did, ASSERTION)):  # fmt: skip
        file.write_bytes(wrong.file_bytes())
        said = ask("FR", "notice", "publish", "policy", str(file))
        assert (said.code, said.out) == (1, ""), said
        assert wrong is not unsigned or "it is not signed" in said.err
    file.write_bytes(unsigned.signed_by(signer, did, ASSERTION).file_bytes())
    told = recorded(ask("FR", "notice", "publish", "policy", str(file), "--wait", "--json"))
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert told["act"]["act"]["text_sha256"] == digest
    assert ask("BR", "notice", "publish", "policy", str(file)).code == 1


def test_a_key_is_declared_to_be_kept_in_hardware(ask: Ask) -> None:
    assert ask("CN", "assure", "assertion", "file", "--json").json["already"] is not None
    recorded(ask("CN", "assure", "assertion", "hsm", "--wait", "--json"))
    assert ask("CN", "assure", "assertion", "hsm", "--json").json["already"] is not None
    recorded(ask("CN", "assure", "assertion", "file", "--wait", "--json"))
    assert ask("CN", "assure", "nothing", "hsm").code == 4


# ------------------------------------------------------------------ votes


def test_a_body_is_admitted_by_vote(ask: Ask, network: Network, tmp_path: Path) -> None:
    founder = tmp_path / "founder.json"
    founder.write_bytes(dump_founder(body("FR", "new", "https://new.example").founder))
    shown = ask("CN", "propose", "admit", str(founder), "--dry-run")
    assert shown.code == 0, shown.err
    assert "Certification Lyon (FR) as certification body, at https://new.example" in shown.out
    recorded(ask("CN", "propose", "admit", str(founder), "--wait", "--json"))
    again = ask("DE", "propose", "admit", str(founder), "--json").json
    assert again["already"] is not None  # the same, whoever proposed it
    one = ask("CN", "proposals", "--json").json["proposals"][-1]
    number = str(one["proposal"])
    assert (one["state"], one["needed"], one["economies_needed"]) == ("open", 3, 3)
    plain = ask("BR", "proposals", number)
    assert "1 of 3 needed" in plain.out
    assert "Huaxin Certification yes" in plain.out
    assert "Rheinland Pruefstelle, Certifica Brasil, Certification Lyon not yet" in plain.out
    assert ask("CN", "propose", "carry-out", number).code == 1
    recorded(ask("DE", "vote", number, "yes", "--wait", "--json"))
    assert ask("DE", "vote", number, "yes", "--json").json["already"] is not None
    assert ask("DE", "vote", number, "no").code == 1
    recorded(ask("FR", "vote", number, "no", "--wait", "--json"))
    recorded(ask("BR", "vote", number, "yes", "--wait", "--json"))
    network.wait(lambda: network.made.ledger.member_count() == 5)
    network.wait(lambda: "carried out" in ask("CN", "proposals", number).out)
    assert ask("CN", "propose", "carry-out", number, "--json").json["already"] is not None
    assert ask("BR", "vote", "99", "yes").code == 1


def test_every_kind_of_proposal_is_shown_in_words(ask: Ask) -> None:
    for words, told in (
        (("suspend", "2", "--reason", "obligations"), "suspend Rheinland Pruefstelle: obligations"),
        (("expel", "de.example", "--reason", "misuse"), "expel Rheinland Pruefstelle, for ever"),
        (("seat", "2"), "give Rheinland Pruefstelle a cosigner's seat"),
        (
            ("recovery", "2", "0x" + "7" * 40),
            "the recovery account 0x77",
        ),
        (("parameter", "finality_depth", "3"), "set the ledger parameter finality_depth to 3"),
    ):
        shown = ask("CN", "propose", *words, "--dry-run")
        assert shown.code == 0, shown.err
        assert told in shown.out
        assert "The ledger would accept it now." in shown.out
    for words, code in (
        (("restore", "2"), 1),
        (("suspend", "1", "--reason", "misuse"), 1),
        (("parameter", "finality_depth", "-1"), 4),
        (("parameter", "finality_depth", "9" * 30), 4),
        (("code", "statuses", "0x" + "0" * 40), 1),
        (("code", "statuses", "nowhere"), 4),
    ):
        said = ask("CN", "propose", *words)
        assert (said.code, said.out) == (code, ""), said


@pytest.mark.parametrize("economy", ["DE", "FR"])
def test_a_body_without_certificates_is_looked_after_like_any_other(ask: Ask, economy: str) -> None:
    told = ask(economy, "status", "--json").json
    assert told["open_acts"] == 0
    assert told["worker"]["failing"] == {}
    assert told["worker"]["held"] is None
    looked = ask(economy, "doctor", "--ledger", "--json")
    assert looked.json == {"faults": [], "chain": "compared"}
    assert looked.code == 0


@pytest.mark.parametrize("form", Form)
def test_a_command_that_is_killed_while_it_keeps_an_act_can_be_typed_again(
    ask: Ask, network: Network, form: Form
) -> None:
    words = ["propose", "parameter", f"killed_{form}", "1", "--node", str(network.folder / "BR")]
    killed = subprocess.run(
        [sys.executable, "-m", "core", *words],
        env={**os.environ, faults.VARIABLE: f"tests only: {Step.ACT_KEPT}/{form}/kill"},
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    told = ask("BR", *words[:4], "--wait", "--json").json
    assert told["already"] is not None or told["act"]["state"] == "recorded"
    listed = ask("BR", "proposals", "--json").json["proposals"]
    assert sum(f"killed_{form}" in one["asks"] for one in listed) == 1


def test_listings_hold_what_the_page_says(ask: Ask) -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "taking-part.md").read_text("utf-8")
    rows = re.findall(r"^\| `comity ([a-z ]+) --json` \| `(\w+)` \| (.+) \|$", page, re.MULTILINE)
    assert len(rows) == 5
    for words, member, named in rows:
        told = ask("DE", *words.split(), "--json").json
        assert list(told) == [member]
        assert told[member]
        assert all(set(one) == set(re.findall(r"`(\w+)`", named)) for one in told[member])


def test_what_a_body_did_is_listed(ask: Ask) -> None:
    listed = ask("DE", "acts", "--json").json["acts"]
    assert {one["state"] for one in listed} == {"recorded"}
    assert "accredits Huaxin Certification" in ask("DE", "acts").out
