"""A whole network in memory: bodies that issue, seal and anchor on a ledger that is a list.

Holds what a check can be asked about and nothing else: no chain, no store, no socket. Bodies can
misbehave in every way the contracts would refuse, for a verifier must not rely on them.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from contracts.ledgerstore import LedgerStore
from core import codes
from core.anchor import Anchor
from core.batch import Batch
from core.bundle import Bundle
from core.credential import (
    Credential,
    Issuer,
    Slot,
    did_of_endpoint,
    issue_plain,
    issue_selective,
)
from core.credential_claims import status_entry
from core.events import (
    Anchored,
    Disowned,
    Event,
    KeyAdded,
    KeyPurpose,
    KeyRevoked,
    MemberAdmitted,
    Position,
    State,
    StatusAnnulled,
    StatusDeclared,
    status_key,
)
from core.leaf import Leaf, leaf_hash
from core.registry import Head, LedgerState
from tests.support.tokens import WordSigner, es256_signer

ORIGIN = "comity/31337/0x5fbdb2315678afecb367f032d93f642f64180aa3"
START = int(datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp())
BLOCK_SECONDS = 20


@dataclass
class MemoryLedger:
    """Events one after another, a block each."""

    origin: str = ORIGIN
    start: int = START
    state: LedgerState = field(init=False)
    block: int = 0
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state = LedgerState(self.origin, did_of_endpoint)
        self.idle()

    @property
    def time(self) -> int:
        return self.start + self.block * BLOCK_SECONDS

    @property
    def now(self) -> datetime:
        """A moment shortly after the newest block."""
        return datetime.fromtimestamp(self.time + 5, UTC)

    def next(self) -> tuple[Position, int]:
        self.block += 1
        return Position(self.block, 0), self.time

    def record(self, event: Event) -> Event:
        self.state.apply([event], self._head())
        self.events.append(event)
        return event

    def idle(self, blocks: int = 1) -> None:
        """Let empty blocks pass."""
        self.block += blocks
        self.state.apply([], self._head())

    def save(self, file: Path) -> None:
        """Write the state as a follower would have left it."""
        file.parent.mkdir(parents=True, exist_ok=True)
        store = LedgerStore.open(file, self.origin, did_of_endpoint)
        store.append([self._head(number) for number in range(self.block + 1)], self.events)
        store.close()

    def _head(self, number: int | None = None) -> Head:
        block = self.block if number is None else number
        return Head(block, block.to_bytes(32), self.start + block * BLOCK_SECONDS)


@dataclass
class Issued:
    """One credential in both envelopes, each with its leaf once sealed."""

    slot: Slot
    tokens: dict[str, str]
    leaves: dict[str, Leaf] = field(default_factory=dict)
    anchor: Anchor | None = None


class Body:
    """A member with one assertion key."""

    def __init__(self, ledger: MemoryLedger, number: int, host: str = "") -> None:
        self.ledger = ledger
        self.number = number
        self.endpoint = f"https://{host or f'node{number}.example'}"
        did = did_of_endpoint(self.endpoint)
        assert did is not None
        self.issuer = Issuer(did, f"Body {number}", self.endpoint)
        self.random = Random(f"body {number}").randbytes
        self.signer: WordSigner = es256_signer(f"body {number}")
        self._slots = 0

    def join(self) -> Body:
        """Be admitted, with the key registered."""
        position, time = self.ledger.next()
        self.ledger.record(
            MemberAdmitted(
                position, time, self.number, f'{{"en":"Body {self.number}"}}', "XA", 1,
                self.endpoint, f"0x{self.number:040x}", f"0x{self.number + 1000:040x}",
            )
        )  # fmt: skip
        self.add_key(self.signer)
        return self

    def add_key(self, signer: WordSigner, purpose: int = KeyPurpose.ASSERTION) -> None:
        position, time = self.ledger.next()
        key = signer.public
        self.ledger.record(
            KeyAdded(position, time, self.number, key.thumbprint, purpose, key.canonical, b"")
        )

    def revoke_key(self, signer: WordSigner) -> None:
        position, time = self.ledger.next()
        self.ledger.record(
            KeyRevoked(position, time, self.number, signer.public.thumbprint, 1, False)
        )

    def claims(self, slot: Slot) -> dict[str, Any]:
        """The worked example, as this body would issue it for three years from the start."""
        claims = deepcopy(codes.ecert_example())
        first = datetime.fromtimestamp(self.ledger.start, UTC).date()
        last = first.replace(year=first.year + 3, day=1)
        claims["validFrom"], claims["validUntil"] = f"{first}T00:00:00Z", f"{last}T23:59:59Z"
        certification = claims["credentialSubject"]["certification"]
        certification["effectiveDate"], certification["expiryDate"] = f"{first}", f"{last}"
        claims["issuer"]["id"] = self.issuer.did
        claims["issuer"]["name"] = self.issuer.name
        claims["credentialStatus"] = status_entry(slot)
        return claims

    def issue(self, slot: Slot | None = None, claims: dict[str, Any] | None = None) -> Issued:
        if slot is None:
            slot = Slot(f"{self.endpoint}/status/1", self._slots)
            self._slots += 1
        content = claims or self.claims(slot)
        return Issued(
            slot,
            {
                "selective": issue_selective(content, self.signer, self.random),
                "plain": issue_plain(content, self.signer),
            },
        )

    def anchor(
        self, *issued: Issued, envelopes: tuple[str, ...] = ("selective", "plain")
    ) -> Anchor:
        """Seal the credentials into one batch and register it."""
        places = [(one, envelope) for one in issued for envelope in envelopes]
        salts = [self.random(32) for _ in places]
        tokens = [Credential.parse(one.tokens[envelope]).token for one, envelope in places]
        hashes = [leaf_hash(salt, token) for salt, token in zip(salts, tokens, strict=True)]
        batch = Batch.seal(hashes, self.random)
        position, time = self.ledger.next()
        anchor = Anchor(self.number, batch.root, batch.size, position)
        self.ledger.record(Anchored(position, time, self.number, batch.root, batch.size))
        for i, (one, envelope) in enumerate(places):
            index = batch.index_of(i)
            one.leaves[envelope] = Leaf(salts[i], index, batch.path(index))
            one.anchor = anchor
        return anchor

    def disown(self, anchor: Anchor) -> None:
        position, time = self.ledger.next()
        self.ledger.record(Disowned(position, time, self.number, anchor.root))

    def declare(self, slot: Slot, state: State, *, after: int = 0, reason: int = 1) -> None:
        """Declare a state, effective ``after`` seconds from the block that records it."""
        position, time = self.ledger.next()
        sequence = len(self._declared(slot))
        self.ledger.record(
            StatusDeclared(
                position, time, self.number, slot.digest, state, reason, time + after, 0, 0,
                bytes(32), sequence,
            )
        )  # fmt: skip

    def annul(self, slot: Slot, sequence: int) -> None:
        position, time = self.ledger.next()
        self.ledger.record(StatusAnnulled(position, time, self.number, slot.digest, sequence))

    def _declared(self, slot: Slot) -> list[Event]:
        history = self.ledger.state.history(status_key(self.number, slot.digest))
        return [event for event in history if isinstance(event, StatusDeclared)]

    def bundle(
        self, issued: Issued, envelope: str = "selective", fields: tuple[str, ...] = ("all",)
    ) -> Bundle:
        assert issued.anchor is not None
        presentation = issued.tokens[envelope]
        if envelope == "selective":
            presentation = Credential.parse(presentation).share(fields)
        return Bundle(self.ledger.origin, presentation, issued.leaves[envelope], issued.anchor)


def body_with_certificate() -> tuple[Body, Issued]:
    """Return a member and one anchored credential of it."""
    body = Body(MemoryLedger(), 1).join()
    issued = body.issue()
    body.anchor(issued)
    return body, issued
