"""The tables of the store. Times are microseconds since 1970 UTC; a hall day is ``YYYY-MM-DD`` in the hall's zone.

Partial indexes keep "who is next" as quick on a store of a million old tickets as on an empty one, and let the
database itself refuse what must never be: a number twice, two open tickets at a window, two live tickets of one
person for one service.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    literal_column,
)

metadata = MetaData()

# SQLite numbers rows by itself only in an INTEGER primary key; elsewhere a million tickets a year want 64 bits.
Id = BigInteger().with_variant(Integer, "sqlite")

service = Table(
    "service",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("prefix", String(4), nullable=False),
    Column("position", Integer, nullable=False),
)

window = Table(
    "window",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("state", String(16), nullable=False),
)

window_service = Table(
    "window_service",
    metadata,
    Column("window_id", ForeignKey("window.id"), primary_key=True),
    # "*" for a window that serves everything (综合窗口), so no foreign key.
    Column("service_id", String(64), primary_key=True),
)

counter = Table(
    "counter",
    metadata,
    Column("hall_day", String(10), primary_key=True),
    Column("prefix", String(4), primary_key=True),
    Column("last", Integer, nullable=False),
)

ticket = Table(
    "ticket",
    metadata,
    Column("id", Id, primary_key=True),
    Column("hall_day", String(10), nullable=False),
    Column("number", String(16), nullable=False),
    Column("service_id", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("priority", String(32), nullable=False),
    Column("rank_at", BigInteger, nullable=False),
    Column("issued_at", BigInteger, nullable=False),
    Column("called_at", BigInteger),
    Column("started_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("window_id", String(64)),
    Column("recalls", Integer, nullable=False, server_default="0"),
    Column("outcome", String(32)),
    Column("code_hash", LargeBinary(32), nullable=False),
    Column("person_hash", LargeBinary(32)),
    Index("ticket_number", "hall_day", "number", unique=True),
    Index("ticket_code", "code_hash", unique=True),
)
# Written out instead of bound, here and in every query that is to use one of these indexes: a database can only tell
# that a partial index fits when it knows the value before it plans.
_WAITING: ColumnElement[str] = literal_column("'waiting'")
_CALLED: ColumnElement[str] = literal_column("'called'")
_SERVING: ColumnElement[str] = literal_column("'serving'")
waiting = ticket.c.state == _WAITING
open_ = ticket.c.state.in_([_CALLED, _SERVING])
live = ticket.c.state.in_([_WAITING, _CALLED, _SERVING])
Index(
    "ticket_next",
    ticket.c.service_id,
    ticket.c.hall_day,
    ticket.c.rank_at,
    ticket.c.id,
    sqlite_where=waiting,
)
Index(
    "ticket_figures",
    ticket.c.hall_day,
    ticket.c.window_id,
    ticket.c.state,
    ticket.c.called_at,
    ticket.c.ended_at,
    sqlite_where=ticket.c.window_id.is_not(None),
)
Index("ticket_at_window", ticket.c.window_id, unique=True, sqlite_where=open_)
Index(
    "ticket_of_person",
    ticket.c.hall_day,
    ticket.c.person_hash,
    ticket.c.service_id,
    unique=True,
    sqlite_where=live & ticket.c.person_hash.is_not(None),
)

event = Table(
    "event",
    metadata,
    Column("seq", Id, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("type", String(32), nullable=False),
    Column("data", Text, nullable=False),
    sqlite_autoincrement=True,
)

print_job = Table(
    "print_job",
    metadata,
    Column("id", Id, primary_key=True),
    Column("ticket_id", ForeignKey("ticket.id"), nullable=False, index=True),
    # Which box prints it: several boxes may share one store, each with a printer of its own.
    Column("box", String(64), nullable=False),
    Column("copy", Boolean, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(32)),
    Column("created_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    sqlite_autoincrement=True,
)
_PENDING: ColumnElement[str] = literal_column("'pending'")
_SENDING: ColumnElement[str] = literal_column("'sending'")
pending = print_job.c.state == _PENDING
unfinished = print_job.c.state.in_([_PENDING, _SENDING])
Index(
    "print_job_unfinished",
    print_job.c.box,
    print_job.c.id,
    sqlite_where=unfinished,
)

resident = Table(
    "resident",
    metadata,
    Column("ticket_id", ForeignKey("ticket.id"), primary_key=True),
    Column("hall_day", String(10), nullable=False, index=True),
    Column("sealed", LargeBinary, nullable=False),
)

day_key = Table(
    "day_key",
    metadata,
    Column("hall_day", String(10), primary_key=True),
    # Null once erased; the row stays as the record that the day is gone.
    Column("wrapped", LargeBinary),
    Column("created_at", BigInteger, nullable=False),
    Column("erased_at", BigInteger),
)

access_log = Table(
    "access_log",
    metadata,
    Column("seq", Id, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("ticket_id", BigInteger),
    Column("action", String(32), nullable=False),
    Column("reason", Text),
    Column("digest", LargeBinary(32), nullable=False),
)

answer = Table(
    "answer",
    metadata,
    Column("key_hash", LargeBinary(32), primary_key=True),
    Column("hall_day", String(10), nullable=False, index=True),
    Column("request_hash", LargeBinary(32), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

account = Table(
    "account",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("windows", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

token = Table(
    "token",
    metadata,
    Column("hash", LargeBinary(32), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("role", String(16), nullable=False),
    Column("windows", Text, nullable=False),
    Column("terminal", String(64)),
    Column("created_at", BigInteger, nullable=False),
)

login = Table(
    "login",
    metadata,
    Column("hash", LargeBinary(32), primary_key=True),
    Column("account", ForeignKey("account.name", ondelete="CASCADE"), nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)

fact = Table(
    "fact",
    metadata,
    # Small things about the store itself: the sealed head of the access log, the proof of the master key.
    Column("name", String(32), primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
