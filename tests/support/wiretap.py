"""A TCP relay that keeps everything that passes, so that a test can read the wire."""

from __future__ import annotations

import socket
import threading
from types import TracebackType
from typing import Self


class Wiretap:
    """Relays loopback connections to a port and records both directions.

    Args:
        port: where the real server listens.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        # servers of ours answer to their own address only, so requests must name it
        self._host = (f"127.0.0.1:{self.port}".encode(), f"127.0.0.1:{port}".encode())
        self._guard = threading.Lock()
        self._seen: list[bytes] = []
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _shut(self._listener)
        with self._guard:
            connections = list(self._open)
        for connection in connections:
            _shut(connection)

    def seen(self) -> bytes:
        """Return everything that has passed, both directions, a line end between pieces."""
        with self._guard:
            return b"\n".join(self._seen)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                return
            with self._guard:
                self._open |= {client, server}
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._relay, args=(source, sink), daemon=True).start()

    def _relay(self, source: socket.socket, sink: socket.socket) -> None:
        passed = []
        try:
            while piece := source.recv(65_536):
                passed.append(piece)
                sink.sendall(piece.replace(*self._host))
        except OSError:
            pass
        finally:
            # joined, so that nothing is missed for lying across two packets
            with self._guard:
                self._seen.append(b"".join(passed))
                self._open -= {source}
            _shut(sink)
            source.close()


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    finally:
        connection.close()
