"""The types of events: what is stored of each, and that nothing lists them a second time."""

import ast
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

import ticketing
from offices import CHEN, CLERK, DESK, LI, OfficeHall
from ticketing import events
from ticketing.backup.restore import Backups
from ticketing.events import TYPES, kind_of
from ticketing.help.help_calls import HelpCalls, Place
from ticketing.line.resident_screen import ResidentScreens
from ticketing.live.alerts import Limits
from ticketing.live.watch import DeviceDown, Watch
from ticketing.model import Actor
from ticketing.notices.notices import Draft, Notices
from ticketing.store import tables

ROOT = Actor("root", "technician", "console")
ABOUT = {"ticket", "window", "screen", "hall", "alert", "help", "notice"}
"""What a type is about: the part before its dot, by which pages choose their events."""

PARTS = {"ticket": ["number", "service"], "window": ["window", "text"], "alert": ["alert", "kind"]}
"""The first fields of the types about something."""

STORED = """
window.opened {"window": "3"}
window.paused {"window": "3", "text": "午休", "text_en": "Lunch"}
window.closed {"window": "3"}
ticket.issued {"number": "A001", "service": "licence"}
ticket.issued {"number": "B001", "service": "tax"}
ticket.called {"number": "A001", "service": "licence", "window": "1"}
ticket.recalled {"number": "A001", "service": "licence", "window": "1"}
ticket.started {"number": "A001", "service": "licence", "window": "1"}
screen.changed {"window": "1"}
ticket.transferred {"number": "A001", "service": "seal", "window": "1"}
ticket.undone {"number": "A001", "service": "licence", "window": "1", "state": "serving", "was": "waiting", "line": "seal"}
ticket.transferred {"number": "A001", "service": "tax", "window": "1", "line": "@2"}
ticket.called {"number": "A001", "service": "tax", "window": "2", "line": "@2"}
ticket.held {"number": "A001", "service": "tax", "window": "2"}
ticket.called {"number": "A001", "service": "tax", "window": "2", "was": "held", "line": "@2"}
ticket.missed {"number": "A001", "service": "tax", "window": "2"}
ticket.undone {"number": "A001", "service": "tax", "window": "2", "state": "called"}
ticket.missed {"number": "A001", "service": "tax", "window": "2"}
ticket.returned {"number": "A001", "service": "tax", "line": "@2", "was": "missed"}
ticket.ranked {"number": "B001", "service": "tax"}
ticket.held {"number": "B001", "service": "tax", "was": "waiting"}
ticket.returned {"number": "B001", "service": "tax", "was": "held"}
ticket.cancelled {"number": "B001", "service": "tax"}
ticket.issued {"number": "A002", "service": "licence"}
ticket.called {"number": "A002", "service": "licence", "window": "1"}
ticket.transferred {"number": "A002", "service": "licence", "window": "1", "line": "@1"}
ticket.transferred {"number": "A002", "service": "licence", "window": "1", "was": "waiting"}
window.closed {"window": "1"}
ticket.held {"number": "A002", "service": "licence", "was": "waiting"}
ticket.cancelled {"number": "A002", "service": "licence", "was": "held"}
ticket.issued {"number": "A003", "service": "licence"}
ticket.issued {"number": "A004", "service": "licence"}
ticket.issued {"number": "B002", "service": "tax"}
ticket.issued {"number": "A005", "service": "seal"}
ticket.issued {"number": "A006", "service": "seal"}
window.opened {"window": "1"}
ticket.called {"number": "A003", "service": "licence", "window": "1"}
ticket.missed {"number": "A003", "service": "licence", "window": "1"}
ticket.called {"number": "A004", "service": "licence", "window": "1"}
ticket.finished {"number": "A004", "service": "licence", "window": "1", "outcome": "done"}
ticket.called {"number": "A001", "service": "tax", "window": "2", "line": "@2"}
ticket.held {"number": "A005", "service": "seal", "was": "waiting"}
ticket.finished {"number": "A001", "service": "tax", "window": "2", "outcome": "end_of_day"}
ticket.expired {"number": "A003", "service": "licence", "window": "1", "was": "missed"}
ticket.expired {"number": "B002", "service": "tax"}
ticket.expired {"number": "A005", "service": "seal", "was": "held"}
ticket.expired {"number": "A006", "service": "seal"}
window.closed {"window": "1"}
window.closed {"window": "2"}
ticket.returned {"number": "B002", "service": "tax", "was": "expired"}
ticket.returned {"number": "A006", "service": "seal", "was": "expired"}
hall.changed {}
alert.raised {"alert": 1, "kind": "device"}
alert.cleared {"alert": 1, "kind": "device"}
alert.raised {"alert": 2, "kind": "wait"}
alert.raised {"alert": 3, "kind": "wait"}
alert.reminded {"alert": 2, "kind": "wait"}
alert.reminded {"alert": 3, "kind": "wait"}
help.called {"call": 1}
help.answered {"call": 1}
help.done {"call": 1}
notice.changed {}
hall.restored {"made_at": "2026-03-02T09:06:15+08:00"}
"""  # noqa: E501
"""What the verbs of ``a_long_day`` and a restore have always stored, byte by byte: integrators rely on it."""


def a_long_day(desk: OfficeHall) -> None:
    """Every verb that appends an event, in each of its ways."""
    office = desk.office
    office.open_window("3", CLERK)
    office.pause_window("3", CLERK, "午休", "Lunch")
    office.close_window("3", CLERK)
    code = desk.issue("licence", LI, chain=["seal", "tax"]).code
    desk.issue("tax", CHEN)
    desk.call("1")
    office.recall("1", CLERK)
    office.scan("1", code, CLERK)
    ResidentScreens(office.ledger).show_back("1", CLERK)
    office.finish("1", CLERK)
    desk.later(seconds=1)
    office.undo("1", CLERK)
    office.transfer("1", "tax", CLERK, to_window="2")
    desk.call("2")
    office.hold("2", CLERK)
    office.call_number("2", "A001", CLERK)
    office.no_show("2", CLERK)
    desk.later(seconds=1)
    office.undo("2", CLERK)
    office.no_show("2", CLERK)
    office.return_number("2", "A001", CLERK)
    office.give_class(office.ticket_of_number("B001").id, "senior", "看起来年长", DESK)
    office.hold_ticket(office.ticket_of_number("B001").id, DESK, "去复印", desk.now + timedelta(minutes=1))
    desk.later(minutes=2)
    office.bring_back()
    office.cancel(office.ticket_of_number("B001").id, DESK)
    desk.issue("licence")
    office.call_number("1", "A002", CLERK)
    office.transfer("1", "licence", CLERK, to_window="1")
    office.close_window("1", CLERK)
    office.hold_ticket(office.ticket_of_number("A002").id, DESK)
    office.cancel(office.ticket_of_number("A002").id, DESK)
    for service in ("licence", "licence", "tax", "seal", "seal"):
        desk.issue(service)
    desk.call("1")
    office.no_show("1", CLERK)
    desk.serve("1")
    desk.call("2")
    office.hold_ticket(office.ticket_of_number("A005").id, DESK)
    today = desk.now
    desk.next_day()
    office.end_of_day()
    desk.now = today + timedelta(minutes=1)
    office.end_of_day()
    down = [DeviceDown("printer", desk.now - timedelta(minutes=9), "silent")]
    watch = Watch(office.ledger, office.forecasts, Limits(oldest_wait=None), lambda: down)
    watch.look()
    down.clear()
    watch.look()
    desk.later(minutes=3)
    watch.look()
    waits = Watch(office.ledger, office.forecasts, Limits(oldest_wait=timedelta(seconds=1), remind=timedelta(0)))
    waits.look()
    waits.look()
    calls = HelpCalls(office.ledger)
    calls.call(Place("kiosk", "box"), Actor("kiosk", "kiosk"))
    calls.answer(1, DESK)
    calls.done(1, DESK)
    Notices(office.ledger).add(Draft("今天下午停电"), DESK)


def test_what_is_stored_of_every_type_stays_as_it_is_byte_by_byte(desk: OfficeHall, tmp_path: Path) -> None:
    a_long_day(desk)
    backups = Backups(desk.office.ledger)
    backups.write(tmp_path / "hall.backup")
    backups.restore(tmp_path / "hall.backup", ROOT, replace=True)
    e = tables.event.c
    with desk.store.read() as conn:
        rows = conn.execute(select(e.type, e.data).order_by(e.seq)).all()
    assert [f"{row.type} {row.data}" for row in rows] == STORED.split("\n")[1:-1]
    assert {row.type for row in rows} == set(TYPES), "the long day knows every type"


def test_what_a_type_is_about_says_what_pages_do_with_it() -> None:
    assert {name.split(".")[0] for name in TYPES} == ABOUT
    for name, kind in TYPES.items():
        about, first = name.split(".")[0], [one.name for one in fields(kind)][:2]
        # A page looks at everything again after an event about the hall, and after no other.
        assert kind.changes_all == (about == "hall"), name
        assert first == PARTS.get(about, first), name


def test_a_type_of_another_version_means_nothing_to_followers() -> None:
    kind = kind_of("ticket.painted")
    assert (kind.type, kind.spoken, kind.changes_all, kind.waiting) == ("", False, False, {})


def test_no_other_module_names_a_type() -> None:
    packages = Path(ticketing.__file__).parents[1]
    modules = [file for name in ("display", "kiosk", "ticketing") for file in (packages / name).rglob("*.py")]
    named = {
        file
        for file in modules
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Constant) and node.value in TYPES
    }
    assert named == {Path(events.__file__)}
