"""Canaries in every text field, and nothing of them where it must not be: no raw data leaves home.

Runs the demonstration's network with its wires tapped, walks the road and its error paths, then
searches chain, logs, verifier disk and wire. What is disclosed to the verifier may pass on its
wire and stand in the bundle; everything else may be nowhere. The search proves itself by finding
six leaks that are planted afterwards; without them it must find nothing.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from eth_account import Account

from node.demo.bodies import BODIES
from node.demo.network import Network, Node
from node.demo.processes import comity
from tests.support.canary import Canary, Search, files_below
from tests.support.wiretap import Wiretap

CERTIFICATES = 2  # of each body
SHARED = ("scope", "site-1")

pytestmark = pytest.mark.timeout(600)  # a whole network is started and walked


@dataclass
class Walk:
    """What a walk over the whole road left behind."""

    network: Network
    undisclosed: list[Canary]
    disclosed: list[Canary]
    taps: dict[str, Wiretap]
    told: dict[str, bytes] = field(default_factory=dict)  # answers of refusals, output of commands

    def everywhere(self) -> dict[str, bytes]:
        """Everything that is not the home body's own disk."""
        folder = self.network.folder
        places = {
            **files_below(folder / "chain", "chain disk"),
            **files_below(folder / "logs", "log"),
            **files_below(self.network.verifier, "verifier disk"),
            **files_below(folder / "examples", "bundle"),
            **{f"wire to {name}": tap.seen() for name, tap in self.taps.items()},
            **self.told,
        }
        return {place: content for place, content in places.items() if content}

    def where_disclosed_may_not_be(self) -> dict[str, bytes]:
        """The same without the bundles and the wire on which they are checked."""
        allowed = ("bundle", "wire to verifier", "checked")
        return {p: c for p, c in self.everywhere().items() if not p.startswith(allowed)}


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    folder = tmp_path_factory.mktemp("canary")
    taps: dict[str, Wiretap] = {}
    with ExitStack() as stack:

        def tap(name: str, url: str) -> str:
            taps[name] = stack.enter_context(Wiretap(urlsplit(url).port or 0))
            return f"http://127.0.0.1:{taps[name].port}"

        environment = {**os.environ, "COMITY_HOME": str(folder / "home")}
        network = Network(
            folder / "network", environment, BODIES, reached_at=lambda url: tap("chain", url)
        )
        stack.callback(lambda: network.processes.stop())
        network.up(lambda _: None)
        verifier = tap("verifier", network.verifier_url)
        done = Walk(network, [], [], taps)
        for node in network.nodes:
            _issue_and_check(done, node, verifier)
            _change_status(done, node, verifier)
            _stumble(done, node, verifier)
        done.told |= _processes(str(folder))
        yield done


def test_nothing_undisclosed_is_anywhere_and_nothing_disclosed_but_where_it_was_shown(
    walk: Walk, tmp_path: Path
) -> None:
    secret = (walk.network.folder / "passphrase").read_text().strip()
    hidden = [*walk.undisclosed, Canary("passphrase", secret, secret)]
    assert len(hidden) >= CERTIFICATES * len(BODIES) * 8
    places = walk.everywhere()
    assert any(place.startswith("chain disk") for place in places)
    assert len(places["wire to chain"]) > 100_000
    assert any(place.startswith("process") for place in places) or not Path("/proc/self").exists()
    assert Search(hidden, tmp_path).places(places) == []
    rest = walk.where_disclosed_may_not_be()
    assert Search(walk.disclosed, tmp_path).places(rest) == []


def test_what_was_disclosed_did_pass_so_the_taps_work(walk: Walk, tmp_path: Path) -> None:
    found = Search(walk.disclosed, tmp_path).places(
        {"wire to verifier": walk.taps["verifier"].seen()}
    )
    assert {hit.canary for hit in found} == {canary.name for canary in walk.disclosed}


def test_six_planted_leaks_are_all_found(walk: Walk, tmp_path: Path) -> None:
    one, two, three, four, five, six = walk.undisclosed[:6]
    with (walk.network.folder / "logs" / "verifier.log").open("a") as log:
        log.write(f"checking {one.text}\n")
    (walk.network.verifier / "upload.tmp").write_bytes(two.text.encode("utf-16-le"))
    walk.told["error page"] = f"<p>cannot read {three.text}</p>".encode()
    _to_chain(walk, base64.b64encode(b"memo " + four.text.encode()))
    _to_chain(walk, sha256(five.text.encode()).digest())
    httpx2.get(f"http://127.0.0.1:{walk.taps['verifier'].port}/", params={"q": six.text})
    found = Search(walk.undisclosed, tmp_path).places(walk.everywhere())
    assert {(hit.canary, hit.place) for hit in found} >= {
        (one.name, "log/verifier.log"),
        (two.name, "verifier disk/upload.tmp"),
        (three.name, "error page"),
        (six.name, "wire to verifier"),
    }
    on_chain = {hit.canary for hit in found if "chain" in hit.place}
    assert on_chain == {four.name, five.name}
    assert {hit.canary for hit in found} == {c.name for c in (one, two, three, four, five, six)}


def _issue_and_check(walk: Walk, node: Node, verifier: str) -> None:
    random = Random(node.body.key)
    token = _json(walk, node, "token", "new", "--scope", "issue,read,declare")["token"]
    walk.undisclosed.append(Canary(f"{node.body.key} token", token, token))
    for row in range(CERTIFICATES):
        record = _record(walk, node, row, random)
        if row:
            file = node.folder / f"{row}.json"
            file.write_text(json.dumps(record, ensure_ascii=False), "utf-8")
            _json(walk, node, "issue", str(file), "--wait")
        else:
            headers = {"authorization": f"Bearer {token}", "idempotency-key": f"row-{row}"}
            answer = httpx2.post(f"{node.url}/v1/records", json=record, headers=headers)
            assert answer.status_code == 202, answer.text
            _json(walk, node, "issue", str(_spill(node, record)), "--wait")  # the same: waits
        bundle = walk.network.examples / f"{node.body.key}-{row}.comity.json"
        number = record["certificate_number"]
        fields = ("--fields", ",".join(SHARED), "-o", str(bundle))
        _json(walk, node, "present", number, *fields)
        for _ in range(40):
            document = base64.b64encode(bundle.read_bytes()).decode()
            report = httpx2.post(f"{verifier}/v1/checks", json={"document": document}).json()
            if report["verdict"] == "genuine_and_in_force":
                break
        assert report["verdict"] == "genuine_and_in_force", report["checks"]
        page = httpx2.post(verifier, files={"document": ("x.json", bundle.read_bytes())})
        assert "Genuine and in force" in page.text
        shown = _run(walk, comity("check", str(bundle), "--verifier", str(walk.network.verifier)))
        walk.told[f"checked {bundle.name}"] = shown.stdout


def _change_status(walk: Walk, node: Node, verifier: str) -> None:
    number = f"C-{node.body.key}-0"
    told = _json(
        walk, node, "suspend", number, "--reason", "nonconformity", "--until", "2027-03-31",
        "--yes", "--wait",
    )  # fmt: skip
    walk.told[f"suspension of {number}"] = json.dumps(told).encode()
    for path in ("/.well-known/did.json", "/status/1"):
        walk.told[f"{node.body.key} {path}"] = _whole(httpx2.get(node.url + path))


def _stumble(walk: Walk, node: Node, verifier: str) -> None:
    """Walk the error paths with canaries in what is sent; nothing of them may come back."""
    random = Random(f"stumble {node.body.key}")
    lost = Canary.plant(f"{node.body.key} stumble", random)
    walk.undisclosed.append(lost)
    token = _json(walk, node, "token", "new", "--scope", "issue")["token"]
    record = {**_record(walk, node, 99, random), "standard": {"x": lost.text}, lost.text: 1}
    headers = {"authorization": f"Bearer {token}"}
    broken = (record, [lost.text], lost.text, {"certificate_number": lost.text * 9})
    for i, body in enumerate(broken):
        answer = httpx2.post(f"{node.url}/v1/records", json=body, headers=headers)
        assert answer.status_code in (400, 413, 422), answer.text
        walk.told[f"{node.body.key} refusal {i}"] = _whole(answer)
        file = node.folder / "broken.json"
        file.write_text(json.dumps(body, ensure_ascii=False), "utf-8")
        done = _run(walk, comity("issue", str(file), "--json", "--node", str(node.folder)))
        assert done.returncode in (1, 2, 4)
        walk.told[f"{node.body.key} refused command {i}"] = done.stdout + done.stderr
    for server in (node.url, walk.network.verifier_url):  # what no HTTP library would send
        for line in (f"GET /{token} {lost.drawn} HTTP/1.1", f"Authorization {token} {lost.drawn}"):
            _send_raw(server, line)
    walk.undisclosed.append(Canary(f"{node.body.key} second token", token, token))
    bad = json.dumps({"document": {"v": 1, lost.text: lost.text}})
    for body in (bad, bad[:-3], json.dumps({"document": lost.text})):
        # not through the tap: what is sent there is the sender's own
        answer = httpx2.post(
            f"{walk.network.verifier_url}/v1/checks",
            content=body.encode(),
            headers={"content-type": "application/json"},
        )
        assert answer.status_code == 400
        walk.told[f"{node.body.key} verifier refusal {len(walk.told)}"] = _whole(answer)


def _record(walk: Walk, node: Node, row: int, random: Random) -> dict[str, Any]:
    """Return a record whose every text is a canary; remember which of them will be shown."""

    def canary(name: str) -> str:
        planted = Canary.plant(f"{node.body.key}-{row}-{name}", random)
        shown = name in ("holder", "scope", "site-name", "site-address")
        (walk.disclosed if shown and row < CERTIFICATES else walk.undisclosed).append(planted)
        return planted.text

    return {
        "kind": "management_system",
        "certificate_number": f"C-{node.body.key}-{row}",
        "revision": 0,
        "standard": "ISO 9001:2015",
        "holder": {
            "names": {"en": canary("holder"), "zh": canary("holder-zh")},
            "economy": node.body.economy,
            "identifier": {"scheme": "other", "value": canary("identifier")},
            "address": {"en": canary("address")},
        },
        "scope": {"en": canary("scope")},
        "sectors": ["19"],
        "sites": [
            {
                "name": canary("site-name"),
                "economy": node.body.economy,
                "address": canary("site-address"),
            },
            {"name": canary("second-site"), "economy": "MC", "address": canary("second-address")},
        ],
        "accreditation": {"body": canary("accreditation-body"), "number": canary("accreditation")},
        "approval_number": canary("approval"),
        "dates": {"effective": "2026-03-02", "expiry": "2029-03-01", "original": "1987-06-05"},
        "audits": [{"kind": "initial", "date": "2026-02-12"}],
    }


def _whole(answer: httpx2.Response) -> bytes:
    """Return an answer's headers and body."""
    return b"\n".join(b"%s: %s" % pair for pair in answer.headers.raw) + answer.content


def _send_raw(server: str, line: str) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(server).port or 0), 20) as connection:
        connection.sendall(f"GET / HTTP/1.1\r\n{line}\r\n\r\n".encode())
        assert connection.recv(64).startswith(b"HTTP/1.1 400")


def _processes(folder: str) -> dict[str, bytes]:
    """Return arguments and environment of every process of the network (``ps`` shows both)."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            told = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue
        if folder.encode() in told and int(process.name) != os.getpid():
            found[f"process {process.name}"] = told
    return found


def _spill(node: Node, record: dict[str, Any]) -> Path:
    file = node.folder / "record.json"
    file.write_text(json.dumps(record, ensure_ascii=False), "utf-8")
    return file


def _json(walk: Walk, node: Node, *words: str) -> Any:
    return walk.network.command(*words, "--node", str(node.folder), allow=(0, 2))  # 2: warnings


def _run(walk: Walk, words: list[str]) -> subprocess.CompletedProcess[bytes]:
    environment = walk.network.environment
    return subprocess.run(words, capture_output=True, env=environment, check=False)


def _to_chain(walk: Walk, memo: bytes) -> None:
    """Send a transaction that carries ``memo`` as its call data."""
    rpc = f"http://127.0.0.1:{walk.taps['chain'].port}"
    account = Account.from_key(sha256(memo).digest())
    signed = account.sign_transaction(
        {
            "to": account.address,
            "value": 0,
            "nonce": 0,
            "chainId": int(_call(rpc, "eth_chainId"), 16),
            "gas": 100_000,
            "maxFeePerGas": 0,
            "maxPriorityFeePerGas": 0,
            "data": memo,
        }
    )
    _call(rpc, "eth_sendRawTransaction", "0x" + signed.raw_transaction.hex().removeprefix("0x"))


def _call(rpc: str, method: str, *arguments: Any) -> Any:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(arguments)}
    answer = httpx2.post(rpc, json=body).json()
    assert "error" not in answer, answer
    return answer["result"]
