"""Settings of a node, and tokens of its API."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from core.errors import Forbidden, LimitError, NotFound, Unauthorized, UsageError
from node.config import load_config
from node.places import NodePlaces
from node.store.engine import Store
from node.tokens import Scope, caller, list_tokens, make_token, revoke_token

GOOD = """
endpoint = "http://localhost:8471"
[ledger]
origin = "comity/31337/0x00000000000000000000000000000000000000aa"
rpc_url = "http://127.0.0.1:8545"
"""


def written(folder: Path, text: str) -> Path:
    (folder / "node.toml").write_text(text, encoding="utf-8")
    return folder


def test_settings_are_read(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, GOOD), {})
    assert config.ledger is not None
    assert config.ledger.chain_id == 31_337
    assert config.ledger.directory.endswith("aa")
    assert config.seal.seconds == 2.0
    url = NodePlaces(tmp_path).database_url(config)
    assert url == f"sqlite:///{tmp_path.resolve() / 'node.db'}"


def test_the_environment_lies_over_the_file(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, GOOD), {"COMITY_NODE_SEAL__SECONDS": "9"})
    assert config.seal.seconds == 9.0


@pytest.mark.parametrize(
    "text",
    [
        GOOD + "colour = 1",
        "seal = 3\n" + GOOD,
        GOOD.replace("http://localhost:8471", "http://example.org"),
        GOOD.replace("comity/31337", "comity/x"),
        GOOD.replace("rpc_url", "rpc_uri"),
        "[seal]\nleaves = 10000000\n",
    ],
)
def test_what_cannot_work_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError):
        load_config(written(tmp_path, text), {})


def test_a_token_is_known_until_it_is_revoked(store: Store, now: datetime, random: object) -> None:
    scopes = frozenset({Scope.READ, Scope.ISSUE})
    token_id, token = make_token(store, "intake", scopes, now=now, random=random)  # type: ignore[arg-type]
    known = caller(store, token)
    assert known.token_id == token_id
    known.require(Scope.ISSUE)
    with pytest.raises(Forbidden):
        known.require(Scope.DECLARE)
    revoke_token(store, token_id, now=now)
    with pytest.raises(Unauthorized):
        caller(store, token)
    with pytest.raises(NotFound):
        revoke_token(store, token_id, now=now)
    (listed,) = list_tokens(store)
    assert listed.revoked_at == now


def test_tokens_are_not_kept_in_clear(
    store: Store, now: datetime, random: object, tmp_path: Path
) -> None:
    _, token = make_token(store, "x", frozenset({Scope.READ}), now=now, random=random)  # type: ignore[arg-type]
    secret = token.removeprefix("comity_").encode()
    for file in tmp_path.glob("node.db*"):
        assert secret not in file.read_bytes()


@pytest.mark.parametrize("presented", ["", "comity_", "x" * 10_000, "\ud800"])
def test_an_unknown_token_is_unauthorized(store: Store, presented: str) -> None:
    with pytest.raises(Unauthorized):
        caller(store, presented)


def test_a_token_needs_a_scope_and_a_name(store: Store, now: datetime, random: object) -> None:
    with pytest.raises(UsageError):
        make_token(store, "x", frozenset(), now=now, random=random)  # type: ignore[arg-type]
    with pytest.raises((UsageError, LimitError)):
        make_token(store, "", frozenset({Scope.READ}), now=now, random=random)  # type: ignore[arg-type]
