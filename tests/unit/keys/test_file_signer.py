"""Making and opening key files: who may read them, who wins, what a crash leaves, what shows."""

from __future__ import annotations

import json
import logging
import os
import resource
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.encoding import b64url, canonical_json
from core.errors import ComityError, FormatError, LimitError, NotFound, Refused, Unavailable
from keys import file_signer
from keys.file_signer import create_key, open_key, read_header
from keys.key_file import KEY_FILE_BYTES, KeyFile
from keys.passphrase import Passphrase
from keys.private_files import write_new_private_file
from keys.purposes import Algorithm, Purpose
from tests.support.keyfiles import KINDS, WORDS, Made, forms_of, random_giving

Keys = Callable[..., Made]


def _whole_text(error: BaseException) -> str:
    """Everything an error shows: text, representation, arguments, hint, and what it came from."""
    own = [repr(error), str(error), repr(error.args), getattr(error, "hint", "")]
    return "".join([*own, *traceback.format_exception(error)])


# ---------------------------------------------------------------- making


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_mode_0600_whatever_the_umask(umask: int, tmp_path: Path, passphrase: Passphrase) -> None:
    path = tmp_path / "key.json"
    before = os.umask(umask)
    try:
        create_key(path, Purpose.SHARE, passphrase)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o7777 == 0o600
    assert path.stat().st_nlink == 1
    assert os.listdir(tmp_path) == ["key.json"]
    assert open_key(path, Purpose.SHARE, passphrase).purpose is Purpose.SHARE


def test_two_keys_are_never_alike(tmp_path: Path, passphrase: Passphrase) -> None:
    first = create_key(tmp_path / "a", Purpose.SHARE, passphrase)
    second = create_key(tmp_path / "b", Purpose.SHARE, passphrase)
    assert first.fingerprint != second.fingerprint
    assert first.sealing.salt != second.sealing.salt
    assert first.sealing.nonce != second.sealing.nonce


@pytest.mark.parametrize("kind", ["file", "empty", "folder", "link", "dangling"])
def test_nothing_is_ever_overwritten(kind: str, tmp_path: Path, passphrase: Passphrase) -> None:
    path, other = tmp_path / "key.json", tmp_path / "other"
    match kind:
        case "file":
            path.write_bytes(b"precious")
        case "empty":
            path.touch()
        case "folder":
            path.mkdir()
        case "link":
            other.write_bytes(b"precious")
            path.symlink_to(other)
        case "dangling":
            path.symlink_to(other)
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(Refused) as caught:
        create_key(path, Purpose.SHARE, passphrase)
    assert caught.value.code == "key_file_exists"
    assert sorted(os.listdir(tmp_path)) == before
    if kind in ("file", "link"):
        assert path.read_bytes() == b"precious"


def test_a_folder_is_not_made(tmp_path: Path, passphrase: Passphrase) -> None:
    with pytest.raises(NotFound):
        create_key(tmp_path / "typo" / "key.json", Purpose.SHARE, passphrase)
    assert os.listdir(tmp_path) == []


def test_a_short_passphrase_or_another_algorithm_makes_nothing(
    tmp_path: Path, passphrase: Passphrase
) -> None:
    with pytest.raises(Refused, match="at least 12"):
        create_key(tmp_path / "a", Purpose.SHARE, Passphrase("too short"))
    with pytest.raises(Refused, match="expected ES256 or Ed25519"):
        create_key(tmp_path / "a", Purpose.SHARE, passphrase, algorithm=Algorithm.SECP256K1)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("algorithm", [Algorithm.ES256, Algorithm.SECP256K1])
@pytest.mark.parametrize("answer", [bytes(32), b"\xff" * 32, bytes(31)])
def test_a_broken_source_of_randomness_makes_nothing(
    algorithm: Algorithm, answer: bytes, tmp_path: Path, passphrase: Passphrase
) -> None:
    purpose = Purpose.SHARE if algorithm is Algorithm.ES256 else Purpose.RECOVERY

    def broken(size: int) -> bytes:
        return answer if size == 32 else bytes(range(size))

    with pytest.raises(Unavailable) as caught:
        create_key(tmp_path / "a", purpose, passphrase, random=broken)
    assert caught.value.code == "randomness"
    assert os.listdir(tmp_path) == []


def test_an_out_of_range_draw_is_drawn_again_not_reduced(
    tmp_path: Path, passphrase: Passphrase
) -> None:
    draws = [b"\xff" * 32, bytes(32), bytes(31) + b"\x01"]

    def random(size: int) -> bytes:
        return draws.pop(0) if size == 32 else bytes(range(size))

    header = create_key(tmp_path / "a", Purpose.RECOVERY, passphrase, random=random)
    assert header.fingerprint == "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"  # of the number 1


def test_of_many_makers_one_wins(tmp_path: Path, passphrase: Passphrase) -> None:
    path = tmp_path / "key.json"
    barrier = threading.Barrier(4)
    won: list[str] = []
    lost: list[str] = []

    def make() -> None:
        barrier.wait()
        try:
            won.append(create_key(path, Purpose.SHARE, passphrase).fingerprint)
        except Refused as error:
            lost.append(error.code)

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert lost == ["key_file_exists"] * 3
    assert read_header(path).fingerprint == won[0]
    assert os.listdir(tmp_path) == ["key.json"]


def test_the_name_is_checked_when_the_file_appears_not_only_before(tmp_path: Path) -> None:
    """The smallest race: another file takes the name after our own look at it."""
    path = tmp_path / "key.json"

    def random(size: int) -> bytes:  # asked for the temporary name, after the look
        path.write_bytes(b"precious")
        return bytes(size)

    with pytest.raises(Refused) as caught:
        write_new_private_file(path, b"new", random=random)
    assert caught.value.code == "key_file_exists"
    assert path.read_bytes() == b"precious"
    assert os.listdir(tmp_path) == ["key.json"]


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from keys import private_files
from keys.passphrase import Passphrase
from keys.file_signer import create_key
from keys.purposes import Purpose

def die(*_arguments, **_named):
    os.kill(os.getpid(), signal.SIGKILL)

setattr(os, sys.argv[2], die)
create_key(Path(sys.argv[3]), Purpose.SHARE, Passphrase(sys.argv[4]))
"""


@pytest.mark.parametrize("moment", ["fchmod", "fsync", "link"])
def test_a_kill_leaves_no_half_file(moment: str, tmp_path: Path, passphrase: Passphrase) -> None:
    path = tmp_path / "key.json"
    root = Path(file_signer.__file__).parents[1]
    command = [sys.executable, "-c", KILLED, str(root), moment, str(path), WORDS]
    child = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert child.returncode == -signal.SIGKILL
    assert not path.exists()
    left = list(tmp_path.iterdir())
    assert [file.stat().st_mode & 0o777 for file in left] == [0o600]
    # what is left behind is in nobody's way
    header = create_key(path, Purpose.SHARE, passphrase)
    assert read_header(path) == header


@pytest.mark.parametrize("moment", ["fsync", "link"])
def test_a_failing_file_system_leaves_nothing(
    moment: str, tmp_path: Path, passphrase: Passphrase, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_named: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, moment, fail)
    with pytest.raises(Unavailable) as caught:
        create_key(tmp_path / "key.json", Purpose.SHARE, passphrase)
    assert caught.value.code == "key_file_unwritable"
    assert os.listdir(tmp_path) == []


# ---------------------------------------------------------------- opening


def test_opening_takes_less_than_a_second(key_of: Keys, passphrase: Passphrase) -> None:
    """0.2 s on the machine it was chosen on; the bound leaves room for a busy one."""
    made = key_of(Purpose.SHARE)
    open_key(made.path, Purpose.SHARE, passphrase)
    taken = []
    for _ in range(3):
        start = time.process_time()
        open_key(made.path, Purpose.SHARE, passphrase)
        taken.append(time.process_time() - start)
    assert min(taken) < 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o666])
def test_a_file_open_to_others_is_not_opened(
    mode: int, key_of: Keys, passphrase: Passphrase
) -> None:
    made = key_of(Purpose.SHARE)
    made.path.chmod(mode)
    for read in (read_header, lambda path: open_key(path, Purpose.SHARE, passphrase)):
        with pytest.raises(Refused) as caught:
            read(made.path)
        assert caught.value.code == "key_file_mode"
        assert caught.value.hint.startswith("chmod 600")
    made.path.chmod(0o400)
    assert read_header(made.path) == made.header


def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    for path in (pipe, tmp_path):
        with pytest.raises(Refused) as caught:
            read_header(path)
        assert caught.value.code == "key_file_kind"


def test_no_descriptor_stays_open(key_of: Keys, tmp_path: Path) -> None:
    made = key_of(Purpose.SHARE)
    before = os.listdir("/dev/fd")
    read_header(made.path)
    for refused in (tmp_path, tmp_path / "none"):
        with pytest.raises(ComityError):
            read_header(refused)
    with pytest.raises(Refused):
        write_new_private_file(made.path, b"", random=bytes)
    assert len(os.listdir("/dev/fd")) == len(before)


def test_a_huge_file_is_refused(key_of: Keys) -> None:
    made = key_of(Purpose.SHARE)
    with made.path.open("ab") as file:
        file.truncate(KEY_FILE_BYTES + 1)
    with pytest.raises(LimitError):
        read_header(made.path)


def test_a_public_half_of_another_key_is_noticed(
    key_of: Keys, tmp_path: Path, passphrase: Passphrase
) -> None:
    made = key_of(Purpose.SHARE)
    other = create_key(tmp_path / "other.json", Purpose.SHARE, passphrase)
    value = json.loads(made.path.read_bytes())
    value["public"] = other.public.dump()
    made.path.write_bytes(canonical_json(value))
    assert read_header(made.path).fingerprint == other.fingerprint  # shown, but not proven
    with pytest.raises(Refused) as caught:
        open_key(made.path, Purpose.SHARE, passphrase)
    assert caught.value.code == "key_not_opened"


def test_a_false_pair_sealed_with_the_passphrase_is_noticed(
    key_of: Keys, passphrase: Passphrase
) -> None:
    """Even who knows the passphrase cannot make us announce a key that we do not hold."""
    made, other = key_of(Purpose.SHARE), key_of(Purpose.SHARE, Algorithm.ED25519)
    header = replace(made.header, public=other.header.public)
    wrapping = bytearray(32)
    file_signer._derive(passphrase, header.sealing, wrapping)
    for secret in (made.secret, bytes(32)):
        sealed = AESGCM(wrapping).encrypt(header.sealing.nonce, secret, header.associated_bytes())
        made.path.write_bytes(KeyFile(header, sealed).dump())
        with pytest.raises(Refused) as caught:
            open_key(made.path, Purpose.SHARE, passphrase)
        assert caught.value.code == "key_not_opened"


def test_a_relabelled_purpose_is_noticed(key_of: Keys, passphrase: Passphrase) -> None:
    made = key_of(Purpose.SHARE)
    raw = made.path.read_bytes().replace(b'"purpose":"share"', b'"purpose":"assertion"')
    made.path.write_bytes(raw)
    assert KeyFile.parse(raw).header.purpose is Purpose.ASSERTION
    with pytest.raises(Refused) as caught:
        open_key(made.path, Purpose.ASSERTION, passphrase)
    assert caught.value.code == "key_not_opened"


def test_too_little_memory_is_said(
    key_of: Keys, passphrase: Passphrase, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Starved:
        def __init__(self, *_arguments: object) -> None:
            raise MemoryError

    monkeypatch.setattr(file_signer, "Scrypt", Starved)
    with pytest.raises(Unavailable, match="64 MiB"):
        open_key(key_of(Purpose.SHARE).path, Purpose.SHARE, passphrase)


# ---------------------------------------------------------------- silence


def test_a_key_forbids_core_dumps(
    key_of: Keys, tmp_path: Path, passphrase: Passphrase, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, tuple[int, int]]] = []
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    monkeypatch.setattr(resource, "setrlimit", lambda *limit: asked.append(limit))
    open_key(key_of(Purpose.SHARE).path, Purpose.SHARE, passphrase)
    assert asked == [(resource.RLIMIT_CORE, (0, hard))]
    create_key(tmp_path / "new.json", Purpose.SHARE, passphrase)
    assert asked == [(resource.RLIMIT_CORE, (0, hard))] * 2


@pytest.mark.parametrize("fails", [False, True])
def test_buffers_are_wiped_whatever_happens(
    fails: bool, key_of: Keys, passphrase: Passphrase, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytearray] = []
    load, derive = file_signer._load, file_signer._derive

    def watched_derive(words: Passphrase, sealing: object, into: bytearray) -> None:
        seen.append(into)
        derive(words, sealing, into)  # type: ignore[arg-type]
        assert any(into)

    def watched_load(purpose: Purpose, algorithm: Algorithm, secret: bytearray) -> object:
        seen.append(secret)
        assert any(secret)
        if fails:
            raise ValueError(secret.hex())
        return load(purpose, algorithm, secret)

    monkeypatch.setattr(file_signer, "_derive", watched_derive)
    monkeypatch.setattr(file_signer, "_load", watched_load)
    made = key_of(Purpose.SHARE)
    if fails:
        with pytest.raises(Refused) as caught:
            open_key(made.path, Purpose.SHARE, passphrase)
        assert not any(form in _whole_text(caught.value) for form in forms_of(made.secret))
    else:
        open_key(made.path, Purpose.SHARE, passphrase)
    assert len(seen) == 2
    assert not any(map(any, seen))


@pytest.mark.parametrize(("purpose", "algorithm"), KINDS)
def test_a_wrong_passphrase_is_refused_and_repeats_nothing(
    purpose: Purpose, algorithm: Algorithm, key_of: Keys
) -> None:
    made = key_of(purpose, algorithm)
    wrong = "heron copper willow tundra"
    with pytest.raises(Refused) as caught:
        open_key(made.path, purpose, Passphrase(wrong))
    assert caught.value.code == "key_not_opened"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    text = _whole_text(caught.value)
    ciphertext = b64url(KeyFile.parse(made.path.read_bytes()).ciphertext)
    for secret in (*forms_of(made.secret), wrong, "heron", WORDS, ciphertext):
        assert secret not in text


def test_damaged_files_repeat_nothing(key_of: Keys, passphrase: Passphrase) -> None:
    made = key_of(Purpose.SHARE)
    raw = made.path.read_bytes()
    text_at = raw.index(b'"text":"') + 8
    ciphertext = raw[text_at : text_at + 64].decode()
    flipped = bytearray(raw)
    flipped[text_at] = ord("A") if flipped[text_at] != ord("A") else ord("B")
    damaged = {
        "truncated": raw[: text_at + 60],
        "flipped": bytes(flipped),
        "spoilt": raw[:text_at] + b"!" + raw[text_at + 1 :],
        "misnamed": raw.replace(b'"text":"', b'"text' + ciphertext.encode() + b'":"'),
    }
    for name, content in damaged.items():
        made.path.write_bytes(content)
        with pytest.raises(ComityError) as caught:
            open_key(made.path, Purpose.SHARE, passphrase)
        expected = Refused if name == "flipped" else FormatError
        assert isinstance(caught.value, expected), name
        shown = _whole_text(caught.value)
        assert ciphertext[1:59] not in shown
        assert not any(form in shown for form in (*forms_of(made.secret), WORDS))


def test_nothing_is_logged_at_any_level(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    secret = b"PRIVATE-logged-nowhere-at-all-32"
    with caplog.at_level(logging.NOTSET):
        for purpose in (Purpose.SHARE, Purpose.RECOVERY):
            path = tmp_path / purpose
            words = Passphrase(WORDS)
            create_key(path, purpose, words, random=random_giving(secret))
            signer = open_key(path, purpose, words)
            logging.getLogger("anyone").warning("%s %r %r %r", signer, signer, words, [words])
            with pytest.raises(Refused):
                open_key(path, purpose, Passphrase("another one altogether"))
    out, err = capfd.readouterr()
    logged = caplog.text + out + err
    assert "hidden" in logged
    assert not any(form in logged for form in (*forms_of(secret), WORDS, "another one"))
