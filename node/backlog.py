"""How much may wait: the node promises no more than it can keep track of.

Decides when a new record is turned away: as many as ``backlog`` in ``node.toml`` allows have a
receipt and no end yet, as after a long outage of the chain node. Then nothing is kept and the
answer is 503 with ``Retry-After``; what waits goes on as soon as it can. Counted at most once a
second, so that the limit costs nothing; it may be passed by what comes within that second.
"""

from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from core.errors import Unavailable
from node.identifiers import Clock
from node.store import records
from node.store.engine import Store

_COUNTED_FOR: Final = timedelta(seconds=1)
_RETRY_SECONDS: Final = 60


class Backlog:
    """The node's limit. Threads may share it.

    Args:
        most: how many receipts may be without an end.
    """

    def __init__(self, store: Store, most: int, clock: Clock) -> None:
        self._store = store
        self._most = most
        self._clock = clock
        self._counted = 0
        self._counted_at: datetime | None = None
        self._counting = Lock()

    def require_room(self) -> None:
        """Raise ``Unavailable`` when nothing more may be received now."""
        with self._counting:
            now = self._clock()
            at = self._counted_at
            if at is None or not timedelta() <= now - at < _COUNTED_FOR:
                with self._store.reading() as connection:
                    self._counted = records.without_end(connection)
                self._counted_at = now
            if self._counted >= self._most:
                raise Unavailable(
                    "backlog_full",
                    f"{self._counted} records wait already: nothing more is received now",
                    "comity status says what they wait for",
                    retry_after=_RETRY_SECONDS,
                )
