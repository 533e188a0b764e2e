"""A ledger of a certification body, an accreditation body and an authority, on a bare chain."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from contracts.chain import Chain
from contracts.follower import Follower
from contracts.ledgerstore import LedgerStore
from contracts.reader import Ledger
from core.events import (
    Role,
)
from core.issuer import did_of_endpoint
from tests.support.anvil import bare_anvil
from tests.support.jsonrpc import JsonRpc
from tests.support.ledger import MadeLedger, deploy_test_ledger
from tests.support.rpcproxy import RpcProxy, rpc_proxy


@pytest.fixture(scope="module")
def anvil(anvil_program: str) -> Iterator[str]:
    with bare_anvil(anvil_program) as url:
        yield url


@pytest.fixture(scope="module")
def shared(anvil: str) -> Iterator[MadeLedger]:
    """CN is a certification body, DE an accreditation body, BR an authority."""
    roles = {"DE": Role.ACCREDITATION_BODY, "BR": Role.AUTHORITY}
    with deploy_test_ledger(anvil, roles=roles) as ledger:
        yield ledger


@pytest.fixture
def made(shared: MadeLedger, anvil: str) -> Iterator[MadeLedger]:
    """The ledger; what a test does to it is undone afterwards, with its nonces."""
    node = JsonRpc(anvil)
    snapshot = node("evm_snapshot")
    yield shared
    assert node("evm_revert", snapshot)
    for member in shared.members:
        member.operating.forget_nonce()


@pytest.fixture
def store(made: MadeLedger, tmp_path: Path) -> Iterator[LedgerStore]:
    path = tmp_path / "ledger.sqlite3"
    with closing(LedgerStore.open(path, made.origin, did_of_endpoint)) as opened:
        yield opened


@pytest.fixture
def proxy(anvil: str) -> Iterator[RpcProxy]:
    with rpc_proxy(anvil) as running:
        yield running


@pytest.fixture
def lied_to(made: MadeLedger, proxy: RpcProxy, store: LedgerStore) -> Iterator[Follower]:
    """A follower that has followed an honest node, which may begin to lie now."""
    chain = Chain(proxy.url, made.chain.chain_id)
    follower = Follower(Ledger.open(chain, made.ledger.directory), store)
    follower.catch_up()
    yield follower
    chain.close()
