"""What every web process of ours does at its edge: limits, headers, errors as problem documents.

Takes a Flask application and imports no framework, so node and verifier share one edge. Refuses
bodies above the limit and requests for host names it was not told of; both default to "anything"
in Flask. An exception that is not ours becomes one neutral document, and its text goes nowhere.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from core import errors
from core.runtime import problems
from core.runtime.logs import describe_exception, logger

CONTENT_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_ALWAYS_SENT: Final = (*HEADERS.items(), ("Cache-Control", "no-store"))
_OTHER_HOST: Final = errors.UsageError(
    "host_not_trusted", "this service does not answer to that host name",
    "its operator can add the name to trusted_hosts",
)  # fmt: skip


def harden(
    app: Any, component: str, *, max_bytes: int, trusted_hosts: Sequence[str], in_memory: bool
) -> None:
    """Give a Flask application our limits, headers and error documents.

    Args:
        app: the application.
        component: what its log lines are called by.
        max_bytes: largest request body; more is 413.
        trusted_hosts: host names it answers to; others are 400.
        in_memory: whether form uploads must stay in memory, so that nothing that is checked ever
            reaches a temporary file.
    """
    app.config.update(
        MAX_CONTENT_LENGTH=max_bytes,
        MAX_FORM_MEMORY_SIZE=max_bytes,
        MAX_FORM_PARTS=20,
        TRUSTED_HOSTS=list(trusted_hosts),
        PROPAGATE_EXCEPTIONS=False,
    )
    if in_memory:
        from io import BytesIO

        class _Request(app.request_class):  # type: ignore[misc]
            def _get_file_stream(self, *_: object, **__: object) -> BytesIO:
                return BytesIO()

        app.request_class = _Request
    log = logger(component)

    def secure(response: Any) -> Any:
        given = {name.lower() for name, _ in response.headers}
        for name, value in _ALWAYS_SENT:
            if name.lower() not in given:
                response.headers.add(name, value)
        return response

    def tell(error: Exception) -> Any:
        status = getattr(error, "code", None)
        if isinstance(error, errors.ComityError):
            problem = problems.from_error(error)
        elif type(error).__name__ == "SecurityError":  # Werkzeug's, for a host we were not told of
            problem = problems.from_error(_OTHER_HOST)
        elif isinstance(status, int) and 400 <= status < 600:
            problem = problems.from_status(status)
        else:
            log.error("request_failed", **describe_exception(error))
            problem = problems.from_error(error)
        response = problem_response(app, problem)
        if methods := getattr(error, "valid_methods", None):
            response.headers["Allow"] = ", ".join(sorted(methods))
        return response

    app.after_request(secure)
    app.register_error_handler(Exception, tell)


def problem_response(app: Any, problem: problems.Problem) -> Any:
    """Return the response that carries a problem document."""
    response = app.response_class(response=app.json.dumps(problem.dump()), status=problem.status)
    response.headers.update(problem.headers())
    return response
