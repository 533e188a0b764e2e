"""A whole network in memory: bodies that issue, seal and anchor on a ledger that is a list.

Holds what a check can be asked about and nothing else: no chain, no store, no socket. Bodies can
misbehave in every way the contracts would refuse, for a verifier must not rely on them.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

from contracts.ledgerstore import LedgerStore
from contracts.texts import NamedText
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
    AccreditationAction,
    AccreditationDeclared,
    AlertLifted,
    Anchored,
    ArrangementMade,
    ArrangementParty,
    Assurance,
    Disowned,
    Event,
    KeyAdded,
    KeyAssured,
    KeyPurpose,
    KeyRevoked,
    MemberAdmitted,
    MemberExpelled,
    MemberRestored,
    MemberSuspended,
    NoticeKind,
    NoticePublished,
    PartyAction,
    Position,
    Role,
    State,
    StatusAnnulled,
    StatusDeclared,
    SubjectKind,
    accreditation_key,
    party_key,
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
    texts: list[bytes] = field(default_factory=list)

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

    def suspend(self, member: int, reason: int = 1) -> None:
        """Suspend a member, as by vote."""
        self.record(MemberSuspended(*self.next(), member, reason))

    def restore(self, member: int) -> None:
        """Restore a member, as by vote."""
        self.record(MemberRestored(*self.next(), member))

    def expel(self, member: int, reason: int = 1) -> None:
        """Expel a member, as by vote."""
        self.record(MemberExpelled(*self.next(), member, reason))

    def publish(self, text: bytes) -> tuple[bytes, int]:
        """Keep a text as the follower would have; return its hash and size."""
        self.texts.append(text)
        self.state.learn_text(text)
        return sha256(text).digest(), len(text)

    def of_party(
        self,
        arrangement: int,
        party: int,
        action: PartyAction,
        scope: str = "",
        *,
        after: int = 0,
        reason: int = 0,
    ) -> None:
        """Record a party's move, effective ``after`` seconds from its block."""
        position, time = self.next()
        at = 0 if action == PartyAction.INVITED else time + after
        sequence = len(self.state.history(party_key(arrangement, party)))
        self.record(
            ArrangementParty(
                position, time, arrangement, party, scope, int(action), reason, at, sequence
            )
        )

    def save(self, file: Path) -> None:
        """Write the state as a follower would have left it."""
        file.parent.mkdir(parents=True, exist_ok=True)
        store = LedgerStore.open(file, self.origin, did_of_endpoint)
        named = [
            NamedText(event.text_hash, event.text_size, event.position.block, bytes(32))
            for event in self.events
            if isinstance(event, ArrangementMade | NoticePublished)
        ]
        blocks = [self._head(number) for number in range(self.block + 1)]
        store.append(blocks, self.events, named, self.texts)
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

    def join(self, roles: int = Role.CERTIFICATION_BODY, economy: str = "XA") -> Body:
        """Be admitted, with the key registered."""
        position, time = self.ledger.next()
        self.ledger.record(
            MemberAdmitted(
                position, time, self.number, f'{{"en":"Body {self.number}"}}', economy,
                int(roles),
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

    def assure_key(self, signer: WordSigner, assurance: Assurance) -> None:
        thumbprint = signer.public.thumbprint
        self.ledger.record(KeyAssured(*self.ledger.next(), self.number, thumbprint, int(assurance)))

    def accredit(
        self,
        body: int,
        action: AccreditationAction = AccreditationAction.GRANT,
        coverage: str | None = None,
        *,
        scope: str = "MSC",
        after: int = 0,
        until: int = 0,
        reason: int = 0,
    ) -> None:
        """Say something about a body's accreditation, effective ``after`` seconds from its block.

        Args:
            coverage: ISO 9001 for all sectors where one is needed and none is given.
        """
        position, time = self.ledger.next()
        covers = action in (AccreditationAction.GRANT, AccreditationAction.REDUCE)
        sequence = len(self.ledger.state.history(accreditation_key(self.number, body, scope)))
        if coverage is None:
            coverage = '{"ISO 9001":"all"}' if covers else ""
        self.ledger.record(
            AccreditationDeclared(
                position, time, self.number, body, scope, int(action), reason, coverage,
                time + after, until, sequence,
            )
        )  # fmt: skip

    def make_arrangement(
        self,
        *parties: int,
        roles: int = Role.CERTIFICATION_BODY | Role.ACCREDITATION_BODY | Role.AUTHORITY,
        text: bytes = b"We recognise each other.",
    ) -> int:
        """Make an arrangement and invite ``parties``; return its number."""
        number = sum(isinstance(e, ArrangementMade) for e in self.ledger.events) + 1
        named = self.ledger.publish(text)
        self.ledger.record(
            ArrangementMade(*self.ledger.next(), number, self.number, int(roles), *named)
        )
        for party in parties:
            self.ledger.of_party(number, party, PartyAction.INVITED)
        return number

    def publish(
        self,
        kind: NoticeKind,
        text: bytes = b"Notice.",
        subject: SubjectKind = SubjectKind.NONE,
        member: int = 0,
        about: bytes = bytes(32),
    ) -> int:
        """Publish a notice; return its number."""
        number = 1 + sum(
            isinstance(e, NoticePublished) and e.member == self.number for e in self.ledger.events
        )
        named = self.ledger.publish(text)
        self.ledger.record(
            NoticePublished(
                *self.ledger.next(), self.number, number, int(kind), int(subject), member, about,
                *named,
            )
        )  # fmt: skip
        return number

    def lift(self, number: int) -> None:
        """Take back an alert of one's own."""
        (alert,) = (
            e
            for e in self.ledger.events
            if isinstance(e, NoticePublished) and (e.member, e.number) == (self.number, number)
        )
        self.ledger.record(
            AlertLifted(
                *self.ledger.next(), self.number, number, alert.subject_kind,
                alert.subject_member, alert.subject_hash,
            )
        )  # fmt: skip

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
