"""The images and the one-machine network, run for real: `make test-container`.

One network for all; the tests go from its start to its restart and stand in that order.
"""

from __future__ import annotations

import base64
import json
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from node.demo.scenario import Scenario
from tests.support.containers import ROOT, ContainerNetwork, Containers, processes

pytestmark = [pytest.mark.long, pytest.mark.timeout(1200)]
HEALTHY_SECONDS = 60.0
PATIENCE_SECONDS = 300.0
SLOW_CLIENTS = 200
RECORD = json.loads((ROOT / "docs" / "examples" / "record.json").read_text("utf-8"))
NUMBER = "01526Q39012R1M"
CANARY = "Zypresse Sample Export Co., Ltd. (example)"


@pytest.fixture(scope="module")
def containers() -> Iterator[Containers]:
    made = Containers()
    made.compose("build")
    started = time.monotonic()
    try:
        made.compose("up", "-d")
        made.wait_healthy(PATIENCE_SECONDS)
        made.healthy_after = time.monotonic() - started
        yield made
    finally:
        made.compose("down", "--volumes", "--timeout", "10")


def _services(containers: Containers, part: str) -> list[str]:
    return [name for name in containers.services() if name.endswith(part)]


def _check(containers: Containers, document: bytes) -> dict[str, Any]:
    body = {"document": base64.b64encode(document).decode()}
    answer = httpx2.post(f"{containers.url('verifier')}/v1/checks", json=body, timeout=30)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def _verdict_becomes(containers: Containers, document: bytes, verdict: str) -> None:
    deadline = time.monotonic() + 60
    while (found := _check(containers, document)["verdict"]) != verdict:
        assert time.monotonic() < deadline, found
        time.sleep(0.5)


def test_it_is_healthy_within_a_minute(containers: Containers) -> None:
    print(f"\nhealthy after {containers.healthy_after:.1f} s")
    assert containers.healthy_after <= HEALTHY_SECONDS


# ---------------------------------------------------------------- what may run, and what it may


def test_no_process_is_root_or_could_become_it(containers: Containers) -> None:
    for name, key in containers.services().items():
        user = containers.engine("inspect", "-f", "{{.Config.User}}", key)
        assert user.strip() == "10001:10001", name
        found = processes(containers, key)
        assert found, name
        assert {one["uid"] for one in found} == {"10001"}, (name, found)
        status = Path("/proc/self/status").as_posix()
        told = containers.run(name, "cat", status).stdout.decode()
        facts = dict(line.split(":\t", 1) for line in told.splitlines() if ":\t" in line)
        assert facts["NoNewPrivs"] == "1", name
        assert int(facts["CapEff"], 16) == int(facts["CapBnd"], 16) == 0, name


def test_nothing_can_be_written_but_state_and_tmp(containers: Containers) -> None:
    for name in containers.services():
        for place in ("/etc/x", "/usr/x", "/opt/x", "/var/lib/x"):
            done = containers.run(name, "touch", place, allow=(1,))
            assert b"Read-only file system" in done.stderr, name
        containers.run(name, "touch", "/tmp/x")


def test_a_web_process_has_no_key_no_passphrase_and_no_way_to_the_chain(
    containers: Containers,
) -> None:
    connect = "exec 3<>/dev/tcp/chain/8545"
    for name in _services(containers, "-web"):
        body = name.removesuffix("-web")
        for folder in (f"{body}/keys", f"passphrases/{body}"):
            listed = containers.run(name, "find", f"/var/lib/comity/{folder}", "-type", "f").stdout
            assert listed == b"", name
        assert containers.run(name, "bash", "-c", connect, allow=(1,)).returncode == 1
    for name in _services(containers, "-worker"):
        body = name.removesuffix("-worker")
        listed = containers.run(name, "find", f"/var/lib/comity/{body}/keys", "-type", "f").stdout
        assert b"assertion.json" in listed  # the same question has an answer there
        containers.run(name, "bash", "-c", connect)


def test_the_images_hold_no_certificate_of_ours_and_no_package_fetcher(
    containers: Containers,
) -> None:
    for name in ("north-web", "chain", "proxy"):
        words = ("find", "/usr/local", "/opt", "-name", "*.crt")
        listed = containers.run(name, *words).stdout
        assert listed == b"", name
    for tool in ("pip", "npm", "gcc"):
        words = ("sh", "-c", f"command -v {tool}")
        assert containers.run("north-worker", *words, allow=(127, 1)).stdout == b""


# ---------------------------------------------------------------- the road


def test_the_demonstration_plays_on_it(containers: Containers, tmp_path: Path) -> None:
    network = ContainerNetwork(containers, tmp_path / "demo")
    story = Scenario(network, print, datetime.now(UTC).date()).play()
    print(story.timings)
    assert {name: example["verdict"] for name, example in story.examples.items()} == {
        "good": "genuine_and_in_force",
        "suspended": "not_valid",
        "restored": "genuine_and_in_force",
        "withdrawn": "not_valid",
        "cancelled": "not_valid",
        "forged": "not_valid",
        "unreachable": "could_not_be_checked",
    }


@pytest.fixture(scope="module")
def proof(containers: Containers) -> bytes:
    """A certificate issued over the API, anchored, and presented."""
    api = f"{containers.url('north')}/v1"
    made = containers.run(
        "north-worker", "comity", "token", "new", "--scope", "issue,read,declare", "--json"
    )
    token = json.loads(made.stdout)["token"]
    headers = {"Authorization": f"Bearer {token}"}
    names = {"en": CANARY}
    record = {
        **RECORD,
        "certificate_number": NUMBER,
        "holder": {**RECORD["holder"], "names": names},
    }
    sent = httpx2.post(f"{api}/records", json=record, headers=headers)
    assert sent.status_code == 202, sent.text
    deadline = time.monotonic() + 60
    while httpx2.get(f"{api}/receipts/{sent.json()['id']}", headers=headers).json()[
        "state"
    ] not in ("anchored", "refused"):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    words = ("present", NUMBER, "--fields", "scope,sites", "-o", "/tmp/proof.json")
    containers.run("north-worker", "comity", *words)
    document = containers.run("north-worker", "cat", "/tmp/proof.json").stdout
    _verdict_becomes(containers, document, "genuine_and_in_force")

    # without a token, and with one character of it wrong, nothing is told
    for wrong in ({}, {"Authorization": f"Bearer {token[:-1]}!"}):
        assert httpx2.get(f"{api}/certificates/{NUMBER}", headers=wrong).status_code == 401
    until = (datetime.now(UTC) + timedelta(days=90)).date().isoformat()
    change = {"event": "suspend", "reason": "nonconformity", "until": until}
    answer = httpx2.post(f"{api}/certificates/{NUMBER}/status", json=change, headers=headers)
    assert answer.status_code in (200, 202), answer.text
    return document


def test_issued_over_the_api_anchored_checked_and_suspended(
    containers: Containers, proof: bytes
) -> None:
    _verdict_becomes(containers, proof, "not_valid")
    report = _check(containers, proof)
    assert {line["line"]: line["outcome"] for line in report["checks"]}[5] == "no"


def test_no_log_of_any_container_has_a_field_of_the_certificate(
    containers: Containers, proof: bytes
) -> None:
    assert proof
    logs = containers.compose("logs", "--no-color")
    said = logs.stdout.decode() + logs.stderr.decode()
    assert "/v1/certificates/<number>/status" in said  # it was told, without the number
    for secret in (NUMBER, "Zypresse", RECORD["holder"]["identifier"]["value"]):
        assert secret not in said


def test_redis_is_used_evicts_nothing_and_holds_no_field_of_the_certificate(
    containers: Containers, proof: bytes
) -> None:
    _check(containers, proof)  # its counter lives a minute
    ask = ("redis-cli", "-s", "/var/lib/comity/redis/redis.sock")
    for name in _services(containers, "-redis"):
        policy = containers.run(name, *ask, "config", "get", "maxmemory-policy").stdout
        assert b"noeviction" in policy
    keys = containers.run("verifier-redis", *ask, "--scan").stdout.decode()
    assert keys  # the counter of checks
    assert NUMBER not in keys
    assert (
        "total_commands_processed:0"
        not in containers.run("north-redis", *ask, "info", "stats").stdout.decode()
    )


def test_without_any_redis_everything_goes_on(containers: Containers, proof: bytes) -> None:
    services = _services(containers, "-redis")
    containers.compose("stop", *services)
    try:
        assert _check(containers, proof)["verdict"] == "not_valid"
        answer = httpx2.get(f"{containers.url('north')}/healthz", timeout=30)
        assert answer.status_code == 200
    finally:
        containers.compose("start", *services)
    containers.wait_healthy(PATIENCE_SECONDS)


# ---------------------------------------------------------------- the proxy


def test_larger_requests_are_refused_by_the_proxy_with_a_problem(containers: Containers) -> None:
    answer = httpx2.post(
        f"{containers.url('verifier')}/v1/checks", content=b"x" * (1024 * 1024 + 1)
    )
    assert answer.status_code == 413
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "too_large"


def test_a_web_process_that_is_gone_is_told_as_an_outage(containers: Containers) -> None:
    containers.compose("stop", "sul-web")
    try:
        answer = httpx2.get(f"{containers.url('sul')}/healthz", timeout=30)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
        assert answer.json()["code"] == "unavailable"
        assert httpx2.get(f"{containers.url('north')}/healthz").status_code == 200
    finally:
        containers.compose("start", "sul-web")
    containers.wait_healthy(PATIENCE_SECONDS)


def test_two_hundred_slow_clients_delay_nobody(containers: Containers, proof: bytes) -> None:
    port = containers.ports["verifier"]
    half_open = b"POST /v1/checks HTTP/1.1\r\nHost: localhost\r\n"
    slow_body = half_open + b"Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n{"
    stop = threading.Event()
    with ExitStack() as opened:
        for number in range(SLOW_CLIENTS):
            client = opened.enter_context(socket.create_connection(("127.0.0.1", port), 10))
            client.sendall(slow_body if number % 2 else half_open)
        times = []
        for _ in range(60):
            started = time.monotonic()
            assert _check(containers, proof)["verdict"] == "not_valid"
            times.append(time.monotonic() - started)
            stop.wait(0.05)
    slowest = statistics.quantiles(times, n=20)[18]
    print(f"p95 {slowest * 1000:.0f} ms, median {statistics.median(times) * 1000:.0f} ms")
    assert slowest <= 1.0


# ---------------------------------------------------------------- again


def test_founding_again_changes_nothing(containers: Containers) -> None:
    def settings() -> bytes:
        words = ("cat", "/var/lib/comity/north/node.toml", "/var/lib/comity/north/founder.json")
        return containers.run("north-worker", *words).stdout

    before = settings()
    said = containers.compose("run", "--rm", "found")
    assert b"making" not in said.stderr + said.stdout
    assert settings() == before


def test_killed_and_started_again_it_still_knows_what_it_anchored(
    containers: Containers, proof: bytes
) -> None:
    containers.compose("kill")
    containers.compose("up", "-d")
    print(f"healthy again after {containers.wait_healthy(PATIENCE_SECONDS):.1f} s")
    _verdict_becomes(containers, proof, "not_valid")
    words = ("comity", "status", NUMBER, "--json")
    told = json.loads(containers.run("north-worker", *words).stdout)
    assert told["revisions"][0]["receipt"]["state"] == "anchored"
