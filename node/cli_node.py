"""``comity node``: set up, connect and run this body's node.

Decides which process gets the passphrase: the worker, and no other. When it is asked for, it goes
to the worker in its environment; the web process is started without it in any case, and cannot read
the environment of the two that have it.
"""

import os
import signal
import sys
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from core.errors import UsageError
from core.events import Role
from node.cli_common import Json, Node, note, passphrase_prompt, show
from node.folder import FOLDER_VARIABLE, folder_in_use, node_in_use

if TYPE_CHECKING:
    from node.config import NodeConfig

app = typer.Typer(
    help="Set up and run this body's node.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its tracebacks can show local variables
    rich_markup_mode=None,
)


@app.command()
def init(
    name: Annotated[str, typer.Option(help="Registered name, in English.")],
    economy: Annotated[str, typer.Option(help="Two letters of ISO 3166-1.")],
    endpoint: Annotated[str, typer.Option(help="Public address, https://host, for ever.")],
    name_in: Annotated[
        list[str] | None, typer.Option(metavar="LANG=NAME", help="Name in another language.")
    ] = None,
    role: Annotated[
        list[str] | None, typer.Option(help="Default: certification_body.", show_default=False)
    ] = None,
    port: Annotated[int, typer.Option(help="Port of the web process.")] = 8471,
    as_json: Json = False,
    node: Node = None,
) -> int:
    """Make keys, settings, database and the founder file; overwrites nothing."""
    from keys.passphrase import obtain_passphrase
    from node.setup import FOUNDER_FILE, NewBody, make_node, require_free

    folder = folder_in_use(node, os.environ)
    require_free(folder)
    body = NewBody(_names(name, name_in or []), economy, _roles(role), endpoint, port)
    body.require_sound()
    passphrase = obtain_passphrase(os.environ, file=None, ask=passphrase_prompt(), confirm=True)
    headers = make_node(folder, body, passphrase, os.environ)
    founder = folder / FOUNDER_FILE
    if as_json:
        prints = {purpose.value: header.fingerprint for purpose, header in headers.items()}
        show({"folder": str(folder), "founder": str(founder), "keys": prints})
        return 0
    for purpose, header in headers.items():
        typer.echo(f"{purpose.value:<10} {header.fingerprint}")
    typer.echo(f"wrote {founder}")
    note("note: move keys/recovery.json and its passphrase to a safe place, off this machine")
    note(f"hint: hand {FOUNDER_FILE} to the network; then comity node connect")
    return 0


@app.command()
def connect(
    rpc: Annotated[str, typer.Option(help="Address of your own chain node.")],
    origin: Annotated[str, typer.Option(help="The ledger: comity/<chain id>/<address>.")],
    as_json: Json = False,
    node: Node = None,
) -> int:
    """Check the ledger and this body's place on it, and keep both in node.toml."""
    from node.setup import connect as make

    _, places = node_in_use(node, os.environ)
    member = make(places.folder, rpc, origin)
    if as_json:
        show({"origin": origin, "member": member})
    else:
        typer.echo(f"connected to {origin} as member {member}")
        note("hint: comity node run")
    return 0


@app.command()
def run(node: Node = None) -> int:
    """Run the worker and the web process until stopped."""
    from core.runtime import logs, volatile
    from core.runtime.children import Children, answers
    from core.runtime.ports import require_free
    from core.runtime.secrecy import forbid_reading
    from keys.passphrase import FILE_VARIABLE, VARIABLE, obtain_passphrase
    from keys.purposes import Purpose
    from keys.signer import open_signer
    from node.wakeups import require_no_eviction

    config, places = node_in_use(node, os.environ)
    if config.ledger is None:
        raise UsageError(
            "no_ledger_configured", "this node is connected to no ledger",
            "comity node connect --rpc URL --origin ORIGIN",
        )  # fmt: skip
    require_no_eviction(config.redis)
    redis = volatile.children(config.redis, places.folder)
    forbid_reading()
    passphrase = obtain_passphrase(os.environ, file=None, ask=passphrase_prompt())
    # a wrong passphrase is told here and at once, not by a worker that ends again and again
    open_signer(config.keys.assertion, Purpose.ASSERTION, passphrase)
    for_worker = dict(os.environ)
    if VARIABLE not in for_worker and FILE_VARIABLE not in for_worker:
        for_worker[VARIABLE] = passphrase.reveal().decode("utf-8")
    del passphrase
    logs.configure()
    url = f"http://{config.host}:{config.port}"
    here = str(places.folder.resolve())
    require_free(config.host, config.port, setting="port in node.toml")
    places.worker_health.unlink(missing_ok=True)
    Children(
        {
            **redis,
            "worker": [sys.executable, "-m", "core", "node", "worker", "--node", here],
            "web": _web_words(config),
        },
        lambda: places.worker_health.exists() and answers(f"{url}/healthz"),
        places.folder / "ready.json",
        {"url": url},
        {"worker": for_worker} | dict.fromkeys(["web", *redis], _web_environment(here)),
        on_ready=lambda: typer.echo(f"the node answers at {url}; Ctrl-C stops it"),
    ).run()
    return 0


@app.command()
def worker(node: Node = None) -> int:
    """Run the worker alone: it holds the keys, signs, anchors and follows the ledger."""
    from core.runtime import logs
    from core.runtime.secrecy import forbid_reading
    from keys.passphrase import VARIABLE, obtain_passphrase
    from node.wakeups import require_no_eviction
    from node.worker import open_worker_signers, run_worker

    config, places = node_in_use(node, os.environ)
    require_no_eviction(config.redis)
    forbid_reading()
    passphrase = obtain_passphrase(os.environ, file=None, ask=passphrase_prompt())
    os.environ.pop(VARIABLE, None)
    signers = open_worker_signers(config, passphrase)
    del passphrase
    logs.configure()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    run_worker(
        places, config, signers, clock=lambda: datetime.now(UTC), random=os.urandom, stop=stop
    )
    return 0


@app.command()
def web(node: Node = None) -> NoReturn:
    """Run the web process alone: API and public documents. It gets no passphrase."""
    from node.wakeups import require_no_eviction

    config, places = node_in_use(node, os.environ)
    require_no_eviction(config.redis)
    words = _web_words(config)
    os.execve(words[0], words, _web_environment(str(places.folder.resolve())))  # noqa: S606


def _web_words(config: "NodeConfig") -> list[str]:
    from core.runtime.children import gunicorn_words

    return gunicorn_words(
        "node.app:from_environment()",
        host=config.host, port=config.port,
        workers=config.web_processes, threads=config.web_threads,
    )  # fmt: skip


def _web_environment(folder: str) -> dict[str, str]:
    """Return the environment of the web process: ours, without anything about a passphrase."""
    from keys.passphrase import FILE_VARIABLE, VARIABLE

    kept = {k: v for k, v in os.environ.items() if k not in (VARIABLE, FILE_VARIABLE)}
    return {**kept, FOLDER_VARIABLE: folder}


def _names(english: str, others: list[str]) -> dict[str, str]:
    names = {"en": english}
    for text in others:
        language, sign, name = text.partition("=")
        if not sign or not language or not name or language in names:
            raise UsageError("usage", "--name-in: expected LANG=NAME, each language once")
        names[language] = name
    return names


def _roles(words: list[str] | None) -> Role:
    roles = Role(0)
    for word in words or ["certification_body"]:
        named = Role.__members__.get(word.upper())
        if named is None:
            known = ", ".join(name.lower() for name in Role.__members__)
            raise UsageError("usage", f"--role: expected one of {known}")
        roles |= named
    return roles
