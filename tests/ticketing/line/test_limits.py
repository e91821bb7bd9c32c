"""What bounds the issuing of numbers: hours, quotas, persons, the hall's closing."""

import threading
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from offices import CHEN, DESK, LI, MORNING, SERVICES, WINDOWS, OfficeHall, refused
from ticketing.calendar import Hours, Quota, SpecialDay
from ticketing.line.limits import ALWAYS, Admission
from ticketing.model import Actor, ClosedError, LimitError, Resident, Service
from ticketing.policy import Rules
from ticketing.setup.setup import HallSetup, Setup

MANAGER = Actor("zhou", "manager", "hall")
WORKDAYS = tuple(Hours("*", day, *hours) for day in range(1, 6) for hours in ((540, 720), (810, 1050)))


def arrange(desk: OfficeHall, *, services: list[Service] = SERVICES, **calendar: object) -> None:
    setup = HallSetup(tuple(services), tuple(WINDOWS), **calendar)  # type: ignore[arg-type]
    Setup(desk.office.ledger).replace(setup, MANAGER)


def rule(desk: OfficeHall, **rules: object) -> None:
    desk.office.ledger.rules = replace(desk.office.ledger.rules, **rules)  # type: ignore[arg-type]


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"{MORNING:%Y-%m-%d}T{clock}").replace(tzinfo=MORNING.tzinfo)


def admission(desk: OfficeHall, service: str = "tax") -> Admission:
    return next(one.admission for one in desk.office.hall().services if one.service.id == service)


# Hours


def test_during_the_break_no_number_is_issued_and_it_is_told_when_there_will_be(desk: OfficeHall) -> None:
    arrange(desk, hours=WORKDAYS)
    desk.now = at("12:00")
    assert refused(ClosedError, "service_closed", desk.issue) == {"service": "licence", "opens_at": at("13:30")}
    assert admission(desk) == Admission(open=False, opens_at=at("13:30"), closes_at=at("17:30"))
    desk.now = at("13:30")
    assert desk.issue().ticket.number == "A001"
    assert admission(desk) == Admission(closes_at=at("17:30"))


def test_a_refused_number_leaves_no_gap(desk: OfficeHall) -> None:
    arrange(desk, hours=WORKDAYS)
    desk.issue()
    desk.now = at("12:30")
    refused(ClosedError, "service_closed", desk.issue)
    desk.now = at("14:00")
    assert desk.issue().ticket.number == "A002"


def test_who_waits_when_it_closes_is_still_called(desk: OfficeHall) -> None:
    arrange(desk, hours=WORKDAYS)
    number = desk.issue().ticket.number
    desk.now = at("18:00")
    assert desk.call() == number


def test_a_hall_without_hours_and_limits_is_always_open(desk: OfficeHall) -> None:
    desk.now = at("23:30")
    desk.issue()
    assert admission(desk) == ALWAYS


def test_hours_that_were_changed_hold_for_the_next_number_in_every_process(desk: OfficeHall) -> None:
    other = OfficeHall(desk.url, seeded=False)
    other.now = desk.now = at("12:30")
    try:
        other.issue()
        arrange(desk, hours=WORKDAYS)
        refused(ClosedError, "service_closed", other.issue)
        arrange(desk)
        other.issue()
    finally:
        other.close()


def test_on_a_holiday_the_next_opening_is_days_away(desk: OfficeHall) -> None:
    days = tuple(SpecialDay(MORNING.date() + timedelta(days=n), None, "假日") for n in range(3))
    arrange(desk, hours=WORKDAYS, special_days=days)
    facts = refused(ClosedError, "service_closed", desk.issue)
    assert facts["opens_at"] == at("09:00") + timedelta(days=3)


# Quotas

QUOTAS = (Quota("tax", 540, 720, 2), Quota("tax", 810, 1050, 1))


def test_when_the_quota_is_used_up_it_is_told_when_there_are_numbers_again(desk: OfficeHall) -> None:
    arrange(desk, hours=WORKDAYS, quotas=QUOTAS)
    assert admission(desk).places == 2
    desk.issue("tax")
    desk.issue("tax")
    assert refused(LimitError, "quota_reached", desk.issue, "tax") == {"service": "tax", "opens_at": at("13:30")}
    assert (admission(desk).places, admission(desk).places_at) == (0, at("13:30"))
    assert desk.issue("licence").ticket.number == "A001"
    desk.now = at("13:30")
    assert desk.issue("tax").ticket.number == "B003"
    facts = refused(LimitError, "quota_reached", desk.issue, "tax")
    assert facts["opens_at"] == at("09:00") + timedelta(days=1)


def test_a_ticket_that_is_cancelled_gives_its_place_back(desk: OfficeHall) -> None:
    arrange(desk, quotas=QUOTAS)
    first = desk.issue("tax")
    desk.issue("tax")
    refused(LimitError, "quota_reached", desk.issue, "tax")
    desk.office.cancel(first.ticket.id, DESK)
    assert desk.issue("tax").ticket.number == "B003"
    refused(LimitError, "quota_reached", desk.issue, "tax")


def test_a_quota_set_during_the_day_counts_what_was_issued_before(desk: OfficeHall) -> None:
    desk.issue("tax")
    arrange(desk, quotas=QUOTAS)
    desk.issue("tax")
    refused(LimitError, "quota_reached", desk.issue, "tax")


def test_a_new_day_has_its_quota_whole(desk: OfficeHall) -> None:
    arrange(desk, quotas=QUOTAS)
    desk.issue("tax")
    desk.issue("tax")
    desk.next_day()
    desk.issue("tax")
    assert admission(desk).places == 1


def test_eight_at_once_take_no_more_than_the_quota(desk: OfficeHall) -> None:
    arrange(desk, quotas=(Quota("tax", 0, 1440, 5),))
    together = threading.Barrier(8)
    took: list[str] = []
    refusals: list[str] = []

    def take() -> None:
        together.wait(60)
        for _ in range(2):
            try:
                took.append(desk.office.issue("tax", DESK, print=False).ticket.number)
            except LimitError as error:
                refusals.append(error.code)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(took) == ["B001", "B002", "B003", "B004", "B005"]
    assert refusals == ["quota_reached"] * 11


# Persons


def served(desk: OfficeHall, service: str, resident: Resident, **options: object) -> None:
    desk.issue(service, resident, **options)
    desk.serve("1")


def test_a_person_takes_no_more_in_a_day_than_the_hall_allows(desk: OfficeHall) -> None:
    rule(desk, per_person_day=2)
    arrange(desk, hours=WORKDAYS)
    served(desk, "tax", CHEN)
    served(desk, "licence", CHEN)
    assert desk.office.used_up(CHEN) == {"licence", "tax", "seal"}
    assert refused(LimitError, "person_limit", desk.issue, "tax", CHEN) == {"service": "tax", "most": 2}
    assert desk.office.used_up(LI) == frozenset()
    desk.issue("tax", LI)
    desk.next_day()
    desk.issue("tax", CHEN)


def test_a_service_may_allow_a_person_less(desk: OfficeHall) -> None:
    arrange(desk, services=[replace(one, per_person_day=1) if one.id == "tax" else one for one in SERVICES])
    served(desk, "tax", CHEN)
    refused(LimitError, "person_limit", desk.issue, "tax", CHEN)
    assert desk.office.used_up(CHEN) == {"tax"}
    served(desk, "licence", CHEN)
    served(desk, "licence", CHEN)


def test_a_ticket_taken_for_somebody_else_counts_for_both(desk: OfficeHall) -> None:
    rule(desk, per_person_day=1)
    served(desk, "tax", LI, agent=CHEN)
    refused(LimitError, "person_limit", desk.issue, "licence", CHEN)
    refused(LimitError, "person_limit", desk.issue, "licence", LI)


def test_who_cancels_may_take_another(desk: OfficeHall) -> None:
    rule(desk, per_person_day=1)
    first = desk.issue("tax", CHEN)
    desk.office.cancel(first.ticket.id, DESK)
    desk.issue("licence", CHEN)


def test_nothing_that_is_counted_tells_who_it_was(desk: OfficeHall) -> None:
    rule(desk, per_person_day=5)
    desk.issue("tax", CHEN)
    with desk.store.read() as conn:
        kept = conn.exec_driver_sql("SELECT what FROM used").scalars().all()
    assert kept and not any(CHEN.id_number in what for what in kept)  # type: ignore[operator]
    desk.next_day()
    desk.office.purge(desk.now.date())
    with desk.store.read() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM used").scalar() == 0


# The hall's closing


@pytest.mark.parametrize("last_ticket", ["warn", "refuse", "off"])
def test_who_will_not_be_reached_today_is_warned_or_refused(desk: OfficeHall, last_ticket: str) -> None:
    rule(desk, last_ticket=last_ticket)
    arrange(desk, hours=WORKDAYS)
    desk.now = at("17:00")
    for window in ("1", "2"):
        desk.office.open_window(window, DESK)
    desk.issue("tax")
    assert not admission(desk).not_today
    for _ in range(30):
        desk.office.issue("tax", DESK, print=False) if last_ticket != "refuse" else _try(desk)
    assert admission(desk).not_today == (last_ticket != "off")
    if last_ticket == "refuse":
        facts = refused(LimitError, "not_today", desk.issue, "tax")
        assert facts == {"service": "tax", "closes_at": at("17:30")}


def _try(desk: OfficeHall) -> None:
    try:
        desk.office.issue("tax", DESK, print=False)
    except LimitError as error:
        assert error.code == "not_today"


def test_before_any_window_is_open_nobody_is_told_that_today_is_over(desk: OfficeHall) -> None:
    rule(desk, last_ticket="refuse")
    arrange(desk, hours=WORKDAYS)
    for window in ("1", "2"):
        desk.office.close_window(window, DESK)
    desk.issue("tax")
    assert not admission(desk).not_today


def test_the_rules_of_a_hall_that_says_nothing() -> None:
    rules = Rules()
    assert (rules.per_person_day, rules.last_ticket) == (0, "warn")


# Halls open past midnight


def test_a_hall_open_past_midnight_issues_todays_numbers_until_it_closes(desk: OfficeHall) -> None:
    rule(desk, day_starts=timedelta(hours=4))
    arrange(desk, hours=(Hours("*", 1, 1200, 1560),))
    desk.now = at("20:00")
    assert desk.issue("tax").ticket.number == "B001"
    desk.now = at("01:30") + timedelta(days=1)
    assert desk.issue("tax").ticket.number == "B002"
    assert admission(desk) == Admission(closes_at=at("02:00") + timedelta(days=1))
    desk.now = at("02:00") + timedelta(days=1)
    facts = refused(ClosedError, "service_closed", desk.issue, "tax")
    assert facts["opens_at"] == at("20:00") + timedelta(days=7)
