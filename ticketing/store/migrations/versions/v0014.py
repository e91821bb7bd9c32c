"""Figures of days and months that are over, added up once."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Make the table; it is filled from the others."""
    op.create_table(
        "figure_sum",
        sa.Column("period", sa.String(length=10), nullable=False),
        sa.Column("part", sa.String(length=16), nullable=False),
        sa.Column("sums", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("period", "part"),
    )
