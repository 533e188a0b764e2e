"""Runs ``comity`` commands for the demonstration and reads their JSON."""

import json
import subprocess
from collections.abc import Mapping
from typing import Any

from core.errors import Refused
from node.demo.processes import comity

_COMMAND_SECONDS = 180


def run(environment: Mapping[str, str], *words: str, allow: tuple[int, ...] = (0,)) -> Any:
    """Run one command to its end and return its JSON answer.

    Args:
        environment: the child's environment.
        words: the command's words, without ``comity`` and ``--json``.
        allow: exit codes that are answers here.

    Raises:
        Refused: another exit code; the message holds what the command said on standard error.
    """
    done = subprocess.run(
        comity(*words, "--json"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=dict(environment),
        timeout=_COMMAND_SECONDS,
        check=False,
    )
    if done.returncode not in allow:
        raise Refused(
            "demo_step_failed",
            f"comity {words[0]} ended with {done.returncode}: {done.stderr.strip()[-600:]}",
        )
    return json.loads(done.stdout) if done.stdout.strip() else None
