"""What a verifier is told: which ledgers it follows, where it listens, how old evidence may be.

Decides nothing about certificates. Refuses unknown settings, and two ledgers with one origin.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from core import limits
from core.runtime import paths, volatile
from core.runtime.config import Section, Settings
from verifier.policy import Policy

FILE_NAME = "verifier.toml"
FOLDER_VARIABLE = "COMITY_VERIFIER"
ORIGIN_PATTERN = r"^comity/[1-9][0-9]{0,15}/0x[0-9a-f]{40}$"


class FollowedLedger(Section):
    """One ledger that this verifier follows."""

    origin: str = Field(pattern=ORIGIN_PATTERN)
    """Which ledger: comity/<chain id>/<ledger address>, as members publish it. A chain that
    answers with another id, or has no such ledger, is refused; its lines read "could not be
    checked"."""

    rpc_url: str = Field(pattern=r"^https?://")
    """Address of this verifier's own chain node. While it does not answer, checks go on with the
    state followed so far until that is too old."""


class VerifierSettings(Settings):
    """All settings of a verifier."""

    ledgers: tuple[FollowedLedger, ...] = ()
    """The ledgers followed. Without any, every certificate reads "could not be checked"."""

    host: str = "127.0.0.1"
    """Address the page and API listen on; put a buffering proxy in front before opening it."""

    port: int = Field(default=8080, ge=0, le=65535)
    """Port the page and API listen on; 0 takes a free one."""

    trusted_hosts: tuple[str, ...] = ("localhost", "127.0.0.1")
    """Host names the page answers to; a request for another name gets 400."""

    workers: int = Field(default=2, ge=1, le=64)
    """Web processes. Checks are bound by the processor: one for each core."""

    threads: int = Field(default=8, ge=1, le=64)
    """Requests that each process works on at once. Others wait; slow senders do not count, for a
    request gets a thread when it has arrived."""

    checks_per_minute: int = Field(default=600, ge=0)
    """How often one address may have something checked, or look at the network and its feeds, in a
    minute, by page or API; 0 for as often as it likes. Above it: 429 with Retry-After. Without
    Redis each web process counts for itself, so it may be as many times more."""

    proxies: int = Field(default=0, ge=0, le=8)
    """How many proxies of yours stand before this verifier and name the sender in X-Forwarded-For.
    Too few: all senders behind a proxy share one limit. Too many: a sender can name any address,
    and so escape the limit."""

    redis: Annotated[str, AfterValidator(volatile.setting)] = ""
    """A Redis for the counters of limits: a URL, or ``embedded`` for one that
    ``comity verifier run`` keeps in its folder. May be lost at any moment; verdicts and evidence
    are never read from it. One that evicts is refused at the start."""

    max_evidence_age: int = Field(default=limits.EVIDENCE_AGE_LIVE, ge=30, le=30 * 86_400)
    """Seconds since the newest block on which an answer may rest; beyond it lines 3 and 5 read
    "could not be checked"."""

    poll_seconds: float = Field(default=1.0, ge=0.1, le=60)
    """How often the chain node is asked for new blocks."""

    examples: Path | None = None
    """Folder of live examples for the page, with an index.json; none are offered without it."""

    policies: Path | None = None
    """Folder of local acceptance policies (``*.json``), read at the start. For an economy they name
    they take precedence over the published ones. One that is no policy: the start is refused."""

    @property
    def policy(self) -> Policy:
        """The check policy these settings make, without the local acceptance policies."""
        return Policy(max_evidence_age=self.max_evidence_age)

    @model_validator(mode="after")
    def _origins_differ(self) -> Self:
        origins = [ledger.origin for ledger in self.ledgers]
        if len(set(origins)) != len(origins):
            raise ValueError("two ledgers have one origin")
        return self


def folder_in_use(named: Path | None, environment: Mapping[str, str]) -> Path:
    """Return the verifier folder: the one named, else of the environment, else the usual one.

    The usual one is ``verifier`` under the state folder, else that of a running demonstration.
    """
    if named is not None:
        return named
    if environment.get(FOLDER_VARIABLE):
        return Path(environment[FOLDER_VARIABLE])
    own = paths.home(environment) / "verifier"
    demo = paths.demo_home(environment) / "verifier"
    return demo if (demo / FILE_NAME).exists() and not (own / FILE_NAME).exists() else own
