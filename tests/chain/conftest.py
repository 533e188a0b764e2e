"""A development chain for each module of tests. Without anvil they skip; under CI that fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.devchain.anvil import locate
from contracts.devchain.supervisor import DevChain
from core.errors import Unavailable


@pytest.fixture(scope="session")
def anvil_program() -> str:
    """The path of the anvil program."""
    try:
        return str(locate())
    except Unavailable as error:
        pytest.skip(f"{error.message}; {error.hint}")


@pytest.fixture
def folder(tmp_path: Path, anvil_program: str) -> Path:
    return tmp_path / "chain"


@pytest.fixture(scope="module")
def devchain(anvil_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevChain]:
    """A running chain with its gateway at ``.rpc_url``.

    Its block time may run far ahead of the clock, a second a block, so that tests which wait for
    each of many transactions need not wait for the clock as well.
    """
    with DevChain(tmp_path_factory.mktemp("devchain"), lead=3600) as chain:
        yield chain
