import json

from offices import CLERK, LI, OfficeHall, refused
from ticketing.model import (
    Actor,
    State,
    UnknownError,
)
from ticketing.office import Board

SCANNER = Actor("scanner:left", "clerk", "1")


def test_the_holder_of_a_ticket_sees_the_place_in_the_queue(desk: OfficeHall) -> None:
    desk.issue("tax")
    issued = desk.issue("tax")
    view = desk.office.ticket_of_code(issued.code)
    assert (view.ticket.number, view.ticket.ahead) == ("B002", 1)
    assert (view.service_name, view.service_name_en, view.window_name) == ("税务登记", "Tax", None)
    assert view.expected_wait
    desk.call("1")
    desk.call("2")
    view = desk.office.ticket_of_code(issued.code)
    assert (view.ticket.state, view.window_name, view.expected_wait) == (State.CALLED, "2号窗口", None)


def test_waits_are_learned_from_the_days_cases(desk: OfficeHall) -> None:
    desk.office.pause_window("1", CLERK)
    for _ in range(40):
        desk.issue("tax")
        desk.call("2")
        desk.later(seconds=59)
        desk.office.finish("2", CLERK)
        desk.later(seconds=1)
    for _ in range(5):
        desk.issue("tax")
    services = {view.service.id: view for view in desk.office.hall().services}
    assert services["tax"].waiting == 5
    wait = services["tax"].expected_wait
    assert wait
    assert 4 <= wait.low <= 5 <= wait.high <= 8
    # Nobody opened a window for it.
    assert services["licence"].expected_wait is None


def test_the_board_shows_calls_newest_first_with_the_last_ones_of_the_day(desk: OfficeHall) -> None:
    assert desk.office.board() == Board(0, [], [w for w in desk.office.board().waiting if w.count == 0])
    for _ in range(14):
        desk.issue("tax")
    for _ in range(13):
        desk.serve("2")
    desk.issue()
    desk.call("1")
    desk.office.recall("1", CLERK)
    board = desk.office.board()
    assert board.seq == desk.office.last_seq()
    assert [call.number for call in board.calls] == ["B014", *(f"B{n:03}" for n in range(13, 2, -1))]
    first = board.calls[0]
    assert (first.window, first.window_name, first.service, first.recalls) == ("1", "1号窗口", "tax", 1)
    assert [(one.service, one.name, one.count) for one in board.waiting] == [
        ("licence", "营业执照", 1),
        ("tax", "税务登记", 0),
        ("seal", "公章备案", 0),
    ]


def test_who_is_at_a_window_stays_on_the_board_however_many_were_called_since(desk: OfficeHall) -> None:
    desk.issue("licence")
    desk.call("3")
    for _ in range(14):
        desk.issue("tax")
        desk.serve("2")
    calls = desk.office.board().calls
    assert [call.number for call in calls] == [*(f"B{n:03}" for n in range(14, 2, -1)), "A001"]


def test_a_clerk_sees_the_own_window(desk: OfficeHall) -> None:
    for _ in range(3):
        desk.issue("tax")
        desk.call("2")
        desk.later(seconds=60)
        desk.office.finish("2", CLERK)
    desk.issue("tax")
    desk.call("2")
    desk.office.no_show("2", CLERK)
    numbers = [desk.issue("tax").ticket.number for _ in range(7)]
    desk.issue("licence")
    view = desk.office.window_view("2")
    assert (view.window.id, view.ticket, view.why) == ("2", None, None)
    assert view.next == numbers[:5]
    assert [(one.service, one.count) for one in view.waiting] == [("tax", 7)]
    assert (view.figures.served, view.figures.missed, view.figures.mean_seconds) == (3, 1, 60)
    assert desk.office.window_view("1").figures.mean_seconds is None
    refused(UnknownError, "unknown_window", desk.office.window_view, "9")


def test_events_are_numbered_and_read_on_from_any_of_them(desk: OfficeHall) -> None:
    assert desk.office.last_seq() == 0
    for _ in range(5):
        desk.issue()
    events = desk.office.events_after(0, 100)
    assert [event.seq for event in events] == [1, 2, 3, 4, 5]
    assert desk.office.events_after(2, 2) == events[2:4]
    assert desk.office.events_after(5, 10) == []
    assert desk.office.last_seq() == 5


def test_nothing_personal_is_in_events(desk: OfficeHall) -> None:
    issued = desk.issue("licence", LI)
    desk.call()
    desk.office.scan("1", issued.code, SCANNER)
    text = json.dumps([event.data for event in desk.office.events_after(0, 100)], ensure_ascii=False)
    assert LI.name and LI.name not in text
    assert LI.id_number and LI.id_number not in text
    assert issued.code not in text
