"""The worker class of our web processes: a request gets a thread when it has arrived, not before.

gunicorn's own ``gthread`` gives every connection a thread from its first byte on, so a few clients
that send slowly, or not at all, leave none for the others. Here the one loop that accepts also
reads: headers, and the body up to what any request but a register may have. Decides when enough is
there, what a connection may take in time and memory, and who goes first when memory runs out: the
connection that has been arriving longest. What a request *means* is decided by gunicorn's parser
alone, over the same bytes. A proxy that buffers makes all this idle, and remains the better answer
to thousands of such clients.
"""

import re
import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

from gunicorn.workers.gthread import ThreadWorker

from core import limits

ARRIVAL_SECONDS: Final = 30.0  # a request that has not arrived by then is given up
MEMORY_BYTES: Final = 64 * 1024 * 1024  # of requests that arrive or wait, in one process
_STOPPING_SECONDS: Final = 2.0  # for one that is arriving while the process stops
_LEAVING_SECONDS: Final = 2.0  # for a client to take its answer and go
_LEAVING_BYTES: Final = 64 * 1024  # that it may still send meanwhile
_HEAD_BYTES: Final = 64 * 1024  # more than gunicorn takes: it then refuses
_CHUNK_LINE: Final = 256  # longest line that begins a chunk
_READ_BYTES: Final = 64 * 1024
_HEAD_END: Final = b"\r\n\r\n"
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,12})[ \t]*\r\n", re.IGNORECASE)
_CHUNKED: Final = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
_SIZE: Final = re.compile(rb"[0-9a-fA-F]+[ \t]*")
_EXPECT: Final = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*(?=\r\n)", re.IGNORECASE)
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_TOO_SLOW: Final = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Arrival:
    """What has come so far of one request, and whether it is enough to spend a thread on.

    That is so once the whole request is there; or its head, where the body that is announced is
    longer than any but an upload: those are refused, or read for a caller who has shown a token.
    """

    __slots__ = (
        "_at", "_body_at", "_bytes", "_wanted",
        "asks_to_go_on", "deadline", "is_enough", "is_whole", "size",
    )  # fmt: skip

    def __init__(self, start: bytes, deadline: float) -> None:
        self.deadline = deadline
        self.asks_to_go_on = False
        self.is_enough = False
        self.is_whole = False
        self.size = 0
        self._bytes = bytearray(start)
        self._body_at = 0  # where the body begins; 0 until the head is there
        self._at = 0  # where its next chunk begins
        self._wanted = 0  # bytes of the whole; 0 for a body in chunks
        self._look()

    def add(self, piece: bytes) -> None:
        """Take in what was read."""
        self._bytes += piece
        self._look()

    def take(self) -> bytes:
        """Hand everything over, to be read by gunicorn's parser; only the size is kept."""
        taken = bytes(self._bytes)
        self._bytes.clear()
        return taken

    def _look(self) -> None:
        found = bool(self._body_at) or self._find_body()
        self.size = len(self._bytes)
        if not found:
            self.is_enough = len(self._bytes) > _HEAD_BYTES  # gunicorn refuses it
            return
        body = (self._wanted or len(self._bytes)) - self._body_at
        self.is_whole = len(self._bytes) >= self._wanted if self._wanted else self._chunks_end()
        self.is_enough = self.is_whole or body > limits.REQUEST_BYTES

    def _find_body(self) -> bool:
        at = self._bytes.find(_HEAD_END)
        if at < 0:
            return False
        head = bytes(self._bytes[: at + len(_HEAD_END)])
        without = _EXPECT.sub(b"", head, count=1)
        if len(without) < len(head):  # answered from here, so it is not asked again
            self._bytes[: len(head)] = without
            self.asks_to_go_on = True
        self._body_at = self._at = len(without)
        if not _CHUNKED.search(without):
            length = _LENGTH.search(without)
            self._wanted = self._body_at + (int(length[1]) if length else 0)
        return True

    def _chunks_end(self) -> bool:
        """Return whether the last chunk is there, or something that is no chunk."""
        while (line_end := self._bytes.find(b"\r\n", self._at, self._at + _CHUNK_LINE)) >= 0:
            written = self._bytes[self._at : line_end].partition(b";")[0]
            if not _SIZE.fullmatch(written):  # a size below zero would lead back to itself
                return True
            size = int(written, 16)
            if not size:
                return self._bytes.find(_HEAD_END, line_end) >= 0
            following = line_end + size + 4
            if following > len(self._bytes):
                return False
            self._at = following
        return len(self._bytes) - self._at >= _CHUNK_LINE


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's threaded worker, which waits for requests without spending threads on it."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._arriving: dict[Any, Arrival] = {}  # by connection, the oldest first
        self._arrived: dict[Any, Arrival] = {}
        self._leaving: dict[Any, float] = {}  # by connection, until when
        self._held = 0

    def enqueue_req(self, conn: Any) -> None:
        """Wait for the next request of a connection: a new one, or one that was kept alive."""
        begun = conn.parser.unreader.take_buffered() if conn.parser is not None else b""
        conn.sock.setblocking(False)
        with suppress(OSError):  # it may be gone already
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._arriving[conn] = arrival = Arrival(begun, time.monotonic() + ARRIVAL_SECONDS)
        self._held += arrival.size
        self.poller.register(conn.sock, selectors.EVENT_READ, lambda _sock: self._read(conn))
        self._read(conn)  # what is there already needs no turn of the loop

    def handle(self, conn: Any) -> Any:
        """Serve a request that has arrived; in one of the threads."""
        conn.data_ready = True
        conn.init()
        conn.parser.unreader.unread(self._arrived[conn].take())
        return super().handle(conn)

    def _keepalive_after(self, conn: Any, keepalive: bool) -> bool:
        """Let go of a connection whose body had not arrived, rather than wait for the rest."""
        return self._arrived[conn].is_whole and super()._keepalive_after(conn, keepalive)

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Keep the connection, or see the client off; the loop never waits for it."""
        self._held -= self._arrived.pop(conn).size
        if fs.cancelled() or fs.exception() is not None or fs.result():
            super().finish_request(conn, fs)
            return
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._close(conn)
            return
        self._leaving[conn] = time.monotonic() + _LEAVING_SECONDS
        left = iter(range(_LEAVING_BYTES // _READ_BYTES + 1))
        self.poller.register(conn.sock, selectors.EVENT_READ, lambda _: self._see_off(conn, left))

    def murder_pending(self) -> None:
        """Give up requests whose time is over; it is short once we have to stop."""
        super().murder_pending()
        now = time.monotonic()
        for conn, arrival in list(self._arriving.items()):
            if not self.alive:
                arrival.deadline = min(arrival.deadline, now + _STOPPING_SECONDS)
            if arrival.deadline <= now:
                self._give_up(conn)
        for conn, until in list(self._leaving.items()):
            if until <= now:
                self._gone(conn)

    def _read(self, conn: Any) -> None:
        arrival = self._arriving.get(conn)
        if arrival is None:  # given up while this event waited for its turn
            return
        before = arrival.size
        try:
            if not arrival.is_enough:
                piece = conn.sock.recv(_READ_BYTES)
                if not piece:
                    raise ConnectionError  # the client has gone
                arrival.add(piece)
                self._held += arrival.size - before
            if arrival.asks_to_go_on:
                arrival.asks_to_go_on = False
                conn.sock.send(_CONTINUE)
        except BlockingIOError:
            return
        except OSError:
            self._end(conn)
            return
        if arrival.is_enough:
            self._arrived[conn] = self._arriving.pop(conn)
            self.poller.unregister(conn.sock)
            super().enqueue_req(conn)
        while self._held > MEMORY_BYTES and self._arriving:
            self._give_up(next(iter(self._arriving)))

    def _give_up(self, conn: Any) -> None:
        if self._arriving[conn].size:
            with suppress(OSError):  # nobody is there to be told
                conn.sock.send(_TOO_SLOW)
        self._end(conn)

    def _end(self, conn: Any) -> None:
        self._held -= self._arriving.pop(conn).size
        self.poller.unregister(conn.sock)
        self._close(conn)

    def _see_off(self, conn: Any, left: Iterator[int]) -> None:
        if conn not in self._leaving:
            return
        try:
            if conn.sock.recv(_READ_BYTES) and next(left, None) is not None:
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self._gone(conn)

    def _gone(self, conn: Any) -> None:
        del self._leaving[conn]
        self.poller.unregister(conn.sock)
        self._close(conn)

    def _close(self, conn: Any) -> None:
        self.nr_conns -= 1
        conn.close()
