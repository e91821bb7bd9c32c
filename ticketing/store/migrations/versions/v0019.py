"""Numbers that boxes hold for the time without the store, and what they did in it."""

import sqlalchemy as sa
from alembic import op

from ticketing.store.migrations.versions.v0001 import ID

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "number_lease",
        sa.Column("holder", sa.String(length=32), primary_key=True),
        sa.Column("box", sa.String(length=64), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "number_block",
        sa.Column("id", ID, primary_key=True),
        sa.Column("hall_day", sa.String(length=10), nullable=False),
        sa.Column("prefix", sa.String(length=4), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("next", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("holder", sa.String(length=32)),
        sqlite_autoincrement=True,
    )
    op.create_index("number_block_of_day", "number_block", ["hall_day", "prefix", "first"])
    op.create_table(
        "merged_record",
        sa.Column("id", sa.String(length=128), primary_key=True),
        sa.Column("box", sa.String(length=64), nullable=False),
        sa.Column("hall_day", sa.String(length=10), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("merged_at", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(length=32)),
        sa.Column("sealed", sa.LargeBinary()),
    )
    op.create_index("merged_record_noted", "merged_record", ["hall_day", "note"])
