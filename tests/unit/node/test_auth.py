"""Who may call the API, without HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask

from core.errors import Forbidden, Unauthorized
from node.store.engine import Store
from node.tokens import Scope, make_token, revoke_token
from node.web.api import SCOPES, blueprint
from node.web.auth import authorized

Random = Callable[[int], bytes]
NEEDED = {"look": Scope.READ, "send": Scope.ISSUE}


@pytest.fixture
def made(store: Store, now: datetime, random: Random) -> tuple[str, str]:
    return make_token(store, "test", frozenset({Scope.READ}), now=now, random=random)


def test_a_token_with_the_scope(store: Store, made: tuple[str, str]) -> None:
    token_id, token = made
    assert authorized(store, f"Bearer {token}", "look", NEEDED).token_id == token_id
    assert authorized(store, f"bearer  {token}", "look", NEEDED).token_id == token_id


@pytest.mark.parametrize("operation", ["send", "unknown", ""])
def test_no_scope_opens_what_was_not_given(
    store: Store, made: tuple[str, str], operation: str
) -> None:
    with pytest.raises(Forbidden):
        authorized(store, f"Bearer {made[1]}", operation, NEEDED)


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "{}", "Basic {}", "Bearer {} x"])
def test_what_is_no_bearer_token(store: Store, made: tuple[str, str], header: str | None) -> None:
    with pytest.raises(Unauthorized) as refused:
        authorized(store, header.format(made[1]) if header else header, "look", NEEDED)
    assert refused.value.code == "token_missing"


def test_a_token_changed_by_one_character(store: Store, made: tuple[str, str]) -> None:
    token = made[1]
    other = token[:-1] + ("A" if token[-1] != "A" else "B")
    with pytest.raises(Unauthorized):
        authorized(store, f"Bearer {other}", "look", NEEDED)


def test_a_revoked_token(store: Store, made: tuple[str, str], now: datetime) -> None:
    revoke_token(store, made[0], now=now)
    with pytest.raises(Unauthorized):
        authorized(store, f"Bearer {made[1]}", "look", NEEDED)


def test_every_operation_of_the_api_needs_a_scope() -> None:
    app = Flask("test")
    app.register_blueprint(blueprint)
    operations = {rule.endpoint for rule in app.url_map.iter_rules()} - {"static"}
    assert operations == set(SCOPES)
