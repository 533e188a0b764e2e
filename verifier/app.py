"""The verifier's web application: page and API over one set of sources.

Reads settings, makes the sources, wires both. Holds no signing key and keeps nothing of what it
checks: uploads stay in memory and leave with the request.
"""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI

from core import __version__, limits
from core.errors import FormatError
from core.runtime import edge, logs
from verifier import throttle
from verifier.config import FILE_NAME, VerifierSettings, folder_in_use
from verifier.desk import Desk
from verifier.policies import policy_of
from verifier.sources import Sources
from verifier.web import api, description, network, page


def create_app(
    settings: VerifierSettings, sources: Sources, clock: Callable[[], datetime], folder: Path
) -> OpenAPI:
    """Return the application.

    Args:
        settings: the verifier's settings.
        sources: where evidence comes from.
        clock: gives the time now, aware.
        folder: the verifier's.
    """
    app = OpenAPI(
        __name__,
        info=Info(title="Comity verifier", version=__version__),
        security_schemes={},
        validation_error_status=400,
        validation_error_callback=_refuse,
        doc_ui=False,
        static_folder="web/static",
        template_folder="web/templates",
    )
    edge.harden(
        app, "verifier",
        max_bytes=limits.REQUEST_BYTES, trusted_hosts=settings.trusted_hosts, in_memory=True,
    )  # fmt: skip
    app.extensions["comity_desk"] = Desk(settings, sources, clock, policy_of(settings))
    app.register_api(api.blueprint)
    app.register_api(network.blueprint)
    app.register_blueprint(description.blueprint)
    app.register_blueprint(page.blueprint)
    throttle.limit_checks(app, settings, folder)
    return app


def from_environment() -> OpenAPI:
    """Return the application of the verifier folder that the environment names (for gunicorn)."""
    logs.configure()
    folder = folder_in_use(None, os.environ)
    settings = VerifierSettings.load(folder / FILE_NAME, "COMITY_VERIFIER_")
    sources = Sources(folder, [ledger.origin for ledger in settings.ledgers])
    return create_app(settings, sources, lambda: datetime.now(UTC), folder)


def _refuse(error: object) -> object:
    """Turn a request that does not fit the model into our own error, without its values."""
    del error  # quotes what was sent
    raise FormatError("request_form", "the request has members that are missing, unknown or wrong")
