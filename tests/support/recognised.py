"""Moves of recognition on a real ledger: CN certifies, DE accredits, BR is an authority."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from contracts.calls import Call, Notice
from contracts.interfaces import LedgerRefused
from contracts.ledgerstore import LedgerStore
from core.events import (
    Event,
    NoticeKind,
)
from tests.support.ledger import MadeLedger, Member

COVERAGE = '{"ISO 9001":["03","19"]}'
NOW = 1_700_000_000  # any time not over a year ahead of the chain's
TEXT = b"We recognise each other."


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
