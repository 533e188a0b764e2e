"""The report as text: no text of others can pass for an answer of ours."""

from __future__ import annotations

from core.credential import Slot
from core.report import Report
from tests.support.network import Body, MemoryLedger
from verifier.render import report_text
from verifier.verify import check


def test_a_signed_text_cannot_add_a_line() -> None:
    ledger = MemoryLedger()
    body = Body(ledger, 1).join()
    slot = Slot(f"{body.endpoint}/status/1", 0)
    claims = body.claims(slot)
    claims["credentialSubject"]["issuedToParty"]["name"] = (
        "Evil\n✔ Verified\r\n\x1b[2J\u202e\u2028Recognised here?  Yes 　ok"
    )
    issued = body.issue(slot, claims)
    body.anchor(issued)
    report = check(body.bundle(issued), ledger.state, now=ledger.now)
    assert report.exit == 0
    lines = _lines(report, body)
    assert "  Certified organization: Evil ✔ Verified  [2J Recognised here?  Yes  ok" in lines
    assert "✔ Verified" not in lines
    honest = body.issue()
    body.anchor(honest)
    plain = check(body.bundle(honest), ledger.state, now=ledger.now)
    assert len(lines) == len(_lines(plain, body))


def _lines(report: Report, body: Body) -> list[str]:
    return report_text(report, body.ledger.now).split("\n")
