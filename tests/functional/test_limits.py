"""How often one caller may ask, by real HTTP: with Redis, without it, and when it goes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from tests.support.network import Body
from tests.support.node import record_json
from tests.support.redisserver import Server, served, slow_road
from tests.support.running import RunningVerifier, running_verifier
from tests.support.webnode import PROBLEM, web_node
from verifier.throttle import address_name

PATIENCE = 1.5  # of a caller whose verifier has a Redis that does not answer


def ask(verifier: RunningVerifier, bundle: bytes, **headers: str) -> httpx2.Response:
    body = json.dumps({"document": json.loads(bundle)}).encode()
    sent = {"Content-Type": "application/json", **headers}
    return httpx2.post(f"{verifier.url}/v1/checks", content=body, headers=sent, timeout=20)


def bundle_of(verifier: RunningVerifier) -> bytes:
    body: Body = verifier.body
    return body.bundle(verifier.issued).dump()


def every_fault(server: Server) -> list[Callable[[], None]]:
    return [server.wipe, server.fill, server.kill, server.start, server.make_read_only]


def require_refusal(answer: httpx2.Response, most: int) -> None:
    assert answer.status_code == 429
    assert answer.headers["Content-Type"] == PROBLEM
    told = answer.json()
    assert told["code"] == "too_many_requests"
    assert 1 <= told["retry_after"] <= 60
    assert answer.headers["Retry-After"] == str(told["retry_after"])
    assert f"q={most}" in answer.headers["RateLimit-Policy"]
    assert "r=0" in answer.headers["RateLimit"]


# ---------------------------------------------------------------- the verifier, by address


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningVerifier]:
    settings = "checks_per_minute = 4\nproxies = 1\nworkers = 1"
    with running_verifier(tmp_path_factory.mktemp("limited"), settings) as running:
        yield running


def test_an_address_is_told_what_is_left_and_then_refused(limited: RunningVerifier) -> None:
    bundle, me = bundle_of(limited), {"X-Forwarded-For": "192.0.2.1"}
    for left in (3, 2, 1, 0):
        answer = ask(limited, bundle, **me)
        assert answer.status_code == 200
        assert f'"checks";r={left};t=' in answer.headers["RateLimit"]
        assert answer.headers["RateLimit-Policy"] == '"checks";q=4;w=60'
        assert "Retry-After" not in answer.headers
    require_refusal(ask(limited, bundle, **me), 4)
    page = httpx2.post(f"{limited.url}/", files={"document": bundle}, headers=me, timeout=20)
    require_refusal(page, 4)  # one limit for both ways of asking


def test_another_address_is_not_refused(limited: RunningVerifier) -> None:
    bundle = bundle_of(limited)
    for _ in range(5):
        ask(limited, bundle, **{"X-Forwarded-For": "192.0.2.2"})
    answer = ask(limited, bundle, **{"X-Forwarded-For": "192.0.2.3"})
    assert answer.status_code == 200
    assert "r=3" in answer.headers["RateLimit"]


def test_an_address_that_the_sender_made_up_counts_for_nothing(limited: RunningVerifier) -> None:
    bundle = bundle_of(limited)
    answers = [
        ask(limited, bundle, **{"X-Forwarded-For": f"198.51.100.{n}, 192.0.2.4"}) for n in range(5)
    ]
    assert [one.status_code for one in answers] == [200] * 4 + [429]


def test_what_costs_nothing_is_not_limited(limited: RunningVerifier) -> None:
    for path in ("/healthz", "/", "/v1/ledgers") * 3:
        answer = httpx2.get(limited.url + path, timeout=20)
        assert answer.status_code == 200
        assert "RateLimit" not in answer.headers


def test_without_a_proxy_nobody_names_an_address(tmp_path: Path) -> None:
    with running_verifier(tmp_path, "checks_per_minute = 2\nworkers = 1") as verifier:
        bundle = bundle_of(verifier)
        codes = [
            ask(verifier, bundle, **{"X-Forwarded-For": f"192.0.2.{n}"}).status_code
            for n in range(3)
        ]
    assert codes == [200, 200, 429]


def test_no_limit_where_none_is_wanted(tmp_path: Path) -> None:
    with running_verifier(tmp_path, "checks_per_minute = 0") as verifier:
        answer = ask(verifier, bundle_of(verifier))
    assert answer.status_code == 200
    assert "RateLimit" not in answer.headers


def test_all_processes_count_together_in_the_embedded_redis(tmp_path: Path) -> None:
    settings = 'checks_per_minute = 6\nworkers = 2\nproxies = 1\nredis = "embedded"'
    with running_verifier(tmp_path, settings) as verifier:
        bundle = bundle_of(verifier)
        codes = [
            ask(verifier, bundle, **{"X-Forwarded-For": "192.0.2.7"}).status_code for _ in range(8)
        ]
        assert codes == [200] * 6 + [429] * 2
        secret = (tmp_path / "address.key").read_bytes()
        with Server(tmp_path).client() as client:
            (key,) = client.keys()
        assert "192.0.2.7" not in key
        assert address_name(secret, "192.0.2.7") in key
    assert (tmp_path / "address.key").stat().st_mode & 0o777 == 0o600


def test_checks_go_on_when_redis_goes_and_comes(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        settings = f'checks_per_minute = 50\nworkers = 1\nredis = "{server.url}"'
        with running_verifier(tmp_path, settings) as verifier:
            bundle = bundle_of(verifier)
            for fault in (
                server.wipe,
                server.fill,
                server.kill,
                server.start,
                server.make_read_only,
            ):
                fault()
                for _ in range(3):
                    started = time.monotonic()
                    assert ask(verifier, bundle).status_code == 200
                    assert time.monotonic() - started < PATIENCE


def test_checks_go_on_when_redis_is_five_seconds_late(tmp_path: Path) -> None:
    with served(tmp_path) as server, slow_road(server, 5.0) as url:
        settings = f'checks_per_minute = 5\nworkers = 1\nredis = "{url}"'
        with running_verifier(tmp_path, settings) as verifier:
            bundle, took, codes = bundle_of(verifier), [], []
            for _ in range(7):
                started = time.monotonic()
                codes.append(ask(verifier, bundle).status_code)
                took.append(time.monotonic() - started)
    assert max(took) < PATIENCE
    assert codes[:5] == [200] * 5
    assert codes[-1] == 429  # counted in memory meanwhile


# ---------------------------------------------------------------- the node, by token


def test_a_token_is_refused_above_its_limit_and_no_other(tmp_path: Path) -> None:
    with web_node(tmp_path, "requests_per_minute = 3\nweb_processes = 1") as node:
        token, other = node.token("read", "issue"), node.token("read")
        for number in ("A", "B", "C"):
            answer = node.ask("POST", "/v1/records", token, json=record_json(number))
            assert answer.status_code == 202
            assert "RateLimit" in answer.headers
        before = node.rows()
        require_refusal(node.ask("POST", "/v1/records", token, json=record_json("D")), 3)
        assert node.rows() == before
        assert node.ask("GET", "/v1/certificates/A", other).status_code == 200
        for _ in range(5):  # whoever has no token has no account that could be used up
            assert node.ask("GET", "/v1/certificates/A", "unknown").status_code == 401
        assert "RateLimit" not in node.ask("GET", "/status/1").headers


def test_a_node_takes_records_whatever_redis_does(tmp_path: Path) -> None:
    with served(tmp_path) as server, web_node(tmp_path, f'redis = "{server.url}"') as node:
        token = node.token("issue")
        faults = every_fault(server)
        for number, fault in enumerate(faults):
            fault()
            answer = node.ask("POST", "/v1/records", token, json=record_json(f"F-{number}"))
            assert answer.status_code == 202
        assert node.rows()["record"] == len(faults)
