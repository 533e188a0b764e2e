"""Accreditations, arrangements and notices on a real chain, followed with their texts."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from contracts.abi import keccak
from contracts.calls import Accreditation, Call, FirstKey, Notice
from contracts.chain import Chain
from contracts.follower import Follower, Progress
from contracts.interfaces import LedgerRefused
from contracts.ledgerstore import LedgerStore
from contracts.reader import Ledger
from contracts.writer import check
from core import events as recorded
from core.errors import ComityError, NotTrusted
from core.events import (
    AccreditationAction,
    Assurance,
    Event,
    NoticeKind,
    PartyAction,
    Role,
    SubjectKind,
)
from core.issuer import did_of_endpoint
from core.limits import LEDGER_TEXT_BYTES
from tests.support.anvil import bare_anvil
from tests.support.jsonrpc import JsonRpc
from tests.support.ledger import MadeLedger, Member, body, deploy_test_ledger
from tests.support.rpcproxy import Fault, RpcProxy, rpc_proxy

COVERAGE = '{"ISO 9001":["03","19"]}'
NOW = 1_700_000_000  # any time not over a year ahead of the chain's
TEXT = b"We recognise each other."


@pytest.fixture(scope="module")
def anvil(anvil_program: str) -> Iterator[str]:
    with bare_anvil(anvil_program) as url:
        yield url


@pytest.fixture(scope="module")
def shared(anvil: str) -> Iterator[MadeLedger]:
    """CN is a certification body, DE an accreditation body, BR an authority."""
    roles = {"DE": Role.ACCREDITATION_BODY, "BR": Role.AUTHORITY}
    with deploy_test_ledger(anvil, roles=roles) as ledger:
        yield ledger


@pytest.fixture
def made(shared: MadeLedger, anvil: str) -> Iterator[MadeLedger]:
    """The ledger; what a test does to it is undone afterwards, with its nonces."""
    node = JsonRpc(anvil)
    snapshot = node("evm_snapshot")
    yield shared
    assert node("evm_revert", snapshot)
    for member in shared.members:
        member.operating.forget_nonce()


@pytest.fixture
def store(made: MadeLedger, tmp_path: Path) -> Iterator[LedgerStore]:
    path = tmp_path / "ledger.sqlite3"
    with closing(LedgerStore.open(path, made.origin, did_of_endpoint)) as opened:
        yield opened


def acts(member: Member, call: Call) -> Event:
    """Send a call of one event; return the event."""
    (event,) = member.operating.transact(call).events
    return event


def publish(made: MadeLedger, text: bytes) -> Event:
    return acts(made.members[2], made.calls.publish_notice(Notice(NoticeKind.POLICY), text))


def text_of(store: LedgerStore, text: bytes) -> bytes | None:
    with store.snapshot() as snapshot:
        return snapshot.text(hashlib.sha256(text).digest())


def refused(action: Callable[[], Any]) -> str:
    with pytest.raises(LedgerRefused) as caught:
        action()
    return caught.value.code


# ------------------------------------------------------------ recorded and read back


def test_an_accreditation_is_granted_and_suspended(made: MadeLedger, store: LedgerStore) -> None:
    _, de, _ = made.members
    grant = Accreditation(
        1, "MSC", AccreditationAction.GRANT, NOW, coverage=COVERAGE, until=NOW + 9
    )
    event = acts(de, made.calls.declare_accreditation(grant))
    assert isinstance(event, recorded.AccreditationDeclared)
    assert event.body() == {
        "accreditation_body": 2, "certification_body": 1, "scope": "MSC", "action": 1,
        "reason": 0, "coverage": COVERAGE, "effective_at": NOW, "until": NOW + 9, "sequence": 0,
    }  # fmt: skip
    suspend = Accreditation(1, "MSC", AccreditationAction.SUSPEND, NOW + 1, reason=3)
    again = acts(de, made.calls.declare_accreditation(suspend))
    assert made.ledger.accreditation_count(2, 1, "MSC") == 2
    Follower(made.ledger, store).catch_up()
    with store.snapshot() as snapshot:
        assert snapshot.keys("accreditation/") == ["accreditation/2/1/MSC"]
        assert snapshot.history("accreditation/2/1/MSC") == [event, again]


def test_an_arrangement_is_made_accepted_left_suspended_and_restored(
    made: MadeLedger, store: LedgerStore
) -> None:
    _, de, br = made.members
    calls = made.calls
    roles = Role.ACCREDITATION_BODY | Role.AUTHORITY
    first, *invited = br.operating.transact(calls.make_arrangement(roles, [2], TEXT)).events
    digest = hashlib.sha256(TEXT).digest()
    assert isinstance(first, recorded.ArrangementMade)
    assert first.body() == {
        "arrangement": 1, "keeper": 3, "roles": 6, "text_hash": digest.hex(), "text_size": len(TEXT)
    }  # fmt: skip
    assert [
        (e.party, e.scope, e.action, e.effective_at)
        for e in invited
        if isinstance(e, recorded.ArrangementParty)
    ] == [(3, "", PartyAction.INVITED, 0), (2, "", PartyAction.INVITED, 0)]
    assert refused(lambda: acts(br, calls.invite_party(1, 1))) == "role_missing"
    moves = [
        acts(de, calls.accept_arrangement(1, "MSC", NOW)),
        acts(br, calls.suspend_party(1, 2, "MSC/QMS", 4, NOW + 1)),
        acts(br, calls.restore_party(1, 2, "MSC/QMS", NOW + 2)),
        acts(de, calls.leave_arrangement(1, "MSC", NOW + 3)),
    ]
    assert [
        (e.scope, e.action, e.reason, e.effective_at, e.sequence)
        for e in moves
        if isinstance(e, recorded.ArrangementParty)
    ] == [
        ("MSC", PartyAction.ACCEPTED, 0, NOW, 1),
        ("MSC/QMS", PartyAction.SUSPENDED, 4, NOW + 1, 2),
        ("MSC/QMS", PartyAction.RESTORED, 0, NOW + 2, 3),
        ("MSC", PartyAction.LEFT, 0, NOW + 3, 4),
    ]
    assert made.ledger.arrangement_count() == 1
    Follower(made.ledger, store).catch_up()
    with store.snapshot() as snapshot:
        assert snapshot.keys("arrangement/1") == [
            "arrangement/1", "arrangement/1/2", "arrangement/1/3"
        ]  # fmt: skip
        assert snapshot.history("arrangement/1/2") == [invited[1], *moves]
        assert snapshot.text(digest) == TEXT


def test_an_alert_is_published_and_lifted(made: MadeLedger, store: LedgerStore) -> None:
    cn, de, _ = made.members
    thumbprint = hashlib.sha256(cn.founder.keys[0].public_key).digest()
    alert = Notice(NoticeKind.ALERT, SubjectKind.KEY, 1, thumbprint)
    published = acts(de, made.calls.publish_notice(alert, b"Do not rely on this key."))
    lifted = acts(de, made.calls.lift_alert(1))
    assert (published.kind, lifted.kind) == ("notice_published", "alert_lifted")
    assert made.ledger.notice_count(2) == 1
    assert refused(lambda: acts(de, made.calls.lift_alert(1))) == "already_lifted"
    Follower(made.ledger, store).catch_up()
    with store.snapshot() as snapshot:
        (key,) = snapshot.keys("alert/")
        assert key == recorded.alert_key(SubjectKind.KEY, 1, thumbprint)
        assert snapshot.history(key) == [published, lifted]


def test_a_key_is_assured_and_a_seat_is_given_and_taken(
    made: MadeLedger, store: LedgerStore
) -> None:
    cn, de, br = made.members
    thumbprint = hashlib.sha256(cn.founder.keys[0].public_key).digest()
    assured = acts(cn, made.calls.assure_key(thumbprint, Assurance.HSM))
    assert assured.key() == recorded.key_key(1, thumbprint)
    for seated in (True, False):
        proposed = de.operating.transact(made.calls.propose_seat(1, seated)).events[0]
        assert isinstance(proposed, recorded.Proposed)
        br.operating.transact(made.calls.vote(proposed.proposal, True))
        done = br.operating.transact(made.calls.execute(proposed.proposal)).events[-1]
        assert (done.kind, done.key()) == ("seat_given" if seated else "seat_taken", "member/1")
        assert made.ledger.is_seated(1) is seated
    Follower(made.ledger, store).catch_up()
    with store.snapshot() as snapshot:
        assert snapshot.history(assured.key())[-1] == assured
        kinds = [event.kind for event in snapshot.history("member/1")]
    assert kinds[-2:] == ["seat_given", "seat_taken"]


def test_recognition_is_encoded_and_decoded_as_web3_does(made: MadeLedger) -> None:
    from contracts.interfaces import artifact

    grant = Accreditation(1, "MSC", 1, NOW, 0, COVERAGE, 0)
    notice = Notice(NoticeKind.CHANGE)
    word = b"MSC/QMS".ljust(32, b"\0")
    cases: list[tuple[str, str, list[Any], Call]] = [
        ("Accreditations", "declare", [grant.values()], made.calls.declare_accreditation(grant)),
        ("Arrangements", "make", [7, [1, 2], TEXT], made.calls.make_arrangement(7, [1, 2], TEXT)),
        (
            "Arrangements",
            "suspend",
            [1, 2, word, 3, NOW],
            made.calls.suspend_party(1, 2, "MSC/QMS", 3, NOW),
        ),
        ("Notices", "publish", [notice.values(), TEXT], made.calls.publish_notice(notice, TEXT)),
    ]
    for contract, function, arguments, call in cases:
        theirs = made.chain.web3.eth.contract(abi=artifact(contract)["abi"])
        assert "0x" + call.data.hex() == theirs.encode_abi(function, arguments)


# ------------------------------------------------------------ who may not (B1, B12)


def test_nobody_speaks_for_another_body(made: MadeLedger) -> None:
    """B1: what is recorded is of the member whose account sent it, whoever it speaks about."""
    cn, de, br = made.members
    grant = Accreditation(1, "MSC", AccreditationAction.GRANT, NOW, coverage=COVERAGE)
    call = made.calls.declare_accreditation(grant)
    assert refused(lambda: acts(cn, call)) == "role_missing"
    assert refused(lambda: acts(br, call)) == "role_missing"
    stranger = body("FR", "stranger").founder.operating
    assert refused(lambda: check(made.chain, call, stranger)) == "not_operating"
    policy = made.calls.publish_notice(Notice(NoticeKind.POLICY), TEXT)
    assert refused(lambda: acts(de, policy)) == "role_missing"
    warning = Notice(NoticeKind.ALERT, SubjectKind.MEMBER, 2)
    assert refused(lambda: acts(cn, made.calls.publish_notice(warning, TEXT))) == "cannot_warn"
    others = hashlib.sha256(de.founder.keys[0].public_key).digest()
    assert refused(lambda: acts(cn, made.calls.assure_key(others, 2))) == "key_unknown"


def test_an_arrangement_claimed_alone_binds_nobody_else(
    made: MadeLedger, store: LedgerStore
) -> None:
    """B12: its keeper accepts; for the other side nobody but itself can."""
    _, de, br = made.members
    br.operating.transact(made.calls.make_arrangement(7, [2], TEXT))
    acts(br, made.calls.accept_arrangement(1, "MSC", NOW))
    assert refused(lambda: acts(br, made.calls.restore_party(1, 2, "MSC", NOW))) == "party_forbids"
    assert refused(lambda: acts(de, made.calls.invite_party(1, 1))) == "not_keeper"
    Follower(made.ledger, store).catch_up()
    with store.snapshot() as snapshot:
        accepted = {
            event.party
            for key in snapshot.keys("arrangement/1/")
            for event in snapshot.history(key)
            if isinstance(event, recorded.ArrangementParty) and event.action == PartyAction.ACCEPTED
        }
    assert accepted == {3}


# ------------------------------------------------------------ texts


def test_a_text_of_24_kib_is_read_back(made: MadeLedger, store: LedgerStore) -> None:
    text = hashlib.shake_256(b"policy").digest(LEDGER_TEXT_BYTES)
    publish(made, text)
    Follower(made.ledger, store).catch_up()
    assert text_of(store, text) == text


def test_a_text_over_24_kib_and_none_at_all_are_refused(made: MadeLedger) -> None:
    assert refused(lambda: publish(made, bytes(LEDGER_TEXT_BYTES + 1))) == "text_length"
    assert refused(lambda: publish(made, b"")) == "text_length"
    call = made.calls.make_arrangement(7, [], bytes(LEDGER_TEXT_BYTES + 1))
    assert refused(lambda: acts(made.members[2], call)) == "text_length"


def test_a_reorganisation_takes_a_text_back(
    made: MadeLedger, store: LedgerStore, anvil: str
) -> None:
    follower = Follower(made.ledger, store)
    publish(made, b"stays")
    node = JsonRpc(anvil)
    fork = node("evm_snapshot")
    publish(made, b"goes")
    follower.catch_up()
    assert (text_of(store, b"stays"), text_of(store, b"goes")) == (b"stays", b"goes")
    node("evm_revert", fork)
    made.members[2].operating.forget_nonce()
    node("evm_increaseTime", 77)
    publish(made, b"comes")
    steps: list[Progress] = []
    follower.catch_up(steps.append)
    assert sum(step.rolled_back for step in steps) == 1
    assert (text_of(store, b"stays"), text_of(store, b"goes")) == (b"stays", None)
    assert text_of(store, b"comes") == b"comes"


@pytest.fixture
def proxy(anvil: str) -> Iterator[RpcProxy]:
    with rpc_proxy(anvil) as running:
        yield running


@pytest.fixture
def lied_to(made: MadeLedger, proxy: RpcProxy, store: LedgerStore) -> Iterator[Follower]:
    """A follower that has followed an honest node, which may begin to lie now."""
    chain = Chain(proxy.url, made.chain.chain_id)
    follower = Follower(Ledger.open(chain, made.ledger.directory), store)
    follower.catch_up()
    yield follower
    chain.close()


def other_text(result: Any) -> Any:
    return {**result, "input": result["input"].replace(TEXT.hex(), TEXT[::-1].hex())}


def cut_text(result: Any) -> Any:
    return {**result, "input": result["input"][:-64]}


def far_text(result: Any) -> Any:
    return {**result, "input": result["input"][:10] + "ff" * 1000}


def no_input(result: Any) -> Any:
    return {name: value for name, value in result.items() if name != "input"}


def too_busy(_result: Any) -> Any:
    raise Fault("limit exceeded")


@pytest.mark.parametrize(
    "lie", [other_text, cut_text, far_text, no_input, too_busy, lambda _: None, lambda _: "0x"]
)
def test_a_text_that_is_withheld_or_changed_is_none_until_it_is_had(
    made: MadeLedger, lied_to: Follower, proxy: RpcProxy, store: LedgerStore, lie: Any
) -> None:
    event = publish(made, TEXT)
    proxy.tamper = lambda method, _params, result: (
        lie(result) if method == "eth_getTransactionByHash" else result
    )
    lied_to.catch_up()
    with store.snapshot() as snapshot:
        assert snapshot.history(event.key()) == [event]  # the event itself is there
        before = snapshot.registry_version
    assert text_of(store, TEXT) is None
    proxy.tamper = lambda _method, _params, result: result
    JsonRpc(made.rpc_url)("anvil_mine", "0x1")
    lied_to.catch_up()
    assert text_of(store, TEXT) == TEXT
    with store.snapshot() as snapshot:
        assert snapshot.registry_version != before


def test_the_version_moves_with_recognition_and_not_with_anchors(
    made: MadeLedger, store: LedgerStore
) -> None:
    follower = Follower(made.ledger, store)
    cn = made.members[0]

    def version() -> Any:
        follower.catch_up()
        with store.snapshot() as snapshot:
            return snapshot.registry_version

    first = version()
    acts(cn, made.calls.claim(1))
    acts(cn, made.calls.anchor(b"\1" * 32, 64, 1))
    assert version() == first
    publish(made, TEXT)
    assert version() != first


# ------------------------------------------------------------ hostile registry text (B11)

SCRIPT = b"<script>fetch('http://169.254.169.254/')</script>\x00\xff\xe2\x80\xae"


def test_hostile_text_is_kept_as_bytes_and_nothing_is_fetched(
    made: MadeLedger, lied_to: Follower, proxy: RpcProxy, store: LedgerStore
) -> None:
    publish(made, SCRIPT)
    proxy.requests.clear()
    lied_to.catch_up()
    assert text_of(store, SCRIPT) == SCRIPT
    assert all(method.startswith("eth_") for method in proxy.requests)


def test_a_coverage_that_is_no_text_is_read_all_the_same(
    made: MadeLedger, store: LedgerStore
) -> None:
    """Bytes that are no UTF-8 must not stop a reader: a body could stop all of them."""
    grant = Accreditation(1, "MSC", AccreditationAction.GRANT, NOW, coverage="<script>")
    call = made.calls.declare_accreditation(grant)
    hostile = call.data.replace(b"<script>", b"\xff\xfe\x00\x80\xc3\x28\xed\xa0")
    acts(made.members[1], Call(call.to, hostile))
    Follower(made.ledger, store).catch_up()
    with store.snapshot() as snapshot:
        (event,) = snapshot.history("accreditation/2/1/MSC")
    assert isinstance(event, recorded.AccreditationDeclared)
    assert "\ufffd" in event.coverage


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"names": '{"en":"' + "A" * 1_000_000 + '"}'}, "payload_malformed"),
        ({"names": '{"en":"' + "A" * 1_024 + '"}'}, "names_length"),
        ({"endpoint": "http://169.254.169.254"}, "endpoint_malformed"),
        ({"endpoint": "https://fr.example/?q=<script>"}, "endpoint_malformed"),
        ({"endpoint": "javascript:alert(1)"}, "endpoint_malformed"),
        ({"endpoint": "file:///etc/passwd"}, "endpoint_malformed"),
        ({"economy": "<s>"}, "economy_malformed"),
        ({"keys": (FirstKey(1, b"{" + b"A" * 1_000_000 + b"}"),)}, "payload_malformed"),
        ({"keys": (FirstKey(1, b"{" + b"A" * 512 + b"}"),)}, "public_key_malformed"),
    ],
)
def test_a_hostile_admission_is_refused(
    made: MadeLedger, changed: dict[str, Any], code: str
) -> None:
    from dataclasses import replace

    hostile = made.calls.propose_admission(replace(body("FR", "hostile").founder, **changed))
    sender = made.members[0].operating.address
    assert refused(lambda: check(made.chain, hostile, sender)) == code


def test_a_lookup_elsewhere_is_never_followed(made: MadeLedger, anvil: str) -> None:
    """EIP-3668: a contract that reverts with OffchainLookup asks its caller to fetch a URL."""
    from contracts.abi import types_of

    kinds = ("address", "string[]", "bytes", "bytes4", "bytes")
    notices = made.ledger.contracts["notices"]
    elsewhere = [notices, [made.rpc_url + "/{sender}/{data}"], b"\1", b"\1\2\3\4", b""]
    revert = keccak(b"OffchainLookup(address,string[],bytes,bytes4,bytes)")[:4]
    revert += types_of([{"type": kind} for kind in kinds]).encode(elsewhere)
    # PUSH2 size, PUSH1 offset, PUSH0, CODECOPY, PUSH2 size, PUSH0, REVERT, then the bytes
    size = len(revert).to_bytes(2, "big").hex()
    JsonRpc(anvil)("anvil_setCode", notices, f"0x61{size}600c5f3961{size}5ffd" + revert.hex())
    with pytest.raises(LedgerRefused) as refusal:
        made.ledger.notice_count(1)
    assert (refusal.value.code, refusal.value.values) == ("reverted", {"selector": revert[:4]})
    with pytest.raises(LedgerRefused) as refusal:
        publish(made, TEXT)
    assert refusal.value.code == "reverted"


# ------------------------------------------------------------ code that is swapped (B13)


@pytest.mark.parametrize(
    "contract",
    ["directory", "members", "keys", "anchors", "statuses", "accreditations", "arrangements",
     "notices"],
)  # fmt: skip
def test_a_contract_whose_code_is_swapped_stops_the_follower(
    made: MadeLedger, store: LedgerStore, anvil: str, contract: str
) -> None:
    follower = Follower(made.ledger, store)
    follower.catch_up()
    look_at_all(follower)
    before = store.cursor()
    node = JsonRpc(anvil)
    honest = node("eth_getCode", made.ledger.contracts[contract], "latest")
    node("anvil_setCode", made.ledger.contracts[contract], honest[:-2] + "ff")
    with pytest.raises(NotTrusted) as refusal:
        look_at_all(follower)
    assert refusal.value.code == "code_changed"
    assert contract in refusal.value.message
    node("anvil_mine", "0x1")
    for _ in range(3):  # it lasts as long as its cause
        with pytest.raises(NotTrusted):
            follower.step()
    assert store.cursor() == before
    if contract != "directory":  # whose code nobody announces: it is known from the first look on
        with pytest.raises(NotTrusted) as refusal:
            Ledger.open(made.chain, made.ledger.directory)
        assert refusal.value.code == "code_changed"
    node("anvil_setCode", made.ledger.contracts[contract], honest)
    node("anvil_mine", "0x1")
    follower.catch_up()
    assert store.cursor() == made.ledger.head()


def test_a_swap_is_told_and_outlasts_a_restart(
    made: MadeLedger, store: LedgerStore, anvil: str
) -> None:
    follower = Follower(made.ledger, store)
    follower.catch_up()
    look_at_all(follower)
    JsonRpc(anvil)("anvil_setCode", made.ledger.directory, "0x00")
    told: list[str] = []
    stop = threading.Event()

    def note(what: Progress | ComityError) -> None:
        if isinstance(what, ComityError):
            told.append(what.code)
            stop.set()

    Follower(made.ledger, store).run(stop, 0.0, note)
    assert told == ["code_changed"]


def look_at_all(follower: Follower) -> None:
    """Step as often as there are contracts: each step looks at one of them."""
    for _ in follower.ledger.contracts:
        follower.step()
