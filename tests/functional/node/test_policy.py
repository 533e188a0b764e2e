"""``comity policy`` as somebody types it: drafts, signatures, what is shown, what is refused."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from contracts.interfaces import CONTRACTS
from core import examples
from core.acceptance import Acceptance
from core.crypto.jose import PublicKey
from core.events import ContractSet, KeyAdded, KeyPurpose, MemberAdmitted, NoticeKind, Role
from core.runtime import commands
from core.runtime.paths import ledger_file
from keys.file_signer import read_header
from keys.public import DocumentPublic
from tests.support.network import ORIGIN, Body, MemoryLedger

PASSPHRASE = "four words at random"
HOST = "authority.example"


@dataclass
class Authority:
    """The folder of an authority of XA, and the ledger it has followed."""

    folder: Path
    ledger: MemoryLedger
    body: Body

    def follow(self) -> None:
        """Let its node have followed the ledger up to here."""
        for file in (self.folder / "ledger.db", ledger_file(self.folder, ORIGIN)):
            for old in file.parent.glob(f"{file.name}*"):
                old.unlink()
            self.ledger.save(file)


@pytest.fixture(scope="module")
def environment() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COMITY_PASSPHRASE", PASSPHRASE)
        yield patch


@pytest.fixture(scope="module")
def authority(
    tmp_path_factory: pytest.TempPathFactory, environment: pytest.MonkeyPatch
) -> Authority:
    folder = tmp_path_factory.mktemp("authority") / "node"
    words = ("node", "init", "--node", str(folder), "--name", "Authority (example)")
    where = ("--economy", "XA", "--endpoint", f"https://{HOST}", "--role", "authority")
    assert commands.run([*words, *where], sys.stdout, sys.stderr) == 0
    settings = folder / "node.toml"
    connected = f'\n[ledger]\norigin = "{ORIGIN}"\nrpc_url = "http://localhost:1"\n'
    settings.write_text(settings.read_text("utf-8") + connected, "utf-8")
    made = Authority(folder, MemoryLedger(), Body(MemoryLedger(), 1, HOST))
    made.body.ledger = made.ledger
    _join(made)
    made.follow()
    return made


def _join(authority: Authority) -> None:
    """Be admitted with the node's own assertion key."""
    public = read_header(authority.folder / "keys" / "assertion.json").public
    assert isinstance(public, DocumentPublic)
    key = PublicKey.from_canonical(public.canonical_jwk)
    ledger = authority.ledger
    ledger.record(
        MemberAdmitted(
            *ledger.next(), 1, '{"en":"Authority (example)"}', "XA", int(Role.AUTHORITY),
            authority.body.endpoint, f"0x{1:040x}", f"0x{1001:040x}",
        )
    )  # fmt: skip
    ledger.record(
        KeyAdded(*ledger.next(), 1, key.thumbprint, KeyPurpose.ASSERTION, key.canonical, b"")
    )
    for name in CONTRACTS:
        ledger.record(ContractSet(*ledger.next(), name, f"0x{2001:040x}", bytes(32)))
    Body(ledger, 2).join(Role.ACCREDITATION_BODY)


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Iterator[Said]:
    return Said(capsys)


class Said:
    """Runs commands, and holds what the last one said."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, *words: str) -> int:
        code = commands.run(["policy", *words], sys.stdout, sys.stderr)
        self.out, self.err = self._capsys.readouterr()
        return code


def test_a_draft_is_written_and_never_over_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Said
) -> None:
    monkeypatch.chdir(tmp_path)
    words = (
        "new", "--economy", "XA", "--home-body", "5", "--arrangement", "1",
        "--scope", "MSC/QMS", "--condition", "importer=Register = first.", "--json",
    )  # fmt: skip
    assert said(*words) == 0
    told = json.loads(said.out)
    made = Acceptance.read((tmp_path / "XA.policy.json").read_bytes())
    assert told == {"file": "XA.policy.json", "policy": made.dump()}
    assert made.conditions[0].text.preferred("en") == "Register = first."
    before = (tmp_path / "XA.policy.json").read_bytes()
    assert said(*words) == 1
    assert said.err.startswith("error: there is already a XA.policy.json\nhint: ")
    assert (tmp_path / "XA.policy.json").read_bytes() == before


@pytest.mark.parametrize(
    "words",
    [
        ("new",),
        ("new", "--economy", "QL"),
        ("new", "--economy", "XA", "--condition", "importer"),
        ("new", "--economy", "XA", "--home-body", "5", "--arrangement", "1"),
        ("new", "--economy", "XA", "--effective", "tomorrow"),
        ("new", "--from", "XF"),
        ("show", "no such file"),
        ("sign", "no such file"),
    ],
)
def test_what_is_put_together_wrongly_is_told_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Said, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert said(*words) == 4
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("code", ["XA", "XB", "XC", "XD", "XE"])
def test_an_example_is_shown(tmp_path: Path, said: Said, code: str) -> None:
    file = tmp_path / "policy.json"
    assert said("new", "--from", code, "-o", str(file)) == 0
    assert file.read_bytes() == examples.policies()[code].file_bytes()
    assert said("show", str(file)) == 0
    assert said.out.startswith(f"{code}  Example: ")
    assert "local file, not signed" in said.out


def test_a_draft_is_signed_published_and_shown(
    authority: Authority, tmp_path: Path, said: Said
) -> None:
    node = ("--node", str(authority.folder))
    file = tmp_path / "xa.json"
    assert said("new", "--from", "XA", "--home-body", "2", "-o", str(file)) == 0
    assert said("publish", str(file), *node) == 1
    assert "comity policy sign" in said.err
    assert said("sign", str(file), *node) == 0
    signed = Acceptance.read(file.read_bytes())
    assert (signed.version, signed.ledger) == (1, ORIGIN)
    assert [path.name for path in tmp_path.iterdir()] == ["xa.json"]
    assert said("show", str(file), *node) == 0
    assert f"local file, signed by did:web:{HOST}" in said.out
    assert "accredited by a home body: Body 2 (2)" in said.out

    assert said("publish", str(file), "--dry-run", *node) == 3  # no chain node answers here
    assert "Authority (example) publishes an acceptance policy" in said.out
    assert said("show", "XA", *node) == 1
    assert said("show", str(tmp_path / "none.json"), *node) == 4
    authority.body.publish(NoticeKind.POLICY, file.read_bytes())
    authority.follow()
    for where in (node, ("--verifier", str(authority.folder))):
        assert said("show", "XA", *where, "--json") == 0
        told = json.loads(said.out)
        assert told["policy"] == signed.dump()
        assert (told["source"], told["signature"], told["in_force"]) == ("ledger", "good", True)
        assert said("show", "XA", *where, "--at", "2025-12-31") == 1
        assert "one takes effect on 2026-01-01" in said.err
    assert said("publish", str(file), *node) == 0
    assert said.out.startswith("On the ledger already")

    assert said("sign", str(file), "--raise-version", "--json", *node) == 0
    assert json.loads(said.out)["policy"]["version"] == 2
    altered = file.read_bytes().replace(b'"version": 2', b'"version": 3')
    file.write_bytes(altered)
    assert said("show", str(file), *node) == 1
    assert "its signature does not belong to it" in said.out
    assert said("publish", str(file), *node) == 1


def test_a_policy_of_another_economy_is_not_signed(
    authority: Authority, tmp_path: Path, said: Said
) -> None:
    file = tmp_path / "xb.json"
    assert said("new", "--from", "XB", "-o", str(file)) == 0
    before = file.read_bytes()
    assert said("sign", str(file), "--node", str(authority.folder)) == 1
    assert said.err.startswith("error: this body is an authority of XA, not of XB")
    assert file.read_bytes() == before


def test_a_file_with_faults_names_them_all(tmp_path: Path, said: Said) -> None:
    file = tmp_path / "xa.json"
    value = examples.policies()["XA"].dump() | {"economy": "QL", "version": 0, "more": 1}
    file.write_text(json.dumps(value), "utf-8")
    assert said("show", str(file)) == 1
    for pointer in ("/: ", "/economy: ", "/version: "):
        assert f"\n  {pointer}" in said.err


def test_a_verifier_of_several_ledgers_is_asked_for_one(
    authority: Authority, tmp_path: Path, said: Said
) -> None:
    for origin in (ORIGIN, f"comity/1/0x{'a' * 40}"):
        MemoryLedger(origin=origin).save(ledger_file(tmp_path, origin))
    assert said("show", "XA", "--verifier", str(tmp_path)) == 4
    assert said("show", "XA", "--verifier", str(tmp_path), "--ledger", ORIGIN) == 1
    assert said("show", "XA", "--verifier", str(tmp_path / "none")) == 1
