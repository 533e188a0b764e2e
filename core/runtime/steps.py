"""The steps from a record to its final anchor, each named once.

Decides nothing; this is the one list. Every place where something takes effect outside the
process (a commit, a request to the chain node, a line of the chain's journal, a use of a key)
names its step here, so that tests can break it there in both forms (``core/runtime/faults.py``).
S0 … S6 are the points of ``docs/life-of-a-certificate.md``; co-signing adds S7 and S8 later.
"""

from enum import StrEnum


class Step(StrEnum):
    """A step; the value is its name outside the code."""

    # -- the web process, and the commands that write to the database
    RECEIPT_KEPT = "receipt_kept"  # S1: commit of record, receipt, idempotency key
    CLAIM_KEPT = "claim_kept"  # commit of the idempotency key of a register
    ORDER_KEPT = "order_kept"  # commit of a status change that somebody asked for
    ACT_KEPT = "act_kept"  # commit of an act in the network that somebody asked for

    # -- the worker's keys
    KEY_OPENED = "key_opened"  # a key file is read
    DOCUMENT_SIGNED = "document_signed"  # by the assertion key: an envelope, a status list
    TRANSACTION_SIGNED = "transaction_signed"  # by the operating account

    # -- the worker's commits
    CREDENTIALS_KEPT = "credentials_kept"  # slots, envelopes, leaves, and the receipts' state
    BATCH_KEPT = "batch_kept"  # S2: the frozen batch and every leaf's place
    TRANSACTION_KEPT = "transaction_kept"  # S3: raw bytes, nonce, and what they are for
    SENDING_KEPT = "sending_kept"  # that the chain node has taken it
    ENDING_KEPT = "ending_kept"  # what became of a transaction, once it is final
    ANCHOR_KEPT = "anchor_kept"  # S6: the anchor's place on the ledger
    RECORDING_KEPT = "recording_kept"  # a status change's or act's place on the ledger
    RETURN_KEPT = "return_kept"  # batch, change or act taken back, to be sent in a new one
    REFUSAL_KEPT = "refusal_kept"  # an end without an anchor, and why
    LIST_KEPT = "list_kept"  # a signed status list
    BLOCKS_KEPT = "blocks_kept"  # the followed ledger's next blocks, in the mirror

    # -- the worker's requests to the chain node
    CHAIN_ASKED = "chain_asked"  # any request that changes nothing there
    TRANSACTION_SENT = "transaction_sent"  # S4: eth_sendRawTransaction

    # -- the development chain's supervisor
    TRANSACTION_JOURNALLED = "transaction_journalled"  # written, not yet durable
    BLOCK_JOURNALLED = "block_journalled"  # number, time, transactions of the next block
    HEAD_JOURNALLED = "head_journalled"  # the hash that the block turned out to have
    JOURNAL_SYNCED = "journal_synced"  # all that was written is durable
    BLOCK_MINED = "block_mined"  # S5: anvil makes the journalled block
