"""The targets of guided fuzzing, run without the fuzzer; and the fuzzer for a moment where it is.

`make fuzz` runs them for long. Here each must read a good example, notice a fault, and stand a few
seconds of blind changes, so that a target which can find nothing does not pass for a clean one.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any

import pytest

from core.errors import FormatError
from core.sdjwt import SdJwt
from tests.fuzz.guided import opened, seeds
from tests.fuzz.guided.__main__ import WORDS
from tests.fuzz.guided.targets import GROUPS, TARGETS, Target, TooSlow, attempt
from tests.support.tokens import ed25519_signer
from tests.vectors import generate_sdjwt

ROOT = Path(__file__).resolve().parents[2]
BLIND_SECONDS = 2.0
SIGNER = ed25519_signer("opened")


@pytest.mark.parametrize("name", TARGETS)
def test_each_target_reads_an_example_and_refuses_rubbish(name: str) -> None:
    target = TARGETS[name]
    read = [attempt(target, raw) for raw in target.seeds()]
    assert any(read)
    assert not attempt(target, b"\x00rubbish")


def _raises(error: type[Exception]) -> Callable[[bytes], Any]:
    def use(raw: bytes) -> Any:
        raise error(*(("code", "text") if error is FormatError else ()))

    return use


def test_a_refusal_of_ours_is_none_and_any_other_error_is_a_find() -> None:
    assert not attempt(Target("planted", _raises(FormatError), list), b"")
    for error in (ValueError, RecursionError, KeyError, AssertionError):
        with pytest.raises(error):
            attempt(Target("planted", _raises(error), list), b"")


def test_an_input_that_takes_too_long_is_a_find(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fuzz.guided.targets.SECONDS", 0.02)

    def slow(raw: bytes) -> None:
        started = time.process_time()
        while time.process_time() - started < 0.03:
            pass

    with pytest.raises(TooSlow):
        attempt(Target("planted", slow, list), b"")


@pytest.mark.parametrize("token", [generate_sdjwt.GOOD, seeds.presentations()[1].decode()])
def test_a_token_taken_apart_and_put_together_says_the_same(token: str) -> None:
    again = opened.put_together(opened.take_apart(token), SIGNER, selective=True)
    assert again.rpartition(".")[0] == token.rpartition(".")[0]
    assert again.partition("~")[2] == token.partition("~")[2]


def test_a_change_inside_a_disclosure_gets_past_its_digest() -> None:
    form = opened.take_apart(generate_sdjwt.GOOD)
    changed = form.replace(b"LED drivers", b"anything")
    assert changed != form
    token = SdJwt.parse(opened.put_together(changed, SIGNER, selective=True))
    token.jws.verify(SIGNER.public)
    assert token.claims()["scope"] == "anything"


def test_disclosures_that_name_each_other_in_a_circle_are_written_all_the_same() -> None:
    form = b'{"alg":"Ed25519"}\n{"_sd":["@0"]}\n["' + b"A" * 22 + b'","a",{"_sd":["@1"]}]\n["@0"]'
    assert opened.put_together(form, SIGNER, selective=True).count("~") == 3


@pytest.mark.long
@pytest.mark.parametrize("name", TARGETS)
def test_blind_changes_find_nothing(name: str, randomness: Random) -> None:
    target = TARGETS[name]
    examples = list(target.seeds())
    ends, tried = time.monotonic() + BLIND_SECONDS, 0
    while time.monotonic() < ends:
        attempt(target, _changed(randomness.choice(examples), randomness))
        tried += 1
    assert tried > 20


def _changed(raw: bytes, randomness: Random) -> bytes:
    changed = bytearray(raw)
    for _ in range(randomness.randrange(1, 5)):
        place = randomness.randrange(len(changed) + 1)
        end = place + randomness.randrange(1, 30)
        changed[place : randomness.choice((place, place + 1, end))] = randomness.choice(
            (b"", randomness.randbytes(1), changed[place:end], randomness.choice(WORDS).encode())
        )
    return bytes(changed)


if find_spec("atheris"):  # on some platforms only, and only after `make fuzz`

    @pytest.mark.long
    @pytest.mark.parametrize("group", GROUPS)
    def test_the_fuzzer_runs_a_moment_and_finds_nothing(group: str) -> None:
        words = (sys.executable, "-m", "tests.fuzz.guided", group, "--seconds", "3")
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "0 found" in done.stdout
