"""Signing again what a revoked key had signed and nothing had anchored before the revocation.

Decides which e-certificates these are: by the ledger's order alone, a key makes nothing true once
it is revoked, so an anchor that comes later, or has not come yet, registers what nobody could rely
on. They are taken out of their batches and signed again with a key that stands; the receipt goes
on to an anchor that holds. The slot stays, and with it every status change declared meanwhile.
Both tokens and salts are new; nobody ever had the old ones, for nothing is handed out before its
anchor is final. A batch they were in may still be anchored: it then holds leaves of nothing.
"""

from datetime import datetime

from sqlalchemy import Connection

from core.crypto.jose import JwsSigner
from core.encoding import b64url
from core.events import KeyRevoked, Position
from core.issuer import Issuer, Slot
from core.record import Record
from core.runtime.steps import Step
from node.anchoring import anchor_event
from node.identifiers import Random, milliseconds
from node.issue import RECORDS_PER_COMMIT, sign_both
from node.membership import Evidence
from node.store import batches, credentials
from node.store.credentials import Renewed
from node.store.engine import Store


def release_unsound(store: Store, evidence: Evidence, member: int) -> int:
    """Take out of their batches the e-certificates that have to be signed again; return how many.

    Args:
        evidence: the followed ledger.
        member: this body.
    """
    revoked = _revoked(evidence, member)
    if not revoked:
        return 0
    with store.writing(Step.RETURN_KEPT) as connection:
        recorded = _recorded(connection, evidence, member)
        return sum(
            credentials.release(
                connection, thumbprint, at, [batch for batch, place in recorded if place < at]
            )
            for thumbprint, at in revoked.items()
        )


def reissue(
    store: Store,
    evidence: Evidence,
    member: int,
    issuer: Issuer,
    signer: JwsSigner,
    *,
    now: datetime,
    random: Random,
    at_most: int = RECORDS_PER_COMMIT,
) -> int:
    """Sign again what no batch holds and a revoked key had signed; return how many, in one commit.

    Args:
        issuer: the body, as the ledger knows it.
        signer: an assertion key that stands on the ledger.
    """
    revoked = _revoked(evidence, member)
    if not revoked:
        return 0
    with store.reading() as connection:
        outdated = credentials.outdated(connection, list(revoked), at_most)
    renewed = []
    for row in outdated:
        slot = Slot(row.url, row.list_index)
        signed = sign_both(Record.read(row.content), issuer, slot, signer, random)
        renewed.append(Renewed(row.id, *signed, signer.thumbprint))
    if renewed:
        with store.writing(Step.CREDENTIALS_KEPT) as connection:
            credentials.renew(connection, renewed, milliseconds(now))
    return len(renewed)


def _revoked(evidence: Evidence, member: int) -> dict[str, Position]:
    """Return where each key of the body was revoked, by its thumbprint in base64url."""
    found = {}
    for key in evidence.keys(f"key/{member}/"):
        for event in evidence.history(key):
            if isinstance(event, KeyRevoked):
                found[b64url(event.thumbprint)] = event.position
    return found


def _recorded(
    connection: Connection, evidence: Evidence, member: int
) -> list[tuple[int, Position]]:
    """Return the open batches that the ledger has recorded already, and where."""
    found = []
    for batch in batches.open_batches(connection):
        event = anchor_event(evidence, member, batch)
        if event is not None:
            found.append((batch.id, event.position))
    return found
