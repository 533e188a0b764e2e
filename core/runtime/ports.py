"""Whether an address is free to listen on, asked before anything is started there.

Refuses one that another program holds, by name and at once: a web process that finds it taken
says so in its own log only, ends, and is started again without end.
"""

import errno
import socket

from core.errors import Refused, UsageError


def require_free(host: str, port: int, *, setting: str) -> None:
    """Refuse an address that cannot be listened on.

    Args:
        host: name or address of this machine.
        port: 0 is always free.
        setting: where the port is set, for the hint.

    Raises:
        Refused: something listens there.
        UsageError: the address is none of this machine's, or not allowed to us.
    """
    try:
        places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = places[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do
            probe.bind(address)
            probe.listen(1)
    except OSError as fault:
        if fault.errno == errno.EADDRINUSE:
            raise Refused(
                "address_in_use", f"{host}:{port}: another program listens there already",
                f"stop it, or choose another port: {setting}",
            ) from None  # fmt: skip
        raise UsageError(
            "address_refused", f"{host}:{port}: this address cannot be listened on",
            f"choose another one: {setting}",
        ) from None  # fmt: skip
