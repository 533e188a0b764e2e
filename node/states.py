"""The states that things of the node pass through, each named once.

Decides nothing but the words. A receipt goes received → issued → sealed → sent → anchored, or
ends as refused with a code; of these only received, issued and refused are kept with the receipt,
because the rest is the state of its batch and must not be able to say anything else.
"""

from enum import StrEnum


class IntakeMode(StrEnum):
    """What intake does with a record that the body is not accredited for."""

    STRICT = "strict"
    WARN = "warn"


class ReceiptState(StrEnum):
    """How far a record has come. Only the last two are ends."""

    RECEIVED = "received"  # durable here; nothing is signed yet
    ISSUED = "issued"  # both envelopes are signed and stored
    SEALED = "sealed"  # both leaves stand in a batch
    SENT = "sent"  # the batch's transaction is signed, stored and on its way
    ANCHORED = "anchored"  # final on the ledger
    REFUSED = "refused"  # will not be anchored; the receipt's refusal says why


class BatchState(StrEnum):
    """How far a batch has come."""

    SEALED = "sealed"
    SENT = "sent"
    ANCHORED = "anchored"
    REFUSED = "refused"


class OutgoingState(StrEnum):
    """What became of a signed transaction."""

    SIGNED = "signed"  # stored; perhaps sent, perhaps not
    SENT = "sent"  # the chain node has taken it
    DONE = "done"  # final, and it succeeded
    FAILED = "failed"  # final, and it reverted
    REPLACED = "replaced"  # its nonce was used by another transaction; it can never be mined


class OutgoingKind(StrEnum):
    """What a transaction does."""

    FENCE = "fence"
    ANCHOR = "anchor"
    DECLARE = "declare"
    ACT = "act"


class DeclarationState(StrEnum):
    """How far a declaration has come. Only the last two are ends."""

    WAITING = "waiting"  # for the successor to be issued
    RECEIVED = "received"
    SENT = "sent"
    RECORDED = "recorded"
    REFUSED = "refused"


class ActKind(StrEnum):
    """What a body does in the network, beside its certificates."""

    ACCREDITATION = "accreditation"
    ARRANGEMENT = "arrangement"
    PARTY = "party"  # of an arrangement
    NOTICE = "notice"
    LIFT = "lift"  # of a risk alert
    KEY_ASSURANCE = "key_assurance"
    PROPOSAL = "proposal"
    VOTE = "vote"
    CARRYING_OUT = "carrying_out"  # of a proposal that passed


class ActState(StrEnum):
    """How far an act has come. Only the last two are ends."""

    RECEIVED = "received"
    SENT = "sent"
    RECORDED = "recorded"
    REFUSED = "refused"


class Envelope(StrEnum):
    """The two forms in which a credential is issued; each is one leaf."""

    SELECTIVE = "selective"  # vc+sd-jwt: fields can be held back
    PLAIN = "plain"  # vc+jwt: whole, for tools that know nothing else
