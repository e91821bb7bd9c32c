"""A clerk's work at a window, over HTTP."""

from typing import Any

import pytest

from wires import wait_until


@pytest.fixture
def clerk(here: Any) -> str:
    token: str = here.token("clerk", "1", "3")
    return token


WINDOW = {
    "id": "3",
    "name": "3号窗口",
    "state": "open",
    "services": ["*"],
    "pause_text": "",
    "pause_text_en": "",
    "zone": "",
}
PASSWORD = "Kaimen-dajia-hao"


def verb(here: Any, clerk: str, name: str, body: Any = None, window: str = "3", **headers: str) -> Any:
    return here.post(f"/windows/{window}/{name}", body, token=clerk, headers=headers)


def test_a_ticket_is_called_served_and_finished(here: Any, clerk: str) -> None:
    here.issue()
    called = verb(here, clerk, "call-next").json
    assert called["ticket"]["number"] == "A001"
    assert called["ticket"]["state"] == "called"
    assert called["ticket"]["window"] == "3"
    assert called["ticket"]["called_at"] == "2026-11-23T09:30:00.000+08:00"
    assert called["why"] and called["why_en"]
    assert verb(here, clerk, "recall").json["state"] == "called"
    assert verb(here, clerk, "start").json["state"] == "serving"
    here.pass_time(minutes=7)
    assert verb(here, clerk, "finish", {"outcome": "approved"}).json["state"] == "done"
    assert here.get("/windows/3", token=clerk).json["figures"] == {"served": 1, "missed": 0, "mean_seconds": 420}


def test_nobody_waiting_is_no_error(here: Any, clerk: str) -> None:
    answer = verb(here, clerk, "call-next")
    assert (answer.status, answer.body) == (204, b"")
    assert "transfer-encoding" not in answer.headers


def test_a_call_repeated_with_its_key_calls_nobody_else(here: Any, clerk: str) -> None:
    here.issue()
    here.issue()
    first = verb(here, clerk, "call-next", **{"Idempotency-Key": "press-1"})
    assert verb(here, clerk, "call-next", **{"Idempotency-Key": "press-1"}).json == first.json
    refused = verb(here, clerk, "call-next", **{"Idempotency-Key": "press-2"})
    assert (refused.status, refused.code) == (409, "window_busy")
    assert (refused.json["number"], refused.json["state"]) == ("A001", "called")


def test_an_empty_finish_is_done_and_an_odd_outcome_is_refused(here: Any, clerk: str) -> None:
    for body in (None, {}):
        here.issue()
        verb(here, clerk, "call-next")
        assert verb(here, clerk, "finish", body).json["state"] == "done"
    assert verb(here, clerk, "finish", {"outcome": "Fertig!"}).code == "bad_body"


def test_who_did_not_come_is_missed(here: Any, clerk: str) -> None:
    here.issue()
    verb(here, clerk, "call-next")
    assert verb(here, clerk, "no-show").json["state"] == "missed"


def test_a_transferred_ticket_waits_for_the_other_service_with_its_number(here: Any, clerk: str) -> None:
    here.issue()
    verb(here, clerk, "call-next")
    ticket = verb(here, clerk, "transfer", {"service": "tax"}).json
    assert (ticket["number"], ticket["service"], ticket["state"], ticket["window"]) == ("A001", "tax", "waiting", None)
    assert verb(here, clerk, "transfer").code == "bad_body"


@pytest.mark.parametrize("name", ["recall", "start", "finish", "no-show"])
def test_a_verb_without_anybody_here_is_refused(shared: Any, name: str) -> None:
    clerk = shared.token("clerk", "1", "3")
    refused = verb(shared, clerk, name)
    assert (refused.status, refused.code) == (409, "nobody_here")


def test_a_verb_that_does_not_fit_says_what_the_state_is(here: Any, clerk: str) -> None:
    here.issue()
    verb(here, clerk, "call-next")
    verb(here, clerk, "start")
    refused = verb(here, clerk, "no-show")
    assert (refused.status, refused.code, refused.json["state"]) == (409, "wrong_state", "serving")


def test_a_window_is_paused_opened_and_closed(here: Any, clerk: str) -> None:
    assert verb(here, clerk, "pause").json == WINDOW | {"state": "paused"}
    refused = verb(here, clerk, "call-next")
    assert (refused.status, refused.code) == (409, "window_paused")
    assert verb(here, clerk, "open").json["state"] == "open"
    assert verb(here, clerk, "close").json["state"] == "closed"


def test_a_window_that_is_not_there_is_not_found(here: Any) -> None:
    everywhere = here.token("clerk", "*")
    for answer in (here.get("/windows/9", token=everywhere), verb(here, everywhere, "call-next", window="9")):
        assert (answer.status, answer.code) == (404, "unknown_window")
    assert here.get("/windows/9/events", token=everywhere).code == "unknown_window"


def test_the_clerk_sees_the_window_its_queue_and_who_is_next(here: Any, clerk: str) -> None:
    for service in ("licence", "tax", "licence"):
        here.issue(service)
    verb(here, clerk, "call-next")
    view = here.get("/windows/3", token=clerk).json
    assert view["window"] == WINDOW
    assert (view["clerk"], view["undo"]) == (None, None)
    assert view["ticket"]["number"] == "A001"
    assert view["waiting"] == [
        {"service": "licence", "name": "营业执照", "count": 1},
        {"service": "tax", "name": "税务登记", "count": 1},
    ]
    assert view["next"] == ["B001", "A002"]


def test_a_scan_brings_the_card_field_by_field_and_starts_the_service(here: Any, clerk: str) -> None:
    here.lay_card()
    code = here.post("/kiosk/choose", {"service": "licence"}).json["code"]
    verb(here, clerk, "call-next")
    for scanned in (code, f"HTTPS://Q.EXAMPLE.CN/T/{code}"):
        answer = verb(here, clerk, "scan", {"code": scanned}).json
        assert answer["ticket"]["state"] == "serving"
        assert answer["resident"] == {
            "kind": "resident",
            "name": "梁试问",
            "name_en": None,
            "sex": {"code": "2", "label": "女"},
            "ethnicity": {"code": "01", "label": "汉"},
            "birth_date": "1988-03-14",
            "address": "虚构省试验市样例路1号",
            "id_number": "11000019880314123X",
            "authority": "样例市公安局",
            "valid_from": "2016-05-01",
            "valid_until": "2036-05-01",
            "nationality": None,
            "pass_number": None,
            "issue_count": None,
            "renewal_count": None,
        }
    assert answer["agent"] is None
    assert here.get("/windows/3/resident", token=clerk).json == answer["resident"]


def test_a_scan_at_the_wrong_window_is_refused_unless_with_a_reason(here: Any, clerk: str) -> None:
    code = here.issue().code
    verb(here, clerk, "call-next", window="1")
    refused = verb(here, clerk, "scan", {"code": code})
    assert (refused.status, refused.code, refused.json["window"]) == (403, "wrong_window", "1")
    answer = verb(here, clerk, "scan", {"code": code, "override_reason": "1号窗口设备故障"})
    assert (answer.status, answer.json["ticket"]["window"]) == (200, "3")


@pytest.mark.parametrize("code", ["https://example.com/T/0000000000000000", "9787111122222", "\x1b[A", "€" * 40])
def test_a_scan_of_something_else_is_refused(shared: Any, code: str) -> None:
    clerk = shared.token("clerk", "1", "3")
    refused = verb(shared, clerk, "scan", {"code": code})
    assert (refused.status, refused.code) == (404, "unknown_code")


def test_a_ticket_without_a_person_has_no_resident(here: Any, clerk: str) -> None:
    code = here.issue().code
    assert here.get("/windows/3/resident", token=clerk).code == "nobody_here"
    verb(here, clerk, "call-next")
    assert here.get("/windows/3/resident", token=clerk).code == "wrong_state"
    assert verb(here, clerk, "scan", {"code": code}).json["resident"] is None
    refused = here.get("/windows/3/resident", token=clerk)
    assert (refused.status, refused.code) == (404, "no_resident")


def test_the_windows_own_news_say_when_to_look_again_and_what_was_scanned(here: Any, clerk: str) -> None:
    stream = here.listen("/windows/3/events", token=clerk)
    assert stream.response.status == 200
    # The answer is out before its stream hears anything.
    wait_until(lambda: here.hall.news.listeners == 1)
    here.issue()
    assert next(stream).event == "refresh"
    here.hall.news.tell("3", "scan", {"ok": False, "code": "unknown_code"})
    assert stream.until("scan").data == {"ok": False, "code": "unknown_code"}
    assert here.listen("/windows/3/events").response.status == 401


def test_a_name_too_long_for_any_window_is_unknown_like_others(here: Any) -> None:
    refused = here.get(f"/windows/{'9' * 200}", token=here.token("clerk", "*"))
    assert (refused.status, refused.code) == (404, "unknown_window")


# -- the other verbs ---------------------------------------------------------------------------------------------------


def called(here: Any, clerk: str, service: str = "licence") -> Any:
    """A ticket called to window 3."""
    issued = here.issue(service)
    verb(here, clerk, "call-next")
    return issued


def test_a_ticket_steps_aside_with_a_reason_and_comes_back_when_its_time_has_come(here: Any, clerk: str) -> None:
    called(here, clerk)
    held = verb(here, clerk, "hold", {"reason": "去复印", "minutes": 10}).json
    assert (held["state"], held["hold_reason"], held["held_until"]) == (
        "held",
        "去复印",
        "2026-11-23T09:40:00.000+08:00",
    )
    assert [one["number"] for one in here.get("/windows/3/away", token=clerk).json] == ["A001"]
    here.pass_time(minutes=11)
    assert here.office.bring_back() == 1
    assert here.get("/windows/3/away", token=clerk).json == []
    assert verb(here, clerk, "call-next").json["ticket"]["number"] == "A001"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"minutes": 5, "back_at": "2026-11-23T10:00:00+08:00"}, "bad_body"),
        ({"minutes": 0}, "bad_body"),
        ({"reason": "长" * 61}, "bad_body"),
        ({"back_at": "10:00"}, "bad_body"),
        ({"back_at": "2026-11-23T10:00:00"}, "bad_body"),
        ({"back_at": "2026-11-23T08:00:00+08:00"}, "bad_back_at"),
        ({"back_at": "2026-11-24T10:00:00+08:00"}, "bad_back_at"),
    ],
)
def test_a_hold_that_makes_no_sense_is_refused(here: Any, clerk: str, body: Any, code: str) -> None:
    called(here, clerk)
    refused = verb(here, clerk, "hold", body)
    assert (refused.status, refused.code) == (422, code)
    assert verb(here, clerk, "recall").status == 200


def test_a_held_ticket_is_put_back_or_called_by_its_number(here: Any, clerk: str) -> None:
    called(here, clerk)
    verb(here, clerk, "hold")
    assert verb(here, clerk, "return", {"number": "a001"}).json["state"] == "waiting"
    assert verb(here, clerk, "return", {"number": "A001"}).code == "wrong_state"
    assert verb(here, clerk, "return", {"number": "Z001"}).code == "unknown_number"


def test_a_number_is_called_out_of_turn_once(here: Any, clerk: str) -> None:
    for _ in range(3):
        here.issue()
    first = verb(here, clerk, "call", {"number": "A003", "reason": "居民需要照顾"}, **{"Idempotency-Key": "press-1"})
    assert (first.json["ticket"]["number"], first.json["ticket"]["state"]) == ("A003", "called")
    assert first.json["why"] and first.json["why_en"]
    again = verb(here, clerk, "call", {"number": "A003", "reason": "居民需要照顾"}, **{"Idempotency-Key": "press-1"})
    assert again.json == first.json
    assert verb(here, clerk, "call", {"number": "A002"}).code == "window_busy"
    assert verb(here, clerk, "call", {"number": ""}).code == "bad_body"


def test_a_ticket_is_sent_to_one_window(here: Any, clerk: str) -> None:
    called(here, clerk)
    ticket = verb(here, clerk, "transfer", {"window": "1"}).json
    assert (ticket["state"], ticket["for_window"], ticket["service"]) == ("waiting", "1", "licence")
    assert verb(here, clerk, "call-next").status == 204
    assert verb(here, clerk, "call-next", window="1").json["ticket"]["number"] == "A001"
    assert verb(here, clerk, "transfer", {}, window="1").code == "bad_body"


def test_a_window_that_does_not_serve_it_cannot_be_sent_a_ticket(here: Any, clerk: str) -> None:
    called(here, clerk, "tax")
    refused = verb(here, clerk, "transfer", {"window": "1"})
    assert (refused.status, refused.code) == (409, "not_served_there")


@pytest.mark.parametrize(("end", "state"), [("finish", "serving"), ("no-show", "called")])
def test_a_wrong_end_is_taken_back_within_a_minute(here: Any, clerk: str, end: str, state: str) -> None:
    called(here, clerk)
    verb(here, clerk, end)
    undo = here.get("/windows/3", token=clerk).json["undo"]
    assert (undo["number"], undo["until"]) == ("A001", "2026-11-23T09:31:00.000+08:00")
    assert verb(here, clerk, "undo").json["state"] == state
    assert here.get("/windows/3", token=clerk).json["undo"] is None
    assert verb(here, clerk, "undo").code in ("window_busy", "nothing_to_undo")
    verb(here, clerk, end)
    here.pass_time(seconds=61)
    assert here.get("/windows/3", token=clerk).json["undo"] is None
    assert verb(here, clerk, "undo").code == "nothing_to_undo"


def test_a_promise_gives_a_receipt_once(here: Any, clerk: str) -> None:
    called(here, clerk)
    ended = verb(here, clerk, "finish", {"outcome": "承诺件", "promise_days": 3}).json
    (case,) = ended["cases"]
    assert (case["outcome"], case["promised_on"], len(case["receipt"])) == ("promised", "2026-11-26", 16)
    called(here, clerk)
    more = {"outcome": "immediate", "cases": [{"service": "tax", "outcome": "rejected"}]}
    ended = verb(here, clerk, "finish", more).json
    assert [(case["service"], case["outcome"], case["receipt"]) for case in ended["cases"]] == [
        ("licence", "immediate", None),
        ("tax", "rejected", None),
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"outcome": "差不多"},
        {"promise_days": -1},
        {"promise_days": 1.5},
        {"cases": [{"outcome": "done"}]},
        {"cases": [{"service": "tax"}] * 21},
    ],
)
def test_an_end_that_makes_no_sense_is_refused(here: Any, clerk: str, body: Any) -> None:
    called(here, clerk)
    assert verb(here, clerk, "finish", body).code == "bad_body"
    assert verb(here, clerk, "recall").status == 200


def test_a_pause_says_what_the_clerk_gave(here: Any, clerk: str) -> None:
    paused = verb(here, clerk, "pause", {"text": "午休", "text_en": "Lunch break"}).json
    assert (paused["state"], paused["pause_text"], paused["pause_text_en"]) == ("paused", "午休", "Lunch break")
    assert verb(here, clerk, "open").json["pause_text"] == ""
    assert verb(here, clerk, "pause", {"text": "长" * 41}).code == "bad_body"


# -- who sits there ----------------------------------------------------------------------------------------------------


def sit(here: Any, name: str) -> str:
    """The cookie of a clerk of all windows."""
    here.hall.people.add_account(name, "clerk", ("*",), PASSWORD)
    cookie = here.post("/login", {"username": name, "password": PASSWORD}).cookies[0]
    return str(cookie.partition(";")[0].removeprefix("quhao="))


def test_no_two_people_sit_at_one_window_and_one_may_take_over(here: Any, clerk: str) -> None:
    wang, zhao = sit(here, "wang"), sit(here, "zhao")
    here.post("/windows/3/open", cookie=wang)
    refused = here.post("/windows/3/call-next", cookie=zhao)
    assert (refused.status, refused.code, refused.json["clerk"]) == (409, "window_taken", "wang")
    assert refused.json["since"] == "2026-11-23T09:30:00+08:00"
    assert "wang" in refused.json["detail"]
    here.issue()
    assert verb(here, clerk, "call-next").status == 200, "a machine helps beside whoever sits there"
    assert here.post("/windows/3/open", {"take_over": True}, cookie=zhao).status == 200
    assert here.get("/windows/3", cookie=zhao).json["clerk"] == "zhao"
    assert here.post("/windows/3/recall", cookie=wang).code == "window_taken"


def test_whoever_logs_out_leaves_the_window_to_others(here: Any) -> None:
    wang, zhao = sit(here, "wang"), sit(here, "zhao")
    here.post("/windows/3/open", cookie=wang)
    here.post("/logout", cookie=wang)
    assert here.get("/windows/3", cookie=zhao).json["clerk"] is None
    assert here.post("/windows/3/open", cookie=zhao).status == 200
