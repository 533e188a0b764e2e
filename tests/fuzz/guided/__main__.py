"""Coverage-guided fuzzing: ``python -m tests.fuzz.guided [NAME…] [--seconds S]``, or ``make fuzz``.

Runs groups of targets, or single ones, one after another on one core, each from our examples, from
COMITY_VECTORS where that is set, and from what earlier runs have collected. An input that is found
is kept, run again without the fuzzer, and shown with its traceback. Exits 1 if there is one.

    python -m tests.fuzz.guided json --seconds 60
    python -m tests.fuzz.guided json --input build/fuzz/json/found/crash-…
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.fuzz.guided.targets import GROUPS, LARGEST, TARGETS, attempt

ROOT = Path(__file__).resolve().parents[3]
KEPT = ROOT / "build" / "fuzz"
INPUT_SECONDS = 20  # of wall clock: for what never comes back; the target itself is stricter
MEMORY_MIB = 1024
ALLOCATION_MIB = 256
AGAIN_SECONDS = 60
WORDS = (
    '"_sd"', '"..."', '"_sd_alg"', '"sha-256"', '"alg"', '"typ"', '"kid"', '"ES256"', '"Ed25519"',
    "vc+sd-jwt", "vc+jwt", "null", "true", "1e308", "-0", "9007199254740992", "\\u0000", "\\ud800",
    "\\ud83d\\ude00", "@0", "@1", "@2", "~", ".", '":', '",', "[[", "]]", "{}", "[]", "😀",
    "\u202e", "2026-02-30", "2026-11-20T00:00:00Z", "https://", "did:web:", "#0", "eyJ", "e30",
    "bnVsbA",
)  # fmt: skip


def main(words: Sequence[str]) -> int:
    """Run what is named, everything when nothing is."""
    asked = argparse.ArgumentParser(prog="tests.fuzz.guided", description=__doc__)
    asked.add_argument("name", nargs="*", choices=[*GROUPS, *TARGETS, []], help=", ".join(GROUPS))
    asked.add_argument("--seconds", type=float, default=600.0, help="for each group or target")
    asked.add_argument("--input", type=Path, help="run one input again, without the fuzzer")
    options = asked.parse_args(words)
    if options.input:
        was_read = attempt(TARGETS[options.name[0]], options.input.read_bytes())
        print("read" if was_read else "refused")
        return 0
    if find_spec("atheris") is None:
        print("error: atheris is not here; it is built for Linux on x86-64, Python 3.11 to 3.13")
        print("hint: make fuzz")
        return 1
    found = [
        file
        for name in options.name or GROUPS
        for target in _targets(name)
        for file in _fuzz(target, options.seconds / len(_targets(name)))
    ]
    print(f"{len(found)} found")
    return 1 if found else 0


def _targets(name: str) -> list[str]:
    return [one for one, target in TARGETS.items() if name in (one, target.group)]


def _fuzz(name: str, seconds: float) -> list[Path]:
    """Run one target for a while; return the inputs that were found."""
    folder = KEPT / name
    for part in ("corpus", "seeds", "found"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    _write_seeds(folder / "seeds", TARGETS[name].seeds())
    known = set((folder / "found").iterdir())
    started = time.monotonic()
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.fuzz.guided.engine", name),
            *(str(folder / "corpus"), str(folder / "seeds")),
            f"-max_total_time={max(1, round(seconds))}",
            f"-artifact_prefix={folder / 'found'}/",
            f"-dict={_dictionary()}",
            f"-max_len={LARGEST}",
            f"-timeout={INPUT_SECONDS}",
            f"-rss_limit_mb={MEMORY_MIB}",
            f"-malloc_limit_mb={ALLOCATION_MIB}",
            "-print_final_stats=1",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    (folder / "log").write_text(done.stdout + done.stderr, "utf-8")
    found = sorted(set((folder / "found").iterdir()) - known)
    _tell(name, done.stderr, time.monotonic() - started)
    for file in found:
        _run_again(name, file)
    if done.returncode and not found:
        raise SystemExit(f"the fuzzer ended with {done.returncode}: {folder / 'log'}")
    return found


def _write_seeds(folder: Path, seeds: Iterable[bytes]) -> None:
    for raw in seeds:
        if len(raw) <= LARGEST:
            (folder / sha256(raw).hexdigest()[:16]).write_bytes(raw)


def _dictionary() -> Path:
    """Write the words that a mutation may put in, in libFuzzer's spelling."""
    file = KEPT / "words"
    spelled = ("".join(f"\\x{byte:02x}" for byte in word.encode()) for word in WORDS)
    file.write_text("".join(f'"{text}"\n' for text in spelled), "ascii")
    return file


def _tell(name: str, said: str, seconds: float) -> None:
    told: Mapping[str, Any] = dict(re.findall(r"^stat::(\w+):\s+(\d+)", said, re.MULTILINE))
    covered = re.findall(r" cov: (\d+) ft: (\d+) corp: (\d+)", said)
    edges, features, corpus = covered[-1] if covered else ("?", "?", "?")
    inputs = int(told.get("number_of_executed_units", 0))
    print(
        f"{name:<20} {inputs:>12,} inputs in {seconds:,.0f} s, {edges} edges, "
        f"{features} features, {corpus} kept, {told.get('peak_rss_mb', '?')} MiB",
        flush=True,
    )


def _run_again(name: str, file: Path) -> None:
    """Show what an input does without the fuzzer."""
    words = ("-m", "tests.fuzz.guided", name, "--input", str(file.relative_to(ROOT)))
    print(f"again: {' '.join(('.venv/bin/python', *words))}")
    try:
        done = subprocess.run(
            (sys.executable, *words),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=AGAIN_SECONDS,
            check=False,
        )
        print(done.stdout + done.stderr[-2000:], flush=True)
    except subprocess.TimeoutExpired:
        print(f"does not come back within {AGAIN_SECONDS} s", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
