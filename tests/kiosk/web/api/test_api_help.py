"""Calls for help over HTTP: from kiosk, terminal, window and phone; who goes; emergencies."""

from typing import Any


def test_a_kiosk_calls_once_and_is_told_who_goes(here: Any) -> None:
    desk = here.token("desk")
    assert here.get("/help/here").status == 204
    made = here.post("/help", {"reason": "papers"})
    assert (made.status, made.json["state"]) == (201, "called")
    assert made.json["words"]["zh"] == "已呼叫工作人员，请在这里稍等"
    assert here.post("/help").json == made.json == here.get("/help/here").json
    (seen,) = here.get("/help", token=desk).json
    assert (seen["kind"], seen["place"]["zh"], seen["reason"]["zh"], seen["who"]) == ("kiosk", "取号机", "问材料", None)
    answered = here.post(f"/help/{seen['id']}/answer", token=desk)
    assert (answered.status, answered.json["who"]) == (200, "a-desk")
    assert here.post("/help").json["words"]["zh"] == "咨询台的工作人员马上来"
    assert here.post(f"/help/{seen['id']}/answer", token=here.token("manager")).code == "help_answered"
    assert here.post(f"/help/{seen['id']}/done", token=desk).json["state"] == "done"
    assert here.get("/help/here").status == 204
    assert here.get("/help", token=desk).json == []
    assert here.post("/help/99/done", token=desk).code == "unknown_help"
    assert here.post("/help", {"reason": "boredom"}).code == "bad_body"


def test_terminal_and_window_are_places_of_their_own(here: Any) -> None:
    terminal = here.hall.people.add_token("t", "terminal", (), "hall-1")
    clerk = here.token("clerk", "3")
    here.post("/help", token=terminal)
    here.post("/help", {"window": "3"}, token=clerk)
    assert here.post("/help", {"window": "1"}, token=clerk).code == "not_your_window"
    assert here.post("/help", token=here.token("clerk", name="everywhere")).code == "unknown_window"
    seen = here.get("/help", token=clerk).json
    assert [one["place"]["zh"] for one in seen] == ["自助终端 hall-1", "3号窗口"]
    here.post(f"/help/{seen[0]['id']}/answer", token=clerk)
    assert here.get("/help/here", token=terminal).json["words"]["zh"] == "3号窗口的工作人员马上来"


def test_a_phone_calls_by_its_code(here: Any) -> None:
    code = here.issue().code
    assert here.post(f"/tickets/{code}/help").status == 201
    (seen,) = here.get("/help", token=here.token("desk")).json
    assert seen["place"] == {"zh": "A001（手机）", "en": "A001 (phone)"}
    assert here.post("/tickets/0000000000000000/help").code == "unknown_code"
    assert code not in str(seen)


def test_an_emergency_is_shown_to_all_who_may_come_and_ends_with_an_answer(here: Any) -> None:
    own, other = here.token("clerk", "3", name="own"), here.token("clerk", "1", name="other")
    made = here.post("/windows/3/emergency", token=own)
    assert (made.status, made.json["emergency"], made.json["window"]) == (201, True, "3")
    for role in ("desk", "manager"):
        assert [one["id"] for one in here.get("/help", token=here.token(role)).json] == [made.json["id"]]
    assert len(here.get("/help", token=other).json) == 1
    assert here.post(f"/help/{made.json['id']}/done", token=other).code == "help_not_answered"
    assert here.post(f"/help/{made.json['id']}/answer", token=other).json["state"] == "done"
    today = here.get("/reports/day", token=here.token("manager", name="m")).json["help"]
    assert (today["calls"], today["emergencies"]) == (0, 1)
