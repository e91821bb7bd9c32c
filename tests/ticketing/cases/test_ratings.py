"""好差评: five grades, once for each case, and nobody learns who gave which."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from offices import CHEN, CLERK, LI, OfficeHall, refused
from ticketing.cases import ratings
from ticketing.cases.ratings import Ratings
from ticketing.model import Actor, State, StateError, UnknownError
from ticketing.store import tables

MANAGER = Actor("zhao", "manager", "office")


@pytest.fixture
def box(desk: OfficeHall) -> Ratings:
    return Ratings(desk.office.ledger)


def served(desk: OfficeHall, outcome: str = "done", window: str = "1") -> str:
    """The code of a ticket that was served."""
    code = desk.issue().code
    desk.call(window)
    desk.office.conclude(window, CLERK, outcome)
    return code


def test_a_case_is_rated_once_by_the_tickets_code_and_never_changed(desk: OfficeHall, box: Ratings) -> None:
    code = served(desk)
    assert [case.service for case in box.to_rate(code)] == ["licence"]
    given = box.rate(code, 4)
    assert (given.grade, given.reasons, given.late) == (4, (), False)
    assert box.to_rate(code) == []
    for grade in (4, 5):
        refused(StateError, "already_rated", box.rate, code, grade)
    with desk.store.read() as conn:
        assert list(conn.scalars(select(tables.rating.c.grade))) == [4]


def test_each_case_of_a_ticket_is_rated_oldest_first_or_by_choice(desk: OfficeHall, box: Ratings) -> None:
    from ticketing.cases.cases import Further

    code = desk.issue().code
    desk.call()
    made = desk.office.conclude("1", CLERK, "done", None, [Further("tax", "promised"), Further("seal", "done")]).cases
    assert [case.id for case in box.to_rate(code)] == [case.id for case in made]
    assert box.rate(code, 5, case=made[2].id).case == made[2].id
    assert box.rate(code, 5).case == made[0].id
    assert made[1].receipt
    assert box.rate(made[1].receipt, 3).case == made[1].id
    refused(StateError, "already_rated", box.rate, code, 5)
    refused(UnknownError, "unknown_case", box.rate, code, 5, case=made[2].id + 1)


def test_a_rating_comes_late_by_the_code_on_the_slip_though_its_day_is_erased(desk: OfficeHall, box: Ratings) -> None:
    code, never = served(desk), desk.issue().code
    desk.now += timedelta(days=20)
    desk.office.end_of_day()
    assert desk.office.purge(desk.now.date())
    assert box.rate(code, 5).late
    refused(UnknownError, "unknown_code", box.rate, never, 5)
    refused(UnknownError, "unknown_code", box.rate, "0123456789ABCDEF", 5)
    refused(UnknownError, "unknown_code", box.to_rate, "nonsense")


def test_what_is_not_served_yet_is_not_rated(desk: OfficeHall, box: Ratings) -> None:
    code = desk.issue().code
    refused(StateError, "not_served_yet", box.rate, code, 5)
    assert box.to_rate(code) == []


@pytest.mark.parametrize(("grade", "reasons"), [(0, []), (6, []), (-1, []), (5, ["rude"]), (1, ["slow", "x"])])
def test_no_other_grades_or_reasons_are_taken(desk: OfficeHall, box: Ratings, grade: int, reasons: list[str]) -> None:
    refused(StateError, "bad_rating", box.rate, served(desk), grade, reasons)


@pytest.mark.parametrize("grade", [1, 2])
def test_the_two_lowest_grades_name_a_reason_and_make_work(desk: OfficeHall, box: Ratings, grade: int) -> None:
    code = served(desk)
    refused(StateError, "reason_needed", box.rate, code, grade)
    box.rate(code, grade, ["slow", "attitude", "slow"])
    (item,) = box.work()
    assert (item.grade, item.reasons, item.service, item.window, item.day) == (
        grade,
        ("slow", "attitude"),
        "licence",
        "1",
        desk.now.date(),
    )
    assert (item.made_at, item.contact_by, item.settle_by) == (
        desk.now,
        desk.now + timedelta(hours=1),
        desk.now + timedelta(hours=24),
    )
    assert (item.contacted_at, item.settled_at, item.who, item.note) == (None, None, None, None)


@pytest.mark.parametrize("grade", [3, 4, 5])
def test_other_grades_make_no_work(desk: OfficeHall, box: Ratings, grade: int) -> None:
    box.rate(served(desk), grade, ["other"] if grade == 3 else [])
    assert box.work() == []


def test_work_is_seen_to_and_settled(desk: OfficeHall, box: Ratings) -> None:
    for grade in (1, 2):
        box.rate(served(desk), grade, ["unclear"])
    first, second = box.work()
    desk.later(minutes=20)
    seen = box.see_to(first.id, MANAGER, contacted=True, note="已说明")
    assert (seen.contacted_at, seen.settled_at, seen.who, seen.note) == (desk.now, None, "zhao", "已说明")
    contacted = desk.now
    desk.later(hours=2)
    done = box.see_to(first.id, MANAGER, settled=True)
    assert (done.contacted_at, done.settled_at, done.note) == (contacted, desk.now, "已说明")
    assert [item.id for item in box.work()] == [second.id]
    assert [item.id for item in box.work(only_open=False)] == [second.id, first.id]
    refused(StateError, "work_settled", box.see_to, first.id, MANAGER, note="again")
    refused(UnknownError, "unknown_work", box.see_to, 99, MANAGER, settled=True)
    at_once = box.see_to(second.id, MANAGER, settled=True)
    assert at_once.contacted_at == at_once.settled_at


def test_a_windows_tablet_asks_about_the_case_just_finished_there(desk: OfficeHall, box: Ratings) -> None:
    assert box.asked_at("1") is None
    served(desk, window="3")
    assert box.asked_at("1") is None
    case = box.asked_at("3")
    assert case
    box.rate_at("3", case.id, 5)
    assert box.asked_at("3") is None
    refused(StateError, "nothing_to_rate", box.rate_at, "3", case.id, 5)
    refused(UnknownError, "unknown_window", box.asked_at, "99")


def test_a_tablet_asks_for_some_minutes_and_not_of_somebody_else(desk: OfficeHall, box: Ratings) -> None:
    served(desk)
    first = box.asked_at("1")
    assert first
    served(desk)
    second = box.asked_at("1")
    assert second
    assert second.id != first.id
    refused(StateError, "nothing_to_rate", box.rate_at, "1", first.id, 1, ["slow"])
    desk.later(minutes=11)
    assert box.asked_at("1") is None
    refused(StateError, "nothing_to_rate", box.rate_at, "1", second.id, 5)


def test_a_finish_that_was_rated_is_not_taken_back(desk: OfficeHall, box: Ratings) -> None:
    code = served(desk)
    box.rate(code, 5)
    refused(StateError, "already_rated", desk.office.undo, "1", CLERK)
    assert desk.office.ticket_of_code(code).ticket.state is State.DONE


def test_not_rated_is_a_figure_of_its_own(desk: OfficeHall, box: Ratings) -> None:
    for grade in (5, 5, 2, None):
        code = served(desk)
        if grade:
            box.rate(code, grade, ["slow"])
    with desk.office.ledger.look() as m:
        counted = ratings.figures(m, desk.now.date(), desk.now.date())
        assert ratings.figures(m, date(2020, 1, 1), date(2020, 12, 31)) == []
    assert {count.grade: count.cases for count in counted} == {5: 2, 2: 1, None: 1}
    assert {(count.day, count.service, count.window, count.clerk) for count in counted} == {
        (desk.now.date(), "licence", "1", "wang")
    }


def test_a_clerk_sees_only_counts_of_a_week_that_is_over_and_of_enough_residents(
    desk: OfficeHall, box: Ratings
) -> None:
    for grade in (5, 5, 4, 1):
        box.rate(served(desk), grade, ["slow"])
    assert box.of_window("1").grades is None
    monday = desk.now.date()
    desk.now += timedelta(days=7)
    found = box.of_window("1")
    assert (found.first, found.last, found.grades) == (monday, monday + timedelta(days=6), None), "four are too few"
    desk.now -= timedelta(days=1)
    box.rate(served(desk), 5)
    desk.now += timedelta(days=1)
    assert box.of_window("1").grades == {5: 3, 4: 1, 3: 0, 2: 0, 1: 1}
    box.rate(served(desk), 1, ["slow"])
    assert box.of_window("1").grades == {5: 3, 4: 1, 3: 0, 2: 0, 1: 1}, "it does not move with one resident's grade"
    assert box.of_window("2").grades is None


def test_nothing_in_a_rating_says_whose(desk: OfficeHall, box: Ratings) -> None:
    for resident in (LI, CHEN):
        code = desk.issue("licence", resident).code
        desk.call()
        desk.office.finish("1", CLERK)
        box.rate(code, 1, ["slow"])
    before = desk.office.last_seq()
    assert "rating" not in " ".join(desk.event_types())
    columns = {column.name for table in (tables.rating, tables.work_item) for column in table.columns}
    assert not columns & {"person_hash", "ticket_id", "number", "code_hash"}
    assert desk.office.last_seq() == before
    assert not {"number", "ticket"} & set(ratings.WorkItem.__dataclass_fields__)
