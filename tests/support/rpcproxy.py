"""A chain node that lies, fails or delays as a test tells it to: a proxy before a real one."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.jsonrpc import JsonRpc

Tamper = Callable[[str, list[Any], Any], Any]


def honest(_method: str, _params: list[Any], result: Any) -> Any:
    """Change nothing."""
    return result


class Fault(Exception):
    """Raised by a ``tamper``: the client gets this JSON-RPC error instead of a result."""


class RpcProxy:
    """Where a test says what goes wrong.

    Attributes:
        tamper: gets method, parameters and the node's result, returns what the client shall get.
        raw: when set, the whole body of every answer.
        drop_replies: deliver requests, then close the connection without a word.
        loses: gets the methods of a delivered request; whether its answer is lost as well.
        swallows: gets the methods of a request; whether it is answered and never delivered.
        is_down: close every connection without delivering anything.
        requests: methods that arrived, in order.
    """

    def __init__(self, node: str, url: str) -> None:
        self.url = url
        self.tamper: Tamper = honest
        self.raw: bytes | None = None
        self.drop_replies = False
        self.loses: Callable[[list[str]], bool] = lambda _methods: False
        self.swallows: Callable[[list[str]], bool] = lambda _methods: False
        self.is_down = False
        self.requests: list[str] = []
        self.headers: dict[str, str] = {}
        self._node = JsonRpc(node)

    def answer(self, body: bytes) -> bytes:
        """Return the answer to one HTTP body."""
        asked = json.loads(body)
        status, raw = self._node.post(body)
        assert status == 200
        if self.raw is not None:
            return self.raw
        answers = json.loads(raw)
        pairs = zip(asked, answers, strict=True) if isinstance(asked, list) else [(asked, answers)]
        for request, answer in pairs:
            self.requests.append(request["method"])
            if "result" not in answer:
                continue
            try:
                answer["result"] = self.tamper(
                    request["method"], request["params"], answer["result"]
                )
            except Fault as fault:
                del answer["result"]
                answer["error"] = {"code": -32005, "message": str(fault)}
        return json.dumps(answers).encode()


@contextmanager
def rpc_proxy(node: str) -> Iterator[RpcProxy]:
    """Run a proxy before the node at this URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            proxy.headers = dict(self.headers)
            if proxy.is_down:
                self.close_connection = True
                return
            asked = json.loads(body)
            methods = [each["method"] for each in (asked if isinstance(asked, list) else [asked])]
            if proxy.swallows(methods):
                taken = {"jsonrpc": "2.0", "id": asked["id"], "result": "0x" + 32 * "00"}
                answer = json.dumps(taken).encode()
            else:
                answer = proxy.answer(body)
            if proxy.drop_replies or proxy.loses(methods):
                self.close_connection = True
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        proxy = RpcProxy(node, f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()
