"""Passphrases: where they come from, and that they show nowhere."""

from __future__ import annotations

import copy
import pickle
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import ComityError, FormatError, LimitError, NotFound, Refused, UsageError
from keys.passphrase import (
    MAXIMUM_BYTES,
    Passphrase,
    obtain_passphrase,
    passphrase_from_environment,
    passphrase_from_file,
    passphrase_from_prompt,
)

WORDS = "gull lantern quartz meadow"


def _answers(*texts: str) -> Callable[[str], str]:
    remaining = list(texts)
    return lambda _question: remaining.pop(0)


def _file(folder: Path, content: bytes, mode: int = 0o600) -> Path:
    path = folder / "passphrase"
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_it_does_not_show_itself() -> None:
    passphrase = Passphrase(WORDS)
    for shown in (repr(passphrase), str(passphrase), f"{passphrase}", f"{[passphrase]}"):
        assert "gull" not in shown
    assert not hasattr(passphrase, "__dict__")
    for duplicate in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            duplicate(passphrase)
    with pytest.raises(TypeError):
        hash(passphrase)


def test_equal_by_value() -> None:
    assert Passphrase(WORDS) == Passphrase(WORDS)
    assert Passphrase(WORDS) != Passphrase(WORDS + "s")
    assert Passphrase(WORDS) != WORDS


def test_two_spellings_of_one_character_are_one_passphrase() -> None:
    assert Passphrase("Zu\u0308rich") == Passphrase("Z\u00fcrich")


@pytest.mark.parametrize("text", ["", "two\nlines", "tab\there", "nul\0", "half \ud800"])
def test_what_cannot_be_typed_is_refused(text: str) -> None:
    with pytest.raises(FormatError) as caught:
        Passphrase(text)
    assert not text or text not in str(caught.value)


def test_size_is_limited() -> None:
    assert len(Passphrase("a" * MAXIMUM_BYTES).reveal()) == MAXIMUM_BYTES
    with pytest.raises(LimitError):
        Passphrase("a" * (MAXIMUM_BYTES + 1))


@pytest.mark.parametrize(
    ("text", "strong"), [("a" * 11, False), ("a" * 12, True), ("ü" * 11, False)]
)
def test_a_new_one_has_a_least_length(text: str, strong: bool) -> None:
    if strong:
        Passphrase(text).require_strength()
    else:
        with pytest.raises(Refused) as caught:
            Passphrase(text).require_strength()
        assert text not in str(caught.value)


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_from_a_file_without_its_line_end(tmp_path: Path, end: bytes) -> None:
    assert passphrase_from_file(_file(tmp_path, WORDS.encode() + end)) == Passphrase(WORDS)


def test_only_one_line_end_is_taken_off_and_spaces_stay(tmp_path: Path) -> None:
    assert passphrase_from_file(_file(tmp_path, b" spaces \n")) == Passphrase(" spaces ")
    with pytest.raises(FormatError):
        passphrase_from_file(_file(tmp_path, WORDS.encode() + b"\n\n"))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o610, 0o644])
def test_a_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(Refused) as caught:
        passphrase_from_file(_file(tmp_path, WORDS.encode(), mode))
    assert caught.value.code == "key_file_mode"
    assert "gull" not in f"{caught.value} {caught.value.hint}"


def test_a_read_only_file_will_do(tmp_path: Path) -> None:
    assert passphrase_from_file(_file(tmp_path, WORDS.encode(), 0o400)) == Passphrase(WORDS)


def test_bytes_that_are_no_text_do_not_show(tmp_path: Path) -> None:
    path = _file(tmp_path, b"secret \xff bytes")
    with pytest.raises(FormatError) as caught:
        passphrase_from_file(path)
    assert "secret" not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__suppress_context__  # the decoder's error holds the bytes


@pytest.mark.parametrize("content", [b"", b"\n", b"a" * 2000])
def test_empty_and_huge_files_are_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(FormatError):
        passphrase_from_file(_file(tmp_path, content))


def test_from_the_environment(tmp_path: Path) -> None:
    path = _file(tmp_path, b"from the file")
    assert passphrase_from_environment({}) is None
    assert passphrase_from_environment({"COMITY_PASSPHRASE": WORDS}) == Passphrase(WORDS)
    named = passphrase_from_environment({"COMITY_PASSPHRASE_FILE": str(path)})
    assert named == Passphrase("from the file")


def test_two_variables_or_a_missing_file_are_not_guessed_about(tmp_path: Path) -> None:
    missing = str(tmp_path / "none")
    both = {"COMITY_PASSPHRASE": WORDS, "COMITY_PASSPHRASE_FILE": missing}
    with pytest.raises(UsageError) as caught:
        passphrase_from_environment(both)
    assert "gull" not in str(caught.value)
    with pytest.raises(NotFound):
        passphrase_from_environment({"COMITY_PASSPHRASE_FILE": missing})


def test_from_a_prompt_once_to_open() -> None:
    assert passphrase_from_prompt(_answers("short"), confirm=False) == Passphrase("short")


def test_from_a_prompt_twice_to_make() -> None:
    assert passphrase_from_prompt(_answers(WORDS, WORDS), confirm=True) == Passphrase(WORDS)
    with pytest.raises(Refused) as caught:
        passphrase_from_prompt(_answers(WORDS, WORDS + "s"), confirm=True)
    assert caught.value.code == "passphrase_mismatch"
    assert "gull" not in str(caught.value)
    with pytest.raises(Refused) as caught:  # and is not asked a second time
        passphrase_from_prompt(_answers("short"), confirm=True)
    assert caught.value.code == "passphrase_short"


def test_the_first_place_that_has_one_wins(tmp_path: Path) -> None:
    environment = {"COMITY_PASSPHRASE": "from the environment"}
    path = _file(tmp_path, b"from the file")
    ask = _answers("from a person")
    assert obtain_passphrase(environment, file=path, ask=ask) == Passphrase("from the file")
    assert obtain_passphrase(environment, file=None, ask=ask) == Passphrase("from the environment")
    assert obtain_passphrase({}, file=None, ask=ask) == Passphrase("from a person")
    with pytest.raises(ComityError) as caught:
        obtain_passphrase({}, file=None, ask=None)
    assert caught.value.code == "passphrase_missing"
