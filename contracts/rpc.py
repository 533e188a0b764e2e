"""JSON-RPC to one chain node: bounded, in batches, without surprises.

Decides how this project talks to a node: one request or one batch per round trip, a time limit for
the whole answer, a size limit, no redirects, no proxies, no caches. A request is sent a second time
only when a kept connection turns out to be closed, and then only reads and raw transactions, which
a node takes twice without harm. Refuses any other scheme than http and https, and answers that are
not JSON-RPC. The URL may hold credentials: no text made here repeats more of it than host and port.
"""

import base64
import http.client
import ssl
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import SplitResult, unquote, urlsplit

import orjson

from core.errors import LimitError, Unavailable, UsageError
from core.limits import RPC_ANSWER_BYTES, RPC_TIMEOUT
from core.runtime import faults
from core.runtime.steps import Step

_BATCH: Final = 100  # calls in one request; nodes refuse very long ones
_CHUNK: Final = 1 << 18
_SEND: Final = "eth_sendRawTransaction"
_CLOSED: Final = (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError)

Call = tuple[str, Sequence[Any]]


class RpcError(Unavailable):
    """The node understood the request and answered with an error, which may pass: it is busy, it
    lacks that state, it limits what may be asked.

    Args:
        rpc_code: the JSON-RPC error number.
        text: the node's own words, for matching; they name accounts and hashes at most.
        revert: the bytes a contract reverted with, None when the error is no revert.
    """

    def __init__(self, rpc_code: int, text: str, revert: bytes | None = None) -> None:
        super().__init__("rpc_error", f"the chain node answered error {rpc_code}: {text[:200]}")
        self.rpc_code = rpc_code
        self.text = text
        self.revert = revert


class Rpc:
    """A node's JSON-RPC endpoint; safe to share between threads.

    Args:
        url: http or https; credentials in it are sent as basic authorization.
        timeout: seconds for one whole round trip.
        limit: bytes of one answer at most.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        url: str,
        timeout: float = RPC_TIMEOUT,
        limit: int = RPC_ANSWER_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        parts = _parts(url)
        self._secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._secure else 80)
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._headers = {"Content-Type": "application/json", **_authorization(parts)}
        self._timeout = timeout
        self._limit = limit
        self._clock = clock
        self._idle: deque[http.client.HTTPConnection] = deque()

    @property
    def place(self) -> str:
        """Host and port: what may be shown."""
        return f"{self._host}:{self._port}"

    def __repr__(self) -> str:
        return f"Rpc({self.place})"

    def close(self) -> None:
        """Close the kept connections."""
        while self._idle:
            self._idle.pop().close()

    def call(self, method: str, params: Sequence[Any] = ()) -> Any:
        """Return the result of one call.

        Raises:
            RpcError: the node answered with an error.
            Unavailable: it did not answer, or not in JSON-RPC.
            LimitError: the answer is larger than allowed.
        """
        request = {"jsonrpc": "2.0", "id": 0, "method": method, "params": list(params)}
        step = Step.TRANSACTION_SENT if method == _SEND else Step.CHAIN_ASKED
        return _result(self._post(orjson.dumps(request), _repeatable(method), step), 0)

    def call_batch(self, calls: Sequence[Call]) -> list[Any]:
        """Return the results of ``calls`` in their order; the first error among them is raised.

        Raises:
            As :meth:`call`.
        """
        results: list[Any] = []
        for start in range(0, len(calls), _BATCH):
            results += self._batch(calls[start : start + _BATCH])
        return results

    def _batch(self, calls: Sequence[Call]) -> list[Any]:
        requests = [
            {"jsonrpc": "2.0", "id": number, "method": method, "params": list(params)}
            for number, (method, params) in enumerate(calls)
        ]
        repeatable = all(_repeatable(method) for method, _ in calls)
        answers = self._post(orjson.dumps(requests), repeatable, Step.CHAIN_ASKED)
        if isinstance(answers, dict):  # the batch as a whole was refused
            _result(answers, answers.get("id"))
        if not isinstance(answers, list) or len(answers) != len(calls):
            raise _not_rpc()
        by_id = {a["id"]: a for a in answers if isinstance(a, dict) and type(a.get("id")) is int}
        return [_result(by_id.get(number), number) for number in range(len(calls))]

    def _post(self, body: bytes, repeatable: bool, step: Step) -> Any:
        try:
            with faults.at(step):
                return self._deliver(body, repeatable)
        except TimeoutError:
            raise Unavailable(
                "chain_unreachable",
                f"the chain node at {self.place} did not answer within {self._timeout:g} s",
                retry_after=5,
            ) from None
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(
                "chain_unreachable",
                f"the chain node at {self.place} could not be reached ({type(error).__name__})",
                "check that it runs and that the address is right",
                retry_after=5,
            ) from None

    def _deliver(self, body: bytes, repeatable: bool) -> Any:
        kept = self._kept()
        if kept is not None:
            try:
                return self._exchange(kept, body)
            except _CLOSED:
                if not repeatable:
                    raise
        return self._exchange(self._connection(), body)

    def _exchange(self, connection: http.client.HTTPConnection, body: bytes) -> Any:
        deadline = self._clock() + self._timeout
        try:
            connection.request("POST", self._path, body, self._headers)
            response = connection.getresponse()
            raw = self._read(response, connection, deadline)
        except BaseException:
            connection.close()
            raise
        unread = bool(response.length)  # the answer broke off
        response.close()
        if unread or response.will_close:
            connection.close()
        else:
            self._idle.append(connection)
        try:
            return orjson.loads(raw)
        except ValueError:
            raise Unavailable(
                "chain_answer",
                f"the chain node at {self.place} answered HTTP {response.status} without JSON",
            ) from None

    def _read(
        self,
        response: http.client.HTTPResponse,
        connection: http.client.HTTPConnection,
        deadline: float,
    ) -> bytes:
        chunks: list[bytes] = []
        size = 0
        while chunk := response.read1(_CHUNK):
            chunks.append(chunk)
            size += len(chunk)
            if size > self._limit:
                raise LimitError(
                    "chain_answer_size",
                    f"an answer of the chain node: expected at most {self._limit} bytes",
                )
            left = deadline - self._clock()
            if left <= 0:
                raise TimeoutError
            if connection.sock is not None:
                connection.sock.settimeout(left)
        if connection.sock is not None:
            connection.sock.settimeout(self._timeout)
        return b"".join(chunks)

    def _kept(self) -> http.client.HTTPConnection | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _connection(self) -> http.client.HTTPConnection:
        if self._secure:
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(
                self._host, self._port, timeout=self._timeout, context=context
            )
        return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(
            "rpc_url",
            "chain node: expected an http:// or https:// URL",
            "for example http://localhost:8545",
        )
    return parts


def _authorization(parts: SplitResult) -> dict[str, str]:
    if parts.username is None:
        return {}
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode("ascii")}


def _repeatable(method: str) -> bool:
    return method.startswith("eth_")


def _not_rpc() -> Unavailable:
    return Unavailable("chain_answer", "the chain node's answer is not JSON-RPC")


def _result(answer: Any, number: Any) -> Any:
    if not isinstance(answer, dict):
        raise _not_rpc()
    error = answer.get("error")
    if isinstance(error, dict):
        code, text = error.get("code"), error.get("message")
        raise RpcError(
            code if type(code) is int else 0,
            text if isinstance(text, str) else "",
            _revert_bytes(error.get("data"), text),
        )
    if answer.get("id") != number or "result" not in answer:
        raise _not_rpc()
    return answer["result"]


def _revert_bytes(value: Any, text: Any) -> bytes | None:
    if isinstance(value, dict):  # some nodes nest it
        value = value.get("data", value.get("result"))
    if isinstance(value, str) and value.startswith("0x"):
        try:
            return bytes.fromhex(value[2:])
        except ValueError:
            return None
    return b"" if isinstance(text, str) and "revert" in text.lower() else None
