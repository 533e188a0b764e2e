"""The demonstration's processes are known until the last one of them is gone."""

import os
import signal
import sys
from pathlib import Path

import pytest

from core.errors import Refused
from node.demo.network import Network
from node.demo.processes import Processes

_SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def test_no_second_one_starts_beside_a_half_that_still_runs(tmp_path: Path) -> None:
    network = Network(tmp_path)
    network.require_stopped()
    processes = Processes(tmp_path, os.environ)
    try:
        ending = processes.start("one", _SLEEP)
        processes.start("two", _SLEEP)
        os.kill(ending, signal.SIGKILL)
        while processes.alive("one"):
            pass
        assert not processes.running()
        with pytest.raises(Refused, match="already running"):
            network.require_stopped()
    finally:
        processes.stop()
    network.require_stopped()
