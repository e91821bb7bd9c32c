"""Self-service terminals over HTTP: bound to their token, and silent on why they do not open."""

from collections.abc import Callable
from typing import Any

import pytest

from ticketing.model import Resident
from wires import wait_until

NUMBER = "11000019880314123X"
LIANG = Resident(kind="resident", name="梁试问", id_number=NUMBER)


@pytest.fixture
def terminal(here: Any) -> str:
    token: str = here.hall.people.add_token("t-hall", "terminal", (), "hall-1")
    return token


@pytest.fixture
def clerk(here: Any) -> str:
    token: str = here.token("clerk", "*")
    return token


def scan(here: Any, token: str | None, body: Any, terminal: str = "hall-1") -> Any:
    return here.post(f"/terminals/{terminal}/scan", body, token=token)


def test_slip_and_last_four_open_the_data(here: Any, terminal: str) -> None:
    issued = here.issue(resident=LIANG)
    opened = scan(here, terminal, {"code": issued.code, "id_tail": "123x"})
    assert opened.status == 200
    assert opened.headers["cache-control"] == "no-store"
    assert (opened.json["ticket"]["number"], opened.json["resident"]["name"], opened.json["agent"]) == (
        "A001",
        "梁试问",
        None,
    )
    assert "code" not in opened.json["ticket"]
    assert scan(here, terminal, {"code": issued.code, "id_number": NUMBER}).status == 200


def test_a_token_opens_at_its_own_terminal_alone(here: Any, terminal: str, clerk: str) -> None:
    body = {"code": here.issue(resident=LIANG).code, "id_tail": "123X"}
    refused = scan(here, terminal, body, "hall-2")
    assert (refused.status, refused.code) == (403, "not_your_terminal")
    assert scan(here, clerk, body).code == "forbidden"
    assert scan(here, None, body).code == "not_logged_in"


def test_a_terminals_news_are_for_its_own_token(here: Any, terminal: str, clerk: str) -> None:
    assert here.get("/terminals/hall-2/events", token=terminal).code == "not_your_terminal"
    assert here.get("/terminals/hall-1/events", token=clerk).code == "forbidden"
    assert here.get("/terminals/hall-1/events").code == "not_logged_in"
    stream = here.listen("/terminals/hall-1/events", terminal)
    wait_until(lambda: here.hall.terminal_news.listeners == 1)
    here.hall.terminal_news.tell("hall-2", "scan", {"text": "another's"})
    here.hall.terminal_news.tell("hall-1", "scan", {"text": "its own"})
    assert next(stream).data == {"text": "its own"}


def today(here: Any, **body: Any) -> dict[str, Any]:
    return {"code": here.issue(resident=LIANG).code} | body


def over(here: Any, clerk: str) -> dict[str, Any]:
    body = today(here, id_tail="123X")
    here.post("/windows/1/call-next", token=clerk)
    here.post("/windows/1/finish", {}, token=clerk)
    return body


def old(here: Any, _clerk: str) -> dict[str, Any]:
    body = today(here, id_tail="123X")
    here.pass_time(days=1)
    return body


def erased(here: Any, _clerk: str) -> dict[str, Any]:
    body = today(here, id_tail="123X")
    here.pass_time(days=2)
    here.office.purge(here.at.date())
    return body


def locked(here: Any, _clerk: str) -> dict[str, Any]:
    body = today(here, id_tail="123X")
    token = here.hall.people.add_token("t-other", "terminal", (), "hall-9")
    for _ in range(3):
        assert scan(here, token, body | {"id_tail": "0000"}, "hall-9").code == "not_opened"
    return body


WRONG: dict[str, Callable[[Any, str], dict[str, Any]]] = {
    "of nothing": lambda _here, _clerk: {"code": "0123456789ABCDEF", "id_tail": "123X"},
    "malformed": lambda _here, _clerk: {"code": "?", "id_tail": "123X"},
    "empty": lambda _here, _clerk: {"code": "", "id_tail": ""},
    "endless": lambda _here, _clerk: {"code": "A" * 3000, "id_tail": "1" * 3000},
    "wrong tail": lambda here, _clerk: today(here, id_tail="1239"),
    "wrong number": lambda here, _clerk: today(here, id_number="110000198803141230"),
    "no proof": lambda here, _clerk: today(here),
    "another's": lambda here, _clerk: today(here, id_tail="0015"),
    "nobody's": lambda here, _clerk: {"code": here.issue().code, "id_tail": "123X"},
    "over": over,
    "old": old,
    "erased": erased,
    "locked": locked,
}


@pytest.mark.parametrize("make", WRONG.values(), ids=WRONG.keys())
def test_every_refusal_is_the_same_to_the_last_byte(
    here: Any, terminal: str, clerk: str, make: Callable[[Any, str], dict[str, Any]]
) -> None:
    plain = scan(here, terminal, {"code": "FFFFFFFFFFFFFFFF", "id_tail": "1111"})
    assert (plain.status, plain.code) == (403, "not_opened")
    refused = scan(here, terminal, make(here, clerk))
    assert (refused.status, refused.body) == (plain.status, plain.body)
    told = [{k: v for k, v in answer.headers.items() if k != "date"} for answer in (refused, plain)]
    assert told[0] == told[1]


def test_a_terminal_that_tries_without_end_is_slowed(here: Any, terminal: str) -> None:
    answers = [scan(here, terminal, {"code": f"{number:016}", "id_tail": "1111"}) for number in range(25)]
    assert answers[0].code == "not_opened"
    assert answers[-1].code == "too_many_tries"


def test_cases_are_looked_up_by_card_and_by_receipt(here: Any, terminal: str, clerk: str) -> None:
    here.issue(resident=LIANG)
    here.post("/windows/1/call-next", token=clerk)
    case = here.post("/windows/1/finish", {"outcome": "joint"}, token=clerk).json["cases"][0]
    path = "/terminals/hall-1/progress"
    for body in ({"id_number": NUMBER}, {"code": case["receipt"]}):
        (found,) = here.post(path, body, token=terminal).json["cases"]
        assert (found["service"], found["state"], found["promised_on"]) == ("licence", "open", "2026-11-30")
        assert not {"id", "number", "resident"} & set(found)
    assert here.post(path, {"id_number": "110000198803141230"}, token=terminal).json == {"cases": []}
    assert here.post(path, {"code": "0123456789ABCDEF"}, token=terminal).code == "unknown_code"
    for body in ({}, {"id_number": NUMBER, "code": case["receipt"]}):
        assert here.post(path, body, token=terminal).code == "bad_body"
    assert here.post("/terminals/hall-2/progress", {"id_number": NUMBER}, token=terminal).code == "not_your_terminal"


def test_papers_are_brought_with_the_card(here: Any, terminal: str, clerk: str) -> None:
    here.issue(resident=LIANG)
    here.post("/windows/1/call-next", token=clerk)
    here.post("/windows/1/finish", {"outcome": "supplement"}, token=clerk)
    path = "/terminals/hall-1/supplement"
    assert here.post(path, {"id_number": NUMBER, "service": "tax"}, token=terminal).code == "not_returned"
    back = here.post(path, {"id_number": NUMBER}, token=terminal)
    assert (back.status, back.json["number"], back.json["new"]) == (200, "A001", False)
    assert here.post(path, {"id_number": NUMBER}, token=terminal).code == "not_returned"
