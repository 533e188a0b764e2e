"""One key file for each purpose and algorithm, made once: each costs a derivation."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from keys.file_signer import create_key
from keys.passphrase import Passphrase
from keys.purposes import ALGORITHMS, Algorithm, Purpose
from tests.support.keyfiles import CREATED, KINDS, WORDS, Made, random_giving, secret_of


@pytest.fixture(scope="session")
def passphrase() -> Passphrase:
    """The passphrase of every key file here."""
    return Passphrase(WORDS)


@pytest.fixture(scope="session")
def _originals(
    tmp_path_factory: pytest.TempPathFactory, passphrase: Passphrase
) -> dict[tuple[Purpose, Algorithm], Made]:
    folder = tmp_path_factory.mktemp("keys")
    made = {}
    for purpose, algorithm in KINDS:
        secret = secret_of(purpose, algorithm)
        path = folder / f"{purpose}-{algorithm}.json"
        header = create_key(
            path,
            purpose,
            passphrase,
            algorithm=algorithm,
            random=random_giving(secret),
            now=lambda: CREATED,
        )
        made[purpose, algorithm] = Made(path, header, secret)
    return made


@pytest.fixture
def key_of(
    _originals: dict[tuple[Purpose, Algorithm], Made], tmp_path: Path
) -> Callable[..., Made]:
    """Give a test its own copy of the key file for a purpose."""

    def copy(purpose: Purpose, algorithm: Algorithm | None = None) -> Made:
        original = _originals[purpose, algorithm or ALGORITHMS[purpose][0]]
        path = Path(shutil.copy2(original.path, tmp_path))
        return original._replace(path=path)

    return copy
