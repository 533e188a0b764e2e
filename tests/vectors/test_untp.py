"""What we issue is a UNTP 0.7.0 Digital Conformity Credential and a VCDM 2.0 credential.

Whatever is hidden: all 16,384 disclosure subsets of the example verify and stay valid. The check
can fail: the published samples pass it and the smallest forbidden changes do not.
"""

from __future__ import annotations

import copy
import dataclasses
import json
import multiprocessing
import os
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from core import codes
from core.credential import (
    Credential,
    claims,
    disclosure_frame,
    issue_plain,
    issue_selective,
)
from core.record import Record
from core.sdjwt_issue import issue
from tests.support.certificates import ISSUER, SLOT, full_record, least_record
from tests.support.record_strategy import RECORDS
from tests.support.tokens import CountedRandomness, es256_signer
from tests.support.untp import Subsets, faults

pytestmark = pytest.mark.vectors

FIELDS_OF_THE_EXAMPLE = 14
SIGNER = es256_signer("north")
SAMPLES = [
    ("ConformityCredential_instance.json", "untp"),
    ("ConformityCredential_battery_instance.json", "untp"),
    ("ConformityCredential_smelter_instance.json", "untp"),
    ("DigitalIdentityAnchor_instance.json", "dia"),
    ("DigitalIdentityAnchor_mine_instance.json", "dia"),
    ("DigitalIdentityAnchor_battery_instance.json", "dia"),
    ("DigitalIdentityAnchor_smelter_instance.json", "dia"),
]


@pytest.fixture(scope="module")
def example(vectors_dir: Path) -> Subsets:
    """The example, issued by us."""
    value = codes.ecert_example()
    assert len(disclosure_frame(value)) == FIELDS_OF_THE_EXAMPLE
    token = issue_selective(value, SIGNER, CountedRandomness())
    return Subsets(vectors_dir, token, value, SIGNER.public.canonical)


@pytest.mark.parametrize(("name", "schema"), SAMPLES)
def test_the_published_samples_are_valid(vectors_dir: Path, name: str, schema: str) -> None:
    sample = json.loads((vectors_dir / "untp" / "samples-0.7.0" / name).read_bytes())
    assert faults(vectors_dir, sample, schema, "vcdm") == []


@pytest.mark.parametrize("record", [full_record(), least_record()])
@pytest.mark.parametrize("shared", [["all"], ["none"]])
def test_what_we_issue_from_a_record_is_valid_in_both_envelopes(
    vectors_dir: Path, record: dict[str, Any], shared: list[str]
) -> None:
    built = claims(Record.parse(record), ISSUER, SLOT)
    full = Credential.parse(issue_selective(built, SIGNER, CountedRandomness()))
    assert faults(vectors_dir, Credential.parse(full.share(shared)).claims()) == []
    assert faults(vectors_dir, Credential.parse(issue_plain(built, SIGNER)).claims()) == []


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(record=RECORDS)
def test_whatever_record_there_is_its_certificate_is_valid(
    vectors_dir: Path, record: dict[str, Any]
) -> None:
    built = claims(Record.parse(record), ISSUER, SLOT)
    full = Credential.parse(issue_selective(built, SIGNER, CountedRandomness()))
    assert full.claims() == built
    least = Credential.parse(full.share(["none"]))
    assert set(least.not_shared) == set(full.fields)
    assert faults(vectors_dir, built) == faults(vectors_dir, least.claims()) == []


MUTANTS: list[tuple[str, Callable[[dict[str, Any]], Any], bool]] = [
    ("index as text", lambda c: c["credentialStatus"].update(statusListIndex="48213"), True),
    ("array of status", lambda c: c.update(credentialStatus=[c["credentialStatus"]]), True),
    (
        "extra member in a Link",
        lambda c: c["credentialSubject"]["conformityCertificate"].update(size=1),
        True,
    ),
    ("no issuer name", lambda c: c["issuer"].pop("name"), True),
    ("no reference scheme", lambda c: c["credentialSubject"].pop("referenceScheme"), True),
    ("inline context", lambda c: c["@context"].append({"x": "https://x.example/"}), True),
    ("no subject", lambda c: c.pop("credentialSubject"), False),
    ("no context", lambda c: c.pop("@context"), False),
]


@pytest.mark.parametrize(
    ("change", "vcdm_valid"), [m[1:] for m in MUTANTS], ids=[m[0] for m in MUTANTS]
)
def test_a_mutant_is_rejected(
    vectors_dir: Path, change: Callable[[dict[str, Any]], Any], vcdm_valid: bool
) -> None:
    mutant = copy.deepcopy(codes.ecert_example())
    assert faults(vectors_dir, mutant) == []
    change(mutant)
    assert faults(vectors_dir, mutant, "untp") != []
    assert (faults(vectors_dir, mutant, "vcdm") == []) is vcdm_valid


def test_a_sample_of_the_subsets_verifies_and_stays_valid(example: Subsets, seed: int) -> None:
    every = 2**FIELDS_OF_THE_EXAMPLE
    masks = [0, every - 1, *random.Random(seed).sample(range(1, every - 1), 62)]
    assert example.check(masks) == []


def test_a_required_member_that_could_be_hidden_would_be_noticed(example: Subsets) -> None:
    frame = disclosure_frame(example.claims) | {("credentialSubject", "referenceScheme")}
    header = Credential.parse(example.token).jws.header
    header = {name: value for name, value in header.items() if name != "alg"}
    token = issue(example.claims, frame, header, SIGNER, "assertion", CountedRandomness())
    found = dataclasses.replace(example, token=token).check([0])
    assert "0: untp: $.credentialSubject required" in found


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_every_subset_verifies_and_stays_valid(
    example: Subsets, sample: Callable[[Sequence[int]], Sequence[int]]
) -> None:
    masks = sample(range(2**FIELDS_OF_THE_EXAMPLE))
    share = 256
    parts = [masks[i : i + share] for i in range(0, len(masks), share)]
    # spawned, because a forked child would inherit whatever other tests had running
    with ProcessPoolExecutor(
        os.cpu_count(), mp_context=multiprocessing.get_context("spawn")
    ) as pool:
        found = [fault for part in pool.map(example.check, parts) for fault in part]
    assert found == []
