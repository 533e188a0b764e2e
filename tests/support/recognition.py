"""Scenes of recognition in a few words: who did what on which day, and what a check makes of it.

An event is ``what@day`` with ``>day`` where it takes effect on another day than it is recorded.

=================  ==============================================================================
word               means
=================  ==============================================================================
``grant``          the accreditation body accredits; ``:9001=19,28;14001`` says for what (without
                   sectors all), ``<day`` until when; ``reduce``, ``suspend``, ``restore``,
                   ``withdraw`` likewise
``ab+MSC``         the accreditation body accepts arrangement 1 for ``MSC``; ``-`` leaves it, ``!``
                   is suspended in it, ``^`` restored; ``cb``, ``home``, ``home2`` likewise
``plain``          the authority publishes the policy of that name, ``:2`` as its version 2, ``:0``
                   unsigned; ``garbage`` what is no policy
``cb suspended``   written ``cb.suspended``: by the network; also ``restored``, ``expelled``
``alert.cb``       a risk alert about a member; ``lift`` takes it back
``hsm``            the certification body's key is declared to be kept so; ``qualified``, ``file``
``anchor``         the certificate is registered (day 10 unless it is said)
=================  ==============================================================================

Days are counted from the ledger's first; a day's events come before the moment that is asked about
on that day. Now is day 100.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from core.acceptance import Acceptance
from core.credential import Slot
from core.events import (
    AccreditationAction,
    Assurance,
    NoticeKind,
    PartyAction,
    Role,
    SubjectKind,
)
from core.registry import LedgerEvidence, LedgerState
from core.report import Question, Report
from tests.support.network import BLOCK_SECONDS, START, Body, Issued, MemoryLedger
from verifier.policy import LocalPolicies, Policy
from verifier.verify import check

CB, AB, HOME, AUTHORITY, HOME2, AB2 = 1, 2, 3, 4, 5, 6
MARKET = "XB"
DAY = 86_400
NOW = 100
LAST = 6 * 3600  # within a day, after its events
ACTORS = {"cb": CB, "ab": AB, "home": HOME, "home2": HOME2, "ab2": AB2, "authority": AUTHORITY}
_MOVES = {
    "+": PartyAction.ACCEPTED,
    "-": PartyAction.LEFT,
    "!": PartyAction.SUSPENDED,
    "^": PartyAction.RESTORED,
}
_EVENT = re.compile(
    r"(?P<what>[^@:]+)(?::(?P<version>\d))?@(?P<day>\d+)"
    r"(?:>(?P<effective>-?\d+))?(?:<(?P<until>\d+))?(?::(?P<coverage>\S+))?"
)
_RULE: dict[str, Any] = {"arrangement": 1, "through": "accreditation", "scopes": ["MSC/QMS"]}
_REGISTRATION = {"id": "registration", "text": {"en": "Register first.", "zh": "先登记。"}}

POLICIES: dict[str, dict[str, Any]] = {
    "plain": {"accepts": [_RULE]},
    "wide": {"accepts": [_RULE | {"scopes": ["MSC"]}]},
    "environment": {"accepts": [_RULE | {"scopes": ["MSC/EMS"]}]},
    "edition": {"accepts": [_RULE | {"standards": ["ISO 9001:2015"]}]},
    "older": {"accepts": [_RULE | {"standards": ["ISO 9001:2008"]}]},
    "sector19": {"accepts": [_RULE | {"sectors": ["19"]}]},
    "sector03": {"accepts": [_RULE | {"sectors": ["03"]}]},
    "conditions": {
        "accepts": [_RULE | {"conditions": ["registration"]}],
        "conditions": [_REGISTRATION],
    },
    "either": {  # without conditions only for sector 19
        "accepts": [_RULE | {"conditions": ["registration"]}, _RULE | {"sectors": ["19"]}],
        "conditions": [_REGISTRATION],
    },
    "direct": {"accepts": [_RULE | {"through": "direct"}]},
    "both": {"accepts": [_RULE, _RULE | {"through": "direct"}]},
    "second": {"accepts": [_RULE | {"arrangement": 2}]},
    "own": {"own_accreditation": True, "home_bodies": [HOME, AB]},
    "foreign": {"own_accreditation": True},
    "homes": {"accepts": [_RULE], "home_bodies": [HOME, HOME2]},
    "es256": {
        "accepts": [_RULE], "signatures": {"algorithms": ["ES256"], "key_assurance": "file"}
    },
    "ed25519": {
        "accepts": [_RULE], "signatures": {"algorithms": ["Ed25519"], "key_assurance": "file"}
    },
    "keyhsm": {
        "accepts": [_RULE], "signatures": {"algorithms": ["ES256"], "key_assurance": "hsm"}
    },
    "keyqualified": {
        "accepts": [_RULE], "signatures": {"algorithms": ["ES256"], "key_assurance": "qualified"}
    },
    "fresh": {"accepts": [_RULE], "max_evidence_age": {"live": 30, "offline": 30}},
    "showsectors": {"accepts": [_RULE], "required_disclosures": ["sectors"]},
    "showsites": {"accepts": [_RULE], "required_disclosures": ["sites"]},
    "shownames": {"accepts": [_RULE], "required_disclosures": ["holder-names"]},
    "nothing": {},
}  # fmt: skip


def policy_of(
    name: str, version: int = 1, day: int = 0, economy: str = MARKET, **changes: Any
) -> Acceptance:
    """Return a policy of the table, in force from a day on."""
    effective = datetime.fromtimestamp(START + day * DAY, UTC)
    return Acceptance.parse(
        {
            "v": 1,
            "kind": "comity-acceptance-policy",
            "economy": economy,
            "version": version,
            "effective_at": effective.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "title": {"en": name},
            "home_bodies": [HOME],
            "own_accreditation": False,
            "signatures": {"algorithms": ["ES256", "Ed25519"], "key_assurance": "file"},
            "max_evidence_age": {"live": 600, "offline": 2_592_000},
        }
        | POLICIES[name]
        | changes
    )


@dataclass
class Scene:
    """A ledger on which things happen, and the one certificate that is checked.

    Args:
        sectors: what the certificate names; None for none at all.
        standard: the certificate's.
    """

    sectors: tuple[str, ...] | None = ("19",)
    standard: str = "ISO 9001:2015"
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    numbers: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        body, home = Role.CERTIFICATION_BODY, Role.ACCREDITATION_BODY
        self.bodies = {
            number: Body(self.ledger, number).join(role, economy)
            for number, role, economy in (
                (CB, body, "XA"), (AB, home, "XA"), (HOME, home, MARKET),
                (AUTHORITY, Role.AUTHORITY, MARKET), (HOME2, home, MARKET), (AB2, home, "XC"),
            )
        }  # fmt: skip
        self.bodies[HOME].make_arrangement(*ACTORS.values(), text=b"# Mutual recognition\n")
        self.issued: Issued | None = None

    def play(self, *events: str) -> Scene:
        """Let events happen, in the order of their days."""
        told = " ".join(events)
        return self.play_until(NOW, told if "anchor@" in told else f"{told} anchor@10")

    def play_until(self, day: int, *events: str) -> Scene:
        """Let events happen, none of them to come, and time pass until the beginning of a day."""
        days = [(int(_match(one)["day"]), one) for one in " ".join(events).split()]
        for dated, one in sorted(days, key=lambda told: told[0]):
            self._reach(dated)
            self._happen(_match(one))
        self._reach(day)
        return self

    def _reach(self, day: int) -> None:
        wanted = day * DAY // BLOCK_SECONDS
        if self.ledger.block < wanted:
            self.ledger.idle(wanted - self.ledger.block)

    def _happen(self, told: re.Match[str]) -> None:
        what, detail = told["what"], told["coverage"] or ""
        when = self._when(told)
        if what == "anchor":
            self._anchor()
        elif what in ("grant", "reduce", "suspend", "restore", "withdraw"):
            self._accredit(AB, what, detail, when)
        elif what.startswith("ab2.") and not what.endswith("ed"):
            self._accredit(AB2, what.removeprefix("ab2."), detail, when)
        elif move := re.fullmatch(r"(\w+)([-+!^])(MSC(?:/\w+)?)", what):
            self.ledger.of_party(
                1, ACTORS[move[1]], _MOVES[move[2]], move[3], after=when["after"], reason=1
            )
        elif what in ("file", "hsm", "qualified"):
            body = self.bodies[CB]
            body.assure_key(body.signer, Assurance[what.upper()])
        elif what.startswith("alert."):
            subject = ACTORS[what.removeprefix("alert.")]
            self.numbers["alert"] = self.bodies[AUTHORITY].publish(
                NoticeKind.ALERT, b"Take care.", SubjectKind.MEMBER, subject
            )
        elif what == "lift":
            self.bodies[AUTHORITY].lift(self.numbers["alert"])
        elif "." in what:
            actor, act = what.split(".")
            acts = {
                "suspended": self.ledger.suspend,
                "restored": self.ledger.restore,
                "expelled": self.ledger.expel,
            }
            acts[act](ACTORS[actor])
        else:
            self._publish(what, told["version"] or "1", told)

    def _when(self, told: re.Match[str]) -> dict[str, int]:
        upcoming = self.ledger.time + BLOCK_SECONDS
        effective = told["effective"]
        after = START + int(effective) * DAY - upcoming if effective is not None else 0
        until = START + int(told["until"]) * DAY if told["until"] else 0
        return {"after": after, "until": until}

    def _accredit(self, body: int, what: str, detail: str, when: dict[str, int]) -> None:
        action = AccreditationAction[what.upper()]
        coverage = _coverage(detail) if detail else None
        self.bodies[body].accredit(CB, action, coverage, **when)

    def _publish(self, name: str, version: str, told: re.Match[str]) -> None:
        day = int(told["effective"] if told["effective"] is not None else told["day"])
        authority = self.bodies[AUTHORITY]
        if name == "garbage":
            authority.publish(NoticeKind.POLICY, b"not a policy")
            return
        policy = policy_of(name, int(version) or 1, day)
        if version != "0":
            policy = policy.signed_by(authority.signer, authority.issuer.did)
        authority.publish(NoticeKind.POLICY, policy.file_bytes())

    def _anchor(self) -> None:
        body = self.bodies[CB]
        slot = Slot(f"{body.endpoint}/status/1", 0)
        claims = body.claims(slot)
        certification = claims["credentialSubject"]["certification"]
        certification["standard"] = self.standard
        if self.sectors is None:
            del certification["sectorCode"]
        else:
            certification["sectorCode"] = list(self.sectors)
        self.issued = body.issue(slot, claims)
        body.anchor(self.issued)

    def ask(
        self,
        *,
        at: int | None = None,
        fields: tuple[str, ...] = ("all",),
        local: Acceptance | None = None,
        market: str | None = MARKET,
        late: int = 0,
        evidence: LedgerEvidence | None = None,
        **question: Any,
    ) -> Report:
        """Check the certificate, as of a day or now; ``late`` seconds after the newest block."""
        assert self.issued is not None
        moment = None if at is None else datetime.fromtimestamp(START + at * DAY + LAST, UTC)
        policy = Policy(local=LocalPolicies((local,))) if local is not None else Policy()
        return check(
            self.bodies[CB].bundle(self.issued, fields=fields),
            evidence or self.ledger.state,
            policy,
            Question(market=market, at=moment, **question),
            now=self.ledger.now + timedelta(seconds=late),
        )


class WithoutVersion(LedgerState):
    """Evidence that cannot say whether its registry is the same, so that nothing is remembered."""

    def __init__(self, state: LedgerState) -> None:
        self.__dict__.update(state.__dict__)

    @property
    def registry_version(self) -> None:
        return None


def recognise(body: Body, policy: str = "plain") -> None:
    """Have any body accredited and recognised in ``MARKET`` by a policy of the table."""
    ledger, role = body.ledger, Role.ACCREDITATION_BODY
    ab, home = Body(ledger, AB).join(role), Body(ledger, HOME).join(role, MARKET)
    authority = Body(ledger, AUTHORITY).join(Role.AUTHORITY, MARKET)
    ab.accredit(body.number)
    number = home.make_arrangement(AB, text=b"Mutual recognition <b>here</b>")
    for party in (ab, home):
        ledger.of_party(number, party.number, PartyAction.ACCEPTED, "MSC")
    signed = policy_of(policy).signed_by(authority.signer, authority.issuer.did)
    authority.publish(NoticeKind.POLICY, signed.file_bytes())


def _match(text: str) -> re.Match[str]:
    found = _EVENT.fullmatch(text)
    assert found is not None, text
    return found


def _coverage(text: str) -> str:
    """Return the coverage that ``9001=19,28;14001`` abbreviates."""
    parts = []
    for part in sorted(text.split(";")):
        standard, _, sectors = part.partition("=")
        listed = ",".join(f'"{sector}"' for sector in sectors.split(",")) if sectors else ""
        parts.append(f'"ISO {standard}":' + (f"[{listed}]" if listed else '"all"'))
    return "{" + ",".join(parts) + "}"
