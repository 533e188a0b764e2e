"""How far many receipts have come, in few queries."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, func, select

from node.states import ReceiptState
from node.store.schema import batch, credential, receipt

_AT_ONCE: Final = 500

_STATES = (
    select(receipt.c.public_id, func.coalesce(batch.c.state, receipt.c.state))
    .outerjoin(credential, credential.c.record_id == receipt.c.record_id)
    .outerjoin(batch, batch.c.id == credential.c.batch_id)
)


def states(connection: Connection, public_ids: Sequence[str]) -> dict[str, ReceiptState]:
    """Return the state of each of these receipts; one that was never given is left out."""
    found: dict[str, ReceiptState] = {}
    for start in range(0, len(public_ids), _AT_ONCE):
        some = public_ids[start : start + _AT_ONCE]
        for public_id, state in connection.execute(_STATES.where(receipt.c.public_id.in_(some))):
            found[public_id] = ReceiptState(state)
    return found
