"""The desk: what two writers at once come to, on a database that lets both in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from node import desk as desk_module
from node.config import NodeConfig
from node.declare import Declaration, declare
from node.desk import Desk, LedgerView
from node.lifecycle import Change
from node.membership import Membership
from node.places import NodePlaces
from tests.unit.node.conftest import UnitNode
from tests.unit.node.orders import order_for, rows_of


class OpenDesk(Desk):
    """A desk over a node in memory."""

    def __init__(self, node: UnitNode, folder: Path) -> None:
        config = NodeConfig(endpoint=node.body.endpoint)
        super().__init__(config, NodePlaces(folder), node.store, lambda: node.now, node.random)
        self._node = node

    @contextmanager
    def ledger(self) -> Iterator[LedgerView]:
        evidence: Any = self._node.evidence
        yield LedgerView(evidence, Membership(1, self._node.body.endpoint, "Body 1", False))


@pytest.fixture
def desk(node: UnitNode, tmp_path: Path) -> Desk:
    node.anchored("A")
    return OpenDesk(node, tmp_path)


@pytest.mark.parametrize("times", [1, 2])
def test_who_comes_second_looks_again(
    node: UnitNode, desk: Desk, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    order = order_for(node, Change.RENEW)
    left = [IntegrityError("insert", {}, Exception())] * times

    def meets_another(*arguments: Any, **named: Any) -> Declaration:
        if left:
            raise left.pop()
        return declare(*arguments, **named)

    monkeypatch.setattr(desk_module, "declare", meets_another)
    if times == 1:
        assert isinstance(desk.carry_out(order), Declaration)
        assert len(rows_of(node)) == 2
    else:
        with pytest.raises(IntegrityError):
            desk.carry_out(order)
        assert rows_of(node) == []
