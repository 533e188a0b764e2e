"""Every event from every state, asked of the contract: it refuses what the node's table says.

One ledger, a slot for each pair of a state and an event. Most are asked by a call that is not sent;
what the contract allows is then sent, all at once.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from contracts.calls import Declaration
from contracts.devchain.supervisor import DevChain
from contracts.interfaces import LedgerRefused
from contracts.writer import check
from core.events import Proposed, State
from core.status_reasons import BY_WORD
from node.lifecycle import BARRIERS, MOVES, RULES, By, CertificateState, Change, Outcome, barrier
from tests.support.ledger import MadeLedger, deploy_test_ledger

NOW = int(time.time())
DAY = 86_400
ELSEWHERE = (2, b"\x02" * 32)
DECLARED = [change for change, move in MOVES.items() if move.state is not None]
GRANTED, GRANTED_IN_PLACE, RESTORED = "granted", "granted in another's place", "restored"
VARIANTS = {
    CertificateState.IN_FORCE: (GRANTED, GRANTED_IN_PLACE, RESTORED),
    CertificateState.SUSPENDED: ("suspended",),
    CertificateState.WITHDRAWN: ("withdrawn",),
    CertificateState.CANCELLED: ("cancelled",),
    CertificateState.SUPERSEDED: ("superseded",),
}
"""How the ledger knows a state; it knows neither expiry nor what is kept at home."""

CELLS = [
    (state, variant, change)
    for state, variants in VARIANTS.items()
    for variant in variants
    for change in DECLARED
]


def slot_of(variant: str, change: str) -> bytes:
    return hashlib.sha256(f"{variant}/{change}".encode()).digest()


def declaration(slot: bytes, change: Change) -> Declaration:
    """Return what the node would declare for an event."""
    move = MOVES[change]
    assert move.state is not None
    word = move.reason or ("misuse" if change in (Change.SUSPEND, Change.WITHDRAW) else "")
    made = Declaration(slot, move.state, BY_WORD[word].number if word else 0, NOW)
    if change is Change.SUSPEND:
        return replace(made, until=NOW + DAY)
    if move.state is State.SUPERSEDED:
        return replace(made, linked_member=ELSEWHERE[0], linked_slot=ELSEWHERE[1])
    return made


def way_to(variant: str, slot: bytes) -> list[Declaration]:
    """Return what brings a fresh slot into a state."""
    suspended = declaration(slot, Change.SUSPEND)
    ways = {
        GRANTED: [],
        GRANTED_IN_PLACE: [Declaration(slot, State.IN_FORCE, 0, NOW, 0, *ELSEWHERE)],
        RESTORED: [suspended, declaration(slot, Change.RESTORE)],
        "suspended": [suspended],
        "withdrawn": [declaration(slot, Change.WITHDRAW)],
        "cancelled": [declaration(slot, Change.CANCEL)],
        "superseded": [declaration(slot, Change.TRANSFER)],
    }
    return ways[variant]


@pytest.fixture(scope="module")
def ledger(devchain: DevChain) -> Iterator[MadeLedger]:
    with deploy_test_ledger(devchain.rpc_url, seed="life cycle") as made:
        slots = [(variant, slot_of(variant, change)) for _, variant, change in CELLS]
        slots += [(RESTORED, slot_of(RESTORED, rule)) for rule in RULES]
        slots += [("suspended", slot_of("suspended", rule)) for rule in RULES]
        steps = [step for variant, slot in slots for step in way_to(variant, slot)]
        for start in range(0, len(steps), 100):
            call = made.calls.declare_many(steps[start : start + 100])
            made.members[0].operating.transact(call)
        yield made


def refusal(ledger: MadeLedger, asked: Declaration) -> str | None:
    """Return the contract's error, None where it would record it."""
    try:
        check(ledger.chain, ledger.calls.declare(asked), ledger.members[0].founder.operating)
    except LedgerRefused as refused:
        return refused.code
    return None


@pytest.mark.parametrize(("state", "variant", "change"), CELLS)
def test_the_contract_refuses_what_the_table_says(
    ledger: MadeLedger, state: CertificateState, variant: str, change: Change
) -> None:
    against = barrier(change, state)
    said = refusal(ledger, declaration(slot_of(variant, change), change))
    if against is None or against.by is By.NODE:
        assert said is None
    elif variant is GRANTED:
        assert said == "link_invalid"  # "in force" is a grant here, and that has a predecessor
    else:
        assert said == "move_forbidden"


def test_every_barrier_that_the_contract_knows_was_asked() -> None:
    asked = {barrier(change, state) for state, _, change in CELLS}
    assert asked - {None} >= {one for one in BARRIERS if one.by is By.BOTH}


def test_all_that_is_allowed_is_recorded(ledger: MadeLedger) -> None:
    allowed = [(v, c) for state, v, c in CELLS if barrier(c, state) is None]
    assert {change for _, change in allowed} == set(DECLARED)
    asked = [declaration(slot_of(variant, change), change) for variant, change in allowed]
    ledger.members[0].operating.transact(ledger.calls.declare_many(asked))
    for one in asked:
        assert ledger.ledger.state_of(1, one.slot) == one.state


def test_the_rest_of_the_life_cycle_never_reaches_the_ledger() -> None:
    kept = {change for change, move in MOVES.items() if move.state is None}
    assert kept == {Change.GRANT, Change.REFUSE, Change.MAINTAIN, Change.EXPIRE}
    outcomes = {MOVES[change].outcome for change in kept}
    assert outcomes == {Outcome.ISSUED, Outcome.KEPT, Outcome.COMPUTED}


def broken(code: str) -> Declaration:
    """Return a declaration that breaks one rule."""
    slot, fresh = slot_of("suspended", code), slot_of("fresh", code)
    suspension = declaration(fresh, Change.SUSPEND)
    replaced = declaration(fresh, Change.CORRECT)
    cases = {
        "before_1970": replace(suspension, effective_at=0),
        "announced_too_early": replace(declaration(fresh, Change.WITHDRAW),
                                       effective_at=NOW + 367 * DAY),
        "restored_before_suspension": replace(declaration(slot, Change.RESTORE),
                                              effective_at=NOW - 1),
        "until_missing": replace(suspension, until=0),
        "until_order": replace(suspension, until=NOW),
        "suspension_too_long": replace(suspension, until=NOW + 5 * 365 * DAY + 1),
        "until_unexpected": replace(declaration(fresh, Change.WITHDRAW), until=NOW + DAY),
        "successor_is_itself": replace(replaced, linked_member=1, linked_slot=fresh),
        "successor_has_status": Declaration(
            slot_of(RESTORED, code), State.IN_FORCE, 0, NOW, 0, *ELSEWHERE
        ),
        "no_such_member": replace(replaced, linked_member=99),
    }  # fmt: skip
    return cases[code]


KNOWN = [code for code, rule in RULES.items() if rule.contract and code != "member_not_active"]


@pytest.mark.parametrize("code", KNOWN)
def test_the_contract_refuses_by_the_rules_it_knows(ledger: MadeLedger, code: str) -> None:
    assert refusal(ledger, broken(code)) == RULES[code].contract


def test_a_body_without_standing_can_only_warn(ledger: MadeLedger) -> None:
    cn, de, br = ledger.members
    slot = slot_of("standing", "suspended")
    br.operating.transact(ledger.calls.declare(declaration(slot, Change.SUSPEND)))
    (proposed, _) = cn.operating.transact(ledger.calls.propose_suspension(br.id, 9)).events
    assert isinstance(proposed, Proposed)
    de.operating.transact(ledger.calls.vote(proposed.proposal, True))
    cn.operating.transact(ledger.calls.execute(proposed.proposal))
    said = {}
    for change in DECLARED:
        asked = slot if change is Change.RESTORE else slot_of("standing", change)
        call = ledger.calls.declare(declaration(asked, change))
        try:
            check(ledger.chain, call, br.founder.operating)
        except LedgerRefused as refused:
            said[change] = refused.code
    warnings = {Change.SUSPEND, Change.WITHDRAW, Change.CANCEL}
    code = RULES["member_not_active"].contract
    assert said == {change: code for change in DECLARED if change not in warnings}


def test_who_refuses_is_as_the_table_says() -> None:
    """The contract's errors of the rules that both know are also the node's own (unit tests)."""
    assert {rule.by for rule in RULES.values() if not rule.contract} == {By.NODE}
    alone = {code for code, rule in RULES.items() if rule.by is By.CONTRACT}
    assert alone == {"suspension_too_long", "member_not_active"}


def test_a_pair_and_a_carried_suspension_go_in_one_transaction(ledger: MadeLedger) -> None:
    old, new = slot_of("pair", "old"), slot_of("pair", "new")
    suspended = declaration(old, Change.SUSPEND)
    ledger.members[0].operating.transact(ledger.calls.declare(suspended))
    rows = [
        Declaration(new, State.IN_FORCE, 22, NOW, 0, 1, old),
        replace(suspended, slot=new),
        Declaration(old, State.SUPERSEDED, 22, NOW, 0, 1, new),
    ]
    ledger.members[0].operating.transact(ledger.calls.declare_many(rows))
    assert ledger.ledger.state_of(1, new) == State.SUSPENDED
    assert ledger.ledger.state_of(1, old) == State.SUPERSEDED
