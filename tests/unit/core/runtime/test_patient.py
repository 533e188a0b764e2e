"""When a request has arrived: for every way of cutting it, exactly with its last byte."""

from __future__ import annotations

import pytest

from core import limits
from core.runtime.patient import Arrival

HEAD = b"POST /v1/checks HTTP/1.1\r\nHost: localhost\r\n"
CHUNKS = b"Transfer-Encoding: chunked\r\n\r\n"
WHOLE = {
    "no body": HEAD + b"\r\n",
    "length": HEAD + b"Content-Length: 5\r\n\r\nab\r\n\r",
    "length of nothing": HEAD + b"Content-Length: 0\r\n\r\n",
    "lower case": HEAD.lower() + b"content-length:5\r\nAccept: */*\r\n\r\nabcde",
    "chunks": HEAD + CHUNKS + b"5\r\nab\r\n\r\r\n1;x=y\r\nz\r\n0\r\n\r\n",
    "chunks that look ended": HEAD + CHUNKS + b"a\r\n0\r\n\r\n\r\n\r\nx\r\n0\r\n\r\n",
    "trailers": HEAD + CHUNKS + b"1\r\nz\r\n0\r\nX-Sum: 1\r\n\r\n",
}


@pytest.mark.parametrize("raw", WHOLE.values(), ids=WHOLE)
def test_a_request_is_there_with_its_last_byte_and_not_before(raw: bytes) -> None:
    for cut in range(len(raw)):
        arrival = Arrival(raw[:cut], deadline=0)
        assert not arrival.is_enough
        arrival.add(raw[cut:])
        assert arrival.is_enough
        assert arrival.is_whole
        assert arrival.take() == raw


@pytest.mark.parametrize("raw", WHOLE.values(), ids=WHOLE)
def test_byte_by_byte(raw: bytes) -> None:
    arrival = Arrival(b"", deadline=0)
    for at in range(len(raw)):
        assert not arrival.is_enough
        arrival.add(raw[at : at + 1])
    assert arrival.is_whole
    assert arrival.size == len(raw)


@pytest.mark.parametrize("size", [b"-6", b"-3", b"-ffff", b"+5", b"1_0", b"0x5", b""])
def test_a_chunk_that_is_none_ends_the_waiting(size: bytes) -> None:
    arrival = Arrival(HEAD + CHUNKS + size + b"\r\n", deadline=0)
    assert arrival.is_enough  # gunicorn's parser refuses it


def test_what_follows_goes_along() -> None:
    arrival = Arrival(WHOLE["length"] + b"GET", deadline=0)
    assert arrival.is_whole
    assert arrival.take().endswith(b"GET")


def test_who_waits_to_be_asked_is_asked_once() -> None:
    arrival = Arrival(HEAD + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n", deadline=0)
    assert arrival.asks_to_go_on
    assert not arrival.is_enough
    arrival.add(b"ab")
    assert arrival.is_whole
    assert arrival.take() == HEAD + b"Content-Length: 2\r\n\r\nab"


def test_an_upload_is_handed_over_with_its_head() -> None:
    most = limits.REQUEST_BYTES
    fits = Arrival(HEAD + b"Content-Length: %d\r\n\r\n" % most, deadline=0)
    assert not fits.is_enough
    larger = Arrival(HEAD + b"Content-Length: %d\r\n\r\n" % (most + 1), deadline=0)
    assert larger.is_enough
    assert not larger.is_whole


def test_chunks_without_end_are_handed_over() -> None:
    arrival = Arrival(HEAD + CHUNKS, deadline=0)
    while not arrival.is_enough:
        arrival.add(b"10000\r\n" + bytes(65_536) + b"\r\n")
        assert arrival.size < limits.REQUEST_BYTES + 200_000
    assert not arrival.is_whole


@pytest.mark.parametrize("rest", [b"G" * 70_000, HEAD + b"X: " + b"y" * 70_000])
def test_a_head_without_end_is_handed_over_to_be_refused(rest: bytes) -> None:
    assert Arrival(rest, deadline=0).is_enough


@pytest.mark.parametrize("line", [b"xyz\r\n", b"\r\n", b"-\r\n", b"1" * 300])
def test_what_is_no_chunk_is_handed_over_to_be_refused(line: bytes) -> None:
    assert Arrival(HEAD + CHUNKS + line, deadline=0).is_enough
