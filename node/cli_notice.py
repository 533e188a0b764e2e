"""``comity notice``, ``notices`` and ``assure``.

Decides nothing but the options: ``node/noticing.py`` and ``node/assuring.py`` draft,
``node/cli_acts.py`` holds the dialogue.
"""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core import limits
from core.errors import NotFound
from core.events import Assurance, NoticeKind
from core.runtime.exits import Exit
from node.cli_acts import DryRun, inert, take_part
from node.cli_common import Json, Node, Wait, note, open_desk, read_file, show

if TYPE_CHECKING:
    from node.acting import Draft, Ground

app = typer.Typer(
    help="Publish notices and risk alerts.", no_args_is_help=True, rich_markup_mode=None
)


class Kind(StrEnum):
    """The kinds of notices, as typed."""

    POLICY = "policy"
    CHANGE = "change"
    ALERT = "alert"
    CORRECTION = "correction"


class Level(StrEnum):
    """How a key is kept, as typed."""

    FILE = "file"
    HSM = "hsm"
    QUALIFIED = "qualified"


@app.command()
def publish(
    kind: Annotated[
        Kind, typer.Argument(metavar="KIND", help="policy, change, alert or correction.")
    ],
    text: Annotated[Path, typer.Argument(metavar="FILE", help="Its text: public, for ever.")],
    subject: Annotated[
        str | None,
        typer.Option(
            metavar="WHAT",
            help="member:MEMBER, key:MEMBER/THUMBPRINT, batch:MEMBER/ROOT or notice:NUMBER.",
        ),
    ] = None,
    dry_run: DryRun = False,
    wait: Wait = False,
    as_json: Json = False,
    node: Node = None,
) -> int:
    """Publish a text for everybody."""
    from node.noticing import publishing, subject_named

    raw, chosen = read_file(text, limits.LEDGER_TEXT_BYTES), NoticeKind[kind.name]

    def draft(ground: "Ground") -> "Draft":
        about = None if subject is None else subject_named(ground, subject)
        return publishing(ground, chosen, raw, about)

    return take_part(draft, dry_run=dry_run, wait=wait, as_json=as_json, node=node)


@app.command()
def lift(
    number: Annotated[int, typer.Argument(metavar="NUMBER", min=1, help="Of our own alert.")],
    dry_run: DryRun = False,
    wait: Wait = False,
    as_json: Json = False,
    node: Node = None,
) -> int:
    """Take a risk alert of this body back."""
    from node.noticing import lifting

    return take_part(
        lambda ground: lifting(ground, number),
        dry_run=dry_run, wait=wait, as_json=as_json, node=node,
    )  # fmt: skip


def notices(
    which: Annotated[
        str | None,
        typer.Argument(metavar="MEMBER/NUMBER", help="One, with its text; none for all."),
    ] = None,
    as_json: Json = False,
    node: Node = None,
) -> int:
    """List what members have published, newest first."""
    from node.noticing import notices as published
    from node.noticing import text_of

    with open_desk(node) as desk, desk.ledger() as view:
        found = published(view.evidence)
        if which is not None:
            found = [one for one in found if one["notice"] == which]
            if not found:
                raise NotFound("notice_unknown", "there is no such notice", "comity notices")
            digest = bytes.fromhex(found[0]["text"]["sha256"])
            found[0]["text"]["content"] = text_of(view.evidence, digest)
    if as_json:
        show({"notices": found})
        return Exit.DONE
    for one in found:
        _tell(one)
    if not found:
        note("nobody has published anything yet")
    return Exit.DONE


def assure(
    key: Annotated[str, typer.Argument(metavar="KEY", help="assertion, share, or a thumbprint.")],
    level: Annotated[Level, typer.Argument(metavar="LEVEL", help="file, hsm or qualified.")],
    dry_run: DryRun = False,
    wait: Wait = False,
    as_json: Json = False,
    node: Node = None,
) -> int:
    """Declare how this body keeps one of its keys."""
    from node.assuring import assuring

    return take_part(
        lambda ground: assuring(ground, key, Assurance[level.name]),
        dry_run=dry_run, wait=wait, as_json=as_json, node=node,
    )  # fmt: skip


def _tell(one: dict[str, Any]) -> None:
    lifted = f", lifted {one['lifted_at'][:10]}" if one["lifted_at"] else ""
    about = f", about {_regarding(one['subject'])}" if one["subject"] else ""
    typer.echo(f"{one['notice']}  {one['published_at'][:10]}  {one['kind']} by "
               f"{_name(one['publisher'])}{about}{lifted}")  # fmt: skip
    content = one["text"].get("content")
    if content is not None:
        typer.echo(inert(content))


def _name(body: dict[str, Any]) -> str:
    return inert(body["name"] or "a member").replace("\n", " ")


def _regarding(subject: dict[str, Any]) -> str:
    whose = _name(subject)
    return whose if subject["kind"] == "member" else f"a {subject['kind']} of {whose}"
