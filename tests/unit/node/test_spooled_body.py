"""A register on its way in, and a disk that has no room for it."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from flask import Request

from core import limits
from core.errors import Unavailable
from node.web.requests import spooled_body


def request(size: int) -> Request:
    length = str(size)
    return Request({"wsgi.input": BytesIO(b"x" * size), "CONTENT_LENGTH": length})


@pytest.fixture
def small_disk() -> Iterator[int]:
    """Let no file of this process grow above a size, as a full disk would."""
    size = 2 * limits.REQUEST_BYTES
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, former[1]))
    yield size
    resource.setrlimit(resource.RLIMIT_FSIZE, former)
    signal.signal(signal.SIGXFSZ, handler)


def test_a_body_is_kept_without_a_name(tmp_path: Path, small_disk: int) -> None:
    with spooled_body(request(small_disk), tmp_path, limits.REGISTER_BYTES) as file:
        assert list(tmp_path.iterdir()) == []
        assert len(file.read()) == small_disk


def test_a_full_disk_is_told_and_may_pass(tmp_path: Path, small_disk: int) -> None:
    with (
        pytest.raises(Unavailable) as refused,
        spooled_body(request(small_disk + 1), tmp_path, limits.REGISTER_BYTES),
    ):
        raise AssertionError("not reached")
    assert refused.value.code == "disk_full"
    assert refused.value.retry_after == 60
