"""The queue is simulated once for each event and minute, however many ask."""

import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from offices import CLERK, MORNING, OfficeHall, refused
from ticketing.calendar import Hours
from ticketing.model import Actor, LimitError
from ticketing.office import Office
from ticketing.setup.setup import Setup


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[OfficeHall]:
    """A hall where somebody is at a window and others wait."""
    hall = OfficeHall(tmp_path)
    for _ in range(6):
        hall.issue("tax")
    hall.call("1")
    yield hall
    hall.close()


def test_all_that_ask_after_one_event_share_one_forecast(busy: OfficeHall) -> None:
    codes = [busy.issue("tax").code for _ in range(3)]
    simulated = busy.office.forecasts.simulated
    for _ in range(2):
        busy.office.hall()
        for code in codes:
            busy.office.ticket_of_code(code)
    assert busy.office.forecasts.simulated == simulated + 1
    busy.office.pause_window("2", CLERK)
    waits = [busy.office.ticket_of_code(code).expected_wait for code in codes]
    assert busy.office.forecasts.simulated == simulated + 2
    assert waits == [fresh(busy).ticket_of_code(code).expected_wait for code in codes]


def test_a_forecast_is_told_for_a_minute_at_most(busy: OfficeHall) -> None:
    busy.now = MORNING.replace(minute=10)
    busy.office.hall()
    simulated = busy.office.forecasts.simulated
    busy.later(seconds=59)
    busy.office.hall()
    assert busy.office.forecasts.simulated == simulated
    busy.later(seconds=1)
    assert busy.office.hall() == fresh(busy).hall()
    assert busy.office.forecasts.simulated == simulated + 1


def test_it_is_simulated_once_though_many_ask_at_once(busy: OfficeHall) -> None:
    gate = threading.Barrier(16)

    def ask(_: int) -> object:
        gate.wait()
        return busy.office.hall()

    usual = sys.getswitchinterval()
    # So that each is interrupted while it simulates.
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(16) as crowd:
            views = list(crowd.map(ask, range(16)))
    finally:
        sys.setswitchinterval(usual)
    assert all(view == views[0] for view in views)
    assert busy.office.forecasts.simulated == 1


def test_what_a_verb_foresaw_is_not_told_to_others_for_it_may_be_undone(busy: OfficeHall) -> None:
    setup = Setup(busy.office.ledger)
    setup.replace(replace(setup.read(), hours=(Hours("tax", 1, 0, 9 * 60 + 5),)), Actor("zhao", "manager"))
    busy.office.ledger.rules = replace(busy.office.ledger.rules, last_ticket="refuse")
    for window in ("1", "2"):
        busy.office.pause_window(window, CLERK)
        busy.office.open_window(window, CLERK)
    at = datetime.fromisoformat("2026-03-02T09:04:00+08:00")
    busy.now = at
    refused(LimitError, "not_today", busy.issue, "tax")
    assert busy.office.forecasts.simulated == 1
    busy.now = at
    assert busy.office.hall() == fresh(busy).hall()
    assert busy.office.forecasts.simulated == 2


def fresh(hall: OfficeHall) -> Office:
    """Another office on the same store, which knows no forecast yet."""
    return Office(hall.store, hall.vault, hall.office.ledger.rules, hall.now.tzinfo, lambda: hall.now)  # type: ignore[arg-type]
