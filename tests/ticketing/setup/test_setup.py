"""A hall changed while people wait in it: all of the change or nothing, and nobody's ticket is lost."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from offices import CHEN, CLERK, SERVICES, WINDOWS, OfficeHall, refused
from ticketing.appointments.appointments import Appointments
from ticketing.calendar import Hours, Quota, Slot, SpecialDay
from ticketing.model import Actor, ClosedError, Service, State, StateError, UnknownError, Window
from ticketing.privacy.access_log import verify
from ticketing.setup import timetable
from ticketing.setup.setup import Change, HallSetup, Setup, differences
from ticketing.store import tables

MANAGER = Actor("boss", "manager", "192.0.2.7")
WHOLE = HallSetup(
    tuple(SERVICES),
    tuple(WINDOWS),
    (Hours("*", 1, 540, 720), Hours("*", 1, 810, 1050), Hours("tax", 2, 600, 660)),
    (SpecialDay(date(2026, 10, 1), None, "国庆节", "National Day"), SpecialDay(date(2026, 10, 10), 3, "调休")),
    (Quota("licence", 540, 720, 40),),
    (Slot("tax", 2, 600, 630, 4), Slot("tax", 2, 630, 660, 4)),
)


@pytest.fixture
def setup(desk: OfficeHall) -> Setup:
    return Setup(desk.office.ledger)


def without(setup: HallSetup, *services: str, windows: tuple[str, ...] = ()) -> HallSetup:
    """The make-up without these; a window that served them serves what is left."""
    return replace(
        setup,
        services=tuple(one for one in setup.services if one.id not in services),
        windows=tuple(
            replace(one, services=tuple(id_ for id_ in one.services if id_ not in services))
            for one in setup.windows
            if one.id not in windows
        ),
    )


def waiting(desk: OfficeHall) -> dict[str, int]:
    return {view.service.id: view.waiting for view in desk.office.hall().services}


def known(desk: OfficeHall) -> dict[str, bool]:
    """The services the store knows, and whether they were taken away."""
    with desk.office.ledger.look() as m:
        return {one.id: one.removed for one in m.services()}


def test_what_was_put_in_is_what_comes_out(desk: OfficeHall, setup: Setup) -> None:
    seq = desk.office.last_seq()
    changes = setup.replace(WHOLE, MANAGER)
    assert {change.what for change in changes} == {"hours", "special_days", "quotas", "slots"}
    found = setup.read()
    assert differences(found, WHOLE) == ()
    assert found.version == WHOLE.version
    assert desk.event_types(seq) == ["hall.changed"]


def test_the_same_again_changes_nothing_and_tells_nobody(desk: OfficeHall, setup: Setup) -> None:
    setup.replace(WHOLE, MANAGER)
    seq = desk.office.last_seq()
    assert setup.replace(setup.read(), MANAGER) == ()
    shuffled = replace(WHOLE, hours=WHOLE.hours[::-1], slots=WHOLE.slots[::-1])
    assert setup.replace(shuffled, MANAGER) == ()
    assert desk.event_types(seq) == []


def test_everything_of_a_service_and_a_window_is_kept(setup: Setup) -> None:
    tax = Service("tax", "税务", "Tax", "T", "二楼东", "身份证", "ID card", ("seal", "licence"), 2, 7)
    first = Window("1", "一号", ("*",), "open", {"tax": 15})
    setup.replace(replace(WHOLE, services=(SERVICES[0], tax, SERVICES[2]), windows=(WINDOWS[2], first)), MANAGER)
    found = setup.read()
    assert found.services[1] == tax
    assert [one.id for one in found.windows] == ["3", "1"]
    assert (found.windows[1].name, found.windows[1].services, found.windows[1].weights) == ("一号", ("*",), {"tax": 15})


def test_who_changed_it_stands_in_the_access_log(desk: OfficeHall, setup: Setup) -> None:
    setup.replace(without(WHOLE, "seal"), MANAGER)
    with desk.store.read() as conn:
        entry = conn.execute(select(tables.access_log)).one()
        assert verify(conn, desk.vault).whole
    assert (entry.who, entry.place, entry.action, entry.ticket_id) == ("boss", "192.0.2.7", "setup-changed", None)
    assert "-service seal" in entry.reason


def test_of_two_managers_the_second_does_not_overwrite_the_first(desk: OfficeHall, setup: Setup) -> None:
    seen = setup.read()
    setup.replace(without(seen, "seal"), MANAGER, version=seen.version)
    refused(StateError, "setup_changed", setup.replace, without(seen, "tax"), MANAGER, version=seen.version)
    assert [one.id for one in setup.read().services] == ["licence", "tax"]


def test_other_processes_see_new_hours_at_once(desk: OfficeHall, setup: Setup) -> None:
    other = OfficeHall(desk.url, seeded=False)
    try:
        with other.office.ledger.look() as m:
            assert timetable.now(m).calendar.is_always_open("tax")
        setup.replace(WHOLE, MANAGER)
        with other.office.ledger.look() as m:
            assert not timetable.now(m).calendar.is_always_open("tax")
    finally:
        other.close()


def test_a_service_without_anybody_is_gone_at_once(desk: OfficeHall, setup: Setup) -> None:
    setup.replace(without(WHOLE, "seal"), MANAGER)
    assert [one.id for one in desk.office.services()] == ["licence", "tax"]
    refused(UnknownError, "unknown_service", desk.issue, "seal")


def test_who_waits_for_a_service_that_is_taken_away_is_served(desk: OfficeHall, setup: Setup) -> None:
    ticket = desk.issue("seal", CHEN)
    setup.replace(without(WHOLE, "seal"), MANAGER)
    refused(ClosedError, "service_removed", desk.issue, "seal")
    assert waiting(desk)["seal"] == 1
    assert setup.unserved() == ()
    assert desk.call("3") == ticket.ticket.number
    assert not setup.tidy()
    desk.office.finish("3", CLERK)
    assert not setup.tidy()
    assert desk.office.undo("3", CLERK).number == ticket.ticket.number
    desk.office.finish("3", CLERK)
    desk.later(seconds=90)
    assert known(desk)["seal"]
    assert setup.tidy()
    assert list(known(desk)) == ["licence", "tax"]
    assert not setup.tidy()


def test_a_service_that_nobody_serves_any_more_is_told(desk: OfficeHall, setup: Setup) -> None:
    desk.issue("seal")
    setup.replace(without(WHOLE, "seal", windows=("1", "3")), MANAGER)
    assert [one.id for one in setup.unserved()] == ["seal"]
    setup.replace(WHOLE, MANAGER)
    assert setup.unserved() == ()
    assert desk.call("3") == "A001"


def test_a_service_taken_back_in_goes_on(desk: OfficeHall, setup: Setup) -> None:
    desk.issue("seal")
    setup.replace(without(WHOLE, "seal"), MANAGER)
    setup.replace(WHOLE, MANAGER)
    assert desk.issue("seal").ticket.number == "A002"
    assert [one.id for one in setup.read().services] == ["licence", "tax", "seal"]


def test_a_window_taken_away_finishes_whom_it_has(desk: OfficeHall, setup: Setup) -> None:
    ticket = desk.issue("licence")
    desk.call("1")
    setup.replace(without(WHOLE, windows=("1",)), MANAGER)
    assert [one.id for one in setup.read().windows] == ["2", "3"]
    assert not setup.tidy()
    desk.office.finish("1", CLERK)
    assert desk.office.ticket(ticket.ticket.id).state is State.DONE
    refused(UnknownError, "unknown_window", desk.call, "1")
    desk.later(seconds=90)
    assert setup.tidy()
    assert [one.id for one in desk.office.windows()] == ["2", "3"]


def test_who_waits_for_one_window_alone_waits_for_the_service_when_it_is_taken_away(
    desk: OfficeHall, setup: Setup
) -> None:
    ticket = desk.issue("licence")
    desk.call("1")
    desk.office.transfer("1", None, CLERK, "3")
    assert waiting(desk)["licence"] == 1
    setup.replace(without(WHOLE, windows=("3",)), MANAGER)
    assert desk.office.ticket(ticket.ticket.id).for_window is None
    assert desk.call("1") == "A001"


def test_a_stop_that_somebody_is_still_to_come_to_stays(desk: OfficeHall, setup: Setup) -> None:
    chained = replace(
        WHOLE, services=(replace(SERVICES[0], chain=("seal",)), *SERVICES[1:]), hours=(), special_days=(), quotas=()
    )
    setup.replace(chained, MANAGER)
    desk.issue("licence")
    setup.replace(without(replace(chained, services=tuple(SERVICES)), "seal"), MANAGER)
    assert known(desk)["seal"]


def test_a_service_somebody_has_an_appointment_for_keeps_its_name(desk: OfficeHall, setup: Setup) -> None:
    setup.replace(WHOLE, MANAGER)
    booked = Appointments(desk.office.ledger).book("tax", date(2026, 3, 3), 600, CHEN, CLERK, "api")
    setup.replace(without(HallSetup(WHOLE.services, WHOLE.windows), "tax"), MANAGER)
    assert known(desk) == {"licence": False, "seal": False, "tax": True}
    Appointments(desk.office.ledger).cancel(booked.id, CLERK)
    assert setup.tidy()


def test_numbers_of_a_new_prefix_never_come_twice(desk: OfficeHall, setup: Setup) -> None:
    first = [desk.issue("licence").ticket.number, desk.issue("tax").ticket.number]
    swapped = (replace(SERVICES[0], prefix="B"), replace(SERVICES[1], prefix="A"), SERVICES[2])
    setup.replace(replace(HallSetup(), services=swapped, windows=tuple(WINDOWS)), MANAGER)
    second = [desk.issue("licence").ticket.number, desk.issue("tax").ticket.number]
    assert (first, second) == (["A001", "B001"], ["B002", "A002"])


def test_a_change_that_fails_leaves_nothing_of_itself(desk: OfficeHall, setup: Setup) -> None:
    before = setup.read()
    twice = (Hours("*", 1, 540, 720), Hours("*", 1, 540, 700))
    with pytest.raises(IntegrityError):
        setup.replace(replace(without(WHOLE, "seal"), hours=twice), MANAGER)
    assert differences(setup.read(), before) == ()


def test_the_state_of_a_window_is_not_part_of_it(desk: OfficeHall, setup: Setup) -> None:
    before = setup.read()
    desk.office.pause_window("1", CLERK)
    assert setup.read().version == before.version
    setup.replace(replace(before, windows=before.windows[::-1]), MANAGER)
    assert {one.id: one.state for one in desk.office.windows()} == {"1": "paused", "2": "open", "3": "closed"}


def test_differences_are_told_one_by_one() -> None:
    after = replace(
        WHOLE,
        services=(SERVICES[1], replace(SERVICES[0], name="证照", prefix="C"), Service("new", "新", "", "N")),
        quotas=(),
    )
    assert differences(WHOLE, after) == (
        Change("service", "tax", "moved", ("1",)),
        Change("service", "licence", "changed", ("name", "prefix")),
        Change("service", "licence", "moved", ("2",)),
        Change("service", "new", "added"),
        Change("service", "seal", "removed"),
        Change("quotas", "", "changed"),
    )


def test_a_store_is_filled_once(desk: OfficeHall, setup: Setup) -> None:
    assert not setup.seed(replace(WHOLE, services=()))
    assert [one.id for one in setup.read().services] == ["licence", "tax", "seal"]
    setup.replace(HallSetup(), MANAGER)
    assert setup.seed(WHOLE)
    assert differences(setup.read(), WHOLE) == ()
