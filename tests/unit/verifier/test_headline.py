"""The sentence under the verdict is of a line that decided it, best of one that says what to do."""

import pytest

from core.reasons import REASONS
from core.report import Check, Question, Report
from verifier.web.page import _headline

GOOD = (
    "issuer_confirmed", "content_unchanged", "registered", "within_dates", "no_status_event",
    "scope_not_asked", "accreditation_not_asked", "arrangement_not_asked", "market_not_asked",
)  # fmt: skip


@pytest.mark.parametrize(
    ("found", "deciding"),
    [
        (("issuer_not_checked", "content_not_checked", "ledger_unknown"), "ledger_unknown"),
        (("issuer_not_checked", "content_not_checked", "ledger_unreachable"), "ledger_unreachable"),
        (("issuer_not_checked", "content_not_checked"), "issuer_not_checked"),
        (("issuer_not_checked", "disclosure_mismatch"), "disclosure_mismatch"),
        (("suspended",), "suspended"),
    ],
)
def test_the_sentence_of_the_line_that_decided(found: tuple[str, ...], deciding: str) -> None:
    codes = {REASONS[code].line: code for code in (*GOOD, *found)}
    reasons = [REASONS[code] for _, code in sorted(codes.items())]
    checks = tuple(
        Check(r.line, r.code, r.outcome, r.sentence(body="B", date="D"), "ledger") for r in reasons
    )
    wanted = REASONS[deciding].sentence(body="B", date="D")
    assert _headline(Report(Question(), checks, {}, ())) == wanted
