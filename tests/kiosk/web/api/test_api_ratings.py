"""Ratings over HTTP: from phones, from the tablet at a window, and never from the clerk."""

import json
from typing import Any

import pytest

LOGIN = "Kaimen-dajia-hao"


@pytest.fixture
def clerk(here: Any) -> str:
    token: str = here.token("clerk", "*")
    return token


@pytest.fixture
def tablet(here: Any) -> str:
    token: str = here.hall.people.add_token("rate-3", "terminal", ["3"], "rate-3")
    return token


def serve(here: Any, clerk: str, outcome: str = "done", window: str = "3") -> tuple[str, list[Any]]:
    """A ticket's code, and the cases that came of it."""
    code = here.issue().code
    here.post(f"/windows/{window}/call-next", token=clerk)
    return code, here.post(f"/windows/{window}/finish", {"outcome": outcome}, token=clerk).json["cases"]


def test_a_phone_rates_once(here: Any, clerk: str) -> None:
    code, _ = serve(here, clerk)
    given = here.post(f"/tickets/{code}/rating", {"grade": 5})
    assert (given.status, given.json) == (201, {"grade": 5, "reasons": [], "late": False})
    refused = here.post(f"/tickets/{code}/rating", {"grade": 1, "reasons": ["slow"]})
    assert (refused.status, refused.code) == (409, "already_rated")


def test_a_receipts_code_rates_too_and_late(here: Any, clerk: str) -> None:
    _, cases = serve(here, clerk, "joint")
    here.pass_time(days=40)
    assert here.post(f"/tickets/{cases[0]['receipt']}/rating", {"grade": 4}).json["late"] is True


def test_the_slips_code_rates_late_though_it_looks_nothing_up_any_more(here: Any, clerk: str) -> None:
    code, _ = serve(here, clerk)
    unserved = here.issue().code
    here.pass_time(days=2)
    here.office.end_of_day()
    here.office.purge(here.at.date())
    unknown = here.get("/tickets/0123456789ABCDEF")
    assert here.get(f"/tickets/{code}").body == unknown.body
    assert here.post(f"/tickets/{code}/rating", {"grade": 5}).json["late"] is True
    refused = here.post(f"/tickets/{unserved}/rating", {"grade": 5})
    assert refused.body == here.post("/tickets/0123456789ABCDEF/rating", {"grade": 5}).body


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"grade": 0},
        {"grade": 6},
        {"grade": "5"},
        {"grade": 4.5},
        {"grade": 5, "reasons": ["rude"]},
        {"grade": 5, "who": "me"},
    ],
)
def test_what_is_no_grade_is_refused(here: Any, clerk: str, body: Any) -> None:
    code, _ = serve(here, clerk)
    assert here.post(f"/tickets/{code}/rating", body).code == "bad_body"


def test_a_low_grade_names_its_reason_and_a_manager_sees_to_it(here: Any, clerk: str) -> None:
    code, cases = serve(here, clerk)
    manager = here.token("manager")
    refused = here.post(f"/tickets/{code}/rating", {"grade": 2})
    assert (refused.status, refused.code) == (422, "reason_needed")
    assert here.post(f"/tickets/{code}/rating", {"grade": 2, "reasons": ["attitude"]}).status == 201
    (item,) = here.get("/ratings/work", token=manager).json["items"]
    assert (item["case"], item["grade"], item["reasons"]) == (cases[0]["id"], 2, ["attitude"])
    assert (item["contact_by"], item["settle_by"]) == (
        "2026-11-23T10:30:00.000+08:00",
        "2026-11-24T09:30:00.000+08:00",
    )
    assert not {"number", "ticket", "resident", "name"} & set(item)
    path = f"/ratings/work/{item['id']}"
    assert here.post(path, {}, token=manager).code == "bad_body"
    assert here.post(path, {"contacted": True}, token=manager).json["contacted_at"]
    assert here.post(path, {"settled": True, "note": "已处理"}, token=manager).json["who"] == "a-manager"
    assert here.get("/ratings/work", token=manager).json["items"] == []
    assert len(here.get("/ratings/work?open=0", token=manager).json["items"]) == 1
    assert here.post(path, {"note": "x"}, token=manager).code == "work_settled"
    assert here.post("/ratings/work/99", {"settled": True}, token=manager).code == "unknown_work"


@pytest.mark.parametrize("role", ["clerk", "desk", "technician", "terminal"])
def test_nobody_else_sees_the_work(shared: Any, role: str) -> None:
    token = shared.hall.people.add_token("x", role, ["*"], "t")
    assert shared.get("/ratings/work", token=token).code == "forbidden"
    assert shared.post("/ratings/work/1", {"settled": True}, token=token).code == "forbidden"


def test_the_tablet_of_a_window_rates_what_was_just_finished_there(here: Any, clerk: str, tablet: str) -> None:
    assert here.get("/windows/3/rating", token=tablet).status == 204
    _, cases = serve(here, clerk)
    asked = here.get("/windows/3/rating", token=tablet)
    assert asked.json == {
        "case": cases[0]["id"],
        "service": "licence",
        "service_name": "营业执照",
        "service_name_en": "Business licence",
    }
    body = {"case": asked.json["case"], "grade": 5}
    assert here.post("/windows/3/rating", body, token=tablet).status == 201
    assert here.post("/windows/3/rating", body, token=tablet).code == "nothing_to_rate"
    assert here.get("/windows/3/rating", token=tablet).status == 204
    assert here.get("/windows/1/rating", token=tablet).code == "not_your_window"
    assert here.post("/windows/1/rating", body, token=tablet).code == "not_your_window"


def test_the_box_of_the_window_is_no_tablet_without_a_tablets_token(here: Any, clerk: str) -> None:
    """A clerk who sits at that box could otherwise grade himself."""
    _, cases = serve(here, clerk)
    body = {"case": cases[0]["id"], "grade": 5}
    assert here.get("/windows/3/rating").code == "not_logged_in"
    assert here.post("/windows/3/rating", body).code == "not_logged_in"
    assert here.post("/windows/3/rating", body, token=here.kiosk_token).code == "forbidden"


def test_a_clerk_chooses_no_grade_neither_by_token_nor_logged_in_nor_by_the_code(here: Any, clerk: str) -> None:
    code, cases = serve(here, clerk)
    body = {"case": cases[0]["id"], "grade": 5}
    assert here.post("/windows/3/rating", body, token=clerk).code == "forbidden"
    here.hall.people.add_account("wang", "clerk", ["3"], LOGIN)
    cookie = here.hall.people.login("wang", LOGIN, here.now())
    assert here.post("/windows/3/rating", body, cookie=cookie).code == "forbidden"
    assert here.get("/windows/3/rating", cookie=cookie).code == "forbidden"
    assert here.post(f"/tickets/{code}/rating", {"grade": 5}, cookie=cookie).code == "forbidden"
    assert here.post(f"/tickets/{code}/rating", {"grade": 5}, token=clerk).code == "forbidden"
    assert here.post(f"/tickets/{code}/rating", {"grade": 5}).status == 201


def test_no_answer_to_a_clerk_joins_a_grade_with_a_ticket(here: Any, clerk: str) -> None:
    before = here.get("/windows/3", token=clerk).json
    code, _ = serve(here, clerk)
    served = here.get("/windows/3", token=clerk).json
    here.post(f"/tickets/{code}/rating", {"grade": 1, "reasons": ["slow"]})
    assert here.get("/windows/3", token=clerk).json == served
    assert "rat" not in json.dumps(before).lower() + json.dumps(here.get("/board").json).lower()
    assert here.get("/windows/3/grades", token=clerk).json == {
        "first": "2026-11-16",
        "last": "2026-11-22",
        "grades": None,
    }
    for _ in range(4):
        code, _ = serve(here, clerk)
        here.post(f"/tickets/{code}/rating", {"grade": 5})
    assert here.get("/windows/3/grades", token=clerk).json["grades"] is None
    here.pass_time(days=7)
    assert here.get("/windows/3/grades", token=clerk).json["grades"] == {"5": 4, "4": 0, "3": 0, "2": 0, "1": 1}
