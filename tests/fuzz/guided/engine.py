"""One target in the fuzzer, in a process of its own: ``python -m tests.fuzz.guided.engine``.

Started by ``tests.fuzz.guided``. Instruments our packages and nothing else, so that coverage means
ours, and runs until its time is up or an input is found. Its options are libFuzzer's.
"""

from __future__ import annotations

import sys
from importlib import import_module

PACKAGES = ["core", "contracts", "keys", "node", "verifier"]


def main(words: list[str]) -> None:
    """Fuzz the target named first; the other words are for libFuzzer."""
    import atheris

    with atheris.instrument_imports(include=PACKAGES):
        targets = import_module("tests.fuzz.guided.targets")
    target = targets.TARGETS[words[0]]
    for raw in target.seeds():  # what is imported late is imported now, and not in an input's time
        targets.attempt(target, raw)
    atheris.Setup([sys.argv[0], *words[1:]], lambda raw: targets.attempt(target, raw) and None)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
