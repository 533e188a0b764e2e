"""The node's web application: issuer API and public documents over one desk.

Reads settings, opens the database, wires both. Holds no key and can reach none; the worker signs.
"""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from flask import g
from flask_limiter import Limiter
from flask_openapi3.openapi import OpenAPI

from core import limits
from core.errors import UsageError
from core.runtime import edge, faults, limiting, logs
from node.config import NodeConfig, load_config
from node.desk import Desk
from node.folder import FOLDER_VARIABLE
from node.identifiers import Clock, Random
from node.places import NodePlaces
from node.store.engine import Store
from node.web import api, described, public

_LOOPBACK: Final = ("localhost", "127.0.0.1")


def create_app(
    config: NodeConfig, places: NodePlaces, store: Store, clock: Clock, random: Random
) -> OpenAPI:
    """Return the application.

    Args:
        config: the node's settings.
        places: where its files lie.
        store: its database.
        clock: the time now, aware.
        random: a cryptographic source of bytes.
    """
    app = OpenAPI(
        __name__,
        info=described.INFO,
        security_schemes=described.SECURITY,
        validation_error_status=400,
        validation_error_callback=_refuse,
        doc_ui=False,
        static_folder=None,
    )
    app.url_map.merge_slashes = False  # a certificate number may hold two
    edge.harden(
        app, "node",
        max_bytes=limits.REQUEST_BYTES, trusted_hosts=_hosts(config), in_memory=True,
    )  # fmt: skip
    app.extensions["comity_desk"] = Desk(config, places, store, clock, random)
    app.register_api(api.blueprint)
    app.register_api(public.blueprint)
    limiting.limit_requests(
        app, Limiter, api.SCOPES,
        name="requests", per_minute=config.requests_per_minute,
        caller=lambda: str(g.caller.token_id), redis_url=places.redis_url(config),
    )  # fmt: skip
    return app


def from_environment() -> OpenAPI:
    """Return the application of the node folder that the environment names (for gunicorn)."""
    faults.arm(os.environ)
    logs.configure()
    named = os.environ.get(FOLDER_VARIABLE)
    if not named:
        raise UsageError("node_missing", f"{FOLDER_VARIABLE} names no folder")
    places = NodePlaces(Path(named))
    config = load_config(places.folder)
    store = Store.open(places.database_url(config))
    return create_app(config, places, store, lambda: datetime.now(UTC), os.urandom)


def _hosts(config: NodeConfig) -> list[str]:
    """Return the names it answers to: the registered one, and this machine's own."""
    return [*{str(urlsplit(config.endpoint).hostname), config.host, *_LOOPBACK}]


def _refuse(error: object) -> object:
    """Turn a path or header that does not fit into our own error, without its values."""
    del error  # quotes what was sent
    raise UsageError("request_form", "the request's path or headers are not as documented")
