"""Paper that is no ticket's: closing slips."""

import sqlalchemy as sa
from alembic import op

from ticketing.store.migrations.versions.v0001 import ID

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Let a print job be without a ticket, and say what it prints."""
    # SQLite makes the table anew, and forgets that no id is given twice.
    with op.batch_alter_table("print_job", table_kwargs={"sqlite_autoincrement": True}) as job:
        job.alter_column("ticket_id", existing_type=ID, nullable=True)
        job.add_column(sa.Column("paper", sa.String(length=16)))
