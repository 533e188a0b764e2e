"""How often one address may have something checked, or look at the network.

Decides whom a request comes from: the address that the outermost of our own proxies saw. The
address is counted under a keyed hash and kept nowhere, so whoever reads the counters, in Redis or
in a memory dump, cannot tell who checks. Refuses nothing but too many requests: whether counting
works or not, checking does.
"""

import hmac
import os
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import redis
from flask import request
from flask_limiter import Limiter
from werkzeug.middleware.proxy_fix import ProxyFix

from core.runtime import limiting, volatile
from verifier.config import VerifierSettings

_CHECKS: Final = (
    "api.post_check", "page.answer", "page.example",
    "network.page", "network.get_network", "network.get_feed", "network.get_member_feed",
)  # fmt: skip
_SECRET_FILE: Final = "address.key"
_SECRET_BYTES: Final = 32


def require_no_eviction(setting: str) -> None:
    """Refuse a Redis that throws away what it was given.

    Raises:
        UsageError: it does, or its URL is not understood.
    """
    volatile.require_no_eviction(redis, setting)


def limit_checks(app: Any, settings: VerifierSettings, folder: Path) -> None:
    """Give the application its limit on checks, as the settings say."""
    if settings.proxies:
        app.wsgi_app = ProxyFix(
            app.wsgi_app, x_for=settings.proxies, x_proto=0, x_host=0, x_port=0, x_prefix=0
        )
    secret = _secret(folder)
    limiting.limit_requests(
        app, Limiter, _CHECKS,
        name="checks", per_minute=settings.checks_per_minute,
        caller=lambda: address_name(secret, request.remote_addr or ""),
        redis_url=volatile.address(settings.redis, folder),
    )  # fmt: skip


def address_name(secret: bytes, address: str) -> str:
    """Return the name under which an address is counted."""
    return hmac.digest(secret, address.encode(), "sha256").hex()[:32]


def _secret(folder: Path) -> bytes:
    """Return the secret that all processes of this folder share; one of this process if need be."""
    file = folder / _SECRET_FILE
    drawn = os.urandom(_SECRET_BYTES)
    draft = folder / f"{_SECRET_FILE}.{drawn.hex()[:16]}"
    with suppress(OSError):  # a folder that is read-only: each process counts under its own
        if not file.exists():
            draft.touch(mode=0o600)
            draft.write_bytes(drawn)
            with suppress(FileExistsError):
                os.link(draft, file)  # the first process wins
            draft.unlink()
        kept = file.read_bytes()
        if len(kept) == _SECRET_BYTES:
            return kept
    return drawn
