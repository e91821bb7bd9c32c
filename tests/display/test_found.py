"""What the kiosk says of a scanned code, in each state of what it is about."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from display.found import appointment_words, ticket_words
from display.prompts import Words
from ticketing.appointments.booking import Appointment
from ticketing.line.views import TicketView
from ticketing.model import NORMAL, State, Ticket

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TICKET = Ticket(1, "A001", "a", State.WAITING, "3", NOW, None, None, None, NOW, NORMAL, 2, 0, None, "none")
DESK = Words("咨询台", "the information desk")


@pytest.mark.parametrize("state", State)
def test_every_state_says_what_to_do_in_both_languages(state: State) -> None:
    said = ticket_words(TicketView(replace(TICKET, state=state), "营业执照", "", "3号窗口", (5, 9)), DESK)
    assert len(said.zh) >= 6
    assert not re.search(r"[\u4e00-\u9fff]", said.en)


@pytest.mark.parametrize(
    ("ahead", "wait", "zh"),
    [
        (2, (8, 12), "前面还有 2 人，约 10 分钟"),
        (2, (0, 53), "前面还有 2 人，一小时内"),
        (2, None, "前面还有 2 人"),
        (0, None, "马上轮到您，请在大厅等候"),
    ],
)
def test_who_waits_is_told_how_long(ahead: int, wait: tuple[int, int] | None, zh: str) -> None:
    assert ticket_words(TicketView(replace(TICKET, ahead=ahead), "", "", None, wait), DESK).zh == zh


@pytest.mark.parametrize(
    ("days", "state", "zh"),
    [
        (0, "booked", "预约 09:00，请刷身份证取号"),
        (1, "booked", "预约 明天 09:00，请到时来刷身份证取号"),
        (0, "checked_in", "这个预约已取号、取消或过期"),
    ],
)
def test_an_appointment_is_told_when_it_is_and_what_to_bring(days: int, state: str, zh: str) -> None:
    begins = NOW + timedelta(days=days)
    booked = Appointment(1, "a", begins.date(), begins, begins + timedelta(minutes=30), state, None)
    assert appointment_words(booked, NOW).zh == zh
