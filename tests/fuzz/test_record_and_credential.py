"""Whatever comes in: records raise only ``Invalid``, tokens only ``FormatError`` or ``ProofError``.

Bodies may sign anything, so the claims of a validly signed token are fuzzed too, and everything a
verifier does with them afterwards.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.credential import Credential, claims, issue_selective
from core.credential_fields import summary
from core.encoding import b64url, canonical_json, compact_json
from core.errors import FormatError, Invalid, ProofError
from core.leaf import Leaf
from core.record import Record
from core.sdjwt import SdJwt
from core.statuslist import StatusBits, StatusList, status_list_claims
from tests.support.certificates import ISSUER, SLOT, full_record
from tests.support.json_strategy import JSON, mutated
from tests.support.tokens import CountedRandomness, es256_signer

SIGNER = es256_signer("north")
CLAIMS = claims(Record.parse(full_record()), ISSUER, SLOT)
ISSUED = issue_selective(CLAIMS, SIGNER, CountedRandomness())
PAYLOAD = SdJwt.parse(ISSUED).payload
HEADER = {"alg": "ES256", "cty": "vc", "kid": f"{ISSUER.did}#{SIGNER.thumbprint}"}


def token(payload: Any, kind: str) -> str:
    text = f"{b64url(compact_json({**HEADER, 'typ': kind}))}.{b64url(compact_json(payload))}"
    return f"{text}.{b64url(SIGNER.sign(text.encode(), use='assertion'))}"


def use_all_of(text: str) -> bool:
    """Do with a presentation whatever a verifier does; only our own refusals may come of it.

    Return whether nothing was refused.
    """
    try:
        credential = Credential.parse(text)
    except FormatError:
        return False
    assert credential.dump() == text
    try:
        credential.jws.verify(SIGNER.public)
        credential.claims()
        summary(credential.disclosed())
        for name in credential.not_shared:
            assert isinstance(name, str)
        list(credential.fields)
    except (ProofError, FormatError):
        return False
    return True


@settings(max_examples=300, deadline=None)
@given(mutated(full_record()) | JSON)
def test_a_record_is_read_or_its_faults_are_named(value: Any) -> None:
    try:
        record = Record.parse(value)
    except Invalid as refusal:
        named = refusal.faults
    else:
        named = ()
        assert canonical_json(record.dump()) == canonical_json(value)
    assert all(fault.code and fault.message for fault in named)


@settings(max_examples=300, deadline=None)
@given(mutated(CLAIMS) | JSON, st.sampled_from(["vc+jwt", "vc+sd-jwt"]))
def test_any_claims_under_a_good_signature(value: Any, kind: str) -> None:
    text = token(value, kind)
    use_all_of(text if kind == "vc+jwt" else text + "~")


@settings(max_examples=200, deadline=None)
@given(mutated(PAYLOAD), st.integers(0, 2**18))
def test_any_payload_with_real_disclosures(value: Any, mask: int) -> None:
    parts = ISSUED.split("~")[1:-1]
    chosen = [part for i, part in enumerate(parts) if mask >> i & 1]
    use_all_of("~".join([token(value, "vc+sd-jwt"), *chosen, ""]))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(ISSUED) - 1), st.characters(codec="ascii"), st.booleans())
def test_one_character_changed_or_the_rest_cut_off(place: int, char: str, cut: bool) -> None:
    changed = ISSUED[:place] + ("" if cut else char + ISSUED[place + 1 :])
    use_all_of(changed)
    if changed == ISSUED:
        return
    try:
        credential = Credential.parse(changed)
        credential.jws.verify(SIGNER.public)
        shown = credential.claims()
    except (FormatError, ProofError):
        return
    # only leaving out whole disclosures at the end keeps a token whole
    assert changed in ISSUED
    assert changed.endswith("~")
    assert shown.keys() <= CLAIMS.keys()


@settings(max_examples=200, deadline=None)
@given(mutated(Leaf(bytes(32), 3, (bytes(32),) * 6).dump()) | JSON)
def test_a_leaf_is_read_or_refused(value: Any) -> None:
    with suppress(FormatError):
        assert Leaf.parse(value).dump() == value


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_status_list_is_read_or_refused(data: st.DataObject) -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    good = status_list_claims(ISSUER, SLOT.list_url, StatusBits.of([3]), now)
    with suppress(FormatError):
        StatusList.parse(token(data.draw(mutated(good) | JSON), "vc+jwt"))


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: "u" + b64url(raw)))
def test_bits_are_read_or_refused(encoded: str) -> None:
    with pytest.raises(FormatError):
        StatusBits.decode(encoded)
