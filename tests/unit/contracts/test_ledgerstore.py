"""The followed ledger on disk: whole transactions, stable snapshots, rollback."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import threading
from collections.abc import Hashable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from contracts.ledgerstore import KEPT_HEADERS, NEWEST_OF_REGISTRY, LedgerStore
from contracts.texts import NamedText
from core import events as recorded
from core.errors import FormatError, Refused, Unavailable
from core.events import Event, Position, restore_event
from core.registry import Head, LedgerEvidence, LedgerState

ORIGIN = "comity/7/0x" + "ab" * 20


def did_of(endpoint: str) -> str | None:
    return f"did:web:{endpoint[8:]}" if endpoint.startswith("https://") else None


def block(number: int, branch: int = 0) -> Head:
    return Head(number, bytes([branch]) * 24 + number.to_bytes(8, "big"), 1_000 + number)


def admitted(number: int, member: int, endpoint: str, index: int = 0) -> Event:
    return recorded.MemberAdmitted(
        Position(number, index), 1_000 + number, member, '{"en":"A"}', "CN", 1, endpoint,
        "0x" + "01" * 20, "0x" + "02" * 20,
    )  # fmt: skip


def anchored(number: int, root: bytes, index: int = 0, member: int = 1) -> Event:
    return recorded.Anchored(Position(number, index), 1_000 + number, member, root, 64)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite3"


@pytest.fixture
def store(path: Path) -> Iterator[LedgerStore]:
    with closing(LedgerStore.open(path, ORIGIN, did_of)) as opened:
        yield opened


def every_event(number: int) -> list[Event]:
    """One event of each kind, in one block."""
    at = iter(Position(number, index) for index in range(100))
    time = 1_000 + number
    one, slot, account = b"\1" * 32, b"\2" * 32, "0x" + "03" * 20
    return [
        admitted(number, 1, "https://a.example", next(at).index),
        recorded.MemberSuspended(next(at), time, 1, 3),
        recorded.MemberRestored(next(at), time, 1),
        recorded.MemberExpelled(next(at), time, 1, 65_535),
        recorded.MemberFrozen(next(at), time, 1),
        recorded.MemberThawed(next(at), time, 1),
        recorded.OperatingAccountChanged(next(at), time, 1, account, account, True),
        recorded.RecoveryAccountChanged(next(at), time, 1, account, account),
        recorded.KeyAdded(next(at), time, 1, one, 1, b'{"kty":"EC"}', b""),
        recorded.KeyRevoked(next(at), time, 1, one, 2, False),
        recorded.FenceClaimed(next(at), time, 1, 2**64 - 1),
        recorded.Anchored(next(at), time, 1, one, 64),
        recorded.Disowned(next(at), time, 1, one),
        recorded.StatusDeclared(next(at), time, 1, slot, 2, 1, 5, 2**64 - 1, 0, bytes(32), 0),
        recorded.StatusAnnulled(next(at), time, 1, slot, 0),
        recorded.ParameterSet(next(at), time, "finality_depth", 0),
        recorded.ContractSet(next(at), time, "members", account, one),
        recorded.Proposed(next(at), time, 1, 2, 1, 2, b"\0\1"),
        recorded.Voted(next(at), time, 1, 2, True),
        recorded.Executed(next(at), time, 1),
        recorded.SeatGiven(next(at), time, 1),
        recorded.SeatTaken(next(at), time, 1),
        recorded.KeyAssured(next(at), time, 1, one, 2),
        recorded.AccreditationDeclared(next(at), time, 2, 1, "MSC", 1, 0, "{}", 5, 0, 0),
        recorded.ArrangementMade(next(at), time, 1, 2, 7, one, 3),
        recorded.ArrangementParty(next(at), time, 1, 2, "MSC/QMS", 2, 0, 5, 0),
        recorded.NoticePublished(next(at), time, 3, 1, 1, 0, 0, bytes(32), one, 3),
        recorded.NoticePublished(next(at), time, 3, 2, 3, 2, 1, one, one, 3),
        recorded.AlertLifted(next(at), time, 3, 2, 2, 1, one),
    ]


def test_every_kind_of_event_comes_back_equal_and_as_from_memory(store: LedgerStore) -> None:
    events = every_event(1)
    store.append([block(0), block(1)], events)
    memory = LedgerState(ORIGIN, did_of).apply(events, block(1))
    with store.snapshot() as snapshot:
        evidence: LedgerEvidence = snapshot
        assert (evidence.origin, evidence.head, evidence.source) == (ORIGIN, block(1), "ledger")
        assert snapshot.events() == events
        for key in {event.key() for event in events}:
            assert list(evidence.history(key)) == list(memory.history(key)) != []
        assert evidence.member_of("did:web:a.example") == 1
        assert evidence.member_of("did:web:b.example") is None
        assert evidence.history("member/2") == []
        assert snapshot.parameter("finality_depth") == 0
        assert snapshot.parameter("other") is None
        for prefix in ("", "member/", "arrangement/1", "alert/", "no"):
            assert list(evidence.keys(prefix)) == list(memory.keys(prefix))
        assert snapshot.keys("arrangement/") == ["arrangement/1", "arrangement/1/2"]
        assert snapshot.events(Position(1, 17)) == events[18:]


def test_blocks_without_events_move_the_head(store: LedgerStore) -> None:
    assert store.cursor() is None
    store.append([block(0)], [])
    store.append([block(1), block(2)], [])
    assert store.cursor() == block(2)


def test_history_is_in_ledger_order(store: LedgerStore) -> None:
    root = b"\5" * 32
    disowned = recorded.Disowned(Position(2, 1), 1_002, 1, root)
    store.append([block(1)], [anchored(1, root, 9)])
    store.append([block(2)], [disowned])
    with store.snapshot() as snapshot:
        assert [event.position for event in snapshot.history(disowned.key())] == [
            Position(1, 9),
            Position(2, 1),
        ]


@pytest.mark.parametrize(
    ("blocks", "events", "code"),
    [
        ([block(4)], [], "cursor_moved"),
        ([block(2)], [], "cursor_moved"),
        ([block(3), block(5)], [], "blocks_apart"),
        ([block(3)], [anchored(2, bytes(32))], "event_misplaced"),
        ([block(3)], [anchored(3, bytes(32), 1), anchored(3, bytes(32), 0)], "event_misplaced"),
        ([block(3)], [anchored(3, bytes(32)), anchored(3, bytes(32))], "event_misplaced"),
    ],
)
def test_what_does_not_continue_is_refused_and_changes_nothing(
    store: LedgerStore, blocks: list[Head], events: list[Event], code: str
) -> None:
    store.append([block(1), block(2)], [])
    with pytest.raises(Refused) as refused:
        store.append(blocks, events)
    assert refused.value.code == code
    assert store.cursor() == block(2)
    store.append([block(3)], [anchored(3, bytes(32))])


def test_rollback_forgets_events_members_and_headers(store: LedgerStore) -> None:
    root = b"\5" * 32
    store.append([block(1)], [admitted(1, 1, "https://a.example")])
    store.append([block(2), block(3)], [admitted(2, 2, "https://b.example"), anchored(3, root)])
    store.rollback_to(1)
    assert store.cursor() == block(1)
    with store.snapshot() as snapshot:
        assert snapshot.member_of("did:web:a.example") == 1
        assert snapshot.member_of("did:web:b.example") is None
        assert snapshot.history(recorded.anchor_key(1, root)) == []
    store.append([block(2, branch=9)], [])
    assert store.block_hash(2) == block(2, branch=9).hash


def test_what_a_store_recalls_belongs_to_its_head(store: LedgerStore) -> None:
    root = b"\5" * 32

    def known() -> tuple[int, int, int | None]:
        with store.snapshot() as snapshot:
            histories = snapshot.history("member/1"), snapshot.history(recorded.anchor_key(1, root))
            return *map(len, histories), snapshot.member_of("did:web:a.example")  # type: ignore[return-value]

    store.append([block(0)], [])
    assert known() == (0, 0, None)
    store.append([block(1)], [admitted(1, 1, "https://a.example")])
    assert [known(), known()] == [(1, 0, 1), (1, 0, 1)]
    store.append([block(2)], [recorded.MemberFrozen(Position(2, 0), 1_002, 1)])
    assert [known(), known()] == [(2, 0, 1), (2, 0, 1)]
    store.append([block(3)], [anchored(3, root)])
    assert [known(), known()] == [(2, 1, 1), (2, 1, 1)]
    store.rollback_to(2)
    store.append([block(3, branch=9)], [])
    assert known() == (2, 0, 1)
    store.rollback_to(1)
    assert known() == (1, 0, 1)
    store.rollback_to(0)
    assert known() == (0, 0, None)


def test_rollback_needs_a_header_to_continue_from(store: LedgerStore) -> None:
    store.append([block(5), block(6)], [])
    with pytest.raises(Refused, match="not among the headers"):
        store.rollback_to(4)
    assert store.cursor() == block(6)


def test_old_headers_go_but_those_with_events_and_the_first_stay(store: LedgerStore) -> None:
    last = KEPT_HEADERS * 3
    store.append([block(n) for n in range(10)], [anchored(7, bytes(32))])
    for start in range(10, last + 1, 100):
        store.append([block(n) for n in range(start, min(start + 100, last + 1))], [])
    kept = [head.block for head in store.headers_below(last + 1, last)]
    assert kept == [*range(last, last - KEPT_HEADERS, -1), 7, 0]


def test_a_snapshot_stays_the_same_while_others_append(store: LedgerStore, path: Path) -> None:
    root = b"\5" * 32
    store.append([block(1)], [])
    with closing(LedgerStore.open(path, ORIGIN, did_of)) as other, store.snapshot() as before:
        other.append([block(2)], [anchored(2, root)])
        assert before.history(recorded.anchor_key(1, root)) == []
        assert before.head == block(1)
        with other.snapshot() as after:
            assert after.head == block(2)
            assert len(after.history(recorded.anchor_key(1, root))) == 1


def test_many_threads_read_while_one_writes(store: LedgerStore) -> None:
    faults: list[BaseException] = []

    def read() -> None:
        try:
            for _ in range(50):
                with store.snapshot() as snapshot:
                    head = snapshot.head
                    expected = 0 if head is None else head.block
                    assert len(snapshot.history("member/1")) == expected
        except BaseException as fault:
            faults.append(fault)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for number in range(1, 60):
        store.append(
            [block(number)], [recorded.MemberFrozen(Position(number, 0), 1_000 + number, 1)]
        )
    for reader in readers:
        reader.join()
    assert faults == []


def test_a_forked_process_reads_with_connections_of_its_own(store: LedgerStore) -> None:
    store.append([block(1)], [admitted(1, 1, "https://a.example")])
    child = os.fork()
    if child == 0:
        with store.snapshot() as snapshot:
            os._exit(0 if snapshot.member_of("did:web:a.example") == 1 else 9)
    assert os.waitpid(child, 0)[1] == 0
    store.append([block(2)], [])
    assert store.cursor() == block(2)


def test_the_first_member_keeps_a_did(store: LedgerStore) -> None:
    store.append(
        [block(1)],
        [admitted(1, 1, "https://a.example", 0), admitted(1, 2, "https://a.example", 1),
         admitted(1, 3, "no address", 2)],
    )  # fmt: skip
    with store.snapshot() as snapshot:
        assert snapshot.member_of("did:web:a.example") == 1


def test_the_file_of_another_ledger_is_refused(path: Path, store: LedgerStore) -> None:
    with pytest.raises(Refused) as refused:
        LedgerStore.open(path, ORIGIN.replace("/7/", "/8/"), did_of)
    assert refused.value.code == "other_ledger"
    LedgerStore.open(path, ORIGIN, did_of).close()


def test_the_file_of_another_version_is_refused(path: Path, store: LedgerStore) -> None:
    store.close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET value = '1' WHERE name = 'version'")
    connection.close()
    with pytest.raises(Refused) as refused:
        LedgerStore.open(path, ORIGIN, did_of)
    assert refused.value.code == "ledger_store_version"


def test_another_file_is_refused_and_left_alone(path: Path) -> None:
    content = b"not a database at all, but long enough" * 99
    path.write_bytes(content)
    with pytest.raises(FormatError):
        LedgerStore.open(path, ORIGIN, did_of)
    assert path.read_bytes() == content


def test_another_database_is_refused(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE meta (name TEXT)")
    connection.close()
    with pytest.raises(FormatError):
        LedgerStore.open(path, ORIGIN, did_of)


def test_a_folder_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        LedgerStore.open(tmp_path / "absent" / "ledger.sqlite3", ORIGIN, did_of)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"{}", b"[]", b"[1,2,3,4]", b'[1,"zz",64]', b'["1","00",64]', b"[1,5,64]"]
)
def test_a_damaged_row_is_no_evidence_and_no_crash(
    store: LedgerStore, path: Path, body: bytes
) -> None:
    event = anchored(1, bytes(32))
    store.append([block(1)], [event])
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE event SET body = ?", (body,))
    connection.close()
    with store.snapshot() as snapshot, pytest.raises(Unavailable) as refused:
        snapshot.history(event.key())
    assert refused.value.code == "ledger_store_damaged"


def test_a_damaged_page_is_no_evidence_and_no_crash(store: LedgerStore, path: Path) -> None:
    events = [anchored(1, number.to_bytes(32, "big"), number) for number in range(200)]
    store.append([block(1)], events)
    store.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    raw = bytearray(path.read_bytes())
    raw[size:] = b"\xa5" * (len(raw) - size)
    path.write_bytes(raw)
    with pytest.raises(Unavailable) as refused, store.snapshot() as snapshot:
        snapshot.history(events[0].key())
    assert refused.value.code == "ledger_store_damaged"


def test_numbers_beyond_64_bits_are_refused(store: LedgerStore) -> None:
    event = recorded.ParameterSet(Position(1, 0), 1_001, "finality_depth", 2**64)
    with pytest.raises(FormatError):
        store.append([block(1)], [event])
    assert store.cursor() is None


# -------------------------------------------------------------- texts and the registry's version


def published(number: int, text: bytes) -> tuple[Event, NamedText]:
    """A notice in block ``number`` that names ``text``."""
    digest = hashlib.sha256(text).digest()
    event = recorded.NoticePublished(
        Position(number, 0), 1_000 + number, 3, number, 1, 0, 0, bytes(32), digest, len(text)
    )
    return event, NamedText(digest, len(text), number, bytes([number]) * 32)


def text_of(store: LedgerStore, text: bytes) -> bytes | None:
    with store.snapshot() as snapshot:
        return snapshot.text(hashlib.sha256(text).digest())


def version(store: LedgerStore) -> Hashable | None:
    with store.snapshot() as snapshot:
        return snapshot.registry_version


def test_a_text_is_kept_once_it_is_named_and_only_if_it_is(store: LedgerStore) -> None:
    event, named = published(1, b"ours")
    store.append([block(1)], [event], [named], [b"another", b"ours "])
    assert (text_of(store, b"ours"), text_of(store, b"another")) == (None, None)
    assert store.missing_texts(9) == [named]
    store.append([block(2)], [], [], [b"ours"])
    assert text_of(store, b"ours") == b"ours"
    assert store.missing_texts(9) == []


def test_what_is_missing_is_asked_of_the_transaction_that_named_it_last(
    store: LedgerStore,
) -> None:
    first, second = published(1, b"ours"), published(2, b"ours")
    other = published(3, b"other")
    store.append([block(1)], [first[0]], [first[1]])
    store.append([block(2)], [second[0]], [second[1]])
    store.append([block(3)], [other[0]], [other[1]])
    wanted = store.missing_texts(9)
    assert [(one.digest, one.transaction) for one in wanted] == [
        (other[1].digest, bytes([3]) * 32),
        (first[1].digest, bytes([2]) * 32),
    ]
    assert store.missing_texts(1) == wanted[:1]


def test_a_rollback_forgets_the_texts_of_its_blocks(store: LedgerStore) -> None:
    stays, goes = published(1, b"stays"), published(2, b"goes")
    store.append([block(1)], [stays[0]], [stays[1]], [b"stays"])
    before = version(store)
    store.append([block(2)], [goes[0]], [goes[1]], [b"goes"])
    assert version(store) != before
    store.rollback_to(1)
    assert (text_of(store, b"stays"), text_of(store, b"goes")) == (b"stays", None)
    assert version(store) == before
    store.append([block(2, branch=1)], [goes[0]], [goes[1]], [b"goes"])
    assert version(store) != before


def test_the_version_moves_with_all_but_anchors_fences_and_statuses(store: LedgerStore) -> None:
    assert version(store) is None
    seen: set[Hashable | None] = set()
    for number, event in enumerate(every_event(0), 1):
        at = Position(number, 0)
        moved = restore_event(event.kind, at, 1_000 + number, event.body())
        before = version(store)
        store.append([block(number)], [moved])
        if event.kind in recorded.DAILY_KINDS:
            assert version(store) == before
        else:
            assert version(store) not in seen
        seen.add(version(store))


def test_the_version_is_found_without_reading_the_whole_ledger(
    store: LedgerStore, path: Path
) -> None:
    store.append([block(1)], [admitted(1, 1, "https://a.example")])
    with closing(sqlite3.connect(path)) as connection:
        plan = " ".join(
            row[3] for row in connection.execute("EXPLAIN QUERY PLAN " + NEWEST_OF_REGISTRY)
        )
    assert "event_registry" in plan


def test_the_directorys_code_is_what_it_was_first(store: LedgerStore) -> None:
    assert store.directory_code(b"\1" * 32) == b"\1" * 32
    assert store.directory_code(b"\2" * 32) == b"\1" * 32
