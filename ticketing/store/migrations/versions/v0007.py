"""The audit log: whom an entry is about, and a MAC whose key moves on."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the columns; entries that are there have neither, and the log goes on from them."""
    op.add_column("access_log", sa.Column("subject", sa.LargeBinary(length=32)))
    op.add_column("access_log", sa.Column("mac", sa.LargeBinary(length=32)))
