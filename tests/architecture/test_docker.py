"""What the images and the compose file promise, read from their text.

Run for real by `make test-container`, which needs a container engine; this needs none. Each rule
is shown to notice the smallest breach.
"""

from __future__ import annotations

import copy
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

import bootstrap
from contracts.devchain import gateway
from core import limits
from node.demo.bodies import BODIES
from tests.architecture.test_docs import parse_command

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
DOCKERFILE = (DOCKER / "Dockerfile").read_text("utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PROXY = (DOCKER / "proxy" / "nginx.conf").read_text("utf-8")
DOOR = (DOCKER / "chain" / "nginx.conf").read_text("utf-8")
USER = "10001:10001"
ONCE = "found"
STATE = "/var/lib/comity/"


# ---------------------------------------------------------------- Dockerfile


def _stages() -> dict[str, tuple[str, list[str]]]:
    """Return name → base and instructions of every stage; continued lines are joined."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE).replace("\\\n", " ")
    found: dict[str, tuple[str, list[str]]] = {}
    for line in text.splitlines():
        opened = re.fullmatch(r"FROM (\S+) AS (\w+)", line)
        if opened:
            found[opened[2]] = (opened[1], [])
        elif line.strip() and found:
            found[[*found][-1]][1].append(line)
    return found


STAGES = _stages()
SHIPPED = ("app", "proxy", "redis", "chain")


def test_every_stage_comes_from_the_base_image() -> None:
    assert DOCKERFILE.count("\nFROM ") == len(STAGES)
    for name, (base, _) in STAGES.items():
        earlier = [*STAGES][: [*STAGES].index(name)]
        assert base == "${BASE_IMAGE}" or base in earlier


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_image_ends_as_a_user_and_says_how_it_is(name: str) -> None:
    instructions = STAGES[name][1]
    users = [line.split()[1] for line in instructions if line.startswith("USER ")]
    assert users[-1] == USER
    assert any(line.startswith("HEALTHCHECK ") for line in instructions)
    assert not any("certificates" in line for line in instructions)


def test_nothing_secret_and_nothing_of_one_builder_stands_in_it() -> None:
    assert not re.search(r"^\s*(ARG|ENV)\b.*(TOKEN|SECRET|PASS)", DOCKERFILE, re.MULTILINE)
    assert not re.search(r"^(ADD |# syntax|RUN --)", DOCKERFILE, re.MULTILINE)


def test_packages_come_by_the_code_that_checks_their_hashes() -> None:
    named = set(re.findall(r"bootstrap\.(\w+)", DOCKERFILE)) - {"py"}
    assert {"set_up_venv", "set_up_anvil"} <= named
    assert all(hasattr(bootstrap, name) for name in named)
    assert "pip install" not in DOCKERFILE


def test_every_file_it_copies_is_there_and_let_in() -> None:
    let_in = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE)
    for path in (word for line in copied for word in line.split()):
        assert (ROOT / path).exists(), path
        assert f"!{path.split('/')[0]}" in {line.split("/")[0] for line in let_in}, path


# ---------------------------------------------------------------- compose


def _mounts(service: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Return place → volume and mode."""
    split = [(*text.split(":"), "rw")[:3] for text in service.get("volumes", ())]
    return {place: (volume, mode) for volume, place, mode in split}


def faults(name: str, service: dict[str, Any]) -> list[str]:
    """Return which rules a service breaks."""
    mounts = _mounts(service)
    build = service.get("build", {})
    networks = service.get("networks", ())
    alone = service.get("network_mode") == "none" and not networks
    rules = {
        "user": service.get("user") == USER,
        "read-only": service.get("read_only") is True,
        "capabilities": service.get("cap_drop") == ["ALL"] and "cap_add" not in service,
        "privileges": service.get("security_opt") == ["no-new-privileges:true"],
        "isolation": not {"privileged", "pid", "ipc", "devices"} & service.keys(),
        "profile": service.get("profiles") == ["one-machine"],
        "image": build.get("target") in SHIPPED and "BASE_IMAGE" in build.get("args", {}),
        "health": "test" in service.get("healthcheck", {}) or name == ONCE,
        "volumes": all(volume in COMPOSE["volumes"] for volume, _ in mounts.values()),
        "ports": all(port.startswith("127.0.0.1:") for port in service.get("ports", ())),
        "network": "published" not in networks or name == "proxy",
        "one network": (alone and name.endswith("-redis"))
        or ("network_mode" not in service and len(networks) == 1)
        or name in ("proxy", "verifier"),
        "chain": not name.endswith("-web") or "ledger" not in networks,
        "keys": name == ONCE
        or all(
            name.endswith("-worker") and mode == "ro"
            for volume, mode in mounts.values()
            if volume.endswith(("-keys", "-passphrase"))
        ),
        "own volumes": name == ONCE
        or all(volume.split("-")[0] == name.split("-")[0] for volume, _ in mounts.values()),
    }
    return [rule for rule, kept in rules.items() if not kept]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_keeps_every_rule(name: str) -> None:
    assert faults(name, SERVICES[name]) == []


@pytest.mark.parametrize(
    ("rule", "name", "changes"),
    [
        ("user", "chain", {"user": "0:0"}),
        ("read-only", "north-web", {"read_only": False}),
        ("capabilities", "proxy", {"cap_add": ["NET_BIND_SERVICE"]}),
        ("privileges", "sul-worker", {"security_opt": []}),
        ("isolation", "verifier", {"pid": "host"}),
        ("one network", "sul-worker", {"network_mode": "host"}),
        ("one network", "north-redis", {"network_mode": "host"}),
        ("profile", "rhein-web", {"profiles": []}),
        ("image", "proxy", {"build": {"target": "proxy"}}),
        ("health", "north-worker", {"healthcheck": {"disable": True}}),
        ("volumes", "chain", {"volumes": ["/srv:/var/lib/comity/chain"]}),
        ("ports", "proxy", {"ports": ["8471:8471"]}),
        ("network", "north-web", {"networks": ["published"]}),
        ("chain", "north-web", {"networks": ["ledger"]}),
        ("keys", "north-web", {"volumes": ["north-keys:/var/lib/comity/north/keys:ro"]}),
        ("keys", "north-worker", {"volumes": ["north-keys:/var/lib/comity/north/keys"]}),
        ("own volumes", "sul-worker", {"volumes": ["north-keys:/var/lib/comity/north/keys:ro"]}),
    ],
)
def test_the_smallest_breach_is_noticed(rule: str, name: str, changes: dict[str, Any]) -> None:
    assert rule in faults(name, {**copy.deepcopy(SERVICES[name]), **changes})


def test_only_what_is_published_leads_outside() -> None:
    internal = {name for name, made in COMPOSE["networks"].items() if made.get("internal")}
    assert COMPOSE["networks"].keys() - internal == {"published"}


def test_every_place_of_a_volume_exists_in_the_image_with_its_owner() -> None:
    words = " ".join(STAGES["ground"][1])
    listed = re.search(r"for folder in ([^;]*);", words)
    assert listed is not None
    made = set(listed[1].split()) | {word.split("/")[0] for word in listed[1].split()}
    places = {place for service in SERVICES.values() for place in _mounts(service)}
    assert {place.removeprefix(STATE) for place in places} <= made


def test_the_bodies_are_those_of_the_demonstration() -> None:
    keys = [body.key for body in BODIES]
    told = [word for word in SERVICES[ONCE]["command"] if not word.startswith("--")]
    assert [word.split("=")[0] for word in told] == keys
    assert {f"{key}-{part}" for key in keys for part in ("web", "worker")} <= SERVICES.keys()


def test_the_redis_evicts_nothing_and_listens_on_no_port() -> None:
    (command,) = [line for line in STAGES["redis"][1] if line.startswith("CMD ")]
    words = re.findall(r'"([^"]*)"', command)
    settings = dict(zip(words[1::2], words[2::2], strict=True))
    assert settings["--maxmemory-policy"] == "noeviction"
    assert settings["--port"] == "0"
    for name, service in SERVICES.items():
        told = {v for k, v in service.get("environment", {}).items() if k.endswith("_REDIS")}
        mounted = any(volume.endswith("-redis") for volume, _ in _mounts(service).values())
        assert mounted is (bool(told) or name.endswith("-redis"))
        assert told <= {"unix://" + settings["--unixsocket"]}


# ---------------------------------------------------------------- proxy and door


def _bytes(text: str) -> int:
    number, unit = re.fullmatch(r"(\d+)([km]?)", text).groups()  # type: ignore[union-attr]
    return int(number) * {"": 1, "k": 1024, "m": 1024**2}[unit]


def test_the_proxy_takes_what_the_product_takes_and_no_more() -> None:
    sizes = re.findall(r"client_max_body_size (\w+); # core\.limits\.(\w+)", PROXY)
    assert [name for _, name in sizes] == ["REQUEST_BYTES", "REGISTER_BYTES"]
    assert all(_bytes(size) == getattr(limits, name) for size, name in sizes)
    (size,) = re.findall(r"client_max_body_size (\w+);", DOOR)
    assert _bytes(size) == gateway.MAX_BODY


def test_the_proxy_buffers_and_waits_for_nobody_long() -> None:
    for name in ("client_header_timeout", "client_body_timeout", "send_timeout"):
        assert re.search(rf"^  {name} 10s;", PROXY, re.MULTILINE)
    switched_off = re.findall(r"(\w+_buffering) off;", PROXY)
    register = PROXY.partition("location = /v1/registers")[2].partition("\n    }")[0]
    assert switched_off == ["proxy_request_buffering"]
    assert "proxy_request_buffering off;" in register


def test_no_log_of_the_proxy_has_what_a_client_sent() -> None:
    (told,) = re.findall(r"log_format \w+ escape=json(.*?);", PROXY, re.DOTALL)
    assert set(re.findall(r"\$(\w+)", told)) == {
        *("time_iso8601", "server_port", "told_method", "told_route", "status"),
        *("bytes_sent", "request_time", "upstream_response_time"),
    }
    assert re.findall(r"access_log (\S+)(?: told)?;", PROXY) == ["/dev/stdout", "off"]
    assert re.findall(r"error_log \S+ (\w+);", PROXY) == ["alert", "emerg"]
    assert re.findall(r"error_log \S+ (\w+);", DOOR) == ["emerg"]


def test_the_proxy_leads_to_every_web_process_and_is_published_there() -> None:
    behind = dict(re.findall(r"^    (\d+) ([\w-]+):\d+;$", PROXY, re.MULTILINE))
    assert set(behind.values()) == {*(f"{body.key}-web" for body in BODIES), "verifier"}
    assert set(behind) <= set(re.findall(r"listen (\d+);", PROXY))
    assert {port.rpartition(":")[2] for port in SERVICES["proxy"]["ports"]} == set(behind)
    for service in behind.values():
        assert set(SERVICES[service]["networks"]) & set(SERVICES["proxy"]["networks"])


# ---------------------------------------------------------------- what operators are told to type

OPERATING = (ROOT / "docs" / "operating.md").read_text("utf-8")
TYPED = [
    line
    for block in re.findall(r"^```bash\n(.*?)^```", OPERATING, re.DOTALL | re.MULTILINE)
    for line in block.splitlines()
]


def test_there_is_something_to_type() -> None:
    assert any(line.endswith(" up -d") for line in TYPED)


@pytest.mark.parametrize("line", TYPED)
def test_every_command_for_containers_names_what_there_is(line: str) -> None:
    words = shlex.split(line)
    if words == ["export", "COMPOSE_PROJECT_NAME=comity"]:
        return
    if words[:2] == ["docker", "build"]:
        assert words[-1] == "."
        assert (ROOT / words[words.index("-f") + 1]).exists()
        assert words[words.index("--target") + 1] in SHIPPED
        return
    assert words[:3] == ["docker-compose", "-f", "docker/compose.yaml"]
    assert words[3:5] == ["--profile", "one-machine"]
    action, *rest = words[5:]
    assert action in ("build", "up", "ps", "logs", "down", "exec")
    if action == "exec":
        service, *command = rest
        assert service in SERVICES
        assert command[0] == "comity"
        parse_command(command[1:])
