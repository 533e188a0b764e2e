"""Brings the demonstration network up and down.

Up: chain, keys of the founding bodies, ledger, their nodes, one verifier that follows two ledgers
and holds acceptance policies of its own for two markets. The second ledger's chain node is an
address where nobody listens, so that "could not be checked" is shown for real.
"""

import os
import secrets
import shutil
import socket
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from core.errors import Refused, Unavailable
from core.examples import policies
from core.runtime.paths import private_folder
from node.demo import commands
from node.demo.bodies import BODIES, DemoBody
from node.demo.processes import Processes, comity, free_port, free_ports

CHAIN_ID = 31_337
CLOSED_PORT = 1  # tcpmux: reserved, and served by nothing; checked before use
LOCAL_POLICIES = ("XB", "XC")  # XA's is published on the ledger by its authority
FAR_ORIGIN = "comity/424242/0x00000000000000000000000000000000000000fa"


@dataclass(frozen=True, slots=True)
class Node:
    """A running node of the demonstration."""

    body: DemoBody
    folder: Path
    url: str


class Network:
    """The demonstration's folder and the processes that belong to it."""

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str] = os.environ,
        bodies: Sequence[DemoBody] = BODIES,
        reached_at: Callable[[str], str] = str,
    ) -> None:
        """Name the folder and who takes part; nothing is started.

        Args:
            folder: where everything is kept, and removed again.
            environment: of the processes.
            bodies: the founders; recognition is played where there are some besides the issuers.
            reached_at: address of the chain node → address under which the others reach it.
        """
        self.folder = folder
        self.state_file = folder / "network.json"
        self.examples = folder / "examples"
        self.policies = folder / "policies"
        self.verifier = folder / "verifier"
        self.environment = {**environment, "COMITY_PASSPHRASE_FILE": str(folder / "passphrase")}
        self.processes = Processes(folder, self.environment)
        self._bodies = bodies
        self._reached_at = reached_at
        self.nodes: tuple[Node, ...] = ()
        self.origin = ""
        self.rpc = ""
        self.verifier_url = ""

    @property
    def issuers(self) -> tuple[Node, ...]:
        """The nodes of bodies that issue."""
        return tuple(node for node in self.nodes if node.body.rows)

    @property
    def recognisers(self) -> tuple[Node, ...]:
        """The nodes of bodies that say who recognises whom."""
        return tuple(node for node in self.nodes if not node.body.rows)

    def up(self, say: Callable[[str], None]) -> None:
        """Start everything; ``say`` is told each step in words.

        Raises:
            Refused: a demonstration is running here, or a step failed.
            Unavailable: a process did not get ready.
        """
        self.require_stopped()
        self.down()
        say("Starting the chain")
        self._start_chain()
        bodies = f"{len(self._bodies)} bodies"
        say(f"Making the keys of {bodies} and founding the ledger")
        self._found()
        say(f"Starting the nodes of {bodies} and the verifier")
        self._start_nodes()
        self._start_verifier()

    def require_stopped(self) -> None:
        """Refuse to go on beside a demonstration that runs in the same folder.

        Raises:
            Refused: one does.
        """
        if self.processes.any_running():  # also one that is just being stopped
            raise Refused("demo_running", "a demonstration is already running", "comity demo down")

    def down(self) -> None:
        """Stop all processes and remove the folder's content."""
        self.processes.stop()
        for child in self.folder.iterdir() if self.folder.exists() else ():
            if child.is_dir():
                shutil.rmtree(child)
            else:
                child.unlink()
        self.processes = Processes(self.folder, self.environment)

    def command(self, *words: str, allow: tuple[int, ...] = (0,)) -> object:
        """Run a command in this network's environment and return its JSON."""
        return commands.run(self.environment, *words, allow=allow)

    def _start_chain(self) -> None:
        private_folder(self.folder)
        private_folder(self.examples)
        _write_secret(self.folder / "passphrase")
        chain = self.folder / "chain"
        words = ("chain", "run", "--dir", str(chain), "--port", "0", "--chain-id", str(CHAIN_ID))
        self.processes.start("chain", comity(*words))
        ready = self.processes.wait_ready("chain", chain / "ready.json")
        self.rpc = self._reached_at(str(ready["rpc"]))

    def _found(self) -> None:
        ports = free_ports(len(self._bodies))
        with ThreadPoolExecutor() as at_once:  # sealing four keys takes a body its time
            self.nodes = tuple(at_once.map(self._make_node, self._bodies, ports))
        founders = [str(node.folder / "founder.json") for node in self.nodes]
        ledger = self.command("chain", "deploy", "--rpc", self.rpc, "--founders", *founders)
        self.origin = ledger["origin"]  # type: ignore[index]

    def _make_node(self, body: DemoBody, port: int) -> Node:
        node = Node(body, self.folder / body.key, f"http://localhost:{port}")
        self.command(
            "node", "init", "--node", str(node.folder), "--name", body.name,
            "--name-in", f"{body.language}={body.local_name}", "--economy", body.economy,
            "--role", body.role, "--endpoint", node.url, "--port", str(port),
        )  # fmt: skip
        return node

    def _connect(self, node: Node) -> None:
        where = ("--node", str(node.folder))
        self.command("node", "connect", *where, "--rpc", self.rpc, "--origin", self.origin)

    def _start_nodes(self) -> None:
        with ThreadPoolExecutor() as at_once:
            list(at_once.map(self._connect, self.nodes))
        for node in self.nodes:
            words = comity("node", "run", "--node", str(node.folder))
            self.processes.start(node.body.key, words)
        for node in self.nodes:
            self.processes.wait_ready(node.body.key, node.folder / "ready.json")

    def _start_verifier(self) -> None:
        _require_closed(CLOSED_PORT)
        private_folder(self.policies)
        for economy in LOCAL_POLICIES:
            file = self.policies / f"{economy}.policy.json"
            file.write_bytes(policies()[economy].file_bytes())
        self.command(
            "verifier", "init", "--folder", str(self.verifier), "--port", str(free_port()),
            "--ledger", f"{self.origin}={self.rpc}",
            "--ledger", f"{FAR_ORIGIN}=http://127.0.0.1:{CLOSED_PORT}",
            "--examples", str(self.examples), "--policies", str(self.policies),
        )  # fmt: skip
        words = comity("verifier", "run", "--folder", str(self.verifier))
        self.processes.start("verifier", words)
        ready = self.processes.wait_ready("verifier", self.verifier / "ready.json")
        self.verifier_url = str(ready["url"])


def _write_secret(file: Path) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(secrets.token_urlsafe(24) + "\n")


def _require_closed(port: int) -> None:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise Unavailable(
                "port_not_closed",
                f"port {port} is in use, but the demonstration needs an address without a server",
            )
