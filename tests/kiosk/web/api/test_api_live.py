"""The hall at this moment over HTTP, and its alerts."""

from typing import Any

from ticketing.model import Actor

CLERK = Actor("wang", "clerk", "1")


def test_the_hall_now_is_told_as_a_whole(here: Any) -> None:
    here.issue("tax")
    here.pass_time(minutes=7)
    here.issue("licence")
    here.office.call_next("1", CLERK)
    here.pass_time(minutes=2)
    live = here.get("/live", token=here.token("manager")).json
    tax = next(one for one in live["services"] if one["id"] == "tax")
    assert (tax["waiting"], tax["name_en"]) == (1, "Tax")
    assert tax["oldest"].startswith("2026-11-23T09:30:00")
    first = live["windows"][0]
    assert (first["id"], first["state"], first["ticket"]["number"], first["ticket"]["state"]) == (
        "1",
        "open",
        "A001",
        "called",
    )
    assert (live["devices"], live["devices_working"], live["alerts"]) == ([], 0, [])
    assert live["today"]["issued"] == 2
    assert live["today"]["grades"] == {"5": 0, "4": 0, "3": 0, "2": 0, "1": 0}


def test_a_store_that_takes_nothing_is_told_from_memory_also_to_who_is_logged_in(here: Any) -> None:
    here.hall.people.add_account("zhou", "manager", (), "Kaimen-dajia-hao")
    entered = here.post("/login", {"username": "zhou", "password": "Kaimen-dajia-hao"})
    cookie = str(entered.cookies[0].split(";")[0].partition("=")[2])
    desk = here.token("desk")

    assert here.get("/live", cookie=cookie).json["alerts"] == []
    with here.store.write() as conn:
        writer = conn.connection.driver_connection
    writer.execute("PRAGMA query_only = ON")
    here.pass_time(minutes=2)
    assert here.post("/tickets", {"service": "tax"}, token=desk).code == "store_broken"
    here.hall.box_watch.look()
    (told,) = here.get("/live", cookie=cookie).json["alerts"]
    assert (told["id"], told["kind"], told["subject"]) == (0, "box", here.office.ledger.box)
    assert told["what"]["zh"].endswith("存不了数据，暂时不能取号、叫号")
    assert told["advice"]["en"] and told["since"] == told["told_at"]
    here.hall.box_watch.look()
    here.pass_time(minutes=20)  # nor can it be kept that somebody is still there, or is locked
    assert here.get("/live", cookie=cookie).json["alerts"] == here.get("/alerts", token=desk).json == [told]
    writer.execute("PRAGMA query_only = OFF")
    here.hall.box_watch.look()
    assert here.get("/alerts", token=desk).json == []


def rate_badly(here: Any, count: int) -> None:
    for _ in range(count):
        code = here.issue("tax").code
        here.office.call_next("3", CLERK)
        here.office.start("3", CLERK)
        here.office.finish("3", CLERK)
        here.hall.ratings.rate(code, 1, ["slow"])


def test_the_desk_is_told_of_waits_and_devices_and_the_manager_of_grades_too(here: Any) -> None:
    rate_badly(here, 10)
    here.issue("licence")
    here.pass_time(minutes=29)
    here.hall.watch.look()
    desk, manager = here.token("desk"), here.token("manager")
    assert here.get("/alerts", token=manager).json == [], "grades count from the next full hour on"
    here.pass_time(minutes=2)
    here.hall.watch.look()
    assert [one["kind"] for one in here.get("/alerts", token=manager).json] == ["wait", "grade"]
    (told,) = here.get("/alerts", token=desk).json
    assert (told["kind"], told["what"]["en"]) == ("wait", "Business licence: somebody has waited for 31 minutes")
    assert told["advice"] is None, "both windows are open"
