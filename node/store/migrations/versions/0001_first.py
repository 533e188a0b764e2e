"""The first lay-out."""

import sqlalchemy as sa
from alembic import op

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_token",
        sa.Column("id", ID, nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("scopes", sa.String(length=100), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("revoked_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_token_digest")),
        sa.UniqueConstraint("public_id", name=op.f("uq_api_token_public_id")),
    )
    op.create_table(
        "idempotency",
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("body_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("answer", sa.String(length=22), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_idempotency")),
    )
    op.create_table(
        "meta",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_meta")),
    )
    op.create_table(
        "outgoing",
        sa.Column("id", ID, nullable=False),
        sa.Column("account", sa.String(length=42), nullable=False),
        sa.Column("nonce", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=True),
        sa.Column("target", sa.String(length=42), nullable=False),
        sa.Column("call", sa.LargeBinary(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("refusal", sa.String(length=64), nullable=True),
        sa.Column("signed_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outgoing")),
        sa.UniqueConstraint("account", "nonce", name=op.f("uq_outgoing_account_nonce")),
        sa.UniqueConstraint("hash", name=op.f("uq_outgoing_hash")),
    )
    op.create_index(op.f("ix_outgoing_state_id"), "outgoing", ["state", "id"], unique=False)
    op.create_table(
        "record",
        sa.Column("id", ID, nullable=False),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record")),
        sa.UniqueConstraint("number", "revision", name=op.f("uq_record_number_revision")),
    )
    op.create_table(
        "status_list",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("url", sa.String(length=250), nullable=False),
        sa.Column("token", sa.Text(), nullable=True),
        sa.Column("bits_digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("next_change", sa.BigInteger(), nullable=True),
        sa.Column("signed_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_status_list")),
        sa.UniqueConstraint("url", name=op.f("uq_status_list_url")),
    )
    op.create_table(
        "batch",
        sa.Column("id", ID, nullable=False),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("leaves", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("refusal", sa.String(length=64), nullable=True),
        sa.Column("sealed_ms", sa.BigInteger(), nullable=False),
        sa.Column("outgoing_id", ID, nullable=True),
        sa.Column("anchored_block", sa.BigInteger(), nullable=True),
        sa.Column("anchored_index", sa.BigInteger(), nullable=True),
        sa.Column("anchored_time", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["outgoing_id"], ["outgoing.id"], name=op.f("fk_batch_outgoing_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch")),
        sa.UniqueConstraint("root", name=op.f("uq_batch_root")),
    )
    op.create_index(op.f("ix_batch_state"), "batch", ["state"], unique=False)
    op.create_table(
        "receipt",
        sa.Column("id", ID, nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("record_id", ID, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("refusal", sa.String(length=64), nullable=True),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], name=op.f("fk_receipt_record_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt")),
        sa.UniqueConstraint("public_id", name=op.f("uq_receipt_public_id")),
        sa.UniqueConstraint("record_id", name=op.f("uq_receipt_record_id")),
    )
    op.create_index(op.f("ix_receipt_state_id"), "receipt", ["state", "id"], unique=False)
    op.create_table(
        "credential",
        sa.Column("id", ID, nullable=False),
        sa.Column("record_id", ID, nullable=False),
        sa.Column("list_number", sa.Integer(), nullable=False),
        sa.Column("list_index", sa.Integer(), nullable=False),
        sa.Column("slot", sa.LargeBinary(length=32), nullable=False),
        sa.Column("selective", sa.Text(), nullable=False),
        sa.Column("plain", sa.Text(), nullable=False),
        sa.Column("thumbprint", sa.String(length=43), nullable=False),
        sa.Column("issued_ms", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", ID, nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_credential_batch_id")),
        sa.ForeignKeyConstraint(
            ["list_number"], ["status_list.number"], name=op.f("fk_credential_list_number")
        ),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], name=op.f("fk_credential_record_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credential")),
        sa.UniqueConstraint(
            "list_number", "list_index", name=op.f("uq_credential_list_number_list_index")
        ),
        sa.UniqueConstraint("record_id", name=op.f("uq_credential_record_id")),
        sa.UniqueConstraint("slot", name=op.f("uq_credential_slot")),
    )
    op.create_index(
        op.f("ix_credential_batch_id_id"), "credential", ["batch_id", "id"], unique=False
    )
    op.create_table(
        "declaration",
        sa.Column("id", ID, nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("credential_id", ID, nullable=False),
        sa.Column("slot", sa.LargeBinary(length=32), nullable=False),
        sa.Column("code", sa.SmallInteger(), nullable=False),
        sa.Column("reason", sa.Integer(), nullable=False),
        sa.Column("effective_at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("linked_member", sa.BigInteger(), nullable=False),
        sa.Column("linked_slot", sa.LargeBinary(length=32), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("refusal", sa.String(length=64), nullable=True),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("outgoing_id", ID, nullable=True),
        sa.Column("recorded_block", sa.BigInteger(), nullable=True),
        sa.Column("recorded_index", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["credential_id"], ["credential.id"], name=op.f("fk_declaration_credential_id")
        ),
        sa.ForeignKeyConstraint(
            ["outgoing_id"], ["outgoing.id"], name=op.f("fk_declaration_outgoing_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_declaration")),
        sa.UniqueConstraint("public_id", name=op.f("uq_declaration_public_id")),
    )
    op.create_index(
        op.f("ix_declaration_credential_id"), "declaration", ["credential_id"], unique=False
    )
    op.create_index(
        op.f("ix_declaration_outgoing_id"), "declaration", ["outgoing_id"], unique=False
    )
    op.create_index(op.f("ix_declaration_state_id"), "declaration", ["state", "id"], unique=False)
    op.create_table(
        "leaf",
        sa.Column("credential_id", ID, nullable=False),
        sa.Column("envelope", sa.String(length=9), nullable=False),
        sa.Column("salt", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["credential_id"], ["credential.id"], name=op.f("fk_leaf_credential_id")
        ),
        sa.PrimaryKeyConstraint("credential_id", "envelope", name=op.f("pk_leaf")),
    )


def downgrade() -> None:
    op.drop_table("leaf")
    op.drop_index(op.f("ix_declaration_state_id"), table_name="declaration")
    op.drop_index(op.f("ix_declaration_outgoing_id"), table_name="declaration")
    op.drop_index(op.f("ix_declaration_credential_id"), table_name="declaration")
    op.drop_table("declaration")
    op.drop_index(op.f("ix_credential_batch_id_id"), table_name="credential")
    op.drop_table("credential")
    op.drop_index(op.f("ix_receipt_state_id"), table_name="receipt")
    op.drop_table("receipt")
    op.drop_index(op.f("ix_batch_state"), table_name="batch")
    op.drop_table("batch")
    op.drop_table("status_list")
    op.drop_table("record")
    op.drop_index(op.f("ix_outgoing_state_id"), table_name="outgoing")
    op.drop_table("outgoing")
    op.drop_table("meta")
    op.drop_table("idempotency")
    op.drop_table("api_token")
