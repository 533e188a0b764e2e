"""An address that is taken is refused before anything is started there."""

import socket

import pytest

from core.errors import Refused, UsageError
from core.runtime.ports import require_free


def test_a_free_port_passes_and_a_taken_one_is_refused_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(Refused, match=f"127.0.0.1:{port}: another program") as refused:
            require_free("127.0.0.1", port, setting="port in node.toml")
    assert refused.value.hint == "stop it, or choose another port: port in node.toml"
    require_free("127.0.0.1", port, setting="port in node.toml")


def test_an_address_of_another_machine_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="cannot be listened on"):
        require_free("192.0.2.1", 8471, setting="host in node.toml")
