"""What a service needs of a resident's card."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column; a service of before keeps everything, as it did."""
    op.add_column("service", sa.Column("resident_fields", sa.Text()))
