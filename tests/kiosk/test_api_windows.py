"""A clerk's work at a window, over HTTP."""

from typing import Any

import pytest


@pytest.fixture
def clerk(here: Any) -> str:
    token: str = here.token("clerk", "1", "3")
    return token


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
def test_a_verb_without_anybody_here_is_refused(here: Any, clerk: str, name: str) -> None:
    refused = verb(here, clerk, name)
    assert (refused.status, refused.code) == (409, "nobody_here")


def test_a_verb_that_does_not_fit_says_what_the_state_is(here: Any, clerk: str) -> None:
    here.issue()
    verb(here, clerk, "call-next")
    verb(here, clerk, "start")
    refused = verb(here, clerk, "no-show")
    assert (refused.status, refused.code, refused.json["state"]) == (409, "wrong_state", "serving")


def test_a_window_is_paused_opened_and_closed(here: Any, clerk: str) -> None:
    assert verb(here, clerk, "pause").json == {"id": "3", "name": "3号窗口", "state": "paused", "services": ["*"]}
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
    assert view["window"] == {"id": "3", "name": "3号窗口", "state": "open", "services": ["*"]}
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
    assert here.get("/windows/3/resident", token=clerk).json == answer["resident"]


def test_a_scan_at_the_wrong_window_is_refused_unless_with_a_reason(here: Any, clerk: str) -> None:
    code = here.issue().code
    verb(here, clerk, "call-next", window="1")
    refused = verb(here, clerk, "scan", {"code": code})
    assert (refused.status, refused.code, refused.json["window"]) == (403, "wrong_window", "1")
    answer = verb(here, clerk, "scan", {"code": code, "override_reason": "1号窗口设备故障"})
    assert (answer.status, answer.json["ticket"]["window"]) == (200, "3")


@pytest.mark.parametrize("code", ["https://example.com/T/0000000000000000", "9787111122222", "\x1b[A", "€" * 40])
def test_a_scan_of_something_else_is_refused(here: Any, clerk: str, code: str) -> None:
    refused = verb(here, clerk, "scan", {"code": code})
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
    here.issue()
    assert next(stream).event == "refresh"
    here.hall.news.tell("3", "scan", {"ok": False, "code": "unknown_code"})
    assert stream.until("scan").data == {"ok": False, "code": "unknown_code"}
    assert here.listen("/windows/3/events").response.status == 401


def test_a_name_too_long_for_any_window_is_unknown_like_others(here: Any) -> None:
    refused = here.get(f"/windows/{'9' * 200}", token=here.token("clerk", "*"))
    assert (refused.status, refused.code) == (404, "unknown_window")
