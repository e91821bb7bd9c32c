"""What bounds numbers, as programs and the kiosk are told."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from drivers.card_reader.id_card import check_digit
from ticketing.calendar import Hours, Quota, Slot
from ticketing.model import Actor, Resident
from ticketing.setup.setup import HallSetup


def id_number() -> str:
    """Nobody's; with a right check digit."""
    return "11000019880314123" + check_digit("11000019880314123")


MANAGER = Actor("zhou", "manager", "hall")
HOURS = tuple(Hours("tax", weekday, *hours) for weekday in range(1, 6) for hours in ((540, 720), (810, 1050)))


@pytest.fixture
def arrange(here: Any) -> Callable[..., Any]:
    """Gives the hall a calendar."""

    def arrange(**calendar: object) -> Any:
        made = here.hall.setup.read()
        here.hall.setup.replace(HallSetup(made.services, made.windows, **calendar), MANAGER)
        return here

    return arrange


def at(hall: Any, clock: str) -> None:
    hall.at = datetime.combine(hall.at.date(), time.fromisoformat(clock), hall.at.tzinfo)


def service(hall: Any, name: str = "tax") -> Any:
    return next(one for one in hall.get("/hall").json["services"] if one["id"] == name)


def row(hall: Any, name: str = "tax") -> Any:
    return next(one for one in hall.get("/kiosk").json["services"] if one["id"] == name)


def test_the_hall_says_what_is_open_until_when_and_what_opens_when(arrange: Callable[..., Any]) -> None:
    here = arrange(hours=HOURS)
    told = service(here)
    assert (told["open"], told["opens_at"], told["closes_at"]) == (True, None, "2026-11-23T17:30:00.000+08:00")
    at(here, "12:15")
    told = service(here)
    assert (told["open"], told["opens_at"]) == (False, "2026-11-23T13:30:00.000+08:00")
    told = service(here, "licence")
    assert (told["open"], told["opens_at"], told["closes_at"], told["not_today"]) == (True, None, None, False)


def test_a_closed_service_is_refused_with_when_it_opens(arrange: Callable[..., Any]) -> None:
    here = arrange(hours=HOURS)
    at(here, "12:15")
    refused = here.post("/tickets", {"service": "tax"}, token=here.token("desk"))
    assert (refused.status, refused.code) == (409, "service_closed")
    assert refused.json["opens_at"] == "2026-11-23T13:30:00+08:00"
    assert refused.json["detail"] == "现在不办理，11月23日(周一) 13:30 开始"
    assert refused.json["detail_en"] == "Closed now: opens Mon 23 Nov, 13:30"


def test_a_quota_that_is_used_up_is_too_many(arrange: Callable[..., Any]) -> None:
    here = arrange(quotas=(Quota("tax", 0, 1440, 1),))
    desk = here.token("desk")
    assert here.post("/tickets", {"service": "tax"}, token=desk).status == 201
    refused = here.post("/tickets", {"service": "tax"}, token=desk)
    assert (refused.status, refused.code) == (429, "quota_reached")
    assert refused.json["opens_at"] == "2026-11-24T00:00:00+08:00"


def test_the_kiosk_says_what_is_closed_and_until_when(arrange: Callable[..., Any]) -> None:
    here = arrange(hours=HOURS)
    at(here, "12:15")
    here.lay_card()
    told = row(here)
    assert told["open"] is False
    assert told["shut"] == {
        "reason": "closed",
        "why": {"zh": "现在不办理", "en": "Closed now"},
        "then": {"zh": "13:30 开始", "en": "opens 13:30"},
    }
    assert row(here, "licence")["shut"] is None
    assert here.post("/kiosk/choose", {"service": "tax"}).code == "service_closed"


def test_the_kiosk_says_when_there_are_numbers_again(arrange: Callable[..., Any]) -> None:
    here = arrange(hours=HOURS, quotas=(Quota("tax", 540, 720, 1), Quota("tax", 810, 1050, 9)))
    here.issue("tax")
    here.lay_card()
    told = row(here)
    assert (told["open"], told["shut"]["reason"], told["shut"]["then"]["zh"]) == (True, "quota", "13:30 再放号")


def test_the_kiosk_warns_who_will_probably_not_be_reached(arrange: Callable[..., Any]) -> None:
    here = arrange(hours=HOURS)
    at(here, "17:10")
    here.lay_card()
    assert row(here)["warning"] is None
    for _ in range(20):
        here.issue("tax")
    told = row(here)
    assert told["warning"] == {"zh": "今天可能办不到", "en": "may not be reached today"} and told["shut"] is None
    assert service(here)["not_today"] is True


def test_the_kiosk_shows_what_is_booked_first_and_checks_it_in(arrange: Callable[..., Any]) -> None:
    here = arrange(slots=(Slot("tax", 1, 600, 630, 1),))
    holder = Resident(id_number=id_number())
    here.hall.appointments.book("tax", date(2026, 11, 23), 600, holder, MANAGER, "api")
    here.lay_card(id_number=id_number())
    told = here.get("/kiosk").json["services"]
    assert [one["id"] for one in told] == ["tax", "licence"]
    assert told[0]["appointment"]["words"] == {"zh": "已预约 10:00–10:30", "en": "Booked 10:00–10:30"}
    at(here, "10:10")
    # The kiosk has the hall's clock here: it has forgotten, or will in a moment, whose card was laid before.
    here.lift_card()
    here.lay_card(id_number=id_number())
    issued = here.post("/kiosk/choose", {"service": "tax"})
    assert (issued.status, issued.json["rank_at"]) == (201, "2026-11-23T10:00:00.000+08:00")
    assert here.hall.appointments.of_person(holder)[0].ticket == issued.json["id"]


def test_the_next_day_counts_from_nothing(arrange: Callable[..., Any]) -> None:
    here = arrange(quotas=(Quota("tax", 0, 1440, 1),))
    here.issue("tax")
    here.at += timedelta(days=1)
    assert here.post("/tickets", {"service": "tax"}, token=here.token("desk")).json["number"] == "B001"
