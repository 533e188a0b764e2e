"""Setting up a node: its folder, keys, settings, database and founder file; then its ledger.

Decides the order, so that a set-up that was broken off can be run again: keys first, each a new
file or one that the same passphrase opens, ``node.toml`` last. Refuses a folder that has a
``node.toml``, to overwrite a key, what no ledger would take, and to move a node to another
ledger.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import unquote, urlsplit

from core import codes
from core.errors import Refused, UsageError
from core.events import Role
from core.issuer import did_of_endpoint
from core.runtime.paths import private_file, private_folder
from keys.file_signer import create_key, open_key, read_header
from keys.key_file import KeyHeader
from keys.passphrase import Passphrase
from keys.public import DocumentPublic
from keys.purposes import Purpose
from node.config import FILE_NAME, ORIGIN, PREFIX, NodeConfig, load_config
from node.places import NodePlaces
from node.worker import prepare_database

FOUNDER_FILE: Final = "founder.json"
_PURPOSES: Final = (Purpose.ASSERTION, Purpose.SHARE, Purpose.OPERATING, Purpose.RECOVERY)
_LEDGER_TABLE: Final = re.compile(r"^\[ledger\]\n(?:(?!\[).*\n?)*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class NewBody:
    """The body a node is made for.

    Args:
        names: registered name by language; one is English.
        economy: ISO 3166-1 alpha-2, or a user-assigned code.
        roles: what it does in the network.
        endpoint: its public address, for ever.
        port: of the web process.
    """

    names: Mapping[str, str]
    economy: str
    roles: Role
    endpoint: str
    port: int

    def require_sound(self) -> None:
        """Raise unless a ledger and a node could take this."""
        from contracts.founders import names_text

        names_text(self.names)
        if not codes.known_economy(self.economy):
            raise UsageError("economy", "--economy: expected two letters of ISO 3166-1, as CN")
        if did_of_endpoint(self.endpoint) is None:
            raise UsageError(
                "endpoint",
                "--endpoint: expected https://host, lower case, without a path",
                "http is only for localhost",
            )
        if not 1 <= self.port <= 65_535:
            raise UsageError("port", "--port: expected 1 to 65535")


def make_node(
    folder: Path, body: NewBody, passphrase: Passphrase, environment: Mapping[str, str]
) -> Mapping[Purpose, KeyHeader]:
    """Make keys, database, founder file and settings in ``folder``; return the keys' public parts.

    Raises:
        Refused: there is a node already, a key that the passphrase does not open, a weak one.
        UsageError: something no ledger or node would take.
    """
    require_free(folder)
    body.require_sound()
    passphrase.require_strength()
    keys_folder = private_folder(private_folder(folder) / "keys")
    headers = {
        purpose: _key(keys_folder / f"{purpose.value}.json", purpose, passphrase)
        for purpose in _PURPOSES
    }
    _write(folder / FOUNDER_FILE, _founder(body, headers))
    settings = _settings(body, keys_folder)
    config = _read_settings(folder, settings, environment)
    prepare_database(NodePlaces(folder), config).close()
    _write_settings(folder, settings)
    return headers


def require_free(folder: Path) -> None:
    """Raise ``Refused`` if there is a node in this folder."""
    if (folder / FILE_NAME).exists():
        raise Refused(
            "node_exists", f"there is a node in {folder} already", "--node names another folder"
        )


def connect(folder: Path, rpc_url: str, origin: str) -> int:
    """Check the ledger and this body's place on it, keep both in ``node.toml``; return the member.

    Raises:
        UsageError: there is no node, or the origin is none.
        Refused, NotTrusted: another chain, no such ledger, not a member, another endpoint.
        Unavailable: the chain node does not answer.
    """
    file = folder / FILE_NAME
    config = load_config(folder)
    if not ORIGIN.fullmatch(origin):
        raise UsageError(
            "origin", "--origin: expected comity/<chain id>/<ledger address in lower case>",
            "comity chain deploy prints it; else ask the members",
        )  # fmt: skip
    if config.ledger is not None and config.ledger.origin != origin:
        raise Refused(
            "other_ledger", "this node is connected to another ledger",
            "give each ledger a node of its own",
        )  # fmt: skip
    table = f"[ledger]\norigin = {_quoted(origin)}\nrpc_url = {_quoted(rpc_url)}\n"
    text = _LEDGER_TABLE.sub("", file.read_text("utf-8")).rstrip("\n") + "\n\n" + table
    planned = _read_settings(folder, text)
    member = _member(planned)
    _write_settings(folder, text)
    return member


def _member(config: NodeConfig) -> int:
    """Return which member of the ledger this body is."""
    from contracts.chain import Chain
    from contracts.reader import Ledger

    assert config.ledger is not None
    operating = operating_account(config)
    chain = Chain(config.ledger.rpc_url, config.ledger.chain_id)
    try:
        ledger = Ledger.open(chain, config.ledger.directory)
        member = ledger.member_of(operating)
        if member == 0:
            raise Refused(
                "not_a_member", f"account {operating} is no member's operating account there",
                f"hand {FOUNDER_FILE} to the members, who admit you",
            )  # fmt: skip
        return member
    finally:
        chain.close()


def operating_account(config: NodeConfig) -> str:
    """Return the address of the operating account; needs no passphrase.

    Raises:
        UsageError: the settings name no key file.
    """
    parts = urlsplit(config.keys.operating)
    if parts.scheme != "file":
        raise UsageError("keys_missing", "node.toml names no operating key", "comity node init")
    return read_header(Path(unquote(parts.path))).fingerprint


def _key(path: Path, purpose: Purpose, passphrase: Passphrase) -> KeyHeader:
    """Make a key, or take the one that a broken-off set-up has left; never overwrite one."""
    if not path.exists():
        return create_key(path, purpose, passphrase)
    open_key(path, purpose, passphrase)
    return read_header(path)


def _founder(body: NewBody, headers: Mapping[Purpose, KeyHeader]) -> bytes:
    from contracts.calls import Admission
    from contracts.founders import assertion_and_share, dump_founder, names_text, parse_founder

    assertion, share = headers[Purpose.ASSERTION].public, headers[Purpose.SHARE].public
    assert isinstance(assertion, DocumentPublic)
    assert isinstance(share, DocumentPublic)
    raw = dump_founder(
        Admission(
            names=names_text(body.names),
            economy=body.economy,
            roles=body.roles,
            endpoint=body.endpoint,
            operating=headers[Purpose.OPERATING].fingerprint,
            recovery=headers[Purpose.RECOVERY].fingerprint,
            keys=assertion_and_share(assertion.jwk, share.jwk),
        )
    )
    parse_founder(raw)  # what the ledger would refuse is refused here
    return raw


def _settings(body: NewBody, keys_folder: Path) -> str:
    lines = [
        "# Settings of this node; node/config.py documents every one.",
        f"endpoint = {_quoted(body.endpoint)}",
        f"port = {body.port}",
        "",
        "[keys]",
    ]
    for purpose in (Purpose.ASSERTION, Purpose.OPERATING, Purpose.SHARE):
        uri = (keys_folder.resolve() / f"{purpose.value}.json").as_uri()
        lines.append(f"{purpose.value} = {_quoted(uri)}")
    return "\n".join(lines) + "\n"


def _read_settings(
    folder: Path, text: str, environment: Mapping[str, str] = MappingProxyType({})
) -> NodeConfig:
    """Return the settings that ``text`` would be; raise as the node would at its start."""
    draft = folder / f"{FILE_NAME}.new"
    _write(draft, text.encode())
    return NodeConfig.load(draft, PREFIX, environment)


def _write_settings(folder: Path, text: str) -> None:
    _read_settings(folder, text)
    (folder / f"{FILE_NAME}.new").replace(folder / FILE_NAME)


def _write(file: Path, raw: bytes) -> None:
    draft = file.with_name(file.name + ".part")
    draft.unlink(missing_ok=True)
    private_file(draft)  # settings may hold the password of a database
    draft.write_bytes(raw)
    draft.replace(file)


def _quoted(text: str) -> str:
    return json.dumps(text)  # a JSON text is a TOML basic string
