"""``comity keys``: what it prints, what it refuses, and that a passphrase is never an argument."""

from __future__ import annotations

import getpass
import io
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from keys.cli import main
from keys.file_signer import open_key
from keys.passphrase import Passphrase
from keys.purposes import Purpose
from tests.support.keyfiles import WORDS, Made, forms_of

Keys = Callable[..., Made]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COMITY_PASSPHRASE", raising=False)
    monkeypatch.delenv("COMITY_PASSPHRASE_FILE", raising=False)
    monkeypatch.setattr("sys.stdin", io.StringIO())


def _type(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    remaining = list(answers)
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr(getpass, "getpass", lambda _question: remaining.pop(0))
    return remaining


def test_new_prints_the_public_part_and_show_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMITY_PASSPHRASE", WORDS)
    path = tmp_path / "assertion.json"
    assert main(["new", "--purpose", "assertion", "--out", str(path), "--json"]) == 0
    made = capsys.readouterr()
    value = json.loads(made.out)
    signer = open_key(path, Purpose.ASSERTION, Passphrase(WORDS))
    assert value["fingerprint"] == signer.public.fingerprint
    assert value["public"] == signer.public.dump()
    assert (value["purpose"], value["algorithm"]) == ("assertion", "ES256")
    assert value["uri"] == path.as_uri()
    assert set(value) == {"purpose", "algorithm", "public", "created", "fingerprint", "uri"}
    assert made.err.startswith("note: keep a copy")
    assert main(["show", str(path), "--json"]) == 0
    assert capsys.readouterr() == (made.out, "")
    assert main(["show", str(path)]) == 0
    assert f"fingerprint  {value['fingerprint']}\n" in capsys.readouterr().out


def test_an_account_shows_its_address(key_of: Keys, capsys: pytest.CaptureFixture[str]) -> None:
    made = key_of(Purpose.OPERATING)
    assert main(["show", str(made.path)]) == 0
    shown = capsys.readouterr().out
    assert f"fingerprint  {made.header.fingerprint}\n" in shown
    assert made.header.fingerprint.startswith("0x")
    assert not any(form in shown for form in forms_of(made.secret))


def test_the_algorithm_can_be_chosen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMITY_PASSPHRASE", WORDS)
    path = tmp_path / "key.json"
    arguments = ["new", "--purpose", "report", "--out", str(path), "--algorithm"]
    assert main([*arguments, "secp256k1"]) == 1
    assert not path.exists()
    assert main([*arguments, "Ed25519"]) == 0
    assert "algorithm    Ed25519\n" in capsys.readouterr().out


def test_the_passphrase_from_a_file(tmp_path: Path) -> None:
    path, words = tmp_path / "key.json", tmp_path / "words"
    words.write_text(WORDS + "\n")
    words.chmod(0o644)
    arguments = ["new", "--purpose", "share", "--out", str(path), "--passphrase-file", str(words)]
    assert main(arguments) == 1
    assert not path.exists()
    words.chmod(0o600)
    assert main(arguments) == 0
    assert open_key(path, Purpose.SHARE, Passphrase(WORDS)).purpose is Purpose.SHARE


def test_the_passphrase_from_a_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "key.json"
    remaining = _type(monkeypatch, WORDS, WORDS)
    assert main(["new", "--purpose", "share", "--out", str(path)]) == 0
    assert remaining == []
    assert open_key(path, Purpose.SHARE, Passphrase(WORDS)).purpose is Purpose.SHARE


def test_a_mistyped_passphrase_makes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _type(monkeypatch, WORDS, "gull lantern quartz meadows")
    assert main(["new", "--purpose", "share", "--out", str(tmp_path / "key.json")]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "gull" not in err
    assert os.listdir(tmp_path) == []


def test_without_a_terminal_nobody_is_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new", "--purpose", "share", "--out", str(tmp_path / "key.json")]) == 4
    out, err = capsys.readouterr()
    assert out == ""
    assert "hint: set COMITY_PASSPHRASE_FILE" in err


def test_a_taken_name_is_refused_before_anybody_is_asked(
    key_of: Keys, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    remaining = _type(monkeypatch, WORDS, WORDS)
    made = key_of(Purpose.SHARE)
    before = made.path.read_bytes()
    assert main(["new", "--purpose", "share", "--out", str(made.path)]) == 1
    assert "never overwritten" in capsys.readouterr().err
    assert len(remaining) == 2
    assert made.path.read_bytes() == before


@pytest.mark.parametrize("option", ["--passphrase", "--password", "-p"])
@pytest.mark.parametrize("joined", [True, False])
def test_a_passphrase_is_no_argument_and_is_not_repeated(
    option: str, joined: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [f"{option}={WORDS}"] if joined else [option, WORDS]
    path = tmp_path / "key.json"
    assert main(["new", "--purpose", "share", "--out", str(path), *given]) == 4
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert "gull" not in err
    assert not path.exists()


@pytest.mark.parametrize(
    ("content", "code"), [(None, 1), (b"", 4), (b"{}", 4), (b"\xff", 4), (b"[" * 4000, 4)]
)
def test_show_says_what_is_wrong(
    content: bytes | None, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "key.json"
    if content is not None:
        path.write_bytes(content)
        path.chmod(0o600)
    assert main(["show", str(path)]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")


def test_help_and_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "new" in capsys.readouterr().out
    assert main(["new", "--purpose", "cosign", "--out", "x"]) == 4
    assert main(["show"]) == 4
    assert main([]) == 4
