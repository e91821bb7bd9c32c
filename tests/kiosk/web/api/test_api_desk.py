"""The guide desk over HTTP: found by number, put aside and back, cancelled, given another class."""

from typing import Any

import pytest


@pytest.fixture
def desk(here: Any) -> str:
    token: str = here.token("desk")
    return token


def test_a_ticket_is_found_by_its_number(here: Any, desk: str) -> None:
    issued = here.issue()
    for number in ("A001", "a001"):
        found = here.get(f"/desk/tickets?number={number}", token=desk)
        assert (found.status, found.json["id"]) == (200, issued.ticket.id)
    unknown = here.get("/desk/tickets?number=Z001", token=desk)
    assert (unknown.status, unknown.code) == (404, "unknown_number")


@pytest.mark.parametrize("query", ["", "?number=", "?number=A001&colour=red", f"?number={'A' * 17}"])
def test_a_search_that_makes_no_sense_is_refused(shared: Any, query: str) -> None:
    desk = shared.token("desk")
    refused = shared.get(f"/desk/tickets{query}", token=desk)
    assert (refused.status, refused.code) == (422, "bad_body")


def test_a_number_of_yesterday_is_not_found(here: Any, desk: str) -> None:
    here.issue()
    here.pass_time(days=1)
    assert here.get("/desk/tickets?number=A001", token=desk).code == "unknown_number"


def test_a_ticket_is_put_aside_brought_back_and_cancelled(here: Any, desk: str) -> None:
    path = f"/desk/tickets/{here.issue().ticket.id}"
    held = here.post(f"{path}/hold", {"reason": "取材料", "minutes": 20}, token=desk).json
    assert (held["state"], held["hold_reason"]) == ("held", "取材料")
    assert here.post(f"{path}/hold", token=desk).code == "wrong_state"
    back = here.post(f"{path}/return", token=desk).json
    assert (back["state"], back["rank_at"], back["hold_reason"]) == ("waiting", held["rank_at"], None)
    assert here.post(f"{path}/cancel", token=desk).json["state"] == "cancelled"
    refused = here.post(f"{path}/cancel", token=desk)
    assert (refused.status, refused.code) == (409, "wrong_state")


def test_another_class_moves_a_ticket_and_its_reason_is_kept(here: Any, desk: str) -> None:
    first, second = here.issue(), here.issue()
    body = {"priority": "urgent", "reason": "行动不便"}
    moved = here.post(f"/desk/tickets/{second.ticket.id}/priority", body, token=desk).json
    assert (moved["priority"], moved["ahead"], moved["rank_at"]) == ("urgent", 0, "2026-11-23T08:30:00.000+08:00")
    assert here.get(f"/tickets/{first.code}").json["ahead"] == 1
    back = here.post(f"/desk/tickets/{second.ticket.id}/priority", body | {"priority": "normal"}, token=desk).json
    assert (back["rank_at"], back["ahead"]) == ("2026-11-23T09:30:00.000+08:00", 1)
    with here.store.read() as conn:
        kept = conn.exec_driver_sql(
            "SELECT who, action, ticket_id, reason FROM access_log WHERE ticket_id IS NOT NULL ORDER BY seq"
        ).all()
    assert [tuple(row) for row in kept] == [
        ("a-desk", "priority", second.ticket.id, "urgent: 行动不便"),
        ("a-desk", "priority", second.ticket.id, "normal: 行动不便"),
    ]


def test_screens_learn_that_something_moved_and_not_why(here: Any, desk: str) -> None:
    issued = here.issue()
    after = here.office.last_seq()
    path = f"/desk/tickets/{issued.ticket.id}/priority"
    here.post(path, {"priority": "urgent", "reason": "行动不便"}, token=desk)
    (event,) = here.office.events_after(after, 10)
    assert (event.type, event.data) == ("ticket.ranked", {"number": "A001", "service": "licence"})


def test_a_class_needs_a_reason_and_a_ticket_that_waits(here: Any, desk: str) -> None:
    path = f"/desk/tickets/{here.issue().ticket.id}/priority"
    assert here.post(path, {"priority": "urgent"}, token=desk).code == "bad_body"
    assert here.post(path, {"priority": "urgent", "reason": " "}, token=desk).code == "bad_body"
    assert here.post(path, {"priority": "friend", "reason": "x"}, token=desk).code == "unknown_priority"
    here.post("/windows/3/call-next", token=here.token("clerk", "3"))
    assert here.post(path, {"priority": "urgent", "reason": "x"}, token=desk).code == "wrong_state"


def test_a_class_given_at_the_desk_is_kept_with_its_reason(here: Any, desk: str) -> None:
    body = {"service": "licence", "priority": "urgent", "priority_reason": "急件"}
    here.post("/tickets", body, token=desk, headers={"Idempotency-Key": "press-1"})
    here.post("/tickets", body, token=desk, headers={"Idempotency-Key": "press-1"})
    with here.store.read() as conn:
        kept = conn.exec_driver_sql("SELECT action, reason FROM access_log WHERE ticket_id IS NOT NULL").all()
    assert [tuple(row) for row in kept] == [("priority", "urgent: 急件")]


@pytest.mark.parametrize("verb", ["cancel", "hold", "return"])
def test_the_desks_verbs_are_the_desks(here: Any, verb: str) -> None:
    path = f"/desk/tickets/{here.issue().ticket.id}/{verb}"
    assert here.post(path, token=here.token("clerk", "*")).status == 403
    assert here.post(path).status == 403 or here.post(path).status == 401
    unknown = here.post(f"/desk/tickets/999/{verb}", token=here.token("desk", name="other"))
    assert (unknown.status, unknown.code) == (404, "unknown_ticket")
