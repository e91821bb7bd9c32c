"""Self-service terminals over HTTP: bound to their token, and silent on why they do not open."""

from collections.abc import Callable
from typing import Any

import pytest

from drivers.card_reader.events import CardLeft, CardRead
from drivers.card_reader.social_security import SocialSecurityCard
from offices import CHEN
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


def lay(here: Any, resident: Resident | None, terminal: str = "hall-1") -> None:
    """Lay the card of this person on the terminal's reader; None to lift the one that lies there."""
    card = resident and SocialSecurityCard(resident.name, str(resident.id_number))
    here.hall.terminal_cards.hear(CardRead(card, terminal=terminal) if card else CardLeft(terminal=terminal))


def scan(here: Any, token: str | None, body: Any, terminal: str = "hall-1") -> Any:
    return here.post(f"/terminals/{terminal}/scan", body, token=token)


def test_slip_and_last_six_open_the_data(here: Any, terminal: str) -> None:
    issued = here.issue(resident=LIANG)
    opened = scan(here, terminal, {"code": issued.code, "id_tail": "14123x"})
    assert opened.status == 200
    assert opened.headers["cache-control"] == "no-store"
    assert (opened.json["ticket"]["number"], opened.json["resident"]["name"], opened.json["agent"]) == (
        "A001",
        "梁试问",
        None,
    )
    assert "code" not in opened.json["ticket"]
    assert scan(here, terminal, {"code": issued.code, "id_number": NUMBER}).code == "bad_body"


def test_slip_and_the_card_on_the_terminals_own_reader_open_the_data(here: Any, terminal: str) -> None:
    body = {"code": here.issue(resident=LIANG).code}
    lay(here, LIANG, "hall-2")
    assert scan(here, terminal, body).code == "not_opened"
    lay(here, CHEN)
    assert scan(here, terminal, body | {"id_tail": "14123X"}).code == "not_opened"
    lay(here, LIANG)
    assert scan(here, terminal, body).json["resident"]["name"] == "梁试问"
    lay(here, None)
    assert scan(here, terminal, body).code == "not_opened"


def test_a_token_opens_at_its_own_terminal_alone(here: Any, terminal: str, clerk: str) -> None:
    body = {"code": here.issue(resident=LIANG).code, "id_tail": "14123X"}
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
    body = today(here, id_tail="14123X")
    here.post("/windows/1/call-next", token=clerk)
    here.post("/windows/1/finish", {}, token=clerk)
    return body


def old(here: Any, _clerk: str) -> dict[str, Any]:
    body = today(here, id_tail="14123X")
    here.pass_time(days=1)
    return body


def erased(here: Any, _clerk: str) -> dict[str, Any]:
    body = today(here, id_tail="14123X")
    here.pass_time(days=2)
    here.office.purge(here.at.date())
    return body


def locked(here: Any, _clerk: str) -> dict[str, Any]:
    body = today(here, id_tail="14123X")
    token = here.hall.people.add_token("t-other", "terminal", (), "hall-9")
    for _ in range(3):
        assert scan(here, token, body | {"id_tail": "000000"}, "hall-9").code == "not_opened"
    return body


WRONG: dict[str, Callable[[Any, str], dict[str, Any]]] = {
    "of nothing": lambda _here, _clerk: {"code": "0123456789ABCDEF", "id_tail": "14123X"},
    "malformed": lambda _here, _clerk: {"code": "?", "id_tail": "14123X"},
    "empty": lambda _here, _clerk: {"code": "", "id_tail": ""},
    "endless": lambda _here, _clerk: {"code": "A" * 3000, "id_tail": "1" * 3000},
    "wrong tail": lambda here, _clerk: today(here, id_tail="141239"),
    "the last four": lambda here, _clerk: today(here, id_tail="123X"),
    "no proof": lambda here, _clerk: today(here),
    "another's": lambda here, _clerk: today(here, id_tail="150015"),
    "nobody's": lambda here, _clerk: {"code": here.issue().code, "id_tail": "14123X"},
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


def test_a_terminal_that_tries_one_code_without_end_is_slowed_for_that_code(here: Any, terminal: str) -> None:
    body = {"code": f"{7:016}", "id_tail": "111111"}
    answers = [scan(here, terminal, body) for _ in range(25)]
    assert answers[0].code == "not_opened"
    assert answers[-1].code == "too_many_tries"
    assert scan(here, terminal, today(here, id_tail="14123X")).status == 200


def test_cases_are_looked_up_by_card_and_by_receipt(here: Any, terminal: str, clerk: str) -> None:
    here.issue(resident=LIANG)
    here.post("/windows/1/call-next", token=clerk)
    case = here.post("/windows/1/finish", {"outcome": "joint"}, token=clerk).json["cases"][0]
    path = "/terminals/hall-1/progress"
    lay(here, LIANG)
    for body in ({}, {"code": case["receipt"]}):
        (found,) = here.post(path, body, token=terminal).json["cases"]
        assert (found["service"], found["state"], found["promised_on"]) == ("licence", "open", "2026-11-30")
        assert not {"id", "number", "resident"} & set(found)
    lay(here, CHEN)
    assert here.post(path, {}, token=terminal).json == {"cases": []}
    lay(here, None)
    assert here.post(path, {}, token=terminal).code == "card_needed"
    assert here.post(path, {"code": "0123456789ABCDEF"}, token=terminal).code == "unknown_code"
    assert here.post(path, {"id_number": NUMBER}, token=terminal).code == "bad_body"
    assert here.post("/terminals/hall-2/progress", {}, token=terminal).code == "not_your_terminal"


def test_papers_are_brought_with_the_card(here: Any, terminal: str, clerk: str) -> None:
    here.issue(resident=LIANG)
    here.post("/windows/1/call-next", token=clerk)
    here.post("/windows/1/finish", {"outcome": "supplement"}, token=clerk)
    path = "/terminals/hall-1/supplement"
    assert here.post(path, {"id_number": NUMBER}, token=terminal).code == "bad_body"
    assert here.post(path, {}, token=terminal).code == "card_needed"
    lay(here, LIANG)
    assert here.post(path, {"service": "tax"}, token=terminal).code == "not_returned"
    back = here.post(path, {}, token=terminal)
    assert (back.status, back.json["number"], back.json["new"]) == (200, "A001", False)
    assert here.post(path, {}, token=terminal).code == "not_returned"
