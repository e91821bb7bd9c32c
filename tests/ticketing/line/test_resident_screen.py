"""The second screen at a window: data shown back to their resident, what ends that, and receipts."""

from datetime import timedelta

from sqlalchemy import select

from offices import CHEN, CLERK, LI, OfficeHall, refused
from spelt import spell_once
from ticketing.cases.applications import Applications
from ticketing.day.residents import Holders
from ticketing.line.resident_screen import ResidentScreens
from ticketing.matters.matters import Matter, Matters
from ticketing.model import Actor, StateError, UnknownError
from ticketing.store import tables

LOST = Matter("licence-lost", "营业执照补领", "Replace a licence", "business", "开店", "Shops", "licence", applies=True)
SCREEN = Actor("screen-1", "terminal", "1")
WANG, ZHAO = Actor("wang", "clerk", "1", logged_in=True), Actor("zhao", "clerk", "1", logged_in=True)


def screens_of(desk: OfficeHall) -> ResidentScreens:
    return ResidentScreens(desk.office.ledger)


def serve(desk: OfficeHall) -> str:
    """Somebody is being served at window 1, their data open; the code of their slip."""
    code = desk.issue("licence", LI).code
    desk.call()
    desk.office.scan("1", code, CLERK)
    return code


def actions(desk: OfficeHall) -> list[tuple[str, str, str | None]]:
    a = tables.access_log.c
    with desk.store.read() as conn:
        return [tuple(row) for row in conn.execute(select(a.action, a.who, a.reason).order_by(a.seq))]


def test_data_are_shown_back_and_the_resident_says_whether_they_are_right(desk: OfficeHall) -> None:
    screens = screens_of(desk)
    serve(desk)
    assert screens.view("1").shown is None
    refused(StateError, "not_shown", screens.look, "1", SCREEN)
    shown = screens.show_back("1", CLERK)
    desk.later(seconds=30)
    assert screens.show_back("1", CLERK) == shown, "a second press is no second showing"
    view = screens.view("1")
    assert view.shown == shown and view.left == timedelta(seconds=90)
    assert not shown.seen
    assert screens.look("1", SCREEN).holders.resident == LI
    assert (view := screens.view("1")).shown and view.shown.seen
    for field in ("address", "address", "name"):
        screens.answer("1", SCREEN, shown.since, False, field)
    assert (view := screens.view("1")).shown and (view.shown.right, view.shown.wrong) == (False, ("address", "name"))
    screens.answer("1", SCREEN, shown.since, True)
    screens.answer("1", SCREEN, shown.since, True)
    assert (view := screens.view("1")).shown and (view.shown.right, view.shown.wrong) == (True, ())
    # What was found right is on no screen any more, and is not found wrong by a late touch.
    refused(StateError, "not_shown", screens.look, "1", SCREEN)
    refused(StateError, "not_shown", screens.answer, "1", SCREEN, shown.since, False, "name")
    again = screens.show_back("1", CLERK)
    assert again.since > shown.since and again.right is None
    refused(StateError, "not_shown", screens.answer, "1", SCREEN, shown.since, True)
    assert actions(desk)[1:] == [
        ("show-back", "wang", None),
        ("shown-back", "screen-1", None),
        ("objected", "screen-1", "address"),
        ("objected", "screen-1", "name"),
        ("checked", "screen-1", None),
        ("show-back", "wang", None),
    ]
    told = {repr(event.data) for event in desk.office.events_after(0, 99) if event.type == "screen.changed"}
    assert told == {"{'window': '1'}"}


def test_only_fields_that_went_into_a_form_are_shown_where_one_was_filled(desk: OfficeHall) -> None:
    screens = screens_of(desk)
    issued = desk.issue("licence", LI, agent=CHEN)
    desk.call()
    desk.office.scan("1", issued.code, CLERK)
    screens.show_back("1", CLERK, {issued.ticket.id: ("name", "agent_id_number"), issued.ticket.id + 1: ("sex",)})
    holders = screens.look("1", SCREEN).holders
    assert holders.resident == LI.only({"name"})
    assert holders.agent == CHEN.only({"id_number"})
    screens.show_back("1", CLERK, {issued.ticket.id: ("name",)})
    assert screens.look("1", SCREEN).holders.agent is None
    screens.show_back("1", CLERK, {issued.ticket.id + 1: ("sex",)})
    assert screens.look("1", SCREEN).holders.resident == LI


def test_what_is_shown_back_ends_with_all_that_ends_it(desk: OfficeHall) -> None:
    screens, office = screens_of(desk), desk.office
    ends = {
        "taken back": lambda _code: screens.take_back("1", CLERK),
        "paused": lambda _code: (office.pause_window("1", CLERK), office.open_window("1", CLERK)),
        "two minutes": lambda _code: desk.later(minutes=2),
        "clock set back": lambda _code: desk.later(seconds=-20),
        "scanned again": lambda code: office.scan("1", code, CLERK),
        "held": lambda _code: (office.hold("1", CLERK), office.call_number("1", "A001", CLERK)),
        "finished": lambda _code: office.finish("1", CLERK),
    }
    code = serve(desk)
    for how, end in ends.items():
        if how == "finished":
            office.scan("1", code, CLERK)
        desk.later(seconds=1)
        shown = screens.show_back("1", CLERK)
        assert screens.view("1").shown == shown, how
        seq = office.last_seq()
        end(code)
        assert screens.view("1").shown is None, how
        refused(StateError, "not_shown", screens.look, "1", SCREEN)
        refused(StateError, "not_shown", screens.answer, "1", SCREEN, shown.since, True)
        # A screen runs its own time; of everything else it is told.
        assert office.last_seq() > seq or how in ("two minutes", "clock set back"), how
        if how == "clock set back":
            desk.later(seconds=20)
            screens.take_back("1", CLERK)
    screens.take_back("1", CLERK)


def test_nothing_is_shown_back_of_who_is_not_served_or_has_no_data(desk: OfficeHall) -> None:
    screens = screens_of(desk)
    refused(UnknownError, "unknown_window", screens.view, "9")
    refused(StateError, "nobody_here", screens.show_back, "1", CLERK)
    code = desk.issue("licence", LI).code
    desk.call()
    refused(StateError, "wrong_state", screens.show_back, "1", CLERK)
    desk.office.start("1", WANG)
    refused(StateError, "not_scanned", screens.show_back, "1", CLERK)
    desk.office.scan("1", code, WANG)
    screens.show_back("1", WANG)
    refused(StateError, "window_taken", screens.look, "1", ZHAO)
    refused(StateError, "window_taken", screens.take_back, "1", ZHAO)
    desk.office.pause_window("1", WANG)
    refused(StateError, "window_paused", screens.show_back, "1", WANG)
    desk.office.open_window("1", WANG)
    desk.office.finish("1", WANG)
    desk.issue("licence")
    desk.call()
    desk.office.start("1", WANG)
    refused(UnknownError, "no_resident", screens.show_back, "1", WANG)


def test_another_box_shows_them_too_unless_it_cannot_open_them(desk: OfficeHall) -> None:
    other = OfficeHall(desk.url, seeded=False, box="other")
    other.now = desk.now
    try:
        other.office.open_window("2", CLERK)
        serve(desk)
        other.now = desk.now
        assert screens_of(other).view("1").readable
        shown = screens_of(desk).show_back("1", CLERK)
        assert screens_of(other).look("1", SCREEN).holders.resident == LI
        screens_of(other).answer("1", SCREEN, shown.since, False, "sex")
        assert (view := screens_of(desk).view("1")).shown and view.shown.wrong == ("sex",)
        other.restart()
        view = screens_of(other).view("1")
        assert (view.shown, view.readable) == (None, False)
        refused(StateError, "not_shown", screens_of(other).look, "1", SCREEN)
        refused(StateError, "not_scanned", screens_of(other).show_back, "1", CLERK)
    finally:
        other.close()


def test_a_receipts_code_is_shown_for_two_minutes_and_to_nobody_else(desk: OfficeHall) -> None:
    screens, office = screens_of(desk), desk.office
    serve(desk)
    (case,) = office.conclude("1", CLERK, "promised").cases
    view = screens.view("1")
    assert [one.receipt for one in view.receipts] == [case.receipt]
    assert view.to_rate and view.to_rate.id == case.id
    office.undo("1", CLERK)
    assert screens.view("1").receipts == ()
    office.conclude("1", CLERK, "promised")
    desk.issue("licence", CHEN)
    desk.call()
    view = screens.view("1")
    assert (view.receipts, view.to_rate) == ((), None), "the next resident is here"
    office.conclude("1", CLERK, "joint")
    assert len(screens.view("1").receipts) == 1
    assert screens.view("2").receipts == ()
    desk.later(minutes=2)
    assert screens.view("1").receipts == ()
    # One that was over at once has no receipt.
    desk.issue("licence")
    desk.call()
    office.finish("1", CLERK)
    assert screens.view("1").receipts == ()
    # An application has its receipt from the terminal, whose code nobody can derive.
    Matters(office.ledger, spell_once).replace([LOST], Actor("zhou", "manager"))
    at = Applications(office.ledger)
    applied, _ = at.apply("licence-lost", Holders(CHEN), Actor("t-1", "terminal", "terminal hall-1"))
    at.take_up("1", applied.case.id, CLERK)
    assert screens.view("1").receipts == ()
    with desk.store.read() as conn:
        for table in tables.metadata.sorted_tables:
            assert str(case.receipt) not in repr([tuple(row) for row in conn.execute(select(table))]), table.name
