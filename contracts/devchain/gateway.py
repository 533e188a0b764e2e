"""The chain's only door: JSON-RPC over HTTP, on the loopback interface.

Decides which methods exist: those of ``METHODS`` and no other. Raw transactions go to the miner;
everything else on the list reads, and goes to anvil as we wrote it down ourselves, so that no two
parsers can disagree about what was asked. Refused: other methods (-32601), whatever is no JSON-RPC
2.0 request with an id, bodies and batches above the limits, requests a web page could make (wrong
content type, foreign Host). While the chain is being restored: HTTP 503 with a JSON-RPC error.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import orjson

from contracts.devchain.anvil import RpcError
from contracts.devchain.miner import Miner
from core.errors import Unavailable

_log = logging.getLogger(__name__)

MAX_BODY: Final = 4 * 1024 * 1024
MAX_BATCH: Final = 1000
MAX_RAW_TRANSACTION: Final = 1024 * 1024
MAX_CONNECTIONS: Final = 256
IDLE_SECONDS: Final = 60.0

SEND: Final = "eth_sendRawTransaction"
# Fees are zero here. anvil would propose one, and then refuse it for want of funds.
CONSTANTS: Final = {"eth_maxPriorityFeePerGas": "0x0"}
METHODS: Final = frozenset(
    {
        SEND,
        *CONSTANTS,
        "eth_blockNumber",
        "eth_call",
        "eth_chainId",
        "eth_createAccessList",
        "eth_estimateGas",
        "eth_feeHistory",
        "eth_gasPrice",
        "eth_getBalance",
        "eth_getBlockByHash",
        "eth_getBlockByNumber",
        "eth_getBlockReceipts",
        "eth_getBlockTransactionCountByHash",
        "eth_getBlockTransactionCountByNumber",
        "eth_getCode",
        "eth_getLogs",
        "eth_getProof",
        "eth_getStorageAt",
        "eth_getTransactionByBlockHashAndIndex",
        "eth_getTransactionByBlockNumberAndIndex",
        "eth_getTransactionByHash",
        "eth_getTransactionCount",
        "eth_getTransactionReceipt",
        "eth_syncing",
        "net_version",
        "web3_clientVersion",
    }
)

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMETERS: Final = -32602
RESOURCE_UNAVAILABLE: Final = -32002


class Rpc:
    """Answers JSON-RPC documents; knows nothing of HTTP."""

    def __init__(self, miner: Miner) -> None:
        self._miner = miner

    def answer(self, body: bytes) -> tuple[int, bytes]:
        """Return the HTTP status and the JSON document that answer a request body."""
        try:
            document = orjson.loads(body)  # has a limit on depth; json leaves that to the stack
        except orjson.JSONDecodeError:
            return 400, _encode(_failure(None, RpcError(PARSE_ERROR, "not JSON")))
        try:
            if isinstance(document, list):
                return 200, self._batch(document)
            return 200, self._single(document)
        except Unavailable as error:
            request_id = _id_of(document)
            refusal = RpcError(RESOURCE_UNAVAILABLE, error.message)
            return 503, _encode(_failure(request_id, refusal))

    def _batch(self, documents: list[Any]) -> bytes:
        if not 0 < len(documents) <= MAX_BATCH:
            refusal = RpcError(INVALID_REQUEST, f"a batch holds 1 to {MAX_BATCH} requests")
            return _encode(_failure(None, refusal))
        return b"[" + b",".join([self._single(each) for each in documents]) + b"]"

    def _single(self, document: Any) -> bytes:
        try:
            method, parameters = _checked(document)
            if method == SEND:
                return _encode(_success(document["id"], self._send(parameters)))
            if method in CONSTANTS:
                return _encode(_success(document["id"], CONSTANTS[method]))
            forwarded = {
                "jsonrpc": "2.0",
                "id": document["id"],
                "method": method,
                "params": parameters,
            }
            return self._miner.anvil().exchange(_encode(forwarded)).rstrip(b"\n")
        except orjson.JSONEncodeError:  # parameters deeper than any method's
            return _encode(_failure(_id_of(document), RpcError(INVALID_REQUEST, "too deep")))
        except RpcError as error:
            return _encode(_failure(_id_of(document), error))

    def _send(self, parameters: list[Any]) -> str:
        match parameters:
            case [str(text)] if text[:2] == "0x" and len(text) <= 2 + 2 * MAX_RAW_TRANSACTION:
                try:
                    return self._miner.accept(bytes.fromhex(text[2:]))
                except ValueError:
                    pass
        raise RpcError(INVALID_PARAMETERS, "expected one signed transaction in hexadecimal")


def _checked(document: Any) -> tuple[str, list[Any]]:
    """Return method and parameters of a request that may be answered."""
    if not isinstance(document, dict) or document.get("jsonrpc") != "2.0":
        raise RpcError(INVALID_REQUEST, "not a JSON-RPC 2.0 request")
    if not document.keys() <= {"jsonrpc", "id", "method", "params"} or not _has_id(document):
        raise RpcError(INVALID_REQUEST, "a request has jsonrpc, id, method and params")
    method, parameters = document.get("method"), document.get("params", [])
    if not isinstance(method, str) or not isinstance(parameters, list):
        raise RpcError(INVALID_REQUEST, "method is a string and params a list")
    if method not in METHODS:
        raise RpcError(METHOD_NOT_FOUND, "this chain does not offer that method")
    return method, parameters


def _has_id(document: dict[str, Any]) -> bool:
    request_id = document.get("id")
    if isinstance(request_id, str):
        return len(request_id) <= 100
    if isinstance(request_id, bool) or not isinstance(request_id, int):
        return False
    return 0 <= request_id < 2**63


def _id_of(document: Any) -> object:
    return document["id"] if isinstance(document, dict) and _has_id(document) else None


def _success(request_id: object, result: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": request_id, "result": result}


def _failure(request_id: object, error: RpcError) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": request_id, "error": error.dump()}


def _encode(document: object) -> bytes:
    return orjson.dumps(document)


class _Handler(BaseHTTPRequestHandler):
    """One connection: ``POST /`` with a JSON body, as often as the client likes."""

    protocol_version = "HTTP/1.1"
    server_version = "comity-chain"
    sys_version = ""
    timeout = IDLE_SECONDS
    wbufsize = -1  # headers and body leave in one packet
    disable_nagle_algorithm = True
    server: Gateway

    def do_POST(self) -> None:
        """Answer one JSON-RPC document."""
        refusal = self._refusal()
        if refusal is not None:
            self.close_connection = True  # what else it sends has not been read
            self._reply(*refusal)
            return
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._reply(*self.server.answer(body))

    def _refusal(self) -> tuple[int, bytes] | None:
        if self.path != "/":
            return 404, b'{"error":"there is only /"}'
        if not self.server.is_own_host(self.headers.get("Host", "")):
            return 403, b'{"error":"this host name is not ours"}'
        if self.headers.get_content_type() != "application/json":
            return 415, b'{"error":"send application/json"}'
        length = self.headers.get("Content-Length", "")
        if self.headers.get("Transfer-Encoding") or not (length.isascii() and length.isdigit()):
            return 411, b'{"error":"send a Content-Length"}'
        if len(length) > 12 or int(length) > MAX_BODY:
            return 413, b'{"error":"the body is too large"}'
        return None

    def _reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if status == 503:
            self.send_header("Retry-After", "1")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (inherited name)
        """Keep requests out of the log."""


class Gateway(ThreadingHTTPServer):
    """The listening server. Bound once created; serves once started."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self, answer: Callable[[bytes], tuple[int, bytes]], port: int, host: str = "127.0.0.1"
    ) -> None:
        super().__init__((host, port), _Handler)
        self.answer = answer
        self._places = threading.BoundedSemaphore(MAX_CONNECTIONS)
        self._open: set[socket.socket] = set()
        self._open_guard = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"http://{self.server_address[0]!s}:{self.server_address[1]}"

    def is_own_host(self, host: str) -> bool:
        """Whether a Host header names this server; a page of a rebound name would send its own."""
        name, _, port = host.rpartition(":")
        return name in ("127.0.0.1", "localhost") and port == str(self.server_address[1])

    def start(self) -> None:
        """Serve in a thread of its own."""
        self._thread = threading.Thread(
            target=self.serve_forever, args=(0.05,), name="gateway", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and close what is open."""
        if self._thread is not None:
            self.shutdown()
            self._thread.join()
        self.server_close()
        with self._open_guard:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue

    def process_request(self, request: Any, client_address: Any) -> None:
        """Give the connection a thread, unless there are too many."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        with self._open_guard:
            self._open.add(request)
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._forget(request)
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection to its end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._forget(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """Say that a connection ended badly, and not what was in it."""
        _log.debug("a connection ended badly", exc_info=True)

    def _forget(self, request: Any) -> None:
        with self._open_guard:
            self._open.discard(request)
        self._places.release()
