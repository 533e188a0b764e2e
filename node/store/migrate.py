"""Bringing the database to the lay-out of this version, or back to an earlier one.

Decides that one process migrates: the worker at its start, or ``comity node``. The web process
only looks (``Store.open``) and waits. Every migration is one transaction. Refuses a database that
a newer version has laid out.
"""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.util import CommandError

from core.errors import Refused
from node.store.engine import Store
from node.store.schema import metadata

_FOLDER: Final = Path(__file__).parent / "migrations"


def upgrade(store: Store, revision: str = "head") -> None:
    """Bring the database up to ``revision``; does nothing where it stands there already."""
    with store.writing() as connection:
        try:
            command.upgrade(_config(connection), revision)
        except CommandError:
            raise Refused(
                "database_newer",
                "the node's database was laid out by a version that this one does not know",
                "install that version, or restore a backup of this one",
            ) from None


def downgrade(store: Store, revision: str) -> None:
    """Take the database back to ``revision``, ``base`` for nothing at all."""
    with store.writing() as connection:
        command.downgrade(_config(connection), revision)


def differences(store: Store) -> list[object]:
    """Return where the database differs from ``node/store/schema.py``; empty when it does not."""
    with store.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))


def _config(connection: object) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
