"""Appointments over the wire: slots, booking, cancelling, lists."""

from datetime import date, timedelta
from typing import Any

import pytest

from drivers.card_reader.events import CardLeft, CardRead
from drivers.card_reader.id_card import check_digit
from drivers.card_reader.social_security import SocialSecurityCard
from kiosk.exchange.appointment_lists import LARGEST
from ticketing.calendar import Slot
from ticketing.model import Actor
from ticketing.setup.setup import HallSetup

MONDAY = date(2026, 11, 23)
TUESDAY = MONDAY + timedelta(days=1)


def id_number(order: int = 123) -> str:
    first = f"11000019880314{order:03}"
    return first + check_digit(first)


@pytest.fixture
def booking(here: Any) -> Any:
    """A hall whose tax service takes two at 10:00 and one at 10:30 on weekdays."""
    made: HallSetup = here.hall.setup.read()
    slots = tuple(
        Slot("tax", weekday, begins, begins + 30, capacity)
        for weekday in range(1, 6)
        for begins, capacity in ((600, 2), (630, 1))
    )
    here.hall.setup.replace(HallSetup(made.services, made.windows, slots=slots), Actor("zhou", "manager", "hall"))
    return here


def wanted(time: str = "10:00", number: str | None = None, day: date = TUESDAY, service: str = "tax") -> dict[str, Any]:
    return {
        "service": service,
        "date": str(day),
        "time": time,
        "resident": {"id_number": number or id_number(), "name": "梁试问"},
    }


def test_a_time_is_booked_found_by_its_code_and_given_back(booking: Any) -> None:
    slots = f"/appointments/slots?service=tax&date={TUESDAY}"
    assert [(one["time"], one["free"]) for one in booking.get(slots).json["slots"]] == [("10:00", 2), ("10:30", 1)]
    made = booking.post("/appointments", wanted(), token=booking.token("desk"))
    assert made.status == 201
    assert made.json["begins_at"] == "2026-11-24T10:00:00.000+08:00"
    assert (made.json["service_name"], made.json["state"]) == ("税务登记", "booked")
    code = made.json["code"]
    told = made.json
    assert told.pop("qr").startswith("data:image/svg+xml,")
    assert booking.get(f"/appointments/{code.lower()}").json | {"code": code} == told
    assert booking.get(slots).json["slots"][0]["free"] == 1
    assert booking.post(f"/appointments/{code}/cancel").json["state"] == "cancelled"
    booking.pass_time(minutes=10)
    assert booking.get(slots).json["slots"][0]["free"] == 2
    assert booking.post(f"/appointments/{code}/cancel").code == "appointment_over"
    assert booking.get("/appointments/0000000000000000").code == "unknown_code"


def test_a_booking_and_a_cancellation_are_taken_back_by_code_card_and_desk(booking: Any) -> None:
    desk, terminal = booking.token("desk"), booking.hall.people.add_token("t", "terminal", (), "hall-1")
    made = booking.post("/appointments", wanted("10:30"), token=desk).json
    assert made["take_back_until"] == "2026-11-23T09:40:00.000+08:00"
    by_code, here = f"/appointments/{made['code']}", f"/terminals/hall-1/appointments/{made['id']}"
    booking.post(f"{by_code}/cancel")
    assert booking.post(f"{by_code}/take-back").json["state"] == "booked"
    assert booking.post(f"{by_code}/take-back").code == "take_back_over"
    booking.post(f"{by_code}/cancel")
    assert booking.post(f"{here}/take-back", {}, token=terminal).code == "card_needed"
    assert booking.post(f"{here}/take-back", {"code": "0" * 16}, token=terminal).code == "unknown_code"
    card = SocialSecurityCard("张", id_number())
    booking.hall.terminal_cards.hear(CardRead(card, terminal="hall-1"))
    assert booking.post(f"{here}/take-back", {}, token=terminal).json["state"] == "booked"
    booking.post(f"{here}/cancel", {}, token=terminal)
    assert booking.post(f"{here}/take-back", {"code": made["code"]}, token=terminal).json["state"] == "booked"
    booking.post(f"/desk/appointments/{made['id']}/cancel", {}, token=desk)
    assert booking.post(f"/desk/appointments/{made['id']}/take-back", {}, token=desk).json["state"] == "booked"
    assert booking.post("/desk/appointments/99/take-back", {}, token=desk).code == "unknown_appointment"


def test_the_desk_sees_a_days_appointments_without_knowing_whose(booking: Any) -> None:
    desk = booking.token("desk")
    made = booking.post("/appointments", wanted(), token=desk).json
    listed = booking.get(f"/appointments?date={TUESDAY}", token=desk)
    assert [one["id"] for one in listed.json["appointments"]] == [made["id"]]
    assert id_number() not in listed.body.decode() and "梁" not in listed.body.decode()
    assert booking.get("/appointments", token=desk).json == {"appointments": []}
    assert booking.post(f"/desk/appointments/{made['id']}/cancel", {}, token=desk).json["state"] == "cancelled"
    assert booking.post("/desk/appointments/99/cancel", {}, token=desk).code == "unknown_appointment"


def test_a_terminal_books_for_the_card_that_lies_there(booking: Any) -> None:
    token = booking.hall.people.add_token("t", "terminal", (), "hall-1")
    assert booking.post("/terminals/hall-1/appointments", wanted(), token=token).status == 201
    assert booking.post("/terminals/hall-2/appointments", wanted(), token=token).code == "not_your_terminal"
    assert booking.post("/appointments", wanted("10:30", id_number(125)), token=token).status == 201


# At a terminal


MINE = "/terminals/hall-1/appointments/mine"
OWN = {"id", "service", "service_name", "service_name_en", "date", "time", "begins_at", "ends_at", "come_from"}
OWN |= {"come_until", "state", "take_back_until"}


@pytest.fixture
def terminal(booking: Any) -> str:
    token: str = booking.hall.people.add_token("t", "terminal", (), "hall-1")
    return token


def lay(booking: Any, number: str | None, terminal: str = "hall-1") -> None:
    """Lay the card with this number on the terminal's reader; None to lift the one that lies there."""
    card = SocialSecurityCard("梁试问", number) if number else None
    booking.hall.terminal_cards.hear(CardRead(card, terminal=terminal) if card else CardLeft(terminal=terminal))


def logged(hall: Any) -> list[tuple[str, str]]:
    with hall.store.read() as conn:
        rows = conn.exec_driver_sql("SELECT action, place FROM access_log ORDER BY seq")
        return [(action, place) for action, place in rows if action.startswith("terminal")]


def test_what_can_be_booked_is_told_by_service_and_day(booking: Any) -> None:
    (tax,) = booking.get("/appointments/days").json["services"]
    assert (tax["service"], tax["service_name"], tax["service_name_en"]) == ("tax", "税务登记", "Tax")
    assert [one["date"] for one in tax["days"]][::5] == ["2026-11-23", "2026-11-30", "2026-12-07"]
    assert {one["free"] for one in tax["days"]} == {3}
    booking.post("/appointments", wanted(), token=booking.token("desk"))
    booking.pass_time(minutes=45)
    (tax,) = booking.get("/appointments/days").json["services"]
    assert [one["free"] for one in tax["days"]][:3] == [1, 2, 3]
    booking.pass_time(hours=3)
    assert booking.get("/appointments/days").json["services"][0]["days"][0] == {"date": str(TUESDAY), "free": 2}


def test_a_hall_that_takes_no_appointments_offers_none(here: Any) -> None:
    assert here.get("/appointments/days").json == {"services": []}


def test_a_terminal_shows_and_gives_back_what_the_cards_holder_booked(booking: Any, terminal: str) -> None:
    made = booking.post("/terminals/hall-1/appointments", wanted(), token=terminal).json
    assert (made["come_from"], made["come_until"]) == ("2026-11-24T09:30:00.000+08:00", "2026-11-24T10:45:00.000+08:00")
    assert booking.post(MINE, {"id_number": id_number()}, token=terminal).code == "bad_body"
    assert booking.post(MINE, {}, token=terminal).code == "card_needed"
    lay(booking, id_number())
    (found,) = booking.post(MINE, {}, token=terminal).json["appointments"]
    assert set(found) == OWN
    assert found == {name: made[name] for name in OWN}
    cancel = f"/terminals/hall-1/appointments/{made['id']}/cancel"
    cancelled = booking.post(cancel, {}, token=terminal)
    assert cancelled.json == found | {"state": "cancelled"}
    assert booking.post(cancel, {}, token=terminal).code == "appointment_over"
    told = booking.post(MINE, {}, token=terminal)
    assert [one["state"] for one in told.json["appointments"]] == ["cancelled"]
    assert id_number() not in told.body.decode()
    assert logged(booking) == [
        ("terminal-appointments", "terminal hall-1"),
        ("terminal-cancel", "terminal hall-1"),
        ("terminal-appointments", "terminal hall-1"),
    ]


def test_a_bookings_own_code_shows_and_gives_it_back_at_a_terminal(booking: Any, terminal: str) -> None:
    made = booking.post("/terminals/hall-1/appointments", wanted(), token=terminal).json
    other = booking.post("/terminals/hall-1/appointments", wanted(number=id_number(125)), token=terminal).json
    (found,) = booking.post(MINE, {"code": made["code"]}, token=terminal).json["appointments"]
    assert found["id"] == made["id"]
    cancel = "/terminals/hall-1/appointments/{}/cancel"
    refused = booking.post(cancel.format(other["id"]), {"code": made["code"]}, token=terminal)
    assert refused.code == "unknown_appointment"
    done = booking.post(cancel.format(made["id"]), {"code": made["code"]}, token=terminal)
    assert done.json["state"] == "cancelled"


def test_a_typed_number_books_and_tells_nothing_of_whose_it_is(booking: Any, terminal: str) -> None:
    at = "/terminals/hall-1/appointments"
    assert booking.post(at, wanted("10:30"), token=terminal).status == 201
    # Whether that number has booked already is nothing that a typed number is told.
    refused = booking.post(at, wanted(), token=terminal)
    assert (refused.status, refused.code) == (409, "card_needed")
    assert "10:30" not in refused.body.decode()
    lay(booking, id_number())
    made = booking.post(at, {**wanted(), "resident": None}, token=terminal)
    assert made.status == 201
    # The card's booking took the place of the typed one.
    states = [one["state"] for one in booking.post(MINE, {}, token=terminal).json["appointments"]]
    assert states == ["booked", "cancelled"]


def test_numbers_that_are_typed_are_booked_for_a_few_times_and_then_slowly(booking: Any, terminal: str) -> None:
    at = "/terminals/hall-1/appointments"
    answers = [booking.post(at, wanted(number=id_number(order)), token=terminal) for order in range(100, 120)]
    assert [one.status for one in answers[:2]] == [201, 201]
    assert answers[-1].code == "too_many_tries"
    lay(booking, id_number(300))
    assert booking.post(at, wanted("10:30", number=id_number(300)), token=terminal).status == 201


def test_what_was_yesterday_is_no_longer_shown(booking: Any, terminal: str) -> None:
    booking.post("/appointments", wanted(), token=terminal)
    lay(booking, id_number())
    booking.pass_time(days=1)
    assert len(booking.post(MINE, {}, token=terminal).json["appointments"]) == 1
    booking.pass_time(days=1)
    assert booking.post(MINE, {}, token=terminal).json == {"appointments": []}


def test_a_terminal_says_the_same_of_who_is_unknown_and_who_has_none(booking: Any, terminal: str) -> None:
    had = booking.post("/appointments", wanted(number=id_number(125)), token=terminal).json
    booking.pass_time(days=3)
    answers = []
    for order in (125, 127):
        lay(booking, id_number(order))
        answers.append(booking.post(MINE, {}, token=terminal))
    assert answers[0].status == answers[1].status == 200
    assert answers[0].body == answers[1].body == b'{"appointments":[]}'
    others = booking.post(
        "/appointments", wanted(number=id_number(129), day=MONDAY + timedelta(days=7)), token=terminal
    )
    tries = [
        booking.post(f"/terminals/hall-1/appointments/{number}/cancel", {}, token=terminal)
        for number in (others.json["id"], had["id"], 999)
    ]
    assert [(one.status, one.code) for one in tries] == [(404, "unknown_appointment")] * 3
    assert len({one.body for one in tries}) == 1
    assert [action for action, _ in logged(booking)] == ["terminal-appointments"] * 2 + ["terminal-cancel-refused"] * 3


def test_only_the_terminals_own_token_is_heard_and_no_number(booking: Any, terminal: str) -> None:
    cancel = "/terminals/hall-1/appointments/1/cancel"
    desk = booking.token("desk")
    for path in (MINE, cancel):
        assert booking.post(path, {}).status == 401
        assert booking.post(path, {}, token=desk).code == "forbidden"
        elsewhere = path.replace("hall-1", "hall-2")
        assert booking.post(elsewhere, {}, token=terminal).code == "not_your_terminal"
        assert booking.post(path, {"id_number": id_number()}, token=terminal).code == "bad_body"


def test_a_repeated_request_books_once(booking: Any) -> None:
    key = {"Idempotency-Key": "one"}
    desk = booking.token("desk")
    first = booking.post("/appointments", wanted(), token=desk, headers=key)
    assert booking.post("/appointments", wanted(), token=desk, headers=key).json == first.json
    assert booking.post("/appointments", wanted("10:30"), token=desk, headers=key).code == "idempotency_key_reused"


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"time": "10:15"}, 404, "no_such_slot"),
        ({"time": "10"}, 422, "bad_body"),
        ({"date": "2026-11-28"}, 404, "no_such_slot"),
        ({"date": "2026-12-24"}, 409, "too_far_ahead"),
        ({"service": "licence"}, 404, "no_such_slot"),
        ({"service": "nothing"}, 404, "unknown_service"),
        ({"resident": {"name": "梁试问"}}, 422, "no_id_number"),
        ({"resident": {"id_number": "110000198803141230"}}, 422, "bad_id_number"),
    ],
)
def test_what_cannot_be_booked_says_why(booking: Any, change: dict[str, Any], status: int, code: str) -> None:
    refused = booking.post("/appointments", wanted() | change, token=booking.token("desk"))
    assert (refused.status, refused.code) == (status, code)
    if code == "too_far_ahead":
        assert refused.json["until"] == "2026-12-07" and "12月7日" in refused.json["detail"]


def test_only_who_may_books_and_imports(booking: Any) -> None:
    assert booking.post("/appointments", wanted()).status == 401
    assert booking.post("/appointments", wanted(), token=booking.token("clerk")).code == "forbidden"
    assert booking.get("/appointments", token=booking.token("clerk")).code == "forbidden"
    assert send(booking, b"x", token=booking.token("desk")).code == "forbidden"


# Lists


def send(hall: Any, data: bytes, token: str | None = None, kind: str = "text/csv") -> Any:
    return hall.post("/appointments/import", data, token=token or hall.token("manager"), headers={"Content-Type": kind})


def test_a_list_in_gbk_is_taken_in_once(booking: Any) -> None:
    text = f"业务,日期,时段,身份证号\r\n税务登记,2026/11/24,10:00-10:30,{id_number()}\r\n"
    assert send(booking, text.encode("gbk")).json == {"booked": 1, "known": 0}
    assert send(booking, text.encode("utf-8-sig"), kind="text/csv; charset=utf-8").json == {"booked": 0, "known": 1}


def test_every_bad_row_is_named_and_none_imported(booking: Any) -> None:
    rows = [
        "service,date,time,id_number",
        f"tax,2026-11-24,10:00,{id_number()}",
        f"tax,2026-11-24,10:00,{id_number()[:-1]}Y",
        f"tax,2026-11-24,10:15,{id_number(125)}",
        f"tax,2026-11-24,10:30,{id_number()}",
    ]
    refused = send(booking, "\n".join(rows).encode())
    assert (refused.status, refused.code) == (422, "bad_rows")
    assert [(one["line"], one["reason"]) for one in refused.json["errors"]] == [
        (3, "bad_id_number"),
        (4, "no_such_slot"),
        (5, "already_booked"),
    ]
    assert all(one["message"] and one["message_en"].isascii() for one in refused.json["errors"])
    assert "110000" not in refused.body.decode()
    desk = booking.token("desk")
    assert booking.get(f"/appointments?date={TUESDAY}", token=desk).json == {"appointments": []}


def test_what_is_no_list_is_refused(booking: Any) -> None:
    header = send(booking, b"a,b\n")
    assert (header.status, header.code) == (422, "list_header")
    assert send(booking, b"{}", kind="application/json").code == "csv_expected"
    large = b"service,date,time,id_number\n" + b"x" * LARGEST
    assert send(booking, large).status == 413
    long = send(booking, b"service,date,time,id_number\n" + b"x,x,x,x\n" * 20_000)
    assert (long.status, long.code) == (413, "list_too_long")
