"""Progress on a terminal, and only there.

Decides when a step shows a bar: standard error is a terminal and the step has lasted two
seconds. Output that goes to a file or a pipe stays free of it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress

PATIENCE = 2.0


@contextmanager
def step(
    label: str, total: int | None, stream: TextIO, patience: float = PATIENCE
) -> Iterator[Callable[[int], None]]:
    """Run one step of work, showing how far it is once it takes long.

    Args:
        label: what is being done, in words.
        total: how many units there are; None where nobody knows.
        stream: standard error.
        patience: seconds before anything is shown.

    Yields:
        A function to call with the number of units just done.
    """
    if not stream.isatty():
        yield _uncounted
        return
    bar = _Bar(label, total, stream)
    timer = threading.Timer(patience, bar.show)
    timer.daemon = True
    timer.start()
    try:
        yield bar.advance
    finally:
        timer.cancel()
        bar.close()


def _uncounted(_units: int) -> None:
    """Count nothing: nobody is watching."""


class _Bar:
    """Counts from the start; draws only once shown, and never again once closed."""

    def __init__(self, label: str, total: int | None, stream: TextIO) -> None:
        self._label = label
        self._total = total
        self._stream = stream
        self._done = 0
        self._closed = False
        self._lock = threading.Lock()
        self._drawing: Progress | None = None

    def show(self) -> None:
        from rich.console import Console
        from rich.progress import Progress

        with self._lock:
            if self._closed:
                return
            self._drawing = Progress(console=Console(file=self._stream), transient=True)
            self._drawing.add_task(self._label, total=self._total, completed=self._done)
            self._drawing.start()

    def advance(self, units: int) -> None:
        with self._lock:
            self._done += units
            if self._drawing is not None:
                self._drawing.update(self._drawing.task_ids[0], completed=self._done)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            if self._drawing is not None:
                self._drawing.stop()
