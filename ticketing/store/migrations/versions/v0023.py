"""Screens that show a self-service terminal, and what keeps a screen from being switched off or on."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Add the columns, which programs before them leave alone."""
    op.add_column("screen", sa.Column("terminal", sa.String(64)))
    op.add_column("screen", sa.Column("switch_trouble", sa.String(255)))
