"""Asks the verifier abroad over HTTP, as any foreign body would, and waits for what must come.

Every verdict that the demonstration shows was answered here. A verdict other than the expected one
stops it with an error.
"""

import base64
import time
from pathlib import Path

from core.errors import Refused
from core.reasons import deciding
from core.report import Report

_SEEN_SECONDS = 30.0  # until what the ledger has must have reached the verifier abroad


def ask(url: str, file: Path, **question: str) -> Report:
    """Send a file to ``POST /v1/checks`` and return the report.

    Args:
        url: the verifier.
        file: a proof bundle.
        question: what else is asked, such as ``market`` and ``at``.
    """
    import httpx2

    document = base64.b64encode(file.read_bytes()).decode("ascii")
    answer = httpx2.post(f"{url}/v1/checks", json={"document": document, **question}, timeout=30)
    answer.raise_for_status()
    return Report.parse(answer.json())


def ask_until(url: str, file: Path, verdict: str, told: str, **question: str) -> Report:
    """Ask until the verifier gives ``verdict``, for its ledger state follows the ledger.

    Raises:
        Refused: it did not within half a minute; ``told`` names what was asked.
    """
    deadline = time.monotonic() + _SEEN_SECONDS
    while True:
        report = ask(url, file, **question)
        if report.verdict == verdict:
            return report
        if time.monotonic() > deadline:
            raise Refused(
                "demo_other_verdict",
                f"{told}: expected {verdict}, the verifier says {report.verdict}",
            )
        time.sleep(0.2)


def deciding_sentence(report: Report) -> str:
    """Return the reason of the line that decided a report.

    When all is well that is line 3, or the line about the market where one was asked for.
    """
    well = report.checks[2 if report.question.market is None else 8]
    return (deciding(report) or well).reason
