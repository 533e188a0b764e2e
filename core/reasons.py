"""Every reason a check can give: one table, from which page, command line, API and docs are made.

A reason belongs to one line and one outcome, and has its sentence in English and Chinese: what we
found, what it means, what you can do, in at most 35 words or 70 characters. The rows stand in
``core/reasons_genuine.py``, ``core/reasons_in_force.py`` and ``core/reasons_recognised.py``.
"""

from collections.abc import Mapping
from typing import Final

from core.reason import Reason as Reason
from core.reasons_genuine import GENUINE
from core.reasons_in_force import IN_FORCE
from core.reasons_recognised import RECOGNISED
from core.report import Check, Outcome, Report, Verdict

# Where evidence comes from
SOURCE_DOCUMENT: Final = "document"
SOURCE_CLOCK: Final = "clock"
SOURCE_LEDGER: Final = "ledger"
SOURCE_POLICY: Final = "local_policy"
SOURCE_NONE: Final = "none"

SOURCES: Final[Mapping[str, str]] = {
    SOURCE_DOCUMENT: "the file itself",
    SOURCE_CLOCK: "this verifier's clock",
    SOURCE_LEDGER: "this verifier's own chain node",
    SOURCE_POLICY: "this verifier's own chain node, and a policy file of its own",
    SOURCE_NONE: "no evidence",
}

LINE_TITLES: Final[Mapping[int, str]] = {
    1: "Issued by the named body",
    2: "Unchanged",
    3: "Registered",
    4: "Within its dates",
    5: "Not suspended or withdrawn",
    6: "Covers what you asked for",
    7: "Issuer accredited",
    8: "In the arrangement",
    9: "Accepted in the market",
}


_ALL = (*GENUINE, *IN_FORCE, *RECOGNISED)

REASONS: Final[Mapping[str, Reason]] = {reason.code: reason for reason in _ALL}

_DECIDED_BY: Final[Mapping[Verdict, tuple[Outcome, ...]]] = {
    Verdict.NOT_VALID: (Outcome.NO,),
    Verdict.NOT_FOR_THIS_USE: (Outcome.NO,),
    Verdict.COULD_NOT_BE_CHECKED: (Outcome.COULD_NOT_BE_CHECKED,),
    Verdict.VERIFIED_WITH_CONDITIONS: (Outcome.CONDITION, Outcome.NOT_SHARED),
}


def deciding(report: Report) -> Check | None:
    """Return the line whose reason explains the verdict, None where all is well.

    The first that led to it; one that only sends the reader to another line decides nothing.
    """
    outcomes = _DECIDED_BY.get(report.verdict, ())
    found = [check for check in report.checks if check.outcome in outcomes]
    return next((c for c in found if not REASONS[c.code].defers), found[0] if found else None)
