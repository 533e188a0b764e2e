"""One check as a web process does it: parse, open the evidence, ask, answer.

Shared by page and API so that both say the same, and so are questions about a network. Nothing is
kept.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from core.bundle import Bundle
from core.errors import NotFound, Unavailable
from core.registry import LedgerEvidence
from core.report import Question, Report
from verifier.config import VerifierSettings
from verifier.inquiry import network_question
from verifier.network import Network, network_of
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

    def network(self, asked: Mapping[str, str | None], origin: str | None = None) -> Network:
        """Return a network, with the answer to a question put in words.

        Args:
            asked: ``standard``, ``sector``, ``market`` and ``at``, as far as they are asked.
            origin: which ledger, as ``evidence``.

        Raises:
            UsageError: the question cannot be asked.
            NotFound, Unavailable: as ``evidence``, or nothing is known of the ledger yet.
        """
        now = self.clock()
        question = network_question(**asked, now=now)
        with self.evidence(origin) as evidence:
            return network_of(evidence, self.policy, question, now)

    @contextmanager
    def evidence(self, origin: str | None = None) -> Iterator[LedgerEvidence]:
        """Give one view of a followed ledger: the one named, else the first in the settings.

        Raises:
            NotFound: the ledger is not followed here.
            Unavailable: none is followed.
        """
        followed = self.sources.origins
        if not followed:
            raise Unavailable(
                "ledger_not_followed", "this verifier follows no ledger",
                "comity verifier init --ledger ORIGIN=URL",
            )  # fmt: skip
        with self.sources.evidence(followed[0] if origin is None else origin) as evidence:
            if evidence is None:
                raise NotFound(
                    "ledger_not_followed", "this verifier does not follow that ledger",
                    "those it follows stand in verifier.toml, and under GET /v1/ledgers",
                )  # fmt: skip
            yield evidence
