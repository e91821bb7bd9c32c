"""Screens that show more: a theme, and a token of their own for the kiosk and the second screen at a window."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("screen", sa.Column("theme", sa.String(16)))
    op.add_column("screen", sa.Column("token_hash", sa.LargeBinary(32)))
    op.add_column("screen", sa.Column("box", sa.String(64)))
