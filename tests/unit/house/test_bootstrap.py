"""The set-up script refuses what is not pinned, and says what to type next."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import sys
import tarfile
from pathlib import Path

import pytest

import bootstrap

PROGRAM = b"#!/bin/sh\necho anvil\n"


def _package(program: bytes = PROGRAM) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as archive:
        member = tarfile.TarInfo("package/bin/anvil")
        member.size = len(program)
        archive.addfile(member, io.BytesIO(program))
    return written.getvalue()


def _pins(package: bytes, program: bytes = PROGRAM) -> tuple[str, str]:
    integrity = base64.b64encode(hashlib.sha512(package).digest()).decode()
    return integrity, hashlib.sha256(program).hexdigest()


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A set-up of its own, with an npm that hands out the file `package.tgz`."""
    folder = tmp_path / "tools"
    folder.mkdir()
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    for name in ("npm", "node"):
        program = bin_folder / name
        program.write_text(f'#!/bin/sh\ncp "{tmp_path}/package.tgz" ./anvil.tgz\n')
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "TOOLS", folder)
    monkeypatch.setattr(bootstrap, "ANVIL", folder / "anvil")
    monkeypatch.setattr(bootstrap, "anvil_platform", lambda: "linux-amd64")
    monkeypatch.setattr(bootstrap, "glibc", lambda: (2, 36))
    return folder


def _offer(tools: Path, package: bytes) -> None:
    (tools.parent / "package.tgz").write_bytes(package)


def test_the_pinned_package_is_unpacked_and_not_fetched_twice(
    tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = _package()
    monkeypatch.setattr(bootstrap, "ANVIL_PINS", {"linux-amd64": _pins(package)})
    _offer(tools, package)
    bootstrap.set_up_anvil()
    assert (tools / "anvil").read_bytes() == PROGRAM
    assert os.access(tools / "anvil", os.X_OK)
    _offer(tools, b"gone")
    bootstrap.set_up_anvil()


def test_another_package_is_refused(tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "ANVIL_PINS", {"linux-amd64": _pins(_package())})
    _offer(tools, _package(b"evil"))
    with pytest.raises(bootstrap.SetupFailed, match="not the package that is pinned"):
        bootstrap.set_up_anvil()
    assert not (tools / "anvil").exists()


def test_another_program_in_the_package_is_refused(
    tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = _package(b"evil")
    monkeypatch.setattr(bootstrap, "ANVIL_PINS", {"linux-amd64": _pins(package)})
    _offer(tools, package)
    with pytest.raises(bootstrap.SetupFailed, match="not the pinned one"):
        bootstrap.set_up_anvil()
    assert not (tools / "anvil").exists()


def test_an_old_c_library_is_named(tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "glibc", lambda: (2, 31))
    with pytest.raises(bootstrap.SetupFailed, match=r"2\.35 or later, here is 2\.31"):
        bootstrap.set_up_anvil()


def test_a_platform_without_a_pin_says_where_to_put_anvil(
    tools: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "anvil_platform", lambda: "plan9-mips")
    with pytest.raises(bootstrap.SetupFailed) as failed:
        bootstrap.set_up_anvil()
    assert "tools/anvil" in failed.value.hints[0]
    (tools / "anvil").write_bytes(PROGRAM)
    bootstrap.set_up_anvil()
    assert "as it is" in capsys.readouterr().out


def test_certificates_given_to_python_are_handed_to_npm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("x")
    for variable in (*bootstrap.CERTIFICATE_VARIABLES, "NODE_EXTRA_CA_CERTS"):
        monkeypatch.delenv(variable, raising=False)
    assert "NODE_EXTRA_CA_CERTS" not in bootstrap.npm_environment()
    monkeypatch.setenv("PIP_CERT", str(file))
    assert bootstrap.npm_environment()["NODE_EXTRA_CA_CERTS"] == str(file)
    monkeypatch.setenv("NODE_EXTRA_CA_CERTS", "own.pem")
    assert bootstrap.npm_environment()["NODE_EXTRA_CA_CERTS"] == "own.pem"


def test_an_old_python_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    monkeypatch.setattr(bootstrap.shutil, "which", lambda _name: None)
    with pytest.raises(bootstrap.SetupFailed, match=r"Python 3\.11 or later"):
        bootstrap.check_python()


def test_a_stamp_follows_the_lock_and_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "core.txt"
    lock.write_text("a==1")
    first = bootstrap.wanted_stamp(lock)
    assert bootstrap.wanted_stamp(lock) == first
    lock.write_text("a==2")
    second = bootstrap.wanted_stamp(lock)
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    assert len({first, second, bootstrap.wanted_stamp(lock)}) == 3


def test_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert bootstrap.main(["--help"]) == 0
    assert "--dev" in capsys.readouterr().out
    assert bootstrap.main(["--dve"]) == 4
