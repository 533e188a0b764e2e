"""A key signs for its purpose only, whatever kind it is."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from core.errors import Refused
from keys.passphrase import Passphrase
from keys.purposes import ACCOUNT_PURPOSES, ALGORITHMS, Algorithm, Purpose, algorithm_for
from keys.signer import AccountSigner, DocumentSigner, open_signer
from tests.support.keyfiles import KINDS, Made

Keys = Callable[..., Made]
CROSSED = list(itertools.permutations(Purpose, 2))


@pytest.mark.parametrize("purpose", Purpose)
def test_each_purpose_takes_its_algorithms_and_no_other(purpose: Purpose) -> None:
    accepted = ALGORITHMS[purpose]
    account = purpose in ACCOUNT_PURPOSES
    assert accepted == (("secp256k1",) if account else ("ES256", "Ed25519"))
    assert algorithm_for(purpose) == accepted[0]
    for algorithm in Algorithm:
        if algorithm in accepted:
            assert algorithm_for(purpose, algorithm) is algorithm
        else:
            with pytest.raises(Refused) as caught:
                algorithm_for(purpose, algorithm)
            assert caught.value.code == "key_algorithm"


@pytest.mark.parametrize(("owned", "asked"), CROSSED)
def test_a_key_does_not_open_for_another_purpose(
    owned: Purpose, asked: Purpose, key_of: Keys
) -> None:
    # the wrong passphrase: the purpose is refused before it is even tried
    with pytest.raises(Refused) as caught:
        open_signer(key_of(owned).path.as_uri(), asked, Passphrase("another one altogether"))
    assert caught.value.code == "key_purpose"


@pytest.mark.parametrize(("purpose", "algorithm"), KINDS)
def test_an_open_key_signs_for_its_own_purpose_and_no_other(
    purpose: Purpose, algorithm: Algorithm, key_of: Keys, passphrase: Passphrase
) -> None:
    signer = open_signer(key_of(purpose, algorithm).path.as_uri(), purpose, passphrase)
    sign = signer.sign if isinstance(signer, DocumentSigner) else signer.sign_digest
    assert signer.purpose is purpose
    assert len(sign(bytes(32), use=purpose)) == (65 if purpose in ACCOUNT_PURPOSES else 64)
    for use in set(Purpose) - {purpose}:
        with pytest.raises(Refused) as caught:
            sign(bytes(32), use=use)
        assert caught.value.code == "key_purpose"


def test_the_purpose_decides_the_kind_of_signer(key_of: Keys, passphrase: Passphrase) -> None:
    share = open_signer(key_of(Purpose.SHARE).path.as_uri(), Purpose.SHARE, passphrase)
    recovery = open_signer(key_of(Purpose.RECOVERY).path.as_uri(), Purpose.RECOVERY, passphrase)
    assert isinstance(share, DocumentSigner)
    assert not hasattr(share, "sign_digest")
    assert isinstance(recovery, AccountSigner)
    assert not hasattr(recovery, "sign")
