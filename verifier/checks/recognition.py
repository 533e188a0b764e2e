"""Lines 6 to 9: does it cover what was asked, and is it recognised in the reader's market?

Asked for a standard, sector, site or market, this verifier says openly that it holds no evidence
to answer from; it never guesses. Not asked, the lines say so.
"""

from functools import lru_cache

from core.report import Question
from verifier.checks.case import Finding


@lru_cache(maxsize=64)  # nearly every check asks the same
def check_recognition(question: Question) -> tuple[Finding, Finding, Finding, Finding]:
    """Return the findings of lines 6, 7, 8 and 9."""
    scope = question.standard or question.sector or question.site
    asked = "not_checked" if question.market else "not_asked"
    return (
        Finding("scope_not_checked" if scope else "scope_not_asked"),
        Finding(f"accreditation_{asked}"),
        Finding(f"arrangement_{asked}"),
        Finding(f"market_{asked}"),
    )
