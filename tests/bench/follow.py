"""Following a ledger into the local mirror, beside web3.py reading the same events.

Web3.py decodes and forgets; the follower also reads and checks every block and its bloom filter,
and keeps blocks and events on disk.
"""

from __future__ import annotations

import time
from hashlib import sha256
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from contracts.calls import Declaration
from contracts.devchain.anvil import locate
from contracts.follower import Follower
from contracts.interfaces import CONTRACTS, artifact
from contracts.ledgerstore import LedgerStore
from core.events import State
from core.issuer import did_of_endpoint
from tests.bench.measure import Result, in_turns, ratio
from tests.support.anvil import bare_anvil
from tests.support.ledger import MadeLedger, deploy_test_ledger

_TRANSACTIONS, _EACH = 20, 100


def main(seconds: float) -> Result:
    """Follow 2,000 status events from nothing."""
    events = _TRANSACTIONS * _EACH
    result = Result("follow", f"reading {events:,} status events in {_TRANSACTIONS} blocks")
    with (
        TemporaryDirectory() as folder,
        bare_anvil(str(locate())) as url,
        deploy_test_ledger(url, ("CN",)) as made,
    ):
        _declare(made)
        web3 = made.ledger.chain.web3
        abi = artifact(CONTRACTS["statuses"])["abi"]
        contract = web3.eth.contract(
            address=web3.to_checksum_address(made.ledger.contracts["statuses"]), abi=abi
        )
        numbers = count()

        def follow() -> None:
            file = Path(folder) / f"{next(numbers)}.db"
            store = LedgerStore.open(file, made.origin, did_of_endpoint)
            Follower(made.ledger, store).catch_up()
            store.close()

        def peers() -> None:
            found = contract.events.StatusDeclared().get_logs(from_block=0, to_block="latest")
            assert len(found) == events

        result.samples = in_turns(
            {
                "web3.py get_logs": peers,
                "our reading alone": lambda: made.ledger.events(0, made.ledger.head().block),
                "our follower, kept on disk": follow,
            },
            seconds=seconds,
        )
    peer = result.samples["web3.py get_logs"]
    names = ("our follower, kept on disk", "our reading alone")
    result.figures = {
        f"{name}, each event": f"{result.samples[name].minimum / events * 1e6:.0f} µs"
        for name in result.samples
    }
    result.at_least("follower ingest, peer ÷ ours", ratio(peer, result.samples[names[0]]), 8)
    return result


def _declare(made: MadeLedger) -> None:
    now = int(time.time())
    member = made.members[0].operating
    for batch in range(_TRANSACTIONS):
        slots = (sha256(b"%d/%d" % (batch, n)).digest() for n in range(_EACH))
        declared = [Declaration(slot, State.SUSPENDED, 1, now, now + 86_400) for slot in slots]
        member.transact(made.calls.declare_many(declared))
