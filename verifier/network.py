"""The network as one evidence shows it: who is in it, who recognises whom, who is accepted where.

A pure view over evidence, policy and moment; it fetches nothing and keeps nothing. Decides nothing
of its own: ``core/recognition.py``, ``core/accreditation.py`` and ``core/arrangement.py`` say what
histories mean, and ``verifier/acceptors.py`` asks what a check asks. Members, accreditations,
arrangements and policies are as of the moment asked about, by all that is known now; open alerts,
notices and who may vote are as of the newest block. Names, addresses and texts are others': they
are shown inert.
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from core import limits
from core.accreditation import accreditation_at
from core.arrangement import PartyStanding, party_at
from core.codes import economy_name
from core.encoding import b64url
from core.errors import Unavailable
from core.events import (
    AccreditationDeclared,
    ArrangementMade,
    ArrangementParty,
    Assurance,
    Event,
    KeyAdded,
    KeyPurpose,
    KeyRevoked,
    NoticeKind,
    NoticePublished,
    Role,
    SeatGiven,
    SeatTaken,
    member_key,
)
from core.instants import instant
from core.recognition import Facts, Member, Published, Standing
from core.registry import Head, LedgerEvidence
from verifier.acceptors import Acceptor, acceptors, markets
from verifier.ballots import open_proposals
from verifier.checks.case import moment
from verifier.inert import inert_line
from verifier.inquiry import Moment, NetworkQuestion, moment_of
from verifier.notices import notice_dump
from verifier.policy import Policy
from verifier.registrants import assurance_of, is_stopped

VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Network:
    """What is known of a network at one head, with the answer to a question.

    Args:
        origin: which ledger.
        head: the newest block.
        question: what was asked.
        when: the moment it is about.
        listing: members, keys, accreditations … as JSON values.
        acceptors: who may certify what was asked for; empty where nothing was.
    """

    origin: str
    head: Head
    question: NetworkQuestion
    when: Moment
    listing: dict[str, Any]
    acceptors: tuple[Acceptor, ...]

    def dump(self) -> dict[str, Any]:
        """Return all of it as a JSON object."""
        return {
            "v": VERSION,
            "ledger": self.origin,
            "evidence": {
                "block": self.head.block,
                "hash": self.head.hash.hex(),
                "time": instant(moment(self.head.time)),
                "usable": self.when.usable,
            },
            "question": self.question.dump(),
            "accepted": [one.dump() for one in self.acceptors],
            **self.listing,
        }


def network_of(
    evidence: LedgerEvidence, policy: Policy, question: NetworkQuestion, now: datetime
) -> Network:
    """Return the network as an evidence shows it.

    Args:
        evidence: of one ledger.
        policy: what this verifier insists on, with its local acceptance policies.
        now: the verifier's clock, aware.

    Raises:
        Unavailable: there is no state of the ledger yet.
        UsageError: the question names a standard that nobody knows.
    """
    head = evidence.head
    if head is None:
        raise Unavailable(
            "ledger_not_known", "this ledger has not been followed yet, so nothing can be shown",
            "comity verifier run follows it", retry_after=5,
        )  # fmt: skip
    evidence = _Apart(evidence)
    facts, when = Facts(evidence), moment_of(question, head, policy, now)
    at = when.at
    listing = {
        "members": [_member(one, evidence, at) for one in _admitted(facts, at)],
        "keys": list(_keys(facts, evidence, at)),
        "accreditations": list(_accreditations(facts, at)),
        "arrangements": list(_arrangements(facts, evidence, at)),
        "proposals": open_proposals(evidence, facts, min(at, head.time)),
        "policies": list(_policies(facts, policy, at)),
        "alerts": list(_alerts(facts, evidence)),
        "notices": _notices(evidence),
    }
    found = acceptors(evidence, facts, policy, question, when)
    return Network(evidence.origin, head, question, when, listing, tuple(found))


class _Apart:
    """An evidence whose facts are kept apart from those of checks.

    A question about a network asks for many more answers than a check does, and would crowd out
    what checks want to find again.
    """

    __slots__ = (
        "_evidence", "head", "history", "keys", "member_of", "origin", "source", "text",
    )  # fmt: skip

    def __init__(self, evidence: LedgerEvidence) -> None:
        self._evidence = evidence
        self.origin, self.head, self.source = evidence.origin, evidence.head, evidence.source
        self.history, self.keys = evidence.history, evidence.keys
        self.member_of, self.text = evidence.member_of, evidence.text

    @property
    def registry_version(self) -> Hashable | None:
        version = self._evidence.registry_version
        return None if version is None else ("network", version)


def _admitted(facts: Facts, at: int) -> Iterator[Member]:
    return (member for member in facts.members() if member.admitted.time <= at)


# ---------------------------------------------------------------- members and keys


def _member(member: Member, evidence: LedgerEvidence, at: int) -> dict[str, Any]:
    history = evidence.history(member_key(member.number))
    standing, since = member.standing_at(at)
    seated = [e for e in history if isinstance(e, SeatGiven | SeatTaken) and e.time <= at]
    admitted = member.admitted
    return {
        "member": member.number,
        "name": member.name,
        "names": admitted.texts(),
        "economy": inert_line(admitted.economy, limits.NAME_CHARS),
        "roles": role_names(admitted.roles),
        "standing": standing.value,
        "since": _instant(since),
        "admitted_at": _instant(admitted.time),
        "stopped": is_stopped(history, at),
        "cosigner": bool(seated) and isinstance(seated[-1], SeatGiven),
        "endpoint": inert_line(admitted.endpoint, limits.ENDPOINT_BYTES),
    }


def role_names(roles: int) -> list[str]:
    """Return the names of a sum of roles."""
    return [str(role.name).lower() for role in Role if role & roles]


def _keys(facts: Facts, evidence: LedgerEvidence, at: int) -> Iterator[dict[str, Any]]:
    for member in _admitted(facts, at):
        for key in evidence.keys(f"key/{member.number}/"):
            history = [event for event in evidence.history(key) if event.time <= at]
            added = next((e for e in history if isinstance(e, KeyAdded)), None)
            if added is not None:
                yield _key(added, history)


def _key(added: KeyAdded, history: Sequence[Event]) -> dict[str, Any]:
    revoked = next((event for event in history if isinstance(event, KeyRevoked)), None)
    known = added.purpose in frozenset(KeyPurpose)
    return {
        "member": added.member,
        "purpose": KeyPurpose(added.purpose).name.lower() if known else f"number {added.purpose}",
        "thumbprint": b64url(added.thumbprint),
        "added_at": _instant(added.time),
        "revoked_at": _instant(revoked.time) if revoked is not None else None,
        "assurance": Assurance(assurance_of(history)).name.lower(),
    }


# ---------------------------------------------------------------- recognition


def _accreditations(facts: Facts, at: int) -> Iterator[dict[str, Any]]:
    for member in facts.members():
        for entry in facts.accreditations_of(member.number):
            state = accreditation_at(entry.history, at)
            body = facts.member(entry.accreditation_body)
            standing = body.standing_at(at)[0] if body is not None else Standing.NONE
            covered = state.coverage.standards if state.coverage is not None else {}
            recorded = [e for e in entry.history if isinstance(e, AccreditationDeclared)]
            yield {
                "accreditation_body": entry.accreditation_body,
                "certification_body": member.number,
                "scope": entry.scope,
                "state": state.standing.value,
                "since": _instant(state.begins),
                "until": _instant(state.until),
                "declared_at": _instant(state.declared),
                "coverage": {
                    name: "all" if "all" in sectors else sorted(sectors)
                    for name, sectors in covered.items()
                },
                "accreditation_body_standing": standing.value,
                "declarations": len(recorded),
            }


def _arrangements(facts: Facts, evidence: LedgerEvidence, at: int) -> Iterator[dict[str, Any]]:
    keys = [key for key in evidence.keys("arrangement/") if key.count("/") == 1]
    made = [e for key in keys for e in evidence.history(key) if isinstance(e, ArrangementMade)]
    for event in sorted(made, key=lambda event: event.arrangement):
        if event.time <= at:
            yield _arrangement(event, facts, evidence, at)


def _arrangement(
    made: ArrangementMade, facts: Facts, evidence: LedgerEvidence, at: int
) -> dict[str, Any]:
    number = made.arrangement
    keys = evidence.keys(f"arrangement/{number}/")
    histories = {int(key.rpartition("/")[2]): evidence.history(key) for key in keys}
    histories = {party: histories[party] for party in sorted(histories)}
    scopes = sorted({scope for history in histories.values() for scope in _scopes(history)})
    return {
        "arrangement": number,
        "title": inert_line(facts.arrangement_title(number), limits.TEXT_CHARS),
        "keeper": made.keeper,
        "roles": role_names(made.roles),
        "made_at": _instant(made.time),
        "text": {
            "sha256": made.text_hash.hex(),
            "bytes": made.text_size,
            "at_hand": evidence.text(made.text_hash) is not None,
        },
        "parties": [_party(party, history, at) for party, history in histories.items()],
        "in_effect": [
            told for scope in scopes if (told := _bound(scope, histories, facts, at)) is not None
        ],
    }


def _scopes(history: Iterable[Event]) -> set[str]:
    return {e.scope for e in history if isinstance(e, ArrangementParty) and e.scope}


def _party(party: int, history: Sequence[Event], at: int) -> dict[str, Any]:
    states = [(scope, party_at(history, scope, at)) for scope in sorted(_scopes(history))]
    return {
        "member": party,
        "scopes": [
            {
                "scope": scope,
                "state": state.standing.value,
                "since": _instant(state.begins),
                "declared_at": _instant(state.declared),
            }
            for scope, state in states
        ],
    }


def _bound(
    scope: str, histories: dict[int, Sequence[Event]], facts: Facts, at: int
) -> dict[str, Any] | None:
    """Return who is bound for a scope: each to every other, or one side alone."""
    states = {party: party_at(history, scope, at) for party, history in histories.items()}
    bound = [
        (party, state.begins)
        for party, state in states.items()
        if state.standing is PartyStanding.ACCEPTED and _is_active(facts, party, at)
    ]
    if not bound:
        return None
    return {
        "scope": scope,
        "unilateral": len(bound) == 1,
        "parties": [{"member": party, "since": _instant(begins)} for party, begins in bound],
    }


def _is_active(facts: Facts, number: int, at: int) -> bool:
    member = facts.member(number)
    return member is not None and member.standing_at(at)[0] is Standing.ACTIVE


def _policies(facts: Facts, policy: Policy, at: int) -> Iterator[dict[str, Any]]:
    for economy in markets(facts, policy.local):
        found, is_open = facts.policies_of(economy).in_force(at)
        own = [one for one in policy.local.of(economy, facts.origin) if one.effective_at <= at]
        if own:
            found, is_open = max(own, key=lambda one: one.acceptance.version), False
        yield {
            "economy": economy,
            "name": economy_name(economy),
            "in_force": _policy(found) if found is not None else None,
            "unreadable_newer": is_open,
        }


def _policy(found: Published) -> dict[str, Any]:
    stated = found.acceptance.dump()
    stated.pop("signature", None)
    return {
        "source": "local" if found.position is None else "ledger",
        "published_at": _instant(found.time),
        "policy": stated,
    }


# ---------------------------------------------------------------- notices


def _alerts(facts: Facts, evidence: LedgerEvidence) -> Iterator[dict[str, Any]]:
    for key in evidence.keys("alert/"):
        alert = facts.open_alert(key)
        if alert is not None:
            yield notice_dump(alert, evidence)


def _notices(evidence: LedgerEvidence) -> list[dict[str, Any]]:
    """Return the newest notices that are no alerts, newest first."""
    found = [
        event
        for key in evidence.keys("notice/")
        for event in evidence.history(key)
        if isinstance(event, NoticePublished) and event.notice_kind != NoticeKind.ALERT
    ]
    found.sort(key=lambda event: event.position, reverse=True)
    return [notice_dump(event, evidence) for event in found[: limits.NOTICES_SHOWN]]


def _instant(seconds: int) -> str | None:
    return instant(moment(seconds)) if seconds else None
