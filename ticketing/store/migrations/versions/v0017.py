"""When people were told of an alert last, so that they can be reminded of it."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Add the column; those that stand were told as they were raised."""
    op.add_column("alert", sa.Column("told_at", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute("UPDATE alert SET told_at = raised_at")
