"""Clients that send slowly, nothing, or never go: the others are served as if nobody were there."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from core.runtime.children import answers, gunicorn_words
from node.demo.processes import free_port
from tests.support.running import RunningVerifier, running_verifier
from tests.support.webnode import web_node

SLOW_CLIENTS = 200
SECONDS = 20
P95_SECONDS = 1.0
HEAD = b"POST /v1/checks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
# How each kind begins; what it goes on with is single bytes, a few each second.
BEGINNINGS = (
    b"",
    b"POST /v1/checks HT",
    HEAD + b"X-Slow: ",
    HEAD + b"Content-Length: 200000\r\n\r\n{",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
    HEAD + b"Expect: 100-continue\r\nContent-Length: 200000\r\n\r\n{",
    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /healthz HT",  # a second one, begun
    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",  # and never leaves
)


def address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return str(parts.hostname), int(parts.port or 0)


@contextmanager
def slow_clients(url: str) -> Iterator[list[socket.socket]]:
    with ExitStack() as held:
        clients = []
        for number in range(SLOW_CLIENTS):
            client = held.enter_context(socket.create_connection(address(url), 10))
            client.sendall(BEGINNINGS[number % len(BEGINNINGS)])
            client.setblocking(False)
            clients.append(client)
        yield clients


def drip(clients: list[socket.socket], number: int) -> None:
    for client in clients[number % 10 :: 10]:
        try:
            client.send(b"x")
        except OSError:
            continue  # the server had enough of it


def honest(url: str, request: bytes) -> tuple[float, bytes]:
    """Send a request on a connection of its own; return how long it took, and the status line."""
    started = time.monotonic()
    with socket.create_connection(address(url), 10) as client:
        client.sendall(request)
        answer = b""
        try:
            while piece := client.recv(65_536):
                answer += piece
        except TimeoutError:
            pass
    return time.monotonic() - started, answer.partition(b"\r\n")[0]


def p95_among_slow_clients(url: str, request: bytes, seconds: float) -> float:
    """Return the 95th percentile of honest requests, all of which must be answered."""
    took: list[float] = []
    with slow_clients(url) as clients:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            drip(clients, len(took))
            duration, status = honest(url, request)
            took.append(duration)
            if duration < P95_SECONDS:
                assert status == b"HTTP/1.1 200 OK"
                time.sleep(0.05)
    return sorted(took)[int(len(took) * 0.95)]


def check_request(verifier: RunningVerifier) -> bytes:
    bundle = verifier.body.bundle(verifier.issued).dump()
    body = json.dumps({"document": json.loads(bundle)}).encode()
    return HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body


@pytest.mark.long
def test_checks_among_200_slow_clients(tmp_path: Path) -> None:
    with running_verifier(tmp_path, "checks_per_minute = 0") as verifier:
        request = check_request(verifier)
        assert p95_among_slow_clients(verifier.url, request, SECONDS) <= P95_SECONDS


@pytest.mark.long
def test_a_node_among_200_slow_clients(tmp_path: Path) -> None:
    request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with web_node(tmp_path) as node:
        assert p95_among_slow_clients(node.url, request, SECONDS) <= P95_SECONDS


@pytest.mark.long
def test_the_usual_worker_class_would_not_do(tmp_path: Path) -> None:
    """Shows that the measure can fail: the same with gunicorn's own threads."""
    port = free_port()
    (tmp_path / "plain.py").write_text(
        "def application(environ, start):\n"
        "    environ['wsgi.input'].read()\n"
        "    start('200 OK', [('Content-Length', '0')])\n"
        "    return [b'']\n"
    )
    words = gunicorn_words("plain:application", host="127.0.0.1", port=port, workers=2, threads=8)
    words[words.index("--worker-class") + 1] = "gthread"
    url, request = f"http://127.0.0.1:{port}", b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n"
    process = subprocess.Popen([*words, "--chdir", str(tmp_path)])
    try:
        while not answers(url):
            time.sleep(0.1)
        assert p95_among_slow_clients(url, request, 15) > P95_SECONDS
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait(30)


# ---------------------------------------------------------------- stopping


def test_what_was_begun_is_finished_when_told_to_stop(tmp_path: Path) -> None:
    """Half a request is sent, the verifier is told to stop, the rest is sent: it is answered."""
    with ExitStack() as held:
        folder = tmp_path / "verifier"
        folder.mkdir()
        verifier = held.enter_context(running_verifier(folder, "workers = 1"))
        request = check_request(verifier)
        client = held.enter_context(socket.create_connection(address(verifier.url), 10))
        idle = held.enter_context(socket.create_connection(address(verifier.url), 10))
        client.sendall(request[:-10])
        time.sleep(0.5)
        started = time.monotonic()
        os.kill(json.loads((folder / "ready.json").read_text())["pid"], signal.SIGTERM)
        time.sleep(0.5)
        client.sendall(request[-10:])
        answer = b""
        while piece := client.recv(65_536):
            answer += piece
        assert answer.startswith(b"HTTP/1.1 200 OK")
        assert b'"genuine_and_in_force"' in answer
        assert idle.recv(1) == b""
    assert time.monotonic() - started < 12


def test_clients_that_never_end_do_not_keep_it_from_stopping(tmp_path: Path) -> None:
    with ExitStack() as held:
        with web_node(tmp_path) as node:
            held.enter_context(slow_clients(node.url))
            started = time.monotonic()
        assert time.monotonic() - started < 10
