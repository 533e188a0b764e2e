"""The worker: the one process of a node that holds keys. It moves everything that waits.

Decides what runs when: chain work, issuing, sealing and status lists take turns, each step
idempotent and safe to be killed at any point. What a step cannot do now it does later: a chain
node that does not answer, a busy database or a body that is suspended slows the worker down and
never ends it. It ends when it is told to; once another worker has taken over (``Fenced``) it does
nothing any more.

One worker for each folder: it holds a lock on ``worker.lock`` as long as it lives.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy.exc import IntegrityError

from contracts.ledgerstore import LedgerStore
from core.encoding import b64url_decode
from core.errors import ComityError, Refused, Unavailable, UsageError
from core.issuer import Issuer
from core.record import Identifier
from core.report import timestamp
from core.runtime.logs import describe_exception, logger
from keys.passphrase import Passphrase
from keys.purposes import Purpose
from keys.signer import AccountSigner, DocumentSigner, open_signer
from node import seal, status_list
from node.anchoring import Fenced
from node.chainwork import ChainWork
from node.config import LedgerSettings, NodeConfig
from node.identifiers import Clock, Random
from node.issue import SlotSource, issue_waiting
from node.membership import Membership, assertion_key_stands, open_followed
from node.places import NodePlaces
from node.reissue import reissue
from node.store import migrate
from node.store.engine import Store, engine_for
from node.wakeups import listening

_SHORTEST_PAUSE: Final = timedelta(seconds=0.5)
_LONGEST_PAUSE: Final = timedelta(seconds=15)
_ISSUE_TURN: Final = timedelta(seconds=1)  # then the chain gets its turn
_HEALTH_EVERY: Final = timedelta(seconds=2)


class Stop(Protocol):
    """What ends the worker; a ``threading.Event`` is one."""

    def is_set(self) -> bool: ...
    def wait(self, timeout: float | None = None) -> bool: ...


@dataclass(frozen=True, slots=True)
class WorkerSigners:
    """The keys a worker holds."""

    assertion: DocumentSigner
    operating: AccountSigner


def open_worker_signers(config: NodeConfig, passphrase: Passphrase) -> WorkerSigners:
    """Open the keys that the settings name.

    Raises:
        UsageError: the settings name none.
        Refused, NotFound, FormatError: a key cannot be opened.
    """
    if not config.keys.assertion or not config.keys.operating:
        raise UsageError("keys_missing", "node.toml names no keys", "run: comity node init")
    return WorkerSigners(
        open_signer(config.keys.assertion, Purpose.ASSERTION, passphrase),
        open_signer(config.keys.operating, Purpose.OPERATING, passphrase),
    )


def run_worker(
    places: NodePlaces,
    config: NodeConfig,
    signers: WorkerSigners,
    *,
    clock: Clock,
    random: Random,
    stop: Stop,
) -> None:
    """Prepare the database and work until ``stop`` is set.

    A worker that was fenced out does nothing more, and ends when it is told to.

    Raises:
        UsageError: the settings name no ledger.
        Refused: another worker runs here, or has taken over (``Fenced``).
        Unavailable: the database cannot be opened.
    """
    with (
        worker_lock(places.worker_lock),
        listening(places.redis_url(config), config.endpoint) as waiting,
    ):
        places.worker_health.unlink(missing_ok=True)  # what a former life said of itself
        worker = Worker(places, config, signers, clock=clock, random=random)
        try:
            while not stop.is_set():
                if not worker.step():
                    waiting.wait(stop, config.poll_seconds)
        except Fenced as fenced:
            worker.tell_stopped(fenced)
            # It does not end by itself: whoever watches over this process would start it again,
            # and the two workers would take over from each other for ever.
            stop.wait()
            raise
        finally:
            worker.close()


def prepare_database(places: NodePlaces, config: NodeConfig) -> Store:
    """Return the node's database, laid out for this version."""
    store = Store(engine_for(places.database_url(config)))
    migrate.upgrade(store)
    return store


@contextmanager
def worker_lock(path: Path) -> Iterator[None]:
    """Hold the folder's worker lock; the system lets go of it however the process ends.

    Raises:
        Refused: another worker holds it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(
                "worker_running", "a worker of this node is already running", "stop it first"
            ) from None
        yield
    finally:
        os.close(descriptor)


class _Turn:
    """One kind of work, with a pause that grows while it fails."""

    def __init__(self, name: str, work: Callable[[datetime], bool]) -> None:
        self.name = name
        self.code: str | None = None
        self._work = work
        self._pause = _SHORTEST_PAUSE
        self._not_before: datetime | None = None
        self._log = logger("worker")

    def take(self, now: datetime) -> bool:
        """Do the work if its time has come; return whether there may be more at once."""
        if self._not_before is not None:
            left = self._not_before - now
            if timedelta() < left <= _LONGEST_PAUSE:  # more is a clock that was set back
                return False
        try:
            more = self._work(now)
        except Fenced:
            raise
        except (ComityError, IntegrityError) as error:
            # the database refuses what another worker was first to do; this one looks again
            code = error.code if isinstance(error, ComityError) else "another_was_first"
            if self.code != code:
                self._log.warning("step_failed", step=self.name, **describe_exception(error))
            self.code = code
            self._not_before = now + self._pause
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)
            return False
        if self.code is not None:
            self._log.info("step_recovered", step=self.name)
        self.code, self._not_before, self._pause = None, None, _SHORTEST_PAUSE
        return more


class Worker:
    """All steps of one node; ``step`` does one round of them."""

    def __init__(
        self,
        places: NodePlaces,
        config: NodeConfig,
        signers: WorkerSigners,
        *,
        clock: Clock,
        random: Random,
    ) -> None:
        settings = _ledger_settings(config)
        self._places = places
        self._config = config
        self._signers = signers
        self._clock = clock
        self._random = random
        self._log = logger("worker")
        self._store = prepare_database(places, config)
        self._followed: LedgerStore = open_followed(places.followed_ledger, settings.origin)
        self._chain = ChainWork(
            config, settings, self._store, self._followed, signers.operating, clock, random
        )
        self._registered = tuple(
            Identifier(scheme=one.scheme, value=one.value) for one in config.registered
        )
        self._slots: SlotSource | None = None
        self._key_stands = False
        self._reissue_due = self._lists_due = True
        self._health_at: datetime | None = None
        self._turns = [
            _Turn("chain", self._chain_turn),
            _Turn("issue", self._issue_turn),
            _Turn("seal", self._seal_turn),
            _Turn("lists", self._lists_turn),
        ]

    @property
    def fence(self) -> int | None:
        """The fence this worker holds, None before its claim is final."""
        return self._chain.fence

    def step(self) -> bool:
        """Take every turn once; return whether there is more to do at once.

        Raises:
            Fenced: another worker has taken over.
        """
        more = [turn.take(self._clock()) for turn in self._turns]
        self._tell_health()
        return any(more)

    def tell_stopped(self, fenced: Fenced) -> None:
        """Say, in log and health, that this worker does nothing more."""
        self._log.error("worker_stopped", code=fenced.code)
        self._health_at = None
        self._turns[0].code = fenced.code
        self._tell_health()

    def close(self) -> None:
        """Close everything that was opened."""
        self._chain.close()
        self._followed.close()
        self._store.close()

    def _chain_turn(self, now: datetime) -> bool:
        if self._chain.step(now=now):
            self._key_stands = False  # looked up again
            self._reissue_due = self._lists_due = True
        return False

    def _issue_turn(self, now: datetime) -> bool:
        body = self._chain.body
        if body is None:
            return False
        slots = self._slots or SlotSource(body.endpoint, self._random)
        self._slots = slots
        turn_ends = now + _ISSUE_TURN
        while self._clock() < turn_ends:
            if not self._may_sign(body):
                return False
            if self._reissue_due:
                self._reissue_due = self._reissue(body)
                continue
            issued = issue_waiting(
                self._store,
                slots,
                self._issuer(body),
                self._signers.assertion,
                now=self._clock(),
                random=self._random,
            )
            if not issued.credentials and not issued.refused:
                return False
            self._log.info(
                "records_issued", credentials=issued.credentials, rows_refused=issued.refused
            )
        return True

    def _reissue(self, body: Membership) -> bool:
        """Sign again what a key signed that was revoked since; return whether there may be more."""
        with self._followed.snapshot() as evidence:
            renewed = reissue(
                self._store,
                evidence,
                body.member,
                self._issuer(body),
                self._signers.assertion,
                now=self._clock(),
                random=self._random,
            )
        if renewed:
            self._log.info("credentials_signed_again", credentials=renewed)
        return renewed > 0

    def _seal_turn(self, now: datetime) -> bool:
        if self._reissue_due:  # what waits may have to be signed again first
            return False
        limits = self._config.seal
        if not seal.is_due(self._store, now=now, seconds=limits.seconds, leaves=limits.leaves):
            return False
        sealed = seal.seal(self._store, now=now, random=self._random)
        if sealed is None:
            return False
        self._log.info(
            "batch_sealed", batch_id=sealed.batch_id, root=sealed.root.hex(), size=sealed.size
        )
        return True

    def _lists_turn(self, now: datetime) -> bool:
        body = self._chain.body
        seconds = self._config.list_refresh_seconds
        due = self._lists_due or status_list.is_due(self._store, now=now, max_age_seconds=seconds)
        if body is None or not due:
            return False
        self._chain.require_clock()
        with self._followed.snapshot() as evidence:
            status_list.refresh_lists(
                self._store,
                evidence,
                body.member,
                self._issuer(body),
                self._signers.assertion,
                now=now,
                max_age_seconds=seconds,
            )
        self._lists_due = False
        return False

    def _may_sign(self, body: Membership) -> bool:
        """Refuse to issue with a key that does not stand: nobody could ever rely on the result."""
        self._chain.require_clock()
        if not self._key_stands:
            thumbprint = b64url_decode(self._signers.assertion.thumbprint)
            with self._followed.snapshot() as evidence:
                self._key_stands = assertion_key_stands(evidence, body.member, thumbprint)
        if not self._key_stands:
            raise Unavailable(
                "key_not_registered", "the assertion key does not stand on the ledger",
                "register it, or name another in node.toml",
            )  # fmt: skip
        return True

    def _issuer(self, body: Membership) -> Issuer:
        return body.issuer(self._registered)

    def _tell_health(self) -> None:
        """Write what the worker does, for people and probes; failing to is no reason to stop."""
        now = self._clock()
        if self._health_at is not None and timedelta() <= now - self._health_at < _HEALTH_EVERY:
            return
        self._health_at = now
        body = self._chain.body
        told = {
            "at": timestamp(now),
            "pid": os.getpid(),
            "member": body.member if body else None,
            "fence": self._chain.fence,
            "held": self._chain.held,
            "failing": {turn.name: turn.code for turn in self._turns if turn.code},
        }
        draft = self._places.worker_health.with_suffix(".part")
        try:
            draft.write_text(json.dumps(told), encoding="utf-8")
            draft.replace(self._places.worker_health)
        except OSError as error:
            self._log.warning("health_not_written", **describe_exception(error))


def _ledger_settings(config: NodeConfig) -> LedgerSettings:
    if config.ledger is None:
        raise UsageError(
            "no_ledger_configured", "node.toml names no ledger", "run: comity node connect"
        )
    return config.ledger
