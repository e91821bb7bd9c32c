"""The first schema."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def partial_index(condition: str) -> dict[str, Any]:
    """The arguments by which an index covers only the rows with ``condition``, on either database."""
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "access_log",
        sa.Column("seq", ID, primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=True),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
    )
    op.create_table(
        "account",
        sa.Column("name", sa.String(length=64), primary_key=True),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("windows", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "answer",
        sa.Column("key_hash", sa.LargeBinary(length=32), primary_key=True),
        sa.Column("hall_day", sa.String(length=10), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_answer_hall_day", "answer", ["hall_day"])
    op.create_table(
        "counter",
        sa.Column("hall_day", sa.String(length=10), primary_key=True),
        sa.Column("prefix", sa.String(length=4), primary_key=True),
        sa.Column("last", sa.Integer(), nullable=False),
    )
    op.create_table(
        "day_key",
        sa.Column("hall_day", sa.String(length=10), primary_key=True),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("erased_at", sa.BigInteger(), nullable=True),
    )
    op.create_table(
        "event",
        sa.Column("seq", ID, primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "fact",
        sa.Column("name", sa.String(length=32), primary_key=True),
        sa.Column("value", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "service",
        sa.Column("id", sa.String(length=64), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("prefix", sa.String(length=4), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
    )
    op.create_table(
        "ticket",
        sa.Column("id", ID, primary_key=True),
        sa.Column("hall_day", sa.String(length=10), nullable=False),
        sa.Column("number", sa.String(length=16), nullable=False),
        sa.Column("service_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("priority", sa.String(length=32), nullable=False),
        sa.Column("rank_at", sa.BigInteger(), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("called_at", sa.BigInteger(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("window_id", sa.String(length=64), nullable=True),
        sa.Column("recalls", sa.Integer(), server_default="0", nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=True),
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("person_hash", sa.LargeBinary(length=32), nullable=True),
    )
    op.create_index(
        "ticket_at_window", "ticket", ["window_id"], unique=True, **partial_index("state IN ('called', 'serving')")
    )
    op.create_index("ticket_code", "ticket", ["code_hash"], unique=True)
    op.create_index(
        "ticket_figures",
        "ticket",
        ["hall_day", "window_id", "state", "called_at", "ended_at"],
        **partial_index("window_id IS NOT NULL"),
    )
    op.create_index(
        "ticket_next", "ticket", ["service_id", "hall_day", "rank_at", "id"], **partial_index("state = 'waiting'")
    )
    op.create_index("ticket_number", "ticket", ["hall_day", "number"], unique=True)
    op.create_index(
        "ticket_of_person",
        "ticket",
        ["hall_day", "person_hash", "service_id"],
        unique=True,
        **partial_index("state IN ('waiting', 'called', 'serving') AND person_hash IS NOT NULL"),
    )
    op.create_table(
        "token",
        sa.Column("hash", sa.LargeBinary(length=32), primary_key=True),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("windows", sa.Text(), nullable=False),
        sa.Column("terminal", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "window",
        sa.Column("id", sa.String(length=64), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
    )
    op.create_table(
        "login",
        sa.Column("hash", sa.LargeBinary(length=32), primary_key=True),
        sa.Column("account", sa.String(length=64), sa.ForeignKey("account.name", ondelete="CASCADE"), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "print_job",
        sa.Column("id", ID, primary_key=True),
        sa.Column("ticket_id", ID, sa.ForeignKey("ticket.id"), nullable=False),
        sa.Column("box", sa.String(length=64), nullable=False),
        sa.Column("copy", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_print_job_ticket_id", "print_job", ["ticket_id"])
    op.create_index(
        "print_job_unfinished", "print_job", ["box", "id"], **partial_index("state IN ('pending', 'sending')")
    )
    op.create_table(
        "resident",
        sa.Column("ticket_id", ID, sa.ForeignKey("ticket.id"), primary_key=True),
        sa.Column("hall_day", sa.String(length=10), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_resident_hall_day", "resident", ["hall_day"])
    op.create_table(
        "window_service",
        sa.Column("window_id", sa.String(length=64), sa.ForeignKey("window.id"), primary_key=True),
        sa.Column("service_id", sa.String(length=64), primary_key=True),
    )
