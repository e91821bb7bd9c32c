"""What windows do while their box is cut off from the store, in the box's own file."""

import sqlalchemy as sa
from alembic import op

from ticketing.store.migrations.versions.v0001 import ID

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "handed_over",
        sa.Column("ticket_id", sa.BigInteger(), primary_key=True, autoincrement=False),
    )
    op.create_table(
        "window_step",
        sa.Column("seq", ID, primary_key=True),
        sa.Column("hall_day", sa.String(length=10), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("ticket_id", sa.BigInteger()),
        sa.Column("body", sa.Text(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_window_step_ticket_id", "window_step", ["ticket_id"])
