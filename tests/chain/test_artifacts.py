"""The committed artifacts are what the sources give, and their interface is the listed one.

Rebuilding needs node and npm: without them it is skipped on a developer's machine and fails in CI.
"""

from __future__ import annotations

import io
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from contracts import build
from contracts.abi import keccak
from contracts.toolchain import CONTRACTS, Node, ToolMissing, install_packages

# The public record: readers see only these. `*` marks an indexed argument.
EVENTS = {
    "Directory": [
        "ContractSet(bytes32*,address,bytes32)",
        "Opened()",
        "ParameterSet(bytes32*,uint256)",
    ],
    "Accreditations": [
        "AccreditationDeclared(uint32*,uint32*,bytes32*,uint8,uint16,string,uint64,uint64,uint32)",
    ],
    "Arrangements": [
        "ArrangementMade(uint32*,uint32*,uint8,bytes32,uint32)",
        "ArrangementParty(uint32*,uint32*,bytes32*,uint8,uint16,uint64,uint32)",
    ],
    "Notices": [
        "AlertLifted(uint32*,uint32*,uint8,uint32,bytes32)",
        "NoticePublished(uint32*,uint32*,uint8,uint8,uint32,bytes32,bytes32,uint32)",
    ],
    "Members": [
        "Executed(uint256*)",
        "MemberAdmitted(uint32*,string,string,uint8,string,address,address)",
        "MemberExpelled(uint32*,uint16)",
        "MemberFrozen(uint32*)",
        "MemberRestored(uint32*)",
        "MemberSuspended(uint32*,uint16)",
        "MemberThawed(uint32*)",
        "OperatingAccountChanged(uint32*,address,address,bool)",
        "Proposed(uint256*,uint8,uint32*,uint32,bytes)",
        "RecoveryAccountChanged(uint32*,address,address)",
        "SeatGiven(uint32*)",
        "SeatTaken(uint32*)",
        "Voted(uint256*,uint32*,bool)",
    ],
    "Keys": [
        "KeyAdded(uint32*,bytes32*,uint8,bytes,bytes)",
        "KeyAssured(uint32*,bytes32*,uint8)",
        "KeyRevoked(uint32*,bytes32*,uint16,bool)",
    ],
    "Anchors": [
        "Anchored(uint32*,bytes32*,uint32)",
        "Disowned(uint32*,bytes32*)",
        "FenceClaimed(uint32*,uint64)",
    ],
    "Statuses": [
        "StatusAnnulled(uint32*,bytes32*,uint32)",
        "StatusDeclared(uint32*,bytes32*,uint8,uint16,uint64,uint64,uint32,bytes32,uint32)",
    ],
}

# First bytes of topic 0, as any other tool computes them: a renamed event is another event.
TOPICS = {
    "Anchored(uint32,bytes32,uint32)": "ab1d96ff",
    "KeyAdded(uint32,bytes32,uint8,bytes,bytes)": "855332ad",
    "StatusDeclared(uint32,bytes32,uint8,uint16,uint64,uint64,uint32,bytes32,uint32)": "0ddd8f36",
}

ANCHOR_GAS_GOAL = 55_000
FORBIDDEN = re.compile(
    r"\b(assembly|delegatecall|selfdestruct|tx\.origin|unchecked|payable|receive|fallback)\b"
)
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


def artifact(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((build.ARTIFACTS / f"{name}.json").read_bytes())
    return loaded


def signature(entry: dict[str, Any], mark: str = "") -> str:
    arguments = (one["type"] + (mark if one.get("indexed") else "") for one in entry["inputs"])
    return f"{entry['name']}({','.join(arguments)})"


@pytest.fixture(scope="module")
def compiled() -> dict[str, str]:
    try:
        node = Node.find()
    except ToolMissing as missing:
        if os.environ.get("CI", "").lower() in {"1", "true", "yes"}:
            pytest.fail(f"{missing}; {missing.hint}")
        pytest.skip(str(missing))
    install_packages(node)
    return build.compile_artifacts(node)


@pytest.mark.timeout(300)
def test_artifacts_are_rebuilt_byte_for_byte(compiled: dict[str, str]) -> None:
    assert build.differences(compiled) == []


@pytest.mark.timeout(300)
def test_one_changed_missing_or_extra_artifact_is_noticed(
    compiled: dict[str, str], tmp_path: Path
) -> None:
    for name, text in compiled.items():
        (tmp_path / f"{name}.json").write_bytes(text.encode())
    assert build.differences(compiled, tmp_path) == []
    keys = tmp_path / "Keys.json"
    keys.write_bytes(keys.read_bytes().replace(b'"0x60', b'"0x61', 1))
    (tmp_path / "Anchors.json").unlink()
    (tmp_path / "Extra.json").write_bytes(b"{}\n")
    assert build.differences(compiled, tmp_path) == ["Anchors", "Extra", "Keys"]


@pytest.mark.timeout(300)
def test_check_says_what_differs_and_what_to_do(
    compiled: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out, err = io.StringIO(), io.StringIO()
    monkeypatch.setattr(build, "compile_artifacts", lambda _node: compiled)
    assert build.main(["--check"], out, err) == 0
    monkeypatch.setattr(build, "compile_artifacts", lambda _node: {**compiled, "Keys": "{}\n"})
    assert build.main(["--check"], out, err) == 1
    assert err.getvalue().startswith("error: artifacts differ from the sources: Keys\nhint: run `")


@pytest.mark.parametrize("name", build.CONTRACT_NAMES)
def test_events_are_the_listed_ones(name: str) -> None:
    entries = [entry for entry in artifact(name)["abi"] if entry["type"] == "event"]
    assert sorted(signature(entry, "*") for entry in entries) == EVENTS[name]
    assert not any(entry["anonymous"] for entry in entries)


def test_topics_are_the_known_ones() -> None:
    for text, topic in TOPICS.items():
        assert keccak(text.encode()).hex()[:8] == topic
        assert any(text == listed.replace("*", "") for rows in EVENTS.values() for listed in rows)


def test_one_selector_is_one_error() -> None:
    """A reader decodes a refusal without knowing which contract on the way refused."""
    known: dict[bytes, str] = {}
    for name in build.CONTRACT_NAMES:
        for entry in artifact(name)["abi"]:
            if entry["type"] == "error":
                text = signature(entry)
                assert known.setdefault(keccak(text.encode())[:4], text) == text
    assert "NotOperating(address)" in known.values()


def test_every_declared_error_reaches_an_artifact() -> None:
    declared = {
        name
        for path in (CONTRACTS / "src" / "interfaces").glob("*.sol")
        for name in re.findall(r"^    error (\w+)\(", path.read_text("utf-8"), re.MULTILINE)
    }
    reached = {
        entry["name"]
        for name in build.CONTRACT_NAMES
        for entry in artifact(name)["abi"]
        if entry["type"] == "error"
    }
    assert declared <= reached


@pytest.mark.parametrize("name", build.CONTRACT_NAMES)
def test_artifact_names_its_sources_relatively_and_fits(name: str) -> None:
    loaded = artifact(name)
    assert loaded["contractName"] == name
    assert loaded["compiler"]["version"].startswith("0.8.37+")
    assert all(source.startswith(("src/", "@openzeppelin/")) for source in loaded["sources"])
    assert 0 < len(loaded["deployedBytecode"]) // 2 - 1 <= build.CODE_LIMIT
    assert "__$" not in loaded["bytecode"]  # nothing left to link


def test_sources_use_nothing_we_do_without() -> None:
    for path in sorted((CONTRACTS / "src").rglob("*.sol")):
        code = COMMENT.sub("", path.read_text("utf-8"))
        if path.name == "Texts.sol":  # grants nothing there: a text must be a transaction's own
            code = code.replace("msg.sender != tx.origin", "", 1)
        assert not FORBIDDEN.search(code), path.name
        assert "pragma solidity 0.8.37;" in code, path.name


def test_lock_pins_every_package_and_names_no_host() -> None:
    lock = json.loads((CONTRACTS / "package-lock.json").read_bytes())
    manifest = json.loads((CONTRACTS / "package.json").read_bytes())
    wanted = {**manifest["devDependencies"], **manifest["optionalDependencies"]}
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert {f"node_modules/{name}" for name in wanted} <= packages.keys()
    for name, entry in packages.items():
        assert entry["integrity"].startswith("sha512-"), name
        assert "resolved" not in entry, name


def test_gas_snapshot_covers_the_daily_calls() -> None:
    snapshot = json.loads((CONTRACTS / "snapshots" / "Gas.json").read_bytes())
    assert {"anchor", "anchor again", "claim", "declare", "declareMany, 100"} <= snapshot.keys()
    assert int(snapshot["anchor"]) <= ANCHOR_GAS_GOAL
