"""Ticket codes that are kept nowhere, and residents' data that only they open."""

import sqlalchemy as sa
from alembic import op

from ticketing.store.migrations.versions.v0001 import ID

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the tables; a program that has the key converts the residents of today when it opens the store."""
    with op.batch_alter_table("resident") as resident:
        resident.alter_column("sealed", existing_type=sa.LargeBinary(), nullable=True)
        resident.add_column(sa.Column("case_of", sa.LargeBinary()))
    op.create_table(
        "slip_code",
        sa.Column("code_hash", sa.LargeBinary(length=32), primary_key=True),
        sa.Column("ticket_id", ID, sa.ForeignKey("ticket.id"), nullable=False),
        sa.Column("hall_day", sa.String(length=10), nullable=False),
        sa.Column("sealed", sa.LargeBinary()),
    )
    op.create_index("ix_slip_code_ticket_id", "slip_code", ["ticket_id"])
    op.create_index("ix_slip_code_hall_day", "slip_code", ["hall_day"])
    op.create_table(
        "reading_key",
        sa.Column("box", sa.String(length=64), primary_key=True),
        sa.Column("public", sa.LargeBinary(length=32), nullable=False),
        sa.Column("mac", sa.LargeBinary(length=32), nullable=False),
    )
    op.create_table(
        "serving",
        sa.Column("ticket_id", ID, sa.ForeignKey("ticket.id"), primary_key=True),
        sa.Column("box", sa.String(length=64), primary_key=True),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
    )
