"""``comity policy``: write, sign, publish and show acceptance policies.

Decides the words and where a policy comes from; what may be signed is for ``node/policies.py``. A
draft is for a person to edit, so it is written as a file and never over one that is there. Only
``sign`` opens a key; ``publish`` goes the way of every act in the network (``node/cli_acts.py``).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core import codes, limits
from core.errors import LimitError, NotFound, Refused, UsageError
from core.runtime.exits import Exit
from node.cli_acts import DryRun, take_part
from node.cli_common import Json, Node, Wait, note, open_desk, passphrase_prompt, show
from node.dates import beginning, end

if TYPE_CHECKING:
    from core.acceptance import Acceptance
    from node.acting import Draft, Ground
    from node.membership import Evidence

app = typer.Typer(
    help="Acceptance policies: what an economy accepts, and on which conditions.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

PolicyFile = Annotated[Path, typer.Argument(metavar="FILE", help="A policy file.")]
_SUFFIX = ".policy.json"


@app.command()
def new(
    economy: Annotated[str | None, typer.Option(help="Whose policy: two letters.")] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="Start from an example (XA to XE) or a file.")
    ] = None,
    title: Annotated[str | None, typer.Option(help="What to call it, in English.")] = None,
    version: Annotated[int | None, typer.Option(min=1, help="Default: 1.")] = None,
    effective: Annotated[
        str | None, typer.Option(metavar="DATE", help="In force from; default: tomorrow.")
    ] = None,
    home_body: Annotated[
        list[int] | None, typer.Option(metavar="MEMBER", help="Stands for this economy.")
    ] = None,
    own_accreditation: Annotated[
        bool | None,
        typer.Option(help="Accept what a home body accredits; default: if there is one."),
    ] = None,
    arrangement: Annotated[
        list[int] | None, typer.Option(metavar="ID", help="Arrangement to accept.")
    ] = None,
    direct: Annotated[bool, typer.Option("--direct", help="Body to body.")] = False,
    scope: Annotated[list[str] | None, typer.Option(help="As MSC or MSC/QMS.")] = None,
    standard: Annotated[list[str] | None, typer.Option(help="Only this standard.")] = None,
    sector: Annotated[list[str] | None, typer.Option(help="Only this sector.")] = None,
    condition: Annotated[
        list[str] | None, typer.Option(metavar="ID=TEXT", help="A condition, in English.")
    ] = None,
    disclose: Annotated[
        list[str] | None, typer.Option(metavar="FIELD", help="A field that must be shared.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Default: ECONOMY.policy.json.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Write a well-formed unsigned draft; edit it, then sign it."""
    from core.acceptance import Through
    from node.policies import Wishes, draft

    wishes = Wishes(
        economy=economy,
        title=title,
        version=version,
        effective_at=beginning(effective, what="--effective") if effective else None,
        home_bodies=home_body or (),
        own_accreditation=own_accreditation,
        arrangements=arrangement or (),
        through=Through.DIRECT if direct else Through.ACCREDITATION,
        scopes=scope or (),
        standards=standard or (),
        sectors=sector or (),
        conditions=[_condition(text) for text in condition or ()],
        disclosures=disclose or (),
    )
    made = draft(wishes, _start(start), datetime.now(UTC))
    file = output if output is not None else Path(f"{made.economy}{_SUFFIX}")
    try:
        with file.open("xb") as stream:
            stream.write(made.file_bytes())
    except FileExistsError:
        raise Refused("file_exists", f"there is already a {file}", "-o names another one") from None
    if as_json:
        show({"file": str(file), "policy": made.dump()})
    else:
        typer.echo(f"wrote {file}")
        note(f"hint: edit it, then comity policy sign {file}")
    return Exit.DONE


@app.command()
def sign(
    file: PolicyFile,
    raise_version: Annotated[
        bool, typer.Option("--raise-version", help="Give it the next version.")
    ] = False,
    as_json: Json = False,
    node: Node = None,
) -> int:
    """Sign a policy with this authority's assertion key; the file is written anew."""
    from core.runtime.secrecy import forbid_reading
    from keys.passphrase import obtain_passphrase
    from keys.purposes import Purpose
    from keys.signer import open_signer
    from node.policies import require_may_sign
    from node.policies import sign as signed_by

    policy = _read(file)
    with open_desk(node) as desk, desk.ledger() as view:
        require_may_sign(policy, view.evidence, view.body)  # before a passphrase is asked for
        forbid_reading()
        passphrase = obtain_passphrase(os.environ, file=None, ask=passphrase_prompt())
        signer = open_signer(desk.config.keys.assertion, Purpose.ASSERTION, passphrase)
        del passphrase
        signed = signed_by(
            policy, view.evidence, view.body, signer,
            raise_version=raise_version, use=Purpose.ASSERTION,
        )  # fmt: skip
    _replace(file, signed.file_bytes())
    if as_json:
        show({"file": str(file), "policy": signed.dump()})
    else:
        typer.echo(f"signed {file} as version {signed.version} of {signed.economy}")
        note(f"hint: comity policy publish {file}")
    return Exit.DONE


@app.command()
def publish(
    file: PolicyFile,
    dry_run: DryRun = False,
    wait: Wait = False,
    as_json: Json = False,
    node: Node = None,
) -> int:
    """Publish a signed policy as a notice of this authority, for everybody and for ever."""
    from core.events import NoticeKind
    from node.noticing import publishing
    from node.policies import newest_version

    policy, text = _read(file), file.read_bytes()

    def draft(ground: "Ground") -> "Draft":
        made = publishing(ground, NoticeKind.POLICY, text)
        newest = newest_version(ground.evidence, policy.economy)
        if made.standing is None and policy.version <= newest:
            note(f"note: version {newest} is published; of those in effect the greatest counts")
        return made

    return take_part(draft, dry_run=dry_run, wait=wait, as_json=as_json, node=node)


@app.command("show")
def show_policy(
    policy: Annotated[
        str, typer.Argument(metavar="FILE|ECONOMY", help="A file, or whose published policy.")
    ],
    at: Annotated[
        str | None, typer.Option("--at", metavar="DATE", help="As of this day; default: now.")
    ] = None,
    verifier: Annotated[
        Path | None, typer.Option(help="Verifier folder whose ledger is read.")
    ] = None,
    ledger: Annotated[
        str | None, typer.Option(metavar="ORIGIN", help="Which, if it follows several.")
    ] = None,
    as_json: Json = False,
    node: Node = None,
) -> int:
    """Show who is accepted through what, on which conditions, since when."""
    from node.policies import SignatureState, local, published
    from node.policy_text import policy_json, policy_text

    moment = end(at, what="--at") if at is not None else datetime.now(UTC)
    is_economy = codes.known_economy(policy) and not Path(policy).exists()
    read = None if is_economy else _read(Path(policy))
    with _evidence(verifier, ledger, node, needed=is_economy) as evidence:
        if read is None:
            assert evidence is not None
            found = published(evidence, policy, moment)
        else:
            found = local(read, evidence, moment)
        if as_json:
            show(policy_json(found, evidence, moment))
        else:
            typer.echo(policy_text(found, evidence, moment))
    if found.is_open:
        note("note: a newer policy was published whose text cannot be read here")
        return Exit.PARTLY
    return Exit.REFUSED if found.signature is SignatureState.BROKEN else Exit.DONE


@contextmanager
def _evidence(
    verifier: Path | None, ledger: str | None, node: Path | None, *, needed: bool
) -> "Iterator[Evidence | None]":
    """Yield the ledger that a verifier or a node followed; None where none is and none is needed.

    Raises:
        UsageError: there is no such folder or ledger.
        NotFound: nothing was followed yet.
    """
    from node.membership import evidence_of

    place = _verifier_ledger(verifier, ledger) if verifier else _node_ledger(node, needed)
    if place is None and needed:
        raise NotFound("ledger_not_followed", "no ledger has been followed here yet")
    if place is None:
        yield None
        return
    with evidence_of(place[1], place[0]) as evidence:
        yield evidence


def _verifier_ledger(folder: Path, origin: str | None) -> tuple[str, Path] | None:
    from core.runtime.paths import followed_ledgers

    followed = followed_ledgers(folder)
    if origin is None and len(followed) > 1:
        raise UsageError(
            "ledger_ambiguous", f"{folder} follows more than one ledger",
            f"--ledger names one of: {', '.join(followed)}",
        )  # fmt: skip
    chosen = origin if origin is not None else next(iter(followed), None)
    if chosen is None:
        return None
    if chosen not in followed:
        raise UsageError("ledger_unknown", f"{folder} has followed no such ledger")
    return chosen, followed[chosen]


def _node_ledger(folder: Path | None, needed: bool) -> tuple[str, Path] | None:
    from node.config import FILE_NAME
    from node.folder import folder_in_use, node_in_use

    is_there = (folder_in_use(folder, os.environ) / FILE_NAME).exists()
    if not is_there and not needed and folder is None:
        return None
    config, places = node_in_use(folder, os.environ)
    if config.ledger is None or not places.followed_ledger.exists():
        return None
    return config.ledger.origin, places.followed_ledger


def _start(named: str | None) -> "Acceptance | None":
    if named is None:
        return None
    from core import examples

    known = examples.policies()
    if named in known and not Path(named).exists():
        return known[named]
    return _read(Path(named))


def _read(file: Path) -> "Acceptance":
    from core.acceptance import Acceptance

    with file.open("rb") as stream:
        raw = stream.read(limits.LEDGER_TEXT_BYTES + 1)
    if len(raw) > limits.LEDGER_TEXT_BYTES:
        raise LimitError("too_large", f"{file.name}: larger than {limits.LEDGER_TEXT_BYTES} bytes")
    return Acceptance.read(raw)


def _condition(text: str) -> tuple[str, str]:
    name, sign, told = text.partition("=")
    if not sign or not name or not told:
        raise UsageError("usage", "--condition: expected ID=TEXT", "importer-registration='…'")
    return name, told


def _replace(file: Path, content: bytes) -> None:
    """Write a file anew in one step, so that nobody ever reads half of it."""
    fresh = file.with_name(f"{file.name}.new")
    fresh.write_bytes(content)
    fresh.replace(file)
