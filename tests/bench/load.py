"""A small HTTP client for load: connections that are kept, and others that never finish."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from time import perf_counter

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)


def post(port: int, path: str, body: bytes) -> bytes:
    """Return the bytes of a POST of JSON."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def ask(port: int, request: bytes, *, seconds: float, connections: int) -> list[float]:
    """Send one request again and again over some connections; return how long each took."""
    taken: list[float] = []
    ends = perf_counter() + seconds
    await asyncio.gather(*(_ask(port, request, ends, taken) for _ in range(connections)))
    return taken


async def _ask(port: int, request: bytes, ends: float, taken: list[float]) -> None:
    while perf_counter() < ends:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with suppress(asyncio.IncompleteReadError, ConnectionError):  # kept only so long
            while perf_counter() < ends:
                begun = perf_counter()
                writer.write(request)
                head = await reader.readuntil(b"\r\n\r\n")
                length = _LENGTH.search(head)
                assert length is not None
                assert head.startswith(b"HTTP/1.1 200"), head[:60]
                await reader.readexactly(int(length[1]))
                taken.append(perf_counter() - begun)
        writer.close()


@asynccontextmanager
async def slow_clients(port: int, request: bytes, count: int) -> AsyncIterator[None]:
    """Hold connections of which half say nothing more, and half a byte a second."""
    opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(count)]
    writers = [writer for _, writer in opened]
    for writer in writers:
        writer.write(request[:80])
    drip = asyncio.create_task(_drip(writers[::2], request))
    try:
        yield
    finally:
        drip.cancel()
        for writer in writers:
            writer.close()


async def _drip(writers: list[asyncio.StreamWriter], request: bytes) -> None:
    for place in range(80, len(request)):
        await asyncio.sleep(1)
        for writer in writers:
            if not writer.is_closing():  # else the server has given it up
                writer.write(request[place : place + 1])
