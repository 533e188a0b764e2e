"""The receipt: what a record's sender holds, and where the record stands.

Decides the state a receipt shows. It holds no certificate content: an identifier, times, the
state, and once there is one the anchor or the refusal.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.anchor import Anchor
from core.errors import NotFound
from core.events import Position
from core.report import timestamp
from node.identifiers import moment
from node.refusals import Refusal, refusal
from node.states import ReceiptState
from node.store import records
from node.store.engine import Store
from node.store.schema import AnyRow


@dataclass(frozen=True, slots=True)
class Receipt:
    """Intake's answer to one record.

    Args:
        id: names the receipt; random.
        state: how far the record has come.
        received_at: when intake's commit was made.
        issued_at, sealed_at: when the later steps were done, None before.
        anchor: the batch's anchor, once it is final; its ``member`` is the body's own.
        anchored_at: the time of the anchor's block.
        refusal: why the record will not be anchored, in state refused.
    """

    id: str
    state: ReceiptState
    received_at: datetime
    issued_at: datetime | None = None
    sealed_at: datetime | None = None
    root: bytes | None = None
    size: int | None = None
    position: Position | None = None
    anchored_at: datetime | None = None
    refusal: Refusal | None = None

    @property
    def is_final(self) -> bool:
        """Whether the state will change no more."""
        return self.state in (ReceiptState.ANCHORED, ReceiptState.REFUSED)

    def anchor(self, member: int) -> Anchor | None:
        """Return the anchor, which ``member`` (this body) made; None until it is final."""
        if self.position is None or self.root is None or self.size is None:
            return None
        return Anchor(member, self.root, self.size, self.position)

    def dump(self) -> dict[str, Any]:
        """Return the receipt as the API and ``comity issue --json`` show it."""
        return {
            "id": self.id,
            "state": self.state.value,
            "received_at": timestamp(self.received_at),
            "issued_at": _shown(self.issued_at),
            "sealed_at": _shown(self.sealed_at),
            "root": self.root.hex() if self.root else None,
            "size": self.size,
            "position": self.position.dump() if self.position else None,
            "anchored_at": _shown(self.anchored_at),
            "refusal": self.refusal.dump() if self.refusal else None,
        }


def receipt_of(store: Store, public_id: str) -> Receipt:
    """Return a receipt as it stands now.

    Raises:
        NotFound: no such receipt was given.
    """
    with store.reading() as connection:
        row = records.journey(connection, public_id)
    if row is None:
        raise NotFound("no_such_receipt", "this node has given no such receipt")
    return receipt_from(row)


def receipt_from(row: AnyRow) -> Receipt:
    """Return the receipt that a row of ``node.store.records.journey`` tells of."""
    state, code = ReceiptState(row.state), row.refusal
    if row.batch_state is not None:
        state, code = ReceiptState(row.batch_state), row.batch_refusal
    anchored = row.anchored_block is not None
    return Receipt(
        id=row.public_id,
        state=state,
        received_at=moment(row.received_ms),
        issued_at=_moment(row.issued_ms),
        sealed_at=_moment(row.sealed_ms),
        root=row.root,
        size=row.size,
        position=Position(row.anchored_block, row.anchored_index) if anchored else None,
        anchored_at=moment(row.anchored_time * 1000) if anchored else None,
        refusal=refusal(code) if code else None,
    )


def _moment(unix_ms: int | None) -> datetime | None:
    return None if unix_ms is None else moment(unix_ms)


def _shown(at: datetime | None) -> str | None:
    return None if at is None else timestamp(at)
