"""Alerts: what stands badly in the hall, since when, and until when."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "alert",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=160), nullable=False),
        sa.Column("raised_at", sa.BigInteger(), nullable=False),
        sa.Column("calm_since", sa.BigInteger()),
        sa.Column("cleared_at", sa.BigInteger()),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    standing = sa.text("cleared_at IS NULL")
    op.create_index(
        "alert_standing", "alert", ["kind", "subject"], unique=True, sqlite_where=standing, postgresql_where=standing
    )
