"""Where a node's files lie in its folder. For each: whether it may be lost."""

from dataclasses import dataclass
from pathlib import Path

from core.runtime import volatile
from node.config import NodeConfig


@dataclass(frozen=True, slots=True)
class NodePlaces:
    """The files of one node."""

    folder: Path

    @property
    def database(self) -> Path:
        """Records, tokens, transactions: trusted, and may not be lost."""
        return self.folder / "node.db"

    @property
    def followed_ledger(self) -> Path:
        """The ledger as this node followed it: trusted, may be lost, is fetched again."""
        return self.folder / "ledger.db"

    @property
    def worker_lock(self) -> Path:
        """Held by the one worker of this folder."""
        return self.folder / "worker.lock"

    @property
    def worker_health(self) -> Path:
        """What the worker last said of itself: for people and probes, trusted by nobody."""
        return self.folder / "worker.json"

    def database_url(self, config: NodeConfig) -> str:
        """Return the database's URL: the configured one, else SQLite in this folder."""
        return config.database_url or f"sqlite:///{self.database.resolve()}"

    def redis_url(self, config: NodeConfig) -> str:
        """Return the URL of the node's Redis, empty where it has none: not trusted, may be lost."""
        return volatile.address(config.redis, self.folder)
