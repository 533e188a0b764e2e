"""Line 5 against a model: what it announces is what it will answer, if nothing is added."""

from __future__ import annotations

import random
from datetime import timedelta

from core.events import State
from core.report import Outcome
from tests.support.network import Body, Issued, body_with_certificate
from verifier.verify import check

DAY = 86_400
ENDED = {2: "suspended", 3: "withdrawn", 4: "cancelled", 5: "superseded_unconfirmed"}
NOTHING = "no_status_event"
Told = list[tuple[int, int]]  # (day from which it counts, state), as recorded


def state_on(day: int, told: Told) -> int:
    """The state of the event recorded last of those in effect; in force without any."""
    return next((state for start, state in reversed(told) if start <= day), 1)


def expected(told: Told) -> tuple[str, int]:
    """The answer today, and the day it names (0 where it names none or today's own event's)."""
    now = state_on(0, told)
    if now in ENDED:
        return ENDED[now], 0
    for day in range(1, 40):
        if state_on(day, told) in ENDED:
            suspended = state_on(day, told) == 2
            return ("suspension_announced" if suspended else "end_announced"), day
    in_effect = sum(start <= 0 for start, _ in told)
    return ("restored" if in_effect > 1 else NOTHING), 0


def random_history(body: Body, issued: Issued, randomness: random.Random) -> Told:
    """Record up to six events in any order of states and days, some of them annulled."""
    days = randomness.sample(range(-15, 16), randomness.randint(0, 6))  # all different
    drawn = [(day, randomness.choice([1, 1, 2, 2, 3, 4, 5])) for day in days]
    for day, state in drawn:
        body.declare(issued.slot, State(state), after=day * DAY)
    annulled = {place for place in range(len(drawn)) if randomness.random() < 0.2}
    for place in annulled:
        body.annul(issued.slot, place)
    return [event for place, event in enumerate(drawn) if place not in annulled]


def test_line_5_answers_as_the_model_does(randomness: random.Random) -> None:
    body, _ = body_with_certificate()
    issued = [body.issue() for _ in range(200)]
    body.anchor(*issued)
    seen = set()
    for certificate in issued:
        told = random_history(body, certificate, randomness)
        now = body.ledger.now
        line = check(body.bundle(certificate), body.ledger.state, now=now).checks[4]
        code, day = expected(told)
        assert line.code == code, told
        if day:
            # all events of one history were recorded within minutes of each other
            dates = {(now + timedelta(days=day, minutes=m)).date().isoformat() for m in (-5, 5)}
            assert any(date in line.reason for date in dates), told
            assert line.outcome is Outcome.CONDITION
        seen.add(code)
    assert seen == {*ENDED.values(), "suspension_announced", "end_announced", "restored", NOTHING}
