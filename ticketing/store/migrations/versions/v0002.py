"""Everything a hall asks of its queue: holding, chains, hours, quotas, appointments, cases, ratings."""

import sqlalchemy as sa
from alembic import op

from ticketing.store.migrations.versions.v0001 import ID, partial_index

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns and tables; who waits stands in the line of the service."""
    op.create_table(
        "appointment",
        sa.Column("id", ID, primary_key=True),
        sa.Column("service_id", sa.String(length=64), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("to_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("person_hash", sa.LargeBinary(length=32)),
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.String(length=16), nullable=False),
        sa.Column("ticket_id", sa.BigInteger()),
        sa.Column("ended_at", sa.BigInteger()),
        sqlite_autoincrement=True,
    )
    op.create_index("appointment_code", "appointment", ["code_hash"], unique=True)
    op.create_index(
        "appointment_of_person",
        "appointment",
        ["day", "service_id", "person_hash"],
        unique=True,
        **partial_index("state = 'booked' AND person_hash IS NOT NULL"),
    )
    op.create_index(
        "appointment_person", "appointment", ["person_hash", "day"], **partial_index("person_hash IS NOT NULL")
    )
    op.create_index("appointment_slot", "appointment", ["day", "service_id", "from_at"])
    op.create_table(
        "opening",
        sa.Column("service_id", sa.String(length=64), primary_key=True),
        sa.Column("weekday", sa.Integer(), primary_key=True),
        sa.Column("opens_at", sa.Integer(), primary_key=True),
        sa.Column("closes_at", sa.Integer(), nullable=False),
    )
    op.create_table(
        "quota",
        sa.Column("service_id", sa.String(length=64), primary_key=True),
        sa.Column("from_at", sa.Integer(), primary_key=True),
        sa.Column("to_at", sa.Integer(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
    )
    op.create_table(
        "slot",
        sa.Column("service_id", sa.String(length=64), primary_key=True),
        sa.Column("weekday", sa.Integer(), primary_key=True),
        sa.Column("from_at", sa.Integer(), primary_key=True),
        sa.Column("to_at", sa.Integer(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
    )
    op.create_table(
        "special_day",
        sa.Column("day", sa.String(length=10), primary_key=True),
        sa.Column("weekday", sa.Integer()),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), server_default="", nullable=False),
    )
    op.create_table(
        "used",
        sa.Column("hall_day", sa.String(length=10), primary_key=True),
        sa.Column("what", sa.String(length=160), primary_key=True),
        sa.Column("count", sa.Integer(), nullable=False),
    )
    op.create_table(
        "case_file",
        sa.Column("id", ID, primary_key=True),
        sa.Column("ticket_id", ID, sa.ForeignKey("ticket.id"), nullable=False),
        sa.Column("hall_day", sa.String(length=10), nullable=False),
        sa.Column("service_id", sa.String(length=64), nullable=False),
        sa.Column("window_id", sa.String(length=64), nullable=False),
        sa.Column("clerk", sa.String(length=64)),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("promised_on", sa.String(length=10)),
        sa.Column("progress", sa.String(length=16)),
        sa.Column("progress_at", sa.BigInteger()),
        sa.Column("progress_note", sa.Text()),
        sa.Column("code_hash", sa.LargeBinary(length=32)),
        sa.Column("person_hash", sa.LargeBinary(length=32)),
        sqlite_autoincrement=True,
    )
    op.create_index("case_code", "case_file", ["code_hash"], unique=True, **partial_index("code_hash IS NOT NULL"))
    op.create_index("case_day", "case_file", ["hall_day"])
    op.create_index("case_person", "case_file", ["person_hash"], **partial_index("person_hash IS NOT NULL"))
    op.create_index("case_ticket", "case_file", ["ticket_id"])
    op.create_table(
        "visit",
        sa.Column("id", ID, primary_key=True),
        sa.Column("ticket_id", ID, sa.ForeignKey("ticket.id"), nullable=False),
        sa.Column("hall_day", sa.String(length=10), nullable=False),
        sa.Column("service_id", sa.String(length=64), nullable=False),
        sa.Column("window_id", sa.String(length=64), nullable=False),
        sa.Column("clerk", sa.String(length=64)),
        sa.Column("queued_at", sa.BigInteger(), nullable=False),
        sa.Column("called_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger()),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_as", sa.String(length=16), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("visit_day", "visit", ["hall_day"])
    op.create_index("visit_ticket", "visit", ["ticket_id"])
    op.create_table(
        "rating",
        sa.Column("case_id", ID, sa.ForeignKey("case_file.id"), autoincrement=False, primary_key=True),
        sa.Column("grade", sa.Integer(), nullable=False),
        sa.Column("reasons", sa.Text(), server_default="[]", nullable=False),
        sa.Column("given_at", sa.BigInteger(), nullable=False),
        sa.Column("via", sa.String(length=16), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
    )
    op.create_index("rating_given", "rating", ["given_at"])
    op.create_table(
        "work_item",
        sa.Column("id", ID, primary_key=True),
        sa.Column("case_id", ID, sa.ForeignKey("rating.case_id"), nullable=False, unique=True),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("contact_by", sa.BigInteger(), nullable=False),
        sa.Column("settle_by", sa.BigInteger(), nullable=False),
        sa.Column("contacted_at", sa.BigInteger()),
        sa.Column("settled_at", sa.BigInteger()),
        sa.Column("who", sa.String(length=64)),
        sa.Column("note", sa.Text()),
        sqlite_autoincrement=True,
    )
    op.add_column("print_job", sa.Column("case_id", sa.BigInteger()))
    op.add_column("service", sa.Column("place", sa.Text(), server_default="", nullable=False))
    op.add_column("service", sa.Column("bring", sa.Text(), server_default="", nullable=False))
    op.add_column("service", sa.Column("bring_en", sa.Text(), server_default="", nullable=False))
    op.add_column("service", sa.Column("chain", sa.Text(), server_default="[]", nullable=False))
    op.add_column("service", sa.Column("per_person_day", sa.Integer()))
    op.add_column("service", sa.Column("promise_days", sa.Integer()))
    op.add_column("service", sa.Column("removed_at", sa.BigInteger()))
    op.add_column("ticket", sa.Column("line", sa.String(length=72), server_default="", nullable=False))
    op.add_column("ticket", sa.Column("rank_by", sa.String(length=16)))
    op.add_column("ticket", sa.Column("clerk", sa.String(length=64)))
    op.add_column("ticket", sa.Column("called_by", sa.String(length=16)))
    op.add_column("ticket", sa.Column("queued_at", sa.BigInteger()))
    op.add_column("ticket", sa.Column("held_until", sa.BigInteger()))
    op.add_column("ticket", sa.Column("hold_reason", sa.Text()))
    op.add_column("ticket", sa.Column("misses", sa.Integer(), server_default="0", nullable=False))
    op.add_column("ticket", sa.Column("chain", sa.Text()))
    op.add_column("ticket", sa.Column("appointment_id", sa.BigInteger()))
    op.add_column("ticket", sa.Column("agent_hash", sa.LargeBinary(length=32)))
    op.add_column("ticket", sa.Column("wrong_proofs", sa.Integer(), server_default="0", nullable=False))
    op.drop_index("ticket_next", table_name="ticket")
    op.create_index(
        "ticket_next", "ticket", ["line", "hall_day", "rank_at", "id"], **partial_index("state = 'waiting'")
    )
    op.create_index("ticket_held", "ticket", ["held_until"], **partial_index("state = 'held'"))
    if op.get_context().dialect.name == "postgresql":
        # Counted in the night, no ticket is of the day that comes, and who is next would then be looked for among all
        # of its tickets instead of in "ticket_next". Uncounted, a day is taken for one in two hundred.
        op.execute("ALTER TABLE ticket ALTER COLUMN hall_day SET STATISTICS 0")
    op.add_column("window", sa.Column("pause_text", sa.Text(), server_default="", nullable=False))
    op.add_column("window", sa.Column("pause_text_en", sa.Text(), server_default="", nullable=False))
    op.add_column("window", sa.Column("clerk", sa.String(length=64)))
    op.add_column("window", sa.Column("clerk_since", sa.BigInteger()))
    op.add_column("window", sa.Column("removed_at", sa.BigInteger()))
    op.add_column("window_service", sa.Column("head_start", sa.Integer(), server_default="0", nullable=False))
    op.execute("UPDATE ticket SET line = service_id WHERE state IN ('waiting', 'called', 'serving', 'missed')")
    # Who is held is still there: no second ticket for the same service meanwhile.
    op.drop_index("ticket_of_person", table_name="ticket")
    op.create_index(
        "ticket_of_person",
        "ticket",
        ["hall_day", "person_hash", "service_id"],
        unique=True,
        **partial_index("state IN ('waiting', 'called', 'serving', 'held') AND person_hash IS NOT NULL"),
    )
