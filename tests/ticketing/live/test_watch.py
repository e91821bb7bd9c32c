"""The hall at a moment, and its alerts, on real stores."""

from datetime import timedelta

import pytest

from display.staff.alerts import alert_words
from offices import CLERK, OfficeHall
from ticketing.live.alerts import Limits
from ticketing.live.hall_now import Waits
from ticketing.live.watch import DeviceDown, Watch


@pytest.fixture
def watch(desk: OfficeHall) -> Watch:
    return Watch(desk.office.ledger, desk.office.forecasts, Limits())


def test_the_hall_now_tells_who_waits_and_what_the_windows_do(desk: OfficeHall, watch: Watch) -> None:
    desk.issue("tax")
    first = desk.now
    desk.later(minutes=12)
    desk.issue("tax")
    desk.issue("licence")
    number = desk.call("2")
    desk.later(minutes=3)
    desk.office.start("2", CLERK)
    began = desk.now
    desk.later(minutes=4)
    now = watch.now()
    services = {one.service.id: one for one in now.services}
    assert [(one.waiting, one.oldest is not None) for one in services.values()] == [(1, True), (1, True), (0, False)]
    assert services["tax"].oldest == first + timedelta(minutes=12, seconds=1)
    windows = {one.window.id: one for one in now.windows}
    assert windows["2"].ticket is not None
    assert (windows["2"].ticket.number, windows["2"].ticket.state, windows["2"].ticket.since) == (
        number,
        "serving",
        began,
    )
    assert windows["1"].ticket is None
    assert (now.today.issued, now.today.waiting, now.today.served) == (3, 2, 0)
    assert now.today.mean_wait == now.today.longest_wait == 12 * 60 + 3
    # Of the span from 10 to 15 minutes.
    assert watch.waits() == {"tax": Waits((0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0), 12 * 60 + 3)}


def test_a_long_wait_is_told_with_the_window_that_helps_and_is_over_when_it_is_over(
    desk: OfficeHall, watch: Watch
) -> None:
    for _ in range(6):
        desk.issue("licence")
    watch.look()
    assert watch.standing() == []
    desk.later(minutes=31)
    watch.look()
    watch.look()
    (alert,) = watch.standing()
    assert (alert.kind, alert.subject, alert.name_en) == ("wait", "licence", "Business licence")
    assert alert.seconds == 31 * 60 + 5
    assert [(window, saves > 0) for window, _, saves in alert.windows] == [("3", True)]
    words = alert_words(alert)
    assert "31 分钟" in words.what.zh
    assert words.then is not None
    assert words.then.zh.startswith("开3号窗口，")
    assert desk.event_types()[-1] == "alert.raised"

    # Once the window is open, nobody needs to be told to open it.
    for _ in range(6):
        desk.serve("3")
    assert watch.standing()[0].windows == ()
    watch.look()
    desk.later(minutes=1)
    watch.look()
    assert len(watch.standing()) == 1, "not over before it has stood well for a while"
    desk.later(minutes=2)
    watch.look()
    assert watch.standing() == []
    assert [one for one in desk.event_types() if one.startswith("alert")] == ["alert.raised", "alert.cleared"]


def test_a_wait_that_lasts_is_told_again_with_what_helps_by_then(desk: OfficeHall, watch: Watch) -> None:
    for _ in range(6):
        desk.issue("licence")
    desk.later(minutes=31)
    watch.look()
    (first,) = watch.standing()
    assert first.told == first.since
    # The window that was named is opened, and its clerk leaves again.
    desk.office.open_window("3", CLERK)
    (opened,) = watch.standing()
    assert (opened.windows, opened.opened) == ((), ("3号窗口",))
    words = alert_words(opened).then
    assert words is not None and words.zh == "3号窗口已经开了，看看是否缓解"
    desk.office.close_window("3", CLERK)
    desk.office.pause_window("1", CLERK)
    for _ in range(20):
        desk.later(minutes=1)
        watch.look()
    (again,) = watch.standing()
    assert again.since == first.since
    assert again.told == first.told + timedelta(minutes=15)
    assert {window for window, _, _ in again.windows} == {"1", "3"}, "window 1 has been paused since"
    assert [one for one in desk.event_types() if one.startswith("alert")] == ["alert.raised", "alert.reminded"]


def test_an_event_of_an_alert_tells_its_number_and_kind_alone(desk: OfficeHall, watch: Watch) -> None:
    desk.issue("licence")
    desk.later(minutes=31)
    watch.look()
    event = desk.office.events_after(0, 1000)[-1]
    assert (event.type, set(event.data)) == ("alert.raised", {"alert", "kind"})


def test_each_box_tells_and_ends_what_its_own_devices_do(desk: OfficeHall) -> None:
    down = [DeviceDown("printer", desk.now, "silent")]
    here = Watch(desk.office.ledger, desk.office.forecasts, Limits(), lambda: down)
    desk.later(minutes=6)
    here.look()
    other = OfficeHall(desk.url, seeded=False, box="other", keys=desk.keys)
    try:
        other.now = desk.now
        there = Watch(other.office.ledger, other.office.forecasts, Limits())
        for _ in range(3):
            other.later(minutes=3)
            there.look()
        (alert,) = there.standing()
        assert (alert.kind, alert.subject, alert.reason) == ("device", "box/printer", "silent")
        assert alert_words(alert).what.zh == "设备 printer 没有工作：没有应答"
    finally:
        other.close()
    down.clear()
    desk.later(minutes=10)
    here.look()
    desk.later(minutes=3)
    here.look()
    assert here.standing() == []


def test_two_boxes_raise_one_alert(desk: OfficeHall, watch: Watch) -> None:
    desk.issue("licence")
    desk.later(minutes=31)
    other = OfficeHall(desk.url, seeded=False, box="other", keys=desk.keys)
    try:
        other.now = desk.now
        for one in (watch, Watch(other.office.ledger, other.office.forecasts, Limits())):
            one.look()
        assert len(watch.standing()) == 1
        assert desk.event_types().count("alert.raised") == 1
    finally:
        other.close()


def test_an_alert_outlives_a_restart(desk: OfficeHall, watch: Watch) -> None:
    desk.issue("licence")
    desk.later(minutes=31)
    watch.look()
    desk.restart()
    again = Watch(desk.office.ledger, desk.office.forecasts, Limits())
    again.look()
    assert len(again.standing()) == 1
    assert desk.event_types().count("alert.raised") == 1
