"""The one-machine network in containers, as its operator starts it; and the demonstration on it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from node.demo.bodies import BODIES
from node.demo.network import Network, Node

ROOT = Path(__file__).resolve().parents[2]
COMPOSE_FILE = ROOT / "docker" / "compose.yaml"
PORTS = {**{body.key: f"{body.key.upper()}_PORT" for body in BODIES}, "verifier": "VERIFIER_PORT"}
_ONCE = {"found"}  # ends when its work is done


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _compose() -> list[str]:
    """Return Compose 2 where the engine's command has it, else Compose 1."""
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    words = ["docker", "compose"] if plugin.returncode == 0 else ["docker-compose"]
    if not shutil.which(words[0]):
        raise AssertionError("these tests need docker and Compose")
    return [*words, "-f", str(COMPOSE_FILE), "--profile", "one-machine"]


class Containers:
    """A network of containers with a project name and ports of its own."""

    def __init__(self) -> None:
        self.ports = {name: free_port() for name in PORTS}
        self.environment = {
            **os.environ,
            "COMPOSE_PROJECT_NAME": f"comitytest{os.getpid()}",
            **{PORTS[name]: str(port) for name, port in self.ports.items()},
        }
        self._words = _compose()
        self.healthy_after = 0.0  # seconds from the first start

    def url(self, name: str) -> str:
        """Where the proxy answers for a body or the verifier."""
        return f"http://localhost:{self.ports[name]}"

    def compose(self, *words: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
        """Run a Compose command; its output is kept, and a failure raised with it."""
        allow = options.pop("allow", (0,))
        done = subprocess.run(
            [*self._words, *words],
            env=self.environment,
            capture_output=True,
            check=False,
            **({"stdin": subprocess.DEVNULL} if "input" not in options else {}),
            **options,
        )
        if done.returncode not in allow:
            raise AssertionError(f"{words}: {done.stderr.decode()[-3000:]}")
        return done

    def run(self, service: str, *words: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
        """Run a command in a service's container."""
        return self.compose("exec", "-T", service, *words, **options)

    def engine(self, *words: str) -> str:
        """Run a command of the engine itself and return what it says."""
        done = subprocess.run(
            ["docker", *words], env=self.environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    def services(self) -> dict[str, str]:
        """Return service → container of all that should run for long."""
        project = self.environment["COMPOSE_PROJECT_NAME"]
        label = "com.docker.compose.service"
        listed = self.engine(
            *("ps", "-a", "--filter", f"label=com.docker.compose.project={project}"),
            *("--format", '{{.ID}} {{.Label "' + label + '"}}'),
        )
        found = {name: key for key, name in (line.split() for line in listed.splitlines())}
        return {name: key for name, key in found.items() if name not in _ONCE}

    def wait_healthy(self, seconds: float) -> float:
        """Wait until every container says that it is healthy; return how long that took."""
        started = time.monotonic()
        while True:
            states = {
                name: self.engine("inspect", "-f", "{{.State.Health.Status}}", key).strip()
                for name, key in self.services().items()
            }
            took = time.monotonic() - started
            if states and set(states.values()) == {"healthy"}:
                return took
            assert took < seconds, states
            time.sleep(0.5)


class ContainerNetwork(Network):
    """What the demonstration's scenario asks of a network, answered by containers.

    Commands run in the body's worker container; files go in and out through its /tmp.
    """

    def __init__(self, containers: Containers, folder: Path) -> None:
        super().__init__(folder)
        self._containers = containers
        self.examples.mkdir(parents=True)
        self.verifier_url = containers.url("verifier")
        self.nodes = tuple(
            Node(body, folder / body.key, containers.url(body.key)) for body in BODIES
        )
        for node in self.nodes:
            node.folder.mkdir()

    def command(self, *words: str, allow: tuple[int, ...] = (0,)) -> object:
        *left, option, folder = words
        assert option == "--node"
        service = f"{Path(folder).name}-worker"
        inside = [self._carry_in(service, word) for word in left]
        done = self._containers.run(service, "comity", *inside, "--json", allow=allow)
        if left[0] == "present":
            outside = Path(left[left.index("-o") + 1])
            outside.write_bytes(self._containers.run(service, "cat", f"/tmp/{outside.name}").stdout)
        return json.loads(done.stdout)

    def _carry_in(self, service: str, word: str) -> str:
        """Return a word with a path of ours replaced by one in the container."""
        if not word.startswith(str(self.folder)):
            return word
        file = Path(word)
        if file.exists():
            words = ("sh", "-c", f"cat > /tmp/{file.name}")
            self._containers.run(service, *words, input=file.read_bytes())
        return f"/tmp/{file.name}"


def processes(containers: Containers, key: str) -> Sequence[Mapping[str, str]]:
    """Return uid and command of every process in a container, as the engine's host sees them."""
    lines = containers.engine("top", key, "-eo", "pid,uid,args").splitlines()[1:]
    found = []
    for line in lines:
        pid, uid, command = line.split(None, 2)
        found.append({"pid": pid, "uid": uid, "command": command})
    return found
