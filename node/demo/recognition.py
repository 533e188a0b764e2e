"""Who recognises whom in the demonstration: accreditation, an arrangement, an acceptance policy.

Before anything is issued, two accreditation bodies accredit the three certification bodies, and the
first makes a multilateral arrangement and accepts it, alone so far. After the first certificate was
presented, the accreditation body of market XA accepts the arrangement too and its authority
publishes what XA accepts. So one certificate, asked about as of three moments, gets three answers.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from core.report import timestamp
from node.demo.asking import ask_until, deciding_sentence
from node.demo.network import Network, Node

STANDARD, SCOPE = "ISO 9001", "MSC/QMS"
MARKET = "XA"
_ACCREDITED_YEARS = 5
_ARRANGEMENT = """# Example multilateral recognition arrangement

Parties are accreditation bodies. Each recognises what certification bodies accredited by another
party certify, within the scopes both have accepted. Fictional, for the demonstration.
"""
_VERIFIED, _CONDITIONS = "verified", "verified_with_conditions"
_NOT_FOR_THIS_USE, _COULD_NOT = "not_for_this_use", "could_not_be_checked"


class Recognition:
    """Plays recognition on a running network.

    Args:
        network: with two accreditation bodies and an authority.
        say: is told each step in words.
        today: the day on which it is played.
    """

    def __init__(self, network: Network, say: Callable[[str], None], today: date) -> None:
        self._network = network
        self._say = say
        self._today = today
        self._first, self._second, self._authority = network.recognisers
        self.answers: list[dict[str, str]] = []

    def prepare(self) -> None:
        """Accredit everybody, and make an arrangement that one side has accepted."""
        self._say("Accrediting the three bodies; making an arrangement")
        with ThreadPoolExecutor() as at_once:
            for done in [at_once.submit(self._first_acts), at_once.submit(self._second_acts)]:
                done.result()

    def show(self, good: Path) -> None:
        """Complete the arrangement, publish a policy, and ask for each market and moment.

        Raises:
            Refused: a step failed, or the verifier answered otherwise than expected.
        """
        before = self._alone(good)
        self._say("The other side accepts the arrangement; XA publishes what it accepts")
        self._complete(before)
        self._ask(good, _VERIFIED, "used in XA", market=MARKET)
        self._ask(good, _CONDITIONS, "used in XB", market="XB")
        self._ask(good, _NOT_FOR_THIS_USE, "used in XC", market="XC")
        yesterday = (self._today - timedelta(days=1)).isoformat()
        self._ask(good, _COULD_NOT, "used in XA, as of yesterday", market=MARKET, at=yesterday)
        told = "used in XA, as of before its side accepted"
        self._ask(good, _NOT_FOR_THIS_USE, told, market=MARKET, at=timestamp(before))
        now = self._act_time(before)
        self._ask(good, _VERIFIED, "used in XA, as of now", market=MARKET, at=timestamp(now))

    def _first_acts(self) -> None:
        text = self._network.folder / "arrangement.md"
        text.write_text(_ARRANGEMENT, "utf-8")
        node = self._first
        for member in (1, 2):
            self._accredit(node, member)
        party = ("--role", "accreditation_body", "--party", self._second.body.name)
        self._act(node, "arrangement", "new", str(text), *party, "--wait")
        self._act(node, "arrangement", "accept", "1", "--scope", SCOPE, "--wait")

    def _second_acts(self) -> None:
        self._accredit(self._second, 3, "--wait")

    def _accredit(self, node: Node, member: int, *more: str) -> None:
        since = self._today.replace(day=1, year=self._today.year - _ACCREDITED_YEARS)
        until = since.replace(year=self._today.year + _ACCREDITED_YEARS)
        dates = ("--from", since.isoformat(), "--until", until.isoformat())
        self._act(node, "accredit", "grant", str(member), "--standard", STANDARD, *dates, *more)

    def _alone(self, good: Path) -> datetime:
        """Return a moment at which the certificate was registered and the arrangement one-sided."""
        told = "in force, before the other side accepted"
        report = ask_until(self._network.verifier_url, good, "genuine_and_in_force", told)
        return report.checks[2].evidence_at or datetime.now(UTC)

    def _complete(self, before: datetime) -> None:
        accepted = ("accept", "1", "--scope", SCOPE, "--from", timestamp(self._act_time(before)))
        policy = self._network.folder / f"{MARKET}.policy.json"
        authority = self._authority
        self._network.command("policy", "new", "--from", MARKET, "-o", str(policy))
        self._act(authority, "policy", "sign", str(policy))
        self._act(authority, "policy", "publish", str(policy))
        self._act(self._second, "arrangement", *accepted, "--wait")

    def _act_time(self, before: datetime) -> datetime:
        """Return now, once that is later than ``before``: the chain may be ahead of our clock."""
        while (now := datetime.now(UTC)) <= before + timedelta(seconds=1):
            time.sleep(0.1)
        return now

    def _ask(self, file: Path, verdict: str, told: str, **question: str) -> None:
        report = ask_until(self._network.verifier_url, file, verdict, told, **question)
        self.answers.append(
            {"told": told, **question, "verdict": verdict, "sentence": deciding_sentence(report)}
        )

    def _act(self, node: Node, *words: str) -> None:
        self._network.command(*words, "--node", str(node.folder))
