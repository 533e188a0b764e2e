"""The five worked examples on one network: each answers the same certificate in its own way."""

from __future__ import annotations

import pytest

from core import examples
from core.events import Assurance, PartyAction, Role
from core.report import Question, Report
from tests.support.network import Body, MemoryLedger
from verifier.policy import LocalPolicies, Policy
from verifier.verify import check

HELD = Policy(local=LocalPolicies.given(examples.policies().values()))


def ask(market: str, assurance: Assurance | None = None, *fields: str) -> Report:
    """Return the report on a certificate of a network numbered as the examples say."""
    ledger = MemoryLedger()
    body = Body(ledger, 1).join(economy="CN")
    other = Body(ledger, 2).join(economy="DE")
    Body(ledger, 3).join(economy="BR")
    abroad = Body(ledger, 4).join(Role.ACCREDITATION_BODY, "CN")
    home = Body(ledger, 5).join(Role.ACCREDITATION_BODY, "XA")
    abroad.accredit(1)
    for maker, parties in ((home, (4, 5)), (other, (1, 2))):
        number = maker.make_arrangement(*parties)
        for party in parties:
            ledger.of_party(number, party, PartyAction.ACCEPTED, "MSC/QMS")
    if assurance is not None:
        body.assure_key(body.signer, assurance)
    issued = body.issue()
    body.anchor(issued)
    bundle = body.bundle(issued, fields=fields or ("all",))
    return check(bundle, ledger.state, HELD, Question(market=market), now=ledger.now)


@pytest.mark.parametrize(
    ("market", "verdict", "market_code"),
    [
        ("XA", "verified", "market_accepts"),
        ("XB", "verified_with_conditions", "market_accepts_with_conditions"),
        ("XC", "not_for_this_use", "market_refuses_scope"),
        ("XD", "verified", "market_accepts"),
        ("XE", "not_for_this_use", "market_refuses_key_assurance"),
        ("XF", "could_not_be_checked", "market_no_policy"),
    ],
)
def test_one_certificate_in_each_market(market: str, verdict: str, market_code: str) -> None:
    report = ask(market)
    assert (report.verdict, report.checks[8].code) == (verdict, market_code)
    told = [condition["id"] for condition in report.dump()["conditions"]]
    asked = examples.policies()[market].accepts[0].conditions if market != "XF" else ()
    assert told == list(asked)


def test_a_key_in_a_hardware_module_is_enough_where_one_is_asked_for() -> None:
    assert ask("XE", Assurance.FILE).verdict == "not_for_this_use"
    assert ask("XE", Assurance.HSM).verdict == "verified"
    assert ask("XE", Assurance.QUALIFIED).verdict == "verified"


def test_what_must_be_shared_is_missed_where_it_is_held_back() -> None:
    assert ask("XA", None, "scope").checks[8].code != "market_disclosure_missing"
    assert ask("XB", None, "scope").checks[8].code == "market_disclosure_missing"
