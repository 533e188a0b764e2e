"""One served node for each module of tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.webnode import WebNode, web_node


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebNode]:
    with web_node(tmp_path_factory.mktemp("node")) as served:
        yield served


@pytest.fixture(scope="module")
def token(node: WebNode) -> str:
    """A token that may do everything."""
    return node.token("read", "issue", "declare")
