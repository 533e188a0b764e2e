"""A chain, a ledger with three bodies on it, and a node of the first: all real, in one process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.devchain.anvil import locate
from contracts.devchain.supervisor import DevChain
from core.errors import Unavailable
from tests.support.ledger import MadeLedger, deploy_test_ledger
from tests.support.node import RunningNode, make_node


@pytest.fixture(scope="session")
def anvil_program() -> str:
    """The path of the anvil program; without it these tests skip, and under CI that fails."""
    try:
        return str(locate())
    except Unavailable as error:
        pytest.skip(f"{error.message}; {error.hint}")


@pytest.fixture(scope="module")
def chain_url(anvil_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A development chain behind its gateway."""
    with DevChain(tmp_path_factory.mktemp("devchain")) as chain:
        yield chain.rpc_url


@pytest.fixture(scope="module")
def made(chain_url: str) -> Iterator[MadeLedger]:
    """A ledger with three founding bodies."""
    with deploy_test_ledger(chain_url) as ledger:
        yield ledger


@pytest.fixture
def node(made: MadeLedger, tmp_path: Path) -> Iterator[RunningNode]:
    """A node of the first body, with a database of its own."""
    running = make_node(made, tmp_path / "node")
    yield running
    running.close()
