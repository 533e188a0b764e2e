"""The health check of the images says yes only to what works."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

HEALTHY = Path(__file__).resolve().parents[2] / "docker" / "healthy"


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer(200 if self.path == "/healthz" else 503, b"{}")

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["Content-Length"]))
        known = b"eth_blockNumber" in asked and self.server.well  # type: ignore[attr-defined]
        self._answer(200, b'{"id":1,"result":"0x1"}' if known else b'{"id":1,"error":{}}')

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    with HTTPServer(("127.0.0.1", 0), _Answers) as made:
        made.well = True  # type: ignore[attr-defined]
        thread = threading.Thread(target=made.serve_forever, args=(0.05,))
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def healthy(*words: object) -> bool:
    done = subprocess.run([str(HEALTHY), *map(str, words)], capture_output=True, check=False)
    return done.returncode == 0


def test_a_server_is_well_while_it_answers_200(server: HTTPServer) -> None:
    port = server.server_port
    assert healthy("http", port, "/healthz")
    assert not healthy("http", port, "/other")


def test_a_chain_is_well_while_it_says_its_height(server: HTTPServer) -> None:
    assert healthy("rpc", server.server_port)
    server.well = False  # type: ignore[attr-defined]
    assert not healthy("rpc", server.server_port)


def test_nobody_there_is_not_well() -> None:
    assert not healthy("http", 1, "/healthz")
    assert not healthy("rpc", 1)


def test_a_file_is_fresh_for_so_long(tmp_path: Path) -> None:
    file = tmp_path / "worker.json"
    assert not healthy("fresh", file, 60)
    file.touch()
    assert healthy("fresh", file, 60)
    os.utime(file, (time.time() - 70,) * 2)
    assert not healthy("fresh", file, 60)


def test_a_command_is_well_if_it_ends_well() -> None:
    assert healthy("run", "true")
    assert not healthy("run", "false")


def test_a_patient_look_waits_for_what_starts_and_lets_rest_what_is_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    file = tmp_path / "worker.json"

    def look(patience: int) -> tuple[bool, float]:
        """Return whether it is well, and how long the look took."""
        started = time.monotonic()
        return healthy("patiently", 2, patience, "fresh", file, 60), time.monotonic() - started

    is_well, took = look(0)
    assert not is_well
    assert took < 2
    starting = threading.Timer(0.5, file.touch)
    starting.start()
    is_well, took = look(30)
    assert is_well
    assert 0.5 <= took < 20
    assert look(0)[1] >= 2  # it was well
    file.unlink()
    is_well, took = look(0)
    assert not is_well
    assert took >= 2
    assert look(0)[1] < 2


def test_an_unknown_word_is_not_well() -> None:
    assert not healthy("sound", "1")
