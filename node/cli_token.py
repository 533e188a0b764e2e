"""``comity token``: make, list and revoke tokens of the node's API."""

from datetime import datetime
from typing import Annotated

import typer

from core.errors import UsageError
from core.report import timestamp
from node.cli_common import Json, Node, note, open_desk, show
from node.tokens import Scope, list_tokens, make_token, revoke_token

app = typer.Typer(
    help="Make and revoke tokens of the node's API.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def new(
    scope: Annotated[str, typer.Option(help="Some of read, issue, declare; commas between.")],
    label: Annotated[str, typer.Option(help="What it is for.")] = "unnamed",
    as_json: Json = False,
    node: Node = None,
) -> int:
    """Make a token. It is shown once; only its hash is kept."""
    scopes = _scopes(scope)
    with open_desk(node) as desk:
        token_id, token = make_token(
            desk.store, label, scopes, now=desk.clock(), random=desk.random
        )
    if as_json:
        show({"id": token_id, "token": token, "label": label, "scopes": sorted(scopes)})
        return 0
    typer.echo(token)
    note(f"id {token_id}; the token is not shown again; comity token revoke {token_id} ends it")
    return 0


@app.command("list")
def list_(as_json: Json = False, node: Node = None) -> int:
    """List all tokens ever made, without the tokens."""
    with open_desk(node) as desk:
        found = list_tokens(desk.store)
    if as_json:
        tokens = [
            {
                "id": one.id,
                "label": one.name,
                "scopes": sorted(one.scopes),
                "created_at": timestamp(one.created_at),
                "revoked_at": _shown(one.revoked_at),
            }
            for one in found
        ]
        show({"tokens": tokens})
        return 0
    for one in found:
        ended = f"revoked {_shown(one.revoked_at)}" if one.revoked_at else "stands"
        scopes = ",".join(sorted(one.scopes))
        typer.echo(f"{one.id}  {ended}  {scopes}  {timestamp(one.created_at)}  {one.name}")
    return 0


@app.command(context_settings={"ignore_unknown_options": True})  # an id may begin with -
def revoke(
    token: Annotated[str, typer.Argument(metavar="ID", help="The token's id, not the token.")],
    as_json: Json = False,
    node: Node = None,
) -> int:
    """Revoke a token, from the next request on."""
    with open_desk(node) as desk:
        revoke_token(desk.store, token, now=desk.clock())
    if as_json:
        show({"id": token, "revoked": True})
    else:
        typer.echo("revoked")
    return 0


def _scopes(text: str) -> frozenset[Scope]:
    words = [word.strip() for word in text.split(",") if word.strip()]
    unknown = set(words) - set(Scope)
    if unknown:
        raise UsageError("scope_unknown", f"--scope: expected some of {', '.join(Scope)}")
    return frozenset(Scope(word) for word in words)


def _shown(at: datetime | None) -> str | None:
    return None if at is None else timestamp(at)
