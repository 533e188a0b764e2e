"""One check as a web process does it: parse, open the evidence, ask, answer.

Shared by page and API so that both say the same. Nothing is kept.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from core.bundle import Bundle
from core.report import Question, Report
from verifier.config import VerifierSettings
from verifier.policy import Policy
from verifier.sources import Sources
from verifier.verify import check


@dataclass(frozen=True, slots=True)
class LedgerView:
    """How fresh this verifier's copy of a ledger is.

    Args:
        origin: which ledger.
        block, time: its newest block, None without any state.
    """

    origin: str
    block: int | None
    time: int | None


@dataclass(frozen=True, slots=True)
class Desk:
    """Where documents are checked."""

    settings: VerifierSettings
    sources: Sources
    clock: Callable[[], datetime]
    policy: Policy

    def check(self, document: bytes | Bundle, question: Question) -> Report:
        """Return the report on a proof bundle, or on its bytes.

        Raises:
            FormatError: not one of our formats.
        """
        bundle = document if isinstance(document, Bundle) else Bundle.parse(document)
        with self.sources.evidence(bundle.ledger) as evidence:
            return check(bundle, evidence, self.policy, question, now=self.clock())

    def ledgers(self) -> list[LedgerView]:
        """Return the state of every followed ledger."""
        views = []
        for origin in self.sources.origins:
            with self.sources.evidence(origin) as evidence:
                head = evidence.head if evidence is not None else None
            views.append(
                LedgerView(origin, head.block if head else None, head.time if head else None)
            )
        return views
