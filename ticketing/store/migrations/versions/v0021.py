"""Boxes that share the store: which version each runs, and how its last update ended."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Make the table; each box writes its row by itself."""
    op.create_table(
        "box",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("version_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("machine", sa.String(128), nullable=False),
        sa.Column("update_before", sa.String(64)),
        sa.Column("update_after", sa.String(64)),
        sa.Column("update_step", sa.String(16)),
        sa.Column("update_reason", sa.String(16)),
        sa.Column("update_at", sa.BigInteger()),
        sa.Column("update_noted_at", sa.BigInteger()),
        sa.Column("taken_at", sa.BigInteger()),
        sa.Column("taken_by", sa.String(128)),
    )
