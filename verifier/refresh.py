"""Keeps this verifier's copy of each ledger up to date. The only module here that reads a chain.

Decides nothing about certificates. A chain node that does not answer is tried again for ever; one
that answers for another chain, or for other code than the ledger's own directory names, is
refused and told in the log, while its ledger's certificates read "could not be checked".
"""

import threading
from contextlib import closing
from pathlib import Path

from core.credential import did_of_endpoint
from core.errors import ComityError, Unavailable
from core.runtime.logs import logger
from core.runtime.paths import ledger_file
from verifier.config import FollowedLedger, VerifierSettings

_RETRY_SECONDS = 5.0


def follow_all(folder: Path, settings: VerifierSettings, stop: threading.Event) -> None:
    """Follow every configured ledger until ``stop`` is set."""
    threads = [
        threading.Thread(
            target=_follow, args=(folder, ledger, settings.poll_seconds, stop), name=ledger.origin
        )
        for ledger in settings.ledgers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _follow(folder: Path, ledger: FollowedLedger, poll: float, stop: threading.Event) -> None:
    """Open and follow one ledger, again and again; a refusal is told each time it changes."""
    log = logger("refresh")
    told = ""
    while not stop.is_set():
        try:
            _follow_while_it_answers(folder, ledger, poll, stop)
        except Unavailable as absent:
            code = absent.code
        except ComityError as refused:
            code = refused.code
        else:
            return
        if code != told:
            log.warning("ledger_not_followed", ledger=ledger.origin, code=code)
            told = code
        stop.wait(_RETRY_SECONDS)


def _follow_while_it_answers(
    folder: Path, followed: FollowedLedger, poll: float, stop: threading.Event
) -> None:
    from contracts.chain import Chain
    from contracts.follower import Follower
    from contracts.ledgerstore import LedgerStore
    from contracts.reader import Ledger

    _, chain_id, directory = followed.origin.split("/")
    with closing(Chain(followed.rpc_url, int(chain_id))) as chain:
        ledger = Ledger.open(chain, directory)
        file = ledger_file(folder, followed.origin)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with closing(LedgerStore.open(file, followed.origin, did_of_endpoint)) as store:
            Follower(ledger, store).run(stop, poll)
