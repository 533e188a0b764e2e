"""The whole life cycle: orders that wait for a successor, and decisions that stay at home."""

import sqlalchemy as sa
from alembic import op

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("declaration", sa.Column("order_id", sa.String(length=22), nullable=True))
    op.add_column("declaration", sa.Column("successor_id", ID, nullable=True))
    op.create_index(
        op.f("ix_declaration_successor_id"), "declaration", ["successor_id"], unique=False
    )
    op.create_table(
        "decision",
        sa.Column("id", ID, nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.Column("change", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Integer(), nullable=False),
        sa.Column("decided_on", sa.BigInteger(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
        sa.UniqueConstraint("public_id", name=op.f("uq_decision_public_id")),
    )
    op.create_index(
        op.f("ix_decision_number_change"), "decision", ["number", "change"], unique=False
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_decision_number_change"), table_name="decision")
    op.drop_table("decision")
    op.drop_index(op.f("ix_declaration_successor_id"), table_name="declaration")
    op.drop_column("declaration", "successor_id")
    op.drop_column("declaration", "order_id")
