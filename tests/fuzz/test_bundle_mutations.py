"""No change to a proof bundle gains anything: no Yes that it did not have, no error but our own.

What a change may do is narrow. A changed document that is believed (lines 1 to 3 Yes) is the same
token, at the same place of the same batch, under the same anchor of the same ledger, with some of
the same disclosures, each at most once and in any order; and it shows what those disclosures say
and nothing else. Line by line:

* 1 and 2 Yes: the same signed content, and only disclosures that were there. The signature may be
  the other one of the two that ES256 allows, which is another token and fails on line 3.
* 3 Yes: the same token, leaf, anchor and ledger.
* Any line: never better than the original's.

Where parts of two bundles are mixed, the original is the one whose token it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from random import Random

import pytest

from core.bundle import Bundle
from core.credential import Credential
from core.errors import ComityError
from core.events import State
from core.report import Outcome, Report
from tests.support import mutations
from tests.support.mutations import Mutation
from tests.support.network import Body, MemoryLedger
from tests.support.tokens import ed25519_signer
from verifier.verify import check

GOOD = {Outcome.YES: 2, Outcome.CONDITION: 1}
Draw = Callable[[Sequence[Mutation]], Sequence[Mutation]]


@dataclass(frozen=True)
class Original:
    """A bundle, and another of the same body whose parts may be mixed in; and their ledger."""

    bundle: Bundle
    twin: Bundle
    body: Body

    def ask(self, document: bytes) -> Report:
        return check(document, self.body.ledger.state, now=self.body.ledger.now)


@cache
def original(name: str) -> Original:
    """Return one of the originals: good in both envelopes, and one for each kind of No."""
    return {
        "partly disclosed": partial(_made, "selective", ("scope", "sites", "registered-id")),
        "all disclosed": partial(_made, "selective", ("all",)),
        "plain": partial(_made, "plain"),
        "Ed25519": partial(_made, "selective", ("scope", "sectors"), word="ed25519"),
        "suspended": partial(_made, "selective", ("scope",), state=State.SUSPENDED),
        "to be suspended": partial(_made, "plain", state=State.SUSPENDED, after=86_400),
        "disowned": partial(_made, "plain", disowned=True),
        "of a revoked key": partial(_made, "selective", ("sites",), revoked=True),
    }[name]()


EXITS = {
    "partly disclosed": 0, "all disclosed": 0, "plain": 0, "Ed25519": 0,
    "suspended": 1, "to be suspended": 2, "disowned": 1, "of a revoked key": 1,
}  # fmt: skip
IN_FULL = ("partly disclosed", "plain")  # with every bit of the file turned
IN_PART = (*IN_FULL, "suspended")  # with every bit of token, salt and root turned


def _made(
    envelope: str,
    fields: tuple[str, ...] = (),
    *,
    word: str = "",
    state: State | None = None,
    after: int = 0,
    disowned: bool = False,
    revoked: bool = False,
) -> Original:
    body = Body(MemoryLedger(), 1)
    if word:
        body.signer = ed25519_signer(word)
    body.join()
    Body(body.ledger, 2).join()
    if revoked:
        body.revoke_key(body.signer)
    one, two = body.issue(), body.issue()
    first = body.anchor(one)
    body.anchor(two)
    if state is not None:
        body.declare(one.slot, state, after=after)
    if disowned:
        body.disown(first)
    return Original(body.bundle(one, envelope, fields), body.bundle(two, envelope, fields), body)


@cache
def answer(name: str, *, twin: bool) -> Report:
    """Return the report on an original itself, or on its twin."""
    known = original(name)
    return known.ask((known.twin if twin else known.bundle).dump())


def require_nothing_gained(name: str, document: bytes) -> Report | None:
    """Check a changed document; return its report, None where it was refused."""
    known = original(name)
    try:
        report = known.ask(document)
    except ComityError:
        return None
    changed = Bundle.parse(document)
    assert changed.dump() == document
    is_twin = _token(changed) == _token(known.twin)
    before, had = known.twin if is_twin else known.bundle, answer(name, twin=is_twin)
    for was, now in zip(had.checks, report.checks, strict=True):
        assert GOOD.get(now.outcome, 0) <= GOOD.get(was.outcome, 0), now.code
    outcomes = [line.outcome is Outcome.YES for line in report.checks]
    if any(outcomes[:2]):
        assert _token(changed) in (_token(before), mutations.other_signature(_token(before)))
    if outcomes[2]:
        assert _token(changed) == _token(before)
        assert changed.ledger == before.ledger
        assert (changed.leaf, changed.anchor) == (before.leaf, before.anchor)
    if all(outcomes[:2]):
        _require_narrowed(before, changed, report)
    else:
        assert (report.disclosed, report.not_shared) == ({}, ())
        assert not any(outcomes[3:5])
    return report


def _require_narrowed(before: Bundle, changed: Bundle, report: Report) -> None:
    """Assert that only disclosures of the original are shown, once each, as they say."""
    token, _, rest = before.presentation.partition("~")
    shown, showing = rest.split("~"), changed.presentation.split("~")[1:]
    assert sorted(set(showing)) == sorted(showing)
    assert set(showing) <= set(shown)
    in_order = [part for part in shown if part in showing]
    narrowed = Credential.parse("~".join([token, *in_order]) if showing else token)
    assert report.disclosed == narrowed.disclosed()
    assert report.not_shared == narrowed.not_shared


def _token(bundle: Bundle) -> str:
    return bundle.presentation.partition("~")[0]


def _mutations(name: str) -> Iterator[Mutation]:
    """Give every mutation of an original that this test runs."""
    known = original(name)
    yield from mutations.of_members(known.bundle)
    yield from mutations.of_meaning(known.bundle)
    yield from mutations.of_two(known.bundle, known.twin)
    if name in IN_PART:
        yield from mutations.of_bits_inside(known.bundle)
    if name in IN_FULL:
        yield from mutations.of_bytes(known.bundle)


def _believed(name: str, chosen: Sequence[Mutation]) -> int:
    """Run mutations of one original; return how many documents were still believed."""
    believed = 0
    for what, mutation in chosen:
        try:
            report = require_nothing_gained(name, mutation())
        except Exception as error:
            raise AssertionError(f"{name}: {what}") from error
        believed += report is not None and report.exit in (0, 2)
    return believed


@pytest.mark.parametrize("name", EXITS)
def test_the_originals_answer_as_they_should(name: str) -> None:
    assert answer(name, twin=False).exit == EXITS[name]


def test_another_good_document_is_noticed() -> None:
    body = original("all disclosed").body
    third = body.issue()
    body.anchor(third)
    with pytest.raises(AssertionError):
        require_nothing_gained("all disclosed", body.bundle(third).dump())


@pytest.mark.parametrize(
    ("step", "mutated"),
    [
        ("verifier.checks.anchoring.verify_inclusion", mutations.of_meaning),
        ("core.crypto.jose.CompactJws.verify", mutations.of_bits_inside),
    ],
)
def test_a_check_without_one_of_its_steps_is_noticed(
    step: str, mutated: Callable[[Bundle], Iterator[Mutation]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert answer("plain", twin=False).exit == answer("plain", twin=True).exit == 0
    monkeypatch.setattr(step, lambda *_: None)
    few = list(mutated(original("plain").bundle))[::50]
    with pytest.raises(AssertionError):
        _believed("plain", few)


def test_leaving_out_and_reordering_disclosures_is_all_that_passes() -> None:
    believed, refused = [], []
    for what, mutation in mutations.of_meaning(original("all disclosed").bundle):
        report = require_nothing_gained("all disclosed", mutation())
        passed = report is not None and report.exit == 0
        (believed if passed else refused).append(what)
    narrowing = ("without", "only", "left out", "swapped", "reversed")
    assert all(any(way in what for way in narrowing) for what in believed)
    disclosures = [what for what in refused if what.startswith("disclosures")]
    assert not any(any(way in what for way in narrowing) for what in disclosures)
    assert len(believed) > 100
    assert len(refused) > 100


@pytest.mark.parametrize("name", EXITS)
def test_a_changed_member_gains_nothing(name: str, randomness: Random) -> None:
    known = original(name)
    few = [
        *mutations.of_members(known.bundle),
        *mutations.of_meaning(known.bundle),
        *mutations.of_two(known.bundle, known.twin),
    ]
    _believed(name, randomness.sample(few, 150))


@pytest.mark.parametrize("name", IN_PART)
def test_a_bit_or_a_byte_changed_gains_nothing(name: str, randomness: Random) -> None:
    bits = list(mutations.of_bits_inside(original(name).bundle))
    assert _believed(name, randomness.sample(bits, 30)) == 0
    whole = list(mutations.of_bytes(original(name).bundle))
    assert _believed(name, randomness.sample(whole, 100)) == 0


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", EXITS)
def test_no_mutation_of_all_gains_anything(name: str, sample: Draw) -> None:
    _believed(name, sample(list(_mutations(name))))


@pytest.mark.long
def test_there_are_a_hundred_thousand_mutations() -> None:
    assert sum(1 for name in EXITS for _ in _mutations(name)) >= 100_000
