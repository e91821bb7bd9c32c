"""Bookings and cancellations that can be taken back for some minutes."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the column; what was booked or cancelled before is not taken back."""
    op.add_column("appointment", sa.Column("take_back_until", sa.BigInteger()))
