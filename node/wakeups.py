"""Telling the worker that something waits, through Redis: it then need not be looked for.

Decides that a wake-up is worth nothing more than time. It says that there is work, not which; the
work is in the database, where the worker finds it without any wake-up when it looks next. So a
server that is slow, full, read-only, emptied or gone costs a caller a fifth of a second at most,
and after that nothing for a while.
"""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol

import redis

from core.runtime import volatile
from core.runtime.logs import describe_exception, logger

_REST_SECONDS: Final = 10.0  # after a failure, before it is tried again
_KEPT_SECONDS: Final = 60  # a wake-up that nobody waited for
_BLOCK_SECONDS: Final = 20  # of one blocking read; the server ends it
_LOOK_SECONDS: Final = 0.25  # how soon a waiting worker notices that it has to stop


class Stop(Protocol):
    """What ends the worker."""

    def is_set(self) -> bool: ...


def key_of(endpoint: str) -> str:
    """Return the name under which a node's wake-ups lie in Redis; nodes may share a server."""
    return f"comity:wake:{hashlib.sha256(endpoint.encode()).hexdigest()[:32]}"


def require_no_eviction(setting: str) -> None:
    """Refuse a Redis that throws away what it was given.

    Raises:
        UsageError: it does, or its URL is not understood.
    """
    volatile.require_no_eviction(redis, setting)


class Bell:
    """Rings for the worker of one node. Threads may share it; ringing never fails.

    Args:
        url: of Redis; empty where there is none.
        endpoint: the node's.
    """

    def __init__(self, url: str, endpoint: str) -> None:
        self._key = key_of(endpoint)
        self._client: Any = None
        if url:
            self._client = redis.Redis.from_url(url, **volatile.CLIENT_OPTIONS)
        self._rests_until = 0.0

    def ring(self) -> None:
        """Tell the worker that something waits."""
        if self._client is None or time.monotonic() < self._rests_until:
            return
        try:
            with self._client.pipeline() as together:
                together.lpush(self._key, 1).ltrim(self._key, 0, 0)
                together.expire(self._key, _KEPT_SECONDS).execute()
        except redis.RedisError as error:
            self._rests_until = time.monotonic() + _REST_SECONDS
            logger("wakeups").warning("wakeup_not_told", **describe_exception(error))

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()


class Waiting:
    """How the worker waits: for a time, or until the bell rings."""

    def __init__(self) -> None:
        self._rung = threading.Event()

    def rung(self) -> None:
        """Note that the bell rang."""
        self._rung.set()

    def wait(self, stop: Stop, seconds: float) -> None:
        """Return once the bell has rung, ``stop`` is set, or the time is over."""
        until = time.monotonic() + seconds
        while not stop.is_set() and (left := until - time.monotonic()) > 0:
            if self._rung.wait(min(_LOOK_SECONDS, left)):
                break
        self._rung.clear()


@contextmanager
def listening(url: str, endpoint: str) -> Iterator[Waiting]:
    """Yield the worker's way of waiting; without Redis nothing ever rings."""
    waiting = Waiting()
    if not url:
        yield waiting
        return
    # Its own client, more patient than the server lets a blocking read last: it ends by itself,
    # and a server that is cut off is noticed all the same.
    options = {**volatile.CLIENT_OPTIONS, "socket_timeout": _BLOCK_SECONDS + 10}
    client = redis.Redis.from_url(url, **options)
    ended = threading.Event()
    listener = threading.Thread(
        target=_listen, args=(client, key_of(endpoint), waiting.rung, ended), daemon=True
    )
    listener.start()
    try:
        yield waiting
    finally:
        ended.set()
        client.close()


def _listen(client: Any, key: str, rung: Callable[[], None], ended: threading.Event) -> None:
    """Ring as often as the server says so; a thread of its own, so the worker never hangs on it."""
    told = False
    while not ended.is_set():
        try:
            if client.blpop([key], timeout=_BLOCK_SECONDS) is not None:
                rung()
            told = False
        except Exception as error:  # anything, once the client is closed under it
            if ended.is_set():
                return
            if not told:
                logger("wakeups").warning("wakeups_not_heard", **describe_exception(error))
            told = True
            ended.wait(1.0)
