"""Applications made at a terminal: cases without a ticket, and what the window needs of them."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op

from ticketing.store.migrations.versions.v0001 import ID

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Allow cases without a ticket, and make the table."""
    with (
        _aside("rating", "work_item"),
        op.batch_alter_table("case_file", table_kwargs={"sqlite_autoincrement": True}) as case,
    ):
        case.alter_column("ticket_id", existing_type=ID, nullable=True)
    op.create_table(
        "application",
        sa.Column("case_id", ID, sa.ForeignKey("case_file.id"), primary_key=True, autoincrement=False),
        sa.Column("hall_day", sa.String(length=10), nullable=False),
        sa.Column("papers", sa.Text(), nullable=False, server_default="[]"),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_application_hall_day", "application", ["hall_day"])


@contextmanager
def _aside(*children: str) -> Iterator[None]:
    """Lay the rows aside that refer to cases: SQLite makes the table anew, and drops none that is referred to.

    ``children`` come in the order in which they refer to each other.
    """
    if op.get_bind().dialect.name != "sqlite":
        yield
        return
    for name in children:
        op.execute(f"CREATE TEMP TABLE aside_{name} AS SELECT * FROM {name}")  # noqa: S608 - our names
    for name in reversed(children):
        op.execute(f"DELETE FROM {name}")  # noqa: S608
    yield
    for name in children:
        op.execute(f"INSERT INTO {name} SELECT * FROM aside_{name}")  # noqa: S608
        op.execute(f"DROP TABLE aside_{name}")
