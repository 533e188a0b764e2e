"""A real Redis for tests: the embedded one as we start it, and a slow road to it."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import redis

from core.runtime import volatile


class Server:
    """A server on a socket in a folder, which tests may kill, fill and hinder."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.url = volatile.address(volatile.EMBEDDED, folder)
        self.path = self.url.removeprefix("unix://")
        self._words = [*volatile.children(volatile.EMBEDDED, folder)["redis"], *options]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._words, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        with self.client() as client:
            while True:
                try:
                    client.ping()
                    return
                except redis.RedisError:
                    assert time.monotonic() < deadline
                    time.sleep(0.02)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url, decode_responses=True, retry=None)

    def fill(self) -> None:
        """Leave no memory for anything more."""
        with self.client() as client:
            client.config_set("maxmemory", "1")

    def make_read_only(self) -> None:
        """Make it a replica of nobody who answers: replicas refuse writes."""
        with self.client() as client:
            client.execute_command("REPLICAOF", "127.0.0.1", "1")

    def wipe(self) -> None:
        with self.client() as client:
            client.flushall()


@contextmanager
def served(folder: Path, *options: str) -> Iterator[Server]:
    """Run a server in a folder; options are those of redis.conf, with two dashes."""
    server = Server(folder, *options)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@contextmanager
def slow_road(server: Server, seconds: float) -> Iterator[str]:
    """Yield a URL under which every byte to and from the server is late."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        open_ones: list[socket.socket] = []
        threading.Thread(
            target=_accept, args=(listener, server.path, seconds, open_ones), daemon=True
        ).start()
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}"
        for one in [listener, *open_ones]:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


def _accept(
    listener: socket.socket, path: str, seconds: float, open_ones: list[socket.socket]
) -> None:
    while True:
        try:
            near, _ = listener.accept()
        except OSError:
            return
        far = socket.socket(socket.AF_UNIX)
        far.connect(path)
        open_ones += [near, far]
        for pair in ((near, far), (far, near)):
            threading.Thread(target=_carry, args=(*pair, seconds), daemon=True).start()


def _carry(source: socket.socket, target: socket.socket, seconds: float) -> None:
    with suppress(OSError):
        while piece := source.recv(65_536):
            time.sleep(seconds)
            target.sendall(piece)
