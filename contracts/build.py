"""Compile the contracts into `contracts/artifacts/`, byte for byte the same on every machine.

Decides the compiler's settings and the form of an artifact. Refuses compiler warnings, contracts
over the 24 KiB limit, and with `--check` any committed artifact that differs from what the sources
give. Run as `python -m contracts.build [--check | --forge-test]`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TextIO

from contracts.toolchain import (
    CONTRACTS,
    PACKAGES,
    Node,
    ToolFailed,
    ToolMissing,
    forge_binary,
    install_packages,
    run,
)

ARTIFACTS: Final = CONTRACTS / "artifacts"
CONTRACT_NAMES: Final = (
    "Accreditations",
    "Anchors",
    "Arrangements",
    "Directory",
    "Keys",
    "Members",
    "Notices",
    "Statuses",
)
CODE_LIMIT: Final = 24_576  # EIP-170
# `at` may become a keyword one day; it is in our interface and in OpenZeppelin's
_TOLERATED: Final = frozenset({"6335"})
_IMPORT = re.compile(r"""^\s*import\s[^;]*?["']([^"']+)["']\s*;""", re.MULTILINE)
_SETTINGS: Final[Mapping[str, Any]] = {
    "evmVersion": "prague",
    "optimizer": {"enabled": True, "runs": 10_000},
    "viaIR": False,  # it would save another 600 gas an anchor and take six times as long
    # no metadata in the code: it would depend on comments and paths
    "metadata": {"appendCBOR": False, "bytecodeHash": "none"},
    "outputSelection": {
        "*": {"*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"]},
    },
}


class BuildRefused(Exception):
    """The sources do not give what is committed, or do not compile; `hint` says what to do."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.hint = hint


def collect_sources() -> dict[str, str]:
    """Every source that the contracts need, by its name relative to `contracts/`, sorted."""
    waiting = [f"src/{name}.sol" for name in CONTRACT_NAMES]
    found: dict[str, str] = {}
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        root = PACKAGES if name.startswith("@") else CONTRACTS
        found[name] = (root / name).read_text(encoding="utf-8")
        waiting.extend(_resolve(name, target) for target in _IMPORT.findall(found[name]))
    return dict(sorted(found.items()))


def _resolve(importer: str, target: str) -> str:
    if not target.startswith("."):
        return target
    parts = importer.split("/")[:-1]
    for step in target.split("/"):
        if step == "..":
            parts.pop()
        elif step != ".":
            parts.append(step)
    return "/".join(parts)


def compile_artifacts(node: Node) -> dict[str, str]:
    """Compile every contract.

    Returns:
        The text of each artifact by contract name.

    Raises:
        BuildRefused: the compiler objects, or a contract is too large.
    """
    sources = collect_sources()
    request = {
        "language": "Solidity",
        "sources": {name: {"content": text} for name, text in sources.items()},
        "settings": _SETTINGS,
    }
    with tempfile.TemporaryDirectory() as home:
        environment = node.environment(Path(home))
        compiler = [str(node.node), str(CONTRACTS / "solcjs.js")]
        version = run([*compiler, "--version"], environment).split("Version: ")[1].strip()
        answer = json.loads(run([*compiler, "--standard-json"], environment, json.dumps(request)))
    objections = [
        error["formattedMessage"]
        for error in answer.get("errors", [])
        if error.get("errorCode") not in _TOLERATED
    ]
    if objections:
        raise BuildRefused("the compiler objects", "\n".join(objections))
    return {
        name: _artifact(name, answer["contracts"][f"src/{name}.sol"][name], version, sources)
        for name in CONTRACT_NAMES
    }


def _artifact(name: str, output: Mapping[str, Any], version: str, sources: dict[str, str]) -> str:
    deployed = output["evm"]["deployedBytecode"]["object"]
    size = len(deployed) // 2
    if size > CODE_LIMIT:
        raise BuildRefused(
            f"{name} has {size} bytes of code, over the limit of {CODE_LIMIT}", "split it"
        )
    artifact = {
        "contractName": name,
        "compiler": {
            "version": version.partition(".Emscripten")[0],
            "settings": {key: _SETTINGS[key] for key in _SETTINGS if key != "outputSelection"},
        },
        "sources": {
            source: hashlib.sha256(text.encode()).hexdigest() for source, text in sources.items()
        },
        "abi": output["abi"],
        "bytecode": "0x" + output["evm"]["bytecode"]["object"],
        "deployedBytecode": "0x" + deployed,
    }
    return json.dumps(artifact, indent=1, ensure_ascii=True) + "\n"


def differences(artifacts: Mapping[str, str], folder: Path = ARTIFACTS) -> list[str]:
    """Names of the committed artifacts that are missing, left over, or not these bytes."""
    committed = {path.stem: path.read_bytes() for path in folder.glob("*.json")}
    names = sorted(committed.keys() | artifacts.keys())
    return [
        name
        for name in names
        if name not in artifacts or committed.get(name) != artifacts[name].encode()
    ]


def build(node: Node, out: TextIO) -> None:
    """Write every artifact."""
    for name, text in compile_artifacts(node).items():
        (ARTIFACTS / f"{name}.json").write_bytes(text.encode())
        size = len(json.loads(text)["deployedBytecode"]) // 2 - 1
        out.write(f"{name:<10} {size:>6} bytes\n")


def check(node: Node, out: TextIO) -> None:
    """Compare the committed artifacts with the sources.

    Raises:
        BuildRefused: they differ.
    """
    stale = differences(compile_artifacts(node))
    if stale:
        raise BuildRefused(
            f"artifacts differ from the sources: {', '.join(stale)}",
            "run `python -m contracts.build` and commit contracts/artifacts",
        )
    out.write("artifacts are what the sources give\n")


def test_with_forge(node: Node, out: TextIO, update_snapshots: bool) -> None:
    """Run the Solidity tests, and refuse unformatted sources and changed gas snapshots.

    Raises:
        ToolFailed: a test failed, a snapshot changed, or a source is not formatted.
    """
    with tempfile.TemporaryDirectory() as home:
        environment = {
            **node.environment(Path(home)),
            "FORGE_SNAPSHOT_CHECK": "false" if update_snapshots else "true",
            "FORGE_SNAPSHOT_EMIT": "true" if update_snapshots else "false",
        }
        run([str(forge_binary()), "fmt", "--check", "src", "test"], environment)
        out.write(run([str(forge_binary()), "test", "--offline"], environment))


def main(
    arguments: Sequence[str] | None = None, out: TextIO = sys.stdout, err: TextIO = sys.stderr
) -> int:
    """Do what the arguments say; 0 when done, 1 when refused."""
    parser = argparse.ArgumentParser(
        prog="python -m contracts.build", description="compile the contracts of the ledger"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="compare with what is committed")
    what.add_argument("--forge-test", action="store_true", help="run the Solidity tests")
    parser.add_argument(
        "--update-snapshots", action="store_true", help="with --forge-test: accept changed gas"
    )
    options = parser.parse_args(arguments)
    try:
        node = Node.find()
        install_packages(node)
        if options.forge_test:
            test_with_forge(node, out, options.update_snapshots)
        elif options.check:
            check(node, out)
        else:
            build(node, out)
    except (BuildRefused, ToolFailed, ToolMissing) as refusal:
        err.write(f"error: {refusal}\nhint: {refusal.hint}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
