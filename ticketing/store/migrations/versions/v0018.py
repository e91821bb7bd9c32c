"""Screens: which shows what, and by which code a technician says so."""

import sqlalchemy as sa
from alembic import op

from ticketing.store.migrations.versions.v0001 import ID

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "screen",
        sa.Column("id", ID, primary_key=True),
        sa.Column("secret_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("page", sa.String(16)),
        sa.Column("window_id", sa.String(64)),
        sa.Column("zone", sa.String(64), nullable=False, server_default=""),
        sa.Column("code", sa.String(8)),
        sa.Column("code_until", sa.BigInteger()),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_from", sa.String(64), nullable=False, server_default=""),
        sqlite_autoincrement=True,
    )
    op.create_index("screen_secret", "screen", ["secret_hash"], unique=True)
    op.create_index("screen_code", "screen", ["code"], unique=True)
