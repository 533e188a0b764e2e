"""Whatever is recorded, lines 8 and 9 are Yes only over an unbroken ladder at the moment asked.

The sequences are of any events in any order, also such as no contract would record. What is held
against the check is a second opinion that shares nothing with it: it replays the words that made
the scene, one after another, and remembers in plain dictionaries who stands where.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from hypothesis import event, given, settings
from hypothesis import strategies as st

from core.report import Outcome, Verdict
from tests.support.recognition import NOW, Scene, WithoutVersion

CARRIES = (Outcome.YES, Outcome.CONDITION)
OUR_SCOPE, MAIN_SCOPE = "MSC/QMS", "MSC"

DAYS = st.integers(1, 40)
OFFSETS = st.sampled_from([0, 0, 0, -15, -5, 5, 15])
COVERAGES = st.sampled_from(["9001", "9001", "9001=19", "9001=03", "9001=03,19", "14001"])
ACTS = st.sampled_from(["grant", "grant", "reduce", "suspend", "restore", "withdraw"])
MOVES = st.sampled_from("+++-!^")
SCOPES = st.sampled_from(["MSC", "MSC", "MSC/QMS", "MSC/EMS"])
STANDINGS = st.sampled_from(["suspended", "restored", "expelled"])


@st.composite
def _accreditation(draw: st.DrawFn) -> str:
    body, act, day = draw(st.sampled_from(["", "", "ab2."])), draw(ACTS), draw(DAYS)
    word = f"{body}{act}@{day}>{day + draw(OFFSETS)}"
    if act in ("grant", "reduce"):
        until = draw(st.sampled_from([0, 0, 20, 200]))
        word += (f"<{until}" if until else "") + f":{draw(COVERAGES)}"
    return word


@st.composite
def _move(draw: st.DrawFn) -> str:
    party = draw(st.sampled_from(["ab", "ab", "home", "home", "cb", "ab2", "home2"]))
    day = draw(DAYS)
    return f"{party}{draw(MOVES)}{draw(SCOPES)}@{day}>{day + draw(OFFSETS)}"


@st.composite
def _standing(draw: st.DrawFn) -> str:
    member = draw(st.sampled_from(["ab", "home", "cb", "ab2", "home2"]))
    return f"{member}.{draw(STANDINGS)}@{draw(DAYS)}"


@st.composite
def _policy(draw: st.DrawFn) -> str:
    names = ["plain", "plain", "plain", "homes", "direct", "both", "own", "nothing", "garbage"]
    name, day = draw(st.sampled_from(names)), draw(DAYS)
    if name == "garbage":
        return f"garbage@{day}"
    return f"{name}:{draw(st.integers(0, 3))}@{day}>{day + draw(OFFSETS)}"


BASIS = st.sampled_from(
    [
        "grant@1 ab+MSC@1 home+MSC@1 plain@1",
        "grant@1 ab+MSC@1 home+MSC@1 plain@1 ab2.grant@1",
        "cb+MSC@1 home+MSC@1 both@1",
        "ab+MSC@1 plain@1",
        "grant@1 own@1",
        "plain@1",
        "",
    ]
)
EVENTS = st.lists(
    st.one_of(
        _accreditation(), _accreditation(), _accreditation(), _move(), _move(), _move(),
        _standing(), _standing(), _policy(),
    ),
    max_size=12,
)  # fmt: skip


# ---------------------------------------------------------------- the second opinion


@dataclass
class Opinion:
    """What stands when the words up to a moment have been replayed."""

    accredited: dict[str, bool] = field(default_factory=dict)
    covered: dict[str, tuple[bool, int]] = field(default_factory=dict)
    accepted: dict[str, bool] = field(default_factory=dict)
    disciplined: set[tuple[str, str]] = field(default_factory=set)
    outside: set[str] = field(default_factory=set)
    policy: tuple[int, str] | None = None
    unreadable: bool = False

    def accredits(self, body: str, day: int) -> bool:
        covers, until = self.covered.get(body, (False, 0))
        lasts = not until or day < until
        return self.accredited.get(body, False) and covers and lasts and body not in self.outside

    def bound(self, party: str) -> bool:
        suspended = self.disciplined & {(party, OUR_SCOPE), (party, MAIN_SCOPE)}
        return self.accepted.get(party, False) and not suspended and party not in self.outside

    def has_ladder(self, day: int) -> bool:
        if self.policy is None or self.unreadable:
            return False
        name = self.policy[1]
        homes = ["home", "home2"] if name == "homes" else ["home"]
        bodies = [body for body in ("ab", "ab2") if self.accredits(body, day)]
        if name == "own":
            return "ab" in bodies
        issuers = bodies if name in ("plain", "homes", "both") else []
        issuers = issuers + (["cb"] if name in ("direct", "both") else [])
        return any(self.bound(one) and self.bound(home) for one in issuers for home in homes)


def opinion_of(words: list[str], at: int) -> Opinion:
    """Replay the words in the order of their days."""
    opinion = Opinion()
    for word in sorted(words, key=lambda word: int(re.search(r"@(\d+)", word)[1])):  # type: ignore[index]
        what, rest = word.split("@")
        day = int(re.match(r"\d+", rest)[0])  # type: ignore[index]
        effective = re.search(r">(-?\d+)", rest)
        if "." in what and what.split(".")[1] in ("suspended", "restored", "expelled"):
            if day <= at:
                _stand(opinion, *what.split("."))
        elif what == "garbage":
            opinion.unreadable = True
        elif (int(effective[1]) if effective else day) <= at:
            _replay(opinion, what, rest)
        elif re.fullmatch(r"[a-z]+:[1-9]", what):
            pass  # a policy of the future changes nothing yet
    return opinion


def _stand(opinion: Opinion, member: str, act: str) -> None:
    if act == "restored":
        opinion.outside.discard(member)
    else:
        opinion.outside.add(member)


def _replay(opinion: Opinion, what: str, rest: str) -> None:
    body, _, act = what.rpartition(".")
    if act in ("grant", "reduce", "suspend", "restore", "withdraw"):
        body = body or "ab"
        if act in ("grant", "reduce"):
            until = re.search(r"<(\d+)", rest)
            coverage = rest.partition(":")[2] or "9001"
            covers = coverage == "9001" or "19" in coverage.partition("=")[2]
            ends = {int(until[1])} if until else set[int]()
            if act == "reduce":  # takes away, and adds nothing
                covered, end = opinion.covered.get(body, (True, 0))
                covers, ends = covers and covered, ends | {end} - {0}
            opinion.covered[body] = covers, min(ends, default=0)
        if act != "reduce":
            opinion.accredited[body] = act in ("grant", "restore")
        return
    move = re.fullmatch(r"(\w+)([-+!^])(.+)", what)
    if move is None:
        name, _, version = what.partition(":")
        number = int(version or "1")
        if number and (opinion.policy is None or number >= opinion.policy[0]):
            opinion.policy, opinion.unreadable = (number, name), False
    elif move[3] in (OUR_SCOPE, MAIN_SCOPE):
        party, scope = move[1], move[3]
        if move[2] in "+-":
            opinion.accepted[party] = move[2] == "+"
        elif move[2] == "!":
            opinion.disciplined.add((party, scope))
        else:
            opinion.disciplined.discard((party, scope))


@settings(max_examples=200, deadline=None)
@given(basis=BASIS, events=EVENTS, at=st.one_of(st.none(), st.integers(10, 45)))
def test_nothing_makes_lines_8_and_9_yes_but_an_unbroken_ladder(
    basis: str, events: list[str], at: int | None
) -> None:
    words = [*basis.split(), *events]
    report = Scene().play(*words).ask(at=at)
    day = NOW if at is None else at
    whole = opinion_of(words, day).has_ladder(day)
    eight, nine = report.checks[7].outcome, report.checks[8].outcome
    event(f"ladder {whole}, line 8 {eight.value}, line 9 {nine.value}")
    assert (eight in CARRIES) is whole
    assert (nine in CARRIES) is whole
    if report.verdict is Verdict.VERIFIED:
        assert whole


@settings(max_examples=40, deadline=None)
@given(basis=BASIS, events=EVENTS, days=st.lists(st.integers(10, 45), min_size=3, max_size=6))
def test_what_is_remembered_changes_no_answer(
    basis: str, events: list[str], days: list[int]
) -> None:
    scene = Scene().play(*basis.split(), *events)
    forgetful = WithoutVersion(scene.ledger.state)
    for at in (*days, None, *days):
        assert scene.ask(at=at) == scene.ask(at=at, evidence=forgetful)
