"""Breaking a process at a named step, for tests: in product use there is nothing here but a test
of one variable against None.

A step (``core/runtime/steps.py``) breaks in two forms: *failed*, nothing took effect; *persisted*,
it took effect and nobody was told. Three things can happen there: ``error`` raises ``OSError`` as a
full disk or a lost connection would, ``kill`` ends this process as ``kill -9`` does, ``stop`` halts
it as SIGSTOP does, so that a test can kill another process at that moment.

Armed by ``arm`` alone, which entry points call with their environment: ``COMITY_FAULTS`` must
begin with the words ``tests only:`` and each fault is ``step/form/action/n``, at the n-th time
(``/n`` may be left out for the first; ``*`` is every time). Refuses anything else rather than run
half armed, and says on standard error that this process is going to break.
"""

import errno
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import Final, TextIO

from core.errors import UsageError
from core.runtime.steps import Step

VARIABLE: Final = "COMITY_FAULTS"
SIGN: Final = "tests only:"
BROKEN: Final = "broken on purpose:"  # what standard error says at that moment


class Form(StrEnum):
    """Whether the step took effect before it broke."""

    FAILED = "failed"
    PERSISTED = "persisted"


class Action(StrEnum):
    """How it breaks."""

    ERROR = "error"
    KILL = "kill"
    STOP = "stop"


class _Plan:
    """What is to break, and how often each point was reached."""

    def __init__(self, text: str) -> None:
        self._faults: dict[tuple[Step, Form], tuple[Action, int | None]] = {}
        self._reached: dict[tuple[Step, Form], int] = {}
        for fault in text.split(","):
            step, form, action, *times = fault.strip().split("/")
            nth = None if times == ["*"] else int(*times) if times else 1
            self._faults[Step(step), Form(form)] = (Action(action), nth)

    def reach(self, step: Step, form: Form) -> None:
        planned = self._faults.get((step, form))
        if planned is None:
            return
        action, nth = planned
        count = self._reached[step, form] = self._reached.get((step, form), 0) + 1
        if nth is not None and count != nth:
            return
        os.write(2, f"{BROKEN} {step}/{form}\n".encode())
        if action is Action.ERROR:
            raise OSError(errno.EIO, f"broken on purpose at {step} ({form})")
        os.kill(os.getpid(), signal.SIGKILL if action is Action.KILL else signal.SIGSTOP)


_plan: _Plan | None = None


def arm(environment: Mapping[str, str], stderr: TextIO | None = None) -> None:
    """Arm what the environment asks for; without ``COMITY_FAULTS`` disarm.

    Raises:
        UsageError: it is set, and not as a test sets it.
    """
    global _plan  # one process, one plan: what it breaks is the process
    _plan = None
    text = environment.get(VARIABLE)
    if text is None:
        return
    try:
        if not text.startswith(SIGN):
            raise ValueError
        plan = _Plan(text.removeprefix(SIGN))
    except ValueError:
        raise UsageError(
            "faults", f"{VARIABLE} is set, and is not what a test sets", f"unset {VARIABLE}"
        ) from None
    told = f"warning: {VARIABLE} is set: this process breaks on purpose: {text}"
    print(told, file=stderr or sys.stderr, flush=True)
    _plan = plan


def failing(step: Step | None) -> None:
    """Reach a step just before it takes effect."""
    if _plan is not None and step is not None:
        _plan.reach(step, Form.FAILED)


def persisted(step: Step | None) -> None:
    """Reach a step just after it took effect."""
    if _plan is not None and step is not None:
        _plan.reach(step, Form.PERSISTED)


@contextmanager
def at(step: Step) -> Iterator[None]:
    """Surround what takes effect with both forms of a step."""
    failing(step)
    yield
    persisted(step)
