"""A verifier as it runs: its own process, real HTTP, a ledger state on disk."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.running import RunningVerifier, running_verifier


@pytest.fixture(scope="module")
def verifier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningVerifier]:
    with running_verifier(tmp_path_factory.mktemp("verifier")) as running:
        yield running
