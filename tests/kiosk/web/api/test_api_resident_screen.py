"""The second screen at a window over HTTP: who gets what, and that nobody else is told anything."""

import json
from typing import Any

import pytest

from ticketing.model import Resident

PASSWORD = "Kaimen-dajia-hao"
PATH = "/windows/3/resident-screen"
ADDRESS = "虚构省试验市样例路1号"
NOBODY = Resident("resident", name="梁试问", address=ADDRESS, id_number="110000198803141237")


@pytest.fixture
def clerk(here: Any) -> str:
    """The log-in of the clerk at window 3."""
    here.hall.people.add_account("wang", "clerk", ("3",), PASSWORD)
    cookie = here.post("/login", {"username": "wang", "password": PASSWORD}).cookies[0]
    return str(cookie.partition("=")[2].partition(";")[0])


@pytest.fixture
def screen(here: Any) -> str:
    token: str = here.hall.people.add_token("screen-3", "terminal", ["3"], "screen-3")
    return token


def serve(here: Any, clerk: str) -> None:
    code = here.issue(resident=NOBODY).code
    assert here.post("/windows/3/call-next", cookie=clerk).status == 200
    assert here.post("/windows/3/scan", {"code": code}, cookie=clerk).json["resident"]["address"] == ADDRESS


def test_the_data_go_to_the_windows_screen_alone_and_while_they_are_shown(here: Any, clerk: str, screen: str) -> None:
    everybody, window = here.listen("/events"), here.listen("/windows/3/events", token=here.token("clerk", "3"))
    own = here.listen(f"{PATH}/events", token=screen)
    assert window.until("screen").data == {}, "a screen is there"
    serve(here, clerk)
    assert own.until("refresh").data == {}
    state = here.get(PATH, token=screen).json
    assert (state["ticket"]["number"], state["ticket"]["state"], state["shown"]) == ("A001", "serving", None)
    assert state["connected"]
    assert here.get(f"{PATH}/data", token=screen).code == "not_shown"

    assert here.post("/windows/3/show-back", cookie=clerk).status == 204
    told = everybody.until("screen.changed").data
    assert (told.pop("window"), set(told)) == ("3", {"at"})
    assert window.until("screen").data == {}
    shown = here.get(PATH, token=screen).json["shown"]
    assert (shown["left"], shown["right"], shown["seen"], shown["wrong"]) == (120, None, False, [])
    found = here.get(f"{PATH}/data", token=screen)
    assert found.headers["cache-control"] == "no-store"
    assert (found.json["resident"]["address"], found.json["agent"]) == (ADDRESS, None)
    other = here.hall.people.add_token("screen-1", "terminal", ["1"], "screen-1")
    assert here.get(f"{PATH}/data", token=other).code == "not_your_window"
    for body in ({"id": shown["id"]}, {"id": 0, "right": True}, {"id": shown["id"], "right": False, "field": "<b>"}):
        assert here.post(f"{PATH}/data", body, token=screen).code == "bad_body"
    said = {"id": shown["id"], "right": False, "field": "address"}
    assert [here.post(f"{PATH}/data", said, token=screen).status for _ in range(2)] == [204, 204]
    assert here.get(PATH, cookie=clerk).json["shown"]["wrong"] == ["address"]
    assert ADDRESS not in json.dumps(here.get(PATH, token=screen).json, ensure_ascii=False)

    # A page that is locked hides them on the second screen, too, whichever way that asks.
    assert here.post("/lock", cookie=clerk).status == 204
    assert here.get(f"{PATH}/data", token=screen).code == "not_shown"
    assert here.get(f"{PATH}/data", cookie=clerk).code == "locked"
    assert here.get(PATH, cookie=clerk).json["ticket"]["number"] == "A001"
    here.post("/unlock", {"password": PASSWORD}, cookie=clerk)
    here.post("/windows/3/show-back", cookie=clerk)
    assert here.get(f"{PATH}/data", cookie=clerk).json["resident"]["address"] == ADDRESS
    assert here.post("/windows/3/take-back", cookie=clerk).status == 204
    assert here.get(f"{PATH}/data", cookie=clerk).code == "not_shown"
    here.post("/windows/3/show-back", cookie=clerk)
    here.post("/logout", cookie=clerk)
    assert here.get(f"{PATH}/data", token=screen).code == "not_shown"


def test_a_receipt_is_a_picture_there_and_a_grade_is_for_the_residents_own_screen(
    here: Any, clerk: str, screen: str
) -> None:
    serve(here, clerk)
    (case,) = here.post("/windows/3/finish", {"outcome": "promised"}, cookie=clerk).json["cases"]
    state = here.get(PATH, token=screen).json
    (receipt,) = state["receipts"]
    assert (receipt["code"], receipt["promised_on"]) == (case["receipt"], case["promised_on"])
    assert receipt["qr"].startswith("data:image/svg+xml,") and state["receipts_left"] == 120
    assert state["to_rate"] == {"case": case["id"], "service": {"zh": "营业执照", "en": "Business licence"}}
    # No grade is ever asked for on a clerk's page.
    assert here.get(PATH, cookie=clerk).json["to_rate"] is None
    assert here.post("/windows/3/rating", {"case": case["id"], "grade": 5}, cookie=clerk).code == "forbidden"
    here.pass_time(minutes=2)
    state = here.get(PATH, token=screen).json
    assert (state["receipts"], state["receipts_left"], state["to_rate"]["case"]) == ([], 0, case["id"])


def test_after_a_form_was_filled_what_went_into_it_is_shown(here: Any, clerk: str, screen: str) -> None:
    serve(here, clerk)
    ticket = here.get("/windows/3", cookie=clerk).json["ticket"]["id"]
    for whose, fields, address in ((ticket + 1, ["name"], ADDRESS), (ticket, ["name", "sex"], None)):
        here.hall.filled["3"] = whose, tuple(fields)
        here.post("/windows/3/show-back", cookie=clerk)
        assert here.get(f"{PATH}/data", token=screen).json["resident"]["address"] == address
    assert here.get(PATH, token=screen).json["shown"]["fields"] == ["name", "sex"]
