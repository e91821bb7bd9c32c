"""Matters, apart from queues: what they need, which ones a ticket carries, which one a case is of."""

import sqlalchemy as sa
from alembic import op

from ticketing.store.migrations.versions.v0001 import partial_index

revision = "0010"
down_revision = "0009"


def _words(name: str, default: str = "") -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False, server_default=default)


def upgrade() -> None:
    """Add the table, and the columns of tickets and cases, which are of no matter until now."""
    op.create_table(
        "matter",
        sa.Column("id", sa.String(length=64), primary_key=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        _words("name_en"),
        sa.Column("audience", sa.String(length=16), nullable=False),
        sa.Column("theme", sa.Text(), nullable=False),
        _words("theme_en"),
        sa.Column("service_id", sa.String(length=64), nullable=False),
        _words("words", "[]"),
        _words("pinyin", "[]"),
        *map(_words, ("task_code", "task_handle_item", "area_code", "who", "who_en")),
        _words("papers", "[]"),
        *map(_words, ("fee", "fee_en")),
        sa.Column("statutory_days", sa.Integer()),
        sa.Column("promised_days", sa.Integer()),
        *map(_words, ("guide", "guide_en")),
        sa.Column("resident_fields", sa.Text()),
        sa.Column("applies", sa.Boolean(), nullable=False, server_default=sa.false()),
        _words("form"),
        sa.Column("removed_at", sa.BigInteger()),
    )
    op.add_column("ticket", sa.Column("matters", sa.Text()))
    op.add_column("case_file", sa.Column("matter_id", sa.String(length=64)))
    op.create_index("ticket_matters", "ticket", ["hall_day", "matters"], **partial_index("matters IS NOT NULL"))
