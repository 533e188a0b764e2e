"""Local acceptance policies: which files are read, which are refused, which one is meant when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.acceptance import Acceptance
from core.errors import FormatError, LimitError, UsageError
from core.recognition import Policies
from tests.support.network import ORIGIN as MEMORY
from tests.support.policies import ORIGIN, policy
from tests.support.recognition import Scene
from tests.support.recognition import policy_of as scene_policy
from verifier.config import VerifierSettings
from verifier.policies import policy_of, read_policies
from verifier.policy import LIVE, LocalPolicies, Policy

IN_FEBRUARY = datetime(2026, 2, 1, tzinfo=UTC)


def _held(folder: Path, name: str, held: Acceptance) -> Acceptance:
    (folder / name).write_bytes(held.file_bytes())
    return held


def _meant(local: LocalPolicies, economy: str, at: datetime) -> Acceptance | None:
    found, _ = Policies(local.of(economy, ORIGIN), ()).in_force(int(at.timestamp()))
    return None if found is None else found.acceptance


def test_a_folder_of_economies_and_versions_is_read(tmp_path: Path) -> None:
    first = _held(tmp_path, "xa-1.json", policy())
    second = _held(tmp_path, "xa-2.json", policy(version=2, effective_at="2026-03-01T00:00:00Z"))
    other = _held(tmp_path, "xb.json", policy(economy="XB"))
    _held(tmp_path, "copy of xb.json", policy(economy="XB"))
    (tmp_path / "notes.txt").write_text("no policy")
    local = LocalPolicies.given(read_policies(tmp_path))
    assert _meant(local, "XA", IN_FEBRUARY) == first
    assert _meant(local, "XA", datetime(2026, 3, 1, tzinfo=UTC)) == second
    assert _meant(local, "XA", datetime(2025, 12, 31, tzinfo=UTC)) is None
    assert _meant(local, "XB", IN_FEBRUARY) == other
    assert local.of("XC", ORIGIN) == ()
    assert {one.position for one in local.of("XA", ORIGIN)} == {None}  # of the reader's own


def test_a_policy_for_another_ledger_says_nothing_of_this_one() -> None:
    """It means other members and arrangements by the same numbers."""
    scene = Scene().play("grant@1 ab+MSC@1 home+MSC@1")
    codes = [
        scene.ask(local=replace(scene_policy("plain"), ledger=named)).checks[8].code
        for named in (None, MEMORY, ORIGIN)
    ]
    assert codes == ["market_accepts", "market_accepts", "market_no_policy"]


def test_without_a_setting_there_is_none() -> None:
    assert policy_of(VerifierSettings()) == LIVE
    assert policy_of(VerifierSettings(max_evidence_age=60)) == Policy(max_evidence_age=60)


def test_a_file_named_takes_the_place_of_the_folder_for_its_economy(tmp_path: Path) -> None:
    held = tmp_path / "held"
    held.mkdir()
    _held(held, "xa.json", policy(version=9))
    kept = _held(held, "xb.json", policy(economy="XB"))
    given = _held(tmp_path, "xa.json", policy(version=3))
    used = policy_of(VerifierSettings(policies=held), [tmp_path / "xa.json"])
    assert _meant(used.local, "XA", IN_FEBRUARY) == given
    assert _meant(used.local, "XB", IN_FEBRUARY) == kept


def test_a_folder_that_is_missing_or_contradicts_itself_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as missing:
        read_policies(tmp_path / "none")
    assert missing.value.code == "policies_missing"
    _held(tmp_path, "a.json", policy())
    _held(tmp_path, "b.json", policy(title={"en": "Another"}))
    with pytest.raises(UsageError) as contradicting:
        read_policies(tmp_path)
    assert contradicting.value.code == "policies_contradict"


def test_a_file_that_is_no_policy_is_refused_by_its_name(tmp_path: Path) -> None:
    file = tmp_path / "xa.json"
    for content, kind in (
        (b"{", FormatError),
        (b"{}", FormatError),
        (b" " * 25_000, LimitError),
    ):
        file.write_bytes(content)
        with pytest.raises(kind, match=r"xa\.json"):
            read_policies(tmp_path)
