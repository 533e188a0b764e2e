"""The ledger client on a real chain: what members do is recorded, read back, or refused by name."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts.calls import Call, Declaration
from contracts.chain import Chain
from contracts.devchain.supervisor import DevChain
from contracts.interfaces import LedgerRefused
from contracts.reader import Ledger
from contracts.writer import SignedTransaction, check, gas_for, send, sign, wait
from core import events as recorded
from core.errors import NotTrusted, ProofError, Refused
from core.events import Position, State
from keys.purposes import Purpose
from tests.support.ledger import MadeLedger, Member, body, deploy_test_ledger

ROOT = b"\x11" * 32


def root(*parts: str) -> bytes:
    return hashlib.sha256("/".join(parts).encode()).digest()


@pytest.fixture(scope="module")
def made(devchain: DevChain) -> Iterator[MadeLedger]:
    with deploy_test_ledger(devchain.rpc_url) as ledger:
        yield ledger


@pytest.fixture(scope="module")
def fenced(made: MadeLedger) -> MadeLedger:
    """The same ledger, with fence 5 claimed by each member."""
    for member in made.members:
        member.operating.transact(made.calls.claim(5))
    return made


def refusal(action: Callable[[], Any]) -> LedgerRefused:
    with pytest.raises(LedgerRefused) as caught:
        action()
    return caught.value


def test_a_new_ledger_is_what_was_asked_for(made: MadeLedger) -> None:
    cn, de, br = made.members
    assert [cn.id, de.id, br.id] == [1, 2, 3]
    ledger = made.ledger
    assert ledger.member_of(de.founder.operating) == 2
    assert ledger.member_of(de.founder.recovery) == 0
    assert ledger.member_of_recovery(de.founder.recovery) == 2
    assert ledger.finality_depth() == 0
    assert ledger.member_count() >= 3
    assert made.origin == f"comity/{made.chain.chain_id}/{ledger.directory}"
    found = ledger.events(0, ledger.head().block)
    admitted = [e for e in found if isinstance(e, recorded.MemberAdmitted)][:3]
    assert [(e.member, e.economy, e.endpoint) for e in admitted] == [
        (m.id, m.economy, m.founder.endpoint) for m in made.members
    ]
    assert admitted[0].name("zh") == "华信认证"
    keys = [e for e in found if isinstance(e, recorded.KeyAdded) and e.member == 1]
    assert [(e.purpose, e.thumbprint) for e in keys[:2]] == [
        (key.purpose, hashlib.sha256(key.public_key).digest()) for key in cn.founder.keys
    ]
    assert [e.position for e in found] == sorted({e.position for e in found})


def test_the_deployer_has_no_power_left(made: MadeLedger) -> None:
    stranger = body("FR", "stranger").founder.operating
    for call in (made.calls.open_ledger(), made.calls.set_parameter("finality_depth", 3)):
        assert refusal(lambda call=call: check(made.chain, call, stranger)).code in (
            "already_open",
            "not_authorised",
        )
    found = made.calls.found(body("FR", "stranger").founder)
    assert refusal(lambda: check(made.chain, found, stranger)).code == "not_founding"


def test_an_anchor_is_recorded_with_its_fence(fenced: MadeLedger) -> None:
    cn = fenced.members[0]
    anchored = root("anchor")
    receipt = cn.operating.transact(fenced.calls.anchor(anchored, 128, 5))
    (event,) = receipt.events
    assert isinstance(event, recorded.Anchored)
    assert (event.member, event.root, event.size) == (1, anchored, 128)
    assert event.position == Position(receipt.block, 0)
    assert fenced.ledger.size_of(1, anchored) == 128
    assert fenced.ledger.size_of(2, anchored) == 0
    again = cn.operating.transact(fenced.calls.anchor(anchored, 128, 5))
    assert (again.succeeded, again.events) == (True, ())


@pytest.mark.parametrize(
    ("size", "fence", "code"),
    [
        (64, 4, "fence_stale"),
        (64, 6, "fence_stale"),
        (63, 5, "size_invalid"),
        (32, 5, "size_invalid"),
        (262_144, 5, "size_invalid"),
    ],
)
def test_a_wrong_anchor_is_refused_by_name(
    fenced: MadeLedger, size: int, fence: int, code: str
) -> None:
    anchor = fenced.calls.anchor(root("wrong"), size, fence)
    refused = refusal(lambda: fenced.members[0].operating.transact(anchor))
    assert refused.code == code
    assert isinstance(refused, Refused)
    if code == "fence_stale":
        assert refused.values == {"member": 1, "current": 5, "given": fence}


def test_only_the_right_account_may(fenced: MadeLedger) -> None:
    cn = fenced.members[0]
    anchor, disown = fenced.calls.anchor(root("who"), 64, 5), fenced.calls.disown(root("who"))
    stranger = fenced.account(body("FR", "nobody"))
    for account, call, code in (
        (stranger, anchor, "not_operating"),
        (cn.recovery, anchor, "not_operating"),
        (cn.operating, disown, "not_recovery"),
        (cn.recovery, disown, "anchor_unknown"),
    ):
        assert refusal(lambda a=account, c=call: a.transact(c)).code == code
    assert fenced.ledger.size_of(1, root("who")) == 0


def test_a_fence_only_rises(made: MadeLedger) -> None:
    br = made.members[2]
    current = made.ledger.fence_of(br.id)
    br.operating.transact(made.calls.claim(current + 10))
    assert made.ledger.fence_of(br.id) == current + 10
    for fence in (current + 10, current):
        claim = made.calls.claim(fence)
        assert refusal(lambda c=claim: br.operating.transact(c)).code == "fence_too_low"
    br.operating.transact(made.calls.claim(current + 11))


def test_a_batch_is_disowned_by_recovery_and_stays_on_record(fenced: MadeLedger) -> None:
    de, disowned = fenced.members[1], root("disowned")
    de.operating.transact(fenced.calls.anchor(disowned, 64, 5))
    receipt = de.recovery.transact(fenced.calls.disown(disowned))
    assert receipt.events == (
        recorded.Disowned(Position(receipt.block, 0), receipt.events[0].time, 2, disowned),
    )
    again = refusal(lambda: de.recovery.transact(fenced.calls.disown(disowned)))
    assert again.code == "already_disowned"
    assert fenced.ledger.size_of(2, disowned) == 64


def test_keys_come_and_go(made: MadeLedger) -> None:
    de = made.members[1]
    other = body("DE", "second").assertion_signer.public.canonical_jwk
    thumbprint = hashlib.sha256(other).digest()
    (added,) = de.operating.transact(made.calls.add_key(1, other)).events
    assert isinstance(added, recorded.KeyAdded)
    assert (added.member, added.thumbprint, added.public_key) == (2, thumbprint, other)
    (revoked,) = de.recovery.transact(made.calls.revoke_key(thumbprint, 7)).events
    assert isinstance(revoked, recorded.KeyRevoked)
    assert (revoked.thumbprint, revoked.reason, revoked.by_recovery) == (thumbprint, 7, True)
    back = refusal(lambda: de.operating.transact(made.calls.add_key(1, other)))
    assert back.code == "key_exists"
    assert refusal(lambda: check(made.chain, made.calls.add_key(1, b"{}"), de.operating.address))


def test_statuses_follow_the_allowed_moves(made: MadeLedger) -> None:
    cn, slot, now = made.members[0], root("slot"), int(time.time())
    assert made.ledger.state_of(1, slot) == 0
    suspension = Declaration(slot, State.SUSPENDED, 3, now, until=now + 86_400)
    (event,) = cn.operating.transact(made.calls.declare(suspension)).events
    assert isinstance(event, recorded.StatusDeclared)
    assert (event.slot, event.state, event.reason, event.effective_at, event.until) == (
        slot, State.SUSPENDED, 3, now, now + 86_400,
    )  # fmt: skip
    assert (event.sequence, event.linked_member, event.linked_slot) == (0, 0, bytes(32))
    assert made.ledger.state_of(1, slot) == State.SUSPENDED
    assert made.ledger.state_of(2, slot) == 0
    cn.operating.transact(made.calls.declare(Declaration(slot, State.WITHDRAWN, 4, now)))
    forbidden = made.calls.declare(Declaration(slot, State.IN_FORCE, 0, now))
    refused = refusal(lambda: cn.operating.transact(forbidden))
    assert (refused.code, refused.values["slot"]) == ("move_forbidden", slot)
    (annulled,) = cn.recovery.transact(made.calls.annul(slot, 1)).events
    assert isinstance(annulled, recorded.StatusAnnulled)
    assert (made.ledger.state_of(1, slot), made.ledger.event_count(1, slot)) == (
        State.SUSPENDED,
        2,
    )


def test_many_statuses_are_declared_at_once_or_none(made: MadeLedger) -> None:
    cn, now = made.members[0], int(time.time())
    many = [Declaration(root("many", str(n)), State.CANCELLED, 0, now) for n in range(20)]
    receipt = cn.operating.transact(made.calls.declare_many(many))
    assert [event.key() for event in receipt.events] == [
        recorded.status_key(1, declaration.slot) for declaration in many
    ]
    fresh = Declaration(root("many", "fresh"), State.CANCELLED, 0, now)
    refused = refusal(lambda: cn.operating.transact(made.calls.declare_many([fresh, many[0]])))
    assert refused.code == "move_forbidden"
    assert made.ledger.state_of(1, fresh.slot) == 0


def test_a_fourth_member_is_voted_in_and_another_suspended(made: MadeLedger) -> None:
    cn, de, br = made.members
    newcomer = body("FR", "voted")
    (proposed, voted) = cn.operating.transact(made.calls.propose_admission(newcomer.founder)).events
    assert isinstance(proposed, recorded.Proposed)
    assert isinstance(voted, recorded.Voted)
    number = proposed.proposal
    early = refusal(lambda: cn.operating.transact(made.calls.execute(number)))
    assert (early.code, early.values["yes"]) == ("not_passed", 1)
    for member in (de, br):
        member.operating.transact(made.calls.vote(number, True))
    events = cn.operating.transact(made.calls.execute(number)).events
    admitted = next(e for e in events if isinstance(e, recorded.MemberAdmitted))
    assert (admitted.endpoint, admitted.economy) == (newcomer.founder.endpoint, "FR")
    assert [e.purpose for e in events if isinstance(e, recorded.KeyAdded)] == [1, 2]
    made.account(newcomer).transact(made.calls.claim(1))
    _suspend_and_restore(made, admitted.member, (cn, de, br))


def _suspend_and_restore(made: MadeLedger, member: int, voters: tuple[Member, ...]) -> None:
    for call, active in (
        (made.calls.propose_suspension(member, 9), False),
        (made.calls.propose_restoration(member), True),
    ):
        (proposed, _) = voters[0].operating.transact(call).events
        assert isinstance(proposed, recorded.Proposed)
        for voter in voters[1:]:
            voter.operating.transact(made.calls.vote(proposed.proposal, True))
        voters[0].operating.transact(made.calls.execute(proposed.proposal))
        assert made.ledger.is_active(member) is active


def test_recovery_freezes_and_replaces_the_operating_account(made: MadeLedger) -> None:
    br = made.members[2]
    br.recovery.transact(made.calls.freeze())
    assert refusal(lambda: br.operating.transact(made.calls.claim(99))).code == "member_is_frozen"
    br.recovery.transact(made.calls.thaw())
    spare = body("BR", "spare")
    (changed,) = br.recovery.transact(made.calls.recover_operating(spare.founder.operating)).events
    assert isinstance(changed, recorded.OperatingAccountChanged)
    assert (changed.current, changed.by_recovery) == (spare.founder.operating.lower(), True)
    assert refusal(lambda: br.operating.transact(made.calls.claim(1))).code == "not_operating"
    spare_account = made.account(spare)
    spare_account.transact(made.calls.claim(1))
    back = made.calls.replace_operating(br.founder.operating)
    assert refusal(lambda: spare_account.transact(back)).code == "address_used"


# ------------------------------------------------------------ transactions


def signed_claim(made: MadeLedger, member: Member, fence: int) -> SignedTransaction:
    call = made.calls.claim(fence)
    nonce = made.ledger.nonce(member.operating.address)
    gas = gas_for(made.chain, call, member.operating.address)
    return sign(call, nonce, made.chain.chain_id, gas, member.operating_signer)


@pytest.fixture
def other(devchain: DevChain) -> Iterator[MadeLedger]:
    """A ledger of its own, whose accounts nobody else uses."""
    with deploy_test_ledger(devchain.rpc_url, ("CN",), seed="transactions") as ledger:
        yield ledger


def test_transactions_are_sent_again_harmlessly_and_nonces_are_guarded(other: MadeLedger) -> None:
    member = other.members[0]
    signed = signed_claim(other, member, 7)
    rival = signed_claim(other, member, 8)
    assert signed.nonce == rival.nonce
    assert send(other.chain, signed) == send(other.chain, signed) == signed.hash
    receipt = wait(other.ledger, signed.hash)
    assert receipt.succeeded
    assert send(other.chain, signed) == signed.hash  # mined: its nonce is gone, by itself
    with pytest.raises(Refused) as taken:
        send(other.chain, rival)
    assert taken.value.code == "nonce_taken"
    assert other.ledger.fence_of(1) == 7
    assert other.ledger.receipt(rival.hash) is None
    _a_reverted_one_says_why(other, member)


def _a_reverted_one_says_why(other: MadeLedger, member: Member) -> None:
    call = other.calls.anchor(ROOT, 64, 3)
    nonce = other.ledger.nonce(member.operating.address)
    signed = sign(call, nonce, other.chain.chain_id, 200_000, member.operating_signer)
    receipt = wait(other.ledger, send(other.chain, signed))
    assert (receipt.succeeded, receipt.events) == (False, ())
    assert receipt.refusal is not None
    assert receipt.refusal.code == "fence_stale"


def test_fees_are_zero_and_the_type_is_2(made: MadeLedger) -> None:
    from eth_account.typed_transactions.typed_transaction import TypedTransaction
    from hexbytes import HexBytes

    raw = signed_claim(made, made.members[0], 2**40).raw
    fields = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
    assert raw[0] == 2
    assert (fields["maxFeePerGas"], fields["maxPriorityFeePerGas"], fields["value"]) == (0, 0, 0)
    assert fields["chainId"] == made.chain.chain_id


def test_a_signer_of_another_purpose_or_key_signs_nothing(made: MadeLedger) -> None:
    cn = made.members[0]
    call = made.calls.claim(2**40)
    with pytest.raises(Refused) as refused:
        sign(call, 0, made.chain.chain_id, 50_000, cn.recovery_signer, "operating")
    assert refused.value.code == "key_purpose"

    class Liar:
        address = cn.recovery_signer.address

        def sign_digest(self, digest: bytes, *, use: Any) -> bytes:
            return cn.operating_signer.sign_digest(digest, use=Purpose.OPERATING)

    with pytest.raises(ProofError):
        sign(call, 0, made.chain.chain_id, 50_000, Liar())


def test_another_chains_transaction_is_refused(made: MadeLedger) -> None:
    cn = made.members[0]
    nonce = made.ledger.nonce(cn.operating.address)
    foreign = sign(made.calls.claim(2**40), nonce, 1, 100_000, cn.operating_signer)
    with pytest.raises(Refused):
        send(made.chain, foreign)


# ------------------------------------------------------------ identity


def test_a_chain_of_another_id_is_refused(devchain: DevChain) -> None:
    with pytest.raises(Refused) as refused:
        Chain(devchain.rpc_url, 1)
    assert refused.value.code == "wrong_chain"


def test_an_address_without_a_directory_is_no_ledger(made: MadeLedger) -> None:
    with pytest.raises(NotTrusted) as refused:
        Ledger.open(made.chain, made.members[0].operating.address)
    assert refused.value.code == "no_ledger"


def test_other_code_than_announced_is_refused(made: MadeLedger) -> None:
    found = made.ledger.events(0, made.ledger.head().block)
    announced = [event for event in found if isinstance(event, recorded.ContractSet)]
    assert Ledger.open(made.chain, made.ledger.directory, announced).contracts
    for wrong in (announced[1:], [*announced, _with_other_hash(announced[0])]):
        with pytest.raises(NotTrusted) as refused:
            Ledger.open(made.chain, made.ledger.directory, wrong)
        assert refused.value.code == "code_changed"


def _with_other_hash(event: recorded.ContractSet) -> recorded.ContractSet:
    return recorded.ContractSet(event.position, event.time, event.name, event.address, bytes(32))


def test_the_mirror_holds_what_the_chain_tells(made: MadeLedger, tmp_path: Path) -> None:
    head = made.ledger.head()
    store = made.store(tmp_path / "ledger.sqlite3")
    cursor = store.cursor()
    assert cursor is not None
    assert cursor.block >= head.block
    with store.snapshot() as snapshot:
        assert snapshot.events(limit=100_000) == made.ledger.events(0, cursor.block)
        assert snapshot.member_of("did:web:cn.example") == 1
        assert snapshot.head == cursor
    store.close()


def test_calls_encode_as_web3_does(made: MadeLedger) -> None:
    from contracts.interfaces import artifact

    now = int(time.time())
    declaration = Declaration(root("web3"), State.SUSPENDED, 3, now, now + 9, 0, bytes(32))
    cases: list[tuple[str, str, list[Any], Call]] = [
        ("Anchors", "anchor", [ROOT, 64, 5], made.calls.anchor(ROOT, 64, 5)),
        (
            "Statuses",
            "declareMany",
            [[declaration.values()]],
            made.calls.declare_many([declaration]),
        ),
        ("Members", "found", [_checksummed(made)], made.calls.found(made.members[0].founder)),
    ]
    for contract, function, arguments, call in cases:
        theirs = made.chain.web3.eth.contract(abi=artifact(contract)["abi"])
        assert "0x" + call.data.hex() == theirs.encode_abi(function, arguments)


def test_events_decode_as_web3_does(made: MadeLedger) -> None:
    """Every log that the tests above left behind, field by field."""
    from contracts.events import decode_log, name_of
    from contracts.interfaces import CONTRACTS, artifact

    seen: set[str] = set()
    for contract, address in made.ledger.contracts.items():
        theirs = made.chain.web3.eth.contract(abi=artifact(CONTRACTS[contract])["abi"])
        events = {"0x" + one.topic[2:]: one for one in theirs.events}
        for log in made.chain.request("eth_getLogs", {"fromBlock": "0x0", "address": [address]}):
            ours = decode_log(contract, log, 5)
            if ours is None:
                continue
            reference = events[log["topics"][0]]
            arguments = reference.process_log(_formatted(made, log))["args"]
            order = [one["name"] for one in reference.abi["inputs"]]
            values = [_plain(arguments[name]) for name in order]
            if isinstance(ours, recorded.ContractSet | recorded.ParameterSet):
                values[0] = name_of(values[0])
            assert [getattr(ours, name) for name in ours.body()] == values
            seen.add(ours.kind)
    assert len(seen) >= 17


def _formatted(made: MadeLedger, log: dict[str, Any]) -> Any:
    from web3._utils.method_formatters import log_entry_formatter
    from web3.datastructures import AttributeDict

    return AttributeDict(log_entry_formatter(log))


def _plain(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("0x") and len(value) == 42:
        return value.lower()
    return bytes(value) if isinstance(value, bytes) else value


def _checksummed(made: MadeLedger) -> tuple[Any, ...]:
    values = list(made.members[0].founder.values())
    for place in (4, 5):
        values[place] = made.chain.web3.to_checksum_address(values[place])
    return tuple(values)
