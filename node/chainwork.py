"""The worker's part that needs the chain: follow, settle, observe, send.

Decides the order within one pass. First the follower moves, so that all that follows rests on one
view of final blocks; then ends and records are noted; then what is stored is sent; and only then,
under a fence, new transactions are signed: status changes before anchors, for they protect people,
and acts in the network last.
Refuses to sign for an account that the ledger does not know as a member's, under an endpoint other
than the registered one, and by a clock more than a minute away from the newest block.
"""

from dataclasses import dataclass
from datetime import datetime

from contracts.chain import Chain
from contracts.follower import Follower, Progress
from contracts.ledgerstore import LedgerStore
from contracts.reader import Ledger
from contracts.writer import Signer
from core.errors import NotTrusted, Unavailable
from core.limits import SIGNING_CLOCK_APART
from core.runtime.logs import logger
from core.runtime.steps import Step
from node.anchoring import Anchoring
from node.config import LedgerSettings, NodeConfig
from node.declaring import Declaring
from node.enacting import Enacting
from node.identifiers import Clock, Random
from node.membership import Evidence, Membership, membership, require_endpoint
from node.reissue import release_unsound
from node.sending import Sender
from node.store import acts, batches, declarations
from node.store.engine import Store


@dataclass(slots=True)
class _Connected:
    """What exists once the chain node has answered and the body is known."""

    ledger: Ledger
    follower: Follower
    sender: Sender
    anchoring: Anchoring | None = None
    declaring: Declaring | None = None
    enacting: Enacting | None = None


class ChainWork:
    """One worker's work on the chain; ``step`` may be called for ever.

    Args:
        followed: where the ledger is followed into.
        signer: the operating account.
        clock: the time, which is held against that of the newest block.
        random: a cryptographic source of bytes.
    """

    def __init__(
        self,
        config: NodeConfig,
        settings: LedgerSettings,
        store: Store,
        followed: LedgerStore,
        signer: Signer,
        clock: Clock,
        random: Random,
    ) -> None:
        self._clock = clock
        self._random = random
        self._seconds_apart = 0.0
        self._config = config
        self._settings = settings
        self._store = store
        self._followed = followed
        self._signer = signer
        self._connected: _Connected | None = None
        self._has_news = True
        self._log = logger("chain_work")
        self.body: Membership | None = None
        self._look_up_body()

    @property
    def fence(self) -> int | None:
        """The fence this worker holds, None before its claim is final."""
        connected = self._connected
        return connected.anchoring.fence if connected and connected.anchoring else None

    @property
    def held(self) -> str | None:
        """Why the ledger takes nothing from this body now, None when it does."""
        connected = self._connected
        if connected is None or connected.anchoring is None or connected.declaring is None:
            return None
        return connected.anchoring.held or connected.declaring.held

    def step(self, *, now: datetime) -> bool:
        """Do one pass; return whether the ledger had anything new.

        Raises:
            Fenced: another worker has taken over; stop.
            Unavailable: the chain node or the database does not answer; try again later.
            NotTrusted, Refused: what the chain node shows, or who we are there, is not as it
                should be; nothing was signed.
        """
        connected = self._connect()
        # what a pass that failed had followed is still news to the next one
        moved = self._has_news = self._follow(connected) or self._has_news
        with self._followed.snapshot() as evidence:
            if evidence.head is None:
                return moved
            if moved or self.body is None:
                self.body = membership(evidence, connected.sender.account)
            if self.body is None:
                raise NotTrusted(
                    "not_a_member", "the ledger knows no member with this operating account",
                    "wait for the admission, or name the right key in node.toml",
                )  # fmt: skip
            require_endpoint(self.body, self._config.endpoint)
            if moved:
                self._release_unsound(evidence, self.body)
            self._move(connected, self.body, evidence, evidence.head.block, now)
        self._has_news = False
        return moved

    def require_clock(self) -> None:
        """Refuse to sign by a clock that is not the chain's.

        While the chain node does not answer, what was seen last counts: no envelope bears a time
        of ours, so issuing may go on.

        Raises:
            Unavailable: our clock and the newest block were more than a minute apart.
        """
        if abs(self._seconds_apart) > SIGNING_CLOCK_APART:
            raise Unavailable(
                "clock_differs",
                f"our clock and the newest block are {abs(self._seconds_apart):.0f} s apart: "
                "nothing is signed",
                "set the clock; if it is right, ask why the chain makes no blocks",
            )

    def close(self) -> None:
        """Close the connections to the chain node."""
        if self._connected is not None:
            self._connected.ledger.chain.close()
            self._connected = None

    def _release_unsound(self, evidence: Evidence, body: Membership) -> None:
        """Before anything counts as anchored: with a key that was revoked first it would not be."""
        released = release_unsound(self._store, evidence, body.member)
        if released:
            self._log.warning("credentials_released", credentials=released)

    def _move(
        self,
        connected: _Connected,
        body: Membership,
        evidence: Evidence,
        final_block: int,
        now: datetime,
    ) -> None:
        sender = connected.sender
        anchoring, declaring, enacting = self._parts(connected, body)
        sender.settle(final_block)
        anchoring.learn()
        anchoring.observe(evidence)
        declaring.observe(evidence)
        enacting.observe(evidence)
        sender.send(now=now)
        anchoring.require_newest(evidence)
        self._look_at_the_clock(connected)
        self.require_clock()
        if anchoring.fence is None:
            anchoring.claim_fence(now=now)
        else:
            declaring.submit(body, now=now)
            anchoring.submit(body, now=now)
            enacting.carry_out(body, evidence, now=now)
            enacting.submit(now=now)
        sender.send(now=now)

    def _parts(
        self, connected: _Connected, body: Membership
    ) -> tuple[Anchoring, Declaring, Enacting]:
        found = (connected.anchoring, connected.declaring, connected.enacting)
        if found[0] is None or found[1] is None or found[2] is None:
            store, ledger, sender = self._store, connected.ledger, connected.sender
            connected.anchoring = Anchoring(store, ledger, sender, body.member, self._random)
            connected.declaring = Declaring(store, ledger, sender, body.member)
            connected.enacting = Enacting(store, ledger, sender, self._random)
            return connected.anchoring, connected.declaring, connected.enacting
        return found[0], found[1], found[2]

    def _connect(self) -> _Connected:
        if self._connected is None:
            chain = Chain(self._settings.rpc_url, self._settings.chain_id)
            try:
                ledger = Ledger.open(chain, self._settings.directory)
                follower = Follower(ledger, self._followed)
            except BaseException:
                chain.close()
                raise
            seconds = self._config.resend_seconds
            sender = Sender(self._store, ledger, self._signer, resend_seconds=seconds)
            self._connected = _Connected(ledger, follower, sender)
        return self._connected

    def _follow(self, connected: _Connected) -> bool:
        moved = False
        gone_back: list[Progress] = []

        def note(progress: Progress) -> None:
            nonlocal moved
            moved = moved or bool(progress.events or progress.rolled_back)
            if progress.rolled_back:
                gone_back.append(progress)

        named = dict(connected.ledger.contracts)
        connected.follower.catch_up(note)
        for progress in gone_back:
            self._go_back(connected, progress)
        if connected.ledger.contracts != named and connected.anchoring is not None:
            self._log.warning("contracts_replaced")
            connected.anchoring.restart()
        return moved

    def _go_back(self, connected: _Connected, progress: Progress) -> None:
        """The chain was reorganised below its finality depth: take back what rested on it."""
        if progress.head is None:
            return
        block = progress.head.block
        self._log.error("reorganised_below_finality", block=block, count=progress.rolled_back)
        connected.sender.reopen(block)
        with self._store.writing(Step.RETURN_KEPT) as connection:
            batches.reopen(connection, block)
            declarations.reopen(connection, block)
            acts.reopen(connection, block)
        if connected.anchoring is not None:
            connected.anchoring.restart()

    def _look_at_the_clock(self, connected: _Connected) -> None:
        newest = connected.ledger.head().time
        self._seconds_apart = self._clock().timestamp() - newest

    def _look_up_body(self) -> None:
        """Know the body from what was followed before, so that issuing needs no chain node."""
        with self._followed.snapshot() as evidence:
            if evidence.head is not None:
                self.body = membership(evidence, self._signer.address)
                # a block from the future tells without the chain node that our clock is behind
                self._seconds_apart = min(0.0, self._clock().timestamp() - evidence.head.time)
