"""Requests that are refused are entries: the first at once, a flood of them as a count."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from kiosk.web.refused import MOST, RefusedRequests
from offices import OfficeHall
from ticketing.model import StoreError
from ticketing.store.tables import access_log


class Refusals:
    """What counts them, with its time in the test's hand."""

    def __init__(self, desk: OfficeHall) -> None:
        self.desk = desk
        self.time = 0.0
        self.requests = RefusedRequests(desk.office.ledger, lambda: self.time)

    def note(self, who: str = "wang", place: str = "10.0.0.7", code: str = "forbidden", times: int = 1) -> None:
        for _ in range(times):
            self.requests.note(who, "clerk", place, code, "GET /audit")

    def after(self, seconds: float) -> list[tuple[str, str, str]]:
        """All entries once they were written after so many seconds."""
        self.time += seconds
        self.requests.write()
        return entries(self.desk.store)


def entries(store: Any) -> list[tuple[str, str, str]]:
    a = access_log
    with store.read() as conn:
        rows = conn.execute(select(a.c.who, a.c.place, a.c.reason).where(a.c.action == "refused").order_by(a.c.seq))
        return [(row.who, row.place, row.reason) for row in rows]


@pytest.fixture
def refusals(tmp_path: Path) -> Iterator[Refusals]:
    desk = OfficeHall(tmp_path)
    yield Refusals(desk)
    desk.close()


def test_the_first_is_an_entry_at_once_and_further_ones_are_one_a_minute(refusals: Refusals) -> None:
    refusals.note()
    first = ("wang", "10.0.0.7", "forbidden GET /audit")
    assert refusals.after(0) == [first]
    refusals.note(times=300)
    assert refusals.after(59) == [first]
    assert refusals.after(1) == [first, ("wang", "10.0.0.7", "forbidden: 300 more")]
    refusals.note(times=2)
    assert len(refusals.after(30)) == 2
    assert refusals.after(30)[2:] == [("wang", "10.0.0.7", "forbidden: 2 more")]
    # After a quiet minute it is a first one again.
    assert len(refusals.after(60)) == 3
    refusals.note()
    assert refusals.after(0)[3:] == [first]


def test_who_where_and_why_are_told_apart(refusals: Refusals) -> None:
    for other in ({}, {"who": "li"}, {"place": "10.0.0.8"}, {"code": "bad_token"}):
        refusals.note(**other, times=2)
    assert [entry[:2] for entry in refusals.after(0)] == [
        ("wang", "10.0.0.7"),
        ("li", "10.0.0.7"),
        ("wang", "10.0.0.8"),
        ("wang", "10.0.0.7"),
    ]
    assert len(refusals.after(60)) == 8


def test_a_flood_from_everywhere_fills_neither_log_nor_memory(refusals: Refusals) -> None:
    for number in range(5000):
        refusals.note(who="-", place=f"2001:db8::{number:x}", code="bad_token")
    assert len(refusals.requests._counted) == MOST + 1
    assert len(refusals.after(0)) == MOST + 1
    for number in range(5000):
        refusals.note(who="-", place=f"2001:db8:1::{number:x}", code="bad_token")
    told = refusals.after(60)
    assert told[MOST + 1 :] == [("many", "", f"bad_token: {2 * 5000 - MOST - 1} more")]
    refusals.after(60)
    assert refusals.requests._counted == {}


def test_nothing_is_lost_while_the_store_is_away_and_at_the_end(
    refusals: Refusals, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = refusals.desk.office.ledger
    refusals.note(times=3)

    def away() -> Any:
        raise StoreError("store_gone")

    with monkeypatch.context() as patched:
        patched.setattr(ledger, "verb", away)
        with pytest.raises(StoreError):
            refusals.after(0)
    assert len(refusals.after(0)) == 1
    refusals.requests.stop()
    assert entries(refusals.desk.store)[1:] == [("wang", "10.0.0.7", "forbidden: 2 more")]


def test_requests_that_are_refused_are_entries(start: Callable[..., Any]) -> None:
    here = start()
    clerk = here.token("clerk", "1", name="a-clerk")
    assert here.get("/audit", token=clerk).code == "forbidden"
    assert here.post("/windows/3/call-next", token=clerk).code == "not_your_window"
    assert here.get("/audit", token="quhao_" + "x" * 43).code == "bad_token"
    # Too large to be looked at once it is there: refused by its head alone.
    assert here.post("/windows/3/hold", {"reason": "x" * 20_000}, token=clerk).code == "not_your_window"
    assert (
        here.post("/login", {"username": "a", "password": "b"}, headers={"Sec-Fetch-Site": "cross-site"}).status == 403
    )
    # Nobody at all, and what is refused for the queue's sake, are none.
    assert here.get("/audit").code == "not_logged_in"
    assert here.post("/windows/1/recall", token=clerk).code == "nobody_here"
    here.hall.refused.write()
    assert entries(here.store) == [
        ("a-clerk", "127.0.0.1", "forbidden GET /api/v1/audit"),
        ("a-clerk", "127.0.0.1", "not_your_window POST /api/v1/windows/<window>/call-next"),
        ("-", "127.0.0.1", "bad_token GET /api/v1/audit"),
        ("-", "127.0.0.1", "cross_site POST /api/v1/login"),
    ]


def test_a_wrong_password_that_is_asked_for_again_is_an_entry_and_one_at_the_lock_is_one_only(
    start: Callable[..., Any],
) -> None:
    here = start()
    password = "Kaimen-dajia-hao"
    here.hall.people.add_account("wang", "clerk", ("3",), password)
    answer = here.post("/login", {"username": "wang", "password": password})
    cookie = next(one for one in answer.cookies if one.startswith("quhao=")).partition(";")[0].partition("=")[2]
    wrong = {"old": "something-else-1", "new": "something-else-2"}
    assert here.post("/me/password", wrong, cookie=cookie).code == "wrong_password"
    assert here.post("/lock", cookie=cookie).status == 204
    assert here.post("/unlock", {"password": "something-else-1"}, cookie=cookie).code == "wrong_password"
    here.hall.refused.write()
    assert entries(here.store) == [("wang", "127.0.0.1", "wrong_password POST /api/v1/me/password")]
    with here.store.read() as conn:
        failed = conn.scalars(select(access_log.c.reason).where(access_log.c.action == "login-failed")).all()
    assert failed == ["unlock"]
