"""An acceptance policy on a real chain: signed, published by a worker, found by whoever follows."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from core.acceptance import Acceptance
from core.errors import NotFound
from core.events import NoticeKind, Role
from core.recognition import Facts
from node import acting
from node.acting import Ground, act_of
from node.membership import membership
from node.noticing import publishing
from node.policies import SignatureState, published, sign
from node.states import ActState
from tests.support.ledger import deploy_test_ledger
from tests.support.node import RunningNode, make_node, utc_now, work_until
from tests.support.policies import policy


def _signed(ground: Ground, node: RunningNode, version: int) -> Acceptance:
    made = policy(economy="DE", ledger=None, version=version)
    signer, use = node.member.assertion_signer, node.member.assertion_signer.purpose
    return sign(made, ground.evidence, ground.body, signer, raise_version=False, use=use)


@pytest.mark.timeout(120)
def test_a_published_policy_reaches_everybody_who_follows(chain_url: str, tmp_path: Path) -> None:
    with deploy_test_ledger(chain_url, seed="policies", roles={"DE": Role.AUTHORITY}) as made:
        node = make_node(made, tmp_path / "authority", member=1)
        worker = node.worker()
        work_until(worker, lambda: worker.fence is not None)
        with node.evidence() as evidence:
            body = membership(evidence, node.member.operating_signer.address)
            assert body is not None
            ground = Ground(evidence, body, utc_now())
            signed = _signed(ground, node, 1)
            with pytest.raises(NotFound):
                published(evidence, "DE", utc_now())
            draft = publishing(ground, NoticeKind.POLICY, signed.file_bytes())
            known = acting.keep(node.store, draft, ground, random=os.urandom).id
        work_until(worker, lambda: act_of(node.store, known).is_final)
        assert act_of(node.store, known).state is ActState.RECORDED
        node.close()

        stranger = made.store(tmp_path / "stranger.db")
        with stranger.snapshot() as evidence:
            found = published(evidence, "DE", utc_now())
            assert (found.policy, found.signature) == (signed, SignatureState.GOOD)
            assert not found.is_open
            before = signed.effective_at - timedelta(seconds=1)
            with pytest.raises(NotFound):
                published(evidence, "DE", before)
            assert Facts(evidence).policies_of("CN").valid == ()
        stranger.close()
