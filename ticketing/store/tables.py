"""The tables of the store. Times are microseconds since 1970 UTC; a hall day is ``YYYY-MM-DD`` in the hall's zone.

Partial indexes keep "who is next" as quick on a store of a million old tickets as on an empty one, and let the
database itself refuse what must never be: a number twice, two open tickets at a window, two live tickets of one
person for one service.
"""

from typing import Any

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
    false,
    literal_column,
)
from sqlalchemy.schema import SchemaItem

metadata = MetaData()

# SQLite numbers rows by itself only in an INTEGER primary key; elsewhere a million tickets a year want 64 bits.
Id = BigInteger().with_variant(Integer, "sqlite")


def word(value: str) -> ColumnElement[str]:
    """A word of ours, written out in the statement instead of bound.

    A database can only tell that a partial index fits when it knows the value before it plans.
    """
    return literal_column(f"'{value}'")


def _table(name: str, *parts: SchemaItem, **options: Any) -> Table:
    return Table(name, metadata, *parts, **options)


service = _table(
    "service",
    Column("id", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("prefix", String(4), nullable=False),
    Column("position", Integer, nullable=False),
    # Where to wait and what to have ready, for slip and phone; two languages, may be empty.
    Column("place", Text, nullable=False, server_default=""),
    Column("bring", Text, nullable=False, server_default=""),
    Column("bring_en", Text, nullable=False, server_default=""),
    # JSON list of the services a ticket goes on to when this one is done (多窗联办).
    Column("chain", Text, nullable=False, server_default="[]"),
    # Tickets a person may take for it in a day; null: no limit.
    Column("per_person_day", Integer),
    # Working days in which a promised case (承诺件) is done, unless the clerk says otherwise; null: the hall's rule.
    Column("promise_days", Integer),
    # JSON list of the fields of a resident that its windows need; null for all.
    Column("resident_fields", Text),
    # A service that was taken away while tickets waited for it: no new tickets, the old ones are served.
    Column("removed_at", BigInteger),
)

matter = _table(
    "matter",
    # What residents come for (事项), apart from the queue that it is called from.
    Column("id", String(64), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False, server_default=""),
    # personal, business
    Column("audience", String(16), nullable=False),
    Column("theme", Text, nullable=False),
    Column("theme_en", Text, nullable=False, server_default=""),
    # No foreign key: a matter outlives its service, and is not available then.
    Column("service_id", String(64), nullable=False),
    # JSON list of other words for it.
    Column("words", Text, nullable=False, server_default="[]"),
    # JSON list: the name and then each word in pinyin, its syllables apart.
    Column("pinyin", Text, nullable=False, server_default="[]"),
    # GB/T 39554.1, as given.
    Column("task_code", Text, nullable=False, server_default=""),
    Column("task_handle_item", Text, nullable=False, server_default=""),
    Column("area_code", Text, nullable=False, server_default=""),
    Column("who", Text, nullable=False, server_default=""),
    Column("who_en", Text, nullable=False, server_default=""),
    # JSON list of what to bring.
    Column("papers", Text, nullable=False, server_default="[]"),
    Column("fee", Text, nullable=False, server_default=""),
    Column("fee_en", Text, nullable=False, server_default=""),
    # Working days.
    Column("statutory_days", Integer),
    Column("promised_days", Integer),
    Column("guide", Text, nullable=False, server_default=""),
    Column("guide_en", Text, nullable=False, server_default=""),
    # JSON list of the fields of a resident that its windows need; null for those of its service.
    Column("resident_fields", Text),
    Column("applies", Boolean, nullable=False, server_default=false()),
    Column("form", Text, nullable=False, server_default=""),
    # One that was taken away keeps its names, for the figures of past days.
    Column("removed_at", BigInteger),
)

window = _table(
    "window",
    Column("id", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    # The part of the hall it is in, such as a floor; screens and notices may be of some zones alone.
    Column("zone", String(64), nullable=False, server_default=""),
    # What its strip and screen say while it is paused; empty: the hall's usual words.
    Column("pause_text", Text, nullable=False, server_default=""),
    Column("pause_text_en", Text, nullable=False, server_default=""),
    # The account of the clerk who sits there, from opening to closing.
    Column("clerk", String(64)),
    Column("clerk_since", BigInteger),
    Column("removed_at", BigInteger),
)

window_service = _table(
    "window_service",
    Column("window_id", ForeignKey("window.id"), primary_key=True),
    # "*" for a window that serves everything (综合窗口), so no foreign key.
    Column("service_id", String(64), primary_key=True),
    # The service's weight at this window: minutes by which its tickets rank earlier here than elsewhere.
    Column("head_start", Integer, nullable=False, server_default="0"),
)

counter = _table(
    "counter",
    Column("hall_day", String(10), primary_key=True),
    Column("prefix", String(4), primary_key=True),
    Column("last", Integer, nullable=False),
)

number_lease = _table(
    "number_lease",
    # Until when a box may go on without the store (see ticketing.cut_off). A holder is one local file of a box.
    Column("holder", String(32), primary_key=True),
    Column("box", String(64), nullable=False),
    # Counts its renewals: one that comes late, after a later one, is refused.
    Column("turn", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
)

number_block = _table(
    "number_block",
    # Numbers of a prefix that the counter has passed and that are not issued yet, from "next" to "last".
    Column("id", Id, primary_key=True),
    Column("hall_day", String(10), nullable=False),
    Column("prefix", String(4), nullable=False),
    Column("first", Integer, nullable=False),
    Column("next", Integer, nullable=False),
    Column("last", Integer, nullable=False),
    # Who alone may issue them; null: the store does, before any number above the counter.
    Column("holder", String(32)),
    Index("number_block_of_day", "hall_day", "prefix", "first"),
    sqlite_autoincrement=True,
)

merged_record = _table(
    "merged_record",
    # What a box did while it was cut off, once it is merged. In a box's own file: what the store has confirmed.
    Column("id", String(128), primary_key=True),
    Column("box", String(64), nullable=False),
    Column("hall_day", String(10), nullable=False),
    # When it was done, by the clock of the hall as that box knew it.
    Column("at", BigInteger, nullable=False),
    Column("merged_at", BigInteger, nullable=False),
    # What somebody should know of it: a code; null for nothing.
    Column("note", String(32)),
    # The whole of what could not be merged, as JSON under the day's key; null for what was.
    Column("sealed", LargeBinary),
    Index("merged_record_noted", "hall_day", "note"),
)

handed_over = _table(
    "handed_over",
    # In a box's own file alone: the tickets that it issued and has begun to tell the store of. From then on the store
    # calls those that wait, and this box's windows do not.
    Column("ticket_id", BigInteger, primary_key=True, autoincrement=False),
)

window_step = _table(
    "window_step",
    # In a box's own file alone: what was done at a window while the box was cut off, until the store has it.
    Column("seq", Id, primary_key=True),
    Column("hall_day", String(10), nullable=False),
    Column("at", BigInteger, nullable=False),
    # Null for what changed the window itself.
    Column("ticket_id", BigInteger, index=True),
    # JSON: how ticket or window stood before, and what came of it. Nothing in it says who anybody is.
    Column("body", Text, nullable=False),
    sqlite_autoincrement=True,
)

ticket = _table(
    "ticket",
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
    # The line a waiting ticket stands in: its service's id, or "@" and a window's for that window alone.
    Column("line", String(72), nullable=False, server_default=""),
    # What else than issue and class made its rank: appointment, missed, supplement; null for nothing else.
    Column("rank_by", String(16)),
    # Who called it last: an account or a token.
    Column("clerk", String(64)),
    # How it came to its window other than in its turn: "number" when staff called this very ticket; null in its turn.
    Column("called_by", String(16)),
    # Since when it waits in its present line, when that is not since it was issued.
    Column("queued_at", BigInteger),
    Column("held_until", BigInteger),
    Column("hold_reason", Text),
    Column("misses", Integer, nullable=False, server_default="0"),
    # JSON list of the services still to come (多窗联办); null for none.
    Column("chain", Text),
    Column("appointment_id", BigInteger),
    # Who took it for somebody else (代办), hashed as person_hash is.
    Column("agent_hash", LargeBinary(32)),
    # Wrong second proofs at self-service terminals; three lock it there.
    Column("wrong_proofs", Integer, nullable=False, server_default="0"),
    # JSON list of the ids of the matters that it is for; null for none.
    Column("matters", Text),
    Index("ticket_number", "hall_day", "number", unique=True),
    Index("ticket_code", "code_hash", unique=True),
)
waiting = ticket.c.state == word("waiting")
open_ = ticket.c.state.in_([word("called"), word("serving")])
held = ticket.c.state == word("held")
live = ticket.c.state.in_([word("waiting"), word("called"), word("serving"), word("held")])
Index("ticket_next", ticket.c.line, ticket.c.hall_day, ticket.c.rank_at, ticket.c.id, sqlite_where=waiting)
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
Index("ticket_held", ticket.c.held_until, sqlite_where=held)
Index("ticket_matters", ticket.c.hall_day, ticket.c.matters, sqlite_where=ticket.c.matters.is_not(None))
Index(
    "ticket_of_person",
    ticket.c.hall_day,
    ticket.c.person_hash,
    ticket.c.service_id,
    unique=True,
    sqlite_where=live & ticket.c.person_hash.is_not(None),
)

event = _table(
    "event",
    Column("seq", Id, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("type", String(32), nullable=False),
    Column("data", Text, nullable=False),
    sqlite_autoincrement=True,
)

print_job = _table(
    "print_job",
    Column("id", Id, primary_key=True),
    # Null for paper that is no ticket's.
    Column("ticket_id", ForeignKey("ticket.id"), index=True),
    # Which box prints it: several boxes may share one store, each with a printer of its own.
    Column("box", String(64), nullable=False),
    Column("copy", Boolean, nullable=False),
    # The case whose receipt it is (受理回执); null for the slip of the ticket itself.
    Column("case_id", BigInteger),
    # What it is where it is no ticket's: closing, a closing slip with the anchor of the audit log.
    Column("paper", String(16)),
    Column("state", String(16), nullable=False),
    Column("reason", String(32)),
    Column("created_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    sqlite_autoincrement=True,
)
pending = print_job.c.state == word("pending")
unfinished = print_job.c.state.in_([word("pending"), word("sending")])
Index("print_job_unfinished", print_job.c.box, print_job.c.id, sqlite_where=unfinished)

visit = _table(
    "visit",
    # A stay at a window that did not end the ticket: transferred, held, missed and returned, or a stop of a chain. The
    # last stay is in the ticket's own row.
    Column("id", Id, primary_key=True),
    Column("ticket_id", ForeignKey("ticket.id"), nullable=False),
    Column("hall_day", String(10), nullable=False),
    Column("service_id", String(64), nullable=False),
    Column("window_id", String(64), nullable=False),
    Column("clerk", String(64)),
    Column("queued_at", BigInteger, nullable=False),
    Column("called_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("ended_at", BigInteger, nullable=False),
    # transferred, held, missed, done
    Column("ended_as", String(16), nullable=False),
    Index("visit_day", "hall_day"),
    Index("visit_ticket", "ticket_id"),
    sqlite_autoincrement=True,
)

case_file = _table(
    "case_file",
    # What was done for somebody at a window (办件): one for each finish, and one for each further case on the ticket.
    # And what was applied for at a terminal (申请).
    Column("id", Id, primary_key=True),
    # Null for an application, which has no ticket.
    Column("ticket_id", ForeignKey("ticket.id")),
    Column("hall_day", String(10), nullable=False),
    Column("service_id", String(64), nullable=False),
    # "" for an application that no window has taken up yet.
    Column("window_id", String(64), nullable=False),
    Column("clerk", String(64)),
    Column("ended_at", BigInteger, nullable=False),
    Column("outcome", String(32), nullable=False),
    Column("promised_on", String(10)),
    # submitted, open, ready, returned, closed; null for a case that was over when it was recorded.
    Column("progress", String(16)),
    Column("progress_at", BigInteger),
    Column("progress_note", Text),
    # Of the code on its receipt, by the lasting key; and of whose it is, by the key of the month it was recorded in.
    Column("code_hash", LargeBinary(32)),
    Column("person_hash", LargeBinary(32)),
    # The matter it is of; null for none.
    Column("matter_id", String(64)),
    Index("case_ticket", "ticket_id"),
    Index("case_day", "hall_day"),
    sqlite_autoincrement=True,
)
Index("case_code", case_file.c.code_hash, unique=True, sqlite_where=case_file.c.code_hash.is_not(None))
Index("case_person", case_file.c.person_hash, sqlite_where=case_file.c.person_hash.is_not(None))

application = _table(
    "application",
    # What the window needs of an application that goes on (申请); gone once the case is closed.
    Column("case_id", ForeignKey("case_file.id"), primary_key=True, autoincrement=False),
    Column("hall_day", String(10), nullable=False, index=True),
    # JSON list of the papers it takes, and which of them are handed in later; nothing of the person.
    Column("papers", Text, nullable=False, server_default="[]"),
    # The fields of the card and the form's answers, under the key of the month and the code on the receipt.
    Column("sealed", LargeBinary, nullable=False),
)

rating = _table(
    "rating",
    # 好差评: once a case. Nothing in it says whose.
    Column("case_id", ForeignKey("case_file.id"), primary_key=True, autoincrement=False),
    Column("grade", Integer, nullable=False),
    # JSON list of codes of the reasons given.
    Column("reasons", Text, nullable=False, server_default="[]"),
    Column("given_at", BigInteger, nullable=False),
    # window, terminal, phone
    Column("via", String(16), nullable=False),
    Column("late", Boolean, nullable=False),
    Index("rating_given", "given_at"),
)

work_item = _table(
    "work_item",
    # What the two lowest grades ask for: somebody gets in touch, and puts it right.
    Column("id", Id, primary_key=True),
    Column("case_id", ForeignKey("rating.case_id"), nullable=False, unique=True),
    Column("made_at", BigInteger, nullable=False),
    Column("contact_by", BigInteger, nullable=False),
    Column("settle_by", BigInteger, nullable=False),
    Column("contacted_at", BigInteger),
    Column("settled_at", BigInteger),
    Column("who", String(64)),
    Column("note", Text),
    sqlite_autoincrement=True,
)

opening = _table(
    "opening",
    # When a service is open on a weekday (ISO 8601: 1 is Monday), in minutes after the hall day's midnight; "*" for
    # all services without hours of their own. No row at all: always open.
    Column("service_id", String(64), primary_key=True),
    Column("weekday", Integer, primary_key=True),
    Column("opens_at", Integer, primary_key=True),
    Column("closes_at", Integer, nullable=False),
)

special_day = _table(
    "special_day",
    # A holiday (weekday null), or a working day moved there (调休) with the hours of this weekday.
    Column("day", String(10), primary_key=True),
    Column("weekday", Integer),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False, server_default=""),
)

quota = _table(
    "quota",
    # At most so many tickets for a service between two times of the day, in minutes as in "opening".
    Column("service_id", String(64), primary_key=True),
    Column("from_at", Integer, primary_key=True),
    Column("to_at", Integer, nullable=False),
    Column("most", Integer, nullable=False),
)

used = _table(
    "used",
    # How much of a limit is used up today: a quota's period, or a person's tickets (by keyed hash).
    Column("hall_day", String(10), primary_key=True),
    Column("what", String(160), primary_key=True),
    Column("count", Integer, nullable=False),
)

slot = _table(
    "slot",
    # Appointments that may be made: so many for a service on a weekday between two times, in minutes as in "opening".
    Column("service_id", String(64), primary_key=True),
    Column("weekday", Integer, primary_key=True),
    Column("from_at", Integer, primary_key=True),
    Column("to_at", Integer, nullable=False),
    Column("capacity", Integer, nullable=False),
)

appointment = _table(
    "appointment",
    Column("id", Id, primary_key=True),
    Column("service_id", String(64), nullable=False),
    Column("day", String(10), nullable=False),
    Column("from_at", BigInteger, nullable=False),
    Column("to_at", BigInteger, nullable=False),
    # booked, checked_in, cancelled, missed
    Column("state", String(16), nullable=False),
    # Of the ID number, by the key of the month it was booked in; null once its retention is over.
    Column("person_hash", LargeBinary(32)),
    Column("code_hash", LargeBinary(32), nullable=False),
    Column("made_at", BigInteger, nullable=False),
    # api, terminal, import
    Column("made_by", String(16), nullable=False),
    Column("ticket_id", BigInteger),
    Column("ended_at", BigInteger),
    # Until when its booking, or its cancellation, can be taken back; a cancelled one keeps its place for so long.
    Column("take_back_until", BigInteger),
    Index("appointment_code", "code_hash", unique=True),
    Index("appointment_slot", "day", "service_id", "from_at"),
    sqlite_autoincrement=True,
)
Index(
    "appointment_person",
    appointment.c.person_hash,
    appointment.c.day,
    sqlite_where=appointment.c.person_hash.is_not(None),
)
booked = appointment.c.state == word("booked")
Index(
    "appointment_of_person",
    appointment.c.day,
    appointment.c.service_id,
    appointment.c.person_hash,
    unique=True,
    sqlite_where=booked & appointment.c.person_hash.is_not(None),
)

form_answer = _table(
    "form_answer",
    # A form that was filled in at a terminal and handed in with a ticket, sealed under the code of that slip.
    Column("ticket_id", ForeignKey("ticket.id"), primary_key=True),
    Column("form_id", String(64), primary_key=True),
    Column("hall_day", String(10), nullable=False, index=True),
    Column("code_hash", LargeBinary(32), nullable=False, index=True),
    Column("sealed", LargeBinary, nullable=False),
)

resident = _table(
    "resident",
    Column("ticket_id", ForeignKey("ticket.id"), primary_key=True),
    Column("hall_day", String(10), nullable=False, index=True),
    # Under the day's key and the ticket's first code; null for one issued without a resident's data.
    Column("sealed", LargeBinary),
    # Under the day's key alone: the lasting hash of the ID number, for the cases of this ticket. Null in a row of the
    # versions before 0004, which is sealed under the day's key alone, and is converted when a program opens the store.
    Column("case_of", LargeBinary),
)

slip_code = _table(
    "slip_code",
    # Codes of slips that were printed again; the first one is in the ticket's row.
    Column("code_hash", LargeBinary(32), primary_key=True),
    Column("ticket_id", ForeignKey("ticket.id"), nullable=False, index=True),
    Column("hall_day", String(10), nullable=False, index=True),
    # The resident under the day's key and this code; null for a code that opens the place in the queue alone.
    Column("sealed", LargeBinary),
)

reading_key = _table(
    "reading_key",
    # The public key of each running box. The private one is in its memory alone.
    Column("box", String(64), primary_key=True),
    Column("public", LargeBinary(32), nullable=False),
    # Keyed by the master key: a key that was put here by somebody else is not used.
    Column("mac", LargeBinary(32), nullable=False),
)

serving = _table(
    "serving",
    # The residents being served now, sealed to the memory of each box; gone with the service.
    Column("ticket_id", ForeignKey("ticket.id"), primary_key=True),
    Column("box", String(64), primary_key=True),
    Column("until", BigInteger, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

day_key = _table(
    "day_key",
    Column("hall_day", String(10), primary_key=True),
    # Null once erased; the row stays as the record that the day is gone.
    Column("wrapped", LargeBinary),
    Column("created_at", BigInteger, nullable=False),
    Column("erased_at", BigInteger),
)

access_log = _table(
    "access_log",
    Column("seq", Id, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("ticket_id", BigInteger),
    Column("action", String(32), nullable=False),
    Column("reason", Text),
    # Of the ID number of whom it is about, by its month's key.
    Column("subject", LargeBinary(32)),
    # By a key that moves on with each entry; null in a log of before that.
    Column("mac", LargeBinary(32)),
    Column("digest", LargeBinary(32), nullable=False),
)

answer = _table(
    "answer",
    Column("key_hash", LargeBinary(32), primary_key=True),
    Column("hall_day", String(10), nullable=False, index=True),
    Column("request_hash", LargeBinary(32), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

account = _table(
    "account",
    Column("name", String(64), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("windows", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    # Whether it must be given another password before it may do anything else.
    Column("must_change", Boolean, nullable=False, server_default=false()),
    # What it administers where these duties are kept apart: system, security or audit; null where they are not.
    Column("duty", String(16)),
    # The second factor: its secret, sealed; the time step of the last code, null until the first; a JSON list of hashes
    # of the recovery codes that are left.
    Column("totp", LargeBinary),
    Column("totp_step", BigInteger),
    Column("recovery", Text),
)

token = _table(
    "token",
    Column("hash", LargeBinary(32), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("role", String(16), nullable=False),
    Column("windows", Text, nullable=False),
    Column("terminal", String(64)),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    # The address or network it may be used from; null for any.
    Column("source", String(64)),
    # To the minute.
    Column("used_at", BigInteger),
    Column("used_from", String(64)),
)

login = _table(
    "login",
    Column("hash", LargeBinary(32), primary_key=True),
    Column("account", ForeignKey("account.name", ondelete="CASCADE"), nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("begun_at", BigInteger, nullable=False, server_default="0"),
    # When its person last did something, to the minute.
    Column("seen_at", BigInteger, nullable=False, server_default="0"),
    Column("source", String(64), nullable=False, server_default=""),
    Column("locked", Boolean, nullable=False, server_default=false()),
)

climate = _table(
    "climate",
    # The beginning of a span of five minutes; values as they were at its end.
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("zone", String(64), primary_key=True),
    # Hundredths of a degree Celsius, of a percent; null where there was no reading.
    Column("temperature", Integer),
    Column("humidity", Integer),
    # How long its air conditioner ran; null where that is not known.
    Column("on_seconds", Integer),
)

figure_sum = _table(
    "figure_sum",
    # Figures of a day (YYYY-MM-DD) or month (YYYY-MM) that is over, in parts of one kind, as JSON. They can be made
    # anew from the other tables, so any row may be removed at any time.
    Column("period", String(10), primary_key=True),
    # total, hour, service, window, clerk, class, matter
    Column("part", String(16), primary_key=True),
    Column("sums", Text, nullable=False),
)

alert = _table(
    "alert",
    # What stood badly in the hall and for how long. Nothing in it says who anybody is.
    Column("id", Id, primary_key=True),
    # wait, grade, device, update
    Column("kind", String(16), nullable=False),
    # A service's id, "<box>/<device>", or the name of a box.
    Column("subject", String(160), nullable=False),
    Column("raised_at", BigInteger, nullable=False),
    # Since when it stands well again, though not long enough to be over; null while it does not.
    Column("calm_since", BigInteger),
    Column("cleared_at", BigInteger),
    # JSON: how bad it is, and what would help.
    Column("facts", Text, nullable=False),
    # When people were told of it last: as it was raised, or by a reminder.
    Column("told_at", BigInteger, nullable=False, server_default="0"),
    sqlite_autoincrement=True,
)
standing = alert.c.cleared_at.is_(None)
Index("alert_standing", alert.c.kind, alert.c.subject, unique=True, sqlite_where=standing)
help_call = _table(
    "help_call",
    # Somebody who asked for help (呼叫工作人员), or a clerk's emergency call.
    Column("id", Id, primary_key=True),
    Column("hall_day", String(10), nullable=False, index=True),
    # kiosk (a box), terminal, window, ticket (the number; it called from a phone)
    Column("place_kind", String(16), nullable=False),
    Column("place", String(64), nullable=False),
    Column("ticket_id", ForeignKey("ticket.id"), index=True),
    Column("reason", String(16), nullable=False, server_default=""),
    Column("emergency", Boolean, nullable=False, server_default=false()),
    Column("called_at", BigInteger, nullable=False),
    Column("called_by", String(64), nullable=False),
    Column("answered_at", BigInteger),
    Column("answered_by", String(64)),
    # The window whose clerk goes; empty for the desk or the manager.
    Column("answered_from", String(64), nullable=False, server_default=""),
    Column("done_at", BigInteger),
    sqlite_autoincrement=True,
)
Index(
    "help_call_open",
    help_call.c.hall_day,
    help_call.c.emergency,
    help_call.c.place_kind,
    help_call.c.place,
    unique=True,
    sqlite_where=help_call.c.done_at.is_(None),
)

notice = _table(
    "notice",
    # What screens show between calls, and what phones of those who wait are told.
    Column("id", Id, primary_key=True),
    Column("text", Text, nullable=False, server_default=""),
    Column("text_en", Text, nullable=False, server_default=""),
    # The name of a picture or film in the folder of this hall's media; null for words alone.
    Column("media", String(80)),
    Column("from_at", BigInteger),
    Column("until_at", BigInteger),
    # JSON list of zones; empty for all.
    Column("zones", Text, nullable=False, server_default="[]"),
    # For those who wait for this service or window; then phones are told too.
    Column("service_id", String(64)),
    Column("window_id", String(64)),
    # How often it comes: 1 to 3 times in a round.
    Column("priority", Integer, nullable=False, server_default="1"),
    Column("made_at", BigInteger, nullable=False),
    Column("made_by", String(64), nullable=False),
    sqlite_autoincrement=True,
)

screen = _table(
    "screen",
    # A box that shows a page of the hall. Nothing in it is of persons.
    Column("id", Id, primary_key=True),
    # Of the secret that the box made for itself.
    Column("secret_hash", LargeBinary(32), nullable=False),
    Column("name", String(64), nullable=False),
    # board, window, guide; null until a technician has said so. Others: see theme.
    Column("page", String(16)),
    Column("window_id", String(64)),
    Column("zone", String(64), nullable=False, server_default=""),
    # How its page looks: light; null for the usual way. Or a page that the programs before this column do not know, and
    # how it looks: "kiosk", "kiosk large", "resident", "terminal"; to them it is a board, or the screen of a window.
    Column("theme", String(16)),
    # Which self-service terminal it is; null for none, and for one of its own name.
    Column("terminal", String(64)),
    # What kept it from being switched off or on, as the box said last: "off ddcutil ended with 1"; null for nothing.
    Column("switch_trouble", String(255)),
    # Of the token that the box made for itself; a token by it is there while the screen shows what needs one.
    Column("token_hash", LargeBinary(32)),
    # The name of the hall's box that it reports to.
    Column("box", String(64)),
    # By which it is bound, and until when; null once it is.
    Column("code", String(8)),
    Column("code_until", BigInteger),
    Column("made_at", BigInteger, nullable=False),
    # When it reported last, to the minute, and from where.
    Column("seen_at", BigInteger, nullable=False),
    Column("seen_from", String(64), nullable=False, server_default=""),
    Index("screen_secret", "secret_hash", unique=True),
    Index("screen_code", "code", unique=True),
    sqlite_autoincrement=True,
)

box = _table(
    "box",
    # A box that shares the store, as it says itself. Nothing in it is of persons.
    Column("name", String(64), primary_key=True),
    Column("version", String(64), nullable=False),
    # Since when it runs this version, and since when the program runs.
    Column("version_at", BigInteger, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    # When it was heard of last; of boxes that share the store to the minute.
    Column("seen_at", BigInteger, nullable=False),
    # The machine's own name, and the address by which the database knows it.
    Column("machine", String(128), nullable=False),
    # Its last update, as its journal has it; null where there was none.
    Column("update_before", String(64)),
    Column("update_after", String(64)),
    Column("update_step", String(16)),
    Column("update_reason", String(16)),
    Column("update_at", BigInteger),
    # When somebody said that they know that it went back.
    Column("update_noted_at", BigInteger),
    # When another machine last wanted to be the box of this name, and which.
    Column("taken_at", BigInteger),
    Column("taken_by", String(128)),
)

fact = _table(
    "fact",
    # Small things about the store itself: the sealed head of the audit log, which keys belong to it.
    Column("name", String(32), primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

setup_part = _table(
    "setup_part",
    # What the hall's setup says beside services, windows and hours: JSON by name, "classes" and "papers". No row where
    # the hall says nothing.
    Column("name", String(32), primary_key=True),
    Column("value", Text, nullable=False),
)

publication = _table(
    "publication",
    # Each setup that came into force, whole, and who said what of it: the history of the hall's setup.
    Column("id", Id, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    # How it came: "draft", "import" for whoever sent it whole, "found" for what was there before the history began.
    Column("how", String(16), nullable=False),
    # Compressed JSON of the setup, and of who changed which of its fields when.
    Column("setup", LargeBinary, nullable=False),
    Column("edits", LargeBinary, nullable=False),
)

draft = _table(
    "draft",
    # The hall's one draft of its next setup: no row while there is none.
    Column("id", Integer, primary_key=True, autoincrement=False),
    # Counts its saves: whoever publishes it names the one that was seen.
    Column("version", Integer, nullable=False),
    # Compressed JSON: the setup in force when it was begun, and the draft.
    Column("base", LargeBinary, nullable=False),
    Column("document", LargeBinary, nullable=False),
    # The hall day at whose beginning it is published, and by whose word; null for none.
    Column("due", String(10)),
    Column("due_by", Text),
)

draft_edit = _table(
    "draft_edit",
    # Who saved what in the draft, and when; gone with the draft.
    Column("seq", Id, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    Column("section", String(16), nullable=False),
    # The id of a service, window or class, the date of a holiday; "" where the section has no rows.
    Column("row", String(64), nullable=False),
    # "" for the row as a whole: added, removed, moved.
    Column("field", String(32), nullable=False),
)
