"""Logs: one JSON object a line on standard error, identifiers and hashes only.

Decides which fields a log line may have. Content cannot leak by accident: a field not in
``FIELDS`` is dropped and its name listed, a value that is not of its field's shape is replaced by
``"?"``, an exception is told by class, code and place but never by its text, and of other
libraries' messages only the unfilled template of those known to be harmless is kept.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from datetime import UTC, datetime
from io import BytesIO, TextIOWrapper
from typing import TYPE_CHECKING, Any, Final, TextIO

from core.errors import ComityError

if TYPE_CHECKING:
    import structlog  # at run time only where it is used: it brings rich along

_NAME = re.compile(r"[a-z][a-z0-9_.]{0,63}")
_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,64}")
_HASH = re.compile(r"(0x)?[0-9a-fA-F]{8,130}|[A-Za-z0-9_-]{43}")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_ROUTE = re.compile(r"/[A-Za-z0-9_/<>:.-]{0,120}")
_PLACE = re.compile(r"[A-Za-z0-9_./-]{1,120}:\d+")
_LEDGER = re.compile(r"comity/\d+/0x[0-9a-f]{40}")


def _matches(pattern: re.Pattern[str]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_number(value: object) -> bool:
    return value is None or isinstance(value, (bool, int, float))


_ADDED_HERE: Final = {
    "event": _matches(_NAME),
    "level": _matches(_NAME),
    "time": lambda value: isinstance(value, str),
    "logger": lambda value: isinstance(value, str) and value.replace(".", "_").isidentifier(),
    "template": lambda value: isinstance(value, str),
    "error": _matches(_IDENTIFIER),
    "at": _matches(_PLACE),
    "dropped": lambda value: isinstance(value, list),
}
FIELDS: Final[dict[str, Callable[[object], bool]]] = {
    # counts, positions and durations
    **dict.fromkeys(
        "amount attempt block bytes certificates confirmations count credentials delay fence "
        "height index leaves log_index member milliseconds nonce pid port position retry_after "
        "rows rows_refused rows_accepted seconds sequence size status_code upto chain_id".split(),
        _is_number,
    ),
    # names that we give ourselves
    **dict.fromkeys(
        "action code component contract kind method outcome parameter process purpose reason "
        "scope state step verdict".split(),
        _matches(_NAME),
    ),
    # identifiers that are drawn at random or counted, and say nothing
    **dict.fromkeys(
        "batch_id job_id outbox_id receipt_id record_id request_id token_id worker_id".split(),
        lambda value: _is_number(value) or _matches(_IDENTIFIER)(value),
    ),
    # hashes and public chain values
    **dict.fromkeys(
        "block_hash code_hash config_hash leaf root slot thumbprint transaction".split(),
        _matches(_HASH),
    ),
    "account": _matches(_ADDRESS),
    "ledger": _matches(_LEDGER),
    "route": _matches(_ROUTE),
    "version": _matches(re.compile(r"[0-9A-Za-z.+-]{1,32}")),
}
_HARMLESS_TEMPLATES: Final = frozenset({"gunicorn.error"})


def configure(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Send our events and other libraries' messages to a stream, one JSON object a line."""
    target = stream if stream is not None else _StandardError()
    _configure_ours(target, level)
    handler = logging.StreamHandler(target)
    handler.setFormatter(_OthersFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in _HARMLESS_TEMPLATES:  # gunicorn's own handler repeats request lines and headers
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True


class _StandardError(TextIOWrapper):
    """Whatever standard error is at the moment of writing; it may be replaced meanwhile.

    What cannot be written is lost: work that is done must not count as failed for want of a log.
    """

    def __init__(self) -> None:
        super().__init__(BytesIO())

    def write(self, text: str) -> int:
        with suppress(OSError):
            sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stderr.flush()


def _configure_ours(target: TextIO, level: int) -> None:
    import structlog

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _name_exception,
            only_identifiers,
            _stamp,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(target),
        cache_logger_on_first_use=False,
    )


def logger(component: str) -> structlog.typing.FilteringBoundLogger:
    """Return the logger of one component; its events are names such as ``batch_sealed``."""
    import structlog

    if not structlog.is_configured():  # a command without logs of its own still keeps our rules
        _configure_ours(_StandardError(), logging.INFO)
    # Not bound here: binding would fix the stream and the rules before configure() is called.
    lazy: structlog.typing.FilteringBoundLogger = structlog.get_logger(component=component)
    return lazy


def only_identifiers(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Keep the fields of the list that have the shape they must have."""
    kept: dict[str, Any] = {}
    dropped: list[str] = []
    for name, value in event.items():
        accepts = _ADDED_HERE.get(name) or FIELDS.get(name)
        if accepts is None:
            dropped.append(name)
        else:
            kept[name] = value if accepts(value) else "?"
    if dropped:
        kept["dropped"] = sorted(dropped)
    return kept


def describe_exception(error: BaseException) -> dict[str, str]:
    """Return what a log may say of an exception: class or code, and place."""
    told = {"error": type(error).__name__}
    if isinstance(error, ComityError):
        told["code"] = error.code
    frames = traceback.extract_tb(error.__traceback__)
    if frames:
        file = "/".join(frames[-1].filename.replace("\\", "/").split("/")[-2:])
        told["at"] = f"{file}:{frames[-1].lineno}"
    return told


def _name_exception(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given
    if isinstance(error, BaseException):
        event.update(describe_exception(error))
    return event


def _stamp(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    event["time"] = datetime.now(UTC).isoformat(timespec="milliseconds")
    return event


class _OthersFormatter(logging.Formatter):
    """Says of another library's message who wrote it and from where, not what is in it."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "event": "library_message",
            "level": record.levelname.lower(),
            "logger": record.name,
            "at": f"{record.module}.py:{record.lineno}",
        }
        # without arguments it is no template: it was filled in before it came here
        if record.name in _HARMLESS_TEMPLATES and isinstance(record.msg, str) and record.args:
            line["template"] = record.msg
        if record.exc_info and record.exc_info[1] is not None:
            line |= describe_exception(record.exc_info[1])
        return json.dumps(_stamp(None, "", line), sort_keys=True)


# A process that never calls configure() keeps to the rules as well.
_configure_ours(sys.stderr, logging.INFO)
