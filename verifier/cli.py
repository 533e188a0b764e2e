"""``comity check``, ``network``, ``verifier``: check a file, see a network, run a verifier."""

import json
import os
import re
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from core import limits
from core.bundle import Bundle
from core.errors import FormatError, LimitError, Refused, UsageError
from core.runtime.paths import private_folder
from verifier.cli_network import network
from verifier.config import FILE_NAME, ORIGIN_PATTERN, VerifierSettings, folder_in_use

app = typer.Typer(
    help="Check e-certificates.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its tracebacks can show local variables
    rich_markup_mode=None,
)
verifier = typer.Typer(
    help="Set up and run a verifier.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(verifier, name="verifier")
app.command()(network)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Folder = Annotated[
    Path | None, typer.Option("--folder", help="The verifier's folder.", show_default=False)
]
EnvironmentPrefix = "COMITY_VERIFIER_"


@app.command()
def check(
    file: Annotated[str, typer.Argument(help="A proof file, or - for standard input.")],
    as_json: Json = False,
    folder: Annotated[
        Path | None, typer.Option("--verifier", help="Verifier folder whose ledger state is used.")
    ] = None,
    standard: Annotated[str | None, typer.Option(help="Standard it must cover.")] = None,
    sector: Annotated[str | None, typer.Option(help="Sector code it must cover.")] = None,
    site: Annotated[str | None, typer.Option(help="Site it must cover.")] = None,
    market: Annotated[str | None, typer.Option(help="Economy it is for, two letters.")] = None,
    policy: Annotated[
        list[Path] | None,
        typer.Option(help="Acceptance policy to use for its economy.", show_default=False),
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="Day or moment (UTC) it is asked for, instead of now.")
    ] = None,
) -> int:
    """Check a proof file: is it genuine, in force, recognised here?

    Exit code 0 verified or genuine and in force, 1 not valid, 2 verified with conditions, 3 could
    not be checked, 4 wrong usage or none of our formats, 5 not for this use.
    """
    from core.asking import question_of
    from verifier.policies import policy_of
    from verifier.render import report_text
    from verifier.sources import Sources
    from verifier.verify import check as check_document

    now = datetime.now(UTC)
    question = question_of(standard, sector, site, market, at, now=now)
    with _hinting():
        bundle = Bundle.parse(_read(file, sys.stdin.buffer))
    settings, used = _settings(folder)
    insisting = policy_of(settings, policy or ())
    sources = Sources(used, [ledger.origin for ledger in settings.ledgers])
    try:
        with _hinting(), sources.evidence(bundle.ledger) as evidence:
            report = check_document(bundle, evidence, insisting, question, now=now)
    finally:
        sources.close()
    typer.echo(json.dumps(report.dump()) if as_json else report_text(report, now))
    return report.exit


@verifier.command()
def init(
    folder: Folder = None,
    port: Annotated[int, typer.Option(help="Port of page and API.")] = 8080,
    ledger: Annotated[
        list[str] | None, typer.Option(help="ORIGIN=URL of a ledger and your chain node.")
    ] = None,
    examples: Annotated[Path | None, typer.Option(help="Folder of live examples.")] = None,
    policies: Annotated[
        Path | None, typer.Option(help="Folder of local acceptance policies.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Write verifier.toml; refuses to overwrite one."""
    used = folder_in_use(folder, os.environ)
    followed = [_ledger_option(text) for text in ledger or ()]
    lines = [f"port = {port}"]
    if examples is not None:
        lines.append(f"examples = {json.dumps(str(examples.resolve()))}")
    for origin, url in followed:
        lines += [
            "",
            "[[ledgers]]",
            f"origin = {json.dumps(origin)}",
            f"rpc_url = {json.dumps(url)}",
        ]
    if policies is not None:
        from verifier.policies import read_policies

        read_policies(policies)  # refuse what would not start
        lines.insert(1, f"policies = {json.dumps(str(policies.resolve()))}")
    private_folder(used)
    file = used / FILE_NAME
    if file.exists():
        raise Refused("verifier_exists", f"there is already a {file}", "edit it, or remove it")
    fresh = file.with_suffix(".new")
    fresh.write_text("\n".join(lines) + "\n", "utf-8")
    try:
        VerifierSettings.load(fresh, EnvironmentPrefix, {})  # refuse what would not start
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)
    typer.echo(json.dumps({"file": str(file)}) if as_json else f"wrote {file}")
    if not as_json:
        typer.echo("hint: comity verifier run", err=True)
    return 0


@verifier.command()
def run(folder: Folder = None) -> int:
    """Run page, API and follower until stopped."""
    from core.runtime import logs, volatile
    from core.runtime.children import Children, answers, gunicorn_words
    from core.runtime.ports import require_free
    from verifier.config import FOLDER_VARIABLE
    from verifier.throttle import require_no_eviction

    settings, used = _settings(folder, must_exist=True)
    require_no_eviction(settings.redis)
    logs.configure()
    os.environ[FOLDER_VARIABLE] = str(used.resolve())  # for the children
    url = f"http://{settings.host}:{settings.port}"
    require_free(settings.host, settings.port, setting="port in verifier.toml")
    web = gunicorn_words(
        "verifier.app:from_environment()",
        host=settings.host, port=settings.port,
        workers=settings.workers, threads=settings.threads,
    )  # fmt: skip
    follow = [sys.executable, "-m", "core", "verifier", "follow", "--folder", str(used)]
    Children(
        {**volatile.children(settings.redis, used), "web": web, "follow": follow},
        lambda: answers(f"{url}/healthz"),
        used / "ready.json",
        {"url": url},
        on_ready=lambda: typer.echo(f"page and API at {url}; Ctrl-C stops them"),
    ).run()
    return 0


@verifier.command()
def follow(folder: Folder = None) -> int:
    """Follow the configured ledgers until stopped."""
    from core.runtime import logs
    from verifier.refresh import follow_all

    settings, used = _settings(folder, must_exist=True)
    logs.configure()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    follow_all(used, settings, stop)
    return 0


def _settings(folder: Path | None, *, must_exist: bool = False) -> tuple[VerifierSettings, Path]:
    used = folder_in_use(folder, os.environ)
    file = used / FILE_NAME
    if not file.exists() and (must_exist or folder is not None):
        raise UsageError(
            "verifier_missing",
            f"there is no {file}",
            hint="comity verifier init --folder DIR --ledger ORIGIN=URL",
        )
    return VerifierSettings.load(file if file.exists() else None, EnvironmentPrefix), used


@contextmanager
def _hinting() -> Iterator[None]:
    """Say what to do about a file that is none of our formats."""
    try:
        yield
    except FormatError as none:
        hint = none.hint or "a proof file ends in .comity.json; ask the exporter for it anew"
        raise type(none)(none.code, none.message, hint, none.pointer) from None


def _read(file: str, standard_input: BinaryIO) -> bytes:
    """Return the bytes of a file, one more than allowed at most."""
    most = limits.BUNDLE_BYTES + 1
    if file == "-":
        raw = standard_input.read(most)
    else:
        with Path(file).open("rb") as stream:
            raw = stream.read(most)
    if len(raw) == most:
        raise LimitError("too_large", f"proof bundle: larger than {limits.BUNDLE_BYTES} bytes")
    return raw


def _ledger_option(text: str) -> tuple[str, str]:
    origin, _, url = text.partition("=")
    if not re.fullmatch(ORIGIN_PATTERN, origin) or not url.startswith(("http://", "https://")):
        raise UsageError(
            "usage", "--ledger: expected ORIGIN=URL",
            "as comity/<chain id>/<ledger address in lower case>=http://localhost:8545",
        )  # fmt: skip
    return origin, url
