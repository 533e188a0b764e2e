"""``comity keys``: make a key file, and show the public part of one.

Decides nothing; asks for what ``keys/file_signer.py`` needs. Refuses to take a passphrase as an
argument, and checks everything else before it asks a person for one. Standard output gets the
public part only.
"""

import getpass
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.runtime.exits import typer_command
from keys.purposes import Algorithm, Purpose, algorithm_for

if TYPE_CHECKING:
    from keys.key_file import KeyHeader

app = typer.Typer(
    help="Make signing keys and look at their public parts.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its tracebacks can show local variables
    rich_markup_mode=None,
)

_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command()
def new(
    purpose: Annotated[Purpose, typer.Option(help="The one thing the key will ever sign.")],
    out: Annotated[Path, typer.Option(help="A new file; an existing one is never overwritten.")],
    algorithm: Annotated[
        Algorithm | None,
        typer.Option(help="Default: ES256 for documents, secp256k1 for accounts."),
    ] = None,
    passphrase_file: Annotated[
        Path | None, typer.Option(help="A file of mode 0600 that holds the passphrase.")
    ] = None,
    as_json: _Json = False,
) -> None:
    """Make a key and write it, encrypted, to a new file.

    The passphrase comes from --passphrase-file, COMITY_PASSPHRASE_FILE or COMITY_PASSPHRASE; else
    it is asked for, twice.
    """
    from keys.file_signer import create_key
    from keys.passphrase import obtain_passphrase
    from keys.private_files import require_free_name

    algorithm_for(purpose, algorithm)
    require_free_name(out)
    passphrase = obtain_passphrase(
        os.environ,
        file=passphrase_file,
        ask=getpass.getpass if sys.stdin.isatty() else None,
        confirm=True,
    )
    header = create_key(out, purpose, passphrase, algorithm=algorithm)
    _show(out, header, as_json=as_json)
    typer.echo(
        "note: keep a copy of this file and of its passphrase, apart; neither can be made again",
        err=True,
    )


@app.command()
def show(file: Annotated[Path, typer.Argument(help="A key file.")], as_json: _Json = False) -> None:
    """Show the public part of a key file. Needs no passphrase, so it proves nothing yet."""
    from keys.file_signer import read_header

    _show(file, read_header(file), as_json=as_json)


def main(argv: list[str]) -> int:
    """Run ``comity keys`` with ``argv`` (without a program name) and return its exit code."""
    return typer_command(app, "comity keys")(argv)


def _show(path: Path, header: "KeyHeader", *, as_json: bool) -> None:
    value: dict[str, Any] = {
        name: member
        for name, member in header.dump().items()
        if name in ("purpose", "algorithm", "public", "created")
    }
    value["fingerprint"] = header.fingerprint
    value["uri"] = path.resolve().as_uri()
    if as_json:
        typer.echo(json.dumps(value, ensure_ascii=False))
        return
    for name in ("purpose", "algorithm", "fingerprint", "created", "uri"):
        typer.echo(f"{name:<12} {value[name]}")
