"""Cases over HTTP: recorded with a finish, looked up by a receipt, brought on, and come back to with papers."""

from typing import Any

import pytest


@pytest.fixture
def clerk(here: Any) -> str:
    token: str = here.token("clerk", "1", "3")
    return token


@pytest.fixture
def desk(here: Any) -> str:
    token: str = here.token("desk")
    return token


def finish(here: Any, clerk: str, body: Any, window: str = "3") -> Any:
    assert here.post(f"/windows/{window}/call-next", token=clerk).status == 200
    return here.post(f"/windows/{window}/finish", body, token=clerk)


def test_a_finish_tells_its_cases_and_a_receipt_once(here: Any, clerk: str) -> None:
    here.issue()
    answer = finish(
        here, clerk, {"outcome": "承诺", "promise_days": 3, "cases": [{"service": "tax", "outcome": "即办"}]}
    )
    assert answer.status == 200
    first, second = answer.json["cases"]
    assert (first["service"], first["outcome"], first["promised_on"]) == ("licence", "promised", "2026-11-26")
    assert len(first["receipt"]) == 16
    assert (second["service"], second["outcome"], second["promised_on"], second["receipt"]) == (
        "tax",
        "immediate",
        None,
        None,
    )


def test_another_case_is_recorded_while_its_ticket_is_served(here: Any, clerk: str) -> None:
    here.issue()
    here.post("/windows/3/call-next", token=clerk)
    assert here.post("/windows/3/cases", {"service": "tax"}, token=clerk).code == "wrong_state"
    here.post("/windows/3/start", token=clerk)
    made = here.post("/windows/3/cases", {"service": "tax", "outcome": "上报"}, token=clerk)
    assert (made.status, made.json["outcome"]) == (201, "reported")
    assert here.post("/windows/3/cases", {"service": "tax", "outcome": "?"}, token=clerk).code == "bad_body"
    assert here.post("/windows/3/cases", {"service": "nope"}, token=clerk).code == "unknown_service"
    assert here.post("/windows/5/cases", {"service": "tax"}, token=clerk).code == "not_your_window"
    assert here.post("/windows/3/cases", {"service": "tax"}).code == "not_logged_in"


def test_progress_says_nothing_of_whose_it_is(here: Any, clerk: str) -> None:
    here.issue()
    case = finish(here, clerk, {"outcome": "joint"}).json["cases"][0]
    moved = here.post(f"/cases/{case['id']}/progress", {"state": "ready", "note": "可以领取"}, token=clerk)
    assert (moved.status, moved.json["state"], moved.json["id"]) == (200, "ready", case["id"])
    found = here.get(f"/progress/{case['receipt'].lower()}")
    assert found.json == {
        "service": "licence",
        "service_name": "营业执照",
        "service_name_en": "Business licence",
        "matter": None,
        "matter_name": "",
        "matter_name_en": "",
        "outcome": "joint",
        "state": "ready",
        "promised_on": "2026-11-30",
        "updated_at": "2026-11-23T09:30:00.000+08:00",
        "note": "可以领取",
        "to_bring": [],
    }
    assert found.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("code", ["0123456789ABCDEF", "nonsense", "A" * 64, "A" * 65])
def test_a_code_of_nothing_is_told_so(shared: Any, code: str) -> None:
    refused = shared.get(f"/progress/{code}")
    assert (refused.status, refused.code) == (404, "unknown_code")


def test_only_those_who_work_on_it_bring_a_case_on(here: Any, clerk: str) -> None:
    here.issue()
    case = finish(here, clerk, {"outcome": "joint"}).json["cases"][0]["id"]
    path = f"/cases/{case}/progress"
    assert here.post(path, {"state": "ready"}).code == "not_logged_in"
    for role in ("manager", "technician"):
        assert here.post(path, {"state": "ready"}, token=here.token(role)).code == "forbidden"
    assert here.post(path, {"state": "lost"}, token=clerk).code == "bad_body"
    assert here.post(path, {"state": "ready", "note": "长" * 201}, token=clerk).code == "bad_body"
    assert here.post("/cases/99/progress", {"state": "ready"}, token=clerk).code == "unknown_case"
    assert here.post("/cases/x/progress", {"state": "ready"}, token=clerk).status == 404


def test_papers_are_brought_by_phone_and_at_the_desk(here: Any, clerk: str, desk: str) -> None:
    here.issue()
    receipt = finish(here, clerk, {"outcome": "补办"}).json["cases"][0]["receipt"]
    back = here.post(f"/tickets/{receipt}/supplement")
    assert (back.status, back.json["number"], back.json["state"], back.json["new"]) == (200, "A001", "waiting", False)
    assert here.post(f"/tickets/{receipt}/supplement").code == "not_returned"
    again = finish(here, clerk, {"outcome": "补办"}).json["cases"][0]["receipt"]
    here.pass_time(days=1)
    assert here.post(f"/desk/cases/{again}/supplement").json["number"] == "A001", "loopback is the kiosk"
    third = finish(here, clerk, {"outcome": "补办"}).json["cases"][0]["receipt"]
    assert here.post(f"/desk/cases/{third}/supplement", token=desk).json["new"] is False
    assert here.post(f"/desk/cases/{third}/supplement", token=clerk).code == "forbidden"
    assert here.post("/tickets/0123456789ABCDEF/supplement").code == "unknown_code"


def test_a_receipt_is_printed_again(here: Any, clerk: str) -> None:
    here.issue()
    here.issue()
    case = finish(here, clerk, {"outcome": "joint"}).json["cases"][0]["id"]
    over = finish(here, clerk, {"outcome": "done"}).json["cases"][0]["id"]
    assert here.post(f"/cases/{case}/print", token=clerk).status == 204
    assert here.post(f"/cases/{over}/print", token=clerk).code == "case_over"
    assert [job.case for job in here.office.print_jobs(5)] == [case]


def test_the_code_of_no_receipt_is_not_asked_for_without_end(here: Any) -> None:
    answers = [here.get(f"/progress/{7:016}") for _ in range(30)]
    assert [answer.status for answer in answers[:20]] == [404] * 20
    assert answers[-1].code == "too_many_tries"
    assert int(answers[-1].headers["retry-after"]) >= 1
