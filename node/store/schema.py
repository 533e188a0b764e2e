"""The tables of the node's database.

Decides what is kept and which facts the database itself guarantees: one record per certificate
number and revision, one receipt and one credential per record, one credential per slot, both
leaves of a credential in one batch (the batch is named by the credential, not by its leaves), one
transaction per account and nonce.

Only ``record.content``, ``credential.selective`` and ``credential.plain`` hold certificate
content; nothing of it appears in any other column. Our own times are Unix milliseconds (names in
``_ms``); times of the ledger and of declarations are Unix seconds, as there.
"""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

REVISION: Final = "0003"
"""The migration this code works with; a test compares it with the newest one."""

AnyRow = Row[*tuple[Any, ...]]
"""A row whose columns are told by the query that gave it."""

_NAMES: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
_Id = BigInteger().with_variant(Integer, "sqlite")
_PUBLIC_ID_CHARS: Final = 22
_STATE_CHARS: Final = 10
_CODE_CHARS: Final = 64
_ADDRESS_CHARS: Final = 42

metadata: Final = MetaData(naming_convention=_NAMES)

# Single facts, such as the fence this node last claimed.
meta = Table(
    "meta",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", String(200), nullable=False),
)

# The body's full data on one certificate, as RFC 8785 bytes.
record = Table(
    "record",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("number", String(60), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    UniqueConstraint("number", "revision"),
)

# Intake's answer, and the outbox row of the record: written in the same commit.
receipt = Table(
    "receipt",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("public_id", String(_PUBLIC_ID_CHARS), nullable=False, unique=True),
    Column("record_id", _Id, ForeignKey("record.id"), nullable=False, unique=True),
    Column("state", String(_STATE_CHARS), nullable=False),
    Column("refusal", String(_CODE_CHARS)),
    Column("received_ms", BigInteger, nullable=False),
    Index(None, "state", "id"),
)

# Which answer a request with this key got, and to which body.
idempotency = Table(
    "idempotency",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("body_digest", LargeBinary(32), nullable=False),
    Column("answer", String(_PUBLIC_ID_CHARS), nullable=False),
    Column("received_ms", BigInteger, nullable=False),
)

# The signed Bitstring status lists, served as they stand here.
status_list = Table(
    "status_list",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("url", String(250), nullable=False, unique=True),
    Column("token", Text),
    Column("bits_digest", LargeBinary(32)),
    Column("next_change", BigInteger),
    Column("signed_ms", BigInteger),
)

batch = Table(
    "batch",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("root", LargeBinary(32), nullable=False, unique=True),
    Column("size", Integer, nullable=False),
    Column("leaves", LargeBinary, nullable=False),
    Column("state", String(_STATE_CHARS), nullable=False),
    Column("refusal", String(_CODE_CHARS)),
    Column("sealed_ms", BigInteger, nullable=False),
    Column("outgoing_id", _Id, ForeignKey("outgoing.id")),
    Column("anchored_block", BigInteger),
    Column("anchored_index", BigInteger),
    Column("anchored_time", BigInteger),
    Index(None, "state"),
)

# A record, signed: a slot and two tokens. ``batch_id`` is null until it is sealed.
credential = Table(
    "credential",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("record_id", _Id, ForeignKey("record.id"), nullable=False, unique=True),
    Column("list_number", Integer, ForeignKey("status_list.number"), nullable=False),
    Column("list_index", Integer, nullable=False),
    Column("slot", LargeBinary(32), nullable=False, unique=True),
    Column("selective", Text, nullable=False),
    Column("plain", Text, nullable=False),
    Column("thumbprint", String(43), nullable=False),
    Column("issued_ms", BigInteger, nullable=False),
    Column("batch_id", _Id, ForeignKey("batch.id")),
    UniqueConstraint("list_number", "list_index"),
    Index(None, "batch_id", "id"),
)

leaf = Table(
    "leaf",
    metadata,
    Column("credential_id", _Id, ForeignKey("credential.id"), primary_key=True),
    Column("envelope", String(9), primary_key=True),
    Column("salt", LargeBinary(32), nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("position", Integer),
)

# Transactions. The raw bytes are stored before they are sent, and sent again as they are.
outgoing = Table(
    "outgoing",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("account", String(_ADDRESS_CHARS), nullable=False),
    Column("nonce", BigInteger, nullable=False),
    Column("kind", String(_STATE_CHARS), nullable=False),
    Column("fence", BigInteger),
    Column("target", String(_ADDRESS_CHARS), nullable=False),
    Column("call", LargeBinary, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("hash", LargeBinary(32), nullable=False, unique=True),
    Column("state", String(_STATE_CHARS), nullable=False),
    Column("refusal", String(_CODE_CHARS)),
    Column("signed_ms", BigInteger, nullable=False),
    UniqueConstraint("account", "nonce"),
    Index(None, "state", "id"),
)

# A change of status. Those of one order go together. Until the successor it waits for is issued,
# the places of slots that are not known are zero.
declaration = Table(
    "declaration",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("public_id", String(_PUBLIC_ID_CHARS), nullable=False, unique=True),
    Column("credential_id", _Id, ForeignKey("credential.id"), nullable=False, index=True),
    Column("slot", LargeBinary(32), nullable=False),
    Column("code", SmallInteger, nullable=False),
    Column("reason", Integer, nullable=False),
    Column("effective_at", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("linked_member", BigInteger, nullable=False),
    Column("linked_slot", LargeBinary(32), nullable=False),
    Column("state", String(_STATE_CHARS), nullable=False),
    Column("refusal", String(_CODE_CHARS)),
    Column("received_ms", BigInteger, nullable=False),
    Column("outgoing_id", _Id, ForeignKey("outgoing.id"), index=True),
    Column("recorded_block", BigInteger),
    Column("recorded_index", BigInteger),
    Column("order_id", String(_PUBLIC_ID_CHARS)),
    Column("successor_id", _Id, index=True),
    Index(None, "state", "id"),
)

# What a body decides of a certificate that no ledger is told: maintained, refused.
decision = Table(
    "decision",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("public_id", String(_PUBLIC_ID_CHARS), nullable=False, unique=True),
    Column("number", String(60), nullable=False),
    Column("revision", Integer),
    Column("change", String(_STATE_CHARS), nullable=False),
    Column("reason", Integer, nullable=False),
    Column("decided_on", BigInteger, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Index(None, "number", "change"),
)

# What the body does in the network. ``arguments`` is what was asked for and ``expected`` the event
# that records it, both RFC 8785; ``call`` holds the text of a notice or an arrangement, which is
# public. Nothing the ledger recorded up to ``after_block`` counts as this act.
act = Table(
    "act",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("public_id", String(_PUBLIC_ID_CHARS), nullable=False, unique=True),
    Column("kind", String(20), nullable=False),
    Column("arguments", LargeBinary, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("sentence", Text, nullable=False),
    Column("target", String(_ADDRESS_CHARS), nullable=False),
    Column("call", LargeBinary, nullable=False),
    Column("expected", LargeBinary, nullable=False),
    Column("after_block", BigInteger, nullable=False),
    Column("state", String(_STATE_CHARS), nullable=False),
    Column("refusal", String(_CODE_CHARS)),
    Column("received_ms", BigInteger, nullable=False),
    Column("outgoing_id", _Id, ForeignKey("outgoing.id")),
    Column("recorded_block", BigInteger),
    Column("recorded_index", BigInteger),
    Index(None, "state", "id"),
    Index(None, "digest"),
)

# Tokens of the node's API. Only their SHA-256 is kept.
api_token = Table(
    "api_token",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("public_id", String(_PUBLIC_ID_CHARS), nullable=False, unique=True),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("name", String(100), nullable=False),
    Column("scopes", String(100), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("revoked_ms", BigInteger),
)
