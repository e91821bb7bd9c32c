"""The kiosk's page over HTTP: what it shows, what a resident may press."""

from typing import Any

import pytest


def test_an_idle_kiosk_says_what_to_do(here: Any) -> None:
    view = here.get("/kiosk").json
    assert view["state"] in ("idle", "fault")
    assert view["resident"] is None
    assert view["message"] and view["message_en"]


def test_a_card_is_greeted_masked_and_takes_a_number(here: Any) -> None:
    here.lay_card()
    answer = here.get("/kiosk")
    view = answer.json
    assert view["state"] == "choosing"
    assert view["resident"]["id_number"] == "1100**************"
    assert "梁试问" not in answer.body.decode()
    assert [(one["id"], one["has_ticket"]) for one in view["services"]] == [("licence", None), ("tax", None)]
    chosen = here.post("/kiosk/choose", {"service": "licence"})
    assert (chosen.status, chosen.json["number"]) == (201, "A001")
    view = here.get("/kiosk").json
    assert view["ticket"]["code"] == chosen.json["code"]
    assert view["ticket"]["url"] == f"HTTPS://Q.EXAMPLE.CN/T/{chosen.json['code']}"


def test_a_second_tap_gives_the_same_ticket(here: Any) -> None:
    here.lay_card()
    first = here.post("/kiosk/choose", {"service": "licence"})
    again = here.post("/kiosk/choose", {"service": "licence"})
    assert first.json == again.json


def test_who_already_has_a_number_is_told_and_may_have_it_again(here: Any) -> None:
    here.lay_card()
    first = here.post("/kiosk/choose", {"service": "licence"}).json
    here.post("/kiosk/cancel")
    here.lift_card()
    here.lay_card()
    assert here.get("/kiosk").json["services"][0]["has_ticket"] == "A001"
    refused = here.post("/kiosk/choose", {"service": "licence"})
    assert (refused.status, refused.code) == (409, "already_waiting")
    again = here.post("/kiosk/reprint", {"service": "licence"})
    # A slip has a code of its own, and both find the ticket.
    assert (again.status, again.json["code"] != first["code"]) == (200, True)
    assert {here.get(f"/tickets/{one['code']}").json["number"] for one in (first, again.json)} == {"A001"}
    here.post("/kiosk/cancel")
    here.lift_card()
    here.lay_card()
    lost = here.post("/kiosk/reprint", {"service": "licence", "lost": True}).json
    assert (
        here.get(f"/tickets/{first['code']}").code == here.get(f"/tickets/{again.json['code']}").code == "unknown_code"
    )
    assert here.get(f"/tickets/{lost['code']}").json["number"] == "A001"


def test_a_typed_number_is_told_nothing_of_whose_it_is(here: Any) -> None:
    here.lay_card()
    here.post("/kiosk/choose", {"service": "licence"})
    number = here.hall.kiosk._session.resident.id_number
    here.post("/kiosk/cancel")
    here.lift_card()
    shown = here.post("/kiosk/typed", {"id_number": number}).json
    assert [one["has_ticket"] for one in shown["services"]] == [None] * len(shown["services"])
    for verb in ("choose", "reprint"):
        refused = here.post(f"/kiosk/{verb}", {"service": "licence"})
        assert (refused.status, refused.code) == (409, "card_needed")
        assert "A001" not in refused.body.decode()


def test_without_a_card_nothing_can_be_chosen(here: Any) -> None:
    refused = here.post("/kiosk/choose", {"service": "licence"})
    assert (refused.status, refused.code) == (409, "no_card")


def test_a_resident_without_a_card_types_the_number(here: Any) -> None:
    view = here.post("/kiosk/typed", {"id_number": "11000019880314123x"}).json
    assert (view["state"], view["resident"]["kind"]) == ("choosing", "typed")
    assert here.post("/kiosk/choose", {"service": "tax"}).json["number"] == "B001"
    assert here.post("/kiosk/cancel").status == 200
    refused = here.post("/kiosk/typed", {"id_number": "110000198803141234"})
    assert (refused.status, refused.code) == (422, "bad_id_number")
    assert "110000198803141234" not in refused.body.decode()


def test_the_page_hears_of_every_change_beginning_with_how_it_is(here: Any) -> None:
    stream = here.listen("/kiosk/events")
    first = next(stream)
    assert (first.event, first.data["state"]) == ("state", here.get("/kiosk").json["state"])
    here.lay_card()
    assert [next(stream).data["state"], next(stream).data["state"]] == ["reading", "choosing"]
    here.post("/kiosk/cancel")
    assert next(stream).data["resident"] is None


def test_a_box_without_a_kiosk_says_so(start: Any) -> None:
    here = start(kiosk=False)
    for answer in (here.get("/kiosk"), here.post("/kiosk/choose", {"service": "licence"})):
        assert (answer.status, answer.code) == (404, "no_kiosk")
    assert here.get("/kiosk/events").code == "no_kiosk"


@pytest.mark.parametrize("verb", ["choose", "reprint", "typed"])
def test_a_press_without_what_it_needs_is_refused(shared: Any, verb: str) -> None:
    assert shared.post(f"/kiosk/{verb}", {}).code == "bad_body"


def keyed(here: Any, verb: str, service: str, key: str) -> Any:
    return here.post(f"/kiosk/{verb}", {"service": service}, headers={"Idempotency-Key": key})


def test_a_choice_whose_answer_was_lost_is_answered_again_and_never_for_the_next_person(here: Any) -> None:
    here.lay_card()
    first = keyed(here, "choose", "licence", "k-1")
    assert first.status == 201
    assert keyed(here, "choose", "licence", "k-1").json == first.json
    assert keyed(here, "choose", "tax", "k-1").code == "no_card", "one choice a visit"
    here.post("/kiosk/cancel")
    assert keyed(here, "choose", "licence", "k-1").code == "no_card", "anybody may stand there now"
    here.lift_card()
    here.lay_card(name="孟样例", id_number="110000199001011232")
    view = here.get("/kiosk").json
    assert (view["state"], view["services"][0]["has_ticket"]) == ("choosing", None)
    theirs = keyed(here, "choose", "licence", "k-1")
    assert (theirs.status, theirs.json["number"]) == (201, "A002")
    assert theirs.json["code"] != first.json["code"]
    here.post("/kiosk/cancel")
    here.lay_card()
    again = keyed(here, "choose", "licence", "k-1")
    assert (again.status, again.code) == (409, "already_waiting")
    assert keyed(here, "choose", "licence", "bad key").code == "bad_idempotency_key"


def test_a_reprint_whose_answer_was_lost_is_answered_again_while_its_resident_is_here(here: Any) -> None:
    here.lay_card()
    here.post("/kiosk/choose", {"service": "licence"})
    here.post("/kiosk/cancel")
    here.lift_card()
    here.lay_card()
    first = keyed(here, "reprint", "licence", "k-1")
    assert first.status == 200
    assert keyed(here, "reprint", "licence", "k-1").json == first.json
    here.post("/kiosk/cancel")
    assert keyed(here, "reprint", "licence", "k-1").code == "no_card"
    assert keyed(here, "reprint", "licence", "bad key").code == "bad_idempotency_key"


PRESSES: list[tuple[str, dict[str, str]]] = [
    ("choose", {"service": "licence"}),
    ("reprint", {"service": "licence"}),
    ("typed", {"id_number": "11000019880314123x"}),
    ("agent", {}),
    ("cancel", {}),
]


@pytest.mark.parametrize(("verb", "body"), PRESSES)
def test_a_press_that_arrives_in_the_next_visit_is_refused_and_changes_nothing(
    here: Any, verb: str, body: dict[str, str]
) -> None:
    here.lay_card()
    here.post("/kiosk/choose", {"service": "licence"})
    theirs = here.get("/kiosk").json["visit"]
    here.post("/kiosk/cancel")
    here.lift_card()
    between = here.get("/kiosk").json["visit"]
    here.lay_card(name="孟样例", id_number="110000199001011232")
    before, last = here.get("/kiosk").json, here.office.last_seq()
    assert len({theirs, between, before["visit"]}) == 3
    for late in (theirs, between):
        refused = here.post(f"/kiosk/{verb}", body | {"visit": late})
        assert (refused.status, refused.code) == (409, "other_visit")
    after = here.get("/kiosk").json
    assert before | {"seconds_left": 0} == after | {"seconds_left": 0}
    assert here.office.last_seq() == last


def test_a_press_of_the_present_visit_is_done_and_the_stream_names_the_visit(here: Any) -> None:
    stream = here.listen("/kiosk/events")
    free = next(stream).data["visit"]
    assert here.get("/kiosk").json["visit"] == free
    begun = here.post("/kiosk/typed", {"id_number": "11000019880314123x", "visit": free}).json
    visit = begun["visit"]
    assert next(stream).data == begun
    assert here.post("/kiosk/agent", {"visit": visit}).json["visit"] == visit
    assert here.post("/kiosk/agent", {"visit": visit}).status == 200
    assert here.post("/kiosk/choose", {"service": "tax", "visit": visit}).json["number"] == "B001"
    assert here.get("/kiosk").json["visit"] == visit
    assert here.post("/kiosk/cancel", {"visit": visit}).json["visit"] not in (visit, free)
