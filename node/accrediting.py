"""Accrediting: what an accreditation body says of a certification body's accreditation.

Decides the sentence readers see and whether it is so already. Refuses a coverage of standards that
no list knows or sectors that are none, a reduction that would extend, and for each action what does
not belong to it; what the ledger's own state forbids, the ledger refuses. Dates may lie in the
past: readers are told that it was declared later.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from contracts.calls import Accreditation
from core import codes, limits
from core.accreditation import (
    ALL_SECTORS,
    AccreditationStanding,
    Coverage,
    accreditation_at,
)
from core.act_reasons import act_reason, title_of
from core.encoding import canonical_json, parse_json
from core.errors import FormatError, Refused, UsageError
from core.events import AccreditationAction, AccreditationDeclared, accreditation_key
from core.report import timestamp
from node.acting import Draft, Expected, Ground
from node.membership import Evidence
from node.naming import Member, dumped, members_of, time_of
from node.states import ActKind

MAIN_SCOPE: Final = "MSC"
COVERAGE_FILE_BYTES: Final = 8 * limits.COVERAGE_BYTES  # as people indent it
_COVERING: Final = frozenset({AccreditationAction.GRANT, AccreditationAction.REDUCE})
_REASONED: Final = frozenset({AccreditationAction.SUSPEND, AccreditationAction.WITHDRAW})
_ENDING: Final = _COVERING | {AccreditationAction.SUSPEND}
_UNDO: Final[Mapping[AccreditationAction, str]] = {
    AccreditationAction.GRANT: "comity accredit withdraw ends it; the grant stays in its history.",
    AccreditationAction.REDUCE: "comity accredit grant extends it again.",
    AccreditationAction.SUSPEND: "comity accredit restore ends the suspension, and nothing else.",
    AccreditationAction.RESTORE: "It can be suspended again.",
    AccreditationAction.WITHDRAW: "comity accredit grant accredits the body anew.",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an accreditation body wants to declare.

    Args:
        certification_body: the member it is about.
        scope: a main scope.
        coverage: standards with their sectors; with a grant or a reduction.
        reason: word of ``core/act_reasons.py``; to suspend and withdraw.
        effective_at: from when; None for now.
        until: the end that is stated at once, None for none.
    """

    action: AccreditationAction
    certification_body: Member
    scope: str = MAIN_SCOPE
    coverage: Coverage | None = None
    reason: str | None = None
    effective_at: datetime | None = None
    until: datetime | None = None

    def require_sound(self) -> None:
        """Raise ``UsageError`` unless everything belongs to the action."""
        if self.scope not in codes.main_scopes():
            known = ", ".join(codes.main_scopes())
            raise UsageError("scope_unknown", "--scope: expected a main scope", f"one of: {known}")
        if (self.coverage is not None) != (self.action in _COVERING):
            raise UsageError("coverage_missing", "name the standards that are covered",
                             "--standard with --sector, or --coverage FILE")  # fmt: skip
        if (self.reason is not None) != (self.action in _REASONED):
            raise UsageError("reason_missing", "a reason is given to suspend or to withdraw")
        if self.until is not None and self.action not in _ENDING:
            raise UsageError("until_unexpected", "--until does not belong to this")


def accrediting(ground: Ground, wanted: Wanted) -> Draft:
    """Draft what an accreditation body declares.

    Raises:
        UsageError: something does not belong to the action.
        Refused: a reduction that would extend the coverage.
    """
    wanted.require_sound()
    subject = wanted.certification_body
    key = accreditation_key(ground.member, subject.number, wanted.scope)
    history = ground.evidence.history(key)
    effective = wanted.effective_at or ground.now
    if wanted.action is AccreditationAction.REDUCE and wanted.coverage is not None:
        _require_narrower(wanted.coverage, accreditation_at(history, int(effective.timestamp())))
    declared = Accreditation(
        certification_body=subject.number,
        scope=wanted.scope,
        action=int(wanted.action),
        effective_at=int(effective.timestamp()),
        reason=act_reason(wanted.reason).number if wanted.reason else 0,
        coverage=wanted.coverage.dump() if wanted.coverage else "",
        until=int(wanted.until.timestamp()) if wanted.until else 0,
    )
    if len(declared.coverage.encode()) > limits.COVERAGE_BYTES:
        raise UsageError("coverage_large", f"coverage: at most {limits.COVERAGE_BYTES} bytes")
    body = {
        "action": declared.action,
        "reason": declared.reason,
        "coverage": declared.coverage,
        "until": declared.until,
    }
    dated = {**body, "effective_at": declared.effective_at}
    last = history[-1] if history else None
    same = Expected(key, AccreditationDeclared.kind, dated if wanted.effective_at else body)
    return Draft(
        kind=ActKind.ACCREDITATION,
        stated={
            "action": wanted.action.name.lower(),
            "certification_body": subject.number,
            "scope": wanted.scope,
            "coverage": declared.coverage or None,
            "reason": wanted.reason,
            "effective_at": timestamp(wanted.effective_at) if wanted.effective_at else None,
            "until": timestamp(wanted.until) if wanted.until else None,
        },
        call=ground.calls.declare_accreditation(declared),
        expected=Expected(key, AccreditationDeclared.kind, dated),
        sentence=_sentence(ground.body.name, subject.name, wanted, effective),
        undo=_UNDO[wanted.action],
        standing=last if last is not None and same.is_met_by(last) else None,
    )


def coverage_of_words(standards: Sequence[str], sectors: Sequence[str]) -> Coverage:
    """Return the coverage of some standards in some sectors, in all where none are named.

    Raises:
        UsageError: a standard or a sector that no list knows.
    """
    unknown = [sector for sector in sectors if sector not in codes.sectors()]
    if unknown:
        raise UsageError("unknown_sector", "--sector: expected a two-digit code, 01 to 39")
    covered = frozenset(sectors) or ALL_SECTORS
    return Coverage({_standard(name): covered for name in standards})


def coverage_of_file(raw: bytes) -> Coverage:
    """Return the coverage that a JSON file states: ``{"ISO 9001": ["19"], "ISO 14001": "all"}``.

    Raises:
        FormatError: it states none.
    """
    value = parse_json(raw, what="coverage", max_bytes=COVERAGE_FILE_BYTES)
    if not isinstance(value, dict):
        raise FormatError("coverage_form", "coverage: expected standards with their sectors")
    ordered = {
        name: sorted(sectors)
        if isinstance(sectors, list) and all(isinstance(one, str) for one in sectors)
        else sectors
        for name, sectors in value.items()
    }
    return Coverage.parse(canonical_json(ordered).decode())


def coverage_words(coverage: Coverage | None) -> str:
    """Return a coverage as one phrase."""
    if coverage is None:
        return "coverage that cannot be read"
    return "; ".join(
        f"{name} in all sectors"
        if sectors == ALL_SECTORS
        else f"{name} in sector{'s' if len(sectors) > 1 else ''} {', '.join(sorted(sectors))}"
        for name, sectors in sorted(coverage.standards.items())
    )


def accreditations(evidence: Evidence, now: datetime) -> list[dict[str, Any]]:
    """Return every accreditation on the ledger as it stands now, as ``--json`` shows it."""
    members = members_of(evidence)
    found = []
    for key in evidence.keys("accreditation/"):
        _, giver, taker, scope = key.split("/", 3)
        state = accreditation_at(evidence.history(key), int(now.timestamp()))
        covered = state.coverage
        found.append(
            {
                "accreditation_body": dumped(members, int(giver)),
                "certification_body": dumped(members, int(taker)),
                "scope": scope,
                "state": state.standing.value,
                "coverage": None
                if covered is None
                else {
                    name: "all" if sectors == ALL_SECTORS else sorted(sectors)
                    for name, sectors in sorted(covered.standards.items())
                },
                "covers": None if covered is None else coverage_words(covered),
                "since": time_of(state.begins),
                "until": time_of(state.until),
                "declared_at": time_of(state.declared),
            }
        )
    return sorted(
        found,
        key=lambda one: (
            one["accreditation_body"]["member"], one["certification_body"]["member"], one["scope"],
        ),
    )  # fmt: skip


def _standard(text: str) -> str:
    known = codes.known_standard(text)
    if known is not None:
        return known.name
    if text in codes.standard_families():
        return text
    raise UsageError("unknown_standard", "--standard: expected a listed standard",
                     "as ISO 9001 or ISO 9001:2015; --coverage FILE takes others")  # fmt: skip


def _require_narrower(wanted: Coverage, state: Any) -> None:
    had: Coverage | None = state.coverage
    if state.standing is AccreditationStanding.NONE or had is None:
        return  # the ledger says what is missing
    for name, sectors in wanted.standards.items():
        covered = had.sectors_of(name)
        if covered != ALL_SECTORS and not (sectors <= covered and covered):
            raise Refused(
                "reduction_extends", "that is more than what is granted now",
                "comity accredit grant extends an accreditation",
            )  # fmt: skip


def _sentence(giver: str, taker: str, wanted: Wanted, effective: datetime) -> str:
    covered = "" if wanted.coverage is None else f": {coverage_words(wanted.coverage)}"
    why = "" if wanted.reason is None else f": {title_of(act_reason(wanted.reason).number)}"
    dates = f"from {effective.astimezone(UTC).date().isoformat()}"
    if wanted.until is not None:
        dates += f" until {wanted.until.astimezone(UTC).date().isoformat()}"
    what = {
        AccreditationAction.GRANT: f"accredits {taker} for {wanted.scope}{covered}, {dates}.",
        AccreditationAction.REDUCE: f"reduces the accreditation of {taker} for {wanted.scope}, "
        f"{dates}, to{covered.removeprefix(':')}.",
        AccreditationAction.SUSPEND: f"suspends the accreditation of {taker} for {wanted.scope} "
        f"{dates}{why}.",
        AccreditationAction.RESTORE: f"restores the accreditation of {taker} for {wanted.scope} "
        f"{dates}.",
        AccreditationAction.WITHDRAW: f"withdraws the accreditation of {taker} for "
        f"{wanted.scope} {dates}{why}.",
    }
    return f"{giver} {what[wanted.action]}"
