"""What anybody may see: the hall, the board, and every change since."""

from dataclasses import replace
from typing import Any

import pytest

from kiosk.resident.slips import lay_out
from ticketing.calendar import Hours
from ticketing.model import Actor
from wires import wait_until

CLERK = Actor("clerk", "clerk", "3")


def test_the_hall_shows_its_services_queues_and_windows(here: Any) -> None:
    here.issue()
    hall = here.get("/hall").json
    assert (hall["id"], hall["name"], hall["day"]) == ("test", "试验大厅", "2026-11-23")
    assert [(one["id"], one["prefix"], one["waiting"]) for one in hall["services"]] == [
        ("licence", "A", 1),
        ("tax", "B", 0),
    ]
    assert set(hall["services"][0]["expected_wait"]) == {"low", "high", "words"}
    plain = {"state": "open", "pause_text": "", "pause_text_en": "", "zone": ""}
    assert hall["windows"] == [
        plain | {"id": "1", "name": "1号窗口", "services": ["licence"]},
        plain | {"id": "3", "name": "3号窗口", "services": ["*"]},
    ]


def test_hall_metrics_kiosk_slip_and_phones_share_one_forecast_an_event(here: Any) -> None:
    here.issue("tax")
    codes = [here.issue().code for _ in range(3)]
    here.office.issue("licence", CLERK, print=True)
    simulated = here.office.forecasts.simulated
    waits = [one["expected_wait"] for one in here.get("/hall").json["services"]]
    assert here.ask("GET", "/metrics").status == 200
    here.lay_card()
    assert [one["expected_wait"] for one in here.get("/kiosk").json["services"]] == waits
    assert all(here.get(f"/tickets/{code}").json["expected_wait"] for code in codes)
    (job,) = here.office.print_jobs(1)
    lay_out(here.hall.settings.hall, 48, job)
    assert here.office.forecasts.simulated == simulated + 1
    here.office.call_next("1", CLERK)
    here.get("/hall")
    assert here.office.forecasts.simulated == simulated + 2


def test_the_board_shows_calls_newest_first_and_where_to_follow_from(here: Any) -> None:
    here.issue()
    here.issue("tax")
    here.office.call_next("1", CLERK)
    here.pass_time(minutes=2)
    here.office.call_next("3", CLERK)
    here.office.recall("3", CLERK)
    board = here.get("/board").json
    assert board["seq"] == 5
    assert board["calls"] == [
        {
            "number": "B001",
            "window": "3",
            "window_name": "3号窗口",
            "service": "tax",
            "called_at": "2026-11-23T09:32:00.000+08:00",
            "recalls": 1,
            "state": "called",
        },
        {
            "number": "A001",
            "window": "1",
            "window_name": "1号窗口",
            "service": "licence",
            "called_at": "2026-11-23T09:30:00.000+08:00",
            "recalls": 0,
            "state": "called",
        },
    ]
    assert board["lit"]
    assert board["waiting"][0] == {"service": "licence", "name": "营业执照", "count": 0}


def test_a_screen_takes_the_board_and_follows(here: Any) -> None:
    here.issue()
    stream = here.listen(f"/events?after={here.get('/board').json['seq']}")
    assert stream.response.status == 200
    assert stream.response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert stream.response.headers["Cache-Control"] == "no-store"
    assert stream.response.headers["X-Accel-Buffering"] == "no"
    assert stream.response.headers["Transfer-Encoding"] == "chunked"
    here.office.call_next("3", CLERK)
    called = next(stream)
    assert (called.id, called.event) == (2, "ticket.called")
    assert called.data["number"] == "A001"
    assert called.data["service"] == "licence"
    assert called.data["window"] == "3"
    assert stream.retry == 2000


def test_a_screen_that_was_cut_off_goes_on_where_it_was(here: Any) -> None:
    """The header is newer than the address, which the browser repeats as it was."""
    for _ in range(4):
        here.issue()
    stream = here.listen("/events?after=0", headers={"Last-Event-ID": "2"})
    assert [next(stream).id, next(stream).id] == [3, 4]


@pytest.mark.parametrize("after", ["-1", "x", "1e3", "٣", "9" * 20, ""])
def test_an_odd_place_to_follow_from_is_refused(shared: Any, after: str) -> None:
    refused = shared.ask("GET", "/api/v1/events?after=" + "".join(f"%{byte:02x}" for byte in after.encode()))
    assert (refused.status, refused.code) == (422, "bad_after")


def test_an_odd_last_event_id_is_as_good_as_none(here: Any) -> None:
    here.issue()
    stream = here.listen("/events?after=0", headers={"Last-Event-ID": "page-7"})
    assert next(stream).id == 1


def test_a_silent_line_is_kept_alive_by_comments(start: Any) -> None:
    here = start(heartbeat=0.05)
    stream = here.listen()
    lines = [stream.response.readline() for _ in range(6)]
    assert lines == [b"retry: 2000\n", b"\n", b":\n", b"\n", b":\n", b"\n"]


def test_a_question_for_the_head_of_a_stream_takes_no_place(here: Any) -> None:
    assert here.ask("HEAD", "/api/v1/events").status == 200
    # The answer is out before its stream is put away.
    wait_until(lambda: here.hall.feed.listeners == 0 and len(here.app.extensions["streams"]) == 0)


def test_nothing_personal_is_in_what_anybody_may_see(here: Any) -> None:
    here.lay_card()
    code = here.post("/kiosk/choose", {"service": "licence"}).json["code"]
    here.office.call_next("3", CLERK)
    here.office.scan("3", code, CLERK)
    here.office.finish("3", CLERK)
    stream = here.listen("/events?after=0")
    events = [next(stream) for _ in range(4)]
    assert [one.event for one in events] == ["ticket.issued", "ticket.called", "ticket.started", "ticket.finished"]
    seen = str([one.data for one in events]) + "".join(
        here.get(path).body.decode() for path in ("/hall", "/board", f"/tickets/{code}")
    )
    for secret in ("梁", "110000", code, "样例"):
        assert secret not in seen


def test_a_zone_has_a_board_of_its_own(here: Any) -> None:
    made = here.hall.setup.read()
    first, second = made.windows
    zoned = (replace(first, zone="1F"), replace(second, zone="2F", services=("tax",)))
    here.hall.setup.replace(replace(made, windows=zoned), Actor("zhou", "manager"))
    here.issue()
    here.issue("tax")
    here.issue("tax")
    here.office.call_next("1", CLERK)
    here.office.call_next("3", CLERK)
    up, down = here.get("/board?zone=2F").json, here.get("/board?zone=1F").json
    assert [[one["number"] for one in board["calls"]] for board in (up, down)] == [["B001"], ["A001"]]
    assert [one["service"] for one in up["waiting"]] == ["tax"]
    assert [one["service"] for one in down["waiting"]] == ["licence"]
    assert here.get("/board?zone=3F").code == "unknown_zone"
    assert [one["zone"] for one in here.get("/hall").json["windows"]] == ["1F", "2F"]


def test_the_board_is_dark_at_night_but_not_while_anybody_is_left(here: Any) -> None:
    made = here.hall.setup.read()
    hours = tuple(Hours("*", weekday, 9 * 60, 17 * 60) for weekday in range(1, 6))
    here.hall.setup.replace(replace(made, hours=hours), Actor("zhou", "manager"))

    def lit_at(hour: int, minute: int) -> bool:
        here.at = here.at.replace(hour=hour, minute=minute)
        return bool(here.get("/board").json["lit"])

    assert [lit_at(8, 20), lit_at(8, 40), lit_at(12, 0), lit_at(17, 10), lit_at(17, 20)] == [
        False,
        True,
        True,
        True,
        False,
    ]
    assert here.get("/board").json["lit_at"] == "2026-11-24T08:30:00.000+08:00"
    # The hours of the hall as a whole say the same, and when it opens; 2026-11-23 is a Monday.
    assert here.get("/screens/hours").json == {
        "open": False,
        "opens": {"zh": "明天 09:00 开始取号", "en": "Numbers from tomorrow 09:00"},
        "lit": False,
        "lit_at": "2026-11-24T08:30:00.000+08:00",
    }
    here.at = here.at.replace(hour=16)
    here.issue()
    assert here.get("/screens/hours").json == {"open": True, "opens": None, "lit": True, "lit_at": None}
    assert lit_at(18, 0)
    assert here.get("/screens/hours").json["lit"], "somebody waits"
    here.office.call_next("1", CLERK)
    assert lit_at(18, 1)
    here.office.finish("1", CLERK)
    assert not lit_at(18, 2)
    assert not here.get("/screens/hours").json["lit"]
