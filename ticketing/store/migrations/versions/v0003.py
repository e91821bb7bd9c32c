"""The climate of zones: a sparse curve for the manager."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "climate",
        sa.Column("at", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("zone", sa.String(length=64), primary_key=True),
        sa.Column("temperature", sa.Integer()),
        sa.Column("humidity", sa.Integer()),
        sa.Column("on_seconds", sa.Integer()),
    )
