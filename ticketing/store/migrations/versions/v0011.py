"""Calls for help, notices, and the zone of a window."""

import sqlalchemy as sa
from alembic import op

from ticketing.store.migrations.versions.v0001 import ID, partial_index

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the tables; no window has a zone yet."""
    op.add_column("window", sa.Column("zone", sa.String(length=64), nullable=False, server_default=""))
    op.create_table(
        "help_call",
        sa.Column("id", ID, primary_key=True),
        sa.Column("hall_day", sa.String(length=10), nullable=False),
        sa.Column("place_kind", sa.String(length=16), nullable=False),
        sa.Column("place", sa.String(length=64), nullable=False),
        sa.Column("ticket_id", ID, sa.ForeignKey("ticket.id")),
        sa.Column("reason", sa.String(length=16), nullable=False, server_default=""),
        sa.Column("emergency", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("called_at", sa.BigInteger(), nullable=False),
        sa.Column("called_by", sa.String(length=64), nullable=False),
        sa.Column("answered_at", sa.BigInteger()),
        sa.Column("answered_by", sa.String(length=64)),
        sa.Column("answered_from", sa.String(length=64), nullable=False, server_default=""),
        sa.Column("done_at", sa.BigInteger()),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_help_call_hall_day", "help_call", ["hall_day"])
    op.create_index("ix_help_call_ticket_id", "help_call", ["ticket_id"])
    op.create_index(
        "help_call_open",
        "help_call",
        ["hall_day", "emergency", "place_kind", "place"],
        unique=True,
        **partial_index("done_at IS NULL"),
    )
    op.create_table(
        "notice",
        sa.Column("id", ID, primary_key=True),
        sa.Column("text", sa.Text(), nullable=False, server_default=""),
        sa.Column("text_en", sa.Text(), nullable=False, server_default=""),
        sa.Column("media", sa.String(length=80)),
        sa.Column("from_at", sa.BigInteger()),
        sa.Column("until_at", sa.BigInteger()),
        sa.Column("zones", sa.Text(), nullable=False, server_default="[]"),
        sa.Column("service_id", sa.String(length=64)),
        sa.Column("window_id", sa.String(length=64)),
        sa.Column("priority", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sqlite_autoincrement=True,
    )
