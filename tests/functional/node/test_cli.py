"""The node's commands as somebody types them: streams, exit codes, JSON, what stays untouched."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from contracts.founders import parse_founder
from core import limits
from core.runtime import commands
from node.demo.processes import free_port
from tests.support.node import record_json

PASSPHRASE = "four words at random"
NODE = ("--name", "North (example)", "--name-in", "zh=北方", "--economy", "CN")
ENDPOINT = ("--endpoint", "https://north.example")
HEADER = "certificate_number,standard,holder_name_en,holder_economy,scope_en,effective_date,"
HEADER += "expiry_date\n"


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document on standard output."""
        assert self.out.count("\n") == 1
        return json.loads(self.out)

    def refused(self, code: int, *words: str) -> None:
        """Assert an error: this exit code, nothing on standard output, these words."""
        assert self.code == code, self.err
        assert self.out == ""
        assert self.err.startswith("error: ")
        assert "Traceback" not in self.err
        for word in words:
            assert word in self.err


Comity = Callable[..., Said]


@pytest.fixture
def comity(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Comity:
    """Run a command in this process, on its real streams."""
    monkeypatch.setenv("COMITY_PASSPHRASE", PASSPHRASE)

    def run(*words: str) -> Said:
        capsys.readouterr()
        code = commands.run(list(words), sys.stdout, sys.stderr)
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return run


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a node that is set up and connected to nothing."""
    folder = tmp_path_factory.mktemp("cli") / "north"
    words = ("node", "init", "--node", str(folder), *NODE, *ENDPOINT, "--json")
    done = subprocess.run(
        [sys.executable, "-m", "core", *words],
        env={**os.environ, "COMITY_PASSPHRASE": PASSPHRASE},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["folder"] == str(folder)
    return folder


@pytest.fixture
def node(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COMITY_NODE", str(made))
    return made


# ------------------------------------------------------------------ set-up


def test_set_up_writes_what_founders_are_read_from(made: Path) -> None:
    founder = parse_founder((made / "founder.json").read_bytes())
    assert founder.endpoint == "https://north.example"
    assert json.loads(founder.names) == {"en": "North (example)", "zh": "北方"}
    assert len(founder.keys) == 2
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    keys = sorted((made / "keys").iterdir())
    assert [key.stem for key in keys] == ["assertion", "operating", "recovery", "share"]
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}
    assert {stat.S_IMODE(one.stat().st_mode) for one in made.iterdir() if one.is_file()} == {0o600}


def test_set_up_overwrites_nothing(made: Path, comity: Comity) -> None:
    before = {file: file.read_bytes() for file in made.rglob("*.*") if file.suffix != ".db"}
    comity("node", "init", "--node", str(made), *NODE, *ENDPOINT).refused(1, "already", "hint:")
    assert {file: file.read_bytes() for file in before} == before


def test_a_set_up_that_was_broken_off_keeps_its_keys(tmp_path: Path, comity: Comity) -> None:
    folder = tmp_path / "n"
    words = ("node", "init", "--node", str(folder), *NODE, *ENDPOINT, "--json")
    first = comity(*words).json["keys"]
    (folder / "node.toml").unlink()
    (folder / "keys" / "share.json").unlink()
    again = comity(*words).json["keys"]
    assert again.pop("share") != first.pop("share")
    assert again == first


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((*NODE, "--endpoint", "http://north.example"), "--endpoint"),
        ((*NODE, "--endpoint", "https://north.example/"), "--endpoint"),
        ((*NODE[:-1], "YY", *ENDPOINT), "--economy"),
        ((*NODE, *ENDPOINT, "--role", "king"), "--role"),
        ((*NODE, *ENDPOINT, "--name-in", "zh"), "--name-in"),
        ((*NODE, *ENDPOINT, "--port", "0"), "--port"),
        (NODE, "--endpoint"),
    ],
)
def test_what_no_ledger_would_take_is_refused_before_anything_is_made(
    tmp_path: Path, comity: Comity, words: tuple[str, ...], told: str
) -> None:
    folder = tmp_path / "n"
    comity("node", "init", "--node", str(folder), *words).refused(4, told)
    assert not folder.exists()


def test_a_short_passphrase_is_refused(
    tmp_path: Path, comity: Comity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMITY_PASSPHRASE", "short")
    comity("node", "init", "--node", str(tmp_path / "n"), *NODE, *ENDPOINT).refused(1, "hint:")
    assert not (tmp_path / "n" / "node.toml").exists()


def test_a_node_that_is_not_there(tmp_path: Path, comity: Comity) -> None:
    for words in (("status",), ("token", "list"), ("node", "run"), ("node", "worker")):
        comity(*words, "--node", str(tmp_path)).refused(4, "comity node init")


def test_connecting_changes_nothing_unless_the_ledger_is_there(node: Path, comity: Comity) -> None:
    before = (node / "node.toml").read_bytes()
    origin = "comity/31337/0x" + "0" * 39 + "a"
    closed = f"http://127.0.0.1:{free_port()}"
    comity("node", "connect", "--rpc", closed, "--origin", origin).refused(3)
    comity("node", "connect", "--rpc", closed, "--origin", "comity/1/0xAB").refused(4, "origin")
    assert (node / "node.toml").read_bytes() == before


@pytest.mark.usefixtures("node")
def test_what_needs_the_ledger_says_so(comity: Comity) -> None:
    comity("node", "run").refused(4, "comity node connect")
    comity("node", "worker").refused(4, "comity node connect")
    comity("cancel", "A", "--yes").refused(3, "comity node connect")
    comity("present", "A", "-o", "never").refused(3, "comity node connect")
    assert comity("status", "--json").json["ledger"] is None


# ------------------------------------------------------------------ tokens


@pytest.mark.usefixtures("node")
def test_a_token_is_shown_once_and_revoked_by_its_id(comity: Comity) -> None:
    made = comity("token", "new", "--scope", "read,declare", "--label", "audit", "--json").json
    assert made["scopes"] == ["declare", "read"]
    plain = comity("token", "new", "--scope", "issue")
    assert plain.out.startswith("comity_")
    listed = comity("token", "list", "--json")
    assert made["token"] not in listed.out
    assert plain.out.strip() not in listed.out
    [one] = [token for token in listed.json["tokens"] if token["id"] == made["id"]]
    assert (one["label"], one["revoked_at"]) == ("audit", None)
    assert comity("token", "revoke", made["id"], "--json").json["revoked"]
    comity("token", "revoke", made["id"]).refused(1)
    assert "revoked" in comity("token", "list").out


@pytest.mark.usefixtures("node")
@pytest.mark.parametrize("scope", ["", "everything", "read;issue"])
def test_scopes_that_are_none(comity: Comity, scope: str) -> None:
    comity("token", "new", "--scope", scope).refused(4)


# ------------------------------------------------------------------ issuing


@pytest.mark.usefixtures("node")
def test_a_record_is_received_once(comity: Comity, tmp_path: Path) -> None:
    file = tmp_path / "record.json"
    file.write_text(json.dumps(record_json("A-1")))
    first = comity("issue", str(file), "--json")
    assert (first.code, first.json["accepted"], first.json["duplicates"]) == (0, 1, 0)
    [receipt] = first.json["receipts"]
    assert receipt == {
        "receipt": receipt["receipt"], "number": "A-1", "revision": 0, "state": "received",
    }  # fmt: skip
    again = comity("issue", str(file), "--json").json
    assert (again["accepted"], again["duplicates"]) == (0, 1)
    assert again["receipts"] == [receipt]
    told = comity("status", "A-1", "--json").json
    assert told["revisions"][0]["receipt"]["id"] == receipt["receipt"]
    assert receipt["receipt"] in comity("issue", str(file)).out


@pytest.mark.usefixtures("node")
def test_as_much_waits_as_the_node_allows(
    comity: Comity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, register = (tmp_path / name for name in ("1.json", "2.json", "3.csv"))
    first.write_text(json.dumps(record_json("BACKLOG-1")))
    second.write_text(json.dumps(record_json("BACKLOG-2")))
    register.write_text(
        HEADER + "BACKLOG-3,ISO 9001:2015,Sample Ltd,CN,Drivers,2026-03-02,2029-03-01\n"
    )
    assert comity("issue", str(first)).code == 0
    monkeypatch.setenv("COMITY_NODE_BACKLOG", "1")
    for file in (second, register):
        comity("issue", str(file), "--json").refused(
            3, "wait already", "hint: comity status says what they wait for"
        )
    assert comity("register", str(register)).code == 0  # only looks
    monkeypatch.delenv("COMITY_NODE_BACKLOG")
    for file in (second, register):
        assert comity("issue", str(file), "--json").json["accepted"] == 1  # nothing was kept


@pytest.mark.usefixtures("node")
def test_a_record_with_faults(comity: Comity, tmp_path: Path) -> None:
    file = tmp_path / "record.json"
    file.write_text(json.dumps(record_json("A-2", standard="", colour="red")))
    said = comity("issue", str(file), "--json")
    assert said.code == 1
    assert said.json["receipts"] == []
    assert said.json["refused"][0]["faults"]
    plain = comity("issue", str(file))
    assert (plain.code, plain.out) == (1, "")
    assert "row 1" in plain.err
    comity("status", "A-2").refused(1)


@pytest.mark.usefixtures("node")
def test_a_register_is_good_but_for_one_row(comity: Comity, tmp_path: Path) -> None:
    file = tmp_path / "register.csv"
    rows = [
        f"B-{i},ISO 9001:2015,S,{'QQ' if i == 2 else 'CN'},LED,2026-03-02,2029-03-01\n"
        for i in range(1, 4)
    ]
    file.write_text(HEADER + "".join(rows))
    looked = comity("register", str(file), "--json")
    assert (looked.code, looked.json["good"]) == (2, 2)
    comity("status", "B-1").refused(1)  # looking took nothing in
    said = comity("issue", str(file))
    assert said.code == 2
    assert "2 received" in said.out
    assert "row 3, holder_economy" in said.err
    assert comity("issue", str(file), "--json").json["duplicates"] == 2


@pytest.mark.usefixtures("node")
def test_a_register_with_another_header(comity: Comity, tmp_path: Path) -> None:
    file, mapping = tmp_path / "register.csv", tmp_path / "mapping.toml"
    file.write_text("Nr;Norm;Firma;Land;Bereich;von;bis\nM-1;ISO 9001:2015;S;DE;LED;"
                    "2026-03-02;2029-03-01\n")  # fmt: skip
    comity("issue", str(file)).refused(4)
    mapping.write_text(
        'delimiter = ";"\n[columns]\nNr = "certificate_number"\nNorm = "standard"\n'
        'Firma = "holder_name_de"\nLand = "holder_economy"\nBereich = "scope_de"\n'
        'von = "effective_date"\nbis = "expiry_date"\n'
    )
    assert comity("issue", str(file), "--mapping", str(mapping), "--json").json["accepted"] == 1


@pytest.mark.usefixtures("node")
@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"{", b'{"a":1,"a":2}', b"no header\n1\n"])
def test_what_is_neither_record_nor_register(
    comity: Comity, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    comity("issue", str(file), "--json").refused(4)
    comity("register", str(file), "--json").refused(4)


def test_standard_input(node: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "core", "issue", "-", "--json", "--node", str(node)],
        input=json.dumps(record_json("S-1")).encode(),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["receipts"][0]["number"] == "S-1"


@pytest.mark.usefixtures("node")
def test_files_and_numbers_that_are_not_there(comity: Comity, tmp_path: Path) -> None:
    comity("issue", str(tmp_path / "none.csv")).refused(4, "no such file")
    comity("status", "none").refused(1, "no such certificate")
    comity("suspend", "A-1", "--reason", "misuse", "--until", "soon").refused(4, "--until")
    comity("suspend", "A-1", "--reason", "misuse").refused(4, "--until")
    comity("renew", "A-1").refused(4, "FILE")
    comity("renew", "A-1", "no such file").refused(4, "no such file")
    comity("transfer", "A-1", "--to-member", "2", "--slot", "here").refused(4, "slot")
    comity("maintain", "A-1", "--decision", "2026-03-05T00:00:00Z").refused(4, "--decision")
    comity("refuse", "A-1", "--decision", "2026-03-05").refused(4, "--reason")
    comity("withdraw", "A-1").refused(4, "--reason")


@pytest.mark.usefixtures("node")
def test_what_no_database_could_hold(comity: Comity) -> None:
    comity("status", os.fsdecode(b"\xff")).refused(4, "UTF-8")
    comity("token", "revoke", os.fsdecode(b"\xff")).refused(4, "UTF-8")
    comity("withdraw", "A", "--reason", "misuse", "--revision", "9" * 20).refused(4, "--revision")
    comity("present", "A", "-o", "x", "--revision", "10000").refused(4, "--revision")


@pytest.mark.usefixtures("node")
def test_a_pipe_is_read_like_standard_input(comity: Comity, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    content = json.dumps(record_json("PIPE-1")).encode()
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(pipe.write_bytes, content)
        assert comity("issue", str(pipe), "--json").json["accepted"] == 1
        assert writing.result() == len(content)


@pytest.mark.usefixtures("node")
def test_what_never_ends_is_too_large(comity: Comity, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REGISTER_BYTES", 1_000_000)
    comity("issue", "/dev/zero", "--json").refused(4, "larger")
