"""Appointments: booked, found by the card, missed, taken in from lists."""

import threading
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from offices import CHEN, DESK, LI, MORNING, SERVICES, WINDOWS, OfficeHall, refused
from ticketing.appointments.appointments import Appointments, BadRow, BadRowsError, ListedRow
from ticketing.calendar import Hours, Quota, Slot, SpecialDay
from ticketing.model import Actor, ClosedError, LimitError, Resident, StateError, TicketingError, UnknownError
from ticketing.policy import AppointmentRules
from ticketing.setup.setup import HallSetup, Setup

TODAY = MORNING.date()
TOMORROW = TODAY + timedelta(days=1)
TEN, HALF_PAST = 600, 630
TEN_MINUTES = timedelta(minutes=10)
A_MOMENT = timedelta(seconds=1)
SLOTS = tuple(
    Slot("tax", weekday, begins, begins + 30, capacity)
    for weekday in range(1, 6)
    for begins, capacity in ((TEN, 2), (HALF_PAST, 1))
)
NOBODY = Resident(kind="typed", id_number="110102199203040018")
"""Invented numbers, too."""


def arrange(desk: OfficeHall, **calendar: object) -> Appointments:
    Setup(desk.office.ledger).replace(
        HallSetup(tuple(SERVICES), tuple(WINDOWS), **({"slots": SLOTS} | calendar)),  # type: ignore[arg-type]
        DESK,
    )
    return Appointments(desk.office.ledger)


@pytest.fixture
def book(desk: OfficeHall) -> Appointments:
    return arrange(desk)


def rule(desk: OfficeHall, **rules: object) -> None:
    ledger = desk.office.ledger
    ledger.rules = replace(ledger.rules, appointments=replace(ledger.rules.appointments, **rules))  # type: ignore[arg-type]


def at(clock: str, day: date = TODAY) -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=MORNING.tzinfo)


def booked(book: Appointments, resident: Resident = CHEN, day: date = TODAY, minute: int = TEN, **options: object):
    return book.book("tax", day, minute, resident, DESK, "api", **options)  # type: ignore[arg-type]


def states(desk: OfficeHall) -> list[str]:
    with desk.store.read() as conn:
        return list(conn.exec_driver_sql("SELECT state FROM appointment ORDER BY id").scalars())


# Booking


def test_a_booked_place_is_no_longer_free_and_a_cancelled_one_is_again_ten_minutes_later(
    desk: OfficeHall, book: Appointments
) -> None:
    assert [(one.begins, one.capacity, one.free) for one in book.slots("tax", TOMORROW)] == [
        (at("10:00", TOMORROW), 2, 2),
        (at("10:30", TOMORROW), 1, 1),
    ]
    made = booked(book, day=TOMORROW)
    assert (made.state, made.begins, made.ends) == ("booked", at("10:00", TOMORROW), at("10:30", TOMORROW))
    assert [one.free for one in book.slots("tax", TOMORROW)] == [1, 1]
    assert made.code is not None and len(made.code) == 16
    assert book.of_code(made.code.lower()).id == made.id
    assert book.cancel_code(made.code).state == "cancelled"
    assert [one.free for one in book.slots("tax", TOMORROW)] == [1, 1]
    assert next(day.free for day in book.days()["tax"] if day.day == TOMORROW) == 2
    desk.now += TEN_MINUTES
    assert [one.free for one in book.slots("tax", TOMORROW)] == [2, 1]
    assert next(day.free for day in book.days()["tax"] if day.day == TOMORROW) == 3
    assert refused(StateError, "appointment_over", book.cancel_code, made.code) == {"state": "cancelled"}
    assert refused(StateError, "appointment_over", book.cancel, made.id, DESK) == {"state": "cancelled"}


def test_a_booking_is_taken_back_within_ten_minutes_and_its_place_is_free_at_once(
    desk: OfficeHall, book: Appointments
) -> None:
    made = booked(book, minute=HALF_PAST)
    assert made.take_back_until == desk.now + TEN_MINUTES
    desk.now += TEN_MINUTES - A_MOMENT
    back = book.take_back_code(str(made.code))
    assert (back.state, back.take_back_until) == ("cancelled", None)
    assert [one.free for one in book.slots("tax", TODAY)] == [2, 1]
    assert refused(StateError, "take_back_over", book.take_back_code, str(made.code)) == {}
    later = booked(book, LI)
    desk.now += TEN_MINUTES
    assert book.of_code(str(later.code)).take_back_until is None
    assert refused(StateError, "take_back_over", book.take_back, later.id, DESK) == {}
    assert book.of_code(str(later.code)).state == "booked"


def test_a_cancellation_is_taken_back_to_the_place_that_was_kept_for_it(desk: OfficeHall, book: Appointments) -> None:
    made = booked(book, day=TOMORROW, minute=HALF_PAST)
    desk.now += TEN_MINUTES
    until = desk.now + TEN_MINUTES
    assert book.cancel_code(str(made.code)).take_back_until == until
    # The only place is kept: nobody else gets it meanwhile.
    refused(StateError, "slot_full", booked, book, LI, TOMORROW, HALF_PAST)
    terminal = Actor("t-1", "terminal", "terminal hall-1")
    refused(UnknownError, "unknown_appointment", book.take_back_by_holder, made.id, LI, terminal)
    back = book.take_back_by_holder(made.id, CHEN, terminal)
    assert (back.id, back.state, back.code, back.take_back_until) == (made.id, "booked", None, None)
    with desk.store.read() as conn:
        logged = conn.exec_driver_sql("SELECT action FROM access_log ORDER BY seq DESC LIMIT 2").scalars().all()
    assert logged == ["terminal-take-back", "terminal-take-back-refused"]
    book.cancel(made.id, DESK)
    desk.now += TEN_MINUTES
    refused(StateError, "take_back_over", book.take_back, made.id, DESK)
    assert booked(book, LI, TOMORROW, HALF_PAST).state == "booked"


def test_whoever_books_another_time_gives_the_kept_place_up(desk: OfficeHall, book: Appointments) -> None:
    first = booked(book, day=TOMORROW, minute=HALF_PAST)
    book.cancel(first.id, DESK)
    # One's own kept place can be booked anew, though nobody else gets it.
    again = booked(book, day=TOMORROW, minute=HALF_PAST)
    book.cancel(again.id, DESK)
    other = booked(book, day=TOMORROW, minute=TEN)
    for old in (first, again):
        refused(StateError, "take_back_over", book.take_back, old.id, DESK)
    assert [one.free for one in book.slots("tax", TOMORROW)] == [1, 1]
    book.take_back(other.id, DESK)
    assert [one.free for one in book.slots("tax", TOMORROW)] == [2, 1]


def test_what_cannot_be_booked_cannot_be_taken_back_to(desk: OfficeHall, book: Appointments) -> None:
    desk.now = at("09:55")
    soon = booked(book)
    book.cancel(soon.id, DESK)
    desk.now = at("10:00")
    assert refused(StateError, "slot_over", book.take_back, soon.id, DESK) == {}
    desk.now = at("09:59", TOMORROW)
    made = booked(book, day=TOMORROW, minute=TEN)
    desk.office.issue("tax", DESK, resident=CHEN, print=False)
    refused(StateError, "take_back_over", book.take_back, made.id, DESK)
    assert states(desk) == ["cancelled", "checked_in"]


def test_taking_back_a_cancellation_leaves_the_rule_of_missed_ones_as_it_is(
    desk: OfficeHall, book: Appointments
) -> None:
    rule(desk, no_show_limit=1, no_show_days=90)
    made = booked(book)
    book.cancel(made.id, DESK)
    book.take_back(made.id, DESK)
    desk.now = at("09:00", TOMORROW)
    desk.office.end_of_day()
    assert states(desk) == ["missed"]
    refused(StateError, "take_back_over", book.take_back, made.id, DESK)
    refused(LimitError, "appointments_blocked", booked, book, CHEN, TOMORROW)


def test_the_days_tell_what_is_still_free_of_each_service(desk: OfficeHall, book: Appointments) -> None:
    booked(book)
    booked(book, LI, TOMORROW, HALF_PAST)
    ((service, days),) = book.days().items()
    assert service == "tax"
    assert [(one.day, one.free) for one in days][:3] == [(TODAY, 2), (TOMORROW, 2), (TOMORROW + timedelta(days=1), 3)]
    assert [one.day.isoweekday() for one in days] == [1, 2, 3, 4, 5] * 2 + [1]
    rule(desk, days_ahead=0)
    desk.now = at("10:10")
    assert [(one.day, one.free) for one in book.days()["tax"]] == [(TODAY, 1)]
    desk.now = at("10:31")
    assert book.days() == {"tax": []}
    assert arrange(desk, slots=()).days() == {}


def test_a_holder_sees_what_is_ones_own_and_gives_it_back(desk: OfficeHall, book: Appointments) -> None:
    terminal = Actor("t-1", "terminal", "terminal hall-1")
    today, later = booked(book), booked(book, day=TOMORROW)
    others = booked(book, LI)
    card = replace(CHEN, id_number=f" {str(CHEN.id_number).lower()} ")
    assert [one.id for one in book.of_holder(card, terminal)] == [today.id, later.id]
    assert book.of_holder(NOBODY, terminal) == []
    for wrong in (others.id, 999):
        assert refused(UnknownError, "unknown_appointment", book.cancel_by_holder, wrong, card, terminal) == {}
    assert book.cancel_by_holder(later.id, card, terminal).state == "cancelled"
    assert refused(StateError, "appointment_over", book.cancel_by_holder, later.id, card, terminal)
    assert [one.state for one in book.of_holder(CHEN, terminal)] == ["booked", "cancelled"]
    assert states(desk) == ["booked", "cancelled", "booked"]
    desk.now = at("09:00", TOMORROW)
    assert [one.id for one in book.of_holder(CHEN, terminal)] == [later.id]


def test_what_somebody_typed_counts_for_nobody_and_makes_way_for_the_card(desk: OfficeHall, book: Appointments) -> None:
    rule(desk, no_show_limit=1, no_show_days=90)
    terminal = Actor("t-1", "terminal", "terminal hall-1")
    book.book("tax", TODAY, TEN, CHEN, terminal, "typed")
    # A second one is not told what there is.
    assert refused(StateError, "card_needed", book.book, "tax", TODAY, TEN, CHEN, terminal, "typed") == {}
    kept = book.book("tax", TODAY, TEN, CHEN, terminal, "terminal")
    assert states(desk) == ["cancelled", "booked"]
    book.cancel(kept.id, terminal)
    book.book("tax", TODAY, TEN, CHEN, terminal, "typed")
    desk.now = at("09:00", TOMORROW)
    desk.office.end_of_day()
    assert states(desk)[-1] == "missed"
    assert book.book("tax", TOMORROW, TEN, CHEN, terminal, "terminal").state == "booked"
    desk.now = at("09:00", TOMORROW + timedelta(days=1))
    desk.office.end_of_day()
    refused(LimitError, "appointments_blocked", book.book, "tax", desk.now.date(), TEN, CHEN, terminal, "api")
    refused(StateError, "card_needed", book.book, "tax", desk.now.date(), TEN, CHEN, terminal, "typed")


def test_what_cannot_be_booked_is_refused(desk: OfficeHall, book: Appointments) -> None:
    refused(UnknownError, "no_such_slot", booked, book, minute=615)
    refused(UnknownError, "no_such_slot", booked, book, day=date(2026, 3, 7))
    refused(UnknownError, "unknown_service", book.book, "nothing", TODAY, TEN, CHEN, DESK, "api")
    refused(StateError, "no_id_number", booked, book, replace(CHEN, id_number=None))
    last = TODAY + timedelta(days=14)
    assert refused(StateError, "too_far_ahead", booked, book, day=last + timedelta(days=1)) == {"until": last}
    booked(book, day=last)
    desk.now = at("10:00")
    refused(StateError, "slot_over", booked, book)
    refused(UnknownError, "no_such_slot", booked, book, day=TODAY - timedelta(days=1))
    refused(StateError, "slot_over", booked, book, day=TODAY - timedelta(days=3))
    assert [one.free for one in book.slots("tax", TODAY)] == [0, 1]
    assert [one.free for one in book.slots("tax", last + timedelta(days=1))] == [0, 0]
    assert states(desk) == ["booked"]


def test_a_holiday_has_no_slots_and_a_moved_day_those_of_its_weekday(desk: OfficeHall) -> None:
    saturday = date(2026, 3, 7)
    book = arrange(desk, special_days=(SpecialDay(TOMORROW, None, "假日"), SpecialDay(saturday, 5, "调休")))
    assert book.slots("tax", TOMORROW) == []
    refused(UnknownError, "no_such_slot", booked, book, day=TOMORROW)
    assert booked(book, day=saturday).begins == at("10:00", saturday)


def test_a_person_has_one_appointment_a_service_and_day(book: Appointments) -> None:
    first = booked(book)
    assert refused(StateError, "already_booked", booked, book, minute=HALF_PAST) == {"time": "10:00"}
    assert [one.id for one in book.of_person(CHEN)] == [first.id]
    assert book.of_person(LI) == []
    booked(book, day=TOMORROW)
    book.cancel(first.id, DESK)
    booked(book, minute=HALF_PAST)


def test_a_full_slot_is_refused(book: Appointments) -> None:
    booked(book, minute=HALF_PAST)
    refused(StateError, "slot_full", booked, book, LI, minute=HALF_PAST)


def test_a_repeated_request_books_once(desk: OfficeHall, book: Appointments) -> None:
    first = booked(book, key="k")
    assert booked(book, key="k") == first
    refused(StateError, "idempotency_key_reused", booked, book, minute=HALF_PAST, key="k")
    assert states(desk) == ["booked"]


def test_of_eight_at_once_exactly_as_many_as_there_are_places_book(desk: OfficeHall) -> None:
    book = arrange(desk, slots=(Slot("tax", 1, TEN, HALF_PAST, 3),))
    numbers = [replace(CHEN, id_number=f"person {n}") for n in range(8)]
    together = threading.Barrier(8)
    outcomes: list[str] = []

    def one(resident: Resident) -> None:
        together.wait(60)
        try:
            outcomes.append(booked(book, resident).state)
        except TicketingError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=one, args=(resident,)) for resident in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes) == ["booked"] * 3 + ["slot_full"] * 5
    assert states(desk) == ["booked"] * 3


def test_codes_that_are_wrong_or_of_a_past_day_are_equally_unknown(desk: OfficeHall, book: Appointments) -> None:
    made = booked(book)
    issued = desk.issue("tax")
    desk.next_day()
    for code in (made.code, "0" * 16, "", issued.code):
        refused(UnknownError, "unknown_code", book.of_code, code)
        refused(UnknownError, "unknown_code", book.cancel_code, code)


# Checking in


def test_within_its_time_an_appointment_ranks_at_its_slot(desk: OfficeHall, book: Appointments) -> None:
    booked(book)
    desk.now = at("10:05")
    walk_in = desk.issue("tax").ticket
    desk.now = at("10:20")
    ticket = desk.issue("tax", CHEN).ticket
    assert (ticket.rank_at, ticket.rank_by, ticket.ahead) == (at("10:00"), "appointment", 0)
    assert [(one.state, one.ticket) for one in book.of_person(CHEN)] == [("checked_in", ticket.id)]
    called = desk.office.call_next("2", DESK)
    assert called and called.ticket.number == ticket.number
    assert called.why.zh == f"{ticket.number} 先于 {walk_in.number}：预约 10:00–10:30"
    assert called.why.en == f"{ticket.number} before {walk_in.number}: appointment at 10:00–10:30"


def test_a_little_early_it_ranks_no_later_than_without_an_appointment(desk: OfficeHall, book: Appointments) -> None:
    booked(book)
    desk.now = at("09:29:59")
    ticket = desk.issue("tax", CHEN).ticket
    assert (ticket.rank_at, ticket.rank_by) == (desk.now, None)
    assert book.of_person(CHEN)[0].state == "checked_in"


def test_far_too_early_it_waits_for_its_slot(desk: OfficeHall, book: Appointments) -> None:
    booked(book)
    desk.now = at("09:10")
    ticket = desk.issue("tax", CHEN).ticket
    assert (ticket.rank_at, ticket.rank_by) == (at("10:00"), "appointment")
    later = desk.issue("tax").ticket
    assert later.ahead == 0
    assert desk.call("2") == later.number


def test_or_gets_no_ticket_yet(desk: OfficeHall, book: Appointments) -> None:
    rule(desk, early_is="refuse")
    booked(book)
    assert refused(StateError, "too_early", desk.issue, "tax", CHEN) == {"opens_at": at("09:30")}
    assert book.of_person(CHEN)[0].state == "booked"
    desk.now = at("09:29:59")
    desk.issue("tax", CHEN)


def test_until_a_while_after_its_slot_it_is_kept_and_then_lost(desk: OfficeHall, book: Appointments) -> None:
    booked(book)
    booked(book, LI)
    desk.now = at("10:44:58")
    assert desk.issue("tax", LI).ticket.rank_by == "appointment"
    desk.now = at("10:44:59")
    ticket = desk.issue("tax", CHEN).ticket
    assert (ticket.rank_at, ticket.rank_by) == (desk.now, None)
    assert [one.state for one in book.of_person(CHEN)] == ["missed"]


def test_or_who_is_late_is_refused(desk: OfficeHall, book: Appointments) -> None:
    rule(desk, late_is="refuse")
    booked(book)
    desk.now = at("10:45")
    assert refused(StateError, "too_late", desk.issue, "tax", CHEN) == {"time": "10:00"}


def test_an_appointment_becomes_one_ticket_and_no_more(desk: OfficeHall, book: Appointments) -> None:
    booked(book)
    desk.now = at("10:05")
    first = desk.issue("tax", CHEN).ticket
    refused(StateError, "already_waiting", desk.issue, "tax", CHEN)
    desk.serve("2")
    second = desk.issue("tax", CHEN).ticket
    assert (first.rank_by, second.rank_by) == ("appointment", None)


def test_a_refused_ticket_leaves_the_appointment_as_it_was(desk: OfficeHall) -> None:
    book = arrange(desk, hours=(Hours("*", 1, 540, 640),))
    booked(book)
    desk.now = at("10:41")
    refused(ClosedError, "service_closed", desk.issue, "tax", CHEN)
    assert book.of_person(CHEN)[0].state == "booked"


def test_who_has_an_appointment_has_a_place_in_the_quota(desk: OfficeHall) -> None:
    book = arrange(desk, quotas=(Quota("tax", 0, 1440, 1),))
    booked(book)
    desk.now = at("09:45")
    desk.issue("tax", LI)
    refused(LimitError, "quota_reached", desk.issue, "tax", NOBODY)
    desk.issue("tax", CHEN)


def test_for_another_service_the_appointment_is_left_alone(desk: OfficeHall, book: Appointments) -> None:
    booked(book)
    desk.now = at("10:05")
    assert desk.issue("licence", CHEN).ticket.rank_by is None
    assert book.of_person(CHEN)[0].state == "booked"


# Who does not come


def test_who_does_not_come_has_missed_it_when_the_day_is_over(desk: OfficeHall, book: Appointments) -> None:
    booked(book)
    desk.next_day()
    desk.office.end_of_day()
    assert states(desk) == ["missed"]


def test_who_misses_too_many_cannot_book_for_a_while(desk: OfficeHall, book: Appointments) -> None:
    rule(desk, no_show_limit=2, no_show_days=30)
    for _ in range(2):
        booked(book, day=desk.now.date())
        desk.next_day()
    until = TODAY + timedelta(days=30)
    assert refused(LimitError, "appointments_blocked", booked, book, day=desk.now.date()) == {"until": until}
    booked(book, LI, day=desk.now.date())
    desk.now = at("09:00", until - timedelta(days=1))
    refused(LimitError, "appointments_blocked", booked, book, day=until)
    desk.now = at("09:00", until)
    booked(book, day=until)


def test_whose_it_was_is_forgotten_once_it_no_longer_counts(desk: OfficeHall, book: Appointments) -> None:
    def known() -> list[bool]:
        with desk.store.read() as conn:
            found = conn.exec_driver_sql("SELECT person_hash IS NOT NULL FROM appointment ORDER BY id").scalars()
            return [bool(one) for one in found]

    rule(desk, no_show_days=30)
    booked(book, CHEN)
    booked(book, LI)
    desk.now = at("10:05")
    desk.issue("tax", LI)
    desk.office.purge(TODAY)
    assert known() == [True, True]
    desk.next_day()
    desk.office.purge(desk.now.date())
    assert known() == [True, False]
    desk.now = at("09:00", TODAY + timedelta(days=31))
    desk.office.purge(desk.now.date())
    assert known() == [False, False]


def test_nothing_of_a_person_is_in_the_store(desk: OfficeHall, book: Appointments) -> None:
    booked(book, LI)
    with desk.store.read() as conn:
        row = conn.exec_driver_sql("SELECT * FROM appointment").one()
    assert LI.id_number not in repr(tuple(row)) and LI.name not in repr(tuple(row))  # type: ignore[operator]


# Lists

LISTED = ListedRow(2, "tax", TODAY, TEN, str(CHEN.id_number))


def test_a_list_is_taken_in_whole_and_again_changes_nothing(desk: OfficeHall, book: Appointments) -> None:
    rows = [LISTED, replace(LISTED, line=3, id_number=str(LI.id_number), minute=HALF_PAST)]
    taken = book.take_in(rows, DESK)
    assert (taken.booked, taken.known) == (2, 0)
    taken = book.take_in(rows, DESK)
    assert (taken.booked, taken.known) == (0, 2)
    assert states(desk) == ["booked", "booked"]
    book.cancel(book.of_person(CHEN)[0].id, DESK)
    book.take_in(rows, DESK)
    assert states(desk) == ["cancelled", "booked"]


def test_of_a_list_with_bad_rows_all_are_named_and_none_is_booked(desk: OfficeHall, book: Appointments) -> None:
    rows = [
        LISTED,
        replace(LISTED, line=3, service="nothing"),
        BadRow(4, "bad_date", {}),
        replace(LISTED, line=5, minute=HALF_PAST),
        replace(LISTED, line=6, minute=601),
        replace(LISTED, line=7, id_number=str(LI.id_number)),
        replace(LISTED, line=8, id_number=str(NOBODY.id_number)),
        replace(LISTED, line=9, day=TODAY - timedelta(days=3)),
    ]
    with pytest.raises(BadRowsError) as caught:
        book.take_in(rows, DESK)
    assert [(row.line, row.code) for row in caught.value.rows] == [
        (3, "unknown_service"),
        (4, "bad_date"),
        (5, "already_booked"),
        (6, "no_such_slot"),
        (8, "slot_full"),
        (9, "slot_over"),
    ]
    assert str(CHEN.id_number) not in repr(caught.value.rows) + str(caught.value) + repr(rows)
    assert states(desk) == []


def test_what_stands_in_the_store_and_earlier_in_the_list_counts_for_each_row(
    desk: OfficeHall, book: Appointments
) -> None:
    booked(book, LI)
    book.cancel(booked(book, CHEN).id, DESK)
    again = replace(LISTED, line=3, minute=HALF_PAST)
    with pytest.raises(BadRowsError) as caught:
        book.take_in([replace(LISTED, id_number=str(LI.id_number), minute=HALF_PAST), LISTED, again, again], DESK)
    assert [(row.line, row.code) for row in caught.value.rows] == [(2, "already_booked")]
    taken = book.take_in([replace(LISTED, id_number=str(LI.id_number)), LISTED, again, again], DESK)
    assert (taken.booked, taken.known) == (1, 3)
    assert states(desk) == ["booked", "cancelled", "booked"]


def test_of_a_long_list_no_row_costs_a_statement_while_nobody_else_can_write(desk: OfficeHall) -> None:
    book = arrange(desk, slots=(Slot("tax", TODAY.isoweekday(), TEN, HALF_PAST, 2000),))
    asked: list[str] = []

    def note(conn: Any, cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    event.listen(desk.store.engine, "before_cursor_execute", note)
    taken = book.take_in([replace(LISTED, line=line, id_number=f"{line:018}") for line in range(1000)], DESK)
    event.remove(desk.store.engine, "before_cursor_execute", note)
    assert taken.booked == len(states(desk)) == 1000
    assert len(asked) < 20


def test_a_list_may_reach_further_ahead_than_residents_do(book: Appointments) -> None:
    day = TODAY + timedelta(days=28)
    assert book.take_in([replace(LISTED, day=day)], DESK).booked == 1


def test_the_rules_of_a_hall_that_says_nothing() -> None:
    rules = AppointmentRules()
    assert (rules.early, rules.late) == (timedelta(minutes=30), timedelta(minutes=15))
