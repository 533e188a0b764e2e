"""Acts: what a body does in the network beside its certificates."""

import sqlalchemy as sa
from alembic import op

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "act",
        sa.Column("id", ID, nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("arguments", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("target", sa.String(length=42), nullable=False),
        sa.Column("call", sa.LargeBinary(), nullable=False),
        sa.Column("expected", sa.LargeBinary(), nullable=False),
        sa.Column("after_block", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("refusal", sa.String(length=64), nullable=True),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("outgoing_id", ID, nullable=True),
        sa.Column("recorded_block", sa.BigInteger(), nullable=True),
        sa.Column("recorded_index", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["outgoing_id"], ["outgoing.id"], name=op.f("fk_act_outgoing_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_act")),
        sa.UniqueConstraint("public_id", name=op.f("uq_act_public_id")),
    )
    op.create_index(op.f("ix_act_state_id"), "act", ["state", "id"], unique=False)
    op.create_index(op.f("ix_act_digest"), "act", ["digest"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_act_digest"), table_name="act")
    op.drop_index(op.f("ix_act_state_id"), table_name="act")
    op.drop_table("act")
