"""Settings of a node: ``node.toml`` in the node's folder, overridden by ``COMITY_NODE_…``.

Decides what can be set and what holds if nothing is. Refuses unknown keys, and a value that could
not work. Which member the node is, is not a setting: the ledger says it of the operating account.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from core import limits
from core.issuer import did_of_endpoint
from core.runtime import volatile
from core.runtime.config import Section, Settings
from node.states import IntakeMode

FILE_NAME: Final = "node.toml"
PREFIX: Final = "COMITY_NODE_"
ORIGIN: Final = re.compile(r"comity/([1-9][0-9]{0,15})/(0x[0-9a-f]{40})")


def _endpoint(value: str) -> str:
    if did_of_endpoint(value) is None:
        raise ValueError("expected https://host[:port] or http://localhost[:port], lower case")
    return value


def _origin(value: str) -> str:
    if not ORIGIN.fullmatch(value):
        raise ValueError("expected comity/<chain id>/<ledger address in lower case>")
    return value


class LedgerSettings(Section):
    """Which ledger the node takes part in, and the chain node it asks."""

    origin: Annotated[str, AfterValidator(_origin)]
    """The ledger, ``comity/<chain id>/<address>``. No default. A wrong one: the worker stops at
    its start and says what it found instead."""

    rpc_url: str = Field(min_length=1)
    """Address of the body's own chain node. No default. Does it not answer, records are received
    and issued as before and anchored when it does."""

    @property
    def chain_id(self) -> int:
        """The chain's id."""
        return int(self.origin.split("/")[1])

    @property
    def directory(self) -> str:
        """Address of the ledger's Directory."""
        return self.origin.split("/")[2]


class KeySettings(Section):
    """Where the node's private keys are. Only the worker opens them."""

    assertion: str = ""
    """URI of the key that signs e-certificates and status lists (``file:///…``). Default: none;
    without it the worker does not start."""

    operating: str = ""
    """URI of the account that sends transactions. Default: none; without it the worker does not
    start."""

    share: str = ""
    """URI of the key that signs releases to recipients. Default: none; nothing needs it yet."""


class SealSettings(Section):
    """When waiting leaves become a batch."""

    seconds: float = Field(default=2.0, ge=0.0, le=3600.0)
    """A batch is sealed once its oldest e-certificate has waited this long. Default 2. Higher:
    fewer transactions, later anchors."""

    leaves: int = Field(default=16_384, ge=2, le=limits.BATCH_LEAVES_MAX)
    """A batch is sealed at once when this many leaves wait (two for each e-certificate).
    Default 16,384. Higher: fewer transactions, more memory."""


class RegisteredSettings(Section):
    """An identifier of the body in another register."""

    scheme: str
    """The register's code, as in ``core/codes/identifier-schemes.json``. No default; an unknown
    one stops the worker at its start."""

    value: str
    """The identifier. No default."""


class NodeConfig(Settings):
    """All settings of a node."""

    endpoint: Annotated[str, AfterValidator(_endpoint)]
    """Public address under which the ledger knows the body. No default. It is part of every
    e-certificate: with a wrong one the worker stops at its start."""

    host: str = "127.0.0.1"
    """Address the web process listens on. Default 127.0.0.1: a buffering proxy stands before it."""

    port: int = Field(default=8471, ge=1, le=65_535)
    """Port of the web process. Default 8471. In use: the web process does not start."""

    web_processes: int = Field(default=1, ge=1, le=64)
    """Processes of the web server. Default 1, enough for one body's own programs. More: more
    requests at once, each with its memory."""

    web_threads: int = Field(default=8, ge=1, le=64)
    """Requests that each process works on at once. Default 8. Others wait; slow senders do not
    count, for a request gets a thread when it has arrived."""

    requests_per_minute: int = Field(default=6_000, ge=0)
    """How often one token may call the API in a minute. Default 6,000; 0: as often as it likes.
    Above it: 429 with ``Retry-After``. A register of any size is one request. Without Redis each
    web process counts for itself."""

    redis: Annotated[str, AfterValidator(volatile.setting)] = ""
    """A Redis for wake-ups and the counters of limits: a URL, or ``embedded`` for one that
    ``comity node run`` keeps in this folder. Default none. It may be lost at any moment: without
    it the worker looks for work every ``poll_seconds`` instead of being woken. One that evicts
    is refused at the start."""

    database_url: str = ""
    """Where the node keeps its data. Default: SQLite in ``node.db`` beside this file. Unreachable:
    nothing is received; nothing is lost."""

    ledger: LedgerSettings | None = None
    """The ledger. Default none, as before ``comity node connect``: records are received and wait;
    the worker does not start."""

    keys: KeySettings = KeySettings()
    """The private keys. Default none."""

    seal: SealSettings = SealSettings()
    """When batches are sealed. Defaults: after 2 s, or at 16,384 leaves."""

    registered: tuple[RegisteredSettings, ...] = ()
    """Registers in which the body is known too; shown in its e-certificates. Default none."""

    backlog: int = Field(default=250_000, ge=1)
    """How many records may have a receipt and no end. Default 250,000. Above it the API answers
    503 with ``Retry-After``, and ``comity issue`` ends with 3. Higher: a longer outage of the chain
    is bridged, on more disk."""

    intake: IntakeMode = IntakeMode.WARN
    """What becomes of a record that says it is accredited while the followed ledger does not say it
    of this body: ``warn`` takes it in with a warning, ``strict`` refuses it. Default ``warn``. With
    ``strict`` nothing accredited is taken in while the ledger is not known here."""

    poll_seconds: float = Field(default=0.25, ge=0.05, le=10.0)
    """How often the worker looks for work and at the chain. Default 0.25. Higher: less load, and
    everything takes that much longer."""

    resend_seconds: float = Field(default=10.0, ge=1.0, le=600.0)
    """After how long a transaction that is in no block is sent again, the same bytes. Default 10.
    Sending again is harmless."""

    list_refresh_seconds: float = Field(default=3600.0, ge=60.0, le=86_400.0)
    """How old a signed status list may get before it is signed again without a change. Default
    3,600. Higher: readers see an older date."""


def load_config(folder: Path, environment: Mapping[str, str] = os.environ) -> NodeConfig:
    """Return the settings of the node in ``folder``.

    Raises:
        UsageError: there is no ``node.toml``, or a setting is refused.
        FormatError: it is no TOML.
    """
    return NodeConfig.load(folder / FILE_NAME, PREFIX, environment)
