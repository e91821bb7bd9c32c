"""Numbers over HTTP: taken, looked up, printed again, and what is refused."""

import json
from datetime import date
from typing import Any

import pytest

from drivers.card_reader.id_card import check_digit

RESIDENT = {
    "kind": "resident",
    "name": "梁试问",
    "sex": {"code": "2", "label": "女"},
    "ethnicity": {"code": "01", "label": "汉"},
    "birth_date": "1988-03-14",
    "address": "虚构省试验市样例路1号",
    "authority": "样例市公安局",
    "valid_from": "2016-05-01",
    "valid_until": None,
}


def number(born: date = date(1988, 3, 14), order: int = 123) -> str:
    first = f"110000{born:%Y%m%d}{order:03}"
    return first + check_digit(first)


@pytest.fixture
def desk(here: Any) -> str:
    token: str = here.token("desk")
    return token


def test_a_ticket_is_issued_with_its_code_and_place(here: Any, desk: str) -> None:
    here.issue()
    answer = here.post("/tickets", {"service": "licence"}, token=desk)
    assert answer.status == 201
    assert answer.headers["cache-control"] == "no-store"
    ticket = answer.json
    code = ticket.pop("code")
    assert len(code) == 16
    assert ticket == {
        "id": 2,
        "number": "A002",
        "service": "licence",
        "state": "waiting",
        "window": None,
        "issued_at": "2026-11-23T09:30:00.000+08:00",
        "called_at": None,
        "rank_at": "2026-11-23T09:30:00.000+08:00",
        "priority": "normal",
        "ahead": 1,
        "print": "none",
        "held_until": None,
        "hold_reason": None,
        "misses": 0,
        "chain": [],
        "for_window": None,
        "matters": [],
    }


def test_a_code_is_found_in_any_case_and_tells_nothing_of_a_person(here: Any, desk: str) -> None:
    body = {"service": "licence", "resident": RESIDENT | {"id_number": number()}}
    code = here.post("/tickets", body, token=desk).json["code"]
    for spelt in (code, code.lower(), f"{code[:4]}-{code[4:]}"):
        answer = here.get(f"/tickets/{spelt}")
        assert answer.json == {
            "number": "A001",
            "service": "licence",
            "service_name": "营业执照",
            "service_name_en": "Business licence",
            "state": "waiting",
            "window": None,
            "window_name": None,
            "ahead": 0,
            "expected_wait": {"low": 0, "high": 0, "words": {"zh": "马上", "en": "any moment"}},
            "issued_at": "2026-11-23T09:30:00.000+08:00",
            "called_at": None,
            "held_until": None,
            "returns_left": 0,
            "matters": [],
        }
        assert code not in answer.body.decode()


@pytest.mark.parametrize("code", ["0000000000000000", "A001", "x" * 64, "..%2F..%2Fetc", "%F0%9F%8E%AB"])
def test_a_code_of_nobody_is_not_found(shared: Any, code: str) -> None:
    refused = shared.get(f"/tickets/{code}")
    assert (refused.status, refused.code) == (404, "unknown_code")


def test_the_age_on_the_card_earns_its_head_start(here: Any, desk: str) -> None:
    old = {"birth_date": "1950-01-02", "id_number": number(date(1950, 1, 2))}
    ticket = here.post("/tickets", {"service": "licence", "resident": RESIDENT | old}, token=desk).json
    assert (ticket["priority"], ticket["rank_at"]) == ("senior", "2026-11-23T09:00:00.000+08:00")


def test_the_desk_may_give_a_priority_and_the_kiosk_may_not(here: Any, desk: str) -> None:
    body = {"service": "licence", "priority": "urgent"}
    assert here.post("/tickets", body, token=desk).json["priority"] == "urgent"
    refused = here.post("/tickets", body)
    assert (refused.status, refused.code) == (403, "priority_not_yours")
    unknown = here.post("/tickets", body | {"priority": "friend-of-mine"}, token=desk)
    assert (unknown.status, unknown.code) == (404, "unknown_priority")


def test_the_same_request_with_the_same_key_gives_the_same_ticket(here: Any, desk: str) -> None:
    key = {"Idempotency-Key": "9f2c-once"}
    first = here.post("/tickets", {"service": "licence"}, token=desk, headers=key)
    again = here.post("/tickets", {"service": "licence"}, token=desk, headers=key)
    assert first.json == again.json
    other = here.post("/tickets", {"service": "tax"}, token=desk, headers=key)
    assert (other.status, other.code) == (422, "idempotency_key_reused")
    # Somebody else's key of the same name is another key.
    assert here.post("/tickets", {"service": "tax"}, headers=key).json["number"] == "B001"


@pytest.mark.parametrize("key", ["", "two words", "k" * 256, "\xe9"])
def test_a_key_that_is_none_is_refused(shared: Any, key: str) -> None:
    desk = shared.token("desk")
    refused = shared.post("/tickets", {"service": "licence"}, token=desk, headers={"Idempotency-Key": key})
    assert (refused.status, refused.code) == (422, "bad_idempotency_key")


def test_one_person_has_one_live_ticket_for_a_service(here: Any, desk: str) -> None:
    body = {"service": "licence", "resident": {"id_number": number()}}
    here.post("/tickets", body, token=desk)
    refused = here.post("/tickets", body, token=desk)
    assert (refused.status, refused.code) == (409, "already_waiting")
    assert refused.json["number"] == "A001"
    assert "A001" in refused.json["detail"]


def test_what_was_typed_of_a_resident_is_kept_field_by_field(here: Any, desk: str) -> None:
    code = here.post("/tickets", {"service": "tax", "resident": RESIDENT}, token=desk).json["code"]
    clerk = here.token("clerk", "3")
    here.post("/windows/3/call-next", token=clerk)
    resident = here.post("/windows/3/scan", {"code": code}, token=clerk).json["resident"]
    assert {name: value for name, value in resident.items() if value is not None} == {
        name: value for name, value in RESIDENT.items() if value is not None
    }


def test_control_characters_in_a_name_go_no_further(here: Any, desk: str) -> None:
    name = "\x1b@梁\u202e试\x00问\r\n\x85𠮷\ue000 "
    code = here.post("/tickets", {"service": "tax", "resident": {"name": name}}, token=desk).json["code"]
    clerk = here.token("clerk", "3")
    here.post("/windows/3/call-next", token=clerk)
    assert here.post("/windows/3/scan", {"code": code}, token=clerk).json["resident"]["name"] == "@梁试问𠮷\ue000"


@pytest.mark.parametrize(
    "wrong",
    ["110000198803141231", "1100001988031412", "11000019880314123Y", "110000198802301239", "", "A" * 18, "1" * 200],
)
def test_a_number_that_is_no_id_number_is_refused_without_being_repeated(shared: Any, wrong: str) -> None:
    desk = shared.token("desk")
    refused = shared.post("/tickets", {"service": "licence", "resident": {"id_number": wrong}}, token=desk)
    assert (refused.status, refused.code) == (422, "bad_id_number")
    assert not wrong or wrong not in refused.body.decode()


def test_a_number_of_a_full_width_keyboard_is_the_same_persons(here: Any, desk: str) -> None:
    wide = "１１００００１９８８０３１４１２３Ｘ"
    assert here.post("/tickets", {"service": "licence", "resident": {"id_number": wide}}, token=desk).status == 201
    again = here.post("/tickets", {"service": "licence", "resident": {"id_number": "11000019880314123X"}}, token=desk)
    assert (again.status, again.code) == (409, "already_waiting")


def test_the_check_letter_may_be_small_and_a_permanent_residents_number_is_of_another_kind(
    here: Any, desk: str
) -> None:
    small = next(found for order in range(100, 200) if (found := number(order=order)).endswith("X")).lower()
    for resident in ({"id_number": small}, {"kind": "foreigner-2017", "id_number": "ABC110088031402"}):
        assert here.post("/tickets", {"service": "licence", "resident": resident}, token=desk).status == 201


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "service"),
        ({"service": 7}, "service"),
        ({"service": ""}, "service"),
        ({"service": "licence", "colour": "red"}, "colour"),
        ({"service": "licence", "resident": {"surname": "梁"}}, "resident.surname"),
        ({"service": "licence", "resident": {"birth_date": "14.3.1988"}}, "resident.birth_date"),
        ({"service": "licence", "resident": {"sex": "f"}}, "resident.sex"),
        ({"service": "licence", "resident": {"kind": "robot"}}, "resident.kind"),
        ({"service": "licence", "resident": {"name": "梁" * 201}}, "resident.name"),
        ({"service": "licence", "resident": "梁试问"}, "resident"),
    ],
)
def test_a_wrong_body_is_told_where_it_is_wrong(shared: Any, body: Any, field: str) -> None:
    desk = shared.token("desk")
    refused = shared.post("/tickets", body, token=desk)
    assert (refused.status, refused.code) == (422, "bad_body")
    assert [fault["field"] for fault in refused.json["errors"]] == [field]
    assert "梁" not in refused.body.decode()


@pytest.mark.parametrize("text", [b"{", b"[]", b'"licence"', b"null", b"\xff", b"{" * 5000])
def test_a_body_that_is_no_object_is_refused(shared: Any, text: bytes) -> None:
    desk = shared.token("desk")
    refused = shared.ask("POST", "/api/v1/tickets", text, token=desk)
    assert refused.status in (400, 422)
    assert refused.code in ("bad_json", "bad_body")


def test_a_body_that_is_not_json_is_told_so(here: Any, desk: str) -> None:
    refused = here.post("/tickets", b"service=licence", token=desk, headers={"Content-Type": "text/plain"})
    assert (refused.status, refused.code) == (415, "json_expected")


def test_an_unknown_service_is_not_found(here: Any, desk: str) -> None:
    refused = here.post("/tickets", {"service": "parking"}, token=desk)
    assert (refused.status, refused.code) == (404, "unknown_service")


def test_a_slip_is_printed_again_by_the_desk(here: Any, desk: str) -> None:
    issued = here.issue()
    answer = here.post(f"/tickets/{issued.ticket.id}/print", token=desk)
    assert (answer.status, answer.json["number"], answer.json["print"]) == (200, "A001", "pending")
    refused = here.post("/tickets/999/print", token=desk)
    assert (refused.status, refused.code) == (404, "unknown_ticket")


def test_nothing_of_a_person_is_in_the_log(here: Any, desk: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    body = {"service": "licence", "resident": RESIDENT | {"id_number": number()}}
    code = here.post("/tickets", body, token=desk).json["code"]
    here.post("/tickets", body, token=desk)
    here.post("/tickets", {"service": "x", "resident": {"id_number": number()[:-1] + "?"}}, token=desk)
    here.get(f"/tickets/{code}")
    here.get(f"/tickets/{code}x")
    for secret in ("梁试问", number()[:17], code, desk):
        assert secret not in caplog.text
        assert json.dumps(secret) not in caplog.text


@pytest.mark.parametrize("escaped", [True, False], ids=["escaped", "as bytes"])
def test_half_a_character_is_refused_at_the_door(here: Any, desk: str, escaped: bool) -> None:
    """A lone surrogate is JSON, but no text: it could be stored and never be told again."""
    body = {"service": "licence", "resident": {"name": "\ud800x"}}
    sent = json.dumps(body, ensure_ascii=escaped).encode(errors="surrogatepass")
    refused = here.post("/tickets", sent, token=desk)
    assert (refused.status, refused.code) == (422, "bad_body")
    clerk = here.token("clerk", "3")
    code = here.issue().code
    refused = here.post("/windows/3/scan", {"code": code, "override_reason": "\ud800"}, token=clerk)
    assert (refused.status, refused.code) == (422, "bad_body")
    assert here.post("/login", {"username": "\ud800", "password": "\ud800"}).code == "bad_body"
    assert here.ask("POST", "/login", {"username": "\ud800", "password": "\ud800"}).code == "bad_body"
    rare = here.post("/tickets", {"service": "tax", "resident": {"name": "\U00020bb7\ue863"}}, token=desk)
    assert rare.status == 201


@pytest.mark.parametrize("path", ["/api/v1/tickets", "/login"])
def test_a_body_without_bottom_is_refused(shared: Any, path: str) -> None:
    refused = shared.ask("POST", path, b"[" * 8_000, token=shared.kiosk_token)
    assert (refused.status, refused.code) == (400, "bad_json")


@pytest.mark.parametrize("day", ["1949-02-03T00:00:00", "0001-01-01", "2026-11-25", -1, 0, "19490203"])
def test_nobody_is_born_on_such_a_day(shared: Any, day: Any) -> None:
    desk = shared.token("desk")
    refused = shared.post("/tickets", {"service": "licence", "resident": {"birth_date": day}}, token=desk)
    assert (refused.status, refused.code) == (422, "bad_body")
    assert refused.json["errors"][0]["field"] == "resident.birth_date"


def test_a_code_too_long_for_any_slip_is_unknown_like_others(here: Any) -> None:
    refused = here.get(f"/tickets/{'A' * 200}")
    assert (refused.status, refused.code) == (404, "unknown_code")


# -- whoever holds the code --------------------------------------------------------------------------------------------


def missed(here: Any) -> Any:
    """A ticket to whose call nobody came."""
    issued = here.issue()
    clerk = here.token("clerk", "3")
    here.post("/windows/3/call-next", token=clerk)
    here.post("/windows/3/no-show", token=clerk)
    return issued


def test_whoever_holds_a_ticket_cancels_it_once(here: Any) -> None:
    code = here.issue().code
    answer = here.post(f"/tickets/{code}/cancel")
    assert (answer.status, answer.json["state"]) == (200, "cancelled")
    again = here.post(f"/tickets/{code}/cancel")
    assert (again.status, again.code, again.json["state"]) == (409, "wrong_state", "cancelled")
    assert here.post("/tickets/0000000000000000/cancel").code == "unknown_code"


def test_who_is_called_cannot_cancel_any_more(here: Any) -> None:
    code = here.issue().code
    here.post("/windows/3/call-next", token=here.token("clerk", "3"))
    assert here.post(f"/tickets/{code}/cancel").code == "wrong_state"


def test_a_missed_ticket_waits_again_as_often_as_the_hall_allows(here: Any) -> None:
    issued = missed(here)
    clerk = here.token("clerk", "3")
    assert here.get(f"/tickets/{issued.code}").json["returns_left"] == 2
    for left in (1, 0):
        assert here.post(f"/tickets/{issued.code}/return").json["state"] == "waiting"
        assert here.post(f"/tickets/{issued.code}/return").code == "wrong_state"
        here.post("/windows/3/call-next", token=clerk)
        here.post("/windows/3/no-show", token=clerk)
        assert here.get(f"/tickets/{issued.code}").json["returns_left"] == left
    refused = here.post(f"/tickets/{issued.code}/return")
    assert (refused.status, refused.code) == (429, "missed_too_often")


def test_why_another_number_is_before_mine_is_told_in_two_languages(here: Any, desk: str) -> None:
    code = here.issue().code
    here.pass_time(minutes=1)
    here.post("/tickets", {"service": "licence", "priority": "urgent"}, token=desk)
    said = here.get(f"/tickets/{code}/why?number=a002").json
    assert "A002" in said["why"]
    assert "A002" in said["why_en"]
    assert "加急" not in said["why"], "what staff gave a class for is nobody's business"
    unknown = here.get(f"/tickets/{code}/why?number=Z999")
    assert (unknown.status, unknown.code) == (404, "unknown_number")
    assert here.get(f"/tickets/{code}/why").code == "bad_body"
    assert here.get("/tickets/0000000000000000/why?number=A002").code == "unknown_code"


def test_a_ticket_is_taken_for_somebody_else(here: Any, desk: str) -> None:
    agent = {"name": "代办人甲", "id_number": number(date(1980, 1, 2))}
    body = {"service": "tax", "resident": {"name": "梁试问", "id_number": number()}, "agent": agent}
    code = here.post("/tickets", body, token=desk).json["code"]
    clerk = here.token("clerk", "3")
    here.post("/windows/3/call-next", token=clerk)
    scanned = here.post("/windows/3/scan", {"code": code}, token=clerk).json
    assert (scanned["resident"]["name"], scanned["agent"]["name"]) == ("梁试问", "代办人甲")
    served = here.get("/windows/3/resident", token=clerk).json
    assert (served["name"], served["agent"]["name"]) == ("梁试问", "代办人甲")


def test_one_number_goes_on_to_the_next_service(here: Any, desk: str) -> None:
    ticket = here.post("/tickets", {"service": "licence", "chain": ["tax"]}, token=desk).json
    assert ticket["chain"] == ["tax"]
    clerk = here.token("clerk", "3")
    here.post("/windows/3/call-next", token=clerk)
    ended = here.post("/windows/3/finish", token=clerk).json
    assert (ended["number"], ended["service"], ended["state"], ended["chain"]) == ("A001", "tax", "waiting", [])
