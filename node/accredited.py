"""Intake's question to the ledger: is this body accredited for what a record states?

Decides from the ledger as this node has followed it, for the moment that foreign readers will ask
about first: the certificate's first day, or now where that has passed. A record that says that it
is not accredited is not judged. One accreditation has to cover all of it; of several the one with
the fewest faults speaks. Faults are JSON pointers into the record.

``warn`` takes the record in and says so; ``strict`` refuses what is new to the body, and keeps
giving what it took in before its receipt. A ledger that is not known here says nothing about
accreditation: then ``warn`` says that it could not be looked up, and ``strict`` takes in nothing
that it would have to look up (an outage, not a fault of the record). That an assessment level is
assumed which no arrangement bears out is a warning in both.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Final

from core.accreditation import ALL_SECTORS, AccreditationStanding, accreditation_at
from core.arrangement import PartyStanding, party_at
from core.codes import scope_of_standard
from core.errors import Fault, Invalid, Unavailable
from core.events import Event, Role
from core.recognition import Facts, Member, Standing
from core.record import Record
from core.registry import LedgerEvidence
from node.states import IntakeMode

_SCOPE: Final = "MSC"  # of management systems, the only kind of record there is so far
NOT_KNOWN: Final = "accreditation_not_looked_up"
_KNOWN_MOST: Final = 10_000
_NOT_KNOWN: Final = Fault(
    "/accreditation", NOT_KNOWN,
    "the ledger is not known here yet, so the accreditation could not be looked up",
)  # fmt: skip
_NONE: Final = Fault(
    "/accreditation", "not_accredited",
    "by the ledger no accreditation of this body is in effect then",
)  # fmt: skip
_LEVEL: Final = Fault(
    "/accreditation/level", "assessment_level_assumed",
    "the e-certificate will say authority-globalmra, which no arrangement on the ledger bears out",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Judgement:
    """What intake makes of one record.

    Args:
        refused: why it is not taken in, if it is new; empty where it is.
        warnings: what its sender is told beside the receipt.
    """

    refused: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()

    def error(self) -> Invalid | Unavailable | None:
        """Return the refusal of a single record, None where there is none."""
        if not self.refused:
            return None
        if self.refused[0].code == NOT_KNOWN:
            return Unavailable(
                NOT_KNOWN, self.refused[0].message,
                "keep comity node run going; it follows the ledger", retry_after=5,
            )  # fmt: skip
        return Invalid(
            "record_not_accredited",
            "this body is not accredited for what the record states",
            self.refused,
            'correct the record; or set intake = "warn" in node.toml',
        )


@dataclass(frozen=True, slots=True)
class _Accreditation:
    """One accreditation of this body, with all that is asked of it."""

    body: Member
    history: Sequence[Event]
    agreements: tuple[Mapping[int, Sequence[Event]], ...]


class Gate:
    """Judges records by what the ledger says of one body at one moment.

    Args:
        mode: what becomes of a record with faults.
        accreditations: of this body; None where the ledger is not known here.
        members: who is in the network.
        now: the node's clock, aware.
    """

    def __init__(
        self,
        mode: IntakeMode,
        accreditations: tuple[_Accreditation, ...] | None,
        members: Mapping[int, Member],
        now: datetime,
    ) -> None:
        self._mode = mode
        self._accreditations = accreditations
        self._members = members
        self._now = now
        self._known: dict[tuple[str, tuple[str, ...], bool, int], Judgement] = {}

    @classmethod
    def over(cls, mode: IntakeMode, evidence: LedgerEvidence, member: int, now: datetime) -> "Gate":
        """Return the gate of a member, with all read that it needs of the evidence."""
        facts = Facts(evidence)
        found = []
        for entry in facts.accreditations_of(member):
            body = facts.member(entry.accreditation_body)
            if (
                entry.scope == _SCOPE
                and body is not None
                and body.has_role(Role.ACCREDITATION_BODY)
            ):
                agreements = tuple(_agreements(evidence, body.number))
                found.append(_Accreditation(body, tuple(entry.history), agreements))
        members = {one.number: one for one in facts.members()}
        return cls(mode, tuple(found), members, now)

    @classmethod
    def blind(cls, mode: IntakeMode, now: datetime) -> "Gate":
        """Return the gate of a node that does not know the ledger."""
        return cls(mode, None, {}, now)

    def judge(self, record: Record) -> Judgement:
        """Return what becomes of a record; equal cases are judged once."""
        if record.accreditation is None:
            return Judgement()
        first_day = datetime.combine(record.dates.effective, time(), UTC)
        moment = int(max(first_day, self._now).timestamp())
        states_level = record.accreditation.level is not None
        case = (record.standard, record.sectors, states_level, moment)
        if case not in self._known:
            if len(self._known) >= _KNOWN_MOST:
                self._known.clear()
            self._known[case] = self._judged(*case)
        return self._known[case]

    def _judged(
        self, standard: str, sectors: tuple[str, ...], states_level: bool, moment: int
    ) -> Judgement:
        faults: tuple[Fault, ...]
        hints: tuple[Fault, ...] = ()
        if self._accreditations is None:
            faults = (_NOT_KNOWN,)
        else:
            judged = [
                (tuple(_faults(one, standard, sectors, moment)), one)
                for one in self._accreditations
            ]
            in_effect = [(found, one) for found, one in judged if found != (_NONE,)]
            faults, best = min(in_effect, key=lambda one: len(one[0]), default=((_NONE,), None))
            if best is not None and not faults and not states_level:
                scope = scope_of_standard(standard) or _SCOPE
                hints = () if self._is_recognised(best, scope, moment) else (_LEVEL,)
        if self._mode is IntakeMode.STRICT:
            return Judgement(faults, hints)
        return Judgement((), faults + hints)

    def _is_recognised(self, one: _Accreditation, scope: str, moment: int) -> bool:
        """Return whether an accreditation body is bound to anybody by an arrangement."""
        for agreement in one.agreements:
            bound = {
                party
                for party, history in agreement.items()
                if party_at(history, scope, moment).standing is PartyStanding.ACCEPTED
                and party in self._members
                and self._members[party].standing_at(moment)[0] is Standing.ACTIVE
            }
            if one.body.number in bound and len(bound) > 1:
                return True
        return False


def _faults(
    one: _Accreditation, standard: str, sectors: tuple[str, ...], moment: int
) -> Iterator[Fault]:
    state = accreditation_at(one.history, moment)
    in_effect = state.standing is AccreditationStanding.IN_EFFECT and state.coverage is not None
    if not in_effect or one.body.standing_at(moment)[0] is not Standing.ACTIVE:
        yield _NONE
        return
    covered = state.coverage.sectors_of(standard) if state.coverage is not None else frozenset()
    if not covered:
        message = "by the ledger no accreditation in effect then covers this standard"
        yield Fault("/standard", "not_accredited_for_standard", message)
    elif covered != ALL_SECTORS:
        if not sectors:
            message = "the accreditation is for some sectors only, and the record names none"
            yield Fault("/sectors", "accredited_sectors_only", message)
        for i, sector in enumerate(sectors):
            if sector not in covered:
                message = "by the ledger, the accreditation does not cover this sector"
                yield Fault(f"/sectors/{i}", "not_accredited_for_sector", message)


def _agreements(evidence: LedgerEvidence, body: int) -> Iterator[Mapping[int, Sequence[Event]]]:
    """Yield the arrangements that a body was ever invited to, each by party."""
    keys = [key for key in evidence.keys("arrangement/") if key.count("/") == 2]
    parties: dict[str, dict[int, str]] = {}
    for key in keys:
        _, arrangement, party = key.split("/")
        parties.setdefault(arrangement, {})[int(party)] = key
    for named in parties.values():
        if body in named:
            yield {party: tuple(evidence.history(key)) for party, key in named.items()}
