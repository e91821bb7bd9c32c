"""Forms that were filled in at a terminal and handed in with a ticket."""

import sqlalchemy as sa
from alembic import op

from ticketing.store.migrations.versions.v0001 import ID

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "form_answer",
        sa.Column("ticket_id", ID, sa.ForeignKey("ticket.id"), primary_key=True),
        sa.Column("form_id", sa.String(length=64), primary_key=True),
        sa.Column("hall_day", sa.String(length=10), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_form_answer_hall_day", "form_answer", ["hall_day"])
    op.create_index("ix_form_answer_code_hash", "form_answer", ["code_hash"])
