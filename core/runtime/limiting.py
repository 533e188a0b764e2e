"""How often one caller may ask: limits on requests, told in headers, refused with 429.

Decides how a limit is counted (in Redis where there is one, so that all processes count together;
in this process's memory where there is none or while it fails) and how it is told: the headers
``RateLimit`` and ``RateLimit-Policy`` with every answer, ``Retry-After`` and a problem document
with a refusal. Who a caller is, and how much it may, is the application's to say.

Takes a Flask application and flask-limiter's class and imports neither, as ``edge.py`` does.
"""

import math
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

from core.errors import Unavailable
from core.runtime import edge, problems, volatile

_WINDOW_SECONDS: Final = 60


def limit_requests(
    app: Any,
    limiter_class: Any,
    endpoints: Iterable[str],
    *,
    name: str,
    per_minute: int,
    caller: Callable[[], str],
    redis_url: str,
) -> None:
    """Let each caller make so many requests in a minute, over all the endpoints together.

    Args:
        app: the application, with its views registered.
        limiter_class: ``flask_limiter.Limiter``.
        endpoints: whose requests are counted, after the blueprint's own checks.
        name: of this limit, in headers and keys.
        per_minute: how many; 0 for no limit.
        caller: names the caller of the request at hand. The name becomes part of a key in Redis:
            an identifier or a hash, never a token or an address.
        redis_url: where is counted; empty for this process's memory.
    """
    if not per_minute:
        return
    limiter = limiter_class(
        caller,
        app=app,
        storage_uri=_storage(redis_url),
        storage_options=dict(volatile.CLIENT_OPTIONS) if redis_url else {},
        strategy="fixed-window",
        in_memory_fallback_enabled=True,
        headers_enabled=False,
        key_prefix="comity",
    )
    limited = limiter.shared_limit(f"{per_minute} per minute", scope=name)
    for endpoint in endpoints:
        app.view_functions[endpoint] = limited(app.view_functions[endpoint])
    limit = _Limit(app, limiter, name, per_minute)
    app.after_request(limit.tell)
    app.register_error_handler(429, limit.refuse)


class _Limit:
    """Says how a caller stands: in the headers of every answer, and in a refusal."""

    def __init__(self, app: Any, limiter: Any, name: str, per_minute: int) -> None:
        self._app = app
        self._limiter = limiter
        self._name = name
        self._per_minute = per_minute

    def tell(self, response: Any) -> Any:
        """Return an answer with the headers that say what is left."""
        if (found := self._stand()) is not None:
            remaining, seconds = found
            policy = f"q={self._per_minute};w={_WINDOW_SECONDS}"
            response.headers["RateLimit-Policy"] = f'"{self._name}";{policy}'
            response.headers["RateLimit"] = f'"{self._name}";r={remaining};t={seconds}'
        return response

    def refuse(self, _error: Exception) -> Any:
        """Return the answer to a request that is one too many."""
        _, seconds = self._stand() or (0, _WINDOW_SECONDS)
        error = Unavailable(
            "too_many_requests",
            f"more than {self._per_minute} requests in a minute",
            "wait, then go on more slowly",
            retry_after=seconds,
        )
        return edge.problem_response(self._app, problems.from_error(error))

    def _stand(self) -> tuple[int, int] | None:
        """Return what is left to the caller, and the seconds until it is more; None if unknown."""
        limit = self._limiter.current_limit
        try:
            return limit and (limit.remaining, _seconds_until(limit.reset_at))
        except Exception:  # of whichever store: an answer is not worth less without this header
            return None


def _storage(redis_url: str) -> str:
    """Return the store's address as flask-limiter spells it."""
    if not redis_url:
        return "memory://"
    return f"redis+{redis_url}" if redis_url.startswith("unix:") else redis_url


def _seconds_until(moment: float) -> int:
    return min(_WINDOW_SECONDS, max(1, math.ceil(moment - time.time())))
