"""A JSON-RPC client of a few lines, so that chain tests depend on nothing under test."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit


class JsonRpc:
    """Calls one gateway, with a connection per request."""

    def __init__(self, url: str) -> None:
        self.address = urlsplit(url).netloc

    def post(self, body: bytes, **headers: str) -> tuple[int, bytes]:
        """Send a body as it is; return status and body of the answer."""
        connection = http.client.HTTPConnection(self.address, timeout=30)
        try:
            named = {key.replace("_", "-"): value for key, value in headers.items()}
            connection.request("POST", "/", body, {"Content-Type": "application/json"} | named)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def answer(self, method: str, *parameters: object) -> dict[str, Any]:
        """Return the whole answer, result or error."""
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
        _, body = self.post(json.dumps(request).encode())
        document: dict[str, Any] = json.loads(body)
        assert document["id"] == 1
        return document

    def __call__(self, method: str, *parameters: object) -> Any:
        """Return the result; an error fails the test."""
        document = self.answer(method, *parameters)
        assert "error" not in document, document
        return document["result"]

    def head(self) -> dict[str, Any]:
        """Return the newest block."""
        block: dict[str, Any] = self("eth_getBlockByNumber", "latest", False)
        return block

    def receipt(self, transaction: str, seconds: float = 5.0) -> dict[str, Any]:
        """Return a receipt as soon as there is one."""
        receipt: dict[str, Any] = wait_for(
            lambda: self("eth_getTransactionReceipt", transaction), seconds
        )
        return receipt


def wait_for(question: Callable[[], Any], seconds: float) -> Any:
    """Return the first answer that is true; none in time fails the test."""
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
    return answer
