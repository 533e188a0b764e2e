"""Single facts by name, such as the fence this node last claimed."""

from sqlalchemy import Connection, select

from node.store.schema import meta


def fact(connection: Connection, name: str) -> str | None:
    """Return the fact, or None when it was never kept."""
    return connection.execute(select(meta.c.value).where(meta.c.name == name)).scalar()


def keep_fact(connection: Connection, name: str, value: str) -> None:
    """Keep a fact, in place of an earlier one."""
    changed = connection.execute(meta.update().where(meta.c.name == name).values(value=value))
    if changed.rowcount == 0:
        connection.execute(meta.insert().values(name=name, value=value))
