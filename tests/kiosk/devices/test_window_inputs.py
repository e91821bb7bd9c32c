"""Pads and buttons at windows, on a real office and store, with the real driver on a simulated line of pads."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import wires
from drivers.pad.line import OWN, PadLine
from drivers.port import open_port
from drivers.presses import GradeGiven, KeyPressed
from drivers.simulators.pad import PadLineSimulator, SimulatedPad
from drivers.supervisor import Supervisor
from kiosk.devices.panels import Panels
from kiosk.devices.window_inputs import WindowInputs
from kiosk.event_feed import EventFeed, WindowNews
from listening import Ear
from offices import CLERK, OfficeHall
from postgres import EMPTY, PostgresServer
from ticketing.cases.ratings import Ratings

WINDOWS = {5: "1", 6: "2"}
wait_until = partial(wires.wait_until, timeout=30)


class PadHall(OfficeHall):
    """A hall with pads at windows 1 (all services) and 2 (tax alone)."""

    def __init__(self, store: Path | str) -> None:
        super().__init__(store)
        self._open = ExitStack()
        self._open.callback(self.close)
        self.line = self._begun(PadLineSimulator(WINDOWS))
        self.told: list[Any] = []
        driver = PadLine(WINDOWS, self.tell)
        panels = {window: [driver.panel(address)] for address, window in WINDOWS.items()}
        feed = EventFeed(self.office, self.store.on_commit)
        self.news = WindowNews(feed)
        self._open.callback(self.news.close)
        self.ratings = Ratings(self.office.ledger)
        self.inputs = WindowInputs(self.office, self.ratings, self.news, panels, {"pads": "pad"})
        self.panels = Panels(self.office, panels)
        for part in (self.inputs, self.panels):
            self._begun(part)
        feed.follow(self.panels.hear)
        feed.follow(self.inputs.follow)
        feed.start()
        self._open.callback(feed.close)
        self._begun(Supervisor("pads", "pad", lambda: open_port(self.line.url), driver, wires.now))

    def tell(self, event: Any) -> None:
        self.told.append(event)
        self.inputs.hear("pads", event)

    def _begun(self, part: Any) -> Any:
        part.start()
        self._open.callback(part.stop)
        return part

    def pad(self, window: str = "1") -> SimulatedPad:
        return next(pad for pad in self.line.pads.values() if pad.window == window)

    def press(self, key: str, digits: str = "", window: str = "1") -> None:
        """Press a key; returns once it was heard."""
        address = next(address for address, at in WINDOWS.items() if at == window)
        told = len(self.told)
        # As no finger does, a key would come within the time in which it is taken for the echo of its last answer.
        self.inputs.stopping.wait(OWN)
        self.line.press(address, key, digits)
        wait_until(lambda: len(self.told) > told)

    def state(self, number: str) -> str:
        return str(self.office.ticket_of_number(number).state)

    def stands(self, number: str, state: str) -> None:
        wait_until(lambda: self.state(number) == state)

    def stop(self) -> None:
        self._open.close()


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[PadHall]:
    hall = PadHall(tmp_path)
    yield hall
    hall.stop()


def grades(hall: PadHall) -> list[int]:
    with hall.store.read() as conn:
        return [row[0] for row in conn.exec_driver_sql("select grade from rating order by case_id")]


def test_a_pad_calls_and_finishes_shows_the_number_and_asks_for_a_grade(hall: PadHall) -> None:
    for _ in range(2):
        hall.issue("tax")
    wait_until(lambda: hall.pad().waiting == "002")
    hall.press("call")
    hall.stands("B001", "called")
    wait_until(lambda: (hall.pad().ticket, hall.pad().waiting) == ("001", ""))
    wait_until(lambda: hall.pad("2").waiting == "001")
    assert hall.office.ticket_of_number("B001").clerk == "pad:pads"
    hall.press("recall")
    wait_until(lambda: hall.office.ticket_of_number("B001").recalls == 1)
    hall.press("finish")
    hall.stands("B001", "done")
    wait_until(lambda: hall.pad().asked and hall.pad().waiting == "001")
    hall.line.grade(5, 3)
    wait_until(lambda: grades(hall) == [2])
    # The second one is of nobody.
    assert not hall.inputs.stopping.wait(1.1)
    hall.line.grade(5, 0)
    wait_until(lambda: hall.pad().beeps == 2)
    assert grades(hall) == [2]


def test_a_key_that_does_nothing_beeps_and_is_told_to_the_windows_page(hall: PadHall) -> None:
    with Ear(hall.news.listen("1")) as ear:
        next(ear)
        hall.press("call")
        refusal = next(chunk for chunk in ear if b"event: press" in chunk).decode()
    assert '"code":"nobody_waits"' in refusal
    assert "现在没有人在等" in refusal
    wait_until(lambda: hall.pad().beeps == 2)
    hall.issue("tax")
    hall.press("recall")
    wait_until(lambda: hall.pad().beeps == 4)
    assert hall.pad("2").beeps == 0


def test_a_double_press_calls_once_and_a_call_with_somebody_there_is_refused(hall: PadHall) -> None:
    for _ in range(2):
        hall.issue("tax")
    wait_until(lambda: hall.pad().waiting == "002")
    hall.inputs.stopping.wait(OWN)
    hall.line.press(5, "call")
    hall.line.press(5, "call")
    hall.stands("B001", "called")
    hall.tell(KeyPressed("1", "call"))
    wait_until(lambda: hall.pad().beeps == 2)
    assert hall.state("B002") == "waiting"


def test_the_other_keys_miss_hold_call_back_pause_and_transfer(hall: PadHall) -> None:
    for _ in range(3):
        hall.issue("tax")
    hall.press("call")
    hall.press("no-show")
    hall.stands("B001", "missed")
    hall.press("call")
    hall.press("hold")
    hall.stands("B002", "held")
    hall.press("call-back")
    hall.stands("B002", "called")
    hall.press("transfer")
    hall.stands("B002", "waiting")
    hall.press("call-back")
    wait_until(lambda: hall.pad().beeps == 2)
    hall.press("pause")
    wait_until(lambda: hall.office.windows()[0].state == "paused")
    # A call opens it again.
    hall.press("call")
    hall.stands("B002", "called")
    hall.tell(KeyPressed("1", "transfer", 9))
    wait_until(lambda: hall.pad().beeps == 4)
    # Licences are the hall's first service, and window 2 does not serve them.
    hall.press("transfer", "1")
    hall.stands("B002", "waiting")
    assert hall.office.ticket_of_number("B002").service == "licence"
    hall.tell(KeyPressed("1", "pause"))
    wait_until(lambda: hall.office.windows()[0].state == "paused")
    hall.tell(KeyPressed("1", "pause"))
    wait_until(lambda: hall.office.windows()[0].state == "open")


def test_a_grade_given_while_served_goes_to_that_case_and_never_to_the_one_before(hall: PadHall) -> None:
    for _ in range(3):
        hall.issue("tax")
    hall.serve("1")
    hall.call("1")
    hall.office.start("1", CLERK)
    for grade in (4, 1):
        hall.tell(GradeGiven("1", grade))
    wait_until(lambda: hall.inputs._early == {"1": ("B002", 4)})
    assert grades(hall) == []
    hall.office.hold("1", CLERK)
    # It was held: that grade is of no case.
    hall.call("1")
    hall.office.start("1", CLERK)
    hall.tell(GradeGiven("1", 5))
    wait_until(lambda: hall.inputs._early == {"1": ("B003", 5)})
    hall.office.finish("1", CLERK)
    wait_until(lambda: grades(hall) == [5])


def test_a_store_that_does_not_answer_is_told_and_the_pad_works_again_with_it(tmp_path: Path) -> None:
    server = PostgresServer()
    hall = PadHall(server.url(server.create(EMPTY)))
    try:
        hall.issue("tax")
        wait_until(lambda: hall.pad().waiting == "001")
        server.stop()
        hall.press("call")
        wait_until(lambda: hall.pad().beeps == 2)
        server.start()
        hall.press("recall")
        hall.press("call")
        hall.stands("B001", "called")
        wait_until(lambda: hall.pad().ticket == "001")
    finally:
        hall.stop()
        server.close()
