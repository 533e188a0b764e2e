"""Evidence on disk: absent, of another ledger or damaged, it never speaks against a document."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core.bundle import Bundle
from core.errors import Unavailable
from core.events import NoticeKind, Role, State
from core.report import Report, Verdict
from core.runtime.paths import ledger_file
from tests.support.network import ORIGIN, Body, Issued, MemoryLedger, body_with_certificate
from verifier.sources import Sources
from verifier.verify import check

OTHER = ORIGIN.replace("31337", "5")


@pytest.fixture
def saved(tmp_path: Path) -> tuple[Path, Body, Issued]:
    body, issued = body_with_certificate()
    body.ledger.save(ledger_file(tmp_path, ORIGIN))
    return tmp_path, body, issued


def ask(folder: Path, body: Body, bundle: Bundle, origins: tuple[str, ...] = (ORIGIN,)) -> Report:
    with (
        closing(Sources(folder, origins)) as sources,
        sources.evidence(bundle.ledger) as evidence,
    ):
        return check(bundle, evidence, now=body.ledger.now)


def test_a_state_on_disk_answers_like_the_one_in_memory(saved: tuple[Path, Body, Issued]) -> None:
    folder, body, issued = saved
    bundle = body.bundle(issued)
    in_memory = check(bundle, body.ledger.state, now=body.ledger.now)
    assert ask(folder, body, bundle).dump() == in_memory.dump()


def test_a_ledger_that_is_not_followed_gives_no_evidence(saved: tuple[Path, Body, Issued]) -> None:
    folder, body, issued = saved
    report = ask(folder, body, body.bundle(issued), origins=(OTHER,))
    assert report.checks[2].code == "ledger_unknown"


@pytest.mark.parametrize("damage", ["absent", "no database", "of another ledger", "other version"])
def test_a_state_that_cannot_be_opened_could_not_be_checked(
    saved: tuple[Path, Body, Issued], damage: str
) -> None:
    folder, body, issued = saved
    file = ledger_file(folder, ORIGIN)
    if damage == "absent":
        file.unlink()
    elif damage == "no database":
        file.write_bytes(b"x" * 4096)
    else:
        change = {"of another ledger": ("origin", OTHER), "other version": ("version", "99")}
        with closing(sqlite3.connect(file)) as connection, connection:
            name, value = change[damage]
            connection.execute("UPDATE meta SET value = ? WHERE name = ?", (value, name))
    report = ask(folder, body, body.bundle(issued))
    assert report.verdict is Verdict.COULD_NOT_BE_CHECKED
    assert report.checks[2].code == "ledger_unreachable"


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE event SET body = x'7b'", "UPDATE event SET kind = 'nonsense'",
        "UPDATE event SET body = x'5b5d'", "DROP TABLE event",
    ],
)  # fmt: skip
def test_damage_found_while_reading_is_never_the_documents_fault(
    saved: tuple[Path, Body, Issued], damage: str
) -> None:
    folder, body, issued = saved
    with closing(sqlite3.connect(ledger_file(folder, ORIGIN))) as connection, connection:
        connection.execute(damage)
    with pytest.raises(Unavailable) as refused:
        ask(folder, body, body.bundle(issued))
    assert refused.value.code == "ledger_state_damaged"


def test_a_file_that_was_removed_and_made_anew_is_read_anew(
    saved: tuple[Path, Body, Issued],
) -> None:
    folder, body, issued = saved
    bundle, file = body.bundle(issued), ledger_file(folder, ORIGIN)
    with closing(Sources(folder, (ORIGIN,))) as sources:

        def verdict() -> Verdict:
            with sources.evidence(ORIGIN) as evidence:
                return check(bundle, evidence, now=body.ledger.now).verdict

        assert verdict() is Verdict.GENUINE_AND_IN_FORCE
        body.declare(issued.slot, State.SUSPENDED)
        fresh = folder / "fresh" / "state.db"
        body.ledger.save(fresh)
        for part in file.parent.glob(f"{file.name}*"):
            part.unlink()
        assert verdict() is Verdict.COULD_NOT_BE_CHECKED
        fresh.replace(file)
        assert verdict() is Verdict.NOT_VALID


def test_keys_texts_and_version_come_through_as_they_are_kept(tmp_path: Path) -> None:
    body = Body(MemoryLedger(), 1).join(Role.AUTHORITY)
    body.publish(NoticeKind.POLICY, b"the policy")
    digest = hashlib.sha256(b"the policy").digest()
    file = ledger_file(tmp_path, ORIGIN)
    with closing(Sources(tmp_path, (ORIGIN,))) as sources:
        with sources.evidence(ORIGIN) as nothing:
            assert nothing is not None
            assert (nothing.keys(""), nothing.text(digest)) == ((), None)
            assert nothing.registry_version is None
        body.ledger.save(file)
        with sources.evidence(ORIGIN) as evidence:
            assert evidence is not None
            assert list(evidence.keys("")) == list(body.ledger.state.keys(""))
            assert (evidence.text(digest), evidence.text(bytes(32))) == (b"the policy", None)
            assert evidence.registry_version is not None


@pytest.mark.parametrize("part", ["keys", "text", "registry_version"])
def test_damage_is_unavailable_whatever_is_asked(tmp_path: Path, part: str) -> None:
    body = Body(MemoryLedger(), 1).join(Role.AUTHORITY)
    body.publish(NoticeKind.POLICY, b"the policy")
    body.ledger.save(ledger_file(tmp_path, ORIGIN))
    with closing(sqlite3.connect(ledger_file(tmp_path, ORIGIN))) as connection, connection:
        connection.execute(f"DROP TABLE {'text' if part == 'text' else 'event'}")
    asking = {
        "keys": lambda evidence: evidence.keys("alert/"),
        "text": lambda evidence: evidence.text(bytes(32)),
        "registry_version": lambda evidence: evidence.registry_version,
    }
    with (
        closing(Sources(tmp_path, (ORIGIN,))) as sources,
        sources.evidence(ORIGIN) as evidence,
        pytest.raises(Unavailable) as refused,
    ):
        asking[part](evidence)
    assert refused.value.code == "ledger_state_damaged"
