"""Issuing: a received record becomes a credential in two envelopes, with a slot and two leaves.

Decides the slot: a random index of the newest status list, so that neighbours say nothing about
each other; a new list is opened when one is half full. Everything a credential consists of is one
commit with its receipt's new state: after a crash a record is either issued, or waits as before,
and tokens that were signed but not stored were never seen by anybody. A record from which no
credential can be made ends with a refusal. In the same commit, what was ordered for a successor can
go, and a certificate that came from another body is declared to stand in its predecessor's place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final, NamedTuple

from sqlalchemy import Connection

from core import limits
from core.credential import claims, issue_plain, issue_selective
from core.crypto.jose import JwsSigner
from core.errors import FormatError, Invalid, Refused
from core.issuer import Issuer, Slot
from core.leaf import leaf_hash
from core.record import Record
from core.runtime.steps import Step
from node.identifiers import Random, milliseconds
from node.states import Envelope
from node.store import credentials, declarations, records
from node.store.credentials import NewCredential, NewLeaf
from node.store.engine import Store
from node.store.records import Waiting
from node.succession import replaced_elsewhere, take_places

RECORDS_PER_COMMIT: Final = 250
_INDEX_BYTES: Final = 4


@dataclass(frozen=True, slots=True)
class Issued:
    """What one step did."""

    credentials: int
    refused: int


def list_url(endpoint: str, number: int) -> str:
    """Return the address of a body's status list."""
    return f"{endpoint}/status/{number}"


class SlotSource:
    """Free slots of one body, drawn at random. One per worker; it remembers what it gave out."""

    def __init__(self, endpoint: str, random: Random) -> None:
        self._endpoint = endpoint
        self._random = random
        self._number = 0
        self._used: set[int] = set()

    def draw(self, connection: Connection, count: int) -> list[tuple[int, int]]:
        """Return ``count`` free (list, index) pairs, opening lists as needed.

        They are given out once, even if the caller's transaction fails.
        """
        if self._number == 0:
            self._resume(connection)
        drawn: list[tuple[int, int]] = []
        while len(drawn) < count:
            if self._number == 0 or len(self._used) >= limits.STATUS_LIST_FILL:
                self._number, self._used = self._number + 1, set()
            index = self._free_index()
            self._used.add(index)
            drawn.append((self._number, index))
        return drawn

    def url(self, number: int) -> str:
        """Return the address of a list."""
        return list_url(self._endpoint, number)

    def _resume(self, connection: Connection) -> None:
        newest = credentials.newest_list(connection)
        if newest is None:
            return
        if newest.url != list_url(self._endpoint, newest.number):
            raise Refused(
                "other_endpoint",
                "this database belongs to a body with another endpoint",
                "give each body a folder of its own",
            )
        self._number = newest.number
        self._used = set(credentials.used_indexes(connection, newest.number))

    def _free_index(self) -> int:
        while True:  # a list is at most half full: two draws on average at worst
            drawn = int.from_bytes(self._random(_INDEX_BYTES), "big")
            index = drawn % limits.STATUS_LIST_ENTRIES  # a power of two: every index alike
            if index not in self._used:
                return index


def issue_waiting(
    store: Store,
    slots: SlotSource,
    issuer: Issuer,
    signer: JwsSigner,
    *,
    now: datetime,
    random: Random,
    at_most: int = RECORDS_PER_COMMIT,
) -> Issued:
    """Issue the records that have waited longest, in one commit.

    Args:
        slots: the worker's source of slots.
        issuer: the body, as the ledger knows it.
        signer: an assertion key that stands on the ledger.
    """
    with store.reading() as connection:
        waiting = records.waiting(connection, at_most)
        if not waiting:
            return Issued(0, 0)
        drawn = slots.draw(connection, len(waiting))
    made, refused = _make(waiting, drawn, slots, issuer, signer, random, now)
    with store.writing(Step.CREDENTIALS_KEPT) as connection:
        _open_lists(connection, slots, drawn)
        issued = credentials.keep(connection, made, milliseconds(now))
        records.mark_issued(connection, [new.record_id for new in made])
        records.mark_refused(connection, refused)
        take_places(connection, issued, now=now, random=random)
        declarations.refuse_waiting(connection, list(refused), "successor_refused")
    return Issued(len(made), len(refused))


def _make(
    waiting: Sequence[Waiting],
    drawn: Sequence[tuple[int, int]],
    slots: SlotSource,
    issuer: Issuer,
    signer: JwsSigner,
    random: Random,
    now: datetime,
) -> tuple[list[NewCredential], dict[int, str]]:
    made: list[NewCredential] = []
    refused: dict[int, str] = {}
    for item, (number, index) in zip(waiting, drawn, strict=True):
        if sha256(item.content).digest() != item.digest:
            refused[item.record_id] = "record_damaged"  # a bit flipped on disk: not to be signed
            continue
        try:
            slot = Slot(slots.url(number), index)
            record = Record.read(item.content)
            signed = sign_both(record, issuer, slot, signer, random)
        except (FormatError, Invalid):
            refused[item.record_id] = "not_issuable"
            continue
        made.append(
            NewCredential(
                item.record_id, number, index, slot.digest, signed.selective, signed.plain,
                signer.thumbprint, signed.leaves, replaced_elsewhere(record, now),
            )
        )  # fmt: skip
    return made, refused


class BothEnvelopes(NamedTuple):
    """A record, signed in both envelopes, with a leaf for each."""

    selective: str
    plain: str
    leaves: tuple[NewLeaf, NewLeaf]


def sign_both(
    record: Record, issuer: Issuer, slot: Slot, signer: JwsSigner, random: Random
) -> BothEnvelopes:
    """Sign a record for a slot.

    Raises:
        FormatError, Invalid: no e-certificate can be made from this record.
    """
    claimed = claims(record, issuer, slot)
    selective = issue_selective(claimed, signer, random)
    plain = issue_plain(claimed, signer)
    leaves = (
        _leaf(Envelope.SELECTIVE, selective.partition("~")[0], random),
        _leaf(Envelope.PLAIN, plain, random),
    )
    return BothEnvelopes(selective, plain, leaves)


def _leaf(envelope: Envelope, token: str, random: Random) -> NewLeaf:
    salt = random(limits.SALT_BYTES)
    return NewLeaf(envelope, salt, leaf_hash(salt, token))


def _open_lists(
    connection: Connection, slots: SlotSource, drawn: Sequence[tuple[int, int]]
) -> None:
    newest = credentials.newest_list(connection)
    kept = newest.number if newest is not None else 0
    for number in sorted({number for number, _ in drawn if number > kept}):
        credentials.open_list(connection, number, slots.url(number))
