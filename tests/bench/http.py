"""``POST /v1/checks`` as it is served, beside a bare application under the same gunicorn.

Both have two processes of the same worker class and answer the same client in turns. Then the same
API with 200 clients that never finish their requests.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from core.runtime.children import answers, gunicorn_words
from node.demo.processes import free_port
from tests.bench.load import ask, post, slow_clients
from tests.bench.measure import Result, Sample
from tests.bench.world import SEVEN_FIELDS
from tests.support.running import RunningVerifier, running_verifier

_ROUNDS = 5
_CONNECTIONS = 16
_SLOW = 200
_SETTINGS = "checks_per_minute = 0\nmax_evidence_age = 86400\nworkers = 2"


def main(seconds: float) -> Result:
    """Ask both in turns, then ours among slow clients."""
    result = Result("http", "POST /v1/checks under gunicorn, 2 processes, 16 connections")
    with TemporaryDirectory() as folder, running_verifier(Path(folder), _SETTINGS) as ours:
        port = urlsplit(ours.url).port
        assert port is not None
        body = _body(ours)
        with _bare() as bare:
            asyncio.run(_compare(result, post(port, "/v1/checks", body), port, bare, seconds))
        asyncio.run(_among_slow_clients(result, post(port, "/v1/checks", body), port))
    return result


async def _compare(result: Result, request: bytes, port: int, bare: int, seconds: float) -> None:
    turn = seconds / _ROUNDS
    rates: dict[str, list[float]] = {"POST /v1/checks": [], "bare Flask, one signature": []}
    taken: dict[str, list[float]] = {name: [] for name in rates}
    for at in (port, bare):  # every process has answered once
        await ask(at, request, seconds=1, connections=_CONNECTIONS)
    for _ in range(_ROUNDS):
        for name, at in zip(rates, (port, bare), strict=True):
            times = await ask(at, request, seconds=turn, connections=_CONNECTIONS)
            rates[name].append(len(times) / turn)
            taken[name] += times
    result.samples = {name: Sample(tuple(times)) for name, times in taken.items()}
    for name, found in rates.items():
        result.figures[f"{name}, best of {_ROUNDS}"] = f"{max(found):,.0f} /s"
        result.figures[f"{name}, median"] = f"{median(found):,.0f} /s"
    ours, theirs = (max(found) for found in rates.values())
    result.at_least("requests per second, ours ÷ bare", ours / theirs, 0.5)


async def _among_slow_clients(result: Result, request: bytes, port: int) -> None:
    async with slow_clients(port, request, _SLOW):
        await asyncio.sleep(1)
        taken = await ask(port, request, seconds=4, connections=2)
    p95 = quantiles(taken, n=20)[-1]
    result.figures[f"answers among {_SLOW} slow clients"] = f"{len(taken) / 4:,.0f} /s"
    result.at_most(f"p95 among {_SLOW} slow clients", p95, 1, "s")


def _body(made: RunningVerifier) -> bytes:
    bundle = made.body.bundle(made.issued, fields=SEVEN_FIELDS)
    return json.dumps({"document": bundle.to_json()}).encode()


@contextmanager
def _bare() -> Iterator[int]:
    port = free_port()
    words = gunicorn_words(
        "tests.bench.bare_app:create_app()", host="127.0.0.1", port=port, workers=2, threads=8
    )
    process = subprocess.Popen(words)
    try:
        while not answers(f"http://127.0.0.1:{port}/healthz"):
            assert process.poll() is None
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(20)
